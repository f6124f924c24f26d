"""Signed identity: who answers, said by the customer's own server, not by the browser.

The token is `payload.signature`: payload is base64url of a JSON object with
`external_id` and/or `email`, optionally `name` and `attributes`, and `exp` (seconds
since 1970); signature is the hex HMAC-SHA256 of the payload text, with the SHA-256 (hex)
of one of the workspace's secret keys as the key. See docs/widget.md for examples.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from vocapp.database import scoped
from vocapp.extensions import db
from vocapp.people.facts import ContactFacts
from vocapp.people.parsing import ContactBody
from vocapp.problems import Forbidden
from vocapp.signing import digest_of_secret
from vocapp.workspaces.models import ApiKey


def sign_identity(secret_key: str, claims: dict[str, Any]) -> str:
    """What the customer's server computes; here for tests and documentation."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"{payload}.{_signature(digest_of_secret(secret_key), payload)}"


def contact_of_token(workspace_id: UUID, token: str, *, now: datetime) -> ContactFacts:
    """The person a token names. Raises Forbidden when it is not ours, altered or expired."""
    payload, _, signature = token.partition(".")
    if not _is_signed(workspace_id, payload, signature):
        raise Forbidden("The identity token is not valid.")
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        expires = float(claims.pop("exp"))
        facts = ContactBody.model_validate(claims).facts()
    except (ValueError, KeyError, TypeError, AttributeError) as exc:  # not base64, JSON or claims
        raise Forbidden("The identity token cannot be read.") from exc
    if expires < now.timestamp():
        raise Forbidden("The identity token has expired.")
    return facts


def _is_signed(workspace_id: UUID, payload: str, signature: str) -> bool:
    keys = db.session.scalars(
        scoped(ApiKey, workspace_id).where(ApiKey.kind == "secret", ApiKey.revoked_at.is_(None))
    )
    matches = [
        hmac.compare_digest(
            _signature(key.token_digest, payload).encode(), signature.encode("utf-8", "replace")
        )
        for key in keys
    ]
    return any(matches)


def _signature(key_digest: str, payload: str) -> str:
    return hmac.new(key_digest.encode(), payload.encode(), hashlib.sha256).hexdigest()
