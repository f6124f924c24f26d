"""What is particular to each provider: its signature, its ids, its fields and its options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from surveys import provider_events, segment_events, stripe_events
from surveys.provider_events import Reading

Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Provider:
    """header: has the signature. fields: a field of our API → where the provider has it."""

    header: str
    signed: Callable[[bytes, str, str, datetime], bool]
    name_of: Callable[[Any], tuple[str, str]]
    read: Callable[[Mapping[str, Any], Options, str], Reading | None]
    fields: Mapping[str, str]


def _read_stripe(message: Mapping[str, Any], options: Options, time_zone: str) -> Reading | None:
    return stripe_events.read_stripe(
        message, account_field=str(options.get("account_field", "")), time_zone=time_zone
    )


def _read_segment(message: Mapping[str, Any], options: Options, _time_zone: str) -> Reading | None:
    return segment_events.read_segment(
        message,
        logins=options.get("logins", [segment_events.SIGNED_IN]),
        milestones=options.get("milestones", []),
    )


def _signed_by_segment(body: bytes, header: str, secret: str, _now: datetime) -> bool:
    return provider_events.segment_signed(body, header, secret)


def _signed_by_stripe(body: bytes, header: str, secret: str, now: datetime) -> bool:
    return provider_events.stripe_signed(body, header, secret, now=now)


PROVIDER_OF = {
    "stripe": Provider(
        header="Stripe-Signature",
        signed=_signed_by_stripe,
        name_of=stripe_events.stripe_name,
        read=_read_stripe,
        fields={
            "at": "created", "account": "data.object.customer", "id": "id",
            "product": "data.object.items.data.price.product",
            "mrr": "data.object.items.data.price.unit_amount",
            "currency": "data.object.items.data.price.currency",
            "invoice": "data.object.id", "amount": "data.object.amount_due",
            "due_on": "data.object.due_date",
            "term_ends_on": "data.object.items.data.current_period_end",
            "account.external_id": "data.object.id", "account.name": "data.object.name",
        },
    ),
    "segment": Provider(
        header="x-signature",
        signed=_signed_by_segment,
        name_of=segment_events.segment_name,
        read=_read_segment,
        fields={
            "at": "timestamp", "account": "context.groupId", "contact": "userId",
            "id": "messageId", "name": "event", "product": "properties.product",
            "contact.external_id": "userId",
            "contact.email": "traits.email", "contact.name": "traits.name",
            "contact.locale": "context.locale", "contact.time_zone": "context.timezone",
            "account.external_id": "groupId", "account.name": "traits.name",
            "account.plan": "traits.plan", "account.attributes": "traits",
        },
    ),
}  # fmt: skip
