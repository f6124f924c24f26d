"""Signed values bound to a purpose, and secrets that are stored as hashes.

Each purpose has a key of its own (itsdangerous derives it from SECRET_KEY and the
salt), so that a token made for one thing opens nothing else.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from typing import Any, Literal

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer

Purpose = Literal[
    "edit-response",
    "invitation-link",
    "unsubscribe",
    "visit",
    "place",
    "single-use",
    "identity",
    "undo",
    "cursor",
    "password-reset",
    "staff-invitation",
]
# Links that customers have, in mails or on posters: they open under former keys, too, as long as
# these are kept.
_OUTLIVES_KEY: frozenset[Purpose] = frozenset(
    {"edit-response", "invitation-link", "unsubscribe", "visit", "place", "single-use"}
)


class BadToken(ValueError):
    """Altered, expired, or made for another purpose."""


def sign(purpose: Purpose, value: Any) -> str:
    """A token that does not expire; the same value gives the same token."""
    return URLSafeSerializer(_key(), salt=f"voc.{purpose}").dumps(value)


def unsign(purpose: Purpose, token: str) -> Any:
    """The value of a token; raises BadToken."""
    # The serializer signs by the last key, and opens by all of them.
    keys = [*_former_keys()[::-1], _key()] if purpose in _OUTLIVES_KEY else [_key()]
    try:
        return URLSafeSerializer(keys, salt=f"voc.{purpose}").loads(token)
    except BadData as exc:
        raise BadToken(purpose) from exc


def sign_timed(purpose: Purpose, value: Any) -> str:
    """A token that knows when it was made."""
    return URLSafeTimedSerializer(_key(), salt=f"voc.{purpose}").dumps(value)


def unsign_timed(purpose: Purpose, token: str, *, max_age_s: int) -> Any:
    """The value of a token not older than `max_age_s`; raises BadToken."""
    try:
        return URLSafeTimedSerializer(_key(), salt=f"voc.{purpose}").loads(token, max_age=max_age_s)
    except BadData as exc:
        raise BadToken(purpose) from exc


def new_secret(prefix: str = "") -> str:
    """256 random bits, so that a plain hash is enough to store it safely."""
    return prefix + secrets.token_urlsafe(32)


def digest_of_secret(secret: str) -> str:
    """What is stored of a random secret: SHA-256 in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def keyed_hash(purpose: str, value: str) -> str:
    """A hash that only this installation can compute (tombstones, suppression)."""
    return _hashed(purpose, value, _key())


def keyed_hashes(purpose: str, value: str) -> list[str]:
    """`keyed_hash` and what it was under former keys, the present one first: to look a hash up."""
    return [_hashed(purpose, value, key) for key in (_key(), *_former_keys())]


def _hashed(purpose: str, value: str, secret: str) -> str:
    key = hashlib.sha256(f"voc.{purpose}:{secret}".encode()).digest()
    return hmac.new(key, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def digest_of_json(value: Any) -> str:
    """SHA-256 over a JSON value, whatever its spacing or key order.

    >>> digest_of_json({"a": 1, "b": 2.0}) == digest_of_json({"b": 2, "a": 1})
    True
    """
    canonical = json.dumps(_canonical(value), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _canonical(value: Any) -> Any:
    """2.0 and 2 are the same JSON number."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    return value


def _key() -> str:
    return str(current_app.config["SECRET_KEY"])


def _former_keys() -> list[str]:
    return list(current_app.config["SETTINGS"].former_secrets)
