"""Marked answers, for machines."""

from __future__ import annotations

from typing import Any, Literal

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from vocapp.api_documents import MAX_PAGE_SIZE, PAGE_SIZE, moment_and_id, page_of, read_cursor
from vocapp.authoring.queries import survey_by_key
from vocapp.collecting.marked_queries import MarkedRow, marked_answers
from vocapp.problems import NotFound
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "marked_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Responses")],
    abp_security=[{"secret_key": []}],
)


class SurveyPath(BaseModel):
    key: str


class MarkedQuery(BaseModel):
    reason: (
        Literal[
            "hidden_field", "altered_form", "too_fast", "speeding", "straight_line",
            "same_person", "same_text",
        ]
        | None
    ) = Field(None, description="Only answers with this mark")  # fmt: skip
    limit: int = Field(PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE)
    cursor: str | None = None


@api.get("/surveys/<key>/marked-responses", summary="Marked answers of a survey, and why")
@machine()
def list_marked(path: SurveyPath, query: MarkedQuery) -> Any:
    """The latest first. A mark is a reason to look, not a verdict: all of them count."""
    survey = survey_by_key(current_workspace.id, path.key)
    if survey.confidential:
        raise NotFound("Of a confidential survey no single answers are shown.")
    rows = marked_answers(
        survey, reason=query.reason, limit=query.limit + 1,
        before=read_cursor(query.cursor, moment_and_id),
    )  # fmt: skip
    return page_of(
        rows, limit=query.limit, present=_present,
        cursor_of=lambda row: [row.answered_at.isoformat(), str(row.id)],
    )  # fmt: skip


def _present(row: MarkedRow) -> dict[str, Any]:
    return {
        "id": str(row.id), "score": row.score, "channel": row.channel,
        "reasons": list(row.reasons), "answered_at": row.answered_at.isoformat(),
    }  # fmt: skip
