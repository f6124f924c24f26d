"""A workspace's routing rules: the default ones, in order, changed by administrators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.routing import Outcome, Rule, RuleError, default_rules, rule_to_json, validate_rule
from vocapp.database import insert_if_absent, scoped, snapshot, transaction, uuid7
from vocapp.following_up.models import RoutingRule
from vocapp.following_up.rule_segments import segments_of
from vocapp.following_up.rule_versions import in_order, keep_version, lock_rules
from vocapp.measuring.segments.queries import names_by_key
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


# Where a reply goes that no rule of the workspace fits. Its key is none that a person can give.
BY_REPLY = Rule("by:reply", {}, Outcome("success", "account_owner", 24, "normal"))


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
    rows = in_order(session, workspace_id)
    return [rule for row in rows if row.enabled and (rule := as_rule(row)) is not None]


def as_rule(row: RoutingRule) -> Rule | None:
    """A stored rule as the pure code has it, or None when it is not valid (any more)."""
    try:
        return validate_rule({"key": row.key, "when": row.condition, "then": row.outcome})
    except RuleError:
        return None


def save_rule(
    workspace_id: UUID,
    new: NewRule,
    *,
    rule_id: UUID | None = None,
    actor_user_id: UUID,
    now: datetime,
) -> int:
    """Add a rule, first in line, or change one. Like every change it keeps a version; its number.

    Raises BadInput, Conflict (key in use, too many), NotFound.
    """
    if not 1 <= len(new.name.strip()) <= 200:
        raise BadInput.of("name", "expected 1 to 200 characters")
    stored = rule_to_json(new.rule)
    with transaction() as session:
        ensure_rules(session, workspace_id, now=now)
        rows = lock_rules(session, workspace_id, now=now)
        if rule_id is None:
            row = _add(session, workspace_id, rows, new.rule.key, now=now)
        else:
            row = _of(rows, rule_id)
        row.name = new.name.strip()
        row.condition, row.outcome = stored["when"], stored["then"]
        audit(
            session, workspace_id, "routing_rule.saved", now=now, subject=row,
            actor_user_id=actor_user_id, detail=_segments_told(session, workspace_id, new.rule),
        )  # fmt: skip
        return keep_version(session, workspace_id, actor_user_id=actor_user_id, now=now)


def _segments_told(session: Session, workspace_id: UUID, rule: Rule) -> dict[str, Any]:
    """The segments that a rule asks for, as they are called now; nothing of none."""
    asked = segments_of(rule.when)
    names = names_by_key(session, workspace_id) if asked else {}
    return {"segment": [names[key].name for key in asked if key in names]} if asked else {}


def _add(
    session: Session, workspace_id: UUID, rows: Sequence[RoutingRule], key: str, *, now: datetime
) -> RoutingRule:
    """A row for a new rule, first in line: what is added is more special than what is there."""
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


def _of(rows: Sequence[RoutingRule], rule_id: UUID) -> RoutingRule:
    row = next((row for row in rows if row.id == rule_id), None)
    if row is None:
        raise NotFound("No such rule.")
    return row


def switch_rule(
    workspace_id: UUID, rule_id: UUID, *, enabled: bool, actor_user_id: UUID, now: datetime
) -> int:
    """Use a rule, or leave it out; the number of the version. Raises NotFound."""
    with transaction() as session:
        row = _of(lock_rules(session, workspace_id, now=now), rule_id)
        row.enabled = enabled
        audit(
            session, workspace_id, "routing_rule.switched", now=now, subject=row,
            actor_user_id=actor_user_id, detail={"enabled": enabled},
        )  # fmt: skip
        return keep_version(session, workspace_id, actor_user_id=actor_user_id, now=now)


def move_rule(
    workspace_id: UUID, rule_id: UUID, *, step: int, actor_user_id: UUID, now: datetime
) -> int:
    """Move a rule up (step -1) or down (1) by one place, at the end it stays; the number of the
    version. Raises NotFound.
    """
    with transaction() as session:
        rows = lock_rules(session, workspace_id, now=now)
        row = _of(rows, rule_id)
        moved = moved_by(rows, rows.index(row), step)
        for position, each in enumerate(moved, start=1):
            each.position = position
        audit(
            session, workspace_id, "routing_rule.moved", now=now, subject=row,
            actor_user_id=actor_user_id, detail={"position": row.position},
        )  # fmt: skip
        return keep_version(session, workspace_id, actor_user_id=actor_user_id, now=now)


def moved_by(several: Sequence[Any], at: int, step: int) -> list[Any]:
    """With one of them moved by some places, at most to an end.

    >>> moved_by("abc", 2, -1), moved_by("abc", 0, -1)
    (['a', 'c', 'b'], ['a', 'b', 'c'])
    """
    moved = list(several)
    moved.insert(min(max(at + step, 0), len(moved) - 1), moved.pop(at))
    return moved


def remove_rule(workspace_id: UUID, rule_id: UUID, *, actor_user_id: UUID, now: datetime) -> int:
    """Take a rule away; its cases stay. The number of the version.

    Raises NotFound, and Conflict: the last one stays.
    """
    with transaction() as session:
        rows = lock_rules(session, workspace_id, now=now)
        row = _of(rows, rule_id)
        if len(rows) == 1:
            raise Conflict("The last rule stays; switch it off instead.")
        audit(
            session, workspace_id, "routing_rule.removed", now=now, subject=row,
            actor_user_id=actor_user_id, detail={"key": row.key},
        )  # fmt: skip
        session.delete(row)
        return keep_version(session, workspace_id, actor_user_id=actor_user_id, now=now)
