"""Accounts and people are found by what is typed of their names, by an index (ADR 19).

Where their names can be read from is kept beside them, and follows every flush that writes a
name; a row that goes takes it along by its foreign key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, event, false, insert, inspect, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from surveys.name_starts import LENGTH, folded, starts
from vocapp.people.models import Account, AccountName, Contact, ContactName

_NAMES = {Account: ("name", "external_id"), Contact: ("name", "email", "external_id")}
_HIGHEST = "\U0010ffff"  # no letter, and behind all of them
_CHUNK = 500  # ids in one statement


def found_accounts(workspace_id: UUID, text: str) -> Select[UUID]:
    """Ids of the accounts that have this in the name or the external id; some of them twice."""
    return select(AccountName.account_id).where(
        AccountName.workspace_id == workspace_id, _begins_with(AccountName.start, text)
    )


def found_people(workspace_id: UUID, text: str) -> Select[UUID]:
    """The same of people, by name, address or external id."""
    return select(ContactName.contact_id).where(
        ContactName.workspace_id == workspace_id, _begins_with(ContactName.start, text)
    )


def _begins_with(start: InstrumentedAttribute[str], text: str) -> ColumnElement[bool]:
    wanted = folded(text)[:LENGTH]
    return start.between(wanted, wanted + _HIGHEST) if wanted else false()


def name_starts(row: Account | Contact) -> frozenset[str]:
    """From where an account or a person can be found."""
    found: frozenset[str] = frozenset()
    for field in _NAMES[type(row)]:
        found |= starts(getattr(row, field) or "", capitals=field == "name")
    return found


def note_names(session: Session, rows: Sequence[Account | Contact]) -> None:
    """Keep from where these can be found, instead of what was kept of them."""
    _note(session, AccountName, AccountName.account_id, _of(Account, rows))
    _note(session, ContactName, ContactName.contact_id, _of(Contact, rows))


def _of(model: type[Any], rows: Iterable[object]) -> list[Any]:
    return [row for row in rows if isinstance(row, model)]


def _note(
    session: Session,
    model: type[AccountName | ContactName],
    of: InstrumentedAttribute[UUID],
    rows: Sequence[Account | Contact],
) -> None:
    connection = session.connection()  # past the session: it may be flushing
    for begin in range(0, len(rows), _CHUNK):
        part = rows[begin : begin + _CHUNK]
        keys: dict[UUID, list[UUID]] = {}
        for row in part:
            keys.setdefault(row.workspace_id, []).append(row.id)
        for workspace_id, ids in keys.items():
            connection.execute(delete(model).where(model.workspace_id == workspace_id, of.in_(ids)))
        new = [
            {"workspace_id": row.workspace_id, of.key: row.id, "start": start}
            for row in part
            for start in sorted(name_starts(row))
        ]
        if new:
            connection.execute(insert(model), new)


@event.listens_for(Session, "after_flush")
def _follow(session: Session, _context: object) -> None:
    written = [*session.new, *(row for row in session.dirty if row not in session.deleted)]
    renamed = [row for row in written if type(row) in _NAMES and _is_renamed(row)]
    if renamed:
        note_names(session, renamed)


def _is_renamed(row: Account | Contact) -> bool:
    state: Any = inspect(row)
    return any(state.attrs[field].history.has_changes() for field in _NAMES[type(row)])
