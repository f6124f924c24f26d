"""Outbox kind `case_mail`: a letter of a case goes out at most once, as invitations do.

The steps are those of `distributing.mail_steps`. Where it cannot go out, what it changed in its
case is taken back as far as nobody has changed it since, and the owner is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from vocapp.database import scoped, snapshot, utcnow
from vocapp.distributing.at_most_once import Finish, deliver, nothing_more, send_each
from vocapp.distributing.inbox import has_inbox
from vocapp.distributing.mail_steps import MailSteps
from vocapp.distributing.receiving import plus_address
from vocapp.distributing.service import reason_not_to_mail
from vocapp.following_up.changing import column_value, locked_cases
from vocapp.following_up.models import FollowUp, FollowUpEntry
from vocapp.following_up.news import note_news
from vocapp.following_up.writing.models import CaseMail
from vocapp.mailing import Mailer, address_of, compose, message_key, one_line
from vocapp.outbox import NotYet, Pending
from vocapp.people.models import Contact
from vocapp.workspaces.models import User, Workspace
from vocapp.workspaces.reach import WHOLE_WORKSPACE

_MOST_REFERENCES = 20  # the first of a thread and the latest; a header need not hold all


def send_case_mails(rows: Sequence[Pending]) -> list[Finish | Exception | NotYet]:
    """Send each letter; one that fails does not stop the others."""
    return send_each(rows, _send, _give_up, in_turn=False)


def _give_up(row: Pending, reason: str) -> Finish:
    asked = _read(row.workspace_id, row.subject_id)
    return nothing_more if asked is None else _Steps(asked).give_up(reason)


def _send(mailer: Mailer, row: Pending) -> Finish | NotYet:
    asked = _read(row.workspace_id, row.subject_id)
    if asked is None:
        return nothing_more
    steps = _Steps(asked)
    if asked.mail.state == "sending":
        return steps.unclear("stopped_while_sending")
    if asked.mail.state != "scheduled":
        return nothing_more
    if asked.reason_not_to is not None:
        return steps.end("not_sent", was="scheduled", reason=asked.reason_not_to)
    return deliver(mailer, _message(asked), to=asked.mail.address, steps=steps)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A letter with all that sending it needs, read in one snapshot. thread: Message-IDs of what
    was written before, oldest first."""

    mail: CaseMail
    name: str
    author: User | None
    workspace: Workspace
    thread: tuple[str, ...]
    reason_not_to: str | None


def _read(workspace_id: UUID, mail_id: UUID) -> _Asked | None:
    with snapshot() as session:
        row = session.execute(
            select(CaseMail, Contact.name, User, Workspace)
            .join(Workspace, Workspace.id == CaseMail.workspace_id)
            .outerjoin(
                Contact,
                (Contact.workspace_id == CaseMail.workspace_id)
                & (Contact.id == CaseMail.contact_id),
            )
            .outerjoin(User, User.id == CaseMail.actor_user_id)
            .where(CaseMail.workspace_id == workspace_id, CaseMail.id == mail_id)
        ).one_or_none()
        if row is None:
            return None
        mail, name, author, workspace = row
        thread = session.scalars(
            select(CaseMail.message_id)
            .where(
                CaseMail.workspace_id == workspace_id,
                CaseMail.follow_up_id == mail.follow_up_id,
                CaseMail.id != mail_id,
                CaseMail.at < mail.at,
                CaseMail.state.not_in(("scheduled", "not_sent")),
            )
            .order_by(CaseMail.at, CaseMail.id)
        ).all()
        reason = reason_not_to_mail(session, workspace_id, mail.address)
    return _Asked(mail, name or "", author, workspace, tuple(thread), reason)


def _message(asked: _Asked) -> EmailMessage:
    mail, workspace = asked.mail, asked.workspace
    names = [one_line(asked.author.name) if asked.author else "", one_line(workspace.name)]
    message = compose(
        settings=current_app.config["SETTINGS"],
        to=address_of(one_line(asked.name), mail.address),
        subject=one_line(mail.subject),
        text=mail.body + "\n",
        message_key=message_key(mail.message_id),
        now=utcnow(),
        sender_name=" – ".join(name for name in names if name),
        workspace_id=workspace.id,
    )
    del message["Auto-Submitted"]  # a person wrote it, and whoever is away may say so
    _say_where_to_reply(message, asked)
    if asked.thread:
        message["In-Reply-To"] = asked.thread[-1]
        kept = asked.thread[:1] + asked.thread[1:][-(_MOST_REFERENCES - 1) :]
        message["References"] = " ".join(kept)
    if mail.language:
        message["Content-Language"] = mail.language
    return message


def _say_where_to_reply(message: EmailMessage, asked: _Asked) -> None:
    """To the service where it can take replies; else to whoever wrote, so that none is lost.

    Where no address of its own fits, replies come to the sender's and are known by what they name.
    """
    settings = current_app.config["SETTINGS"]
    if has_inbox(settings):
        address = plus_address(settings, asked.mail.message_digest)
        if address is not None:
            message["Reply-To"] = address_of(
                str(message["From"].addresses[0].display_name), address
            )
    elif asked.author is not None:
        message["Reply-To"] = address_of(one_line(asked.author.name), asked.author.email)


class _Steps(MailSteps):
    """What becomes of a letter, step by step."""

    def __init__(self, asked: _Asked) -> None:
        mail = asked.mail
        super().__init__(CaseMail, mail.workspace_id, mail.id, mail.address)
        self._mail = mail

    def kept(self) -> dict[str, Any]:
        """The letter has its address itself."""
        return {}

    def ended(self, session: Session, state: str, _values: dict[str, Any], /) -> None:
        """Where it may have arrived a person decides whether to write again."""
        if state in {"not_sent", "bounced"}:
            take_back_contact(session, self._mail)
        elif state == "unknown":
            case, _entry = _case_of(session, self._mail)
            if case is not None:
                note_news(
                    session, case, "mail_failed", {}, {"mail": str(self._mail.id)}, now=utcnow()
                )


def take_back_contact(session: Session, mail: CaseMail) -> None:
    """Nobody was reached by a letter: its case is as before it, as far as nobody changed that
    since, and its owner is told."""
    case, entry = _case_of(session, mail)
    if case is None:
        return
    values: dict[str, Any] = {}
    if entry is not None:
        after = entry.detail.get("to", {})
        for name, before in entry.detail.get("from", {}).items():
            if getattr(case, name) == column_value(name, after.get(name)):
                values[name] = column_value(name, before)
    # The clock goes on by itself as the state does.
    left = {"news", "news_at", "due_at", "paused_at"}
    values = {name: value for name, value in values.items() if name not in left}
    note_news(session, case, "mail_failed", values, {"mail": str(mail.id)}, now=utcnow())


def _case_of(session: Session, mail: CaseMail) -> tuple[FollowUp | None, FollowUpEntry | None]:
    """The case, locked, and the line that says what the letter changed in it."""
    found = locked_cases(session, mail.workspace_id, [mail.follow_up_id], WHOLE_WORKSPACE)
    entry = session.scalar(
        scoped(FollowUpEntry, mail.workspace_id).where(FollowUpEntry.id == mail.entry_id)
    )
    return (found[0] if found else None), entry
