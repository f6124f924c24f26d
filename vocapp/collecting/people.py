"""What becomes of answers when the person who gave them is forgotten, or merged into another."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from vocapp.collecting.models import Answer, HeldAnswer, Response
from vocapp.people.account_stores import AccountMerge, move_rows
from vocapp.people.personal_stores import Merge


def forget_person(session: Session, workspace_id: UUID, contact_id: UUID) -> None:
    """Erase what a person wrote and who they were; the number stays, without a name."""
    session.execute(
        delete(HeldAnswer).where(
            HeldAnswer.workspace_id == workspace_id, HeldAnswer.contact_id == contact_id
        )
    )
    of_person = (Response.workspace_id == workspace_id, Response.contact_id == contact_id)
    ids = list(session.scalars(select(Response.id).where(*of_person)))
    if not ids:
        return
    session.execute(
        delete(Answer).where(
            Answer.workspace_id == workspace_id,
            Answer.response_id.in_(ids),
            or_(Answer.text.is_not(None), Answer.personal.is_not(None)),
        )
    )
    session.execute(
        update(Response)
        .where(*of_person)
        .values(contact_id=None, invitation_id=None, page=None, attributes={})
    )


def hand_over(session: Session, merge: Merge) -> None:
    """What the merged record answered was answered by the kept one; as it was then, it stays."""
    for model in (Response, HeldAnswer):
        session.execute(
            update(model)
            .where(model.workspace_id == merge.workspace_id, model.contact_id == merge.merged)
            .values(contact_id=merge.kept)
        )


def hand_over_account(session: Session, merge: AccountMerge) -> None:
    """What people of the merged account answered is of the kept one."""
    for model in (Response, HeldAnswer):
        move_rows(session, merge, model)


def count_of_person(session: Session, workspace_id: UUID, contact_id: UUID) -> int:
    """How often a person answered."""
    query = select(func.count()).where(
        Response.workspace_id == workspace_id, Response.contact_id == contact_id
    )
    return session.scalar(query) or 0
