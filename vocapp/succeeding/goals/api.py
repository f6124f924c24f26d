"""Goals of an account, for machines."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from surveys.periods import local_day
from vocapp.database import utcnow
from vocapp.succeeding.goals import queries, service
from vocapp.succeeding.goals.queries import Shown
from vocapp.succeeding.goals.service import Aim
from vocapp.succeeding.queries import account_by_key
from vocapp.workspaces.access import current_workspace, machine
from vocapp.workspaces.reach import WHOLE_WORKSPACE

api = APIBlueprint(
    "goals_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Goals")],
    abp_security=[{"secret_key": []}],
)


class AccountPath(BaseModel):
    external_id: str = Field(description="The sender's own key of the account")


class GoalBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    words: str = Field(description="What the customer wants to reach, in their words")
    measure: str = Field(description="By what it is measured")
    unit: str = ""
    baseline: float = Field(allow_inf_nan=False, description="The value when it begins")
    target: float = Field(allow_inf_nan=False)
    due_on: date

    def aim(self) -> Aim:
        return Aim(**self.model_dump())


@api.get("/accounts/<path:external_id>/goals", summary="What a customer wants to reach")
@machine()
def list_goals(path: AccountPath) -> Any:
    account = account_by_key(current_workspace.id, path.external_id, reach=WHOLE_WORKSPACE)
    goals = queries.goals_of(current_workspace.id, account.id, today=_today())
    return {"items": [_present(shown) for shown in goals]}


@api.post("/accounts/<path:external_id>/goals", summary="Add a goal of a customer")
@machine()
def add_goal(path: AccountPath, body: GoalBody) -> Any:
    done = service.add_goal(
        current_workspace.id, path.external_id, body.aim(),
        today=_today(), actor_user_id=None, now=utcnow(),
    )  # fmt: skip
    detail = queries.goal_detail(current_workspace.id, done.goal_id, today=_today())
    return _present(detail.shown), 201


def _today() -> date:
    return local_day(utcnow(), current_workspace.time_zone)


def _present(shown: Shown) -> dict[str, Any]:
    goal = shown.goal
    return {
        "id": str(goal.id),
        "words": goal.words,
        "measure": goal.measure,
        "unit": goal.unit,
        "baseline": goal.baseline,
        "target": goal.target,
        "current": goal.current,
        "begins_on": goal.begins_on.isoformat(),
        "due_on": goal.due_on.isoformat(),
        "state": goal.state,
        "standing": shown.standing,
        "reached": shown.reached,
        "is_overdue": shown.is_overdue,
        "version": goal.version,
        "updated_at": goal.updated_at.isoformat(),
    }
