"""Answers to letters that went out by themselves: they become cases, so that somebody reads them.

An answer joins the case that has the letter already, else the person's open case, else it opens
one: where and whose, the routing rules say that ask neither score nor theme, and where none of
them fits, customer success and the owner of the account.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from nlp.replies import split_reply
from surveys.assigning import Assigner, Wanted
from surveys.routing import first_match
from vocapp.collecting.service import facts_now
from vocapp.database import insert_if_absent, scoped, uuid7
from vocapp.distributing.receiving import Incoming
from vocapp.following_up.changing import note_by_itself
from vocapp.following_up.channels import channels_of, tell
from vocapp.following_up.facts import facts_of
from vocapp.following_up.models import ACTIVE_STATES, FollowUp
from vocapp.following_up.owners import owners_of
from vocapp.following_up.ranking import RERANK, rank_cases
from vocapp.following_up.rule_segments import AskedSegments
from vocapp.following_up.rules import BY_REPLY, enabled_rules, ensure_rules
from vocapp.following_up.writing.models import OUT, CaseMail
from vocapp.following_up.writing.replies import case_of, put_reply
from vocapp.following_up.writing.service import digest_of_message, digests_of_message
from vocapp.people.health_changes import note_touched
from vocapp.people.models import Account, Contact
from vocapp.workspaces.nights import keep_nightly
from vocapp.workspaces.office.clocks import Office

_NO_SURVEY = ""  # a kind that no rule can ask for


@dataclass(frozen=True, slots=True)
class SentByItself:
    """A letter that nobody wrote by hand, as its case shows it. message_id: by which it went."""

    workspace_id: UUID
    contact_id: UUID
    account_id: UUID | None
    message_id: str
    subject: str
    body: str
    language: str | None
    at: datetime


def take_answer(session: Session, sent: SentByItself, incoming: Incoming, *, now: datetime) -> None:
    """Put an answer into a case with the letter that it answers, in the caller's transaction.
    Repeatable. Ringing `staff_mail` is the caller's."""
    # Locked, so that two answers of one person open one case.
    contact = session.scalars(
        scoped(Contact, sent.workspace_id).where(Contact.id == sent.contact_id).with_for_update()
    ).one()
    case = _case_with(session, sent) or _open_case_of(session, contact)
    if case is None:
        case = _opened(session, sent, contact, incoming, now=now)
    _put_letter(session, case, sent, contact)
    put_reply(session, case, contact.id, incoming, now)


def _case_with(session: Session, sent: SentByItself) -> FollowUp | None:
    letter = session.scalar(
        scoped(CaseMail, sent.workspace_id).where(
            CaseMail.message_digest.in_(digests_of_message(sent.message_id))
        )
    )
    return case_of(session, letter) if letter is not None else None


def _open_case_of(session: Session, contact: Contact) -> FollowUp | None:
    """The most urgent one, which is the one that is worked on."""
    return session.scalars(
        scoped(FollowUp, contact.workspace_id)
        .where(FollowUp.contact_id == contact.id, FollowUp.state.in_(ACTIVE_STATES))
        .order_by(FollowUp.priority.desc(), FollowUp.id)
        .limit(1)
        .with_for_update()
    ).first()


def _opened(
    session: Session, sent: SentByItself, contact: Contact, incoming: Incoming, *, now: datetime
) -> FollowUp:
    workspace_id = sent.workspace_id
    account = session.get_one(Account, (workspace_id, sent.account_id)) if sent.account_id else None
    ensure_rules(session, workspace_id, now=now)
    rules = enabled_rules(session, workspace_id)
    facts = facts_of(
        _NO_SURVEY, None, facts_now(account, contact), AskedSegments(session, workspace_id, rules),
        text=split_reply(incoming.text)[0], moment=now,
    )  # fmt: skip
    rule = first_match(rules, facts) or BY_REPLY
    office = Office.of(session, workspace_id, now=now)
    desk = Assigner(owners_of(session, workspace_id, office))
    owner = desk.give(Wanted(rule.then.owner, account.owner_user_id if account else None)).user
    case = FollowUp(
        workspace_id=workspace_id, id=uuid7(), response_id=None, contact_id=contact.id,
        account_id=sent.account_id, state="open", team=rule.then.team, owner_user_id=owner,
        rule_key=rule.key, priority=0.0, reasons=[], opened_at=now,
        due_at=office.due_at(now, rule.then.sla_hours, owner),
    )  # fmt: skip
    session.add(case)
    session.flush()
    note_by_itself(session, case, "opened", {"rule": rule.key, "stage": "reply"}, now=now)
    rank_cases(session, workspace_id, [case.id], now=now)
    channels = channels_of(session, workspace_id)
    tell(session, channels, case, "opened", rule_key=rule.key, now=now)
    if account is not None:
        note_touched(session, workspace_id, [account.id], now=now)
    keep_nightly(session, workspace_id, RERANK, now=now)
    return case


def _put_letter(session: Session, case: FollowUp, sent: SentByItself, contact: Contact) -> None:
    """Into the thread, so that the answer can be understood, and answered below it."""
    insert_if_absent(
        session, CaseMail, workspace_id=sent.workspace_id, id=uuid7(), follow_up_id=case.id,
        direction=OUT, state="sent", contact_id=contact.id, address=contact.email or "",
        subject=sent.subject, body=sent.body, language=sent.language, message_id=sent.message_id,
        message_digest=digest_of_message(sent.message_id), at=sent.at, sent_at=sent.at,
    )  # fmt: skip
