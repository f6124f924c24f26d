"""Scores, for machines."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Literal

from flask import request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field, model_validator

from surveys.filters import Filter
from vocapp.authoring.queries import SurveySummary, survey_by_key
from vocapp.database import utcnow
from vocapp.measuring.asking import Ask
from vocapp.measuring.comparing import Side, compare, present_comparison
from vocapp.measuring.funnel import present_funnel, survey_funnel
from vocapp.measuring.queries import (
    MAX_CROSSED,
    NOT_CONFIDENTIAL,
    metrics_of,
    present_metrics,
    reading,
)
from vocapp.measuring.segments.queries import filter_asked, parsed_filter
from vocapp.measuring.weighting.queries import present_weighted, weighted_score
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
    filter: str = Field("", max_length=4000, description="As plan:in(pro,team);seats:between(10,)")
    segment: str = Field("", max_length=100, description="Key of a saved segment; and the filter")
    as_of: Literal["answer", "today"] = Field(
        "answer", description="Facts as they were when the person answered, or as they are today"
    )

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
        filter=_asked_filter(survey, query),
        today=utcnow() if query.as_of == "today" else None,
    )
    with reading(survey, time_zone=current_workspace.time_zone, now=utcnow()) as opened:
        found = present_metrics(metrics_of(opened, ask))
        weighted = weighted_score(opened, ask)
    found["segment"] = query.segment or None
    return found | {"weighted": present_weighted(weighted)} if weighted else found


def _asked_filter(survey: SurveySummary, query: MetricsQuery) -> Filter | None:
    """Those of the saved segment and of the filter, together."""
    asked = filter_asked(current_workspace.id, segment=query.segment, filter_=query.filter)
    if query.segment and survey.confidential:
        raise BadInput.of("segment", NOT_CONFIDENTIAL)
    return asked


class CompareQuery(BaseModel):
    a_since: date | None = Field(None, ge=FIRST_DAY, le=LAST_DAY, description="First day of a")
    a_until: date | None = Field(None, ge=FIRST_DAY, le=LAST_DAY, description="Last day of a")
    b_since: date | None = Field(None, ge=FIRST_DAY, le=LAST_DAY, description="First day of b")
    b_until: date | None = Field(None, ge=FIRST_DAY, le=LAST_DAY, description="Last day of b")
    min_n: int = Field(1, ge=1, le=1_000_000)
    basis: Literal["responses", "people", "accounts"] = "responses"
    filter: str = Field("", max_length=4000, description="As in metrics; holds for both sides")
    by: str | None = Field(
        None, min_length=1, max_length=100, description="Attribute to split the difference by"
    )

    @model_validator(mode="after")
    def _in_order(self) -> CompareQuery:
        for side, since, until in (
            ("a", self.a_since, self.a_until),
            ("b", self.b_since, self.b_until),
        ):
            if since and until and since > until:
                raise ValueError(f"{side}_since lies after {side}_until")
        return self


@api.get(
    "/surveys/<key>/compare",
    summary="Two groups of answers, and whether their scores differ",
    description=(
        "A side is a period, a segment, or both. `a.<attribute>=<value>` puts a into a segment "
        "(several attributes are crossed; an empty value means the answers without one), "
        "`b.<attribute>=<value>` b. Where b has no days, it has those of a if its segment is "
        "another one, else those of the period of equal length before a; where it has no segment, "
        "it has that of a. Sides that may share answers, or that a confidential survey has to "
        "hide, are refused. With `by` the difference is split into `mix_shift.within`, from scores "
        "that differ inside the segments of this attribute, and `mix_shift.mix`, from who "
        "answered; null where there is nothing to split. A segment with several `values` holds "
        "those that a confidential survey must not tell apart."
    ),
)
@machine()
def show_comparison(path: SurveyPath, query: CompareQuery) -> Any:
    survey = survey_by_key(current_workspace.id, path.key)
    compared = compare(
        survey,
        _side(query.a_since, query.a_until, "a"),
        _side(query.b_since, query.b_until, "b"),
        min_n=query.min_n,
        basis=query.basis,
        filter_=parsed_filter(query.filter),
        by=query.by,
        time_zone=current_workspace.time_zone,
        now=utcnow(),
    )
    return present_comparison(compared)


class FunnelQuery(BaseModel):
    since: date | None = Field(None, ge=FIRST_DAY, le=LAST_DAY, description="First local day")
    until: date | None = Field(None, ge=FIRST_DAY, le=LAST_DAY, description="Last local day")

    @model_validator(mode="after")
    def _in_order(self) -> FunnelQuery:
        if self.since and self.until and self.since > self.until:
            raise ValueError("since lies after until")
        return self


@api.get(
    "/surveys/<key>/funnel",
    summary="Of those invited, how many were reached and answered",
    description=(
        "Counts invitations that were due in the period. A stage that nothing records stands in "
        "`unknown`, not as zero. `delivered` is what the mail server took and did not return. "
        "`started` is who fetched the page of the survey, or answered; scanners of mail fetch it, "
        "too, so it is an upper bound. Opens are seen by a picture that mail programs load unasked "
        "or never. No rate should rest on either."
    ),
)
@machine()
def show_funnel(path: SurveyPath, query: FunnelQuery) -> Any:
    survey = survey_by_key(current_workspace.id, path.key)
    if survey.confidential and (query.since or query.until):
        raise BadInput.of(
            "since" if query.since else "until",
            "a confidential survey shows the months that are over only all together",
        )
    found = survey_funnel(
        survey,
        since=query.since,
        until=query.until + timedelta(days=1) if query.until else None,
        time_zone=current_workspace.time_zone,
        now=utcnow(),
    )
    return present_funnel(survey, found)


def _side(since: date | None, until: date | None, name: str) -> Side:
    prefix = f"{name}."
    segment: dict[str, str | None] = {}
    for parameter, values in request.args.lists():
        if parameter.startswith(prefix):
            if len(values) > 1:
                raise BadInput.of(parameter, "given more than once")
            segment[parameter.removeprefix(prefix)] = values[0] or None
    return Side(since, until + timedelta(days=1) if until else None, segment)
