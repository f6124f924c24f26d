"""The journey of a survey, for machines."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from surveys.journey import Journey, Ratio, Shape
from surveys.response_rates import Rate
from vocapp.authoring.queries import survey_by_key
from vocapp.measuring.forms import FIRST_DAY, LAST_DAY
from vocapp.measuring.journey import queries
from vocapp.measuring.journey.queries import Asked, Group
from vocapp.measuring.reportable import reportable_set
from vocapp.problems import BadInput
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "journey_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Metrics")],
    abp_security=[{"secret_key": []}],
)


class SurveyPath(BaseModel):
    key: str


class JourneyQuery(BaseModel):
    since: date | None = Field(None, ge=FIRST_DAY, le=LAST_DAY, description="First local day")
    until: date | None = Field(
        None, ge=FIRST_DAY, le=LAST_DAY, description="Local day after the last"
    )
    by: str | None = Field(
        None, min_length=1, max_length=100, description="A reportable attribute, such as plan"
    )


@api.get("/surveys/<key>/journey", summary="The five A's: conversion from aware to advocate")
@machine()
def show_journey(path: SurveyPath, query: JourneyQuery) -> Any:
    """Shares in percent; people are counted once, by their latest answer."""
    survey = survey_by_key(current_workspace.id, path.key)
    if query.since and query.until and query.since >= query.until:
        raise BadInput.of("until", "expected a day after since")
    by = None
    if query.by:
        by = queries.reportable_of(query.by, reportable_set(current_workspace.id))
        if by is None:
            raise BadInput.of("by", "expected a reportable attribute")
    told = queries.journey_of(
        survey, Asked(query.since, query.until, current_workspace.time_zone, by)
    )
    if told.is_too_many:
        raise BadInput.of("by", f"more than {queries.MOST_GROUPS} different values")
    return {
        "survey": survey.key,
        "interval_level": 0.95,
        **_journey(told.own),
        "shape": _shape(told.shape) if told.shape else None,
        "segments": [{"value": value, **_group(group)} for value, group in told.segments.items()],
        "brands": [
            {"survey": each.survey.key, "name": each.survey.name, **_group(each.group)}
            for each in told.brands
        ],
    }


def _journey(found: Journey) -> dict[str, Any]:
    return {
        "asked": found.asked,
        "counts": dict(found.counts),
        "awareness": _rate(found.awareness),
        "conversions": [
            {
                "name": each.name, "passed": _rate(each.passed), "skipped": each.skipped,
                "per_100_before": _ratio(each.ratio),
            }
            for each in found.conversions
        ],
        "purchase_action_ratio": _rate(found.par),
        "brand_advocacy_ratio": _rate(found.bar),
    }  # fmt: skip


def _group(group: Group) -> dict[str, Any]:
    return _journey(group.journey) | {
        "differs": [
            {"rate": name, "change": each.change.value}
            for name, each in group.contrasts.items()
            if each.differs
        ]
    }


def _shape(found: Shape) -> dict[str, Any]:
    return {
        "nearest": found.nearest,
        "sure": found.sure,
        "chances": dict(found.chances),
        "distances": dict(found.distances),
        "to_ideal": found.to_ideal,
    }


def _rate(share: Rate) -> dict[str, Any]:
    return {"n": share.of, "value": share.value, "low": share.low, "high": share.high}


def _ratio(ratio: Ratio) -> dict[str, Any]:
    return {"value": ratio.value, "low": ratio.low, "high": ratio.high}
