"""Reads: accounts and contacts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from vocapp.database import scoped
from vocapp.extensions import db
from vocapp.people.account_names import is_called
from vocapp.people.models import Account, Contact
from vocapp.people.reaching import contact_within
from vocapp.problems import NotFound
from vocapp.workspaces.reach import WHOLE_WORKSPACE


def account_by_external_id(workspace_id: UUID, external_id: str) -> dict[str, Any]:
    """An account as the API shows it. Raises NotFound."""
    account = db.session.scalar(
        scoped(Account, workspace_id).where(is_called(workspace_id, external_id))
    )
    if account is None:
        raise NotFound("No account with this external_id.")
    return present_account(account)


def contact(workspace_id: UUID, contact_id: UUID) -> dict[str, Any]:
    """A contact as the API shows it, also by the id of a record merged into it.

    Raises NotFound.
    """
    session = db.session()
    return present_contact(contact_within(session, workspace_id, contact_id, reach=WHOLE_WORKSPACE))


def present_account(account: Account) -> dict[str, Any]:
    return {
        "id": str(account.id),
        "external_id": account.external_id,
        "name": account.name,
        "plan": account.plan,
        "region": account.region,
        "mrr": account.mrr_minor,
        "currency": account.currency,
        "started_on": account.started_on.isoformat() if account.started_on else None,
        "renewal_on": account.renewal_on.isoformat() if account.renewal_on else None,
        "attributes": account.attributes,
        "updated_at": account.updated_at.isoformat(),
    }


def present_contact(contact: Contact) -> dict[str, Any]:
    return {
        "id": str(contact.id),
        "external_id": contact.external_id,
        "email": contact.email,
        "phone": contact.phone,
        "name": contact.name,
        "locale": contact.locale,
        "time_zone": contact.time_zone,
        "roles": contact.roles,
        "left_at": contact.left_at.isoformat() if contact.left_at else None,
        "attributes": contact.attributes,
        "updated_at": contact.updated_at.isoformat(),
    }
