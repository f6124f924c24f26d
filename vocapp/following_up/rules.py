"""A workspace's routing rules: the default ones, in order, changed by administrators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.routing import Rule, RuleError, default_rules, rule_to_json, validate_rule
from vocapp.database import insert_if_absent, scoped, snapshot, transaction, uuid7
from vocapp.following_up.models import RoutingRule
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.workspaces.service import audit

MAX_RULES = 100
# Kept in English; pages show them in the reader's language (see wording.rule_name).
DEFAULT_NAMES = {
    "cancel-risk": "May cancel",
    "security-concern": "Security concern",
    "key-account-low": "Low score of a key account",
    "service-failing": "Reliability or support fails",
    "low-score": "Low score",
    "product-friction": "Friction with the product",
}


@dataclass(frozen=True, slots=True)
class NewRule:
    """What a person wrote; `rule` is checked by `surveys.routing.validate_rule`."""

    name: str
    rule: Rule


def ensure_rules(session: Session, workspace_id: UUID, *, now: datetime) -> None:
    """Give a workspace without rules the default ones."""
    known = select(RoutingRule.id).where(RoutingRule.workspace_id == workspace_id).limit(1)
    if session.scalar(known):
        return
    for position, rule in enumerate(default_rules(), start=1):
        stored = rule_to_json(rule)
        insert_if_absent(
            session,
            RoutingRule,
            workspace_id=workspace_id,
            id=uuid7(),
            position=position,
            key=rule.key,
            name=DEFAULT_NAMES[rule.key],
            condition=stored["when"],
            outcome=stored["then"],
            created_at=now,
        )


def make_sure_of_rules(workspace_id: UUID, *, now: datetime) -> None:
    """For the page that lists rules before any answer came in."""
    with snapshot() as session:
        known = select(RoutingRule.id).where(RoutingRule.workspace_id == workspace_id).limit(1)
        if session.scalar(known):
            return
    with transaction() as session:
        ensure_rules(session, workspace_id, now=now)


def enabled_rules(session: Session, workspace_id: UUID) -> list[Rule]:
    """The rules in use, in order; one that can no longer be read is left out."""
    rows = _in_order(session, workspace_id)
    return [rule for row in rows if row.enabled and (rule := as_rule(row)) is not None]


def as_rule(row: RoutingRule) -> Rule | None:
    """A stored rule as the pure code has it, or None when it is not valid (any more)."""
    try:
        return validate_rule({"key": row.key, "when": row.condition, "then": row.outcome})
    except RuleError:
        return None


def _in_order(session: Session, workspace_id: UUID) -> Sequence[RoutingRule]:
    ordered = scoped(RoutingRule, workspace_id).order_by(RoutingRule.position, RoutingRule.id)
    return session.scalars(ordered).all()


def save_rule(
    workspace_id: UUID,
    new: NewRule,
    *,
    rule_id: UUID | None = None,
    actor_user_id: UUID,
    now: datetime,
) -> UUID:
    """Add a rule before the first that catches every low score, or change one.

    Raises BadInput, Conflict (key in use, too many), NotFound.
    """
    if not 1 <= len(new.name.strip()) <= 200:
        raise BadInput.of("name", "expected 1 to 200 characters")
    stored = rule_to_json(new.rule)
    with transaction() as session:
        ensure_rules(session, workspace_id, now=now)
        if rule_id is None:
            row = _add(session, workspace_id, new.rule.key, now=now)
        else:
            row = _locked(session, workspace_id, rule_id)
        row.name = new.name.strip()
        row.condition, row.outcome = stored["when"], stored["then"]
        audit(
            session, workspace_id, "routing_rule.saved", now=now, subject=row,
            actor_user_id=actor_user_id,
        )  # fmt: skip
        return row.id


def _add(session: Session, workspace_id: UUID, key: str, *, now: datetime) -> RoutingRule:
    """A row for a new rule, first in line: what is added is more special than what is there."""
    rows = _in_order(session, workspace_id)
    if len(rows) >= MAX_RULES:
        raise Conflict(f"A workspace has at most {MAX_RULES} rules.")
    inserted = insert_if_absent(
        session, RoutingRule, workspace_id=workspace_id, id=uuid7(), key=key, name="",
        position=min((row.position for row in rows), default=1) - 1,
        condition={}, outcome={}, created_at=now,
    )  # fmt: skip
    if not inserted:
        raise Conflict("Another rule has this key.")
    return session.scalars(scoped(RoutingRule, workspace_id).where(RoutingRule.key == key)).one()


def _locked(session: Session, workspace_id: UUID, rule_id: UUID) -> RoutingRule:
    row = session.scalar(
        scoped(RoutingRule, workspace_id).where(RoutingRule.id == rule_id).with_for_update()
    )
    if row is None:
        raise NotFound("No such rule.")
    return row


def switch_rule(
    workspace_id: UUID, rule_id: UUID, *, enabled: bool, actor_user_id: UUID, now: datetime
) -> None:
    """Use a rule, or leave it out. Raises NotFound."""
    with transaction() as session:
        row = _locked(session, workspace_id, rule_id)
        row.enabled = enabled
        audit(
            session, workspace_id, "routing_rule.switched", now=now, subject=row,
            actor_user_id=actor_user_id, detail={"enabled": enabled},
        )  # fmt: skip


def move_rule(
    workspace_id: UUID, rule_id: UUID, *, step: int, actor_user_id: UUID, now: datetime
) -> None:
    """Move a rule up (step -1) or down (1) by one place; at the end it stays. NotFound."""
    with transaction() as session:
        _locked(session, workspace_id, rule_id)
        rows = list(_in_order(session, workspace_id))
        at = next(index for index, row in enumerate(rows) if row.id == rule_id)
        to = min(max(at + step, 0), len(rows) - 1)
        row = rows.pop(at)
        rows.insert(to, row)
        for position, each in enumerate(rows, start=1):
            each.position = position
        audit(
            session, workspace_id, "routing_rule.moved", now=now, subject=row,
            actor_user_id=actor_user_id, detail={"position": to + 1},
        )  # fmt: skip


def remove_rule(workspace_id: UUID, rule_id: UUID, *, actor_user_id: UUID, now: datetime) -> None:
    """Take a rule away; its cases stay. The last one stays, too. Raises NotFound, Conflict."""
    with transaction() as session:
        row = _locked(session, workspace_id, rule_id)
        count = select(func.count()).where(RoutingRule.workspace_id == workspace_id)
        if session.scalar(count) == 1:
            raise Conflict("The last rule stays; switch it off instead.")
        audit(
            session, workspace_id, "routing_rule.removed", now=now, subject=row,
            actor_user_id=actor_user_id, detail={"key": row.key},
        )  # fmt: skip
        session.delete(row)


def stored_rules(session: Session, workspace_id: UUID) -> list[dict[str, Any]]:
    """All rules in order, as plain values."""
    return [
        {
            "id": row.id, "key": row.key, "name": row.name, "when": dict(row.condition),
            "then": dict(row.outcome), "enabled": row.enabled,
        }
        for row in _in_order(session, workspace_id)
    ]  # fmt: skip
