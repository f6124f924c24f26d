"""Held answers, for machines: read, and decided."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from vocapp.api_documents import MAX_PAGE_SIZE, PAGE_SIZE, moment_and_id, page_of, read_cursor
from vocapp.authoring.queries import survey_by_key
from vocapp.collecting import held_queries, holding
from vocapp.collecting.held_queries import HeldRow
from vocapp.database import utcnow
from vocapp.workspaces.access import current_workspace, machine
from vocapp.workspaces.reach import WHOLE_WORKSPACE

MOST_AT_ONCE = 100
_DECISIONS = {
    "count": holding.let_count, "put_aside": holding.put_aside, "hold": holding.take_back,
}  # fmt: skip

api = APIBlueprint(
    "held_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Responses")],
    abp_security=[{"secret_key": []}],
)


class HeldQuery(BaseModel):
    state: Literal["held", "over_quota", "put_aside", "counted", "overtaken"] = "held"
    survey: str | None = Field(None, description="Key of a survey")
    limit: int = Field(PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE)
    cursor: str | None = None


class DecisionBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    ids: list[UUID] = Field(min_length=1, max_length=MOST_AT_ONCE)
    decision: Literal["count", "put_aside", "hold"] = Field(
        description="`hold` has what was put aside held again"
    )


@api.get("/held-answers", summary="Answers that may not be a person's, the latest first")
@machine()
def list_held(query: HeldQuery) -> Any:
    survey = survey_by_key(current_workspace.id, query.survey) if query.survey else None
    rows = held_queries.held_answers(
        current_workspace.id, query.state, reach=WHOLE_WORKSPACE,
        survey_id=survey.id if survey else None, limit=query.limit + 1,
        before=read_cursor(query.cursor, moment_and_id),
    )  # fmt: skip
    return page_of(
        rows, limit=query.limit, present=_present,
        cursor_of=lambda row: [row.pressed_at.isoformat(), str(row.id)],
    )  # fmt: skip


@api.post("/held-answers/decisions", summary="Decide about held answers; all of them or none")
@machine()
def decide(body: DecisionBody) -> Any:
    """Those that were decided before, or answered since by their person, are not among `ids`."""
    decided = _DECISIONS[body.decision](
        current_workspace.id, body.ids, reach=WHOLE_WORKSPACE, actor_user_id=None, now=utcnow()
    )
    return {"ids": [str(each) for each in decided]}


def _present(row: HeldRow) -> dict[str, Any]:
    """Of a confidential survey neither who answered nor what."""
    return {
        "id": str(row.id),
        "survey": row.survey,
        "contact_id": str(row.contact_id) if row.contact_id else None,
        "score": row.score,
        "comment": row.comment,
        "reasons": list(row.reasons),
        "presses": row.presses,
        "pressed_at": row.pressed_at.isoformat(),
        "state": row.state,
    }
