"""When to look for new themes: the night after comments came, or now."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from surveys.periods import day_bounds, local_day
from vocapp import outbox
from vocapp.database import read_once
from vocapp.workspaces.models import Workspace

DISCOVER = "discover"


def see_to_discovery(session: Session, workspace_id: UUID, *, now: datetime) -> None:
    """After a comment was read: see to it that new themes are looked for tonight.

    Looked up once a transaction.
    """

    def see_to_it() -> bool:
        if not outbox.is_waiting(session, workspace_id, DISCOVER, workspace_id):
            zone = session.get_one(Workspace, workspace_id).time_zone
            tonight = day_bounds(local_day(now, zone) + timedelta(days=1), zone)[0]
            outbox.add(
                session, workspace_id, DISCOVER, workspace_id, now=now, due_at=tonight,
                priority=outbox.BACKLOG,
            )  # fmt: skip
        return True

    read_once(session, (DISCOVER, workspace_id), see_to_it)


def ask_to_look(session: Session, workspace_id: UUID, *, now: datetime) -> None:
    """Look now instead of tonight; asking twice looks once."""
    outbox.ask_now(session, workspace_id, DISCOVER, workspace_id, now=now, priority=outbox.BACKLOG)
