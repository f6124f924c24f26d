"""Events, for machines."""

from __future__ import annotations

from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from vocapp.database import utcnow
from vocapp.people.events import service
from vocapp.people.events.parsing import BODIES, event_of
from vocapp.people.events.service import NewEvent
from vocapp.problems import Problem
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "events_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Events")],
    abp_security=[{"secret_key": []}],
)


class EventsBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    events: list[Any] = Field(
        min_length=1,
        max_length=1000,
        json_schema_extra={
            "items": {"oneOf": [body.model_json_schema() for body in BODIES.values()]}
        },
    )


@api.post(
    "/events", summary="Take in up to 1,000 log-ins, uses, milestones, subscriptions, invoices"
)
@machine()
def take_in_events(body: EventsBody) -> Any:
    now = utcnow()
    refused: dict[int, Problem] = {}
    good: list[tuple[int, NewEvent]] = []
    for index, raw in enumerate(body.events):
        try:
            good.append((index, event_of(raw, time_zone=current_workspace.time_zone, now=now)))
        except Problem as problem:
            refused[index] = problem
    outcomes = service.record_events(current_workspace.id, [event for _, event in good], now=now)
    for (index, _), outcome in zip(good, outcomes, strict=True):
        if outcome is not None:
            refused[index] = outcome
    return {
        "accepted": len(body.events) - len(refused),
        "rejected": [_present(index, refused[index]) for index in sorted(refused)],
    }, 202


def _present(index: int, problem: Problem) -> dict[str, Any]:
    """One line for each event, of the first thing that is wrong with it."""
    first = problem.errors[0]
    return {"index": index, "field": first.field, "message": first.message}
