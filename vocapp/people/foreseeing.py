"""What taking over what is said would do, without doing it: nothing is locked or written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.orm import Session

from vocapp.database import scoped, snapshot, uuid7
from vocapp.people.facts import (
    AccountFacts,
    ContactFacts,
    see_at,
    take_account_facts,
    take_contact_facts,
)
from vocapp.people.identifying import Identity, Said, identity_of, ids_of, known_accounts
from vocapp.people.models import Account, Contact

Foreseen = Literal["new", "changed", "unchanged"]

# What people see of a record; since when it is known is no change to them.
_OF_ACCOUNT = (
    "name", "plan", "region", "mrr_minor", "currency", "started_on", "renewal_on", "attributes",
    "fact_history", "parent_account_id",
)  # fmt: skip
_OF_CONTACT = (
    "name", "email", "locale", "time_zone", "phone", "roles", "left_at", "attributes", "account_id",
)  # fmt: skip


def foresee(workspace_id: UUID, said: Sequence[Said], *, now: datetime) -> list[Foreseen]:
    """For each item: whether whom it is about is new, or something of it or of the account that
    it names would change. Items build upon those before them. Nobody of them was erased.

    1. read whom the items name; 2. take over, item by item, what they say in records that are
    never stored.
    """
    with snapshot() as session:
        accounts = _accounts(session, workspace_id, said)
        contacts = _contacts(session, workspace_id, said)
    return [_foreseen(workspace_id, item, accounts, contacts, now=now) for item in said]


def _accounts(session: Session, workspace_id: UUID, said: Sequence[Said]) -> dict[str, Account]:
    named = [item.account for item in said if item.account]
    keys = {each.external_id for each in named} | {each.parent for each in named if each.parent}
    ids = known_accounts(session, workspace_id, keys)
    rows = session.scalars(scoped(Account, workspace_id).where(Account.id.in_(set(ids.values()))))
    by_id = {row.id: row for row in rows}
    return {key: by_id[account_id] for key, account_id in ids.items()}


def _contacts(
    session: Session, workspace_id: UUID, said: Sequence[Said]
) -> dict[Identity, Contact]:
    ids = ids_of(
        session, workspace_id, {identity_of(each.contact) for each in said if each.contact}
    )
    rows = session.scalars(scoped(Contact, workspace_id).where(Contact.id.in_(set(ids.values()))))
    by_id = {row.id: row for row in rows}
    return {identity: by_id[key] for identity, key in ids.items() if key in by_id}


def _foreseen(
    workspace_id: UUID,
    item: Said,
    accounts: dict[str, Account],
    contacts: dict[Identity, Contact],
    *,
    now: datetime,
) -> Foreseen:
    account = accounts.get(item.account.external_id) if item.account else None
    contact = contacts.get(identity_of(item.contact)) if item.contact else None
    is_new = (contact if item.contact else account) is None
    before = (_values(account, _OF_ACCOUNT), _values(contact, _OF_CONTACT))
    if item.account:
        account = account or _account(workspace_id, item.account)
        accounts[item.account.external_id] = account
        take_account_facts(account, item.account, as_of=item.as_of, now=now)
        _put_under(account, item.account.parent, accounts, as_of=item.as_of)
    if item.contact:
        contact = contact or _contact(workspace_id, item.contact)
        contacts[identity_of(item.contact)] = contact
        take_contact_facts(contact, item.contact, as_of=item.as_of, now=now)
        if account is not None:
            see_at(contact, account.id, as_of=item.as_of)
    if is_new:
        return "new"
    after = (_values(account, _OF_ACCOUNT), _values(contact, _OF_CONTACT))
    return "unchanged" if after == before else "changed"


def _put_under(
    account: Account, parent: str | None, accounts: Mapping[str, Account], *, as_of: datetime
) -> None:
    """As `parents.put_under`, which also looks whether it may be."""
    known = account.fact_as_of.get("parent")
    if parent is None or (known is not None and datetime.fromisoformat(known) > as_of):
        return
    above = accounts.get(parent)
    account.parent_account_id = (above.id if above else uuid7()) if parent else None


def _values(row: Account | Contact | None, names: tuple[str, ...]) -> Mapping[str, Any] | None:
    return None if row is None else {name: getattr(row, name) for name in names}


def _account(workspace_id: UUID, facts: AccountFacts) -> Account:
    return Account(
        workspace_id=workspace_id, id=uuid7(), external_id=facts.external_id, name="",
        attributes={}, fact_as_of={}, fact_history={},
    )  # fmt: skip


def _contact(workspace_id: UUID, facts: ContactFacts) -> Contact:
    return Contact(
        workspace_id=workspace_id, id=uuid7(), external_id=facts.external_id, name="",
        attributes={}, roles=[], fact_as_of={},
    )  # fmt: skip
