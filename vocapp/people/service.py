"""Use cases: what is known of accounts and people, and forgetting a person."""

from __future__ import annotations

from datetime import datetime
from itertools import chain
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from vocapp.database import insert_if_absent, scoped, transaction
from vocapp.people.facts import (
    AccountFacts,
    ContactFacts,
    key_by_number,
    take_contact_facts,
)
from vocapp.people.health_changes import note_touched
from vocapp.people.identifying import Said, identify_one
from vocapp.people.models import Contact, ContactAlias, ContactIdentity, Tombstone
from vocapp.people.parents import put_under
from vocapp.people.personal_stores import personal_stores
from vocapp.people.reaching import contact_held
from vocapp.people.tombstones import buried, has_tombstones, tombstones_of
from vocapp.workspaces.reach import WHOLE_WORKSPACE, Reach
from vocapp.workspaces.service import audit


def save_account(workspace_id: UUID, facts: AccountFacts, *, now: datetime) -> UUID:
    """Upsert an account with facts that hold from now on. Raises BadInput for its parent."""
    with transaction() as session:
        said = Said(as_of=now, account=facts)
        account = identify_one(session, workspace_id, said, now=now).account
        assert account is not None
        if facts.parent is not None:
            put_under(session, account, facts.parent, as_of=now, now=now)
        note_touched(session, workspace_id, [account.id], now=now)
        return account.id


def save_contact(
    workspace_id: UUID, facts: ContactFacts, *, account: AccountFacts | None, now: datetime
) -> UUID | None:
    """Upsert a contact (and its account); None when this person was erased."""
    with transaction() as session:
        said = Said(as_of=now, account=account, contact=facts)
        contact = identify_one(session, workspace_id, said, now=now).contact
        return contact.id if contact else None


def change_phone(
    workspace_id: UUID,
    contact_id: UUID,
    phone: str,
    *,
    reach: Reach,
    actor_user_id: UUID,
    now: datetime,
) -> str | None:
    """A colleague writes down a person's number, in E.164; "" says that there is none.

    What was known before. Raises NotFound.
    """
    with transaction() as session:
        contact = contact_held(session, workspace_id, contact_id, reach=reach)
        before = contact.phone
        if (phone or None) != before:
            take_contact_facts(contact, ContactFacts(phone=phone), as_of=now, now=now)
            audit(
                session, workspace_id, "contact.phone_changed", subject=contact, now=now,
                actor_user_id=actor_user_id,
            )  # fmt: skip
        return before


# --- erasing ----------------------------------------------------------------------------


def erase_contact(
    workspace_id: UUID, contact_id: UUID, *, actor_user_id: UUID | None = None, now: datetime
) -> None:
    """Forget a person: every registered store, then the contact; a keyed hash stays behind.

    Raises NotFound.
    """
    with transaction() as session:
        contact = contact_held(session, workspace_id, contact_id, reach=WHOLE_WORKSPACE)
        _forget(session, contact, now=now)
        audit(
            session, workspace_id, "contact.erased", now=now, actor_user_id=actor_user_id,
            detail={"contact_id": str(contact.id)},
        )  # fmt: skip


def _forget(session: Session, contact: Contact, *, now: datetime) -> None:
    workspace_id, contact_id = contact.workspace_id, contact.id
    names = _names_of(session, contact)
    if contact.phone:
        # No list of numbers brings them back. By a restore they are not known by it: others may
        # have the same number.
        names += tombstones_of(workspace_id, key_by_number(contact.phone), None)
    for digest in dict.fromkeys(names):
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
    if not has_tombstones(session, workspace_id):
        return 0
    found = 0
    for contact in session.scalars(scoped(Contact, workspace_id)).all():
        if buried(session, workspace_id, _names_of(session, contact)):
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
    found = (tombstones_of(contact.workspace_id, *pair) for pair in pairs)
    return list(dict.fromkeys(chain.from_iterable(found)))
