"""The words as they were written, shown to those who may see them, and each look is noted."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from vocapp.collecting.models import Response
from vocapp.collecting.queries import refuse_if_confidential
from vocapp.database import transaction
from vocapp.problems import Forbidden, NotFound
from vocapp.understanding.originals import may_look_at_original, owner_of_account
from vocapp.understanding.storing import verbatims
from vocapp.workspaces.service import audit


def look_at_original(
    workspace_id: UUID, response_id: UUID, *, user_id: UUID, role: str, now: datetime
) -> str:
    """The comment with its personal data, and a line in the audit log in the same transaction.

    For administrators, and for customer success where the account is their own. Raises Forbidden
    for anybody else and for confidential surveys, NotFound where nothing was written.
    """
    refuse_if_confidential(workspace_id, response_id)
    with transaction() as session:
        owner = owner_of_account(session, workspace_id, response_id)
        if not may_look_at_original(role=role, user_id=user_id, owner_user_id=owner):
            raise Forbidden(
                "The original is shown to administrators, and to customer success for accounts "
                "of their own."
            )
        text = verbatims(session, workspace_id, [response_id]).get(response_id)
        if not text:
            raise NotFound("No comment was written.")
        audit(
            session, workspace_id, "response.original_shown", now=now, actor_user_id=user_id,
            subject=session.get_one(Response, (workspace_id, response_id)),
        )  # fmt: skip
    return text
