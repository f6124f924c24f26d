"""Pending work: sums of months, and the histories behind them, kept for whoever asks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from surveys.kept_histories import pack, pack_counts, pack_people, unpack
from surveys.periods import local_day, months_back, period_end, period_start
from surveys.subscriptions import History
from vocapp import outbox
from vocapp.database import snapshot, utcnow
from vocapp.outbox import Pending
from vocapp.people.figure_changes import FIGURES, FIGURES_NIGHTLY
from vocapp.succeeding.figures.business import Business, read_business
from vocapp.succeeding.figures.kept import (
    KEPT_ATTRIBUTES,
    KEPT_MONTHS,
    Ask,
    by_month,
    is_large,
    is_whole,
    rows_of,
    to_stored,
)
from vocapp.succeeding.figures.models import OVERALL, FigureHistories, FigureMonth, FigurePeople
from vocapp.succeeding.figures.summing import Groups, read_month
from vocapp.succeeding.figures.voice import Voice
from vocapp.workspaces.models import Workspace
from vocapp.workspaces.nights import keep_nightly


def keep_figures(rows: Sequence[Pending]) -> list[outbox.Outcome]:
    """Outbox work: sum the months anew that these changes could have moved."""
    outcomes: dict[UUID, outbox.Outcome] = {}
    for row in rows:
        outcomes[row.id] = _nothing_more
    for workspace_id in sorted({row.workspace_id for row in rows}):
        own = [row for row in rows if row.workspace_id == workspace_id]
        since = min(date.fromisoformat(row.detail["since"]) for row in own)
        others = {
            (date.fromisoformat(month), attribute)
            for row in own
            for month, attribute in row.detail.get("others", [])
        }
        outcomes[own[0].id] = _outcome(workspace_id, since, others, now=utcnow())
    return [outcomes[row.id] for row in rows]


def _nothing_more(_session: Session) -> None:
    """Another row of the batch has it done."""


def _outcome(
    workspace_id: UUID, since: date, others: Collection[Ask], *, now: datetime
) -> outbox.Outcome:
    """others: what is not kept by itself and somebody asks for; it is kept until the night."""
    with snapshot() as session:
        time_zone = session.get_one(Workspace, workspace_id).time_zone
        wanted = _wanted(session, workspace_id, since, others, time_zone=time_zone, now=now)
        is_lasting = is_large(session, workspace_id)
        is_there = not is_lasting or _has_histories(session, workspace_id, time_zone)
        if not wanted and since == date.max and is_there:
            return partial(_plan, workspace_id=workspace_id, now=now)
        business = read_business(session, workspace_id, time_zone=time_zone, now=now)
        voice = Voice(session, workspace_id)
        found: dict[Ask, Groups] = {}
        people: dict[date, tuple[bytes, bytes]] = {}
        for month, attributes in by_month(wanted).items():
            read = read_month(
                session, workspace_id, business, month, voice=voice, time_zone=time_zone, now=now
            )
            found |= {(month, name): sums for name, sums in read.sums(attributes).items()}
            if is_lasting:
                people[month] = pack_counts(read.people()), pack_people(read.active, read.days)
        work = _Done(
            found, people, business.next_change, _packed(business) if is_lasting else None,
            time_zone, now,
        )  # fmt: skip
    return partial(_keep, workspace_id=workspace_id, work=work)


def _wanted(
    session: Session,
    workspace_id: UUID,
    since: date,
    others: Collection[Ask],
    *,
    time_zone: str,
    now: datetime,
) -> list[Ask]:
    """What is kept by itself, or was asked for, and is not stored or no longer holds.

    A month that had begun in the time zone the workspace had before may not have begun in today's.
    """
    counts_now = not is_large(session, workspace_id)
    this_month = period_start(local_day(now, time_zone), "month")
    every = {
        (month, attribute)
        for month in months_back(this_month, KEPT_MONTHS)
        for attribute in ((OVERALL,) if month == this_month else KEPT_ATTRIBUTES)
    }
    stored = session.execute(
        select(FigureMonth.month, FigureMonth.attribute, FigureMonth.computed_at).where(
            FigureMonth.workspace_id == workspace_id
        )
    )
    every |= {(row.month, row.attribute) for row in stored} | {*others}
    every = {ask for ask in every if ask[0] <= this_month}
    holds = {
        (row.month, row.attribute)
        for row in rows_of(session, workspace_id, every, time_zone=time_zone)
        if is_whole(row, time_zone, counts_now=counts_now, now=now)
        and period_end(row.month, "month") < since
    }
    if not counts_now:
        with_people = _with_people(session, workspace_id, time_zone)
        holds = {ask for ask in holds if ask[0] in with_people}
    return sorted(every - holds)


def _with_people(session: Session, workspace_id: UUID, time_zone: str) -> set[date]:
    """Months of which it is kept who was active on which days."""
    return set(
        session.scalars(
            select(FigurePeople.month).where(
                FigurePeople.workspace_id == workspace_id,
                FigurePeople.time_zone == time_zone,
                FigurePeople.days.is_not(None),
            )
        )
    )


def _has_histories(session: Session, workspace_id: UUID, time_zone: str) -> bool:
    row = session.get(FigureHistories, workspace_id)
    return row is not None and row.time_zone == time_zone and unpack(row.packed) is not None


def _packed(business: Business[History]) -> bytes:
    return pack(
        business.histories, business.started_at, business.reached, business.renewals,
        business.in_time,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Done:
    """again: when something that is known already comes to hold. people, histories: packed, of a
    large business."""

    found: Mapping[Ask, Groups]
    people: Mapping[date, tuple[bytes, bytes]]
    again: datetime | None
    histories: bytes | None
    time_zone: str
    now: datetime


def _plan(session: Session, *, workspace_id: UUID, now: datetime) -> None:
    """Each night a month may be over, which is summed before anybody asks for it."""
    keep_nightly(session, workspace_id, FIGURES_NIGHTLY, now=now, priority=outbox.BACKLOG)


def keep_ended(session: Session, rows: Sequence[Pending]) -> None:
    """Outbox effect of a night: what is not stored is summed; what is holds, but for what somebody
    asked for on the day before."""
    now = utcnow()
    for row in rows:
        session.execute(
            delete(FigureMonth).where(
                FigureMonth.workspace_id == row.workspace_id,
                FigureMonth.attribute.not_in(KEPT_ATTRIBUTES),
            )
        )
        outbox.add(
            session, row.workspace_id, FIGURES, row.workspace_id, now=now,
            detail={"since": str(date.max)}, priority=outbox.BACKLOG,
        )  # fmt: skip
        keep_nightly(
            session, row.workspace_id, FIGURES_NIGHTLY, now=now, done=1, priority=outbox.BACKLOG
        )


def _keep(session: Session, *, workspace_id: UUID, work: _Done) -> None:
    now, time_zone = work.now, work.time_zone
    _plan(session, workspace_id=workspace_id, now=now)
    if work.again is not None:
        _again(session, workspace_id, work.again, time_zone=time_zone, now=now)
    session.execute(delete(FigureHistories).where(FigureHistories.workspace_id == workspace_id))
    session.execute(
        delete(FigurePeople).where(
            FigurePeople.workspace_id == workspace_id, FigurePeople.month.in_(work.people)
        )
    )
    for month, (packed, days) in work.people.items():
        session.add(
            FigurePeople(
                workspace_id=workspace_id, month=month, time_zone=time_zone, packed=packed,
                days=days, computed_at=now,
            )
        )  # fmt: skip
    if work.histories is not None:
        session.add(
            FigureHistories(
                workspace_id=workspace_id, time_zone=time_zone, packed=work.histories,
                computed_at=now,
            )
        )  # fmt: skip
    if not work.found:
        return
    for month, attributes in by_month(work.found).items():
        session.execute(
            delete(FigureMonth).where(
                FigureMonth.workspace_id == workspace_id, FigureMonth.month == month,
                FigureMonth.attribute.in_(attributes),
            )
        )  # fmt: skip
    session.execute(
        insert(FigureMonth),
        [
            {
                "workspace_id": workspace_id, "month": month, "attribute": attribute,
                "time_zone": time_zone, "groups": to_stored(groups), "computed_at": now,
            }
            for (month, attribute), groups in work.found.items()
        ],
    )  # fmt: skip


def _again(
    session: Session, workspace_id: UUID, at: datetime, *, time_zone: str, now: datetime
) -> None:
    """Once, however often it is seen. Until then the month in which it lies is not stored."""
    session.execute(
        outbox.waiting(delete(Pending), workspace_id, FIGURES, workspace_id).where(
            Pending.due_at > now, Pending.lease_token.is_(None)
        )
    )
    outbox.add(
        session, workspace_id, FIGURES, workspace_id, now=now, due_at=at,
        detail={"since": str(local_day(at, time_zone))}, priority=outbox.BACKLOG,
    )  # fmt: skip
