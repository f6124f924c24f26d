"""Reads: what changed against the period before, and whether chance alone would look so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np

from surveys.changes import Change, judge_changes
from surveys.periods import period_before
from vocapp.authoring.queries import SurveySummary
from vocapp.measuring.asking import Ask, Histogram, Segment
from vocapp.measuring.histograms import by_each_attribute
from vocapp.measuring.queries import (
    Figure,
    Metrics,
    Reading,
    metrics_of,
    reading,
)

Part = tuple[str, str]  # attribute, value


@dataclass(frozen=True, slots=True)
class SegmentChange:
    """The change of one segment, which is more than chance would give."""

    by: Mapping[str, str]
    change: Change


@dataclass(frozen=True, slots=True)
class WhatChanged:
    """A period against the one before. Days are half-open.

    overall None: hidden, as the survey is confidential. segments: only the real changes, largest
    first; tested: how many were looked at (the family), of these attributes.
    """

    since: date
    until: date
    before: tuple[date, date]
    overall: Change | None
    segments: tuple[SegmentChange, ...]
    tested: int
    attributes: tuple[str, ...]


def metrics_with_changes(
    survey: SurveySummary, ask: Ask, *, time_zone: str, now: datetime
) -> tuple[Metrics, WhatChanged | None]:
    """Scores, and what changed; None where there is no period before (all time)."""
    with reading(survey, time_zone=time_zone, now=now) as opened:
        metrics = metrics_of(opened, ask)
        return metrics, what_changed(opened, ask, metrics)


def what_changed(opened: Reading, ask: Ask, metrics: Metrics) -> WhatChanged | None:
    """The same in a snapshot that is open; metrics: what it holds for this question."""
    ask = opened.closed(ask)
    until = min(ask.until or date.max, opened.today + timedelta(days=1))
    if opened.source is None or ask.since is None or ask.since >= until:
        return None
    before = period_before(ask.since, until)
    earlier = opened.closed(replace(ask, by=(), since=before[0], until=before[1]))
    before = (earlier.since or before[0], earlier.until or before[1])
    former = metrics_of(opened, earlier)
    overall = judge_pair(metrics.survey.kind, metrics.overall, former.overall, min_n=ask.min_n)
    parts, pairs = [], []
    # Segments are read from cells by value, which hold every answer.
    if overall is not None and ask.basis == "responses" and ask.filter is None:
        now_parts, then_parts = (
            _visible_parts(opened, each, of.overall)
            for each, of in ((replace(ask, until=until), metrics), (earlier, former))
        )
        for part in sorted(now_parts.keys() & then_parts.keys()):
            pair = now_parts[part].tolist(), then_parts[part].tolist()
            if min(sum(pair[0]), sum(pair[1])) >= ask.min_n:
                parts.append(part)
                pairs.append(pair)
    changes = judge_changes(
        metrics.survey.kind,
        pairs,
        min_n=ask.min_n,
        # Of the whole survey, as for segments against the rest: steadier than that of a few.
        design_effects=design_effects(metrics.overall, former.overall),
    )
    real = [
        SegmentChange({attribute: value}, change)
        for (attribute, value), change in zip(parts, changes, strict=True)
        if change.verdict in {"rose", "fell"}
    ]
    real.sort(key=lambda each: -abs(each.change.difference.value or 0))
    return WhatChanged(
        ask.since, until, before, overall, tuple(real), len(parts),
        tuple(dict.fromkeys(attribute for attribute, _ in parts)),
    )  # fmt: skip


def judge_pair(kind: str, now: Figure, before: Figure, *, min_n: int) -> Change | None:
    """The change from one figure to another; None where one of them must not be shown."""
    if now.hidden or before.hidden:
        return None
    return judge_changes(
        kind,
        [(now.counts, before.counts)],
        min_n=min_n,
        design_effects=design_effects(now, before),
    )[0]


def design_effects(now: Figure, before: Figure) -> tuple[float, float]:
    """How much less the answers of two figures tell than as many independent ones: 1 or more."""
    return (
        max(1.0, now.estimate.design_effect or 1.0),
        max(1.0, before.estimate.design_effect or 1.0),
    )


def _visible_parts(opened: Reading, ask: Ask, overall: Figure) -> dict[Part, Histogram]:
    """The segments of one attribute each that may be shown."""
    assert opened.source is not None
    found: dict[Part, Histogram] = {}
    for attribute, by_value in by_each_attribute(opened.source, ask).items():
        hidden: Mapping[Segment, str] = {}
        if opened.confidential:
            # Those without a value are a group, too: one could be had by subtraction from it.
            rest = np.array(overall.counts) - sum(by_value.values())
            groups: dict[Segment, int] = {
                (value,): int(histogram.sum()) for value, histogram in by_value.items()
            }
            hidden = opened.confidential.hidden_segments(
                replace(ask, by=(attribute,)), groups | {(None,): int(rest.sum())}
            )
        found |= {
            (attribute, value): histogram
            for value, histogram in by_value.items()
            if (value,) not in hidden
        }
    return found
