"""What customers write back: it stands in their case, which is to do again, and its owner is told.

A reply is known by the Message-ID or the signed address of the letter that it answers; who it
says it is from decides nothing and is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from itertools import chain
from typing import Any
from uuid import UUID

from flask import current_app, render_template
from flask_babel import force_locale
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.database import insert_if_absent, snapshot, transaction, utcnow, uuid7
from vocapp.distributing.mail import address_digest
from vocapp.distributing.receiving import Incoming
from vocapp.distributing.service import suppress
from vocapp.following_up.changing import locked_cases, note_by_itself
from vocapp.following_up.models import ENDED_STATES, FollowUp
from vocapp.following_up.news import note_news
from vocapp.following_up.service import state_values
from vocapp.following_up.snoozing import wake
from vocapp.following_up.writing.attachments import keep_files
from vocapp.following_up.writing.models import IN, OUT, CaseMail
from vocapp.following_up.writing.sending import take_back_contact
from vocapp.following_up.writing.service import digest_of_message, digests_of_message
from vocapp.mailing import address_of, compose, one_line
from vocapp.outbox import Pending
from vocapp.translating import gettext as _
from vocapp.workspaces.models import User, Workspace
from vocapp.workspaces.reach import WHOLE_WORKSPACE

REPLIED = "case_reply"  # of `staff_mail`
_TO_DO_AGAIN = ("waiting", *ENDED_STATES)


def take_reply(incoming: Incoming, now: datetime) -> bool:
    """Put a mail into the case whose letter it answers; whether it answers one. Repeatable."""
    with transaction() as session:
        origin = _origin(session, incoming)
        if origin is None:
            return False
        if incoming.bounce is not None:
            _note_bounce(session, origin, incoming, now)
            return True
        if incoming.is_complaint:
            if origin.direction == OUT:  # else the address is what some mail said of itself
                digest = address_digest(origin.workspace_id, origin.address)
                suppress(session, origin.workspace_id, digest, kind="complained", now=now)
            return True
        case = case_of(session, origin)
        if case is not None:
            put_reply(session, case, origin.contact_id, incoming, now)
    outbox.ring("staff_mail")
    return True


def _origin(session: Session, incoming: Incoming) -> CaseMail | None:
    """The letter that a mail answers, the surest sign first."""
    named = (digests_of_message(each) for each in incoming.refers_to)
    digests = [*incoming.tokens, *chain.from_iterable(named)]
    if not digests:
        return None
    query = (
        select(CaseMail)
        .where(CaseMail.message_digest.in_(digests))
        # A letter of ours goes before a mail that says it had the same Message-ID.
        .order_by(CaseMail.direction)
        .execution_options(voc_all_workspaces=True)
    )
    found = {
        mail.message_digest: mail
        for mail in session.scalars(incoming.within(query, CaseMail.workspace_id))
    }
    return next((found[digest] for digest in digests if digest in found), None)


def case_of(session: Session, origin: CaseMail) -> FollowUp | None:
    """The case of a letter, locked: the one that it stands in where several were made one."""
    found = locked_cases(session, origin.workspace_id, [origin.follow_up_id], WHOLE_WORKSPACE)
    if found and found[0].merged_into_id is not None:
        found = locked_cases(
            session, origin.workspace_id, [found[0].merged_into_id], WHOLE_WORKSPACE
        )
    return found[0] if found else None


def put_reply(
    session: Session, case: FollowUp, contact_id: UUID | None, incoming: Incoming, now: datetime
) -> None:
    """What a person wrote back stands in a locked case; a second time it changes nothing."""
    mail_id = uuid7()
    is_new = insert_if_absent(
        session, CaseMail, workspace_id=case.workspace_id, id=mail_id, follow_up_id=case.id,
        direction=IN, state="automatic" if incoming.is_automatic else "received",
        contact_id=contact_id, address=incoming.sender, subject=incoming.subject,
        body=incoming.text, message_id=incoming.message_id, language=None,
        message_digest=digest_of_message(incoming.message_id), attachments=len(incoming.files),
        at=now,
    )  # fmt: skip
    if not is_new:
        return  # it was offered twice
    keep_files(session, case, mail_id, incoming.files)
    if incoming.is_automatic:  # whoever is away has not answered
        note_by_itself(session, case, "reply", {"mail": str(mail_id), "automatic": True}, now=now)
        return
    wake(session, case, why="answer", now=now)
    # They were contacted already, and now something is to do.
    values = state_values(case, "contacted", now) if case.state in _TO_DO_AGAIN else {}
    note_news(session, case, "reply", values, {"mail": str(mail_id)}, now=now)
    outbox.add(
        session, case.workspace_id, "staff_mail", mail_id, now=now, detail={"about": REPLIED}
    )


def _note_bounce(session: Session, origin: CaseMail, incoming: Incoming, now: datetime) -> None:
    """A letter came back after its server had taken it."""
    bounce = incoming.bounce
    assert bounce is not None
    moved = session.execute(
        update(CaseMail)
        .where(
            CaseMail.workspace_id == origin.workspace_id,
            CaseMail.id == origin.id,
            CaseMail.direction == OUT,
            CaseMail.state.in_(("sent", "unknown", "sending")),
        )
        .values(state="bounced", reason=bounce.status[:60])
        .returning(CaseMail.id)
        .execution_options(synchronize_session=False)
    )
    if moved.first() is None:
        return  # told before
    take_back_contact(session, origin)
    if bounce.is_bad_address:
        digest = address_digest(origin.workspace_id, origin.address)
        suppress(session, origin.workspace_id, digest, kind="bounced", now=now)


# --- telling the owner ------------------------------------------------------------------------


def reply_mail(pending: Pending) -> EmailMessage | None:
    """The mail to whoever owns the case, else to whoever wrote last; without what was said."""
    with snapshot() as session:
        row = session.execute(
            select(FollowUp, Workspace)
            .join(
                CaseMail,
                (CaseMail.workspace_id == FollowUp.workspace_id)
                & (CaseMail.follow_up_id == FollowUp.id),
            )
            .join(Workspace, Workspace.id == FollowUp.workspace_id)
            .where(CaseMail.workspace_id == pending.workspace_id, CaseMail.id == pending.subject_id)
        ).one_or_none()
        if row is None:
            return None
        case, workspace = row
        user_id = case.owner_user_id or _last_writer(session, case)
        person = session.get(User, user_id) if user_id else None
    if person is None or person.disabled_at is not None:
        return None
    with force_locale(person.locale):
        link = f"{current_app.config['BASE_URL']}/follow-ups/{case.id}"
        return compose(
            settings=current_app.config["SETTINGS"],
            to=address_of(one_line(person.name), person.email),
            subject=str(_("A customer replied to a follow-up")),
            text=render_template("following_up/mail/replied.txt", name=person.name, link=link),
            message_key=f"case-reply-{pending.subject_id}",
            now=utcnow(),
            workspace_id=workspace.id,
        )


def _last_writer(session: Session, case: FollowUp) -> Any:
    writers: Sequence[Any] = session.scalars(
        select(CaseMail.actor_user_id)
        .where(
            CaseMail.workspace_id == case.workspace_id,
            CaseMail.follow_up_id == case.id,
            CaseMail.actor_user_id.is_not(None),
        )
        .order_by(CaseMail.at.desc())
        .limit(1)
    ).all()
    return writers[0] if writers else None
