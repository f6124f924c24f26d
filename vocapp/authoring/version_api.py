"""Versions of a survey, for machines."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from surveys.survey_diff import Change, QuestionChange
from vocapp.api_documents import MAX_PAGE_SIZE, PAGE_SIZE, page_of, read_cursor
from vocapp.authoring.queries import survey_by_key
from vocapp.authoring.versions import (
    DRAFT,
    VersionLine,
    compared,
    definition_json,
    version_line,
    versions_of,
)
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "version_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Surveys")],
    abp_security=[{"secret_key": []}],
)


class SurveyPath(BaseModel):
    key: str


class VersionPath(SurveyPath):
    number: int = Field(ge=1, le=1_000_000)


class PageQuery(BaseModel):
    limit: int = Field(PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE)
    cursor: str | None = None


class DiffQuery(BaseModel):
    since: str = Field(pattern=r"^([0-9]{1,6}|draft)$", description="A version, or `draft`")
    until: str = Field(
        DRAFT, pattern=r"^([0-9]{1,6}|draft)$", description="Another version, or `draft`"
    )


@api.get("/surveys/<key>/versions", summary="Published versions, newest first")
@machine()
def list_versions(path: SurveyPath, query: PageQuery) -> Any:
    survey = survey_by_key(current_workspace.id, path.key)
    before = read_cursor(query.cursor, int)
    return page_of(
        versions_of(survey, limit=query.limit + 1, before=before),
        limit=query.limit,
        present=_present,
        cursor_of=lambda line: line.number,
    )


@api.get("/surveys/<key>/versions/<number>", summary="One version: what it asks, in which words")
@machine()
def show_version(path: VersionPath) -> Any:
    survey = survey_by_key(current_workspace.id, path.key)
    definition = definition_json(survey, path.number)
    return _present(version_line(survey, path.number)) | {"definition": definition}


@api.get("/surveys/<key>/diff", summary="What is different between two versions, or the draft")
@machine()
def diff_versions(path: SurveyPath, query: DiffQuery) -> Any:
    found = compared(survey_by_key(current_workspace.id, path.key), query.since, query.until)
    return {
        "since": query.since,
        "until": query.until,
        "languages": {
            "added": found.diff.languages_added,
            "removed": found.diff.languages_removed,
        },
        "questions": [_question(each) for each in found.diff.questions if each.is_different],
        "others": [_change(each) for each in found.diff.others],
        "breaks": [asdict(each) | {"certain": each.is_certain} for each in found.breaks],
    }


def _present(line: VersionLine) -> dict[str, Any]:
    return {
        "number": line.number,
        "published_at": line.published_at.isoformat(),
        "published_by": line.published_by,
        "answers": line.answers,
    }


def _question(each: QuestionChange) -> dict[str, Any]:
    return {
        "key": each.key,
        "state": each.state,
        "moved": each.moved,
        "place_before": each.place_before,
        "place_after": each.place_after,
        "changes": [_change(change) for change in each.changes],
        "options": [
            {"key": option.key, "state": option.state, "label": option.label}
            for option in each.options
        ],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "field": ".".join(change.field),
        "language": change.language,
        "before": change.before,
        "after": change.after,
    }
