"""Goal templates of a workspace: kept, changed, taken away, and those that fit an account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from surveys import fields
from surveys.playbooks import has_attributes
from vocapp.database import scoped, snapshot, transaction, uuid7
from vocapp.people.models import Account
from vocapp.problems import BadInput, Conflict, FieldError, NotFound
from vocapp.succeeding.attribute_lines import attributes_of
from vocapp.succeeding.goals.models import GoalTemplate
from vocapp.succeeding.goals.service import figure_errors, read_texts
from vocapp.workspaces.service import audit

MAX_TEMPLATES = 100
MAX_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Wanted:
    """A template as a person wrote it. target: None where every account has its own.

    attributes: name → values of the accounts that it is for; empty: all.
    """

    words: str
    measure: str
    unit: str
    target: float | None
    due_in_days: int
    attributes: Mapping[str, Sequence[str]]


def stored_templates(session: Session, workspace_id: UUID) -> Sequence[GoalTemplate]:
    """The oldest first."""
    ordered = (
        scoped(GoalTemplate, workspace_id)
        .where(GoalTemplate.removed_at.is_(None))
        .order_by(GoalTemplate.created_at, GoalTemplate.id)
        .limit(MAX_TEMPLATES)
    )
    return session.scalars(ordered).all()


def fitting(workspace_id: UUID, account: Account) -> list[GoalTemplate]:
    """Those for this account: of those for its segment first, then those for all."""
    told = attributes_of(account)
    with snapshot() as session:
        rows = stored_templates(session, workspace_id)
    found = [row for row in rows if has_attributes(told, row.attributes)]
    return sorted(found, key=lambda row: not row.attributes)


def template_of(workspace_id: UUID, template_id: UUID) -> GoalTemplate:
    """One that is there. Raises NotFound."""
    with snapshot() as session:
        return _there(session, workspace_id, template_id)


def save_template(
    workspace_id: UUID,
    wanted: Wanted,
    *,
    template_id: UUID | None = None,
    actor_user_id: UUID,
    now: datetime,
) -> UUID:
    """Add one, or change the named one. Raises BadInput, NotFound, Conflict (too many)."""
    texts = _checked(wanted)
    with transaction() as session:
        if template_id is None:
            _refuse_one_more(session, workspace_id)
            row = GoalTemplate(workspace_id=workspace_id, id=uuid7(), created_at=now)
        else:
            row = _there(session, workspace_id, template_id)
        row.words, row.measure, row.unit = texts["words"], texts["measure"], texts["unit"]
        row.target, row.due_in_days = wanted.target, wanted.due_in_days
        row.attributes = {name: list(values) for name, values in wanted.attributes.items()}
        row.updated_at = now
        session.add(row)
        session.flush()
        audit(
            session, workspace_id, "goal_template.saved", now=now, subject=row,
            actor_user_id=actor_user_id,
        )  # fmt: skip
        return row.id


def remove_template(
    workspace_id: UUID, template_id: UUID, *, actor_user_id: UUID, now: datetime
) -> None:
    """Take one away; it can be put back, and goals that began with it stay. Raises NotFound."""
    with transaction() as session:
        row = _there(session, workspace_id, template_id)
        row.removed_at = now
        audit(
            session, workspace_id, "goal_template.removed", now=now, subject=row,
            actor_user_id=actor_user_id,
        )  # fmt: skip


def put_back(workspace_id: UUID, template_id: UUID, *, actor_user_id: UUID, now: datetime) -> None:
    """The counterpart of `remove_template`. Raises NotFound, Conflict (there are too many)."""
    with transaction() as session:
        row = session.scalar(
            scoped(GoalTemplate, workspace_id).where(GoalTemplate.id == template_id)
        )
        if row is None:
            raise NotFound("No such template.")
        if row.removed_at is None:
            return
        _refuse_one_more(session, workspace_id)
        row.removed_at = None
        audit(
            session, workspace_id, "goal_template.put_back", now=now, subject=row,
            actor_user_id=actor_user_id,
        )  # fmt: skip


def _there(session: Session, workspace_id: UUID, template_id: UUID) -> GoalTemplate:
    row = session.scalar(
        scoped(GoalTemplate, workspace_id).where(
            GoalTemplate.id == template_id, GoalTemplate.removed_at.is_(None)
        )
    )
    if row is None:
        raise NotFound("No such template.")
    return row


def _refuse_one_more(session: Session, workspace_id: UUID) -> None:
    if len(stored_templates(session, workspace_id)) >= MAX_TEMPLATES:
        raise Conflict(f"A workspace has at most {MAX_TEMPLATES} goal templates.")


def _checked(wanted: Wanted) -> dict[str, str]:
    """Its texts without spaces around. Raises BadInput, which names each wrong field."""
    texts, errors = read_texts(wanted.words, wanted.measure, wanted.unit)
    if wanted.target is not None:
        errors += figure_errors("target", wanted.target)
    if not 1 <= wanted.due_in_days <= MAX_DAYS:
        errors.append(FieldError("due_in_days", f"expected 1 to {MAX_DAYS} days"))
    if wanted.attributes:
        lists = {name: list(values) for name, values in wanted.attributes.items()}
        try:
            fields.read_attributes(lists, "attributes")
        except fields.FieldError as problem:
            errors.append(FieldError("attributes", problem.message))
    if errors:
        raise BadInput(*errors)
    return texts
