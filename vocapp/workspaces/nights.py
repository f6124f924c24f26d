"""Work that is done once a day, when a workspace's next day begins."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.periods import day_bounds, local_day
from vocapp import outbox
from vocapp.workspaces.models import Workspace


def time_zone_of(session: Session, workspace_id: UUID) -> str:
    return session.scalars(select(Workspace.time_zone).where(Workspace.id == workspace_id)).one()


def next_day_begins(session: Session, workspace_id: UUID, *, now: datetime) -> datetime:
    """The first instant of the workspace's next day."""
    zone = time_zone_of(session, workspace_id)
    return day_bounds(local_day(now, zone) + timedelta(days=1), zone)[0]


def keep_nightly(
    session: Session,
    workspace_id: UUID,
    kind: str,
    *,
    now: datetime,
    done: int = 0,
    after: timedelta = timedelta(0),
    priority: int = outbox.FRESH,
) -> None:
    """See to it that work of this kind waits for the workspace's next day, in the caller's
    transaction.

    done: rows of this work that the transaction is about to delete. after: how long the day has
    to have begun.
    """
    if outbox.pending_count(session, workspace_id, kind) > done:
        return
    outbox.add(
        session, workspace_id, kind, workspace_id, now=now,
        due_at=next_day_begins(session, workspace_id, now=now) + after, priority=priority,
    )  # fmt: skip
