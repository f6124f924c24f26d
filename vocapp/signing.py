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
    "identity",
    "undo",
    "cursor",
    "password-reset",
    "staff-invitation",
]


class BadToken(ValueError):
    """Altered, expired, or made for another purpose."""


def sign(purpose: Purpose, value: Any) -> str:
    """A token that does not expire; the same value gives the same token."""
    return URLSafeSerializer(_key(), salt=f"voc.{purpose}").dumps(value)


def unsign(purpose: Purpose, token: str) -> Any:
    """The value of a token; raises BadToken."""
    try:
        return URLSafeSerializer(_key(), salt=f"voc.{purpose}").loads(token)
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
    key = hashlib.sha256(f"voc.{purpose}:{_key()}".encode()).digest()
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
