"""Reads: a person at a customer, and whether an account has the people that it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from vocapp.database import older_than, scoped
from vocapp.extensions import db
from vocapp.people.merging.queries import shown_name
from vocapp.people.models import Account, Contact, ContactDeparture
from vocapp.people.reaching import contact_within
from vocapp.workspaces.reach import Reach


@dataclass(frozen=True, slots=True)
class PersonShown:
    """A person with the account and what they no longer are there, the newest first."""

    contact: Contact
    account: Account | None
    departures: Sequence[ContactDeparture]

    @property
    def shown(self) -> str:
        return shown_name(self.contact)


@dataclass(frozen=True, slots=True)
class Cover:
    """How many people an account has who have not left, and of them who stand up for us."""

    there: int
    champions: int


def person(workspace_id: UUID, contact_id: UUID, *, reach: Reach) -> PersonShown:
    """Also by the id of a record merged into another. Raises NotFound."""
    contact = contact_within(db.session(), workspace_id, contact_id, reach=reach)
    account = contact.account_id and db.session.get(Account, (workspace_id, contact.account_id))
    departures = db.session.scalars(
        scoped(ContactDeparture, workspace_id)
        .where(
            ContactDeparture.contact_id == contact.id,
            ContactDeparture.account_id == contact.account_id,
        )
        .order_by(ContactDeparture.at.desc(), ContactDeparture.id.desc())
        .limit(20)
    ).all()
    return PersonShown(contact, account or None, departures)


def departed(
    workspace_id: UUID, account_id: UUID, *, before: tuple[datetime, UUID | None] | None, limit: int
) -> list[tuple[ContactDeparture, str]]:
    """What people no longer are at an account, newest first, each with who it was."""
    query = (
        select(ContactDeparture, func.coalesce(Contact.name, ""))
        .outerjoin(
            Contact,
            (Contact.workspace_id == ContactDeparture.workspace_id)
            & (Contact.id == ContactDeparture.contact_id),
        )
        .where(
            ContactDeparture.workspace_id == workspace_id,
            ContactDeparture.account_id == account_id,
        )
        .order_by(ContactDeparture.at.desc(), ContactDeparture.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(older_than(ContactDeparture.at, ContactDeparture.id, before))
    return [(row, name) for row, name in db.session.execute(query)]
