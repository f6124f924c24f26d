"""The clock of a case stands while it waits for the customer, and goes on afterwards.

What is left of its time is counted in working hours of whoever owns it. While the clock stands
`due_at` is moved on by PAUSE, as a whole: the case is overdue nowhere, stands last where cases are
listed by what is due, and stays in the order of the index. `real_due` takes it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from vocapp.following_up.models import ACTIVE_STATES, FollowUp
from vocapp.workspaces.office.clocks import Office

PAUSE = timedelta(days=3_653)  # longer than any rule gives
STANDS = "waiting"  # the state in which it does
RUNS = tuple(state for state in ACTIVE_STATES if state != STANDS)


def real_due(due_at: datetime, paused_at: datetime | None) -> datetime:
    """When a case is, or was when its clock was stopped, due."""
    return due_at if paused_at is None else due_at - PAUSE


def with_clock(
    session: Session, case: FollowUp, values: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Values that a case is about to get, with what they do to its clock.

    A due time among them is a real one. Whoever sets `paused_at` (an undo) has said it all.
    """
    if "paused_at" in values:
        return dict(values)
    stands = values.get("state", case.state) == STANDS
    due_at = values.get("due_at", real_due(case.due_at, case.paused_at))
    if stands and case.paused_at is None:
        if "state" not in values:
            return dict(values)  # it has waited since before clocks stood still
        return dict(values) | {"paused_at": now, "due_at": due_at + PAUSE}
    if stands:
        return dict(values) | ({"due_at": due_at + PAUSE} if "due_at" in values else {})
    if case.paused_at is None:
        return dict(values)
    if "due_at" not in values:
        # As of then, so that absences of the meantime are among those that it reads.
        office = Office.of(session, case.workspace_id, now=case.paused_at)
        due_at = office.moved(due_at, case.paused_at, now, case.owner_user_id)
    return dict(values) | {"paused_at": None, "due_at": due_at}
