"""Responses, for machines with a secret key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vocapp.api_documents import items_apart, refuse_unstorable
from vocapp.authoring.queries import SurveySummary, survey_by_key
from vocapp.collecting import queries, service
from vocapp.collecting.parsing import ResponseBody, submission_of
from vocapp.collecting.service import Recorded, Submission
from vocapp.database import utcnow
from vocapp.problems import BadInput, NotFound, Problem, from_validation
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "collecting_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Responses")],
    abp_security=[{"secret_key": []}],
)


class BatchBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    responses: list[Any] = Field(
        min_length=1, max_length=1000, json_schema_extra={"items": {"type": "object"}}
    )


@api.post("/responses", summary="Store a response")
@machine()
def create_response(body: ResponseBody) -> Any:
    submission = submission_of(
        body,
        request.get_json(),
        _survey(body.survey),
        now=utcnow(),
        idempotency_key=request.headers.get("Idempotency-Key"),
    )
    recorded = service.record_response(current_workspace.id, submission, now=utcnow())
    shown = queries.stored_response(current_workspace.id, recorded.id)
    return shown, 201 if recorded.created else 200


@api.post("/responses/batch", summary="Store up to 1,000 responses")
@machine()
@items_apart("responses")
def create_responses(body: BatchBody) -> Any:
    surveys: dict[str, SurveySummary | Problem] = {}
    outcomes: list[Recorded | Problem | None] = [None] * len(body.responses)
    good: list[tuple[int, Submission]] = []
    for index, raw in enumerate(body.responses):
        try:
            good.append((index, _item(raw, surveys)))
        except Problem as problem:
            outcomes[index] = problem
    stored = service.record_batch(current_workspace.id, [item for _, item in good], now=utcnow())
    for (index, _), outcome in zip(good, stored, strict=True):
        outcomes[index] = outcome
    return {"items": [_present(index, outcome) for index, outcome in enumerate(outcomes)]}


def _item(raw: Any, surveys: dict[str, SurveySummary | Problem]) -> Submission:
    if not isinstance(raw, Mapping):
        raise BadInput.of("body", "expected an object")
    refuse_unstorable(raw)
    try:
        body = ResponseBody.model_validate(raw)
    except ValidationError as exc:
        raise from_validation(exc) from exc
    if body.survey not in surveys:
        try:
            surveys[body.survey] = _survey(body.survey)
        except Problem as problem:
            surveys[body.survey] = problem
    survey = surveys[body.survey]
    if isinstance(survey, Problem):
        raise survey
    return submission_of(body, raw, survey, now=utcnow())


def _survey(key: str) -> SurveySummary:
    try:
        return survey_by_key(current_workspace.id, key)
    except NotFound as exc:
        raise BadInput.of("survey", f"no survey with the key {key!r}") from exc


def _present(index: int, outcome: Recorded | Problem | None) -> dict[str, Any]:
    if isinstance(outcome, Recorded):
        return {"index": index, "status": 201 if outcome.created else 200, "id": str(outcome.id)}
    assert outcome is not None
    return {
        "index": index,
        "status": outcome.status,
        "id": None,
        "detail": outcome.detail,
        "errors": [{"field": e.field, "message": e.message} for e in outcome.errors],
    }
