"""What becomes of cases when a person is forgotten, or two records are one person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.database import utcnow
from vocapp.distributing.service import FORGET_MAIL
from vocapp.following_up.asking_again.planning import forget_plans
from vocapp.following_up.models import ACTIVE_STATES, FollowUp, FollowUpEntry
from vocapp.following_up.ranking import rank_cases
from vocapp.following_up.writing.models import OUT, CaseDraft, CaseMail
from vocapp.mailing import message_key
from vocapp.people.account_stores import AccountMerge, move_rows
from vocapp.people.personal_stores import Merge


def forget_person(session: Session, workspace_id: UUID, contact_id: UUID) -> None:
    """The case stays as a number; who it was about and what was noted of them goes."""
    forget_plans(session, workspace_id, contact_id)
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
    _forget_mails(session, workspace_id, contact_id, ids)
    gone = {"contact_id": None, "news": None, "news_at": None}
    session.execute(update(FollowUp).where(*of_person).values(**gone))


def _forget_mails(session: Session, workspace_id: UUID, contact_id: UUID, cases: Any) -> None:
    """What was written to and by them goes, with what colleagues had begun to write, and mails
    that lie in a folder."""
    theirs = (
        CaseMail.workspace_id == workspace_id,
        or_(CaseMail.contact_id == contact_id, CaseMail.follow_up_id.in_(cases)),
    )
    # Only what left from here: of letters that went out by themselves the case has a copy.
    left = select(CaseMail.message_id).where(
        *theirs, CaseMail.direction == OUT, CaseMail.entry_id.is_not(None)
    )
    for sent_as in session.scalars(left):
        outbox.add(session, workspace_id, FORGET_MAIL, UUID(message_key(sent_as)), now=utcnow())
    unsynchronized = {"synchronize_session": False}
    session.execute(delete(CaseMail).where(*theirs).execution_options(**unsynchronized))
    session.execute(
        delete(CaseDraft)
        .where(CaseDraft.workspace_id == workspace_id, CaseDraft.follow_up_id.in_(cases))
        .execution_options(**unsynchronized)
    )


def hand_over(session: Session, merge: Merge) -> None:
    """Cases of the merged record, talks with it and e-mails are those of the kept one."""
    for model in (FollowUp, FollowUpEntry, CaseMail):
        session.execute(
            update(model)
            .where(model.workspace_id == merge.workspace_id, model.contact_id == merge.merged)
            .values(contact_id=merge.kept)
            .execution_options(synchronize_session=False)
        )


def hand_over_account(session: Session, merge: AccountMerge) -> None:
    """Cases of the merged account are the kept one's."""
    move_rows(session, merge, FollowUp)


def rank_of_account(session: Session, merge: AccountMerge) -> None:
    """How urgent the cases of both are, by what is known of both."""
    waiting = session.scalars(
        select(FollowUp.id).where(
            FollowUp.workspace_id == merge.workspace_id,
            FollowUp.account_id == merge.kept,
            FollowUp.state.in_(ACTIVE_STATES),
        )
    ).all()
    rank_cases(session, merge.workspace_id, waiting, now=merge.now)


def count_of_person(session: Session, workspace_id: UUID, contact_id: UUID) -> int:
    """How many cases are about a person."""
    query = select(func.count()).where(
        FollowUp.workspace_id == workspace_id, FollowUp.contact_id == contact_id
    )
    return session.scalar(query) or 0
