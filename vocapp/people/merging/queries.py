"""Reads: who may be one person, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import LazyString
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from vocapp.database import scoped, snapshot
from vocapp.people.merging.facts import combined
from vocapp.people.merging.service import known_of
from vocapp.people.models import Account, Contact, MergeSuggestion
from vocapp.people.personal_stores import counts_of_person
from vocapp.problems import NotFound


@dataclass(frozen=True, slots=True)
class Side:
    """One of two records. counts: (what, how many) of everything that is kept of it."""

    id: UUID
    name: str
    created_at: datetime
    counts: tuple[tuple[LazyString, int], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A fact of both records, and what of it holds after merging. Values ready to show."""

    name: str
    left: str
    right: str
    after: str

    @property
    def differs(self) -> bool:
        """Whether the records contradict each other; silence contradicts nothing."""
        return bool(self.left and self.right) and self.left != self.right

    @property
    def is_new(self) -> bool:
        """Whether the record that stays learns something."""
        return self.after != self.left


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records that may be one person. left: the one that would be kept."""

    suggestion_id: UUID
    reason: str
    suggested_at: datetime
    left: Side
    right: Side
    lines: tuple[Line, ...]


def count_suggestions(workspace_id: UUID) -> int:
    """How many wait for a decision."""
    with snapshot() as session:
        query = select(func.count()).select_from(MergeSuggestion)
        return session.scalar(query.where(*_undecided(workspace_id))) or 0


def suggested_pairs(
    workspace_id: UUID, *, limit: int, after: UUID | None = None
) -> tuple[Pair, ...]:
    """Suggestions without a decision, oldest first; after: only those behind this one."""
    with snapshot() as session:
        query = select(MergeSuggestion).where(*_undecided(workspace_id))
        if after is not None:
            query = query.where(MergeSuggestion.id > after)
        rows = session.scalars(query.order_by(MergeSuggestion.id).limit(limit)).all()
        return tuple(_pair(session, row) for row in rows)


def suggested_pair(workspace_id: UUID, suggestion_id: UUID, *, keep: UUID | None = None) -> Pair:
    """One suggestion, decided or not; keep: the record to stand left. Raises NotFound."""
    with snapshot() as session:
        row = session.scalar(
            scoped(MergeSuggestion, workspace_id).where(MergeSuggestion.id == suggestion_id)
        )
        if row is None:
            raise NotFound("No such suggestion.")
        return _pair(session, row, keep=keep)


def _undecided(workspace_id: UUID) -> tuple[Any, ...]:
    return (MergeSuggestion.workspace_id == workspace_id, MergeSuggestion.decided_at.is_(None))


def _pair(session: Session, row: MergeSuggestion, *, keep: UUID | None = None) -> Pair:
    """The record with an external id stays unless told otherwise: systems know it by that."""
    contacts = {
        contact.id: contact
        for contact in session.scalars(
            scoped(Contact, row.workspace_id).where(
                or_(Contact.id == row.contact_id, Contact.id == row.other_contact_id)
            )
        )
    }
    left, right = contacts[row.contact_id], contacts[row.other_contact_id]
    if keep == right.id:
        left, right = right, left
    lines = _lines(session, left, right)
    return Pair(
        row.id, row.reason, row.created_at, _side(session, left), _side(session, right), lines
    )


def _side(session: Session, contact: Contact) -> Side:
    counts = counts_of_person(session, contact.workspace_id, contact.id)
    return Side(contact.id, shown_name(contact), contact.created_at, counts)


def shown_name(contact: Contact) -> str:
    return contact.name or contact.external_id or contact.email or ""


def _lines(session: Session, left: Contact, right: Contact) -> tuple[Line, ...]:
    ours, theirs = known_of(left), known_of(right)
    both = combined(ours, theirs)
    names = _account_names(session, left, right)
    external_ids = (left.external_id, right.external_id, left.external_id or right.external_id)
    accounts = (names.get(known.fields["account_id"]) for known in (ours, theirs, both))
    found = [_line("external_id", *external_ids)]
    for name in ("name", "email", "phone", "locale", "time_zone"):
        found.append(_line(name, *(known.fields[name] for known in (ours, theirs, both))))
    found.insert(3, _line("account", *accounts))
    for name in sorted(both.attributes):
        values = (known.attributes.get(name) for known in (ours, theirs, both))
        found.append(_line(f"attributes.{name}", *values))
    return tuple(each for each in found if each.left or each.right)


def _line(name: str, left: Any, right: Any, after: Any) -> Line:
    return Line(name, _text(left), _text(right), _text(after))


def _account_names(session: Session, left: Contact, right: Contact) -> dict[Any, str]:
    ids = {left.account_id, right.account_id} - {None}
    rows = session.execute(
        select(Account.id, Account.name, Account.external_id).where(
            Account.workspace_id == left.workspace_id, Account.id.in_(ids)
        )
    )
    return {row.id: row.name or row.external_id for row in rows}


def _text(value: Any) -> str:
    """Blank where nothing is known."""
    return "" if value is None else str(value)
