"""Who is who: accounts and people are found by what senders call them, many at a time.

A contact is found by external_id, else by normalised e-mail among those without one
(DESIGN.md "identity"). Two records are never joined silently: where the address of a new one
is that of another, a suggestion is made. Everybody is locked in one order, accounts by their
keys and then people by theirs, so that batches do not wait for each other in a ring.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from vocapp.database import insert_absent, scoped, uuid7
from vocapp.people import roles
from vocapp.people.account_names import former_names
from vocapp.people.fact_history import EVER, History, changed_since
from vocapp.people.facts import (
    AccountFacts,
    ContactFacts,
    normalise_email,
    see_at,
    take_account_facts,
    take_contact_facts,
)
from vocapp.people.figure_changes import note_change
from vocapp.people.finding import note_names
from vocapp.people.models import (
    IDENTITY_KINDS,
    Account,
    Contact,
    ContactIdentity,
    MergeSuggestion,
)
from vocapp.people.reaching import contact_of_id
from vocapp.people.tombstones import are_erased

Identity = tuple[str, str]  # kind and value of a ContactIdentity


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of an account, of a person, or of a person at an account; as of when."""

    as_of: datetime
    account: AccountFacts | None = None
    contact: ContactFacts | None = None


@dataclass(frozen=True, slots=True)
class Who:
    """Whom something was said of. contact: None also where this person was erased.

    account: the one that was named, else the one that the person is known at.
    is_news: whether anything became known by it.
    """

    account: Account | None
    contact: Contact | None
    is_news: bool


def identify(
    session: Session, workspace_id: UUID, said: Sequence[Said], *, now: datetime
) -> Iterator[Who]:
    """Find or create whom each item names, and take over what it says.

    1. find the accounts; 2. find the people; 3. take over, item by item: when one is handed
    out, what the items after it say is not known yet.
    """
    accounts = _accounts(
        session, workspace_id, {item.account.external_id for item in said if item.account}, now=now
    )
    people = _people(session, workspace_id, said, accounts, now=now)
    known_at = _known_at(session, workspace_id, accounts.values(), people)
    for item, contact in zip(said, people, strict=True):
        account = accounts[item.account.external_id] if item.account else None
        before = (account.fact_history, account.started_on) if account else None
        held = roles.standing(contact)
        is_news = _take_over(item, account, contact, now=now)
        if contact is not None:
            said_roles = item.contact is not None and item.contact.roles is not None
            roles.note_departures(
                session, contact, held, keeps_roles=said_roles, at=item.as_of, now=now
            )
        if account is not None and before is not None:
            _note_change(session, account, *before, now=now)
        is_news = is_news or any(row and row.created_at == now for row in (account, contact))
        if account is None and contact is not None and contact.account_id is not None:
            account = known_at[contact.account_id]
        yield Who(account, contact, is_news)


def identify_one(session: Session, workspace_id: UUID, said: Said, *, now: datetime) -> Who:
    """The same for one."""
    (who,) = identify(session, workspace_id, [said], now=now)
    return who


def _take_over(
    item: Said, account: Account | None, contact: Contact | None, *, now: datetime
) -> bool:
    changes = []
    if contact is not None and item.contact is not None:
        changes.append(take_contact_facts(contact, item.contact, as_of=item.as_of, now=now))
        if account is not None:
            changes.append(see_at(contact, account.id, as_of=item.as_of))
    if account is not None and item.account is not None:
        changes.append(take_account_facts(account, item.account, as_of=item.as_of, now=now))
    return any(changes)


def _note_change(
    session: Session, account: Account, history: History, started_on: date | None, *, now: datetime
) -> None:
    """What figures were made of was said otherwise until now."""
    since = changed_since(history, account.fact_history)
    if account.started_on != started_on:
        since = EVER
    if since is not None:
        note_change(session, account.workspace_id, since=since, now=now)


def _known_at(
    session: Session,
    workspace_id: UUID,
    accounts: Collection[Account],
    people: Collection[Contact | None],
) -> dict[UUID, Account]:
    found = {account.id: account for account in accounts}
    ids = {contact.account_id for contact in people if contact and contact.account_id}
    missing = ids - found.keys()
    if missing:
        rows = session.scalars(scoped(Account, workspace_id).where(Account.id.in_(missing)))
        found |= {account.id: account for account in rows}
    return found


# --- accounts ----------------------------------------------------------------------------


def _accounts(
    session: Session, workspace_id: UUID, external_ids: Collection[str], *, now: datetime
) -> dict[str, Account]:
    """Locked, by external id; those that nobody knew are created without facts."""

    def known(wanted: Collection[str]) -> dict[str, Account]:
        rows = session.scalars(
            scoped(Account, workspace_id)
            .where(Account.external_id.in_(wanted))
            .order_by(Account.external_id)
            .with_for_update()
        )
        return {account.external_id: account for account in rows}

    if not external_ids:
        return {}
    found = known(external_ids)
    found |= _by_former_names(session, workspace_id, set(external_ids) - found.keys())
    missing = sorted(set(external_ids) - found.keys())
    if missing:
        rows = [
            {
                "workspace_id": workspace_id, "id": uuid7(), "external_id": external_id,
                "name": "", "attributes": {}, "fact_as_of": {}, "created_at": now,
                "updated_at": now,
            }
            for external_id in missing
        ]  # fmt: skip
        insert_absent(session, Account, rows)
        new = known(missing)
        note_names(session, list(new.values()))
        found |= new
    return found


def _by_former_names(
    session: Session, workspace_id: UUID, external_ids: Collection[str]
) -> dict[str, Account]:
    """Locked: the accounts into which those of these keys were merged."""
    former = former_names(session, workspace_id, external_ids) if external_ids else {}
    if not former:
        return {}
    rows = session.scalars(
        scoped(Account, workspace_id)
        .where(Account.id.in_(set(former.values())))
        .order_by(Account.external_id)
        .with_for_update()
    )
    by_id = {account.id: account for account in rows}
    return {key: by_id[account_id] for key, account_id in former.items()}


def known_accounts(
    session: Session, workspace_id: UUID, external_ids: Collection[str]
) -> dict[str, UUID]:
    """Those of these keys that lead to an account; nothing is locked or created."""
    rows = session.execute(
        select(Account.external_id, Account.id).where(
            Account.workspace_id == workspace_id, Account.external_id.in_(external_ids)
        )
    )
    found = {row.external_id: row.id for row in rows}
    unknown = set(external_ids) - found.keys()
    return found | (former_names(session, workspace_id, unknown) if unknown else {})


def accounts_by_external_id(
    session: Session, workspace_id: UUID, external_ids: Collection[str], *, now: datetime
) -> dict[str, UUID]:
    """The accounts of these keys; those that nobody knew are created without facts."""
    found = known_accounts(session, workspace_id, external_ids)
    missing = set(external_ids) - found.keys()
    created = _accounts(session, workspace_id, missing, now=now)
    return found | {key: account.id for key, account in created.items()}


# --- people ------------------------------------------------------------------------------


def contact_by_id(session: Session, workspace_id: UUID, contact_id: UUID) -> Contact | None:
    """The person of this id, as `contact_of_id` has it."""
    found: Contact | None = session.scalar(contact_of_id(workspace_id, contact_id))
    return found


def known_contact(session: Session, workspace_id: UUID, facts: ContactFacts) -> Contact | None:
    """The person that a sender means, where they are known; nothing is locked or created."""
    identity = identity_of(facts)
    contact_id = ids_of(session, workspace_id, [identity]).get(identity)
    return contact_by_id(session, workspace_id, contact_id) if contact_id else None


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
    said = [Said(at, contact=ContactFacts(external_id=key)) for key, (_, at) in seen.items()]
    people = _people(session, workspace_id, said, {}, now=now)
    found = {}
    for (key, (account_id, at)), contact in zip(seen.items(), people, strict=True):
        if contact is not None:
            held = roles.standing(contact)
            see_at(contact, account_id, as_of=at)
            roles.note_departures(session, contact, held, at=at, now=now)
            found[key] = contact.id
    return found


def _people(
    session: Session,
    workspace_id: UUID,
    said: Sequence[Said],
    accounts: Mapping[str, Account],
    *,
    now: datetime,
) -> list[Contact | None]:
    """For each who it is, locked; None where nobody was named, or somebody who was erased."""
    named = [item.contact for item in said if item.contact]
    erased = iter(are_erased(session, workspace_id, named))
    identities = [
        identity_of(item.contact) if item.contact and not next(erased) else None for item in said
    ]
    first: dict[Identity, Said] = {}
    for identity, item in zip(identities, said, strict=True):
        if identity is not None:
            first.setdefault(identity, item)
    contacts = _locked(session, workspace_id, first)
    missing = sorted(first.keys() - contacts.keys())
    if missing:
        new = {
            identity: _new_contact(workspace_id, first[identity], accounts, now=now)
            for identity in missing
        }
        contacts |= _stored(session, workspace_id, new, now=now)
    return [contacts[identity] if identity else None for identity in identities]


def _new_contact(
    workspace_id: UUID, item: Said, accounts: Mapping[str, Account], *, now: datetime
) -> Contact:
    """With the first that is said of the person, so that it is written once."""
    facts = item.contact
    assert facts is not None
    contact = Contact(
        workspace_id=workspace_id,
        id=uuid7(),
        external_id=facts.external_id,
        name="",
        attributes={},
        fact_as_of={},
        created_at=now,
        updated_at=now,
    )
    account = accounts[item.account.external_id] if item.account else None
    _take_over(item, account, contact, now=now)
    return contact


def identity_of(facts: ContactFacts) -> Identity:
    """By what somebody is found. Raises ValueError where there is nothing."""
    if facts.external_id:
        return "external_id", facts.external_id
    if not facts.email:
        raise ValueError("a contact needs an external_id or an e-mail")
    return "email", normalise_email(facts.email)


def ids_of(
    session: Session, workspace_id: UUID, identities: Collection[Identity]
) -> dict[Identity, UUID]:
    """Of those who are known; nothing is locked or created."""
    found: dict[Identity, UUID] = {}
    for kind in IDENTITY_KINDS:  # one after the other: each is then one walk through the key
        values = [value for of_kind, value in identities if of_kind == kind]
        if not values:
            continue
        rows = session.execute(
            select(ContactIdentity.value, ContactIdentity.contact_id).where(
                ContactIdentity.workspace_id == workspace_id,
                ContactIdentity.kind == kind,
                ContactIdentity.value.in_(values),
            )
        )
        found |= {(kind, row.value): row.contact_id for row in rows}
    return found


def _locked(
    session: Session, workspace_id: UUID, identities: Collection[Identity]
) -> dict[Identity, Contact]:
    """Those who are known."""
    ids = ids_of(session, workspace_id, identities)
    if not ids:
        return {}
    rows = session.scalars(
        scoped(Contact, workspace_id)
        .where(Contact.id.in_(set(ids.values())))
        .order_by(Contact.id)
        .with_for_update()
    )
    contacts = {contact.id: contact for contact in rows}
    return {identity: contacts[key] for identity, key in ids.items() if key in contacts}


def _stored(
    session: Session, workspace_id: UUID, contacts: dict[Identity, Contact], *, now: datetime
) -> dict[Identity, Contact]:
    """Store new people; whom somebody else stored at the same moment is taken from there."""
    session.add_all(contacts.values())
    rows = [
        {"workspace_id": workspace_id, "kind": kind, "value": value, "contact_id": contact.id}
        for (kind, value), contact in contacts.items()
    ]
    columns = (ContactIdentity.kind, ContactIdentity.value)
    mine = set(insert_absent(session, ContactIdentity, rows, returning=columns))
    theirs = contacts.keys() - mine
    for identity in theirs:
        session.delete(contacts.pop(identity))
    session.flush()
    _suggest_merges(session, workspace_id, contacts.values(), now=now)
    return contacts | _locked(session, workspace_id, theirs)


def _suggest_merges(
    session: Session, workspace_id: UUID, created: Collection[Contact], *, now: datetime
) -> None:
    """Where one of two records is known by the address alone that the other has, too."""
    pairs = [
        *_found_by_address(session, workspace_id, [row for row in created if row.external_id]),
        *_with_address(session, workspace_id, [row for row in created if not row.external_id]),
    ]
    rows = [
        {
            "workspace_id": workspace_id, "id": uuid7(), "contact_id": keyed,
            "other_contact_id": other, "reason": "same_email", "created_at": now,
        }
        for keyed, other in pairs
    ]  # fmt: skip
    insert_absent(session, MergeSuggestion, rows)


def _found_by_address(
    session: Session, workspace_id: UUID, keyed: Sequence[Contact]
) -> list[tuple[UUID, UUID]]:
    """Each of those with a key, and whoever is found by the same address."""
    wanted = [(row.id, ("email", normalise_email(row.email))) for row in keyed if row.email]
    known = ids_of(session, workspace_id, {identity for _, identity in wanted})
    return [(key, known[identity]) for key, identity in wanted if identity in known]


def _with_address(
    session: Session, workspace_id: UUID, unkeyed: Sequence[Contact]
) -> list[tuple[UUID, UUID]]:
    """Those with a key who have the address of one without, and that one."""
    by_address = {normalise_email(row.email): row.id for row in unkeyed if row.email}
    if not by_address:
        return []
    rows = session.execute(
        select(Contact.id, Contact.email).where(
            Contact.workspace_id == workspace_id,
            func.lower(Contact.email).in_(list(by_address)),
            Contact.external_id.is_not(None),
        )
    )
    pairs = ((row.id, by_address.get(normalise_email(row.email))) for row in rows)
    return [(keyed, other) for keyed, other in pairs if other is not None]


def people_called(
    session: Session, workspace_id: UUID, identities: Collection[Identity]
) -> dict[Identity, set[UUID]]:
    """Whom each of these keys and normalised addresses may mean; nobody who is not known.

    An address is that of everybody who has it, and of whoever a merged record with it became.
    """
    found: dict[Identity, set[UUID]] = {
        identity: {contact_id}
        for identity, contact_id in ids_of(session, workspace_id, set(identities)).items()
    }
    addresses = {value for kind, value in identities if kind == "email"}
    rows = session.execute(
        select(Contact.id, Contact.email).where(
            Contact.workspace_id == workspace_id, func.lower(Contact.email).in_(addresses)
        )
    )
    for contact_id, email in rows:
        found.setdefault(("email", normalise_email(email or "")), set()).add(contact_id)
    return found
