"""What a provider's message comes to: events as the events API has them, and facts.

The modules that know a provider (`stripe_events`, `segment_events`) read its messages into
these values; whoever stores them checks them by the rules of the API. Nothing here knows the
time or a database.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha1, sha256
from typing import Any

STRIPE_TOLERANCE_S = 300  # what Stripe's own libraries allow for clocks and the way
_MOST_DIGITS = 12  # of seconds since 1970: more could be too large to count with


class Misread(ValueError):
    """A message that says less than it has to, or something that cannot be; names the field."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message = field, message


@dataclass(frozen=True, slots=True)
class Reading:
    """What one message says.

    at: since when its facts hold. account, contact: bodies of the accounts and contacts API.
    events: bodies of the events API; one without "account" is of the account that its contact
    is known at. All may be silent: then the message is one that nothing follows from.
    """

    at: datetime
    account: Mapping[str, Any] | None = None
    contact: Mapping[str, Any] | None = None
    events: tuple[Mapping[str, Any], ...] = ()

    @property
    def is_silent(self) -> bool:
        return self.account is None and self.contact is None and not self.events


def stripe_signed(body: bytes, header: str, secret: str, *, now: datetime) -> bool:
    """Whether Stripe signed a body no more than five minutes from now.

    header: the value of Stripe-Signature, `t=<seconds>,v1=<hex>,…`; while a secret is being
    replaced it has a `v1` of each. What is signed is the time, a full stop and the body, by
    HMAC with SHA-256.
    Source: Stripe, "Verify webhook signatures manually" (docs.stripe.com/webhooks).

    >>> stripe_signed(b"{}", "t=0,v1=00", "whsec_x", now=datetime(1970, 1, 1, tzinfo=UTC))
    False
    """
    return timed_signed(body, header, secret, now=now)


def timed_signed(body: bytes, header: str, secret: str, *, now: datetime) -> bool:
    """The same of anybody who signs so."""
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    if len(times) != 1 or not times[0].isdecimal() or not times[0].isascii():
        return False
    if len(times[0]) > _MOST_DIGITS:
        return False
    if abs(now.timestamp() - int(times[0])) > STRIPE_TOLERANCE_S:
        return False
    expected = hmac.new(secret.encode(), f"{times[0]}.".encode() + body, sha256).hexdigest()
    return any(_same(expected, value) for name, _, value in parts if name == "v1")


def segment_signed(body: bytes, header: str, secret: str) -> bool:
    """Whether Segment signed a body. header: the value of x-signature, HMAC with SHA-1 in hex.

    Source: Segment, "Webhooks (Actions) destination", authentication by shared secret.

    >>> segment_signed(b"{}", "", "secret")
    False
    """
    return _same(hmac.new(secret.encode(), body, sha1).hexdigest(), header.strip().lower())


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def instant_of(seconds: Any, field: str) -> datetime:
    """Seconds since 1970 as an instant. Raises Misread.

    >>> instant_of(1735689600, "created").isoformat()
    '2025-01-01T00:00:00+00:00'
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        raise Misread(field, "expected seconds since 1970")
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as exc:
        raise Misread(field, "expected seconds since 1970") from exc


def part_of(value: Any, name: str) -> Mapping[str, Any]:
    """An object within an object; an empty one where there is none.

    >>> part_of({"data": {"object": 1}}, "data"), part_of({}, "data"), part_of("x", "data")
    ({'object': 1}, {}, {})
    """
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def message_name(message: Any, id_field: str) -> tuple[str, str]:
    """Id, of that field, and kind of a message. Raises Misread."""
    if not isinstance(message, Mapping):
        raise Misread("body", "expected an object")
    message_id, kind = text_of(message.get(id_field)), text_of(message.get("type"))
    if message_id is None:
        raise Misread(id_field, "is needed")
    if kind is None:
        raise Misread("type", "is needed")
    return message_id, kind


def text_of(value: Any) -> str | None:
    """A text without blanks around it; None where there is none or it is no text.

    >>> text_of(" acme "), text_of(""), text_of(7)
    ('acme', None, None)
    """
    return (value.strip() or None) if isinstance(value, str) else None
