"""Letters of playbooks when somebody is forgotten, or two records become one person."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from vocapp import outbox
from vocapp.database import utcnow
from vocapp.distributing.service import FORGET_MAIL
from vocapp.people.personal_stores import Merge
from vocapp.succeeding.playbooks.models import PlaybookLetter


def forget_person(session: Session, workspace_id: UUID, contact_id: UUID) -> None:
    """A person's letters go, and mails to them that lie in a folder."""
    mine = PlaybookLetter.workspace_id == workspace_id, PlaybookLetter.contact_id == contact_id
    for letter_id in session.scalars(select(PlaybookLetter.id).where(*mine)):
        outbox.add(session, workspace_id, FORGET_MAIL, letter_id, now=utcnow())
    session.execute(delete(PlaybookLetter).where(*mine))


def hand_over(session: Session, merge: Merge) -> None:
    """Letters move; of a sending that was for both, the merged record's that has not gone out
    goes, else the kept one's."""
    for loses, stays in ((merge.merged, merge.kept), (merge.kept, merge.merged)):
        theirs = aliased(PlaybookLetter)
        both = exists().where(
            theirs.workspace_id == PlaybookLetter.workspace_id,
            theirs.sending_id == PlaybookLetter.sending_id,
            theirs.contact_id == stays,
        )
        lost = [PlaybookLetter.workspace_id == merge.workspace_id,
                PlaybookLetter.contact_id == loses, both]  # fmt: skip
        if loses == merge.merged:
            lost.append(PlaybookLetter.state.in_(("scheduled", "not_sent")))
        session.execute(
            delete(PlaybookLetter).where(*lost).execution_options(synchronize_session=False)
        )
    session.execute(
        update(PlaybookLetter)
        .where(
            PlaybookLetter.workspace_id == merge.workspace_id,
            PlaybookLetter.contact_id == merge.merged,
        )
        .values(contact_id=merge.kept)
        .execution_options(synchronize_session=False)
    )


def count_of_person(session: Session, workspace_id: UUID, contact_id: UUID) -> int:
    """How many letters there are of a person."""
    query = select(func.count()).where(
        PlaybookLetter.workspace_id == workspace_id, PlaybookLetter.contact_id == contact_id
    )
    return session.scalar(query) or 0
