"""When to look for new themes: the night after comments came, or now."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.database import read_once
from vocapp.workspaces.nights import next_day_begins

DISCOVER = "discover"


def see_to_discovery(session: Session, workspace_id: UUID, *, now: datetime) -> None:
    """After a comment was read: see to it that new themes are looked for tonight.

    Looked up once a transaction.
    """

    def see_to_it() -> bool:
        if not outbox.is_waiting(session, workspace_id, DISCOVER, workspace_id):
            tonight = next_day_begins(session, workspace_id, now=now)
            outbox.add(
                session, workspace_id, DISCOVER, workspace_id, now=now, due_at=tonight,
                priority=outbox.BACKLOG,
            )  # fmt: skip
        return True

    read_once(session, (DISCOVER, workspace_id), see_to_it)


def ask_to_look(session: Session, workspace_id: UUID, *, now: datetime) -> None:
    """Look now instead of tonight; asking twice looks once."""
    outbox.ask_now(session, workspace_id, DISCOVER, workspace_id, now=now, priority=outbox.BACKLOG)
