"""Putting a case off until a day: it leaves what is to do and comes back by itself.

A list asks `snoozed_until` itself, so that a case is back at that time whatever the workers do;
the outbox row that waits for it only tidies up and says so in the timeline. What the customer
says meanwhile wakes it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from surveys.periods import day_bounds, local_day
from vocapp import outbox
from vocapp.database import scoped, utcnow
from vocapp.following_up.changing import CaseWriter, locked_cases, note_by_itself
from vocapp.following_up.models import ACTIVE_STATES, FollowUp
from vocapp.outbox import Pending
from vocapp.problems import BadInput
from vocapp.workspaces.reach import WHOLE_WORKSPACE

WAKE = "wake"
LONGEST = timedelta(days=366)


def day_of(choice: str, now: datetime, time_zone: str) -> date:
    """The day that a choice means: "tomorrow", "monday" (the next one), or a day in ISO form.

    Raises BadInput.
    """
    today = local_day(now, time_zone)
    if choice == "tomorrow":
        return today + timedelta(days=1)
    if choice == "monday":
        return today + timedelta(days=7 - today.weekday())
    try:
        return date.fromisoformat(choice)
    except ValueError as exc:
        raise BadInput.of("snoozed_until", "expected a day") from exc


def choices(now: datetime, time_zone: str) -> list[tuple[str, date]]:
    """What is offered with one click; only once where tomorrow is the next Monday."""
    days = {name: day_of(name, now, time_zone) for name in ("tomorrow", "monday")}
    if days["tomorrow"] == days["monday"]:
        del days["monday"]
    return list(days.items())


def begin_of(day: date, time_zone: str) -> datetime:
    """When a case that is put off until a day is back: as the workspace's day begins.

    Raises BadInput for a day beyond what a calendar holds.
    """
    try:
        return day_bounds(day, time_zone)[0]
    except (OverflowError, ValueError) as exc:
        raise BadInput.of("snoozed_until", "expected a day within a year") from exc


def check(until: datetime, now: datetime) -> None:
    """Raises BadInput where a case cannot be put off until then."""
    if not now < until <= now + LONGEST:
        raise BadInput.of("snoozed_until", "expected a time from now on and within a year")


def snooze(writer: CaseWriter, case: FollowUp, until: datetime | None) -> None:
    """Put one case off, or (None) have it back now; one that has ended is left alone."""
    if case.state not in ACTIVE_STATES:
        return
    writer.put(case, "snoozed", {"snoozed_until": until})
    if until is not None:
        outbox.add(writer.session, case.workspace_id, WAKE, case.id, now=writer.now, due_at=until)


# --- coming back ----------------------------------------------------------------------------


def wake_due(session: Session, rows: Sequence[Pending]) -> None:
    """Outbox effect: the time has come. A case that was put off again meanwhile sleeps on."""
    now = utcnow()
    by_workspace: dict[UUID, list[UUID]] = defaultdict(list)
    for row in rows:
        by_workspace[row.workspace_id].append(row.subject_id)
    for workspace_id, ids in sorted(by_workspace.items()):
        for case in locked_cases(session, workspace_id, ids, WHOLE_WORKSPACE):
            if case.snoozed_until is not None and case.snoozed_until <= now:
                wake(session, case, why="time", now=now)


def wake_people(
    session: Session, workspace_id: UUID, contact_ids: Collection[UUID], *, now: datetime
) -> None:
    """The snoozed cases of people who have said something new."""
    for case in session.scalars(
        scoped(FollowUp, workspace_id)
        .where(FollowUp.contact_id.in_(contact_ids), FollowUp.snoozed_until.is_not(None))
        .order_by(FollowUp.id)
        .with_for_update()
    ):
        wake(session, case, why="answer", now=now)


def wake(session: Session, case: FollowUp, *, why: str, now: datetime) -> None:
    """End a snooze without a person."""
    if case.snoozed_until is None:
        return
    case.snoozed_until = None
    case.version += 1
    note_by_itself(session, case, "woken", {"why": why}, now=now)
