"""Planned contacts as moments that campaigns follow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.periods import day_bounds, local_day
from vocapp.distributing.campaigns.audience import register_touchpoints
from vocapp.distributing.campaigns.models import Campaign
from vocapp.succeeding.touchpoints.model_versions import model_in_force
from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.workspaces.nights import time_zone_of


def days_of_contacts(
    session: Session,
    workspace_id: UUID,
    key: str,
    accounts: Sequence[UUID],
    since: date,
    planned: bool,
) -> dict[UUID, list[date]]:
    """Account → local days on which contacts of one key took place, since a day; planned: also
    those on which they are planned to."""
    zone = time_zone_of(session, workspace_id)
    rows = session.execute(
        select(
            TouchpointPlan.account_id, TouchpointPlan.state, TouchpointPlan.due_on,
            TouchpointPlan.decided_at,
        ).where(
            TouchpointPlan.workspace_id == workspace_id, TouchpointPlan.touch_key == key,
            TouchpointPlan.account_id.in_(accounts),
        )
    )  # fmt: skip
    found: dict[UUID, list[date]] = defaultdict(list)
    begin = day_bounds(since, zone)[0]
    for account_id, state, due_on, decided_at in rows:
        if state == "done" and decided_at is not None and decided_at >= begin:
            found[account_id].append(local_day(decided_at, zone))
        elif state == "planned" and planned and due_on >= since:
            found[account_id].append(due_on)
    return dict(found)


def names(session: Session, workspace_id: UUID) -> list[str]:
    """The keys of the touch model."""
    return [each.key for each in model_in_force(session, workspace_id).model.touchpoints]


def campaigns_following(session: Session, workspace_id: UUID) -> dict[str, list[str]]:
    """Key of a touchpoint → names of the campaigns that are counted from it and have not ended."""
    rows = session.execute(
        select(Campaign.moment_name, Campaign.name)
        .where(
            Campaign.workspace_id == workspace_id, Campaign.moment == "touchpoint",
            Campaign.state != "ended",
        )
        .order_by(Campaign.name, Campaign.id)
    )  # fmt: skip
    found: dict[str, list[str]] = defaultdict(list)
    for key, name in rows:
        found[key or ""].append(name)
    return dict(found)


def register() -> None:
    """Called once, where packages meet."""
    register_touchpoints(days_of_contacts, names)
