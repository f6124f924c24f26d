"""Versions of a workspace's routing rules: each change keeps the whole set as it left it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from vocapp.database import scoped, transaction
from vocapp.following_up.models import RoutingRule, RoutingVersion
from vocapp.problems import Conflict, NotFound
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.models import User
from vocapp.workspaces.service import audit

_UNDO = "routing"


def in_order(session: Session, workspace_id: UUID) -> Sequence[RoutingRule]:
    ordered = scoped(RoutingRule, workspace_id).order_by(RoutingRule.position, RoutingRule.id)
    return session.scalars(ordered).all()


def stored_rules(session: Session, workspace_id: UUID) -> list[dict[str, Any]]:
    """All rules in order, as plain values."""
    return [
        {
            "id": str(row.id), "key": row.key, "name": row.name, "when": dict(row.condition),
            "then": dict(row.outcome), "enabled": row.enabled,
        }
        for row in in_order(session, workspace_id)
    ]  # fmt: skip


def lock_rules(session: Session, workspace_id: UUID, *, now: datetime) -> list[RoutingRule]:
    """All rules in order, for changing; one change waits for another. What was there before the
    first change becomes version 1.
    """
    locked = scoped(RoutingRule, workspace_id).order_by(RoutingRule.id).with_for_update()
    session.scalars(locked).all()
    if latest_version(session, workspace_id) is None:
        _keep(session, workspace_id, number=1, at=now)
    return list(in_order(session, workspace_id))


def latest_version(session: Session, workspace_id: UUID) -> int | None:
    """The number of the version in force; None: the rules were never changed."""
    return session.scalar(
        select(func.max(RoutingVersion.number)).where(RoutingVersion.workspace_id == workspace_id)
    )


def keep_version(
    session: Session,
    workspace_id: UUID,
    *,
    actor_user_id: UUID,
    now: datetime,
    restored: int | None = None,
) -> int:
    """Keep the rules as they are now, in the transaction that locked them; the version's number."""
    session.flush()
    number = (latest_version(session, workspace_id) or 0) + 1
    _keep(
        session, workspace_id, number=number, at=now, actor_user_id=actor_user_id,
        restored=restored,
    )  # fmt: skip
    return number


def _keep(session: Session, workspace_id: UUID, **values: Any) -> None:
    rules = stored_rules(session, workspace_id)
    session.add(RoutingVersion(workspace_id=workspace_id, rules=rules, **values))
    session.flush()


def restore(
    workspace_id: UUID,
    number: int,
    *,
    actor_user_id: UUID,
    now: datetime,
    only_after: int | None = None,
) -> int:
    """Put the rules back as a version has them, as a new version; its number. Cases stay.

    only_after: the version that must still be in force. Raises NotFound, Conflict.
    """
    with transaction() as session:
        present = {row.id: row for row in lock_rules(session, workspace_id, now=now)}
        if only_after is not None and latest_version(session, workspace_id) != only_after:
            raise Conflict("The rules were changed since.")
        version = session.scalar(
            scoped(RoutingVersion, workspace_id).where(RoutingVersion.number == number)
        )
        if version is None:
            raise NotFound("No such version.")
        wanted = {UUID(rule["id"]): rule for rule in version.rules}
        for row_id in present.keys() - wanted.keys():
            session.delete(present[row_id])
        session.flush()
        for position, (row_id, rule) in enumerate(wanted.items(), start=1):
            row = present.get(row_id)
            if row is None:
                row = RoutingRule(
                    workspace_id=workspace_id, id=row_id, key=rule["key"], created_at=now
                )
                session.add(row)
            row.position, row.name, row.enabled = position, rule["name"], rule["enabled"]
            row.condition, row.outcome = rule["when"], rule["then"]
        audit(
            session, workspace_id, "routing_rules.restored", now=now,
            actor_user_id=actor_user_id, detail={"version": number},
        )  # fmt: skip
        return keep_version(
            session, workspace_id, actor_user_id=actor_user_id, now=now, restored=number
        )


def undo_of(workspace_id: UUID, version: int, *, actor_user_id: UUID) -> str:
    """A token that takes back the change which left this version."""
    return undo_token(_UNDO, workspace_id, actor_user_id, version=version)


def undo(workspace_id: UUID, token: str, *, actor_user_id: UUID, now: datetime) -> int:
    """Put back what was before a change, unless the rules were changed since. Raises Conflict."""
    version = int(read_undo(token, _UNDO, workspace_id, actor_user_id)["version"])
    return restore(
        workspace_id, version - 1, actor_user_id=actor_user_id, now=now, only_after=version
    )


@dataclass(frozen=True, slots=True)
class Version:
    """A version and what was before it; `before` is None of the first."""

    number: int
    at: datetime
    who: str | None
    restored: int | None
    rules: list[dict[str, Any]]
    before: list[dict[str, Any]] | None


def versions(
    session: Session, workspace_id: UUID, *, limit: int, before: int | None = None
) -> list[Version]:
    """The newest versions, below number `before` where given."""
    query = (
        select(RoutingVersion, User.name)
        .outerjoin(User, User.id == RoutingVersion.actor_user_id)
        .where(RoutingVersion.workspace_id == workspace_id)
        .order_by(RoutingVersion.number.desc())
        .limit(limit + 1)
    )
    if before is not None:
        query = query.where(RoutingVersion.number < before)
    rows = session.execute(query).all()
    older = [row.rules for row, _name in rows[1:]]
    return [
        Version(row.number, row.at, name, row.restored, row.rules, former)
        for (row, name), former in zip(rows[:limit], [*older, None], strict=False)
    ]
