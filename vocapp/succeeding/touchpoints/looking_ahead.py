"""What another touch model would make of the contacts of the coming days, before it counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from surveys.periods import local_day
from surveys.touchpoints import Due, TouchModel
from vocapp.succeeding.touchpoints.planning import HORIZON_DAYS, read_batch
from vocapp.workspaces.nights import time_zone_of


@dataclass(frozen=True, slots=True)
class Changes:
    """How many contacts of the coming days would be new, would go, and would have another day or
    kind."""

    come: int
    go: int
    change: int


def changes_by(
    session: Session, workspace_id: UUID, now_counts: TouchModel, then: TouchModel, *, now: datetime
) -> Changes:
    """What the model `then` would do instead of the one that counts, account by account.

    An account has one contact to come of a touchpoint at most, so they are told apart by its key.
    """
    zone = time_zone_of(session, workspace_id)
    today = local_day(now, zone)
    come = go = change = 0
    after: UUID | None = None
    while True:
        batch, after = read_batch(session, workspace_id, after, [now_counts, then], zone=zone)
        for each in batch:
            before = _coming(each.due(now_counts, today), today)
            later = _coming(each.due(then, today), today)
            come += len(later.keys() - before.keys())
            go += len(before.keys() - later.keys())
            change += sum(before[key] != later[key] for key in before.keys() & later.keys())
        if after is None:
            return Changes(come, go, change)


def _coming(found: Sequence[Due], today: date) -> dict[str, tuple[date, str | None]]:
    """Touchpoint → day and kind, of those that are due or soon will be."""
    until = today + timedelta(days=HORIZON_DAYS)
    return {
        each.occurrence.touchpoint: (each.due_on, each.kind)
        for each in found
        if each.state in {"due", "upcoming"} and each.due_on is not None and each.due_on <= until
    }
