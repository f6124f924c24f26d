"""What another touch model would make of the contacts of the coming days, before it counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.lifecycle import onboarding
from surveys.periods import local_day
from surveys.touchpoints import Due, TouchModel
from vocapp.succeeding.playbooks.models import PlaybookSending
from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.succeeding.touchpoints.planning import HORIZON_DAYS, Known, read_batch
from vocapp.workspaces.nights import time_zone_of


@dataclass(frozen=True, slots=True)
class Changes:
    """How many contacts of the coming days would be new, would go, and would have another day or
    kind; by_itself: how many would go out without a person. done_before, done_after: accounts that
    have completed onboarding, where the models differ in what that is, else 0."""

    come: int
    go: int
    change: int
    by_itself: int = 0
    done_before: int = 0
    done_after: int = 0


def changes_by(
    session: Session, workspace_id: UUID, now_counts: TouchModel, then: TouchModel, *, now: datetime
) -> Changes:
    """What the model `then` would do instead of the one that counts, account by account.

    An account has one contact to come of a touchpoint at most, so they are told apart by its key.
    """
    zone = time_zone_of(session, workspace_id)
    today = local_day(now, zone)
    come = go = change = by_itself = done_before = done_after = 0
    differ = now_counts.lifecycle.onboarding != then.lifecycle.onboarding
    sends = {each.key for each in then.touchpoints if each.sends is not None}
    since = today - timedelta(days=then.grace_days)
    after: UUID | None = None
    while True:
        batch, after = read_batch(
            session, workspace_id, after, [now_counts, then], zone=zone, now=now
        )
        tried = _tried(session, workspace_id, batch) if sends else set()
        for each in batch:
            before = _coming(each.due(now_counts, today), today)
            later = _coming(each.due(then, today), today)
            come += len(later.keys() - before.keys())
            go += len(before.keys() - later.keys())
            change += sum(before[key] != later[key] for key in before.keys() & later.keys())
            if each.account.owner_user_id is None:
                by_itself += sum(
                    later[key][0] >= since and (each.account.id, key) not in tried
                    for key in later.keys() & sends
                )
            if differ:
                done_before += _is_done(now_counts, each, today)
                done_after += _is_done(then, each, today)
        if after is None:
            return Changes(come, go, change, by_itself, done_before, done_after)


def _tried(session: Session, workspace_id: UUID, batch: Sequence[Known]) -> set[tuple[UUID, str]]:
    """Account and key of planned contacts that went out by themselves already, or could not."""
    rows = session.execute(
        select(PlaybookSending.account_id, TouchpointPlan.touch_key)
        .join(
            TouchpointPlan,
            (TouchpointPlan.workspace_id == PlaybookSending.workspace_id)
            & (TouchpointPlan.id == PlaybookSending.plan_id),
        )
        .where(
            PlaybookSending.workspace_id == workspace_id,
            PlaybookSending.account_id.in_([each.account.id for each in batch]),
            TouchpointPlan.state == "planned",
        )
    )
    return {(account_id, key) for account_id, key in rows}


def _is_done(model: TouchModel, known: Known, today: date) -> bool:
    found = onboarding(model.lifecycle.onboarding, known.facts, today)
    return found is not None and found.day is not None


def _coming(found: Sequence[Due], today: date) -> dict[str, tuple[date, str | None]]:
    """Touchpoint → day and kind, of those that are due or soon will be."""
    until = today + timedelta(days=HORIZON_DAYS)
    return {
        each.occurrence.touchpoint: (each.due_on, each.kind)
        for each in found
        if each.state in {"due", "upcoming"} and each.due_on is not None and each.due_on <= until
    }
