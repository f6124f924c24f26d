"""Who has a case open: seen by whoever has it open as well, before they save.

A page says every minute that it is being looked at, and that it was left. Who has said nothing for
two and a half minutes is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.orm import Session

from vocapp.database import insert_if_absent, scoped, transaction
from vocapp.following_up.models import CasePresence
from vocapp.following_up.queries import has_case
from vocapp.following_up.writing.models import CaseDraft
from vocapp.problems import NotFound
from vocapp.workspaces.models import User
from vocapp.workspaces.reach import Reach

GONE_AFTER = timedelta(seconds=150)
_WRITES_LATELY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Other:
    """A colleague who has the case open. is_writing: an e-mail to the customer, of late."""

    name: str
    since: datetime
    is_writing: bool


def come(
    workspace_id: UUID, follow_up_id: UUID, user_id: UUID, *, reach: Reach, now: datetime
) -> None:
    """This person has the case open, as before or from now on. Raises NotFound."""
    _refuse_absent(workspace_id, follow_up_id, reach)
    key = {"workspace_id": workspace_id, "follow_up_id": follow_up_id, "user_id": user_id}
    with transaction() as session:
        session.execute(
            delete(CasePresence)
            .where(*_of(workspace_id, follow_up_id), CasePresence.seen_at < now - GONE_AFTER)
            .execution_options(synchronize_session=False)
        )
        if not insert_if_absent(session, CasePresence, **key, since=now, seen_at=now):
            session.get_one(CasePresence, key).seen_at = now


def leave(workspace_id: UUID, follow_up_id: UUID, user_id: UUID, *, reach: Reach) -> None:
    """This person has left the page. Raises NotFound."""
    _refuse_absent(workspace_id, follow_up_id, reach)
    with transaction() as session:
        session.execute(
            delete(CasePresence)
            .where(*_of(workspace_id, follow_up_id), CasePresence.user_id == user_id)
            .execution_options(synchronize_session=False)
        )


def others_at(
    session: Session, workspace_id: UUID, follow_up_id: UUID, user_id: UUID, *, now: datetime
) -> list[Other]:
    """Who else has the case open, the first to come first."""
    is_writing = exists(
        scoped(CaseDraft, workspace_id)
        .where(
            CaseDraft.follow_up_id == follow_up_id,
            CaseDraft.user_id == CasePresence.user_id,
            CaseDraft.updated_at > now - _WRITES_LATELY,
        )
        .with_only_columns(CaseDraft.user_id)
    )
    rows = session.execute(
        select(User.name, CasePresence.since, is_writing)
        .join(User, User.id == CasePresence.user_id)
        .where(
            *_of(workspace_id, follow_up_id),
            CasePresence.user_id != user_id,
            CasePresence.seen_at >= now - GONE_AFTER,
        )
        .order_by(CasePresence.since, CasePresence.user_id)
    )
    return [Other(name, since, bool(writing)) for name, since, writing in rows]


def _refuse_absent(workspace_id: UUID, follow_up_id: UUID, reach: Reach) -> None:
    if not has_case(workspace_id, follow_up_id, reach=reach):
        raise NotFound("No such follow-up.")


def _of(workspace_id: UUID, follow_up_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return CasePresence.workspace_id == workspace_id, CasePresence.follow_up_id == follow_up_id
