"""Use case: take in what a provider sent, message by message.

A message is taken whole or refused whole. Taking the same one again changes nothing: events
carry the provider's own id, and facts hold since the message's own time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.provider_events import Misread, Reading
from surveys.stripe_events import subscription_id
from vocapp.connecting.hooks.models import HookSource
from vocapp.connecting.hooks.products import Subscribed, names_of_products
from vocapp.connecting.hooks.reading import PROVIDER_OF, Provider
from vocapp.connecting.hooks.tallying import Seen, tally
from vocapp.connecting.importing.bodies import checked
from vocapp.database import scoped, snapshot, transaction, until_no_deadlock
from vocapp.people.events.parsing import event_of
from vocapp.people.events.service import NewEvent, record_events
from vocapp.people.health_changes import note_touched
from vocapp.people.identifying import Said, identify
from vocapp.people.models import Account, Contact, ContactIdentity
from vocapp.people.parsing import AccountBody, ContactBody
from vocapp.problems import BadInput, FieldError
from vocapp.signing import digest_of_json


@dataclass(slots=True)
class _Message:
    """One message on its way. reading: None for a kind that nothing is made of."""

    id: str
    kind: str
    raw: Any
    reading: Reading | None = None
    said: Said | None = None
    events: list[NewEvent] = field(default_factory=list)
    error: FieldError | None = None

    def seen(self) -> Seen:
        outcome = "taken"
        if self.error is not None:
            outcome = "refused"
        elif self.reading is None or self.reading.is_silent:
            outcome = "left_aside"
        return Seen(self.id, self.kind, outcome, self.error)


def receive(
    source: HookSource, time_zone: str, raws: Sequence[Any], *, now: datetime
) -> list[Seen]:
    """Take in messages whose signature was checked; what became of each.

    1. read; 2. take over facts of accounts and people; 3. find accounts and names of products;
    4. record events; 5. count.
    """
    provider = PROVIDER_OF[source.provider]
    messages = [_read(provider, source, raw, time_zone) for raw in raws]
    _take_facts(source.workspace_id, messages, provider, now=now)
    _make_events(source, messages, provider, time_zone, now=now)
    _record(source.workspace_id, messages, provider, now=now)
    seen = [message.seen() for message in messages]
    tally(source, seen, now=now)
    return seen


def _read(provider: Provider, source: HookSource, raw: Any, time_zone: str) -> _Message:
    message = _Message(digest_of_json(raw), "?", raw)
    try:
        name, kind = provider.name_of(raw)
        message.id, message.kind = name[:200], kind[:100]
        message.reading = provider.read(raw, source.options, time_zone)
    except Misread as problem:
        message.error = FieldError(problem.field, problem.message)
    return message


def _refuse(message: _Message, problem: BadInput, provider: Provider) -> None:
    first = problem.errors[0]
    message.error = FieldError(provider.fields.get(first.field, first.field), first.message)


# --- facts ------------------------------------------------------------------------------


def _take_facts(
    workspace_id: UUID, messages: Sequence[_Message], provider: Provider, *, now: datetime
) -> None:
    for message in messages:
        if message.error is None and message.reading is not None:
            try:
                message.said = _said(message.reading, now)
            except BadInput as problem:
                _refuse(message, problem, provider)
    said = [message.said for message in messages if message.said is not None]
    if not said:
        return

    def store() -> None:
        with transaction() as session:
            found = [who.account for who in identify(session, workspace_id, said, now=now)]
            touched = {account.id for account in found if account is not None}
            note_touched(session, workspace_id, touched, now=now)

    until_no_deadlock(store)


def _said(reading: Reading, now: datetime) -> Said | None:
    """A clock that runs ahead makes no facts of the future."""
    if reading.account is None and reading.contact is None:
        return None
    account = checked(AccountBody, reading.account, "account.") if reading.account else None
    contact = checked(ContactBody, reading.contact, "contact.") if reading.contact else None
    return Said(
        min(reading.at, now),
        account=account.facts() if account else None,
        contact=contact.facts() if contact else None,
    )


# --- events -----------------------------------------------------------------------------


def _make_events(
    source: HookSource,
    messages: Sequence[_Message],
    provider: Provider,
    time_zone: str,
    *,
    now: datetime,
) -> None:
    """Bodies of events become checked events; those of a message go together."""
    telling = [
        message for message in messages
        if message.error is None and message.reading is not None and message.reading.events
    ]  # fmt: skip
    if not telling:
        return
    known_at = _accounts_of(
        source.workspace_id,
        {
            body["contact"] for message in telling for body in _events(message)
            if "account" not in body
        },
    )  # fmt: skip
    names = _names(source, telling)
    for message in telling:
        try:
            bodies = [_whole(message, body, known_at, names) for body in _events(message)]
            message.events = [event_of(body, time_zone=time_zone, now=now) for body in bodies]
        except BadInput as problem:
            _refuse(message, problem, provider)


def _events(message: _Message) -> Sequence[Mapping[str, Any]]:
    return message.reading.events if message.reading else ()


def _names(source: HookSource, telling: Sequence[_Message]) -> Mapping[Subscribed, str]:
    told = [
        (_subscribed(message, body), message.reading.at, body["action"] == "cancelled")
        for message in telling if message.reading is not None
        for body in message.reading.events if body["type"] == "subscription"
    ]  # fmt: skip
    return names_of_products(source, told) if told else {}


def _subscribed(message: _Message, body: Mapping[str, Any]) -> Subscribed:
    return Subscribed(body["account"], body["product"], subscription_id(message.raw) or "")


def _whole(
    message: _Message,
    body: Mapping[str, Any],
    known_at: Mapping[str, str],
    names: Mapping[Subscribed, str],
) -> Mapping[str, Any]:
    """With its account, and the name under which its subscription counts. Raises BadInput."""
    if body["type"] == "subscription":
        return {**body, "product": names[_subscribed(message, body)]}
    if "account" in body:
        return body
    account = known_at.get(body["contact"])
    if account is None:
        raise BadInput.of("account", "is needed, as the person is not known at any account yet")
    return {**body, "account": account}


def _accounts_of(workspace_id: UUID, people: set[str]) -> dict[str, str]:
    """External id of a person → that of the account where the person is known."""
    if not people:
        return {}
    with snapshot() as session:
        return dict(_known_at(session, workspace_id, people))


def _known_at(session: Session, workspace_id: UUID, people: set[str]) -> list[Any]:
    query = (
        select(ContactIdentity.value, Account.external_id)
        .join(
            Contact,
            (Contact.workspace_id == ContactIdentity.workspace_id)
            & (Contact.id == ContactIdentity.contact_id),
        )
        .join(
            Account,
            (Account.workspace_id == Contact.workspace_id) & (Account.id == Contact.account_id),
        )
        .where(
            ContactIdentity.workspace_id == workspace_id,
            ContactIdentity.kind == "external_id",
            ContactIdentity.value.in_(people),
        )
    )
    return [tuple(row) for row in session.execute(query)]


def _record(
    workspace_id: UUID, messages: Sequence[_Message], provider: Provider, *, now: datetime
) -> None:
    both = [(message, event) for message in messages for event in message.events]
    problems = record_events(workspace_id, [event for _, event in both], now=now)
    for (message, _), problem in zip(both, problems, strict=True):
        if isinstance(problem, BadInput):
            _refuse(message, problem, provider)


def source_of_address(session: Session, provider: str, public_id: str) -> HookSource | None:
    """The source at an address, of whichever workspace it is."""
    found: HookSource | None = session.scalar(
        select(HookSource)
        .where(HookSource.public_id == public_id, HookSource.provider == provider)
        .execution_options(voc_all_workspaces=True)
    )
    return found


def note_unsigned(source: HookSource, *, now: datetime) -> None:
    """Somebody sent something with a signature that does not fit; the page says so."""
    with transaction() as session:
        row = session.scalar(
            scoped(HookSource, source.workspace_id).where(HookSource.id == source.id)
        )
        if row is not None:
            row.last_unsigned_at = now
