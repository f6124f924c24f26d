"""Reads: what was written between us and the person of a case, and what writing needs to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import force_locale
from sqlalchemy import Select, select, tuple_, union_all
from sqlalchemy.orm import Session

from nlp.redact import redact
from nlp.replies import split_reply
from surveys.languages import best_language
from surveys.letters import fill
from vocapp.distributing.service import reason_not_to_mail
from vocapp.distributing.texts import greeting_of
from vocapp.following_up.case_queries import CaseDetail
from vocapp.following_up.models import FollowUp
from vocapp.following_up.writing.attachments import ShownFile, files_of_mails, kept_file
from vocapp.following_up.writing.models import IN, CaseMail
from vocapp.following_up.writing.reply_templates import Template
from vocapp.people.models import Contact
from vocapp.ui.formats import local_date
from vocapp.workspaces.models import User

_MOST_MAILS = 100
_SPOKEN = ("en", "ja")  # in what dates of letters are written


@dataclass(frozen=True, slots=True)
class ShownMail:
    """An e-mail of a thread. is_by_itself: a playbook sent it, before there was a case. who: who
    of us wrote it; None for the customer's. quoted: what a reply repeats below its own text.
    files_elsewhere: how many files of a time in which none were kept are in the mailbox only."""

    id: UUID
    case_id: UUID
    is_ours: bool
    is_by_itself: bool
    state: str
    reason: str | None
    who: str | None
    address: str
    subject: str
    body: str
    quoted: str
    language: str | None
    files: tuple[ShownFile, ...]
    files_elsewhere: int
    message_id: str
    at: datetime
    sent_at: datetime | None


def thread_of(
    session: Session, workspace_id: UUID, follow_up_id: UUID, *, as_written: bool
) -> list[ShownMail]:
    """All e-mails of a case and of what stands in it, oldest first.

    as_written: else personal data is replaced, and addresses are left out.
    """
    rows = session.execute(
        _mails_of(workspace_id, follow_up_id)
        .order_by(CaseMail.at.desc(), CaseMail.id.desc())
        .limit(_MOST_MAILS)
    ).all()
    return _all_shown(session, workspace_id, rows[::-1], as_written=as_written)


def mails_after(
    session: Session,
    workspace_id: UUID,
    follow_up_id: UUID,
    *,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
) -> list[ShownMail]:
    """A page of the same thread, as written, oldest first; after: where the page before ended."""
    query = _mails_of(workspace_id, follow_up_id)
    if after is not None:
        query = query.where(tuple_(CaseMail.at, CaseMail.id) > tuple_(*after))
    rows = session.execute(query.order_by(CaseMail.at, CaseMail.id).limit(limit)).all()
    return _all_shown(session, workspace_id, rows, as_written=True)


def shown_mail(session: Session, workspace_id: UUID, mail_id: UUID) -> ShownMail:
    """One e-mail that is there, as written."""
    row = session.execute(
        select(CaseMail, User.name)
        .outerjoin(User, User.id == CaseMail.actor_user_id)
        .where(CaseMail.workspace_id == workspace_id, CaseMail.id == mail_id)
    ).all()
    return _all_shown(session, workspace_id, row, as_written=True)[0]


def file_in_thread(
    session: Session, workspace_id: UUID, follow_up_id: UUID, attachment_id: UUID
) -> tuple[str, bytes]:
    """Name and bytes of a file that was sent with an e-mail of a case. Raises NotFound."""
    return kept_file(session, workspace_id, _cases_in(workspace_id, follow_up_id), attachment_id)


def _mails_of(workspace_id: UUID, follow_up_id: UUID) -> Select[CaseMail, str]:
    """The e-mails of a case and of what stands in it, with who of us wrote each."""
    return (
        select(CaseMail, User.name)
        .outerjoin(User, User.id == CaseMail.actor_user_id)
        .where(
            CaseMail.workspace_id == workspace_id,
            CaseMail.follow_up_id.in_(_cases_in(workspace_id, follow_up_id)),
        )
    )


def _cases_in(workspace_id: UUID, follow_up_id: UUID) -> Select[UUID]:
    """A case and those that stand in it."""
    # One after the other: an index leads to each, none to both at once.
    of_workspace = select(FollowUp.id).where(FollowUp.workspace_id == workspace_id)
    cases = union_all(
        of_workspace.where(FollowUp.id == follow_up_id),
        of_workspace.where(FollowUp.merged_into_id == follow_up_id),
    ).subquery()
    return select(cases.c.id)


def _all_shown(
    session: Session, workspace_id: UUID, rows: Sequence[Any], *, as_written: bool
) -> list[ShownMail]:
    with_files = [mail.id for mail, _name in rows if mail.attachments]
    files = files_of_mails(session, workspace_id, with_files, as_written=as_written)
    return [
        _shown(mail, name, files.get(mail.id, ()), as_written=as_written) for mail, name in rows
    ]


def _shown(
    mail: CaseMail, name: str | None, files: tuple[ShownFile, ...], *, as_written: bool
) -> ShownMail:
    is_ours = mail.direction != IN
    body, quoted = (mail.body, "") if is_ours else split_reply(mail.body)
    return ShownMail(
        mail.id, mail.follow_up_id, is_ours, is_ours and mail.entry_id is None,
        mail.state, mail.reason, name,
        mail.address if as_written else "",
        mail.subject if as_written else redact(mail.subject),
        body if as_written else redact(body),
        quoted if as_written else redact(quoted),
        mail.language, files, mail.attachments - len(files), mail.message_id, mail.at, mail.sent_at,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recipient:
    """The person of a case as one who is written to. reason_not_to: why not, None where one may."""

    name: str
    address: str
    language: str | None
    reason_not_to: str | None


def recipient_of(
    session: Session, workspace_id: UUID, contact_id: UUID | None, *, answered_in: str | None
) -> Recipient:
    """answered_in: the language of the answer, which goes before what is known of the person."""
    found = session.execute(
        select(Contact.name, Contact.email, Contact.locale).where(
            Contact.workspace_id == workspace_id, Contact.id == contact_id
        )
    ).one_or_none()
    if found is None:
        return Recipient("", "", answered_in, "no_email")
    reason = reason_not_to_mail(session, workspace_id, found.email)
    return Recipient(found.name, found.email or "", answered_in or found.locale, reason)


def filled(
    template: Template, detail: CaseDetail, recipient: Recipient, *, workspace: str, sender: str
) -> tuple[str, str]:
    """Subject and text of a template for this case, in the template's language."""
    row, language = detail.row, template.language
    with force_locale(best_language(language, _SPOKEN)):
        answered_on = local_date(row.answered_at)
    values: Mapping[str, str] = {
        "greeting": greeting_of(language, recipient.name),
        "name": recipient.name,
        "account": row.account.shown if row.account else "",
        "score": "" if row.score is None else str(row.score),
        "answered_on": answered_on,
        "workspace": workspace,
        "sender": sender,
    }
    return fill(template.subject, values), fill(template.body, values)


def last_subject(thread: Sequence[ShownMail]) -> str:
    """What an answer in this thread is called; empty where nothing was written yet."""
    subject = thread[-1].subject if thread else ""
    return subject if subject.lower().startswith("re:") or not subject else f"Re: {subject}"
