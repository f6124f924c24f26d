"""Scores, for machines."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Literal

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field, model_validator

from vocapp.authoring.queries import survey_by_key
from vocapp.database import utcnow
from vocapp.measuring.histograms import Ask
from vocapp.measuring.queries import MAX_CROSSED, present_metrics, survey_metrics
from vocapp.problems import BadInput
from vocapp.workspaces.access import current_workspace, machine

# Far beyond any answer, and safe to convert between time zones.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)

api = APIBlueprint(
    "measuring_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Metrics")],
    abp_security=[{"secret_key": []}],
)


class SurveyPath(BaseModel):
    key: str


class MetricsQuery(BaseModel):
    by: list[str] = Field(default_factory=list, description="Attribute; repeated crosses them")
    since: date | None = Field(None, ge=FIRST_DAY, le=LAST_DAY, description="First local day")
    until: date | None = Field(None, ge=FIRST_DAY, le=LAST_DAY, description="Last local day")
    interval: Literal["day", "week", "month", "quarter"] = "month"
    min_n: int = Field(1, ge=1, le=1_000_000)
    basis: Literal["responses", "people", "accounts"] = "responses"

    @model_validator(mode="after")
    def _in_order(self) -> MetricsQuery:
        if self.since and self.until and self.since > self.until:
            raise ValueError("since lies after until")
        return self


@api.get("/surveys/<key>/metrics", summary="Scores with their uncertainty")
@machine()
def show_metrics(path: SurveyPath, query: MetricsQuery) -> Any:
    survey = survey_by_key(current_workspace.id, path.key)
    by = tuple(dict.fromkeys(query.by))
    if any(not name or len(name) > 100 for name in by):
        raise BadInput.of("by", "attribute names have 1 to 100 characters")
    if len(by) > MAX_CROSSED:
        raise BadInput.of("by", f"at most {MAX_CROSSED} attributes")
    if survey.confidential and len(by) > 2:
        raise BadInput.of("by", "at most two attributes in a confidential survey")
    ask = Ask(
        by=by,
        since=query.since,
        until=query.until + timedelta(days=1) if query.until else None,
        interval=query.interval,
        min_n=query.min_n,
        basis=query.basis,
    )
    metrics = survey_metrics(survey, ask, time_zone=current_workspace.time_zone, now=utcnow())
    return present_metrics(metrics)
