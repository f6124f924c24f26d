"""Outbox kind `sms`: an invitation goes out as a text message, once.

A provider knows a message by our reference, the invitation's id. So, other than mail, a message of
which nobody knows whether it is out is handed over again: under the same reference it is the same
message. `sending` is committed before it is handed over, and stays while it may be out: what is
then said of the invitation never calls it unsent. It ends where no attempt of a day was taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from surveys.languages import best_language
from surveys.sms_text import parts_of
from vocapp.authoring.queries import definition_of
from vocapp.database import insert_if_absent, snapshot, transaction, utcnow
from vocapp.distributing.asking import deciding
from vocapp.distributing.at_most_once import (
    MOST_ATTEMPTS,
    Finish,
    NotBegun,
    NotWantedNow,
    nothing_more,
    stored,
)
from vocapp.distributing.campaigns.stopping import is_stopped
from vocapp.distributing.mail import address_digest
from vocapp.distributing.sending import InvitationSteps, Read, held_back, read_invitation
from vocapp.distributing.service import GIVEN_UP, reason_not_to_text, suppress
from vocapp.distributing.sms.models import TextMessage
from vocapp.distributing.sms.provider import OPTED_OUT, NotTaken, Provider, Refused
from vocapp.distributing.sms.settings import note_trouble, provider_of, takes
from vocapp.distributing.sms.wording import new_code, own_texts, said
from vocapp.outbox import NotYet, Outcome, Pending

# Of thousands that wait for a silent provider each is tried rarely. Longer than days off, between
# which there are few attempts as well.
_LONGEST = timedelta(days=7)
# A provider that asks to be left alone is, for so long after the message was due; then it counts
# as one that fails.
_PATIENCE = timedelta(days=1)
_AFTER_SILENCE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class _Message:
    """One message with all that it needs, read in one snapshot. provider: None where it is not to
    go, and `reason` says why."""

    workspace_id: UUID
    id: UUID
    state: str
    reason: str | None
    not_before: datetime
    due_at: datetime
    provider: Provider | None = None
    sender: str = ""
    number: str = ""
    code: str = ""
    text: str = ""
    is_stopped: bool = False
    wait_until: datetime | None = None
    begun_at: datetime | None = None

    def is_last_attempt(self, row: Pending, now: datetime) -> bool:
        """Whether it is given up where this attempt fails."""
        is_old = self.begun_at is not None and now - self.begun_at >= _LONGEST
        return is_old or row.attempts >= MOST_ATTEMPTS


def send_texts(rows: Sequence[Pending]) -> list[Outcome]:
    """Hand each pending message over; one that fails does not stop the others.

    Where a provider asks to be left alone, or does not answer at all, all messages of its workspace
    wait: of many that are due, each would else ask it again, or hold up other workspaces.
    """
    return [_attempt(row) for row in rows]


def _attempt(row: Pending) -> Outcome:
    try:
        return _send(row)
    except Exception as exc:  # noqa: BLE001 - handed to the outbox, which records it on the row
        return exc


def _send(row: Pending) -> Finish | NotYet:
    now = utcnow()
    message = _read(row.workspace_id, row.subject_id, now=now)
    if message is None or message.state not in ("scheduled", "sending"):
        return nothing_more
    steps = _Steps(message)
    if message.provider is None:
        return steps.end(_unsent(message), reason=message.reason)
    if message.is_stopped and message.state == "scheduled":
        return held_back(now)
    if message.not_before > now:  # it was late, and night has fallen there
        return NotYet(message.not_before)
    if message.wait_until is not None and message.wait_until > now:
        return NotYet(message.wait_until, goes_behind=True)
    try:
        steps.begin()
    except NotWantedNow:
        return nothing_more
    except NotBegun as exc:
        return exc.look
    return _hand_over(message, message.provider, steps, row)


def _unsent(message: _Message) -> str:
    """What an invitation is that does not go, or not again."""
    return "unknown" if message.state == "sending" else "not_sent"


def _hand_over(
    message: _Message, provider: Provider, steps: _Steps, row: Pending
) -> Finish | NotYet:
    try:
        provider_id = hand_over(
            message.workspace_id, provider, to=message.number, sender=message.sender,
            text=message.text, reference=message.id,
        )  # fmt: skip
    except Refused as exc:
        return steps.refused_for_good(exc)
    except NotTaken as exc:
        now = utcnow()
        wait_until = _alone_until(exc, now)
        if message.is_last_attempt(row, now):
            return steps.given_up(exc)
        steps.try_again(exc)
        if wait_until and not exc.is_silence and now - message.due_at < _PATIENCE:
            return NotYet(wait_until, goes_behind=True)
        raise
    return stored(steps.taken(provider_id))


def hand_over(
    workspace_id: UUID, provider: Provider, *, to: str, sender: str, text: str, reference: UUID
) -> str:
    """What the provider calls the message that it took; how that went is noted of it. Call it with
    no transaction open. Raises NotTaken, Refused."""
    try:
        provider_id = provider.send(to=to, sender=sender, text=text, reference=str(reference))
    except NotTaken as exc:
        now = utcnow()
        note_trouble(workspace_id, exc.reason[:60], wait_until=_alone_until(exc, now), now=now)
        raise
    note_trouble(workspace_id, None, now=utcnow())
    return provider_id


def _alone_until(failure: NotTaken, now: datetime) -> datetime | None:
    """Until when no message of the workspace is handed over; None: they may be at once."""
    if failure.is_silence:
        return now + _AFTER_SILENCE
    return None if failure.wait_s is None else now + timedelta(seconds=max(failure.wait_s, 1))


class _Steps(InvitationSteps):
    """What becomes of an invitation by text message, step by step."""

    def __init__(self, message: _Message) -> None:
        super().__init__(message.workspace_id, message.id, message.number)
        self._message = message

    def begin(self) -> None:
        """Only one worker can, and only while the number may be written to. Raises NotWantedNow;
        NotBegun where somebody else begins at the same moment, the person said stop, or the
        campaign was stopped."""
        message = self._message
        with transaction() as session:
            if reason_not_to_text(session, self.workspace_id, self.address) is not None:
                raise NotBegun(NotYet(utcnow()))  # the next look notes why
            if message.state == "scheduled" and is_stopped(session, self.workspace_id, self.row_id):
                raise NotBegun(held_back(utcnow()))
            if not self._move(session, "sending", was=("scheduled", "sending")):
                raise NotWantedNow
            digest = address_digest(self.workspace_id, self.address)
            is_new = insert_if_absent(
                session, TextMessage, workspace_id=self.workspace_id, invitation_id=self.row_id,
                code=message.code, parts=max(1, parts_of(message.text).parts),
                provider_id=None, number_digest=digest, created_at=utcnow(),
            )  # fmt: skip
            known = session.get_one(TextMessage, (self.workspace_id, self.row_id))
            if not is_new and known.code != message.code:
                raise NotBegun(NotYet(utcnow()))  # another worker has
            known.number_digest = digest  # the number may have been corrected between two attempts

    def try_again(self, failure: NotTaken) -> None:
        """What may be out stays what it is: being sent. Of the others nobody has anything yet."""
        state = "sending" if self._may_be_out(failure) else "scheduled"
        self.wait(state, failure.reason, was=("sending",))

    def given_up(self, failure: NotTaken) -> Finish:
        """No attempt was taken, and none follows."""
        state = "unknown" if self._may_be_out(failure) else "not_sent"
        return self.end(state, reason=f"{GIVEN_UP}{failure.reason}")

    def _may_be_out(self, failure: NotTaken) -> bool:
        """By this attempt, or by one before."""
        return failure.may_be_out or self._message.state == "sending"

    def taken(self, provider_id: str) -> Finish:
        """The provider has it, also where another worker found meanwhile that it had not."""
        noted = self.end("sent", sent_at=utcnow(), reason=None)

        def finish(session: Session) -> None:
            noted(session)
            session.execute(
                update(TextMessage)
                .where(
                    TextMessage.workspace_id == self.workspace_id,
                    TextMessage.invitation_id == self.row_id,
                )
                .values(provider_id=provider_id or None)
            )

        return finish

    def refused_for_good(self, refusal: Refused) -> Finish:
        """Where the number is at fault it is not written to again. Of one that an earlier attempt
        may have brought out nobody says that it is not, unless nothing can arrive there."""
        may_be_out = self._message.state == "sending" and not refusal.is_bad_address
        moved = self.end("unknown" if may_be_out else "bounced", reason=refusal.reason)
        now = utcnow()

        def finish(session: Session) -> None:
            moved(session)
            if refusal.is_bad_address:
                digest = address_digest(self.workspace_id, self.address)
                note_bad_number(session, self.workspace_id, digest, refusal.code, now=now)

        return finish


def note_bad_number(
    session: Session, workspace_id: UUID, digest: str, code: str, *, now: datetime
) -> None:
    """Nothing arrives at a number, or its owner told the provider to stop; in the caller's
    transaction. digest: see `address_digest`."""
    kind = "unsubscribed" if code == OPTED_OUT else "bounced"
    suppress(session, workspace_id, digest, kind=kind, now=now)


def _read(workspace_id: UUID, invitation_id: UUID, *, now: datetime) -> _Message | None:
    """What is to be sent and whether it may be, or None when the invitation is gone."""
    with snapshot() as session:
        read = read_invitation(session, workspace_id, invitation_id)
        if read is None:
            return None
        invitation, contact = read.invitation, read.contact
        reason = reason_not_to_text(session, workspace_id, contact.phone)
        reason = reason or deciding.why_never_asked(session, contact)
        if read.survey.state != "published":
            reason = reason or "survey_closed"
        not_before = deciding.not_before(session, contact, now=now)
        provider = provider_of(session, workspace_id)
        known = session.get(TextMessage, (workspace_id, invitation_id))
        code = known.code if known else new_code()
        text = "" if reason else _text(session, read, code)
        stopped = is_stopped(session, workspace_id, invitation_id)
    if reason is not None or provider is None:
        return _Message(
            workspace_id, invitation_id, invitation.state, reason, not_before, invitation.send_at
        )
    return _Message(
        workspace_id, invitation_id, invitation.state, None, not_before, invitation.send_at,
        takes(provider), provider.sender, contact.phone or "", code, text, stopped,
        provider.wait_until, known.created_at if known else None,
    )  # fmt: skip


def _text(session: Session, read: Read, code: str) -> str:
    """In the language that fits the person best."""
    survey, contact, workspace = read.survey, read.contact, read.workspace
    definition = definition_of(workspace.id, survey.id, survey.published_version or 1)
    language = best_language(contact.locale or workspace.locale, definition.languages)
    own = own_texts(session, workspace.id, survey.id).texts
    return said(own, language, code=code, name=contact.name, workspace=workspace.name)
