"""Use cases: write to the customer of a case, take it back while it waits, write it again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy.orm import Session

from surveys.letters import open_gaps
from vocapp import outbox
from vocapp.database import insert_if_absent, scoped, transaction, uuid7
from vocapp.distributing.receiving import keep_looking
from vocapp.distributing.service import reason_not_to_mail
from vocapp.following_up.changing import (
    CaseWriter,
    Done,
    locked_case,
    refuse_merged,
    refuse_stale,
)
from vocapp.following_up.models import ACTIVE_STATES, FollowUp
from vocapp.following_up.service import state_values
from vocapp.following_up.writing.drafts import Written, draft_of, drop_draft, put_draft
from vocapp.following_up.writing.models import OUT, CaseMail
from vocapp.following_up.writing.reply_templates import MAX_BODY, MAX_SUBJECT
from vocapp.mailing import message_id
from vocapp.people.models import Contact
from vocapp.problems import BadInput, Conflict, FieldError, NotFound
from vocapp.signing import keyed_hashes
from vocapp.workspaces.reach import Reach

CASE_MAIL = "case_mail"
MAIL_WRITTEN = "follow_up.mail_written"  # in the audit log
HOLD = timedelta(seconds=30)  # so long it can be taken back
THEN = ("waiting", "contacted")  # what a case can be once it was written


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be sent. then: the state of the case afterwards, None as a contact makes it."""

    subject: str
    body: str
    language: str | None = None
    then: str | None = None


def digest_of_message(message: str) -> str:
    """By what a Message-ID is known; nobody else can make it."""
    return digests_of_message(message)[0]


def digests_of_message(message: str) -> list[str]:
    """`digest_of_message`, and what it was under former keys."""
    return [each[:32] for each in keyed_hashes("case-mail", message.strip())]


def write_mail(
    workspace_id: UUID,
    follow_up_id: UUID,
    letter: Letter,
    *,
    reach: Reach,
    expected_version: int | None,
    actor_user_id: UUID,
    now: datetime,
) -> Done:
    """Have a letter sent to the person of a case, who counts as contacted; the draft goes.

    It leaves after HOLD; who may be written to is looked at again then. Raises NotFound, BadInput
    (field "to": the person cannot be written to, with the reason), Conflict.
    """
    check_letter(letter)
    with transaction() as session:
        case = locked_case(session, workspace_id, follow_up_id, reach)
        refuse_merged(case)
        refuse_stale(case, expected_version)
        writer = CaseWriter(session, actor_user_id, now)
        put_letter(writer, case, letter, mail_id=uuid7(), author_user_id=actor_user_id)
        drop_draft(session, workspace_id, case.id, actor_user_id)
        return writer.done(MAIL_WRITTEN, workspace_id)


def put_letter(
    writer: CaseWriter, case: FollowUp, letter: Letter, *, mail_id: UUID, author_user_id: UUID
) -> None:
    """Put a checked letter of an author into a locked case, to leave after HOLD. Raises BadInput
    (field "to"), Conflict (there is another one of this id)."""
    session, now, workspace_id = writer.session, writer.now, case.workspace_id
    contact = _contact_of(session, case)
    then = {"then": letter.then} if letter.then else {}
    entry = writer.write(
        case, "mail", _effects(case, letter.then, now), contact_id=contact.id,
        mail=str(mail_id), **then,
    )  # fmt: skip
    session.flush()
    # Not by its id, which a program may choose: it could be that of somebody else's letter, and
    # would draw the answers to it here.
    sent_as = message_id(current_app.config["SETTINGS"], str(uuid7()))
    is_new = insert_if_absent(
        session, CaseMail, workspace_id=workspace_id, id=mail_id, follow_up_id=case.id,
        direction=OUT, state="scheduled", actor_user_id=author_user_id, contact_id=contact.id,
        entry_id=entry.id, address=contact.email or "", at=now, subject=plain_subject(letter),
        body=plain_body(letter), language=letter.language, message_id=sent_as,
        message_digest=digest_of_message(sent_as),
    )  # fmt: skip
    if not is_new:
        raise Conflict("There is another letter of this id.")
    outbox.add(session, workspace_id, CASE_MAIL, mail_id, now=now, due_at=now + HOLD)
    keep_looking(session, workspace_id, now=now)


def plain_subject(letter: Letter) -> str:
    """A subject as it is kept."""
    return " ".join(letter.subject.split())


def plain_body(letter: Letter) -> str:
    """A text as it is kept."""
    return letter.body.replace("\r\n", "\n").strip()


def check_letter(letter: Letter) -> None:
    """Raises BadInput, naming what of a letter cannot be sent."""
    wrong = []
    for name, text, most in (
        ("subject", letter.subject, MAX_SUBJECT), ("body", letter.body, MAX_BODY),
    ):  # fmt: skip
        if not 1 <= len(text.strip()) <= most:
            wrong.append(FieldError(name, f"expected 1 to {most} characters"))
        elif gaps := open_gaps(text):
            wrong.append(FieldError(name, f"still to be filled: {{{gaps[0]}}}"))
    if letter.then is not None and letter.then not in THEN:
        wrong.append(FieldError("then", f"expected one of {', '.join(THEN)}"))
    if wrong:
        raise BadInput(*wrong)


def _contact_of(session: Session, case: FollowUp) -> Contact:
    contact = session.scalar(
        scoped(Contact, case.workspace_id).where(Contact.id == case.contact_id)
    )
    reason = (
        reason_not_to_mail(session, case.workspace_id, contact.email) if contact else "no_email"
    )
    if contact is None or reason is not None:
        raise BadInput.of("to", reason or "no_email")
    return contact


def _effects(case: FollowUp, then: str | None, now: datetime) -> dict[str, Any]:
    """An e-mail is a contact as a call is; a case that has ended stays so unless asked."""
    values: dict[str, Any] = {}
    if then is None and case.state == "open":
        then = "contacted"
    if then is not None and (case.state in ACTIVE_STATES or then == "waiting"):
        values = state_values(case, then, now)
    if case.first_contact_at is None:
        values["first_contact_at"] = now
    return values


def recall(session: Session, case: FollowUp, mail_id: UUID, *, now: datetime) -> None:
    """Take a letter back into its writer's draft. Raises Conflict where it has gone out."""
    mail = session.scalar(
        scoped(CaseMail, case.workspace_id).where(CaseMail.id == mail_id).with_for_update()
    )
    if mail is None or mail.state != "scheduled" or mail.actor_user_id is None:
        raise Conflict("The e-mail has gone out already.")
    begun = draft_of(session, case.workspace_id, case.id, mail.actor_user_id)
    written = Written(mail.subject, "\n\n".join(t for t in (mail.body, begun.body) if t))
    put_draft(session, case.workspace_id, case.id, mail.actor_user_id, written, now=now)
    session.delete(mail)


def write_again(
    workspace_id: UUID,
    follow_up_id: UUID,
    mail_id: UUID,
    *,
    reach: Reach,
    actor_user_id: UUID,
    now: datetime,
) -> None:
    """Make a letter that did not arrive one's draft, above what one has begun. Raises NotFound."""
    with transaction() as session:
        case = locked_case(session, workspace_id, follow_up_id, reach)
        mail = session.scalar(
            scoped(CaseMail, workspace_id).where(
                CaseMail.id == mail_id,
                CaseMail.follow_up_id == case.id,
                CaseMail.state.in_(("not_sent", "unknown", "bounced")),
            )
        )
        if mail is None:
            raise NotFound("No such e-mail.")
        begun = draft_of(session, workspace_id, case.id, actor_user_id)
        texts = [mail.body] if begun.body.startswith(mail.body) else [mail.body, begun.body]
        written = Written(mail.subject, "\n\n".join(text for text in texts if text))
        put_draft(session, workspace_id, case.id, actor_user_id, written, now=now)
