"""Accounts and contacts from a file.

What a file says holds since the file was last written: so a second run, or the run of an old
file, changes nothing that became known later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from vocapp.connecting.importing.bodies import account_of, checked, part
from vocapp.connecting.importing.columns import ATTRIBUTE
from vocapp.connecting.importing.tally import Outcome
from vocapp.database import snapshot, transaction, until_no_deadlock
from vocapp.people.models import Account, Contact
from vocapp.people.parsing import ContactBody
from vocapp.people.service import (
    AccountFacts,
    ContactFacts,
    identify_contact,
    is_erased,
    upsert_account,
)
from vocapp.problems import BadInput


@dataclass(frozen=True, slots=True)
class Accounts:
    """Rows that are accounts."""

    workspace_id: UUID
    as_of: datetime
    now: datetime

    def parse(self, values: Mapping[str, Any]) -> AccountFacts:
        facts = account_of(values, part(values, ATTRIBUTE))
        if facts is None:
            raise BadInput.of("account.external_id", "is needed")
        return facts

    def preview(self, items: Sequence[AccountFacts]) -> list[Outcome]:
        return ["stored"] * len(items)

    def store(self, items: Sequence[AccountFacts]) -> list[Outcome]:
        def write() -> list[Outcome]:
            with transaction() as session:
                return [self._store(session, facts) for facts in items]

        return until_no_deadlock(write)

    def _store(self, session: Session, facts: AccountFacts) -> Outcome:
        account = upsert_account(session, self.workspace_id, facts, as_of=self.as_of, now=self.now)
        return _outcome(session, account, now=self.now)


@dataclass(frozen=True, slots=True)
class Person:
    """A contact of a row, with the account it belongs to."""

    facts: ContactFacts
    account: AccountFacts | None


@dataclass(frozen=True, slots=True)
class Contacts:
    """Rows that are contacts."""

    workspace_id: UUID
    as_of: datetime
    now: datetime

    def parse(self, values: Mapping[str, Any]) -> Person:
        raw = {**part(values, "contact."), "attributes": part(values, ATTRIBUTE)}
        return Person(checked(ContactBody, raw, "contact.").facts(), account_of(values))

    def preview(self, items: Sequence[Person]) -> list[Outcome]:
        with snapshot() as session:
            return [
                "erased" if is_erased(session, self.workspace_id, item.facts) else "stored"
                for item in items
            ]

    def store(self, items: Sequence[Person]) -> list[Outcome]:
        def write() -> list[Outcome]:
            with transaction() as session:
                accounts: dict[str, Account] = {}
                return [self._store(session, item, accounts) for item in items]

        return until_no_deadlock(write)

    def _store(self, session: Session, item: Person, accounts: dict[str, Account]) -> Outcome:
        if is_erased(session, self.workspace_id, item.facts):
            return "erased"
        account = None
        if item.account is not None:
            account = upsert_account(
                session, self.workspace_id, item.account,
                as_of=self.as_of, now=self.now, locked=accounts,
            )  # fmt: skip
        contact = identify_contact(
            session, self.workspace_id, item.facts,
            account_id=account.id if account else None, as_of=self.as_of, now=self.now,
        )  # fmt: skip
        assert contact is not None
        return _outcome(session, contact, now=self.now)


def _outcome(session: Session, row: Account | Contact, *, now: datetime) -> Outcome:
    """Whether the row says anything new; asked before it is flushed."""
    changed = row.created_at == now or session.is_modified(row)
    session.flush()
    return "stored" if changed else "unchanged"
