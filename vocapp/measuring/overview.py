"""Reads: all that the results page of a survey shows, in one snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from vocapp.authoring.queries import SurveySummary
from vocapp.measuring.asking import Ask
from vocapp.measuring.changes import WhatChanged, what_changed
from vocapp.measuring.funnel import Funnel, funnel_of
from vocapp.measuring.queries import Metrics, metrics_of, reading
from vocapp.measuring.weighting.queries import WeightedScore, weighted_score


@dataclass(frozen=True, slots=True)
class Numbers:
    """changed None: there is no period before. funnel None: invitations cannot be filtered.
    weighted None: no shares are known."""

    metrics: Metrics
    changed: WhatChanged | None
    funnel: Funnel | None
    weighted: WeightedScore | None


def numbers_of(survey: SurveySummary, ask: Ask, *, time_zone: str, now: datetime) -> Numbers:
    """Scores, what changed, who answered, and the score weighted to known shares."""
    with reading(survey, time_zone=time_zone, now=now) as opened:
        metrics = metrics_of(opened, ask)
        return Numbers(
            metrics,
            what_changed(opened, ask, metrics),
            None if ask.filter else funnel_of(opened, ask.since, ask.until),
            weighted_score(opened, ask),
        )
