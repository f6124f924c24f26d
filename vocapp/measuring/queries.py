"""Reads: scores with their uncertainty, overall, by segment and over time.

All parts of one answer are read in one snapshot, together with how many responses wait
to be counted, so that the figures agree with one another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.inference import (
    Estimate,
    against_rest,
    benjamini_hochberg,
    estimate,
    estimate_clustered,
)
from surveys.periods import day_bounds, local_day, period_start
from surveys.questions import scale_of
from surveys.scoring import category_counts
from surveys.suppression import suppress
from vocapp import outbox
from vocapp.authoring.models import Question
from vocapp.authoring.queries import SurveySummary, definition_of
from vocapp.collecting.models import Response
from vocapp.database import scoped, snapshot
from vocapp.measuring.attributes import REPORTABLE, as_text, reportable_values
from vocapp.measuring.models import (
    HISTOGRAM_COLUMNS,
    CellState,
    Profile,
    ScoreByProfile,
    ScoreByValue,
    ScoreTotal,
)

Interval = Literal["day", "week", "month", "quarter"]
Basis = Literal["responses", "people", "accounts"]
Segment = tuple[str | None, ...]
CONFIDENTIAL_FLOOR = 5
MAX_CROSSED = 3
FAR_PAST, FAR_FUTURE = date(1990, 1, 1), date(2200, 12, 31)


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of a survey. Days are local and half-open: since <= day < until."""

    by: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    interval: Interval = "month"
    min_n: int = 1
    basis: Basis = "responses"


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
    scanned: bool  # answered by a scan, because an attribute has no cells


@dataclass(slots=True)
class _Counts:
    """Histograms of one answer: in all, per segment, per period."""

    size: int
    overall: np.ndarray[Any, Any] = field(init=False)
    segments: dict[Segment, np.ndarray[Any, Any]] = field(default_factory=dict)
    periods: dict[date, np.ndarray[Any, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.overall = np.zeros(self.size, dtype=np.int64)

    def segment(self, key: Segment) -> np.ndarray[Any, Any]:
        return self.segments.setdefault(key, np.zeros(self.size, dtype=np.int64))

    def period(self, start: date) -> np.ndarray[Any, Any]:
        return self.periods.setdefault(start, np.zeros(self.size, dtype=np.int64))


def survey_metrics(survey: SurveySummary, ask: Ask, *, time_zone: str, now: datetime) -> Metrics:
    """Scores of a survey's primary question. Confidential surveys: closed months only."""
    if survey.confidential:
        ask = _closed_months(ask, local_day(now, time_zone))
    with snapshot() as session:
        pending = outbox.pending_count(session, survey.workspace_id, "measure")
        question = _primary_question(session, survey)
        if question is None:
            return _nothing(survey, ask, time_zone)
        state = session.scalar(scoped(CellState, survey.workspace_id))
        zone = state.time_zone if state else time_zone
        scanned = ask.basis != "responses" or not set(ask.by) <= set(REPORTABLE)
        counts = (
            _scan(session, survey, ask, zone)
            if scanned
            else _from_cells(session, survey, ask, question, state, zone)
        )
        repeated = (
            _repeated_people(session, survey, ask, zone) if ask.basis == "responses" else _Repeated()
        )
    return _judge(survey, ask, counts, repeated, pending=pending, zone=zone, scanned=scanned)


def _closed_months(ask: Ask, today: date) -> Ask:
    """Whole months that are over: the first day of this month is the latest end."""
    open_month = today.replace(day=1)
    until = min(ask.until or open_month, open_month).replace(day=1)
    since = ask.since
    if since is not None and since.day != 1:
        since = (since.replace(day=1) + timedelta(days=32)).replace(day=1)
    interval: Interval = ask.interval if ask.interval in {"month", "quarter"} else "month"
    return Ask(ask.by, since, until, interval, ask.min_n, ask.basis)


def _nothing(survey: SurveySummary, ask: Ask, time_zone: str) -> Metrics:
    size = len(scale_of(survey.kind) or ())
    empty = _figure(survey.kind, np.zeros(size, dtype=np.int64), ask, [])
    return Metrics(survey, time_zone, ask.basis, 0, empty, (), (), scanned=False)


def _primary_question(session: Session, survey: SurveySummary) -> UUID | None:
    if survey.published_version is None:
        return None
    key = definition_of(survey.workspace_id, survey.id, survey.published_version).primary.key
    return session.scalar(
        select(Question.id).where(
            Question.workspace_id == survey.workspace_id,
            Question.survey_id == survey.id,
            Question.key == key,
        )
    )


# --- from cells -------------------------------------------------------------------------


def _from_cells(
    session: Session,
    survey: SurveySummary,
    ask: Ask,
    question: UUID,
    state: CellState | None,
    zone: str,
) -> _Counts:
    counts = _Counts(len(scale_of(survey.kind) or ()))
    if state is None:
        return counts
    for day, histogram in _days(session, state, question, ask, counts.size):
        counts.overall += histogram
        start = period_start(day, ask.interval)
        counts.periods[start] = counts.period(start) + histogram
    if len(ask.by) == 1:
        _one_attribute(session, state, question, ask, counts)
    elif ask.by:
        _crossed(session, survey, state, question, ask, counts, zone)
    return counts


def _sums(model: Any) -> list[Any]:
    return [func.sum(getattr(model, column)) for column in HISTOGRAM_COLUMNS]


def _cell_filter(model: Any, state: CellState, question: UUID) -> list[Any]:
    return [
        model.workspace_id == state.workspace_id,
        model.generation == state.generation,
        model.question_id == question,
    ]


def _in_days(column: Any, ask: Ask) -> list[Any]:
    bounds = [column >= ask.since] if ask.since else []
    return [*bounds, column < ask.until] if ask.until else bounds


def _days(
    session: Session, state: CellState, question: UUID, ask: Ask, size: int
) -> Iterable[tuple[date, np.ndarray[Any, Any]]]:
    columns = [getattr(ScoreTotal, name) for name in HISTOGRAM_COLUMNS[:size]]
    rows = session.execute(
        select(ScoreTotal.local_day, *columns)
        .where(*_cell_filter(ScoreTotal, state, question), *_in_days(ScoreTotal.local_day, ask))
        .order_by(ScoreTotal.local_day)
    )
    for day, *histogram in rows:
        if any(histogram):
            yield day, np.array(histogram, dtype=np.int64)


def _one_attribute(
    session: Session, state: CellState, question: UUID, ask: Ask, counts: _Counts
) -> None:
    rows = session.execute(
        select(ScoreByValue.value, *_sums(ScoreByValue))
        .where(
            *_cell_filter(ScoreByValue, state, question),
            *_in_days(ScoreByValue.local_day, ask),
            ScoreByValue.attribute == ask.by[0],
        )
        .group_by(ScoreByValue.value)
    )
    rest = counts.overall.copy()
    for value, *sums in rows:
        histogram = np.array(sums[: counts.size], dtype=np.int64)
        if histogram.any():
            counts.segments[(value,)] = histogram
            rest -= histogram
    if rest.any():
        counts.segments[(None,)] = rest


def _crossed(
    session: Session,
    survey: SurveySummary,
    state: CellState,
    question: UUID,
    ask: Ask,
    counts: _Counts,
    zone: str,
) -> None:
    """Whole months from profile cells; the days at the edges by a scan."""
    first, last = _whole_months(ask)
    profiles = {row.id: row.values for row in session.scalars(scoped(Profile, state.workspace_id))}
    rows = session.execute(
        select(ScoreByProfile.profile_id, *_sums(ScoreByProfile))
        .where(
            *_cell_filter(ScoreByProfile, state, question),
            ScoreByProfile.month >= first,
            ScoreByProfile.month < last,
        )
        .group_by(ScoreByProfile.profile_id)
    )
    for profile_id, *sums in rows:
        values = profiles[profile_id]
        key = tuple(values.get(name) for name in ask.by)
        counts.segments[key] = counts.segment(key) + np.array(sums[: counts.size], dtype=np.int64)
    for since, until in _edges(ask, first, last):
        edge = Ask(ask.by, since, until, ask.interval, ask.min_n, ask.basis)
        for key, histogram in _scan(session, survey, edge, zone, counted_only=True).segments.items():
            counts.segments[key] = counts.segment(key) + histogram
    counts.segments = {key: value for key, value in counts.segments.items() if value.any()}


def _whole_months(ask: Ask) -> tuple[date, date]:
    """First day of the first and of the month after the last whole month asked for."""
    since, until = ask.since or FAR_PAST, ask.until or FAR_FUTURE
    first = since if since.day == 1 else (since.replace(day=1) + timedelta(days=32)).replace(day=1)
    return first, max(first, until.replace(day=1))


def _edges(ask: Ask, first: date, last: date) -> list[tuple[date, date]]:
    since, until = ask.since or FAR_PAST, ask.until or FAR_FUTURE
    if until <= first:
        return [(since, until)]
    return [(a, b) for a, b in ((since, first), (last, until)) if a < b]


# --- by scan ----------------------------------------------------------------------------


def _responses(session: Session, survey: SurveySummary, ask: Ask, zone: str) -> Any:
    """Scored responses of the days asked for, as rows of plain columns."""
    query = select(
        Response.id,
        Response.contact_id,
        Response.account_id,
        Response.score,
        Response.answered_at,
        Response.attributes,
    ).where(
        Response.workspace_id == survey.workspace_id,
        Response.survey_id == survey.id,
        Response.score.is_not(None),
    )
    if ask.since:
        query = query.where(Response.answered_at >= day_bounds(ask.since, zone)[0])
    if ask.until:
        query = query.where(Response.answered_at < day_bounds(ask.until, zone)[0])
    return query


def _scan(
    session: Session, survey: SurveySummary, ask: Ask, zone: str, *, counted_only: bool = False
) -> _Counts:
    """Count response by response: free attributes, and the latest answer of each person."""
    scale = scale_of(survey.kind) or range(0)
    counts = _Counts(len(scale))
    query = _responses(session, survey, ask, zone)
    if counted_only:
        query = query.where(Response.counted_day.is_not(None))
    rows = session.execute(
        query.order_by(Response.answered_at, Response.id).execution_options(yield_per=5000)
    )
    kept: dict[Any, Any] = {}
    for row in rows:
        kept[_unit(row, ask.basis)] = row
    for row in kept.values():
        index = row.score - scale.start
        counts.overall[index] += 1
        start = period_start(local_day(row.answered_at, zone), ask.interval)
        counts.period(start)[index] += 1
        if ask.by:
            counts.segment(segment_of(row.attributes, row.answered_at, ask.by))[index] += 1
    return counts


def _unit(row: Any, basis: Basis) -> Any:
    """Whose answer this is: an answer without a person or account stands for itself."""
    if basis == "people":
        return row.contact_id or row.id
    if basis == "accounts":
        return row.account_id or row.contact_id or row.id
    return row.id


def segment_of(
    attributes: Mapping[str, Any], answered_at: datetime, by: Sequence[str]
) -> Segment:
    """The values of these attributes, None where there is none."""
    bands = reportable_values(attributes, answered_at=answered_at)
    return tuple(bands.get(name) or as_text(attributes.get(name)) for name in by)


# --- people who answered more than once -------------------------------------------------


@dataclass(slots=True)
class _Repeated:
    """Answers of people with several answers: per person and segment, a histogram."""

    overall: dict[UUID, np.ndarray[Any, Any]] = field(default_factory=dict)
    segments: dict[Segment, dict[UUID, np.ndarray[Any, Any]]] = field(default_factory=dict)
    periods: dict[date, dict[UUID, np.ndarray[Any, Any]]] = field(default_factory=dict)


def _repeated_people(session: Session, survey: SurveySummary, ask: Ask, zone: str) -> _Repeated:
    found = _Repeated()
    scale = scale_of(survey.kind) or range(0)
    base = _responses(session, survey, ask, zone).where(Response.contact_id.is_not(None))
    people = (
        base.with_only_columns(Response.contact_id)
        .group_by(Response.contact_id)
        .having(func.count() > 1)
    )
    rows = session.execute(
        base.where(Response.contact_id.in_(people), Response.counted_day.is_not(None))
    )
    segments: dict[Segment, dict[UUID, Any]] = defaultdict(dict)
    periods: dict[date, dict[UUID, Any]] = defaultdict(dict)
    for row in rows:
        places = [
            found.overall,
            periods[period_start(local_day(row.answered_at, zone), ask.interval)],
        ]
        if ask.by:
            places.append(segments[segment_of(row.attributes, row.answered_at, ask.by)])
        for place in places:
            histogram = place.setdefault(row.contact_id, np.zeros(len(scale), dtype=np.int64))
            histogram[row.score - scale.start] += 1
    found.segments, found.periods = dict(segments), dict(periods)
    return found


# --- judging ----------------------------------------------------------------------------


def _judge(
    survey: SurveySummary,
    ask: Ask,
    counts: _Counts,
    repeated: _Repeated,
    *,
    pending: int,
    zone: str,
    scanned: bool,
) -> Metrics:
    kind = survey.kind
    overall = _figure(kind, counts.overall, ask, repeated.overall.values())
    segments = [
        _figure(
            kind,
            histogram,
            ask,
            repeated.segments.get(key, {}).values(),
            by=dict(zip(ask.by, key, strict=True)),
        )
        for key, histogram in sorted(counts.segments.items(), key=_segment_order)
    ]
    series = [
        _figure(kind, histogram, ask, repeated.periods.get(start, {}).values(), start=start)
        for start, histogram in sorted(counts.periods.items())
    ]
    if survey.confidential:
        overall, segments, series = _suppressed(overall, segments, series, ask)
    segments = _tested(kind, segments, counts.overall, overall)
    return Metrics(
        survey, zone, ask.basis, pending, overall, tuple(segments), tuple(series), scanned
    )


def _segment_order(item: tuple[Segment, Any]) -> tuple[Any, ...]:
    return tuple((value is None, value or "") for value in item[0])


def _figure(
    kind: str,
    histogram: np.ndarray[Any, Any],
    ask: Ask,
    clusters: Iterable[np.ndarray[Any, Any]],
    *,
    by: Mapping[str, str | None] | None = None,
    start: date | None = None,
) -> Figure:
    counts = tuple(int(count) for count in histogram)
    tables = [cluster for cluster in clusters if cluster.sum() > 1]
    if tables:
        singles = histogram - np.sum(tables, axis=0)
        found = estimate_clustered(
            kind, np.array(tables), singles=[max(0, int(count)) for count in singles]
        )
    else:
        found = estimate(kind, counts)
    return Figure(
        counts=counts, estimate=found, by=by or {}, start=start, too_few=found.n < ask.min_n
    )


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
    overall: Figure, segments: Sequence[Figure], series: Sequence[Figure], ask: Ask
) -> tuple[Figure, list[Figure], list[Figure]]:
    """Hide small groups, and those by which they could be had by subtraction."""
    if 0 < overall.estimate.n < CONFIDENTIAL_FLOOR:
        hide_all = [replace(figure, hidden="small") for figure in (overall, *segments, *series)]
        count = len(segments)
        return hide_all[0], hide_all[1 : 1 + count], hide_all[1 + count :]
    keys = [tuple(figure.by.get(name) for name in ask.by) for figure in segments]
    hidden = suppress(
        {key: figure.estimate.n for key, figure in zip(keys, segments, strict=True)},
        floor=CONFIDENTIAL_FLOOR,
    )
    hidden_periods = suppress(
        {(figure.start,): figure.estimate.n for figure in series}, floor=CONFIDENTIAL_FLOOR
    )
    return (
        overall,
        [
            replace(figure, hidden=hidden.get(key))
            for key, figure in zip(keys, segments, strict=True)
        ],
        [replace(figure, hidden=hidden_periods.get((figure.start,))) for figure in series],
    )


# --- as the API shows it ----------------------------------------------------------------


def present_metrics(metrics: Metrics) -> dict[str, Any]:
    """The contract's document (docs/api.md)."""
    return {
        "survey": metrics.survey.key,
        "metric": metrics.survey.kind,
        "interval_level": 0.95,
        "basis": metrics.basis,
        "time_zone": metrics.time_zone,
        "pending": metrics.pending,
        "source": "scan" if metrics.scanned else "cells",
        "overall": _present(metrics, metrics.overall, with_effect=True),
        "segments": [
            {"by": dict(figure.by), **_present(metrics, figure, with_effect=True)}
            | {"p_value": figure.p_value, "differs": figure.differs}
            for figure in metrics.segments
        ],
        "series": [
            {
                "start": figure.start.isoformat() if figure.start else None,
                **_present(metrics, figure),
            }
            for figure in metrics.series
        ],
    }


def _present(metrics: Metrics, figure: Figure, *, with_effect: bool = False) -> dict[str, Any]:
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
    shown["counts"] = category_counts(metrics.survey.kind, figure.counts)
    if metrics.survey.kind == "ces":
        shown["share"] = None if figure.too_few else found.share
    if with_effect:
        shown["design_effect"] = found.design_effect if found.design_effect is not None else 1.0
    return shown
