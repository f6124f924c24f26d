"""Sums of months as they are kept: read where they are ready, and computed or waited for where not.

Of a business of up to `AT_ONCE` accounts a request computes what is missing. Of a larger one a
worker does, and until it has, what was kept before is told with the instant as of which it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.adoption import Usage
from surveys.kept_histories import KeptBusiness, unpack, unpack_counts, unpack_people
from surveys.periods import local_day, months_back, period_end, period_start
from surveys.renewal_rates import Decided
from surveys.retention import Totals
from surveys.subscriptions import month_span
from vocapp import outbox
from vocapp.database import scoped, snapshot, transaction
from vocapp.outbox import Pending
from vocapp.people.events.queries import active_people, usage_so_far
from vocapp.people.figure_changes import FIGURES
from vocapp.people.models import Account
from vocapp.people.money.queries import money_of
from vocapp.problems import Unavailable
from vocapp.succeeding.figures.business import read_business
from vocapp.succeeding.figures.from_kept import FromKept
from vocapp.succeeding.figures.models import OVERALL, FigureHistories, FigureMonth, FigurePeople
from vocapp.succeeding.figures.summing import (
    TRIANGLE,
    Groups,
    Sums,
    days_so_far,
    read_month,
    renewals_of_month,
)
from vocapp.succeeding.figures.voice import VOICE, Voice
from vocapp.translating import lazy_gettext as _l

KEPT_MONTHS = 60
KEPT_ATTRIBUTES = (OVERALL, "plan", "region", *VOICE, TRIANGLE)
# A request of 300 ms computes a month of so many accounts from all that was told of them.
AT_ONCE = 1_000
_FRESH = timedelta(minutes=30)
# Of so many months a page works out what is not stored from what was kept; a machine of all.
_MOST_AT_ONCE = 2

Ask = tuple[date, str]  # first day of a month, attribute or OVERALL


class BeingSummed(Unavailable):
    """A worker sums what is asked for, which was not kept before."""

    title = "Being summed"
    for_people = (
        _l("Being summed"),
        _l("These figures are being summed from all that is known of your customers."),
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """as_of: a change since then is being worked in; None: it is all there."""

    found: Mapping[Ask, Groups]
    as_of: datetime | None = None


def sums_of(
    workspace_id: UUID,
    asked: Collection[Ask],
    *,
    renewals_of: Collection[Ask] = (),
    has_time: bool = False,
    time_zone: str,
    now: datetime,
) -> Kept:
    """Of these months: stored where no change waits that could have moved them, else computed, or
    in a large business as they were before. Raises BeingSummed where they were not there before.

    renewals_of: of these months nothing else is looked at, and where they are computed there is
    nothing else. has_time: who asks, a machine, waits for what was not there before; nothing is
    raised. In a large business it comes from what was kept of all accounts, and where nothing was,
    as right after its first import, it takes seconds. What is stored and what waits are read in
    one snapshot. Months must have begun.
    """
    every = {*asked, *renewals_of}
    with snapshot() as session:
        waits = is_large(session, workspace_id)
        known, former = _stored(
            session, workspace_id, every, counts_now=not waits, time_zone=time_zone, now=now
        )
        missing = [each for each in every if each not in known]
        if not missing:
            return Kept(known)
        unknown = [each for each in missing if each not in former]
        quick: Kept | None = None
        if waits and unknown:
            most = None if has_time else _MOST_AT_ONCE
            quick = _from_kept(
                session, workspace_id, unknown, {*asked}, most=most, time_zone=time_zone, now=now
            )
            known |= quick.found if quick else {}
        if at_once := missing if not waits else unknown if has_time and not quick else []:
            known |= _computed(
                session, workspace_id, at_once, {*asked}, time_zone=time_zone, now=now
            )
    oldest = months_back(local_day(now, time_zone), KEPT_MONTHS)[0]
    others = [ask for ask in missing if ask[0] < oldest or ask[1] not in KEPT_ATTRIBUTES]
    if waits or len(others) < len(missing):
        see_to_keeping(workspace_id, others if waits else [], now=now)
    told_before = [ask for ask in missing if ask not in known]
    if any(ask not in former for ask in told_before):
        raise BeingSummed
    found = {ask: former[ask][0] for ask in told_before}
    instants = [former[ask][1] for ask in told_before]
    if quick and quick.as_of:
        instants.append(quick.as_of)
    return Kept(known | found, as_of=min(instants, default=None))


def _from_kept(
    session: Session,
    workspace_id: UUID,
    missing: Collection[Ask],
    wanted: Collection[Ask],
    *,
    most: int | None,
    time_zone: str,
    now: datetime,
) -> Kept | None:
    """From the histories of all accounts, as they were kept, and who was active: of those that are
    wanted all sums, of the others the renewals. None where not all of it was kept, or for more
    than `most` months of which all sums are wanted."""
    months = {month for month, name in missing if (month, name) in wanted}
    if (most is not None and len(months) > most) or any(name == TRIANGLE for _, name in missing):
        return None
    people = _people_of(session, workspace_id, months, time_zone=time_zone)
    row = session.get(FigureHistories, workspace_id)
    kept = unpack(row.packed) if row and row.time_zone == time_zone else None
    if row is None or kept is None or months - people.keys():
        return None
    reader = FromKept(
        session, workspace_id, kept, money_of(session, workspace_id).rates, time_zone, now
    )
    holds_until = _earliest_change(session, workspace_id)
    known: dict[Ask, Groups] = {}
    instants: list[datetime] = []
    for month, names in sorted(by_month(missing).items()):  # scores of the first hold for all
        whole = [name for name in names if (month, name) in wanted]
        rest = [name for name in names if (month, name) not in wanted]
        found = reader.renewals(month, rest)
        if whole:
            active = people[month]
            found |= reader.sums(
                month, whole, unpack_people(active.days), counted_at=active.computed_at
            )
            if not is_whole(active, time_zone, counts_now=False, now=now):
                instants.append(active.computed_at)
        if holds_until is not None and period_end(month, "month") >= holds_until:
            instants.append(row.computed_at)
        known |= {(month, name): groups for name, groups in found.items()}
    return Kept(known, as_of=min(instants, default=None))


def _people_of(
    session: Session, workspace_id: UUID, months: Collection[date], *, time_zone: str
) -> dict[date, Any]:
    """By month who was active in it on which days, of those of which it was kept."""
    rows = session.execute(
        select(FigurePeople.month, FigurePeople.days, FigurePeople.computed_at).where(
            FigurePeople.workspace_id == workspace_id,
            FigurePeople.month.in_(months),
            FigurePeople.time_zone == time_zone,
            FigurePeople.days.is_not(None),
        )
    )
    return {row.month: row for row in rows}


def is_large(session: Session, workspace_id: UUID) -> bool:
    """Whether there are more accounts than a request reads all that was told of."""
    some = select(Account.id).where(Account.workspace_id == workspace_id).limit(AT_ONCE + 1)
    count = session.scalar(select(func.count()).select_from(some.subquery()))
    return (count or 0) > AT_ONCE


def _computed(
    session: Session,
    workspace_id: UUID,
    missing: Collection[Ask],
    wanted: Collection[Ask],
    *,
    time_zone: str,
    now: datetime,
) -> dict[Ask, Groups]:
    """Of those that are wanted all sums, of the others the renewals."""
    business = read_business(session, workspace_id, time_zone=time_zone, now=now)
    voice = Voice(session, workspace_id)
    known: dict[Ask, Groups] = {}
    for month, names in by_month(missing).items():
        whole = [name for name in names if (month, name) in wanted]
        rest = [name for name in names if (month, name) not in wanted]
        found = renewals_of_month(business, voice, month, rest)
        if whole:
            read = read_month(
                session, workspace_id, business, month, voice=voice, time_zone=time_zone, now=now
            )
            found |= read.sums(whole)
        known |= {(month, name): groups for name, groups in found.items()}
    return known


def by_month(asked: Collection[Ask]) -> dict[date, list[str]]:
    """Month → what is asked of it."""
    found: dict[date, list[str]] = {}
    for month, attribute in asked:
        found.setdefault(month, []).append(attribute)
    return found


def _stored(
    session: Session,
    workspace_id: UUID,
    asked: Collection[Ask],
    *,
    counts_now: bool,
    time_zone: str,
    now: datetime,
) -> tuple[dict[Ask, Groups], dict[Ask, tuple[Groups, datetime]]]:
    """What is stored and holds; and what is out of date, with the instant as of which it is.

    counts_now: who is active in the month that runs is counted now; else as of when it was stored,
    which holds for a while.
    """
    holds_until = _earliest_change(session, workspace_id)
    found: dict[Ask, Groups] = {}
    former: dict[Ask, tuple[Groups, datetime]] = {}
    for row in rows_of(session, workspace_id, asked, time_zone=time_zone):
        ask = (row.month, row.attribute)
        is_current = holds_until is None or period_end(row.month, "month") < holds_until
        if is_current and is_whole(row, time_zone, counts_now=counts_now, now=now):
            found[ask] = _read(row.groups)
        else:
            former[ask] = _read(row.groups), row.computed_at
    running = (period_start(local_day(now, time_zone), "month"), OVERALL)
    if running in found and counts_now:
        start, end = month_span(running[0], time_zone, now=now)
        active = active_people(workspace_id, since=start, until=end, session=session)
        days = days_so_far(running[0], now=now)
        usage = usage_so_far(session, workspace_id, running[0], days=days)
        found[running] = {
            value: replace(sums, active=active, usage=usage)
            for value, sums in found[running].items()
        }
    return found, former


def rows_of(
    session: Session, workspace_id: UUID, asked: Collection[Ask], *, time_zone: str
) -> Iterator[FigureMonth]:
    """What is stored of these, out of date or not; one of an earlier version knows no usage."""
    rows = session.scalars(
        scoped(FigureMonth, workspace_id).where(
            FigureMonth.month.in_({month for month, _ in asked}),
            FigureMonth.attribute.in_({attribute for _, attribute in asked}),
            FigureMonth.time_zone == time_zone,
        )
    )
    for row in rows:
        if (row.month, row.attribute) in asked and all("usage" in each for each in row.groups):
            yield row


def is_whole(row: Any, time_zone: str, *, counts_now: bool, now: datetime) -> bool:
    """Whether a row has all that its month will ever have, or that it has until now; where nobody
    counts anew who is active, that is let be for a while."""
    ends = period_end(row.month, "month")
    if ends > local_day(now, time_zone):
        is_counted = counts_now and row.attribute == OVERALL
        return bool(is_counted or now - row.computed_at < _FRESH)
    return ends <= local_day(row.computed_at, time_zone)


def _earliest_change(session: Session, workspace_id: UUID) -> date | None:
    """From which day on something waits to be worked in; set aside work included."""
    waiting = session.scalars(
        select(Pending.detail).where(Pending.workspace_id == workspace_id, Pending.kind == FIGURES)
    )
    return min((date.fromisoformat(detail["since"]) for detail in waiting), default=None)


def see_to_keeping(workspace_id: UUID, others: Collection[Ask] = (), *, now: datetime) -> None:
    """Have months summed that are not stored; those that are hold. others: not kept by itself."""
    asked = sorted([month.isoformat(), attribute] for month, attribute in others)
    with transaction() as session:
        due = outbox.waiting(select(Pending.detail), workspace_id, FIGURES, workspace_id).where(
            Pending.due_at <= now
        )
        waiting = session.scalars(due).all()
        if not any(all(each in row.get("others", []) for each in asked) for row in waiting):
            detail = {"since": str(date.max)} | ({"others": asked} if asked else {})
            outbox.add(
                session, workspace_id, FIGURES, workspace_id, now=now, detail=detail,
                priority=outbox.BACKLOG,
            )  # fmt: skip
    outbox.ring(FIGURES)


def kept_business(
    session: Session, workspace_id: UUID, month: date, *, time_zone: str
) -> tuple[KeptBusiness | None, datetime | None]:
    """All histories as they were kept, for lists of a month that has begun; and as of when they
    are if a change waits that could have moved them. None: nothing is kept."""
    row = session.get(FigureHistories, workspace_id)
    if row is None or row.time_zone != time_zone:
        return None, None
    holds_until = _earliest_change(session, workspace_id)
    is_current = holds_until is None or period_end(month, "month") < holds_until
    return unpack(row.packed), None if is_current else row.computed_at


def kept_people(
    session: Session, workspace_id: UUID, month: date, *, time_zone: str
) -> Mapping[UUID, tuple[int, int]] | None:
    """How many people of each account were active in a month, and in its last seven days, of a
    large business; None: not kept."""
    row = session.get(FigurePeople, (workspace_id, month))
    return unpack_counts(row.packed) if row and row.time_zone == time_zone else None


# --- as it is stored ----------------------------------------------------------------------


def to_stored(groups: Groups) -> list[dict[str, Any]]:
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
