"""Saved segments, for machines."""

from __future__ import annotations

from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from surveys.filters import Filter, FilterError, parse_json, to_compact, to_json
from vocapp.api_documents import MAX_PAGE_SIZE, PAGE_SIZE, page_of, read_cursor
from vocapp.database import utcnow
from vocapp.measuring.segments import queries, service
from vocapp.measuring.segments.offers import unseen_attributes
from vocapp.measuring.segments.queries import Segment
from vocapp.measuring.segments.service import NewSegment
from vocapp.problems import BadInput
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "saved_segments_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Segments")],
    abp_security=[{"secret_key": []}],
)
_FILTER_HELP = (
    'As {"all": [{"attribute": "plan", "operator": "in", "values": ["pro"]}, …]}; operators: in, '
    "not_in (`values`), between (`low`, `high`: numbers or days, both included), empty, not_empty; "
    "groups: all, any, at most three deep"
)


class SegmentPath(BaseModel):
    key: str


class SegmentsQuery(BaseModel):
    search: str = Field("", max_length=200, description="A part of the name")
    limit: int = Field(PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE)
    cursor: str | None = None


class SegmentBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(description=f"1 to {service.MAX_NAME} characters, unique in the workspace")
    description: str = Field("", description=f"At most {service.MAX_DESCRIPTION} characters")
    filter: dict[str, Any] = Field(description=_FILTER_HELP)


class NewSegmentBody(SegmentBody):
    key: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="Made of the name where none is given; stays when the name changes",
    )


class ChangedSegmentBody(SegmentBody):
    version: int | None = Field(
        None, ge=1, le=2**31 - 1, description="Refuse the change (409) unless this is the version"
    )


@api.get("/segments", summary="Saved segments, by name")
@machine()
def list_segments(query: SegmentsQuery) -> Any:
    rows = queries.segments(
        current_workspace.id, search=query.search, limit=query.limit + 1,
        after=read_cursor(query.cursor, _place),
    )  # fmt: skip
    return page_of(rows, limit=query.limit, present=_present, cursor_of=lambda row: row.place)


def _place(value: Any) -> tuple[str, str]:
    name, key = value
    return str(name), str(key)


@api.post("/segments", summary="Save a filter under a name")
@machine()
def save_segment(body: NewSegmentBody) -> Any:
    new = NewSegment(body.name, _filter_of(body.filter), body.description, body.key)
    key = service.save_segment(current_workspace.id, new, actor_user_id=None, now=utcnow())
    return _present_one(key), 201


@api.get("/segments/<key>", summary="One saved segment")
@machine()
def show_segment(path: SegmentPath) -> Any:
    return _present_one(path.key)


@api.put("/segments/<key>", summary="Change a saved segment")
@machine()
def change_segment(path: SegmentPath, body: ChangedSegmentBody) -> Any:
    service.change_segment(
        current_workspace.id, path.key,
        NewSegment(body.name, _filter_of(body.filter), body.description),
        expected_version=body.version, actor_user_id=None, now=utcnow(),
    )  # fmt: skip
    return _present_one(path.key)


@api.delete("/segments/<key>", summary="Remove a saved segment")
@machine()
def remove_segment(path: SegmentPath) -> Any:
    queries.segment_by_key(current_workspace.id, path.key)  # a removed one is not there
    service.remove_segment(current_workspace.id, path.key, actor_user_id=None, now=utcnow())
    return "", 204


def _filter_of(data: dict[str, Any]) -> Filter:
    try:
        return parse_json(data)
    except FilterError as error:
        raise BadInput.of(error.place, error.message) from error


def _present_one(key: str) -> dict[str, Any]:
    """A segment, with a warning for each attribute that no answer has."""
    segment = queries.segment_by_key(current_workspace.id, key)
    unseen = unseen_attributes(current_workspace.id, segment.filter)
    return _present(segment) | {
        "warnings": [
            {"field": "filter", "message": f"no recent answer has the attribute {name!r}"}
            for name in unseen
        ]
    }


def _present(segment: Segment) -> dict[str, Any]:
    return {
        "key": segment.key,
        "name": segment.name,
        "description": segment.description,
        "filter": to_json(segment.filter),
        "compact": to_compact(segment.filter),
        "version": segment.version,
        "created_at": segment.created_at.isoformat(),
        "updated_at": segment.updated_at.isoformat(),
    }
