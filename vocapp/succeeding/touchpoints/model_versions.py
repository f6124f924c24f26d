"""Which contacts a workspace plans: versions of its touch model, and taking a change back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarSelect, Select, select
from sqlalchemy.orm import Session

from surveys.lifecycle import Lifecycle
from surveys.touchpoints import (
    TouchModel,
    Touchpoint,
    default_model,
    model_to_json,
    validate_model,
)
from vocapp import outbox
from vocapp.database import scoped, transaction
from vocapp.people.fact_history import EVER
from vocapp.people.figure_changes import FIGURES, note_change
from vocapp.people.health_changes import HEALTH_DAILY
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.succeeding.touchpoints.models import TouchModelVersion
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.models import Workspace
from vocapp.workspaces.service import audit

PLAN = "touchpoints"  # the pending work that plans by it
BY_MODEL = (PLAN, FIGURES, HEALTH_DAILY)  # what may wait where the model is another one
_UNDO = "touch_model"


@dataclass(frozen=True, slots=True)
class InForce:
    """The model that counts. number: of its version, 0 where nobody changed it. former: key → name
    of touchpoints that it has no more."""

    number: int = 0
    model: TouchModel = field(default_factory=default_model)
    former: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_default(self) -> bool:
        """Whether the touchpoints are those of the product."""
        return self.model.touchpoints == default_model().touchpoints

    def with_default(self) -> TouchModel:
        """The model with the touchpoints of the product; what ends onboarding stays."""
        return replace(self.model, touchpoints=default_model().touchpoints)

    def touchpoint(self, key: str) -> Touchpoint | None:
        """That of the model with this key."""
        return next((each for each in self.model.touchpoints if each.key == key), None)

    def with_touchpoint(self, touchpoint: Touchpoint) -> TouchModel:
        """The model with this one changed, or added at the end."""
        if self.touchpoint(touchpoint.key) is None:
            return replace(self.model, touchpoints=(*self.model.touchpoints, touchpoint))
        changed = tuple(
            touchpoint if each.key == touchpoint.key else each for each in self.model.touchpoints
        )
        return replace(self.model, touchpoints=changed)

    def without(self, key: str) -> TouchModel:
        """The model with one less. Raises NotFound; BadInput where it is the last."""
        left = tuple(each for each in self.model.touchpoints if each.key != key)
        if len(left) == len(self.model.touchpoints):
            raise NotFound("No such touchpoint.")
        if not left:
            raise BadInput.of("touchpoints", "expected at least one")
        return replace(self.model, touchpoints=left)


def model_in_force(session: Session, workspace_id: UUID) -> InForce:
    """The last version; the model of the product where nobody changed it."""
    last = session.scalar(_newest(workspace_id, 1))
    return InForce() if last is None else _read(last)


def stored_in_force(workspace_id: UUID) -> ScalarSelect[dict[str, Any]]:
    """The model of the last version as it is stored, to be read with something else; see
    `lifecycle_in`."""
    return (
        select(TouchModelVersion.model)
        .where(TouchModelVersion.workspace_id == workspace_id)
        .order_by(TouchModelVersion.number.desc())
        .limit(1)
        .scalar_subquery()
    )


def lifecycle_in(stored: dict[str, Any] | None) -> Lifecycle:
    """That of a stored model; None: of the product."""
    return (default_model() if stored is None else validate_model(stored)).lifecycle


def use_model(
    workspace_id: UUID, model: TouchModel, *, base: int, actor_user_id: UUID, now: datetime
) -> str | None:
    """Plan by another model from now on; a token that takes it back, None where it counts already.

    base: the number of the version that was looked at. Raises Conflict where it is no longer the
    last. What took place stays; what is planned is kept, moved or withdrawn by key.
    """
    with transaction() as session:
        _lock(session, workspace_id)
        before = model_in_force(session, workspace_id)
        if before.number != base:
            raise Conflict("The touchpoints were changed since.")
        return _change(session, workspace_id, before, model, actor_user_id, now)


def undo(workspace_id: UUID, token: str, *, actor_user_id: UUID, now: datetime) -> None:
    """Plan as before again. Raises Conflict: too late (ten minutes), or changed since."""
    told = read_undo(token, _UNDO, workspace_id, actor_user_id)
    with transaction() as session:
        _lock(session, workspace_id)
        known = session.scalars(_newest(workspace_id, 2)).all()
        if not known or known[0].number != told["number"]:
            raise Conflict("The touchpoints were changed since.")
        model = _read(known[1]).model if len(known) > 1 else default_model()
        _change(session, workspace_id, _read(known[0]), model, actor_user_id, now)


def _change(
    session: Session,
    workspace_id: UUID,
    before: InForce,
    model: TouchModel,
    actor_user_id: UUID,
    now: datetime,
) -> str | None:
    """Write the next version, and have done anew what hangs on it."""
    if model == before.model:
        return None
    number, keys = before.number + 1, {each.key for each in model.touchpoints}
    named = {each.key: each.name for each in before.model.touchpoints if each.name}
    former = {key: name for key, name in {**before.former, **named}.items() if key not in keys}
    session.add(
        TouchModelVersion(
            workspace_id=workspace_id, number=number, at=now, actor_user_id=actor_user_id,
            model=model_to_json(model), former=former,
        )
    )  # fmt: skip
    kinds = [PLAN]
    if model.lifecycle.onboarding != before.model.lifecycle.onboarding:
        # What completes onboarding is in the figures of all months, and in the health.
        note_change(session, workspace_id, since=EVER, now=now)
        kinds.append(HEALTH_DAILY)
    for kind in kinds:
        outbox.ask_now(
            session, workspace_id, kind, workspace_id, now=now, detail={},
            priority=outbox.BACKLOG,
        )  # fmt: skip
    audit(
        session, workspace_id, "touch_model.changed", actor_user_id=actor_user_id, now=now,
        detail={"number": number},
    )  # fmt: skip
    return undo_token(_UNDO, workspace_id, actor_user_id, number=number)


def _read(row: TouchModelVersion) -> InForce:
    return InForce(row.number, validate_model(row.model), row.former)


def _newest(workspace_id: UUID, limit: int) -> Select[TouchModelVersion]:
    return (
        scoped(TouchModelVersion, workspace_id)
        .order_by(TouchModelVersion.number.desc())
        .limit(limit)
    )


def _lock(session: Session, workspace_id: UUID) -> None:
    """One change waits for another."""
    session.scalars(
        select(Workspace.id).where(Workspace.id == workspace_id).with_for_update()
    ).one()
