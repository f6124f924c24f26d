"""Use cases: a planned contact took place, is called off, or is planned again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from vocapp.database import scoped, transaction
from vocapp.problems import BadInput, Conflict, FieldError, NotFound
from vocapp.succeeding.notes import note_errors
from vocapp.succeeding.touchpoints import by_itself
from vocapp.succeeding.touchpoints.models import SKIP_REASONS, WAYS, TouchpointPlan
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.service import audit


@dataclass(frozen=True, slots=True)
class Done:
    """undo: a token for `undo`."""

    account_id: UUID
    undo: str


def mark_done(
    workspace_id: UUID,
    plan_id: UUID,
    way: str,
    *,
    note: str = "",
    actor_user_id: UUID,
    now: datetime,
) -> Done:
    """It took place in this way. Raises NotFound, BadInput, Conflict (somebody was quicker)."""
    errors = note_errors(note)
    if way not in WAYS:
        errors.append(FieldError("way", f"expected one of {', '.join(WAYS)}"))
    if errors:
        raise BadInput(*errors)
    values = {"state": "done", "way": way}
    return _decide(
        workspace_id, plan_id, "touchpoint.done", values, note,
        actor_user_id=actor_user_id, now=now,
    )  # fmt: skip


def skip(
    workspace_id: UUID,
    plan_id: UUID,
    reason: str,
    *,
    note: str = "",
    actor_user_id: UUID,
    now: datetime,
) -> Done:
    """It is called off. Raises NotFound, BadInput, Conflict (somebody was quicker)."""
    check_skip(reason, note)
    values = {"state": "skipped", "reason": reason}
    return _decide(
        workspace_id, plan_id, "touchpoint.skipped", values, note,
        actor_user_id=actor_user_id, now=now,
    )  # fmt: skip


def check_skip(reason: str, note: str) -> None:
    """Why something is not done; another reason needs words. Raises BadInput."""
    errors = note_errors(note)
    if reason not in SKIP_REASONS:
        errors.append(FieldError("reason", f"expected one of {', '.join(SKIP_REASONS)}"))
    elif reason == "other" and not note.strip():
        errors.append(FieldError("note", "expected words for another reason"))
    if errors:
        raise BadInput(*errors)


def _decide(
    workspace_id: UUID,
    plan_id: UUID,
    action: str,
    values: Mapping[str, Any],
    note: str,
    *,
    actor_user_id: UUID,
    now: datetime,
) -> Done:
    with transaction() as session:
        plan = _locked(session, workspace_id, plan_id)
        if plan.state != "planned":
            raise Conflict("This contact was marked as done or skipped already.")
        for name, value in values.items():
            setattr(plan, name, value)
        plan.note = note.strip() or None
        plan.decided_at, plan.decided_by_user_id = now, actor_user_id
        by_itself.call_back(session, plan, by_itself.TAKEN_OVER)
        _touch(session, plan, action, actor_user_id, now)
        token = undo_token(
            "touchpoint", workspace_id, actor_user_id, plan=plan.id.hex, version=plan.version
        )
        return Done(plan.account_id, token)


def undo(workspace_id: UUID, token: str, *, actor_user_id: UUID, now: datetime) -> None:
    """Plan it again. Raises Conflict: too late (ten minutes), or somebody changed it since."""
    told = read_undo(token, "touchpoint", workspace_id, actor_user_id)
    with transaction() as session:
        plan = _locked(session, workspace_id, UUID(told["plan"]))
        if plan.version != told["version"]:
            raise Conflict("This contact was changed since, so it was left as it is.")
        _plan_again(session, plan, actor_user_id, now)


def plan_again(workspace_id: UUID, plan_id: UUID, *, actor_user_id: UUID, now: datetime) -> None:
    """Plan what was done or skipped again, however long ago; may be repeated. Raises NotFound."""
    with transaction() as session:
        plan = _locked(session, workspace_id, plan_id)
        if plan.state != "planned":
            _plan_again(session, plan, actor_user_id, now)


def _plan_again(session: Session, plan: TouchpointPlan, actor_user_id: UUID, now: datetime) -> None:
    by_itself.leave_to_a_person(session, plan, now=now)
    plan.state = "planned"
    plan.way = plan.reason = plan.note = plan.decided_at = plan.decided_by_user_id = None
    _touch(session, plan, "touchpoint.planned_again", actor_user_id, now)


def _touch(
    session: Session, plan: TouchpointPlan, action: str, actor_user_id: UUID, now: datetime
) -> None:
    plan.version += 1
    plan.updated_at = now
    audit(
        session, plan.workspace_id, action, subject=plan, actor_user_id=actor_user_id, now=now,
        detail={"touchpoint": plan.touch_key},
    )  # fmt: skip


def _locked(session: Session, workspace_id: UUID, plan_id: UUID) -> TouchpointPlan:
    plan = session.scalar(
        scoped(TouchpointPlan, workspace_id).where(TouchpointPlan.id == plan_id).with_for_update()
    )
    if plan is None:
        raise NotFound("No such contact is planned.")
    return plan
