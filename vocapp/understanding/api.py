"""What customers say, for machines."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from vocapp.api_documents import MAX_PAGE_SIZE, PAGE_SIZE, moment_and_id, page_of, read_cursor
from vocapp.authoring.queries import survey_by_key
from vocapp.collecting.queries import refuse_if_confidential
from vocapp.database import utcnow
from vocapp.understanding import queries, service
from vocapp.understanding.queries import ThemeRow, Verbatim
from vocapp.understanding.shown import themes_are_less_certain
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "understanding_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Understanding")],
    abp_security=[{"secret_key": []}],
)


class ResponsePath(BaseModel):
    response_id: UUID


class ThemePath(BaseModel):
    key: str


class ThemesQuery(BaseModel):
    days: int = Field(90, ge=1, le=3660)
    survey: str | None = Field(None, description="Key; without it all surveys")
    limit: int = Field(PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE)
    cursor: str | None = None


class PageQuery(BaseModel):
    limit: int = Field(PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE)
    cursor: str | None = None
    sentiment: str | None = Field(None, pattern="^(positive|neutral|negative|mixed)$")


@api.get("/responses/<uuid:response_id>", summary="A response and what was understood of it")
@machine()
def show_response(path: ResponsePath) -> Any:
    refuse_if_confidential(current_workspace.id, path.response_id)
    return queries.response_detail(current_workspace.id, path.response_id)


@api.get("/themes", summary="Themes by volume, share and effect on the score")
@machine()
def list_themes(query: ThemesQuery) -> Any:
    service.make_sure_of_themes(current_workspace.id, now=utcnow())
    survey = survey_by_key(current_workspace.id, query.survey) if query.survey else None
    page = queries.themes_page(
        current_workspace.id,
        time_zone=current_workspace.time_zone,
        now=utcnow(),
        days=query.days,
        survey_id=survey.id if survey else None,
    )
    # By place: the order follows the figures, so a row has no lasting key to go on from.
    start = read_cursor(query.cursor, int) or 0
    listed = page_of(
        page.rows[start : start + query.limit + 1],
        limit=query.limit,
        present=_present_theme,
        cursor_of=lambda _: start + query.limit,
    )
    return listed | {"analysed": page.analysed, "pending": page.pending}


@api.get("/themes/<key>/responses", summary="The comments behind a theme")
@machine()
def theme_responses(path: ThemePath, query: PageQuery) -> Any:
    cursor = read_cursor(query.cursor, moment_and_id)
    rows = queries.verbatims_of_theme(
        current_workspace.id,
        path.key,
        limit=query.limit + 1,
        before=cursor,
        sentiment=query.sentiment,
    )
    return page_of(
        rows,
        limit=query.limit,
        present=_present_verbatim,
        cursor_of=lambda row: [row.answered_at.isoformat(), str(row.response_id)],
    )


def _present_theme(row: ThemeRow) -> dict[str, Any]:
    return {
        "key": row.key,
        "label": row.label,
        "description": row.description,
        "n": row.n,
        "share": row.share,
        "previous_n": row.previous_n,
        "negative": row.negative,
        "positive": row.positive,
        "counts": row.counts,
        "effect": row.effect.points if row.effect else None,
        "effect_low": row.effect.low if row.effect else None,
        "effect_high": row.effect.high if row.effect else None,
        "p_value": row.effect.p_value if row.effect else None,
        "differs": row.is_clear,
        "rising": row.is_rising,
    }


def _present_verbatim(row: Verbatim) -> dict[str, Any]:
    return {
        "id": str(row.response_id),
        "survey": row.survey_key,
        "score": row.score,
        "category": row.category,
        "answered_at": row.answered_at.isoformat(),
        "comment": row.text,
        "language": row.language,
        "less_certain": themes_are_less_certain(row.text, row.language, row.content),
        "content": row.content,
        "sentiment": row.sentiment,
        "encoder": row.encoder,
        "model_version": row.model_version,
        "account": row.account_external_id,
        "themes": list(row.themes),
    }
