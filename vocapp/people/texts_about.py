"""What the texts of a survey may say of the person who reads them (`surveys.piping`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from surveys.attributes import as_text
from vocapp.people.facts import ContactFacts
from vocapp.people.identifying import contact_by_id
from vocapp.people.models import Account


def facts_about(session: Session, workspace_id: UUID, contact_id: UUID) -> dict[str, str]:
    """Of somebody stored; empty for whoever is not, or was forgotten."""
    contact = contact_by_id(session, workspace_id, contact_id)
    if contact is None:
        return {}
    account = (
        session.get(Account, (workspace_id, contact.account_id)) if contact.account_id else None
    )
    found: dict[str, Any] = {"contact.name": contact.name}
    attributes: dict[str, Any] = {}
    if account is not None:
        found |= {"account.name": account.name, "account.plan": account.plan}
        attributes |= account.attributes
    return _as_texts(found, attributes | contact.attributes)


def facts_said(contact: ContactFacts | None) -> dict[str, str]:
    """Of what a signed identity says; empty without one. Nothing that is stored is looked up."""
    if contact is None:
        return {}
    return _as_texts({"contact.name": contact.name}, contact.attributes)


def _as_texts(found: Mapping[str, Any], attributes: Mapping[str, Any]) -> dict[str, str]:
    named = {**found, **{f"attribute.{name}": value for name, value in attributes.items()}}
    texts = {name: as_text(value) for name, value in named.items()}
    return {name: text for name, text in texts.items() if text}
