"""Reads: which contact a machine means, and whether it was merged into another."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from vocapp.database import scoped
from vocapp.people.facts import normalise_email
from vocapp.people.models import Contact, ContactAlias, ContactIdentity


@dataclass(frozen=True, slots=True)
class Found:
    """A contact by one of its names; `by_former`: a name of a record that was merged into it."""

    id: UUID
    by_former: bool = False


def find_contacts(
    session: Session, workspace_id: UUID, kind: str, value: str | UUID
) -> list[Found]:
    """The contacts by this id, external_id or e-mail address.

    An address may be that of several, where each has an external_id of its own.
    """
    if isinstance(value, UUID):
        return _by_id(session, workspace_id, value)
    known = value if kind == "external_id" else normalise_email(value)
    contact = session.scalar(
        scoped(Contact, workspace_id)
        .join(
            ContactIdentity,
            (ContactIdentity.workspace_id == Contact.workspace_id)
            & (ContactIdentity.contact_id == Contact.id),
        )
        .where(ContactIdentity.kind == kind, ContactIdentity.value == known)
    )
    if contact is not None:
        return [Found(contact.id, by_former=(kind, known) != _own_name(contact))]
    if kind == "external_id":
        return []
    rows = session.scalars(
        select(Contact.id).where(
            Contact.workspace_id == workspace_id, func.lower(Contact.email) == known
        )
    )
    return [Found(contact_id) for contact_id in rows]


def _own_name(contact: Contact) -> tuple[str, str]:
    """By what the contact would be found had it never been merged."""
    if contact.external_id:
        return "external_id", contact.external_id
    return "email", normalise_email(contact.email or "")


def _by_id(session: Session, workspace_id: UUID, contact_id: UUID) -> list[Found]:
    if session.scalar(
        select(Contact.id).where(Contact.workspace_id == workspace_id, Contact.id == contact_id)
    ):
        return [Found(contact_id)]
    into = session.scalar(
        select(ContactAlias.contact_id).where(
            ContactAlias.workspace_id == workspace_id, ContactAlias.former_id == contact_id
        )
    )
    return [Found(into, by_former=True)] if into else []
