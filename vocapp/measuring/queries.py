"""Reads: scores with their uncertainty, overall, by segment and over time.

All parts of one answer are read in one snapshot, together with how many responses wait
to be counted, so that the figures agree with one another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from surveys.filters import Filter, normalised, to_compact
from surveys.inference import (
    Design,
    Estimate,
    against_rest,
    benjamini_hochberg,
    design_of,
    estimate,
    estimate_by,
)
from surveys.periods import day_bounds, local_day
from surveys.questions import scale_of
from surveys.scoring import category_counts
from vocapp import outbox
from vocapp.authoring.models import Question
from vocapp.authoring.queries import SurveySummary, definition_of
from vocapp.collecting.aside import number_aside
from vocapp.collecting.marked_queries import marked_scores
from vocapp.collecting.models import Response
from vocapp.database import OF_WORKSPACE, read_once, scoped_statement, snapshot
from vocapp.measuring.answers import Clusters, Counts, Repeated
from vocapp.measuring.asking import Ask, Basis, Segment, Source
from vocapp.measuring.confidential import Confidential
from vocapp.measuring.histograms import FEW_DRAWN, counts_of
from vocapp.measuring.models import NOTHING_YET, CellState
from vocapp.problems import BadInput

MAX_CROSSED = 3
MAX_CROSSED_CONFIDENTIAL = 2
NOT_CONFIDENTIAL = (
    "not in a confidential survey: the difference to the survey without it could give away few"
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A score with its uncertainty. `hidden`: why it must not be shown ("small", "complement")."""

    counts: tuple[int, ...]
    estimate: Estimate
    by: Mapping[str, str | None] = field(default_factory=dict)
    start: date | None = None
    hidden: str | None = None
    too_few: bool = False
    p_value: float | None = None
    differs: bool | None = None


@dataclass(frozen=True, slots=True)
class Metrics:
    """One answer of the metrics page or API."""

    survey: SurveySummary
    time_zone: str
    basis: Basis
    pending: int
    overall: Figure
    segments: tuple[Figure, ...]
    series: tuple[Figure, ...]
    scanned: bool  # answered by a scan, because cells cannot tell it
    since: date | None = None  # of the days that are answered, half-open; None: no bound
    until: date | None = None
    filter: Filter | None = None
    as_of_today: bool = False
    held: int = 0  # answers to e-mails that stand aside until somebody has looked
    over_quota: int = 0  # answers that came when their group was full, of all time
    marked: int = 0  # answers that count and that somebody may want to look at
    without_marked: Figure | None = None  # the score of the others


@dataclass(frozen=True, slots=True)
class Reading:
    """One snapshot of a survey. source None: it was never published.

    confidential: what may be told of the survey, where it is confidential.
    """

    session: Session
    survey: SurveySummary
    source: Source | None
    pending: int
    zone: str
    now: datetime
    confidential: Confidential | None = None

    @property
    def today(self) -> date:
        return local_day(self.now, self.zone)

    def closed(self, ask: Ask) -> Ask:
        """The question as it is answered. Confidential surveys: closed months only."""
        return self.confidential.closed(ask) if self.confidential else ask

    def needs_scan(self, ask: Ask) -> bool:
        """Whether cells cannot answer it."""
        return self.source is not None and self.source.needs_scan(ask)


_STATE = scoped_statement(CellState)


@contextmanager
def reading(survey: SurveySummary, *, time_zone: str, now: datetime) -> Iterator[Reading]:
    """A snapshot in which several questions have answers that agree."""
    with snapshot() as session:
        question_id = _primary_question(session, survey)
        state = session.scalar(_STATE, {"workspace_id": survey.workspace_id})
        pending = _pending(session, survey, state)
        zone = state.time_zone if state else time_zone
        source = Source(session, survey, question_id, state, zone) if question_id else None
        told = Confidential(source, local_day(now, zone)) if survey.confidential else None
        yield Reading(session, survey, source, pending, zone, now, told)


def _pending(session: Session, survey: SurveySummary, state: CellState | None) -> int:
    """How many answers are stored, and not counted yet."""
    if state is not None and state.generation == NOTHING_YET:
        return (
            session.scalar(
                select(func.count()).where(
                    Response.workspace_id == survey.workspace_id, Response.survey_id == survey.id
                )
            )
            or 0
        )
    # While all are counted anew, by another time zone, say, one row of work waits for that.
    return outbox.pending_count(session, survey.workspace_id, "measure", "recount")


def survey_metrics(survey: SurveySummary, ask: Ask, *, time_zone: str, now: datetime) -> Metrics:
    """Scores of a survey's primary question."""
    with reading(survey, time_zone=time_zone, now=now) as opened:
        return metrics_of(opened, ask)


def metrics_of(opened: Reading, ask: Ask) -> Metrics:
    """Scores of the primary question in a snapshot that is open; counted once in it.

    Raises BadInput for a confidential survey with a filter, facts of today, or only the latest
    answer of each: what these leave out is a group, too, and it could be had by subtraction.
    """
    survey, source, zone = opened.survey, opened.source, opened.zone
    if survey.confidential:
        _refuse_other_views(ask)
    ask = opened.closed(ask)
    if source is None:
        return _nothing(survey, ask, zone)
    return read_once(
        opened.session, ("metrics", survey.id, ask), lambda: _counted(opened, source, ask)
    )


def _counted(opened: Reading, source: Source, ask: Ask) -> Metrics:
    counts, repeated = counts_of(source, ask)
    return _judge(opened, ask, counts, repeated, scanned=source.needs_scan(ask))


def _refuse_other_views(ask: Ask) -> None:
    """Two tables of the same answers must not differ by a few of them."""
    if len(ask.by) > MAX_CROSSED_CONFIDENTIAL:
        raise BadInput.of("by", "at most two attributes in a confidential survey")
    for field_name, is_asked in (
        ("filter", ask.filter is not None),
        ("as_of", ask.today is not None),
        ("basis", ask.basis != "responses"),
    ):
        if is_asked:
            raise BadInput.of(field_name, NOT_CONFIDENTIAL)


def _nothing(survey: SurveySummary, ask: Ask, time_zone: str) -> Metrics:
    size = len(scale_of(survey.kind) or ())
    empty = _figure(survey.kind, np.zeros(size, dtype=np.int64), ask, None)
    return Metrics(
        survey, time_zone, ask.basis, 0, empty, (), (), scanned=False, since=ask.since,
        until=ask.until, filter=ask.filter, as_of_today=ask.today is not None,
    )  # fmt: skip


_QUESTION = select(Question.id).where(
    Question.workspace_id == OF_WORKSPACE,
    Question.survey_id == bindparam("survey_id"),
    Question.key == bindparam("key"),
)


def _primary_question(session: Session, survey: SurveySummary) -> UUID | None:
    if survey.published_version is None:
        return None
    key = definition_of(survey.workspace_id, survey.id, survey.published_version).primary.key
    mine = {"workspace_id": survey.workspace_id, "survey_id": survey.id, "key": key}
    return session.scalar(_QUESTION, mine)


# --- judging ----------------------------------------------------------------------------


def _judge(
    opened: Reading, ask: Ask, counts: Counts, repeated: Repeated, *, scanned: bool
) -> Metrics:
    survey = opened.survey
    kind = survey.kind
    overall = _figure(kind, counts.overall, ask, repeated.overall)
    segments = [
        _figure(
            kind,
            histogram,
            ask,
            _enough(repeated.segments.get(key), repeated),
            by=dict(zip(ask.by, key, strict=True)),
        )
        for key, histogram in sorted(counts.segments.items(), key=_segment_order)
    ]
    series = [
        _figure(kind, histogram, ask, _enough(repeated.periods.get(start), repeated), start=start)
        for start, histogram in sorted(counts.periods.items())
    ]
    if opened.confidential:
        overall, segments, series = _suppressed(
            opened.confidential, kind, overall, segments, series, ask
        )
    segments = _tested(kind, segments, counts.overall, overall)
    marked, without_marked = _marked(opened, ask, counts.overall)
    return Metrics(
        survey, opened.zone, ask.basis, opened.pending, overall, tuple(segments), tuple(series),
        scanned, ask.since, ask.until, filter=ask.filter, as_of_today=ask.today is not None,
        held=_aside(opened, "held"), over_quota=_aside(opened, "over_quota"),
        marked=marked, without_marked=without_marked,
    )  # fmt: skip


def _marked(opened: Reading, ask: Ask, counted: np.ndarray[Any, Any]) -> tuple[int, Figure | None]:
    """How many answers of the period are marked, and the score without them.

    Only where all answers of the period are counted: what a filter or the latest answer of each
    leaves out is told by other means than by marks. Never of a confidential survey, of which two
    scores must not differ by a few people.
    """
    survey = opened.survey
    if survey.confidential or ask.filter is not None or ask.basis != "responses":
        return 0, None
    scores = marked_scores(
        opened.session, survey.workspace_id, survey.id,
        since=day_bounds(ask.since, opened.zone)[0] if ask.since else None,
        until=day_bounds(ask.until, opened.zone)[0] if ask.until else None,
    )  # fmt: skip
    if not scores:
        return 0, None
    scale = scale_of(survey.kind) or range(0)
    marked = np.array([scores[score] for score in scale], dtype=np.int64)
    # What came a moment ago may be marked and not be counted yet.
    others = np.maximum(counted - marked, 0)
    return int(marked.sum()), _figure(survey.kind, others, ask, None)


def present_marked(metrics: Metrics) -> dict[str, Any]:
    """How many are marked and the score without them."""
    figure = metrics.without_marked
    return {
        "n": metrics.marked,
        "without": present_figure(metrics.survey.kind, figure) if figure else None,
    }


def _aside(opened: Reading, state: str) -> int:
    return number_aside(opened.session, opened.survey.workspace_id, opened.survey.id, state)


def _enough(clusters: Clusters | None, repeated: Repeated) -> Clusters | None:
    """The clusters of a part, or of all where too few of its answers were drawn."""
    overall = repeated.overall
    if overall is None or overall.drawn is None:
        return clusters
    few = clusters is None or clusters.drawn_n is None or clusters.drawn_n < FEW_DRAWN
    return overall if few else clusters


def _segment_order(item: tuple[Segment, Any]) -> tuple[Any, ...]:
    return tuple((value is None, value or "") for value in item[0])


def _figure(
    kind: str,
    histogram: np.ndarray[Any, Any],
    ask: Ask,
    clusters: Clusters | None,
    *,
    by: Mapping[str, str | None] | None = None,
    start: date | None = None,
) -> Figure:
    counts = tuple(histogram.tolist())
    if clusters is not None and len(clusters.people):
        found = estimate_by(kind, counts, _design_of(kind, clusters, histogram))
    else:
        found = estimate(kind, counts)
    return Figure(
        counts=counts, estimate=found, by=by or {}, start=start, too_few=found.n < ask.min_n
    )


def _design_of(kind: str, clusters: Clusters, histogram: np.ndarray[Any, Any]) -> Design:
    """Worked out once for clusters that were drawn: many parts take those of the whole."""
    if clusters.design is None:
        drawn_from = histogram if clusters.drawn is None else clusters.drawn
        singles = drawn_from - clusters.people.sum(axis=0)
        clusters.design = design_of(
            kind, clusters.people, singles=[max(0, int(count)) for count in singles]
        )
    return clusters.design


def _tested(
    kind: str, segments: Sequence[Figure], counts: np.ndarray[Any, Any], overall: Figure
) -> list[Figure]:
    """Each segment against the rest of the survey, with false-discovery control over them."""
    effect = max(1.0, overall.estimate.design_effect or 1.0)
    p_values = [
        None
        if figure.hidden or figure.too_few or overall.hidden
        else against_rest(kind, figure.counts, counts.tolist(), design_effect=effect)
        for figure in segments
    ]
    verdicts = benjamini_hochberg(p_values)
    return [
        replace(figure, p_value=p_value, differs=verdict)
        for figure, p_value, verdict in zip(segments, p_values, verdicts, strict=True)
    ]


def _suppressed(
    told: Confidential,
    kind: str,
    overall: Figure,
    segments: Sequence[Figure],
    series: Sequence[Figure],
    ask: Ask,
) -> tuple[Figure, list[Figure], list[Figure]]:
    """Hide small groups, and those by which they could be had by subtraction."""
    by_key: dict[Segment, Figure] = {
        tuple(figure.by.get(name) for name in ask.by): figure for figure in segments
    }
    hidden = told.hidden_segments(ask, {key: each.estimate.n for key, each in by_key.items()})
    # Combinations that nobody is in may have to be hidden, too, or the gap would tell.
    for absent in hidden.keys() - by_key.keys():
        nobody = np.zeros(len(overall.counts), dtype=np.int64)
        by = dict(zip(ask.by, absent, strict=True))
        by_key[absent] = _figure(kind, nobody, ask, None, by=by)
    hidden_periods = told.hidden_periods(
        ask, {figure.start: figure.estimate.n for figure in series if figure.start}
    )
    return (
        replace(overall, hidden=told.hidden_overall(ask, overall.estimate.n)),
        [
            replace(figure, hidden=hidden.get(key))
            for key, figure in sorted(by_key.items(), key=_segment_order)
        ],
        [
            replace(figure, hidden=hidden_periods.get(figure.start) if figure.start else None)
            for figure in series
        ],
    )


# --- as the API shows it ----------------------------------------------------------------


def present_metrics(metrics: Metrics) -> dict[str, Any]:
    """The contract's document (docs/api.md)."""
    kind = metrics.survey.kind
    return {
        "survey": metrics.survey.key,
        "metric": metrics.survey.kind,
        "interval_level": 0.95,
        "basis": metrics.basis,
        "time_zone": metrics.time_zone,
        "since": metrics.since.isoformat() if metrics.since else None,
        "until": (metrics.until - timedelta(days=1)).isoformat() if metrics.until else None,
        "pending": metrics.pending,
        "held": metrics.held,
        "over_quota": metrics.over_quota,
        "marked": present_marked(metrics),
        "source": "scan" if metrics.scanned else "cells",
        "filter": to_compact(normalised(metrics.filter)) if metrics.filter else None,
        "as_of": "today" if metrics.as_of_today else "answer",
        "overall": present_figure(kind, metrics.overall, with_effect=True),
        "segments": [
            {"by": dict(figure.by), **present_figure(kind, figure, with_effect=True)}
            | {"p_value": figure.p_value, "differs": figure.differs}
            for figure in metrics.segments
        ],
        "series": [
            {
                "start": figure.start.isoformat() if figure.start else None,
                **present_figure(kind, figure),
            }
            for figure in metrics.series
        ],
    }


def present_figure(kind: str, figure: Figure, *, with_effect: bool = False) -> dict[str, Any]:
    """A figure as documents show it; hidden ones say why."""
    found = figure.estimate
    if figure.hidden:
        return {
            "suppressed": True,
            "reason": figure.hidden,
            "n": None,
            "value": None,
            "low": None,
            "high": None,
            "counts": None,
        }
    shown: dict[str, Any] = {"n": found.n}
    if figure.too_few:
        shown |= {"value": None, "low": None, "high": None, "too_few": True}
    else:
        shown |= {"value": found.value, "low": found.low, "high": found.high}
    shown["counts"] = category_counts(kind, figure.counts)
    if kind == "ces":
        shown["share"] = None if figure.too_few else found.share
    if with_effect:
        shown["design_effect"] = found.design_effect if found.design_effect is not None else 1.0
    return shown
