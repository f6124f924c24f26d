"""Whoever replies to the mail of a survey: what they write becomes the comment of their answer.

Where they have given no score, somebody has to read it: it joins the person's open case or opens
one. Of a confidential survey no case may say who wrote, so that such a mail stays in the mailbox.
"""

from __future__ import annotations

from datetime import datetime

from flask import current_app
from sqlalchemy import update

from nlp.replies import split_reply
from surveys.questions import MAX_TEXT_CHARS
from vocapp import outbox
from vocapp.authoring.queries import definition_of
from vocapp.collecting.models import Answer, Response
from vocapp.collecting.service import answer_to, revise_response
from vocapp.database import scoped, snapshot, transaction
from vocapp.distributing.invitation_reports import invitation_about
from vocapp.distributing.mail import said_in, words_of
from vocapp.distributing.models import Invitation
from vocapp.distributing.receiving import Incoming
from vocapp.distributing.sending import Read, letter_of, read_invitation
from vocapp.following_up.writing.unasked import SentByItself, take_answer
from vocapp.mailing import message_id

_TRIES = 5


def take_reply(incoming: Incoming, now: datetime) -> bool:
    """Put what somebody wrote back where it is read; whether it answers an invitation."""
    if incoming.is_report:
        return False
    with snapshot() as session:
        found = invitation_about(session, incoming)
        read = read_invitation(session, found[0].workspace_id, found[0].id) if found else None
    if found is None or read is None:
        return False
    if incoming.is_automatic:  # whoever is away has not answered
        return True
    written = split_reply(incoming.text)[0].strip()[:MAX_TEXT_CHARS]
    is_comment = not written or _add_comment(read.invitation, written, now=now)
    if (incoming.files or not is_comment) and read.survey.confidential:
        return False
    with transaction() as session:
        if incoming.files or not is_comment:
            take_answer(session, _as_sent(read, is_reminder=found[1]), incoming, now=now)
        session.execute(
            update(Invitation)
            .where(
                Invitation.workspace_id == read.invitation.workspace_id,
                Invitation.id == read.invitation.id,
                Invitation.replied_at.is_(None),
            )
            .values(replied_at=now)
            .execution_options(synchronize_session=False)
        )
    outbox.ring("staff_mail")
    return True


def _add_comment(invitation: Invitation, written: str, *, now: datetime) -> bool:
    """To the answer, below what it says already; False where there is no answer, or none takes a
    comment. Repeatable."""
    for _attempt in range(_TRIES):
        with snapshot() as session:
            response = session.scalar(
                scoped(Response, invitation.workspace_id).where(Response.id == invitation.id)
            )
            if response is None:
                return False
            definition = definition_of(
                response.workspace_id, response.survey_id, response.survey_version
            )
            if definition.open_question is None:
                return False
            key = definition.open_question.key
            before = session.scalar(answer_to(response, key, Answer.text)) or ""
        if f"\n\n{written}\n\n" in f"\n\n{before}\n\n":  # it was offered twice
            return True
        comment = f"{before}\n\n{written}".strip()
        if len(comment) > MAX_TEXT_CHARS:
            return False
        # By the next revision alone: a comment that is typed meanwhile is not written over.
        if revise_response(
            response.workspace_id, response.id, revision=response.revision + 1,
            answers={key: comment}, now=now,
        ):  # fmt: skip
            return True
    return False


def _as_sent(read: Read, *, is_reminder: bool) -> SentByItself:
    """As the case shows it: without its links, which would answer in the person's name."""
    letter = letter_of(read, is_reminder=is_reminder)
    invitation, contact = read.invitation, read.contact
    return SentByItself(
        invitation.workspace_id, contact.id, contact.account_id,
        message_id(current_app.config["SETTINGS"], letter.key), said_in(letter)["subject"],
        words_of(letter), letter.language, invitation.sent_at or invitation.created_at,
    )  # fmt: skip
