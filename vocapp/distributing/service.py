"""Use cases: ask somebody, note that they answered, and never write to them again.

Somebody is asked by e-mail or text message; each leaves by a kind of the outbox of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from surveys.phone_numbers import takes_texts
from vocapp import outbox
from vocapp.authoring.queries import survey_by_id
from vocapp.database import (
    insert_if_absent,
    read_once,
    scoped,
    snapshot,
    transaction,
    until_no_deadlock,
    utcnow,
    uuid7,
)
from vocapp.distributing.asking import deciding
from vocapp.distributing.mail import address_digests
from vocapp.distributing.models import Invitation, Suppression
from vocapp.distributing.sms.models import TextProvider
from vocapp.outbox import Pending
from vocapp.people.facts import AccountFacts, ContactFacts
from vocapp.people.identifying import Said, identify_one
from vocapp.people.models import Contact
from vocapp.problems import BadInput, Conflict
from vocapp.signing import BadToken, keyed_hashes, unsign

MAIL, SMS, ANSWERED, SEEN, FORGET_MAIL = "mail", "sms", "answered", "seen", "forget_mail"
EMAIL, TEXT = CHANNELS = ("email", "sms")
_WORK_OF = {EMAIL: MAIL, TEXT: SMS}
NO_PROVIDER = "no_sms"
# Before what a mail server or provider said: at an attempt that another follows, at the last one.
RETRYING, GIVEN_UP = "retrying: ", "given_up: "


@dataclass(frozen=True, slots=True)
class NewInvitation:
    """Whom to ask what, and when (None: now). cause: who wants to: campaign (somebody with a
    list) or api. channel: one of CHANNELS."""

    survey_id: UUID
    contact: ContactFacts
    account: AccountFacts | None = None
    send_at: datetime | None = None
    touchpoint: str | None = None
    idempotency_key: str | None = None
    cause: str = "api"
    channel: str = EMAIL


@dataclass(frozen=True, slots=True)
class Invited:
    """What came of it. `id` is None for somebody who was forgotten on request. reason: why not,
    or why not yet; next_day: the first possible local day, where the person is not asked.
    """

    id: UUID | None
    state: str
    reason: str | None
    created: bool = True
    next_day: date | None = None


def invite(workspace_id: UUID, new: NewInvitation, *, now: datetime) -> Invited:
    """Ask a person, or note why not; the message itself goes out later.

    The same idempotency key gives the same invitation. Raises BadInput when the survey
    takes no answers or nobody sends text messages here, Conflict when the key was used for
    another one.
    """
    _check_open(workspace_id, new.survey_id)
    if new.channel == TEXT:
        with snapshot() as session:
            if not sends_texts(session, workspace_id):
                raise BadInput.of("channel", "no provider of text messages is set up")
    invited = until_no_deadlock(lambda: _invite_named(workspace_id, new, now=now))
    if invited.created and invited.state == "scheduled":
        outbox.ring(_WORK_OF[new.channel])
    return invited


def _invite_named(workspace_id: UUID, new: NewInvitation, *, now: datetime) -> Invited:
    with transaction() as session:
        said = Said(as_of=now, account=new.account, contact=new.contact)
        contact = identify_one(session, workspace_id, said, now=now).contact
        if contact is None:
            return Invited(None, "not_sent", "erased", created=False)
        asking = Asking(
            new.survey_id, new.cause, new.send_at, new.touchpoint,
            _id_for(session, workspace_id, new.idempotency_key), channel=new.channel,
        )  # fmt: skip
        return ask(session, contact, asking, now=now)


def _check_open(workspace_id: UUID, survey_id: UUID) -> None:
    survey = survey_by_id(workspace_id, survey_id)
    if survey.state == "closed":
        raise BadInput.of("survey", "the survey is closed")
    if survey.published_version is None:
        raise BadInput.of("survey", "the survey is not published")


@dataclass(frozen=True, slots=True)
class Asking:
    """A wish to ask somebody who is known. id: of the invitation that it becomes. may_wait: who
    cannot be asked now may be later, so that only the ledger says that they were not. cause_id:
    which campaign wants to."""

    survey_id: UUID
    cause: str
    send_at: datetime | None
    touchpoint: str | None
    id: UUID
    may_wait: bool = False
    cause_id: UUID | None = None
    channel: str = EMAIL


def ask(session: Session, contact: Contact, asking: Asking, *, now: datetime) -> Invited:
    """Decide whether this person is asked, and note it, in the caller's transaction; the person
    is locked by it.

    At night or on a day off the mail waits for the morning. The same id gives the same invitation.
    Raises Conflict when it is that of another one. Ringing is the caller's.
    """
    wanted = max(asking.send_at or now, now)
    verdict = deciding.decide(
        session, contact, wanted=wanted,
        barred=reason_not_to_reach(session, contact, asking.channel),
    )  # fmt: skip
    is_asked = verdict.can_wait and verdict.next_at is not None
    line = deciding.Line(
        asking.id,
        asking.survey_id,
        asking.channel,
        asking.cause,
        is_asked,
        verdict.reason,
        asking.cause_id,
    )
    if asking.may_wait and not is_asked:
        deciding.write_line(session, contact, line, verdict, wanted=wanted, now=now)
        return Invited(None, "not_sent", verdict.reason, next_day=verdict.next_day)
    state = "scheduled" if is_asked else "not_sent"
    due_at = verdict.next_at if is_asked else wanted
    session.flush()
    is_new = insert_if_absent(
        session,
        Invitation,
        workspace_id=contact.workspace_id,
        id=asking.id,
        survey_id=asking.survey_id,
        contact_id=contact.id,
        channel=asking.channel,
        state=state,
        reason=verdict.reason,
        touchpoint=asking.touchpoint,
        send_at=due_at,
        created_at=now,
    )
    if not is_new:
        return _repeated(session, contact, asking)
    deciding.write_line(session, contact, line, verdict, wanted=wanted, now=now)
    if is_asked:
        kind = _WORK_OF[asking.channel]
        outbox.add(session, contact.workspace_id, kind, asking.id, now=now, due_at=due_at)
        return Invited(asking.id, state, verdict.reason)
    return Invited(asking.id, state, verdict.reason, next_day=verdict.next_day)


def _id_for(session: Session, workspace_id: UUID, key: str | None) -> UUID:
    """A key of the sender stands for one id, so that a retried request is one invitation, also
    where the secret key changed between."""
    if key is None:
        return uuid7()
    hashes = keyed_hashes("invitation-key", f"{workspace_id}:{key}")
    present, *former = (UUID(each[:32]) for each in hashes)
    if not former:
        return present
    known = select(Invitation.id).where(
        Invitation.workspace_id == workspace_id, Invitation.id.in_(former)
    )
    return session.scalar(known) or present


def _repeated(session: Session, contact: Contact, asking: Asking) -> Invited:
    row = session.scalars(
        scoped(Invitation, contact.workspace_id).where(Invitation.id == asking.id)
    ).one()
    asked = (row.survey_id, row.contact_id, row.touchpoint, row.channel)
    if asked != (asking.survey_id, contact.id, asking.touchpoint, asking.channel):
        raise Conflict("This Idempotency-Key was used for another invitation.")
    return Invited(row.id, row.state, row.reason, created=False)


def withdraw(session: Session, workspace_id: UUID, invitation_id: UUID, reason: str) -> bool:
    """Stop an invitation that has not gone out; False where it has, or is about to."""
    stopped = session.execute(
        update(Invitation)
        .where(
            Invitation.workspace_id == workspace_id,
            Invitation.id == invitation_id,
            Invitation.state == "scheduled",
        )
        .values(state="not_sent", reason=reason)
        .returning(Invitation.id)
    ).first()
    if stopped is not None:
        deciding.take_back(session, workspace_id, invitation_id, reason)
    return stopped is not None


def reason_not_to_mail(session: Session, workspace_id: UUID, address: str | None) -> str | None:
    """Why an address must not be written to, or None."""
    return why_no_address(EMAIL, address) or _suppressed(session, workspace_id, address or "")


def reason_not_to_text(session: Session, workspace_id: UUID, number: str | None) -> str | None:
    """The same of a telephone number (E.164) and text messages."""
    if not sends_texts(session, workspace_id):
        return NO_PROVIDER
    return why_no_address(TEXT, number) or _suppressed(session, workspace_id, number or "")


def reason_not_to_reach(session: Session, contact: Contact, channel: str) -> str | None:
    """Why somebody must not, or cannot, be written to by a channel; None: they may."""
    if channel == TEXT:
        return reason_not_to_text(session, contact.workspace_id, contact.phone)
    return reason_not_to_mail(session, contact.workspace_id, contact.email)


def why_no_address(channel: str, address: str | None) -> str | None:
    """What of an address or number alone keeps a message from arriving; None: nothing."""
    if channel == EMAIL:
        return None if address else "no_email"
    if not address:
        return "no_phone"
    return None if takes_texts(address) else "no_mobile"


def sends_texts(session: Session, workspace_id: UUID) -> bool:
    """Whether a workspace has somebody who sends its text messages."""
    return read_once(
        session,
        ("sends_texts", workspace_id),
        lambda: session.get(TextProvider, workspace_id) is not None,
    )


def _suppressed(session: Session, workspace_id: UUID, address: str) -> str | None:
    return session.scalar(
        select(Suppression.kind)
        .where(
            Suppression.workspace_id == workspace_id,
            Suppression.address_digest.in_(address_digests(workspace_id, address)),
        )
        .order_by(Suppression.created_at)
        .limit(1)
    )


# --- afterwards -------------------------------------------------------------------------


def mark_answered(session: Session, rows: Sequence[Pending]) -> None:
    """Outbox kind `answered`: the invited person has answered, whatever happened before."""
    for row in rows:
        session.execute(
            update(Invitation)
            .where(
                Invitation.workspace_id == row.workspace_id,
                Invitation.id == row.subject_id,
                Invitation.answered_at.is_(None),
            )
            .values(state="answered", answered_at=row.created_at)
        )


def mark_seen(session: Session, rows: Sequence[Pending]) -> None:
    """Outbox kind `seen`: the page behind the link was fetched, by a person or by a scanner of
    mail; only the first time is kept, and the state does not move."""
    for row in rows:
        session.execute(
            update(Invitation)
            .where(
                Invitation.workspace_id == row.workspace_id,
                Invitation.id == row.subject_id,
                Invitation.clicked_at.is_(None),
            )
            .values(clicked_at=row.created_at)
        )


@dataclass(frozen=True, slots=True)
class Unsubscription:
    """Who does not want mail any more: an address, known by its keyed hash."""

    workspace_id: UUID
    address_digest: str


def read_unsubscribe_token(token: str) -> Unsubscription:
    """What stands in an unsubscribe link; raises BadToken."""
    value = unsign("unsubscribe", token)
    try:
        workspace_id, digest = value
        return Unsubscription(UUID(hex=workspace_id), str(digest)[:64])
    except (TypeError, ValueError, AttributeError) as exc:
        raise BadToken("unsubscribe") from exc


def unsubscribe(who: Unsubscription, *, now: datetime) -> None:
    """Never write to this address again; saying so twice changes nothing."""
    with transaction() as session:
        suppress(session, who.workspace_id, who.address_digest, kind="unsubscribed", now=now)


def suppress(
    session: Session, workspace_id: UUID, digest: str, *, kind: str, now: datetime
) -> None:
    """Put an address or number on the list of those not to be written to, in the caller's
    transaction; of what is said again the last time is kept."""
    is_new = insert_if_absent(
        session,
        Suppression,
        workspace_id=workspace_id,
        address_digest=digest,
        kind=kind,
        created_at=now,
    )
    if not is_new:
        session.execute(
            update(Suppression)
            .where(
                Suppression.workspace_id == workspace_id,
                Suppression.address_digest == digest,
                Suppression.kind == kind,
                Suppression.created_at < now,
            )
            .values(created_at=now)
            .execution_options(synchronize_session=False)
        )


def forget_person(session: Session, workspace_id: UUID, contact_id: UUID) -> None:
    """A person's invitations go, and mails to them that lie in a folder; what keeps us from
    writing to their address again stays, as a hash."""
    of_person = (Invitation.workspace_id == workspace_id, Invitation.contact_id == contact_id)
    for invitation_id in session.scalars(select(Invitation.id).where(*of_person)):
        outbox.add(session, workspace_id, FORGET_MAIL, invitation_id, now=utcnow())
    session.execute(delete(Invitation).where(*of_person))
