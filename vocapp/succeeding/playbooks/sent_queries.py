"""Reads: what playbooks sent by themselves, to whom, and what came of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from vocapp.distributing.models import Invitation
from vocapp.extensions import db
from vocapp.people.models import Contact
from vocapp.succeeding.playbooks.models import PlaybookLetter, PlaybookSending

PAST = timedelta(days=30)
_INVITATION = and_(
    Invitation.workspace_id == PlaybookLetter.workspace_id, Invitation.id == PlaybookLetter.id
)
# A survey is what its invitation is; an e-mail what its letter is.
_STATE = case((PlaybookLetter.state == "asked", Invitation.state), else_=PlaybookLetter.state)
_REASON = case((PlaybookLetter.state == "asked", Invitation.reason), else_=PlaybookLetter.reason)
_IS_ANSWERED = case(
    (PlaybookLetter.replied_at.is_not(None), True),
    (Invitation.state == "answered", True),
    else_=False,
)
_ON_ITS_WAY, _OUT = ("scheduled", "sending"), ("sent", "answered")


@dataclass(slots=True)
class Sent:
    """Of the last 30 days, in people: on their way, out, answered (of those), perhaps out, come
    back, and left out by reason. accounts_waiting: for their day; accounts_dropped: by reason.
    """

    on_its_way: int = 0
    out: int = 0
    answered: int = 0
    unknown: int = 0
    bounced: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    accounts_waiting: int = 0
    accounts_dropped: dict[str, int] = field(default_factory=dict)

    @property
    def is_any(self) -> bool:
        """Whether there is anything to tell."""
        return any((self.on_its_way, self.out, self.unknown, self.bounced, self.left_out,
                    self.accounts_waiting, self.accounts_dropped))  # fmt: skip


def came_of_sending(workspace_id: UUID, playbook_id: UUID, *, now: datetime) -> Sent:
    """What a playbook sent lately; two statements."""
    sent = Sent()
    rows = db.session.execute(
        select(_STATE, _REASON, _IS_ANSWERED, func.count())
        .outerjoin(Invitation, _INVITATION)
        .where(
            PlaybookLetter.workspace_id == workspace_id,
            PlaybookLetter.playbook_id == playbook_id,
            PlaybookLetter.day > (now - PAST).date(),
        )
        .group_by(_STATE, _REASON, _IS_ANSWERED)
    )
    for state, reason, is_answered, count in rows:
        if state == "not_sent":
            sent.left_out[reason or ""] = sent.left_out.get(reason or "", 0) + count
        elif state in _OUT:
            sent.out += count
            sent.answered += count if is_answered else 0
        elif state in _ON_ITS_WAY:
            sent.on_its_way += count
        elif state == "bounced":
            sent.bounced += count
        else:
            sent.unknown += count
    of_accounts = db.session.execute(
        select(PlaybookSending.state, PlaybookSending.reason, func.count())
        .where(
            PlaybookSending.workspace_id == workspace_id,
            PlaybookSending.playbook_id == playbook_id,
            (PlaybookSending.state == "waiting") | (PlaybookSending.decided_at > now - PAST),
        )
        .group_by(PlaybookSending.state, PlaybookSending.reason)
    )
    for state, reason, count in of_accounts:
        if state == "waiting":
            sent.accounts_waiting += count
        elif state == "dropped":
            sent.accounts_dropped[reason or ""] = count
    return sent


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A letter or an invitation, with what became of it. who: a name, else an address."""

    id: UUID
    kind: str
    state: str
    reason: str | None
    is_answered: bool
    who: str
    subject: str | None
    at: datetime


_COLUMNS = (
    PlaybookLetter.id, PlaybookLetter.kind, _STATE.label("state"), _REASON.label("reason"),
    _IS_ANSWERED.label("is_answered"), Contact.name, Contact.email, PlaybookLetter.subject,
    PlaybookLetter.at,
)  # fmt: skip


def letters() -> Any:
    """A statement over letters with their people, for rows that `letter_row` takes."""
    return (
        select(*_COLUMNS)
        .join(
            Contact,
            (Contact.workspace_id == PlaybookLetter.workspace_id)
            & (Contact.id == PlaybookLetter.contact_id),
        )
        .outerjoin(Invitation, _INVITATION)
    )


def letter_row(row: Any) -> LetterRow:
    """A row of `letters`."""
    return LetterRow(
        row.id, row.kind, row.state or "not_sent", row.reason, bool(row.is_answered),
        row.name or row.email or "–", row.subject, row.at,
    )  # fmt: skip


def letters_by_sending(
    session: Session, workspace_id: UUID, sending_ids: Sequence[UUID]
) -> dict[UUID, list[LetterRow]]:
    """Sending → its letters, also those that were left out; one statement."""
    found: dict[UUID, list[LetterRow]] = defaultdict(list)
    query = (
        letters()
        .add_columns(PlaybookLetter.sending_id)
        .where(
            PlaybookLetter.workspace_id == workspace_id,
            PlaybookLetter.sending_id.in_(sending_ids),
        )
        .order_by(PlaybookLetter.at, PlaybookLetter.id)
    )
    for row in session.execute(query):
        found[row.sending_id].append(letter_row(row))
    return found


@dataclass(frozen=True, slots=True)
class OfRun:
    """What a firing sent. steps: sendings that are not done, with their reason or day."""

    letters: Sequence[LetterRow] = ()
    steps: Sequence[PlaybookSending] = ()


def sent_by_runs(workspace_id: UUID, run_ids: Sequence[UUID]) -> dict[UUID, OfRun]:
    """Firing → what it sent; two statements."""
    found: dict[UUID, list[LetterRow]] = defaultdict(list)
    query = (
        letters()
        .add_columns(PlaybookSending.run_id)
        .join(
            PlaybookSending,
            (PlaybookSending.workspace_id == PlaybookLetter.workspace_id)
            & (PlaybookSending.id == PlaybookLetter.sending_id),
        )
        .where(PlaybookLetter.workspace_id == workspace_id, PlaybookSending.run_id.in_(run_ids))
        .order_by(PlaybookLetter.at, PlaybookLetter.id)
    )
    for row in db.session.execute(query):
        found[row.run_id].append(letter_row(row))
    steps: dict[UUID, list[PlaybookSending]] = defaultdict(list)
    for step in db.session.scalars(
        select(PlaybookSending)
        .where(
            PlaybookSending.workspace_id == workspace_id,
            PlaybookSending.run_id.in_(run_ids),
            PlaybookSending.state != "done",
        )
        .order_by(PlaybookSending.due_on, PlaybookSending.step_key)
    ):
        if step.run_id is not None:
            steps[step.run_id].append(step)
    return {run_id: OfRun(found[run_id], steps[run_id]) for run_id in run_ids}
