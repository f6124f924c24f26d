"""Surveys, for machines."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from flask import current_app
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field, StrictBool, field_validator

from surveys.definitions import from_json, thanks_to_json, to_json
from vocapp.api_documents import MAX_PAGE_SIZE, PAGE_SIZE, page_of, read_cursor
from vocapp.authoring import queries, service
from vocapp.authoring.queries import SurveySummary
from vocapp.database import utcnow
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "authoring_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Surveys")],
    abp_security=[{"secret_key": []}],
)


class JourneyBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    brand: str | None = Field(
        None, max_length=100, description="Of a competitor; absent or null: your own"
    )


class SurveyBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: str = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    name: str = Field(min_length=1, max_length=200)
    kind: Literal["nps", "csat", "ces"]
    languages: list[str] = Field(default_factory=lambda: ["en"], min_length=1, max_length=60)
    confidential: StrictBool = False
    publish: StrictBool = True
    questions: list[dict[str, Any]] | None = Field(None, min_length=1, max_length=50)
    thanks: dict[str, Any] | None = Field(
        None, description="What is said after the last answer: text, by_category, link"
    )
    journey: JourneyBody | None = Field(
        None,
        description="Ask the five A's from the template (kind nps) in place of `questions`",
    )

    @field_validator("name")
    @classmethod
    def _not_blank(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("must not be blank")
        return value.strip()


class SurveyPath(BaseModel):
    key: str


class PageQuery(BaseModel):
    limit: int = Field(PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE)
    cursor: str | None = None


@api.post("/surveys", summary="Create a survey")
@machine()
def create_survey(body: SurveyBody) -> Any:
    journey = service.Journey(body.journey.brand) if body.journey else None
    new = service.NewSurvey(**body.model_dump(exclude={"journey"}), journey=journey)
    survey_id = service.create_survey(current_workspace.id, new, now=utcnow())
    return present_survey(queries.survey_by_id(current_workspace.id, survey_id)), 201


@api.get("/surveys", summary="List surveys")
@machine()
def list_surveys(query: PageQuery) -> Any:
    after = read_cursor(query.cursor, UUID)
    rows = queries.list_surveys(current_workspace.id, limit=query.limit + 1, after=after)
    return page_of(
        rows, limit=query.limit, present=present_survey, cursor_of=lambda row: str(row.id)
    )


@api.get("/surveys/<key>", summary="One survey")
@machine()
def show_survey(path: SurveyPath) -> Any:
    return present_survey(queries.survey_by_key(current_workspace.id, path.key))


@api.post("/surveys/<key>/publish", summary="Publish the draft as the next version")
@machine()
def publish_survey(path: SurveyPath) -> Any:
    survey = queries.survey_by_key(current_workspace.id, path.key)
    service.publish_survey(current_workspace.id, survey.id, now=utcnow())
    return present_survey(queries.survey_by_key(current_workspace.id, path.key))


def present_survey(survey: SurveySummary) -> dict[str, Any]:
    """A survey as the API shows it."""
    definition = from_json(queries.draft_of(survey.workspace_id, survey.id))
    base = current_app.config["BASE_URL"]
    return {
        "id": str(survey.id),
        "key": survey.key,
        "public_id": survey.public_id,
        "name": survey.name,
        "kind": survey.kind,
        "languages": list(definition.languages),
        "confidential": survey.confidential,
        "state": survey.state,
        "version": survey.published_version,
        "questions": to_json(definition)["questions"],
        "thanks": thanks_to_json(definition.thanks),
        "links": {
            "page": f"{base}/s/{survey.public_id}",
            "embed": f"{base}/embed/{survey.public_id}",
        },
        "created_at": survey.created_at.isoformat(),
    }
