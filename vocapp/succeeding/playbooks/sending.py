"""Outbox kind `playbook_mail`: a letter of a playbook goes out at most once, as invitations do.

The steps are those of `distributing.mail_steps`. Whether it should still go is looked at right
before its text is handed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.distributing.at_most_once import (
    Finish,
    NotBegun,
    NotWantedNow,
    deliver,
    nothing_more,
    send_each,
)
from vocapp.distributing.mail import digest_reached
from vocapp.distributing.mail_steps import MailSteps
from vocapp.distributing.receiving import Incoming
from vocapp.distributing.service import suppress, withdraw
from vocapp.following_up.writing.unasked import SentByItself, take_answer
from vocapp.mailing import Mailer, message_id
from vocapp.outbox import NotYet, Pending
from vocapp.people.models import Account, Contact
from vocapp.succeeding.playbooks.letters import Envelope, Written, build, digests_of_message
from vocapp.succeeding.playbooks.models import (
    Playbook,
    PlaybookLetter,
    PlaybookRun,
    PlaybookSending,
)
from vocapp.succeeding.playbooks.recipients import (
    HAS_OWNER,
    SWITCHED_OFF,
    reachable_at,
    why_never,
)
from vocapp.succeeding.playbooks.releasing import RECOVERED
from vocapp.succeeding.touchpoints import by_itself
from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.workspaces.models import Workspace

LEFT_ACCOUNT = "left_account"


def send_letters(rows: Sequence[Pending]) -> list[Finish | Exception | NotYet]:
    """Send each pending letter; one that fails does not stop the others."""
    return send_each(rows, _send, _give_up)


def _give_up(row: Pending, reason: str) -> Finish:
    return MailSteps(PlaybookLetter, row.workspace_id, row.subject_id, "").give_up(reason)


def _send(mailer: Mailer, row: Pending) -> Finish | NotYet:
    now = utcnow()
    with snapshot() as session:
        asked = _read(session, row.workspace_id, row.subject_id)
        if asked is None:
            return nothing_more
        reason = why_not(session, asked)
        not_before = reachable_at(session, asked.contact, now)
    steps = _Steps(asked)
    if asked.letter.state == "sending":
        return steps.unclear("stopped_while_sending")
    if asked.letter.state != "scheduled":
        return nothing_more
    if reason is not None:
        return steps.end("not_sent", was="scheduled", reason=reason)
    if not_before is not None and not_before > now:  # night has fallen there
        return NotYet(not_before)
    said = Written(
        asked.letter.language or "en", asked.letter.subject or "", asked.letter.body or ""
    )
    envelope = Envelope(
        asked.workspace, asked.contact.name, asked.address, str(asked.letter.id),
        asked.letter.message_digest,
    )  # fmt: skip
    return deliver(mailer, build(said, envelope), to=asked.address, steps=steps)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A letter with all that sending it needs, read in one snapshot."""

    letter: PlaybookLetter
    contact: Contact
    account: Account
    sending: PlaybookSending
    playbook: Playbook | None
    run: PlaybookRun | None
    plan: TouchpointPlan | None
    workspace: Workspace

    @property
    def address(self) -> str:
        return self.contact.email or ""


def _read(session: Session, workspace_id: UUID, letter_id: UUID) -> _Asked | None:
    def of(model: type[Any], column: Any) -> Any:
        return (model.workspace_id == workspace_id) & (model.id == column)

    row = session.execute(
        select(
            PlaybookLetter, Contact, Account, PlaybookSending, Playbook, PlaybookRun,
            TouchpointPlan, Workspace,
        )
        .join(PlaybookSending, of(PlaybookSending, PlaybookLetter.sending_id))
        .join(Contact, of(Contact, PlaybookLetter.contact_id))
        .join(Account, of(Account, PlaybookLetter.account_id))
        .outerjoin(Playbook, of(Playbook, PlaybookLetter.playbook_id))
        .outerjoin(PlaybookRun, of(PlaybookRun, PlaybookSending.run_id))
        .outerjoin(TouchpointPlan, of(TouchpointPlan, PlaybookSending.plan_id))
        .join(Workspace, Workspace.id == PlaybookLetter.workspace_id)
        .where(PlaybookLetter.workspace_id == workspace_id, PlaybookLetter.id == letter_id)
    ).one_or_none()  # fmt: skip
    return _Asked(*row) if row is not None else None


def why_not(session: Session, asked: _Asked) -> str | None:
    """Why a letter that was released is not to go out after all."""
    if asked.playbook is not None and asked.playbook.on_since is None:
        return SWITCHED_OFF
    if asked.run is not None and asked.run.recovered_on is not None:
        return RECOVERED
    if asked.plan is not None:
        reason = by_itself.why_not_now(session, asked.sending, asked.plan)
        if reason is not None:
            return reason
    if asked.account.owner_user_id is not None:
        return HAS_OWNER
    if asked.contact.account_id != asked.account.id:
        return LEFT_ACCOUNT
    return why_never(session, asked.contact)


class _Steps(MailSteps):
    """What becomes of a letter, step by step."""

    def __init__(self, asked: _Asked) -> None:
        super().__init__(PlaybookLetter, asked.letter.workspace_id, asked.letter.id, asked.address)
        self._of_touchpoint = asked.plan is not None

    def check(self, session: Session) -> None:
        """Whatever stood against it when it was read is looked at again."""
        asked = _read(session, self.workspace_id, self.row_id)
        if asked is None:
            raise NotWantedNow
        if asked.address != self.address or why_not(session, asked) is not None:
            raise NotBegun(NotYet(utcnow()))

    def ended(self, session: Session, _state: str, _values: dict[str, Any], /) -> None:
        """A touchpoint hears that its letter is out, or is not."""
        if self._of_touchpoint:
            by_itself.ask_to_release(session, self.workspace_id, now=utcnow())


# --- what comes back, and what is called back ---------------------------------------------------


def take_reply(incoming: Incoming, now: datetime) -> bool:
    """Put the answer to a letter into a case, or note that it came back; whether the mail was
    about one. Repeatable."""
    digests = [*incoming.tokens]
    for each in incoming.refers_to:
        digests += digests_of_message(each)
    if not digests or (incoming.is_automatic and not incoming.is_report):
        return False
    query = (
        select(PlaybookLetter)
        .where(PlaybookLetter.message_digest.in_(digests))
        .execution_options(voc_all_workspaces=True)
    )
    with transaction() as session:
        found = session.scalars(incoming.within(query, PlaybookLetter.workspace_id)).all()
        letter = min(
            found, key=lambda each: digests.index(each.message_digest or ""), default=None
        )  # the nearest
        if letter is None:
            return False
        if incoming.is_complaint:
            _suppress_recipient(session, letter, "complained")
        elif incoming.bounce is None:
            letter.replied_at = letter.replied_at or now
            take_answer(session, _as_sent(letter), incoming, now=now)
        elif letter.state in {"sent", "unknown", "sending"}:
            letter.state, letter.reason = "bounced", incoming.bounce.status[:60]
            if incoming.bounce.is_bad_address:
                _suppress_recipient(session, letter, "bounced")
    outbox.ring("staff_mail")
    return True


def _suppress_recipient(session: Session, letter: PlaybookLetter, kind: str) -> None:
    """The address that a letter went to is not written to again; the person may have another."""
    contact = session.get(Contact, (letter.workspace_id, letter.contact_id))
    present = contact.email if contact is not None else None
    digest = digest_reached(letter.workspace_id, letter.address_digest, present)
    if digest is not None:
        suppress(session, letter.workspace_id, digest, kind=kind, now=utcnow())


def _as_sent(letter: PlaybookLetter) -> SentByItself:
    return SentByItself(
        letter.workspace_id, letter.contact_id, letter.account_id,
        message_id(current_app.config["SETTINGS"], str(letter.id)),
        letter.subject or "", letter.body or "", letter.language, letter.sent_at or letter.at,
    )  # fmt: skip


def call_back(session: Session, playbook: Playbook) -> None:
    """Stop invitations of a playbook that wait for their hour, in the caller's transaction, which
    switches it off. Letters look by themselves before they go."""
    waiting = session.scalars(
        scoped(PlaybookLetter, playbook.workspace_id).where(
            PlaybookLetter.playbook_id == playbook.id, PlaybookLetter.state == "asked"
        )
    )
    for letter in waiting:
        if withdraw(session, playbook.workspace_id, letter.id, SWITCHED_OFF):
            letter.state, letter.reason = "not_sent", SWITCHED_OFF
