"""Use cases: who is who, what is known of them, and forgetting a person."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from vocapp.database import insert_if_absent, read_once, scoped, transaction, uuid7
from vocapp.people.models import (
    Account,
    Contact,
    ContactAlias,
    ContactIdentity,
    MergeSuggestion,
    Tombstone,
)
from vocapp.people.personal_stores import personal_stores
from vocapp.problems import NotFound
from vocapp.signing import keyed_hash
from vocapp.workspaces.service import audit


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What a sender says of an account; None means: says nothing."""

    external_id: str
    name: str | None = None
    plan: str | None = None
    region: str | None = None
    mrr_minor: int | None = None
    currency: str | None = None
    started_on: date | None = None
    renewal_on: date | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """What a sender says of a person; at least one of external_id and email."""

    external_id: str | None = None
    email: str | None = None
    name: str | None = None
    locale: str | None = None
    time_zone: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


_ACCOUNT_FIELDS = (
    "name", "plan", "region", "mrr_minor", "currency", "started_on", "renewal_on",
)  # fmt: skip
_CONTACT_FIELDS = ("name", "email", "locale", "time_zone")


def normalise_email(email: str) -> str:
    """The form by which addresses are compared.

    >>> normalise_email(" Aiko@Example.COM ")
    'aiko@example.com'
    """
    return email.strip().casefold()


# --- identifying ------------------------------------------------------------------------


def upsert_account(
    session: Session,
    workspace_id: UUID,
    facts: AccountFacts,
    *,
    as_of: datetime,
    now: datetime,
    locked: dict[str, Account] | None = None,
) -> Account:
    """Find or create the account and take over the facts that are not older than known ones.

    locked: accounts that this transaction holds already, by external id; a batch about a
    few accounts then asks for each of them once.
    """
    account = locked.get(facts.external_id) if locked is not None else None
    if account is None:
        account = _locked_account(session, workspace_id, facts.external_id, now=now)
    if locked is not None:
        locked[facts.external_id] = account
    said = {name: getattr(facts, name) for name in _ACCOUNT_FIELDS}
    _take_over(account, said, facts.attributes, as_of=as_of, now=now)
    return account


def _locked_account(
    session: Session, workspace_id: UUID, external_id: str, *, now: datetime
) -> Account:
    insert_if_absent(
        session,
        Account,
        workspace_id=workspace_id,
        id=uuid7(),
        external_id=external_id,
        name="",
        attributes={},
        fact_as_of={},
        created_at=now,
        updated_at=now,
    )
    return session.scalars(
        scoped(Account, workspace_id).where(Account.external_id == external_id).with_for_update()
    ).one()


def identify_contact(
    session: Session,
    workspace_id: UUID,
    facts: ContactFacts,
    *,
    account_id: UUID | None,
    as_of: datetime,
    now: datetime,
) -> Contact | None:
    """Find or create the person; None when this person was erased.

    By external_id; else by normalised e-mail among those without an external_id
    (DESIGN.md "identity"). A new external_id whose e-mail another contact has makes a
    merge suggestion: two records are never joined silently.
    """
    if is_erased(session, workspace_id, facts):
        return None
    kind, value = _identity(facts)
    contact = _contact_by_identity(session, workspace_id, kind, value)
    if contact is None:
        contact = _create_contact(session, workspace_id, facts, kind=kind, value=value, now=now)
    said = {name: getattr(facts, name) for name in _CONTACT_FIELDS}
    _take_over(contact, said, facts.attributes, as_of=as_of, now=now)
    if account_id is not None:
        _see_at(contact, account_id, as_of=as_of)
    return contact


def _identity(facts: ContactFacts) -> tuple[str, str]:
    if facts.external_id:
        return "external_id", facts.external_id
    if not facts.email:
        raise ValueError("a contact needs an external_id or an e-mail")
    return "email", normalise_email(facts.email)


def _contact_by_identity(
    session: Session, workspace_id: UUID, kind: str, value: str
) -> Contact | None:
    found: Contact | None = session.scalar(
        scoped(Contact, workspace_id)
        .join(
            ContactIdentity,
            (ContactIdentity.workspace_id == Contact.workspace_id)
            & (ContactIdentity.contact_id == Contact.id),
        )
        .where(ContactIdentity.kind == kind, ContactIdentity.value == value)
        .with_for_update(of=Contact)
    )
    return found


def contact_by_id(session: Session, workspace_id: UUID, contact_id: UUID) -> Contact | None:
    """The person of this id, also where it is that of a record merged into another."""
    into = (
        select(ContactAlias.contact_id)
        .where(ContactAlias.workspace_id == workspace_id, ContactAlias.former_id == contact_id)
        .scalar_subquery()
    )
    found: Contact | None = session.scalar(
        scoped(Contact, workspace_id).where(Contact.id == func.coalesce(into, contact_id))
    )
    return found


def _create_contact(
    session: Session,
    workspace_id: UUID,
    facts: ContactFacts,
    *,
    kind: str,
    value: str,
    now: datetime,
) -> Contact:
    """Create the person; when somebody else did so at the same moment, theirs is taken."""
    contact = Contact(
        workspace_id=workspace_id,
        id=uuid7(),
        external_id=facts.external_id,
        email=facts.email,
        name=facts.name or "",
        attributes={},
        fact_as_of={},
        created_at=now,
        updated_at=now,
    )
    session.add(contact)
    session.flush()
    mine = insert_if_absent(
        session,
        ContactIdentity,
        workspace_id=workspace_id,
        kind=kind,
        value=value,
        contact_id=contact.id,
    )
    if not mine:
        session.delete(contact)
        session.flush()
        theirs = _contact_by_identity(session, workspace_id, kind, value)
        assert theirs is not None
        return theirs
    if kind == "external_id" and facts.email:
        _suggest_merge(session, workspace_id, contact, facts.email, now=now)
    return contact


def _suggest_merge(
    session: Session, workspace_id: UUID, contact: Contact, email: str, *, now: datetime
) -> None:
    other = _contact_by_identity(session, workspace_id, "email", normalise_email(email))
    if other is not None:
        insert_if_absent(
            session,
            MergeSuggestion,
            workspace_id=workspace_id,
            id=uuid7(),
            contact_id=contact.id,
            other_contact_id=other.id,
            reason="same_email",
            created_at=now,
        )


def _is_news(row: Account | Contact, name: str, as_of: datetime) -> bool:
    known = row.fact_as_of.get(name)
    return known is None or datetime.fromisoformat(known) <= as_of


def _take_over(
    row: Account | Contact,
    said: Mapping[str, Any],
    attributes: Mapping[str, Any],
    *,
    as_of: datetime,
    now: datetime,
) -> None:
    """Set each fact that was said and is not older than what is known of it."""
    known_since = dict(row.fact_as_of)
    for name, value in said.items():
        if value is not None and _is_news(row, name, as_of):
            setattr(row, name, value)
            known_since[name] = as_of.isoformat()
    merged = dict(row.attributes)
    for name, value in attributes.items():
        if _is_news(row, f"attributes.{name}", as_of):
            merged[name] = value
            known_since[f"attributes.{name}"] = as_of.isoformat()
    if known_since != row.fact_as_of:
        row.attributes, row.fact_as_of, row.updated_at = merged, known_since, now


def hold_account_facts(
    account: Account, facts: Mapping[str, Any], *, as_of: datetime, now: datetime
) -> None:
    """Set facts that follow from others, None included, unless newer ones are known."""
    news = {name: value for name, value in facts.items() if _is_news(account, name, as_of)}
    for name, value in news.items():
        setattr(account, name, value)
    if news:
        known_since = dict.fromkeys(news, as_of.isoformat())
        account.fact_as_of = {**account.fact_as_of, **known_since}
        account.updated_at = now


# --- many at once -----------------------------------------------------------------------


def accounts_by_external_id(
    session: Session, workspace_id: UUID, external_ids: Collection[str], *, now: datetime
) -> dict[str, UUID]:
    """The accounts of these keys; those that nobody knew are created without facts."""

    def known() -> dict[str, UUID]:
        rows = session.execute(
            select(Account.external_id, Account.id).where(
                Account.workspace_id == workspace_id, Account.external_id.in_(external_ids)
            )
        )
        return {row.external_id: row.id for row in rows}

    found = known()
    missing = sorted(set(external_ids) - found.keys())
    for external_id in missing:
        _locked_account(session, workspace_id, external_id, now=now)
    return known() if missing else found


def contacts_by_external_id(
    session: Session,
    workspace_id: UUID,
    seen: Mapping[str, tuple[UUID, datetime]],
    *,
    now: datetime,
) -> dict[str, UUID]:
    """The people of these keys, seen at an account at an instant; erased ones are left out.

    Those whom nobody knew are created; the account is taken over as any other fact.
    """
    contacts = session.execute(
        select(ContactIdentity.value, Contact)
        .join(
            Contact,
            (Contact.workspace_id == ContactIdentity.workspace_id)
            & (Contact.id == ContactIdentity.contact_id),
        )
        .where(
            ContactIdentity.workspace_id == workspace_id,
            ContactIdentity.kind == "external_id",
            ContactIdentity.value.in_(seen),
        )
        .order_by(ContactIdentity.value)
        .with_for_update(of=Contact)
    )
    found = {}
    for value, contact in contacts:
        account_id, at = seen[value]
        _see_at(contact, account_id, as_of=at)
        found[value] = contact.id
    for value in sorted(seen.keys() - found.keys()):
        account_id, at = seen[value]
        person = identify_contact(
            session, workspace_id, ContactFacts(external_id=value), account_id=account_id,
            as_of=at, now=now,
        )  # fmt: skip
        if person is not None:
            found[value] = person.id
    return found


def _see_at(contact: Contact, account_id: UUID, *, as_of: datetime) -> None:
    if _is_news(contact, "account_id", as_of):
        contact.account_id = account_id
        contact.fact_as_of = {**contact.fact_as_of, "account_id": as_of.isoformat()}


def save_account(workspace_id: UUID, facts: AccountFacts, *, now: datetime) -> UUID:
    """Upsert an account with facts that hold from now on."""
    with transaction() as session:
        return upsert_account(session, workspace_id, facts, as_of=now, now=now).id


def save_contact(
    workspace_id: UUID, facts: ContactFacts, *, account: AccountFacts | None, now: datetime
) -> UUID | None:
    """Upsert a contact (and its account); None when this person was erased."""
    with transaction() as session:
        account_id = (
            upsert_account(session, workspace_id, account, as_of=now, now=now).id
            if account
            else None
        )
        contact = identify_contact(
            session, workspace_id, facts, account_id=account_id, as_of=now, now=now
        )
        return contact.id if contact else None


# --- erasing ----------------------------------------------------------------------------


def erase_contact(
    workspace_id: UUID, contact_id: UUID, *, actor_user_id: UUID | None = None, now: datetime
) -> None:
    """Forget a person: every registered store, then the contact; a keyed hash stays behind.

    Raises NotFound.
    """
    with transaction() as session:
        contact = session.scalar(
            scoped(Contact, workspace_id).where(Contact.id == contact_id).with_for_update()
        )
        if contact is None:
            raise NotFound("No such contact.")
        _forget(session, contact, now=now)
        audit(
            session, workspace_id, "contact.erased", now=now, actor_user_id=actor_user_id,
            detail={"contact_id": str(contact_id)},
        )  # fmt: skip


def _forget(session: Session, contact: Contact, *, now: datetime) -> None:
    workspace_id, contact_id = contact.workspace_id, contact.id
    for digest in _names_of(session, contact):
        insert_if_absent(
            session, Tombstone, workspace_id=workspace_id, digest=digest, created_at=now
        )
    for store in personal_stores():
        store.erase(session, workspace_id, contact_id)
    session.execute(
        delete(Contact).where(Contact.workspace_id == workspace_id, Contact.id == contact_id)
    )


def replay_erasures(session: Session, workspace_id: UUID, *, now: datetime) -> int:
    """Forget again whoever was erased and has come back by a restore; returns how many."""
    if not _has_tombstones(session, workspace_id):
        return 0
    found = 0
    for contact in session.scalars(scoped(Contact, workspace_id)).all():
        if _is_buried(session, workspace_id, _names_of(session, contact)):
            _forget(session, contact, now=now)
            found += 1
    return found


def _names_of(session: Session, contact: Contact) -> list[str]:
    """Keyed hashes of all by which a person is or was known, merged records included."""
    names = session.execute(
        select(ContactIdentity.kind, ContactIdentity.value).where(
            ContactIdentity.workspace_id == contact.workspace_id,
            ContactIdentity.contact_id == contact.id,
        )
    ).all()
    former = session.scalars(
        select(ContactAlias.email).where(
            ContactAlias.workspace_id == contact.workspace_id,
            ContactAlias.contact_id == contact.id,
            ContactAlias.email.is_not(None),
        )
    )
    pairs = [(contact.external_id, contact.email), *((None, email) for email in former)]
    pairs += [(value, None) if kind == "external_id" else (None, value) for kind, value in names]
    found = (_tombstones(contact.workspace_id, *pair) for pair in pairs)
    return list(dict.fromkeys(chain.from_iterable(found)))


def _tombstones(workspace_id: UUID, external_id: str | None, email: str | None) -> list[str]:
    found = []
    if external_id:
        found.append(keyed_hash("tombstone", f"{workspace_id}:external_id:{external_id}"))
    if email:
        found.append(keyed_hash("tombstone", f"{workspace_id}:email:{normalise_email(email)}"))
    return found


def is_erased(session: Session, workspace_id: UUID, facts: ContactFacts) -> bool:
    """Whether this person asked to be forgotten."""
    if not _has_tombstones(session, workspace_id):
        return False
    digests = _tombstones(workspace_id, facts.external_id, facts.email)
    return _is_buried(session, workspace_id, digests)


def _is_buried(session: Session, workspace_id: UUID, digests: Collection[str]) -> bool:
    return bool(
        session.scalar(
            select(Tombstone.digest)
            .where(Tombstone.workspace_id == workspace_id, Tombstone.digest.in_(digests))
            .limit(1)
        )
    )


def _has_tombstones(session: Session, workspace_id: UUID) -> bool:
    """Asked once a transaction: in most workspaces nobody was erased."""
    return read_once(
        session,
        ("tombstones", workspace_id),
        lambda: bool(
            session.scalar(
                select(Tombstone.digest).where(Tombstone.workspace_id == workspace_id).limit(1)
            )
        ),
    )
