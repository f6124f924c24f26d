"""Outbox kind `remind`: a reminder goes out at most once, as its invitation did.

It is the same letter with the same links, so that an answer to either is one answer; only its
Message-ID is its own. It stays where the person has answered meanwhile, must not be written to,
was asked again since, by this or another survey, or the survey takes no answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from vocapp.database import newer_than, scoped, snapshot, utcnow
from vocapp.distributing.asking import deciding
from vocapp.distributing.at_most_once import Finish, deliver, nothing_more, send_each
from vocapp.distributing.mail import Letter, build
from vocapp.distributing.mail_steps import MailSteps
from vocapp.distributing.models import Invitation, Reminder
from vocapp.distributing.sending import Read, letter_of, read_invitation
from vocapp.distributing.service import reason_not_to_mail
from vocapp.mailing import Mailer
from vocapp.outbox import NotYet, Pending

ANSWERED, REPLIED, ASKED_SINCE = "answered", "replied", "asked_since"


def send_reminders(rows: Sequence[Pending]) -> list[Finish | Exception | NotYet]:
    """Send each reminder that is due; one that fails does not stop the others."""
    return send_each(rows, _send, _give_up)


def _give_up(row: Pending, reason: str) -> Finish:
    return MailSteps(Reminder, row.workspace_id, row.subject_id, "").give_up(reason)


@dataclass(frozen=True, slots=True)
class _Due:
    """letter: None where it is not to go, for the reason."""

    state: str
    due_at: datetime
    reason: str | None
    letter: Letter | None
    not_before: datetime


def _send(mailer: Mailer, row: Pending) -> Finish | NotYet:
    now = utcnow()
    due = _read(row.workspace_id, row.subject_id, now=now)
    if due is None or due.state not in ("scheduled", "sending"):
        return nothing_more
    if due.state == "scheduled" and due.due_at > now:
        return NotYet(due.due_at)
    address = due.letter.address if due.letter else ""
    steps = MailSteps(Reminder, row.workspace_id, row.subject_id, address)
    if due.state == "sending":
        return steps.unclear("stopped_while_sending")
    if due.letter is None:
        return steps.end("not_sent", was="scheduled", reason=due.reason)
    if due.not_before > now:  # night has fallen there
        return NotYet(due.not_before)
    return deliver(mailer, build(due.letter, now=now), to=due.letter.address, steps=steps)


def _read(workspace_id: UUID, invitation_id: UUID, *, now: datetime) -> _Due | None:
    """What is to be sent, and whether it still may be; None where it is gone."""
    with snapshot() as session:
        reminder = session.scalars(
            scoped(Reminder, workspace_id).where(Reminder.invitation_id == invitation_id)
        ).one_or_none()
        read = read_invitation(session, workspace_id, invitation_id)
        if reminder is None or read is None:
            return None
        reason = _why_not(session, read)
        not_before = deciding.not_before(session, read.contact, now=now)
    letter = None if reason else letter_of(read, is_reminder=True)
    return _Due(reminder.state, reminder.due_at, reason, letter, not_before)


def _why_not(session: Session, read: Read) -> str | None:
    invitation, contact = read.invitation, read.contact
    if invitation.answered_at is not None:
        return ANSWERED
    if invitation.replied_at is not None:
        return REPLIED
    if invitation.state != "sent":
        return invitation.state
    if read.survey.state != "published":
        return "survey_closed"
    barred = reason_not_to_mail(session, contact.workspace_id, contact.email)
    barred = barred or deciding.why_never_asked(session, contact)
    if barred is not None:
        return barred
    since = session.scalar(
        select(
            exists().where(
                Invitation.workspace_id == contact.workspace_id,
                Invitation.contact_id == contact.id,
                Invitation.state.not_in(("not_sent", "bounced")),
                newer_than(Invitation.send_at, Invitation.id, (invitation.send_at, invitation.id)),
            )
        )
    )
    return ASKED_SINCE if since else None
