"""What moves the score, for machines."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel

from surveys.drivers import Driver
from vocapp.authoring.queries import survey_by_key
from vocapp.database import utcnow
from vocapp.understanding.drivers.queries import Report, survey_drivers
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "drivers_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Metrics")],
    abp_security=[{"secret_key": []}],
)


class SurveyPath(BaseModel):
    key: str


@api.get("/surveys/<key>/drivers", summary="What goes with a higher or lower score")
@machine()
def show_drivers(path: SurveyPath) -> Any:
    survey = survey_by_key(current_workspace.id, path.key)
    found = survey_drivers(survey, now=utcnow())
    shown = {
        "survey": survey.key,
        "metric": survey.kind,
        "interval_level": 0.95,
        "computing": found.is_computing,
        "caution": "associated, not caused",
    }
    return shown | (_present(found.report) if found.report else _NOTHING_YET)


_NOTHING_YET: dict[str, Any] = {
    **dict.fromkeys(
        ("computed_at", "since", "until", "n", "sampled", "minimum_n", "reason", "method",
         "r_squared")
    ),
    "drivers": [],
    "left_out": [],
}  # fmt: skip


def _present(report: Report) -> dict[str, Any]:
    """until: the last local day, as in the metrics."""
    return {
        "computed_at": report.computed_at.isoformat(),
        "since": report.since.isoformat(),
        "until": (report.until - timedelta(days=1)).isoformat(),
        "n": report.answers,
        "sampled": report.sampled,
        "minimum_n": report.minimum_n,
        "reason": report.reason,
        "method": report.method,
        "r_squared": report.r_squared,
        "drivers": [_present_driver(driver, report) for driver in report.drivers],
        "left_out": [{**_named(key), "reason": why} for key, why in report.left_out],
    }


def _present_driver(driver: Driver, report: Report) -> dict[str, Any]:
    named = _named(driver.key)
    return {
        **named,
        "label": report.labels.get(named["key"]) if named["type"] == "theme" else None,
        "share": driver.share,
        "low": driver.low,
        "high": driver.high,
        "overlaps": driver.overlaps,
        "effects": [
            {"value": effect.level, "n": effect.n, "points": effect.points, "low": effect.low,
             "high": effect.high}
            for effect in driver.effects
        ],
    }  # fmt: skip


def _named(key: str) -> dict[str, str]:
    """
    >>> _named("theme:support"), _named("comment")
    ({'type': 'theme', 'key': 'support'}, {'type': 'comment', 'key': 'comment'})
    """
    kind, _, name = key.partition(":")
    return {"type": kind, "key": name or kind}
