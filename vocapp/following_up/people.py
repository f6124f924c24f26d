"""What becomes of cases when a person is forgotten, or two records are one person."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from vocapp.following_up.models import FollowUp, FollowUpEntry
from vocapp.people.personal_stores import Merge


def forget_person(session: Session, workspace_id: UUID, contact_id: UUID) -> None:
    """The case stays as a number; who it was about and what was noted of them goes."""
    of_person = (FollowUp.workspace_id == workspace_id, FollowUp.contact_id == contact_id)
    ids = select(FollowUp.id).where(*of_person)
    of_entry = FollowUpEntry.workspace_id == workspace_id
    session.execute(
        update(FollowUpEntry)
        .where(of_entry, FollowUpEntry.follow_up_id.in_(ids))
        .values(note=None)
        .execution_options(synchronize_session=False)
    )
    session.execute(  # also what was talked with them in somebody else's case
        update(FollowUpEntry)
        .where(of_entry, FollowUpEntry.contact_id == contact_id)
        .values(note=None, contact_id=None)
        .execution_options(synchronize_session=False)
    )
    session.execute(update(FollowUp).where(*of_person).values(contact_id=None))


def hand_over(session: Session, merge: Merge) -> None:
    """Cases of the merged record, and talks with it, are those of the kept one."""
    for model in (FollowUp, FollowUpEntry):
        session.execute(
            update(model)
            .where(model.workspace_id == merge.workspace_id, model.contact_id == merge.merged)
            .values(contact_id=merge.kept)
            .execution_options(synchronize_session=False)
        )


def count_of_person(session: Session, workspace_id: UUID, contact_id: UUID) -> int:
    """How many cases are about a person."""
    query = select(func.count()).where(
        FollowUp.workspace_id == workspace_id, FollowUp.contact_id == contact_id
    )
    return session.scalar(query) or 0
