"""What senders say of accounts and people, and when it becomes what is known of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from vocapp.people.fact_history import KEPT_FACTS, History, noted
from vocapp.people.models import Account, Contact


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
    parent: str | None = None  # a key; "" says that there is none
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """What a sender says of a person; at least one of external_id and email."""

    external_id: str | None = None
    email: str | None = None
    name: str | None = None
    locale: str | None = None
    time_zone: str | None = None
    roles: Sequence[str] | None = None  # all that the person is; () says: nothing
    has_left: bool | None = None
    phone: str | None = None  # in E.164; "" says that there is none
    attributes: Mapping[str, Any] = field(default_factory=dict)


_ACCOUNT_FIELDS = (
    "name", "plan", "region", "mrr_minor", "currency", "started_on", "renewal_on",
)  # fmt: skip
_CONTACT_FIELDS = ("name", "email", "locale", "time_zone")


def key_by_number(number: str) -> str:
    """The key of somebody who is known by their telephone number (E.164) alone.

    >>> key_by_number("+819012345678")
    'tel:+819012345678'
    """
    return f"tel:{number}"


def normalise_email(email: str) -> str:
    """The form by which addresses are compared.

    >>> normalise_email(" Aiko@Example.COM ")
    'aiko@example.com'
    """
    return email.strip().casefold()


def take_account_facts(
    account: Account, facts: AccountFacts, *, as_of: datetime, now: datetime
) -> bool:
    """Set what is said and is not older than what is known; whether anything changed.

    Older news is kept, too: what held then.
    """
    is_changed = _take_over(account, facts, _ACCOUNT_FIELDS, as_of=as_of, now=now)
    return _keep_history(account, facts, as_of=as_of) or is_changed


def _keep_history(account: Account, facts: AccountFacts, *, as_of: datetime) -> bool:
    history: History = account.fact_history or {}
    said = {name: getattr(facts, name) for name in sorted(KEPT_FACTS)}
    said |= {f"attributes.{name}": value for name, value in facts.attributes.items()}
    for name, value in said.items():
        if value is not None:
            history = noted(history, name, value, as_of=as_of)
    if history == (account.fact_history or {}):
        return False
    account.fact_history = dict(history)
    return True


def take_contact_facts(
    contact: Contact, facts: ContactFacts, *, as_of: datetime, now: datetime
) -> bool:
    """Set what is said and is not older than what is known; whether anything changed."""
    is_changed = _take_over(contact, facts, _CONTACT_FIELDS, as_of=as_of, now=now)
    if facts.roles is not None:
        is_changed = _hold(contact, "roles", list(facts.roles), as_of=as_of, now=now) or is_changed
    if facts.phone is not None:
        phone = facts.phone or None
        is_changed = _hold(contact, "phone", phone, as_of=as_of, now=now) or is_changed
    if facts.has_left is not None and facts.has_left != (contact.left_at is not None):
        left_at = as_of if facts.has_left else None
        is_changed = _hold(contact, "left_at", left_at, as_of=as_of, now=now) or is_changed
    return is_changed


def _hold(contact: Contact, name: str, value: Any, *, as_of: datetime, now: datetime) -> bool:
    """Set a fact that may be that there is none, unless newer is known; whether it changed."""
    if not _is_news(contact.fact_as_of, name, as_of):
        return False
    since, before = as_of.isoformat(), (getattr(contact, name), contact.fact_as_of.get(name))
    if before == (value, since):
        return False
    setattr(contact, name, value)
    contact.fact_as_of = {**contact.fact_as_of, name: since}
    contact.updated_at = now
    return True


def see_at(contact: Contact, account_id: UUID, *, as_of: datetime) -> bool:
    """Note at which account the person is, unless newer is known; whether anything changed."""
    since = as_of.isoformat()
    held = (contact.account_id, contact.fact_as_of.get("account_id"))
    if not _is_news(contact.fact_as_of, "account_id", as_of) or held == (account_id, since):
        return False
    contact.account_id = account_id
    contact.fact_as_of = {**contact.fact_as_of, "account_id": since}
    return True


def hold_account_facts(
    account: Account, facts: Mapping[str, Any], *, as_of: datetime, now: datetime
) -> None:
    """Set facts that follow from others, None included, unless newer ones are known."""
    known_since = account.fact_as_of
    news = {name: value for name, value in facts.items() if _is_news(known_since, name, as_of)}
    for name, value in news.items():
        setattr(account, name, value)
    if news:
        account.fact_as_of = {**known_since, **dict.fromkeys(news, as_of.isoformat())}
        account.updated_at = now


def _is_news(known_since: Mapping[str, str], name: str, as_of: datetime) -> bool:
    known = known_since.get(name)
    return known is None or datetime.fromisoformat(known) <= as_of


def _take_over(
    row: Account | Contact,
    facts: AccountFacts | ContactFacts,
    names: tuple[str, ...],
    *,
    as_of: datetime,
    now: datetime,
) -> bool:
    since = as_of.isoformat()
    known_since, attributes = dict(row.fact_as_of), dict(row.attributes)
    is_changed = False
    for name in names:
        value = getattr(facts, name)
        if value is not None and _is_news(known_since, name, as_of):
            is_changed = is_changed or getattr(row, name) != value
            setattr(row, name, value)
            known_since[name] = since
    for name, value in facts.attributes.items():
        if _is_news(known_since, f"attributes.{name}", as_of):
            attributes[name] = value
            known_since[f"attributes.{name}"] = since
    if not is_changed and (attributes, known_since) == (row.attributes, row.fact_as_of):
        return False
    row.attributes, row.fact_as_of, row.updated_at = attributes, known_since, now
    return True
