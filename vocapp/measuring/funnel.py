"""Reads: how many of those invited in a period were reached, and how many answered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from surveys.periods import day_bounds
from surveys.response_rates import STAGES, Rate, Stage, funnel
from vocapp.authoring.queries import SurveySummary
from vocapp.distributing.queries import stages_reached
from vocapp.measuring.asking import Ask
from vocapp.measuring.confidential import CONFIDENTIAL_FLOOR
from vocapp.measuring.queries import Reading, reading
from vocapp.measuring.response_quality import (
    ResponseQuality,
    present_quality,
    response_quality,
)


@dataclass(frozen=True, slots=True)
class Funnel:
    """Stages of those invited in these days (half-open); unknown: stages that nothing records.

    hidden: too few were invited to a confidential survey to say who answered.
    """

    since: date | None
    until: date | None
    time_zone: str
    stages: tuple[Stage, ...]
    unknown: tuple[str, ...]
    quality: ResponseQuality | None = None
    hidden: bool = False


def survey_funnel(
    survey: SurveySummary,
    *,
    since: date | None = None,
    until: date | None = None,
    time_zone: str,
    now: datetime,
) -> Funnel:
    """The funnel of a survey."""
    with reading(survey, time_zone=time_zone, now=now) as opened:
        return funnel_of(opened, since, until)


def funnel_of(opened: Reading, since: date | None, until: date | None) -> Funnel:
    """The same in a snapshot that is open.

    Of a confidential survey all months that are over, together: that few people of a month all
    answered could else be had by subtracting periods. since and until then count as not given.
    """
    survey = opened.survey
    days = Ask() if survey.confidential else Ask(since=since, until=until)
    return _funnel_within(opened, opened.closed(days))


def _funnel_within(opened: Reading, ask: Ask) -> Funnel:
    survey = opened.survey
    since, until = (
        day_bounds(day, opened.zone)[0] if day else None for day in (ask.since, ask.until)
    )
    counts = stages_reached(
        opened.session, survey.workspace_id, survey.id, since=since, until=until
    )
    unknown = tuple(name for name in STAGES if name not in counts)
    found = Funnel(ask.since, ask.until, opened.zone, tuple(funnel(counts)), unknown)
    if survey.confidential and 0 < counts["invited"] < CONFIDENTIAL_FLOOR:
        return replace(found, stages=(), hidden=True)
    return replace(found, quality=response_quality(opened, since, until))


def present_funnel(survey: SurveySummary, found: Funnel) -> dict[str, Any]:
    """The API's document; rates in percent."""
    last = found.until - timedelta(days=1) if found.until else None
    return {
        "survey": survey.key,
        "time_zone": found.time_zone,
        "since": found.since.isoformat() if found.since else None,
        "until": last.isoformat() if last else None,
        "suppressed": found.hidden,
        "stages": [
            {
                "name": stage.name,
                "count": stage.count,
                "of_invited": _present(stage.of_invited),
                "of_before": _present(stage.of_before) if stage.of_before else None,
            }
            for stage in found.stages
        ],
        "unknown": list(found.unknown),
        **(
            present_quality(found.quality)
            if found.quality
            else {"response_rate": None, "early_late": None}
        ),
    }


def _present(rate: Rate) -> dict[str, float | None]:
    return {"value": rate.value, "low": rate.low, "high": rate.high}
