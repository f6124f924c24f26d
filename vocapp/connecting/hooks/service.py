"""Use cases: set up where a provider's messages come in."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vocapp.connecting.hooks.models import PROVIDERS, HookRefusal, HookSource
from vocapp.database import scoped, transaction, uuid7
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.workspaces.service import audit

MOST_SOURCES = 20
_LONGEST_SECRET = 500


def add_source(
    workspace_id: UUID, *, provider: str, name: str, actor_user_id: UUID, now: datetime
) -> UUID:
    """An address for a provider; it takes nothing until a secret is saved.

    Raises BadInput, Conflict.
    """
    if provider not in PROVIDERS:
        raise BadInput.of("provider", f"expected one of {', '.join(PROVIDERS)}")
    if not 1 <= len(name.strip()) <= 100:
        raise BadInput.of("name", "expected 1 to 100 characters")
    row = HookSource(
        workspace_id=workspace_id, id=uuid7(), provider=provider, name=name.strip(),
        public_id=secrets.token_urlsafe(18), options={}, created_at=now,
    )  # fmt: skip
    try:
        with transaction() as session:
            query = select(func.count()).where(HookSource.workspace_id == workspace_id)
            if (session.scalar(query) or 0) >= MOST_SOURCES:
                raise Conflict(f"A workspace has at most {MOST_SOURCES} addresses.")
            session.add(row)
            session.flush()
            _audit(session, row, "added", actor_user_id, now, {"provider": provider})
    except IntegrityError as exc:
        raise BadInput.of("name", "is taken") from exc
    return row.id


def change_source(
    workspace_id: UUID,
    source_id: UUID,
    *,
    secret: str | None = None,
    options: Mapping[str, Any],
    actor_user_id: UUID,
    now: datetime,
) -> None:
    """Save how messages are read, and the secret where one is given. Raises NotFound, BadInput."""
    with transaction() as session:
        row = _source(session, workspace_id, source_id)
        if secret is not None:
            if not 8 <= len(secret) <= _LONGEST_SECRET:
                raise BadInput.of("secret", f"expected 8 to {_LONGEST_SECRET} characters")
            row.secret, row.last_unsigned_at = secret, None
        row.options = dict(options)
        _audit(session, row, "changed", actor_user_id, now, {"secret": secret is not None})


def remove_source(
    workspace_id: UUID, source_id: UUID, *, actor_user_id: UUID, now: datetime
) -> None:
    """Take the address away; what came by it stays. Raises NotFound."""
    with transaction() as session:
        row = _source(session, workspace_id, source_id)
        _audit(session, row, "removed", actor_user_id, now, {"provider": row.provider})
        session.delete(row)


def clear_refusals(
    workspace_id: UUID, source_id: UUID, *, actor_user_id: UUID, now: datetime
) -> int:
    """Strike the list of what was refused; how many there were. Raises NotFound."""
    with transaction() as session:
        row = _source(session, workspace_id, source_id)
        listed: Sequence[HookRefusal] = session.scalars(
            scoped(HookRefusal, workspace_id).where(HookRefusal.source_id == source_id)
        ).all()
        for refusal in listed:
            session.delete(refusal)
        _audit(session, row, "refusals_cleared", actor_user_id, now, {"count": len(listed)})
        return len(listed)


def _source(session: Session, workspace_id: UUID, source_id: UUID) -> HookSource:
    row: HookSource | None = session.scalar(
        scoped(HookSource, workspace_id).where(HookSource.id == source_id).with_for_update()
    )
    if row is None:
        raise NotFound("No such address.")
    return row


def _audit(
    session: Session,
    row: HookSource,
    what: str,
    actor_user_id: UUID,
    now: datetime,
    detail: Mapping[str, Any],
) -> None:
    audit(
        session, row.workspace_id, f"hook_source.{what}", now=now, subject=row,
        actor_user_id=actor_user_id, detail=dict(detail),
    )  # fmt: skip
