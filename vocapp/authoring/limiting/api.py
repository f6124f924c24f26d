"""A survey's limits and single-use links, for machines."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from surveys.limits import MAX_NAME, MAX_VALUE, MOST_ANSWERS, MOST_QUOTAS, Limits, Quota
from vocapp.api_documents import MAX_PAGE_SIZE, PAGE_SIZE, page_of, read_cursor
from vocapp.authoring.limiting import queries, service
from vocapp.authoring.limiting.queries import Link
from vocapp.authoring.limiting.service import MOST_LINKS
from vocapp.authoring.queries import SurveySummary, survey_by_key
from vocapp.database import utcnow
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "limiting_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Surveys")],
    abp_security=[{"secret_key": []}],
)


class QuotaBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    attribute: str = Field("", max_length=MAX_NAME)
    question: str = Field(
        "", max_length=MAX_NAME,
        description="In place of an attribute: key of a question with options before the score",
    )  # fmt: skip
    value: str = Field(min_length=1, max_length=MAX_VALUE)
    most: int = Field(ge=1, le=MOST_ANSWERS, strict=True)


class LimitsBody(BaseModel):
    """What is left out is without a limit."""

    model_config = ConfigDict(extra="forbid")

    last_day: date | None = Field(
        None, description="Of the workspace's time zone; answers are taken until it ends"
    )
    most: int | None = Field(None, ge=1, le=MOST_ANSWERS, strict=True)
    quotas: list[QuotaBody] = Field(default_factory=list, max_length=MOST_QUOTAS)
    only_single_use: StrictBool = False
    closing_words: dict[str, str] = Field(default_factory=dict, max_length=60)


class LinksBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    count: int = Field(ge=1, le=MOST_LINKS, strict=True)
    touchpoint: str = Field("", max_length=100)


class SurveyPath(BaseModel):
    key: str


class BatchPath(BaseModel):
    key: str
    batch_id: UUID


class PageQuery(BaseModel):
    limit: int = Field(PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE)
    cursor: str | None = None


@api.get("/surveys/<key>/limits", summary="Until when a survey takes answers, and how many")
@machine()
def show_limits(path: SurveyPath) -> Any:
    survey = survey_by_key(current_workspace.id, path.key)
    return _present(survey)


@api.put("/surveys/<key>/limits", summary="Limit what a survey takes")
@machine()
def limit_answers(path: SurveyPath, body: LimitsBody) -> Any:
    survey = survey_by_key(current_workspace.id, path.key)
    limits = Limits(
        last_day=body.last_day,
        most=body.most,
        quotas=tuple(Quota(**each.model_dump()) for each in body.quotas),
        only_single_use=body.only_single_use,
        closing_words=body.closing_words,
    )
    service.limit_answers(survey.workspace_id, survey.id, limits, now=utcnow())
    return _present(survey)


@api.post("/surveys/<key>/single-use-links", summary="Make links for one answer each")
@machine()
def make_links(path: SurveyPath, body: LinksBody) -> Any:
    survey = survey_by_key(current_workspace.id, path.key)
    batch_id = service.make_links(
        survey.workspace_id, survey.id,
        name=body.name, number=body.count, place=body.touchpoint, now=utcnow(),
    )  # fmt: skip
    return {"id": str(batch_id), "name": body.name.strip(), "count": body.count}, 201


@api.get("/surveys/<key>/single-use-links/<uuid:batch_id>", summary="The links of a batch")
@machine()
def list_links(path: BatchPath, query: PageQuery) -> Any:
    survey = survey_by_key(current_workspace.id, path.key)
    batch = queries.batch_of_survey(survey.workspace_id, survey.id, path.batch_id)
    rows = queries.links_after(
        survey.workspace_id, batch.id,
        number=read_cursor(query.cursor, int) or 0, limit=query.limit + 1,
    )  # fmt: skip
    return page_of(rows, limit=query.limit, present=_present_link, cursor_of=lambda row: row.number)


def _present(survey: SurveySummary) -> dict[str, Any]:
    limits = queries.limits_of(survey.workspace_id, survey.id)
    return {
        "last_day": limits.last_day.isoformat() if limits.last_day else None,
        "most": limits.most,
        "quotas": [
            {name: value for name, value in asdict(each).items() if value} for each in limits.quotas
        ],
        "only_single_use": limits.only_single_use,
        "closing_words": dict(limits.closing_words),
    }


def _present_link(link: Link) -> dict[str, Any]:
    return {
        "id": str(link.id),
        "number": link.number,
        "url": link.url,
        "used_at": link.used_at.isoformat() if link.used_at else None,
    }
