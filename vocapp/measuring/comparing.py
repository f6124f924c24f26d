"""Reads: two groups of answers side by side, and whether their scores differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from surveys.changes import Change, may_share_answers
from surveys.filters import Filter, normalised, to_compact
from surveys.inference import estimate
from surveys.periods import period_before
from vocapp.authoring.queries import SurveySummary
from vocapp.measuring.asking import Ask, Basis
from vocapp.measuring.changes import design_effects, judge_pair
from vocapp.measuring.mix import Mix, present_mix, split_by
from vocapp.measuring.queries import (
    MAX_CROSSED,
    MAX_CROSSED_CONFIDENTIAL,
    Figure,
    Metrics,
    Reading,
    metrics_of,
    present_figure,
    reading,
)
from vocapp.problems import BadInput, FieldError


@dataclass(frozen=True, slots=True)
class Side:
    """A group of answers: local days (half-open, None: no bound) and attribute values.

    A value of None means the answers that have none.
    """

    since: date | None = None
    until: date | None = None
    segment: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def days(self) -> tuple[date | None, date | None]:
        return self.since, self.until


@dataclass(frozen=True, slots=True)
class Compared:
    """Two groups with their figures; change: a against b, None where a figure is hidden.

    mix: the change split by an attribute, where one was given and there is something to split.
    """

    survey: SurveySummary
    time_zone: str
    basis: Basis
    pending: int
    a: Side
    b: Side
    figures: tuple[Figure, Figure]
    change: Change | None
    filter: Filter | None = None
    mix: Mix | None = None


def other_side(a: Side, b: Side, *, today: date) -> Side:
    """What b means where it leaves things out.

    Another segment is compared within the days of a; else the days are those before a's. Without
    a segment of its own b has that of a. Raises BadInput where a has no first day to go before.
    """
    segment = b.segment or a.segment
    if b.since or b.until:
        return replace(b, segment=segment)
    if segment != a.segment:
        return Side(a.since, a.until, segment)
    if a.since is None:
        raise BadInput.of("b_since", "say what to compare with: days, or another segment")
    until = min(a.until or date.max, today + timedelta(days=1))
    if a.since >= until:
        raise BadInput.of("a_since", "lies after today")
    return Side(*period_before(a.since, until), segment)


def compare(
    survey: SurveySummary,
    a: Side,
    b: Side,
    *,
    min_n: int = 1,
    basis: Basis = "responses",
    filter_: Filter | None = None,
    by: str | None = None,
    time_zone: str,
    now: datetime,
) -> Compared:
    """The score of a against that of b. Raises BadInput for groups that cannot be compared.

    Each side shows what the metrics of its segment and days show, and the difference follows
    from the two: nothing of a confidential survey becomes known here that is hidden there.
    """
    with reading(survey, time_zone=time_zone, now=now) as opened:
        return compare_within(opened, a, b, min_n=min_n, basis=basis, filter_=filter_, by=by)


def compare_within(
    opened: Reading,
    a: Side,
    b: Side,
    *,
    min_n: int = 1,
    basis: Basis = "responses",
    filter_: Filter | None = None,
    by: str | None = None,
) -> Compared:
    """The same in a snapshot that is open.

    filter_: only these answers, on both sides. by: the attribute that the change is split by.
    """
    survey = opened.survey
    _check_attributes(opened, a, "a")
    _check_attributes(opened, b, "b")
    a = _closed(opened, a, "a")
    b = _closed(opened, other_side(a, b, today=opened.today), "b")
    if may_share_answers(a.days, a.segment, b.days, b.segment):
        raise BadInput.of("b", "may hold the same answers as a: choose other days or another value")
    asks = [
        Ask(tuple(sorted(side.segment)), *side.days, min_n=min_n, basis=basis, filter=filter_)
        for side in (a, b)
    ]
    if by is not None:
        _check_split(opened, by, a, b)
    found = [metrics_of(opened, ask) for ask in asks]
    figures = (_figure_of(opened, found[0], a, "a"), _figure_of(opened, found[1], b, "b"))
    change = judge_pair(survey.kind, *figures, min_n=min_n)
    mix = None
    if by is not None and change is not None and change.verdict != "too_few":
        mix = split_by(
            opened, by, design_effects(*figures), (asks[0], a.segment), (asks[1], b.segment)
        )
    return Compared(
        survey, found[0].time_zone, basis, found[0].pending, a, b, figures, change, filter_, mix
    )


def _check_split(opened: Reading, by: str, *sides: Side) -> None:
    """The attribute stands beside those of the sides, and must not be one of them."""
    is_confidential = opened.survey.confidential
    if any(by in side.segment for side in sides):
        raise BadInput.of("by", "is an attribute of a side, whose answers all have one value of it")
    if any(len(side.segment) >= MAX_CROSSED for side in sides):
        raise BadInput.of("by", f"at most {MAX_CROSSED} attributes, with those of the sides")
    if is_confidential and any(side.segment for side in sides):
        # Crossed attributes are told over other days than one of them.
        raise BadInput.of("by", "not with segments in a confidential survey")
    if is_confidential and opened.needs_scan(Ask(by=(by,))):
        raise BadInput.of("by", "not a reportable attribute, and the survey is confidential")


def _closed(opened: Reading, side: Side, name: str) -> Side:
    """The side as it is answered: a confidential survey knows whole months only."""
    by = tuple(sorted(side.segment))
    ask = opened.closed(Ask(by=by, since=side.since, until=side.until))
    if ask.since and ask.until and ask.since >= ask.until:
        raise BadInput.of(f"{name}_since", "no whole month of these days is over yet")
    return Side(ask.since, ask.until, side.segment)


def _check_attributes(opened: Reading, side: Side, name: str) -> None:
    survey = opened.survey
    names = tuple(side.segment)
    most = MAX_CROSSED_CONFIDENTIAL if survey.confidential else MAX_CROSSED
    if len(names) > most:
        raise BadInput.of(f"{name}.{names[most]}", f"at most {most} attributes")
    for attribute in names:
        if not 0 < len(attribute) <= 100:
            raise BadInput.of(f"{name}.{attribute[:100]}", "names have 1 to 100 characters")
        if survey.confidential and opened.needs_scan(Ask(by=(attribute,))):
            raise BadInput.of(
                f"{name}.{attribute}", "not a reportable attribute, and the survey is confidential"
            )


def _figure_of(opened: Reading, metrics: Metrics, side: Side, name: str) -> Figure:
    if not side.segment:
        return metrics.overall
    for attribute in side.segment:
        if opened.needs_scan(Ask(by=(attribute,))) and not any(
            figure.by.get(attribute) for figure in metrics.segments
        ):
            raise BadInput.of(f"{name}.{attribute}", "no answer has this attribute")
    for figure in metrics.segments:
        if figure.by == side.segment:
            return figure
    if metrics.overall.hidden:
        return metrics.overall
    nobody = np.zeros(len(metrics.overall.counts), dtype=np.int64).tolist()
    return Figure(
        tuple(nobody), estimate(metrics.survey.kind, nobody), by=side.segment, too_few=True
    )


def refuse_hidden(compared: Compared) -> None:
    """Raises BadInput naming the sides that must not be shown."""
    why = {
        "small": "too few answers to stay anonymous in a confidential survey",
        "complement": "hidden, or a smaller group of a confidential survey could be worked out",
    }
    errors = [
        FieldError(name, why[figure.hidden])
        for name, figure in zip(("a", "b"), compared.figures, strict=True)
        if figure.hidden
    ]
    if errors:
        raise BadInput(*errors)


def present_comparison(compared: Compared) -> dict[str, Any]:
    """The API's document. Raises BadInput where a side is hidden."""
    refuse_hidden(compared)
    change = compared.change
    assert change is not None
    tell = change.verdict != "too_few"
    found = change.difference
    return {
        "survey": compared.survey.key,
        "metric": compared.survey.kind,
        "interval_level": 0.95,
        "basis": compared.basis,
        "time_zone": compared.time_zone,
        "pending": compared.pending,
        "a": _present_side(compared, compared.a, compared.figures[0]),
        "b": _present_side(compared, compared.b, compared.figures[1]),
        "difference": {
            "value": found.value if tell else None,
            "low": found.low if tell else None,
            "high": found.high if tell else None,
        },
        "p_value": found.p_value if tell else None,
        "verdict": change.verdict,
        "more_needed": change.more_needed,
        "filter": to_compact(normalised(compared.filter)) if compared.filter else None,
        "mix_shift": present_mix(compared.mix) if compared.mix else None,
    }


def _present_side(compared: Compared, side: Side, figure: Figure) -> dict[str, Any]:
    last = side.until - timedelta(days=1) if side.until else None
    return {
        "since": side.since.isoformat() if side.since else None,
        "until": last.isoformat() if last else None,
        "segment": dict(side.segment),
        **present_figure(compared.survey.kind, figure, with_effect=True),
    }
