"""What somebody has begun to write: kept until it is sent or thrown away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from vocapp.database import insert_if_absent, scoped, transaction
from vocapp.following_up.changing import locked_case
from vocapp.following_up.writing.models import CaseDraft
from vocapp.following_up.writing.reply_templates import MAX_BODY, MAX_SUBJECT
from vocapp.workspaces.reach import Reach

# A draft takes what a person pasted; only what is sent has to fit.
_FACTOR = 10


@dataclass(frozen=True, slots=True)
class Written:
    """Subject and text, as far as they are written."""

    subject: str = ""
    body: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.subject.strip() or self.body.strip())


def keep_draft(
    workspace_id: UUID,
    follow_up_id: UUID,
    user_id: UUID,
    written: Written,
    *,
    reach: Reach,
    now: datetime,
) -> None:
    """Keep this as the person's draft in the case; nothing written is no draft. Raises NotFound."""
    with transaction() as session:
        locked_case(session, workspace_id, follow_up_id, reach)
        put_draft(session, workspace_id, follow_up_id, user_id, written, now=now)


def put_draft(
    session: Session,
    workspace_id: UUID,
    follow_up_id: UUID,
    user_id: UUID,
    written: Written,
    *,
    now: datetime,
) -> None:
    """The same in the caller's transaction, which holds the case."""
    if written.is_empty:
        drop_draft(session, workspace_id, follow_up_id, user_id)
        return
    subject = written.subject[: MAX_SUBJECT * _FACTOR]
    body = written.body.replace("\r\n", "\n")[: MAX_BODY * _FACTOR]
    key = {"workspace_id": workspace_id, "follow_up_id": follow_up_id, "user_id": user_id}
    if not insert_if_absent(session, CaseDraft, **key, subject=subject, body=body, updated_at=now):
        row = session.get_one(CaseDraft, key)
        row.subject, row.body, row.updated_at = subject, body, now


def drop_draft(session: Session, workspace_id: UUID, follow_up_id: UUID, user_id: UUID) -> None:
    """Nothing is begun any more."""
    session.execute(
        delete(CaseDraft)
        .where(
            CaseDraft.workspace_id == workspace_id,
            CaseDraft.follow_up_id == follow_up_id,
            CaseDraft.user_id == user_id,
        )
        .execution_options(synchronize_session=False)
    )


def draft_of(session: Session, workspace_id: UUID, follow_up_id: UUID, user_id: UUID) -> Written:
    """What the person has begun in the case; empty where there is nothing."""
    row = session.scalar(
        scoped(CaseDraft, workspace_id).where(
            CaseDraft.follow_up_id == follow_up_id, CaseDraft.user_id == user_id
        )
    )
    return Written(row.subject, row.body) if row else Written()
