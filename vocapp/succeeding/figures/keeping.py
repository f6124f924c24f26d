"""Sums of months, stored where they are ready and computed at once where they are not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from surveys.adoption import Usage
from surveys.periods import local_day, months_back, period_end, period_start
from surveys.renewal_rates import Decided
from surveys.retention import Totals
from surveys.subscriptions import month_span
from vocapp import outbox
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.outbox import Pending
from vocapp.people.events.queries import active_people
from vocapp.people.figure_changes import FIGURES, FIGURES_NIGHTLY
from vocapp.succeeding.figures.business import read_business
from vocapp.succeeding.figures.models import OVERALL, FigureMonth
from vocapp.succeeding.figures.summing import (
    TRIANGLE,
    Groups,
    Sums,
    renewals_of_month,
    sum_month,
    usage_at,
)
from vocapp.succeeding.figures.voice import VOICE, Voice
from vocapp.workspaces.models import Workspace
from vocapp.workspaces.nights import keep_nightly

KEPT_MONTHS = 60
KEPT_ATTRIBUTES = (OVERALL, "plan", "region", *VOICE, TRIANGLE)

Ask = tuple[date, str]  # first day of a month, attribute or OVERALL


def sums_of(
    workspace_id: UUID,
    asked: Collection[Ask],
    *,
    renewals_of: Collection[Ask] = (),
    time_zone: str,
    now: datetime,
) -> dict[Ask, Groups]:
    """Of these months: stored where no change waits that could have moved them, else computed.

    renewals_of: of these months nothing else is looked at, and where they are computed there is
    nothing else. What is stored and what waits are read in one snapshot. Months must have begun.
    """
    every = {*asked, *renewals_of}
    with snapshot() as session:
        known = _stored(session, workspace_id, every, time_zone=time_zone, now=now)
        missing = [each for each in every if each not in known]
        if not missing:
            return known
        business = read_business(session, workspace_id, time_zone=time_zone, now=now)
        voice = Voice(session, workspace_id)
        wanted = {*asked}
        for month, names in _by_month(missing).items():
            whole = [name for name in names if (month, name) in wanted]
            rest = [name for name in names if (month, name) not in wanted]
            found = renewals_of_month(business, voice, month, rest)
            if whole:
                found |= sum_month(
                    session,
                    workspace_id,
                    business,
                    month,
                    whole,
                    voice=voice,
                    time_zone=time_zone,
                    now=now,
                )
            known |= {(month, name): groups for name, groups in found.items()}
    oldest = months_back(local_day(now, time_zone), KEPT_MONTHS)[0]
    if any(month >= oldest and attribute in KEPT_ATTRIBUTES for month, attribute in missing):
        _see_to_keeping(workspace_id, now=now)
    return known


def _by_month(asked: Collection[Ask]) -> dict[date, list[str]]:
    found: dict[date, list[str]] = {}
    for month, attribute in asked:
        found.setdefault(month, []).append(attribute)
    return found


def _stored(
    session: Session, workspace_id: UUID, asked: Collection[Ask], *, time_zone: str, now: datetime
) -> dict[Ask, Groups]:
    """What is stored and not out of date. Who is active in the month that runs is counted now."""
    holds_until = _earliest_change(session, workspace_id)
    found = {
        (row.month, row.attribute): _read(row.groups)
        for row in _rows_of(session, workspace_id, asked, time_zone=time_zone, now=now)
        if holds_until is None or period_end(row.month, "month") < holds_until
    }
    running = (period_start(local_day(now, time_zone), "month"), OVERALL)
    if running in found:
        start, end = month_span(running[0], time_zone, now=now)
        active = active_people(workspace_id, since=start, until=end, session=session)
        usage = usage_at(session, workspace_id, running[0], now=now)
        found[running] = {
            value: replace(sums, active=active, usage=usage)
            for value, sums in found[running].items()
        }
    return found


def _rows_of(
    session: Session, workspace_id: UUID, asked: Collection[Ask], *, time_zone: str, now: datetime
) -> Iterator[FigureMonth]:
    rows = session.scalars(
        scoped(FigureMonth, workspace_id).where(
            FigureMonth.month.in_({month for month, _ in asked}),
            FigureMonth.attribute.in_({attribute for _, attribute in asked}),
            FigureMonth.time_zone == time_zone,
        )
    )
    for row in rows:
        if (row.month, row.attribute) in asked and _is_whole(row, time_zone, now=now):
            yield row


def _is_whole(row: Any, time_zone: str, *, now: datetime) -> bool:
    """Whether a row has all that its month will ever have, or that it has until now; of a part of
    the accounts nobody counts anew who is active. One of an earlier version knows no usage."""
    if any("usage" not in each for each in row.groups):
        return False
    ends = period_end(row.month, "month")
    if ends > local_day(now, time_zone):
        return bool(row.attribute == OVERALL)
    return ends <= local_day(row.computed_at, time_zone)


def _earliest_change(session: Session, workspace_id: UUID) -> date | None:
    """From which day on something waits to be worked in; set aside work included."""
    waiting = session.scalars(
        select(Pending.detail).where(Pending.workspace_id == workspace_id, Pending.kind == FIGURES)
    )
    return min((date.fromisoformat(detail["since"]) for detail in waiting), default=None)


def _see_to_keeping(workspace_id: UUID, *, now: datetime) -> None:
    """Have months summed that are not stored; those that are hold."""
    with transaction() as session:
        due = outbox.waiting(select(Pending.id), workspace_id, FIGURES, workspace_id).where(
            Pending.due_at <= now
        )
        if session.scalar(due.limit(1)) is None:
            outbox.add(
                session, workspace_id, FIGURES, workspace_id, now=now,
                detail={"since": str(date.max)}, priority=outbox.BACKLOG,
            )  # fmt: skip
    outbox.ring(FIGURES)


# --- storing ------------------------------------------------------------------------------


def keep_figures(rows: Sequence[Pending]) -> list[outbox.Outcome]:
    """Outbox work: sum the months anew that these changes could have moved."""
    outcomes: dict[UUID, outbox.Outcome] = {}
    for row in rows:
        outcomes[row.id] = _nothing_more
    for workspace_id in sorted({row.workspace_id for row in rows}):
        own = [row for row in rows if row.workspace_id == workspace_id]
        since = min(date.fromisoformat(row.detail["since"]) for row in own)
        outcomes[own[0].id] = _outcome(workspace_id, since, now=utcnow())
    return [outcomes[row.id] for row in rows]


def _nothing_more(_session: Session) -> None:
    """Another row of the batch has it done."""


def _outcome(workspace_id: UUID, since: date, *, now: datetime) -> outbox.Outcome:
    with snapshot() as session:
        time_zone = session.get_one(Workspace, workspace_id).time_zone
        this_month = period_start(local_day(now, time_zone), "month")
        months = months_back(this_month, KEPT_MONTHS)
        every = {(month, attribute) for month in months for attribute in KEPT_ATTRIBUTES}
        kept = {
            (row.month, row.attribute)
            for row in _rows_of(session, workspace_id, every, time_zone=time_zone, now=now)
        }
        wanted = {
            month: attributes
            for month in months
            if (attributes := (OVERALL,) if month == this_month else KEPT_ATTRIBUTES)
            and (
                period_end(month, "month") >= since
                or any((month, attribute) not in kept for attribute in attributes)
            )
        }
        if not wanted and since == date.max:
            return partial(_plan, workspace_id=workspace_id, now=now)
        business = read_business(session, workspace_id, time_zone=time_zone, now=now)
        voice = Voice(session, workspace_id)
        found = {
            month: sum_month(
                session,
                workspace_id,
                business,
                month,
                attributes,
                voice=voice,
                time_zone=time_zone,
                now=now,
            )
            for month, attributes in wanted.items()
        }
    return partial(
        _keep,
        workspace_id=workspace_id,
        found=found,
        again=business.next_change,
        time_zone=time_zone,
        now=now,
    )


def _plan(session: Session, *, workspace_id: UUID, now: datetime) -> None:
    """Each night a month may be over, which is summed before anybody asks for it."""
    keep_nightly(session, workspace_id, FIGURES_NIGHTLY, now=now, priority=outbox.BACKLOG)


def keep_ended(session: Session, rows: Sequence[Pending]) -> None:
    """Outbox effect of a night: what is not stored is summed; what is holds."""
    now = utcnow()
    for row in rows:
        outbox.add(
            session, row.workspace_id, FIGURES, row.workspace_id, now=now,
            detail={"since": str(date.max)}, priority=outbox.BACKLOG,
        )  # fmt: skip
        keep_nightly(
            session, row.workspace_id, FIGURES_NIGHTLY, now=now, done=1, priority=outbox.BACKLOG
        )


def _keep(
    session: Session,
    *,
    workspace_id: UUID,
    found: Mapping[date, Mapping[str, Groups]],
    again: datetime | None,
    time_zone: str,
    now: datetime,
) -> None:
    """again: when something that is known already comes to hold."""
    _plan(session, workspace_id=workspace_id, now=now)
    if again is not None:
        _again(session, workspace_id, again, time_zone=time_zone, now=now)
    if not found:
        return
    session.execute(
        delete(FigureMonth).where(
            FigureMonth.workspace_id == workspace_id, FigureMonth.month.in_(found)
        )
    )
    session.execute(
        insert(FigureMonth),
        [
            {
                "workspace_id": workspace_id, "month": month, "attribute": attribute,
                "time_zone": time_zone, "groups": _to_stored(groups), "computed_at": now,
            }
            for month, by_attribute in found.items()
            for attribute, groups in by_attribute.items()
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


def _to_stored(groups: Groups) -> list[dict[str, Any]]:
    """In lists, as databases do not keep the order of names; a null currency is no name."""
    return [
        {
            "value": value, "started": sums.started, "set_up": sums.set_up,
            "active": sums.active, "totals": [astuple(each) for each in sums.totals.values()],
            "year": [astuple(each) for each in sums.year.values()],
            "usage": astuple(sums.usage),
            "waits": [[day, *counts] for day, counts in sums.waits.items()],
            "renewals": [[lot, *decided] for lot, decided in sums.renewals.items()],
            "converted": _whole_to_stored(sums.converted),
            "converted_year": _whole_to_stored(sums.converted_year),
        }
        for value, sums in groups.items()
    ]  # fmt: skip


def _read(stored: Sequence[Mapping[str, Any]]) -> Groups:
    return {
        each["value"]: Sums(
            totals={row[0]: Totals(*row) for row in each["totals"]},
            started=each["started"], set_up=each["set_up"],
            active=each["active"],
            year={row[0]: Totals(*row) for row in each["year"]},
            usage=Usage(*each["usage"]),
            waits={day: (there, waiting) for day, there, waiting in each["waits"]},
            renewals={lot: Decided(*decided) for lot, *decided in each["renewals"]},
            converted=_read_whole(each.get("converted")),
            converted_year=_read_whole(each.get("converted_year")),
        )
        for each in stored
    }  # fmt: skip


def _whole_to_stored(sums: Totals | None) -> list[Any] | None:
    return None if sums is None else list(astuple(sums))


def _read_whole(stored: Sequence[Any] | None) -> Totals | None:
    return None if stored is None else Totals(*stored)
