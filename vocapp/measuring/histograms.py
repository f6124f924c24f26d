"""Reads: the histograms that an answer of metrics is made of.

Two sources. Cells hold reportable attributes; the days at the edges of whole months, and the
answers of people who answered more than once, are then read from what is *counted* of each
response, so that every part of the answer agrees with the cells. A scan reads the responses as
they are now: free attributes, and the latest answer of each person or account.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.attributes import Reportable, Reportables, value_of
from surveys.filters import Filter, attributes_of, holds
from surveys.periods import day_bounds, local_day, period_start
from surveys.questions import scale_of
from vocapp.authoring.queries import SurveySummary
from vocapp.collecting.models import Response
from vocapp.database import scoped
from vocapp.measuring import filtering
from vocapp.measuring.attributes import from_stored
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
Histogram = np.ndarray[Any, Any]
_FETCH = 5000


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of a survey. Days are local and half-open: since <= day < until."""

    by: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    interval: Interval = "month"
    min_n: int = 1
    basis: Basis = "responses"
    filter: Filter | None = None
    today: datetime | None = None  # facts as they are at this moment, not as they were then

    @property
    def attributes(self) -> set[str]:
        """All attributes that are asked for."""
        return {*self.by, *(attributes_of(self.filter) if self.filter else ())}


@dataclass(slots=True)
class Counts:
    """Histograms of one answer: in all, per segment, per period."""

    size: int
    overall: Histogram = field(init=False)
    segments: dict[Segment, Histogram] = field(default_factory=dict)
    periods: dict[date, Histogram] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.overall = np.zeros(self.size, dtype=np.int64)

    def segment(self, key: Segment) -> Histogram:
        return self.segments.setdefault(key, np.zeros(self.size, dtype=np.int64))

    def period(self, start: date) -> Histogram:
        return self.periods.setdefault(start, np.zeros(self.size, dtype=np.int64))

    def add(self, scored: Scored, ask: Ask) -> None:
        """Count one answer everywhere."""
        self.overall[scored.index] += 1
        self.period(period_start(scored.day, ask.interval))[scored.index] += 1
        if ask.by:
            self.segment(scored.segment)[scored.index] += 1

    def add_many(self, day: date, key: Segment, cell: Sequence[int], ask: Ask) -> None:
        """Count a cell everywhere; `day` is in its period."""
        histogram = np.array(cell, dtype=np.int64)
        self.overall += histogram
        start = period_start(day, ask.interval)
        self.periods[start] = self.period(start) + histogram
        if ask.by:
            self.segments[key] = self.segment(key) + histogram


@dataclass(frozen=True, slots=True)
class Scored:
    """One answer: whose it is, its local day, its place in the histogram, its segment."""

    response_id: UUID
    contact_id: UUID | None
    account_id: UUID | None
    day: date
    index: int
    segment: Segment
    inside: bool  # of the filter


@dataclass(slots=True)
class Source:
    """Where an answer is read from; `state` is None before anything was counted."""

    session: Session
    survey: SurveySummary
    question_id: UUID
    state: CellState | None
    zone: str

    @property
    def size(self) -> int:
        return len(scale_of(self.survey.kind) or ())

    @property
    def reportable(self) -> Reportables:
        """The attributes that the cells which are read now were counted with."""
        return from_stored(self.state.attributes if self.state else None)

    def needs_scan(self, ask: Ask) -> bool:
        """Whether cells cannot answer it."""
        known = {item.name for item in self.reportable}
        if ask.basis != "responses" or ask.today or not known.issuperset(ask.attributes):
            return True
        if ask.filter is None or self.state is None:
            return False
        # Only profiles can be filtered, and they have months.
        return ask.interval in {"day", "week"} or not filtering.cells_can_tell(
            self.session, self.state, ask.filter
        )


# --- answers one by one -----------------------------------------------------------------


def _as_asked(source: Source, names: Sequence[str]) -> Reportables:
    """Attributes by name, in the same bands as in the cells."""
    known = {item.name: item for item in source.reportable}
    return tuple(known.get(name) or Reportable(name) for name in names)


def answers_now(source: Source, ask: Ask, *, repeated_only: bool = False) -> Iterator[Scored]:
    """The scored answers of the days asked for as they are now, oldest first."""
    survey, start = source.survey, (scale_of(source.survey.kind) or range(1)).start
    conditions = [
        Response.workspace_id == survey.workspace_id,
        Response.survey_id == survey.id,
        Response.score.is_not(None),
    ]
    if ask.since:
        conditions.append(Response.answered_at >= day_bounds(ask.since, source.zone)[0])
    if ask.until:
        conditions.append(Response.answered_at < day_bounds(ask.until, source.zone)[0])
    if repeated_only:
        conditions.append(Response.contact_id.in_(_people_with_several(conditions)))
    asked = _as_asked(source, ask.by)
    facts = filtering.Facts(source.session, survey.workspace_id, ask.today)
    inside = filtering.Given(ask.filter, source.reportable)
    rows = source.session.execute(
        select(
            Response.id, Response.contact_id, Response.account_id, Response.score,
            Response.answered_at, Response.attributes,
        )
        .where(*conditions)
        .order_by(Response.answered_at, Response.id)
        .execution_options(yield_per=_FETCH)
    )  # fmt: skip
    for row in rows:
        attributes, moment = facts.of(row), ask.today or row.answered_at
        yield Scored(
            row.id, row.contact_id, row.account_id, local_day(row.answered_at, source.zone),
            row.score - start,
            tuple(value_of(item, attributes, moment) for item in asked),
            inside.holds(attributes, moment),
        )  # fmt: skip


def answers_counted(source: Source, ask: Ask, *, repeated_only: bool = False) -> Iterator[Scored]:
    """The answers of the days asked for as the cells hold them."""
    state = source.state
    if state is None:
        return
    conditions = [
        Response.workspace_id == source.survey.workspace_id,
        Response.survey_id == source.survey.id,
        Response.counted_generation == state.generation,
        *_in_days(Response.counted_day, ask),
    ]
    if repeated_only:
        conditions.append(Response.contact_id.in_(_people_with_several(conditions)))
    profiles = _profiles(source) if ask.attributes else {}
    rows = source.session.execute(
        select(
            Response.id, Response.contact_id, Response.account_id, Response.counted_day,
            Response.counted_profile_id, Response.counted_scores,
        )
        .where(*conditions)
        .execution_options(yield_per=_FETCH)
    )  # fmt: skip
    for row in rows:
        index = (row.counted_scores or {}).get(str(source.question_id))
        if index is not None:
            values = profiles.get(row.counted_profile_id, {})
            yield Scored(
                row.id, row.contact_id, row.account_id, row.counted_day, index,
                tuple(values.get(name) for name in ask.by),
                ask.filter is None or holds(ask.filter, values),
            )  # fmt: skip


def _people_with_several(conditions: Sequence[Any]) -> Any:
    return (
        select(Response.contact_id)
        .where(*conditions, Response.contact_id.is_not(None))
        .group_by(Response.contact_id)
        .having(func.count() > 1)
    )


def _profiles(source: Source) -> dict[str, Mapping[str, str]]:
    rows = source.session.scalars(scoped(Profile, source.survey.workspace_id))
    return {row.id: row.values for row in rows}


def scan(source: Source, ask: Ask) -> Counts:
    """Count answer by answer; by people or accounts only the latest of each.

    The latest is found before the filter is asked, so that a filter by one value counts what
    the split by that attribute counts.
    """
    counts = Counts(source.size)
    answers: Iterable[Scored] = answers_now(source, ask)
    if ask.basis != "responses":
        answers = {_unit(scored, ask.basis): scored for scored in answers}.values()
    for scored in answers:
        if scored.inside:
            counts.add(scored, ask)
    return counts


def _unit(scored: Scored, basis: Basis) -> UUID:
    """Whose answer this is: an answer without a person or account stands for itself."""
    person = scored.contact_id or scored.response_id
    return person if basis == "people" else scored.account_id or person


# --- people who answered more than once -------------------------------------------------


@dataclass(slots=True)
class Repeated:
    """Answers of people with several answers: per person a histogram, in all and by part."""

    overall: dict[UUID, Histogram] = field(default_factory=dict)
    segments: dict[Segment, dict[UUID, Histogram]] = field(default_factory=dict)
    periods: dict[date, dict[UUID, Histogram]] = field(default_factory=dict)


def repeated_people(source: Source, ask: Ask) -> Repeated:
    """Where answers are counted one by one, those of one person are not independent."""
    found = Repeated()
    if ask.basis != "responses":
        return found
    read = answers_now if source.needs_scan(ask) else answers_counted
    for scored in read(source, ask, repeated_only=True):
        assert scored.contact_id is not None
        if not scored.inside:
            continue
        places = [
            found.overall,
            found.periods.setdefault(period_start(scored.day, ask.interval), {}),
        ]
        if ask.by:
            places.append(found.segments.setdefault(scored.segment, {}))
        for place in places:
            histogram = place.setdefault(scored.contact_id, np.zeros(source.size, dtype=np.int64))
            histogram[scored.index] += 1
    return found


# --- from cells -------------------------------------------------------------------------


def from_cells(source: Source, ask: Ask) -> Counts:
    """Sums of cells; for several attributes whole months, and the days at the edges."""
    counts = Counts(source.size)
    if source.state is None:
        return counts
    if ask.filter is not None:
        _from_profiles(source, source.state, ask, counts)
        return counts
    for day, histogram in _days(source, source.state, ask):
        counts.overall += histogram
        start = period_start(day, ask.interval)
        counts.periods[start] = counts.period(start) + histogram
    if len(ask.by) == 1:
        _one_attribute(source, source.state, ask, counts)
    elif ask.by:
        _crossed(source, source.state, ask, counts)
    return counts


def _columns(model: Any, size: int) -> list[Any]:
    return [getattr(model, column) for column in HISTOGRAM_COLUMNS[:size]]


def _cell_filter(model: Any, state: CellState, question_id: UUID) -> list[Any]:
    return [
        model.workspace_id == state.workspace_id,
        model.generation == state.generation,
        model.question_id == question_id,
    ]


def _in_days(column: Any, ask: Ask) -> list[Any]:
    bounds = [column >= ask.since] if ask.since else []
    return [*bounds, column < ask.until] if ask.until else bounds


def _days(source: Source, state: CellState, ask: Ask) -> Iterator[tuple[date, Histogram]]:
    rows = source.session.execute(
        select(ScoreTotal.local_day, *_columns(ScoreTotal, source.size))
        .where(
            *_cell_filter(ScoreTotal, state, source.question_id),
            *_in_days(ScoreTotal.local_day, ask),
        )
        .order_by(ScoreTotal.local_day)
    )
    for day, *histogram in rows:
        if any(histogram):
            yield day, np.array(histogram, dtype=np.int64)


def _one_attribute(source: Source, state: CellState, ask: Ask, counts: Counts) -> None:
    sums = [func.sum(column) for column in _columns(ScoreByValue, source.size)]
    rows = source.session.execute(
        select(ScoreByValue.value, *sums)
        .where(
            *_cell_filter(ScoreByValue, state, source.question_id),
            *_in_days(ScoreByValue.local_day, ask),
            ScoreByValue.attribute == ask.by[0],
        )
        .group_by(ScoreByValue.value)
    )
    rest = counts.overall.copy()
    for value, *histogram in rows:
        found = np.array(histogram, dtype=np.int64)
        if found.any():
            counts.segments[(value,)] = found
            rest -= found
    if rest.any():
        counts.segments[(None,)] = rest


def by_each_attribute(source: Source, ask: Ask) -> dict[str, dict[str, Histogram]]:
    """Attribute → value → histogram, of every attribute with cells; without those of no value."""
    if source.state is None:
        return {}
    sums = [func.sum(column) for column in _columns(ScoreByValue, source.size)]
    rows = source.session.execute(
        select(ScoreByValue.attribute, ScoreByValue.value, *sums)
        .where(
            *_cell_filter(ScoreByValue, source.state, source.question_id),
            *_in_days(ScoreByValue.local_day, ask),
        )
        .group_by(ScoreByValue.attribute, ScoreByValue.value)
    )
    found: dict[str, dict[str, Histogram]] = {}
    for attribute, value, *histogram in rows:
        if any(histogram):
            found.setdefault(attribute, {})[value] = np.array(histogram, dtype=np.int64)
    return found


def by_value_and_month(
    source: Source, ask: Ask, attribute: str
) -> dict[tuple[str, date], Histogram]:
    """(Value, first day of the month) → histogram, of one attribute with cells."""
    if source.state is None:
        return {}
    year, month = (func.extract(part, ScoreByValue.local_day) for part in ("year", "month"))
    sums = [func.sum(column) for column in _columns(ScoreByValue, source.size)]
    rows = source.session.execute(
        select(ScoreByValue.value, year, month, *sums)
        .where(
            *_cell_filter(ScoreByValue, source.state, source.question_id),
            *_in_days(ScoreByValue.local_day, ask),
            ScoreByValue.attribute == attribute,
        )
        .group_by(ScoreByValue.value, year, month)
    )
    return {
        (value, date(int(in_year), int(in_month), 1)): np.array(histogram, dtype=np.int64)
        for value, in_year, in_month, *histogram in rows
        if any(histogram)
    }


def _crossed(source: Source, state: CellState, ask: Ask, counts: Counts) -> None:
    """Segments of several attributes; all else is known from the days."""
    found = Counts(source.size)
    _from_profiles(source, state, ask, found)
    counts.segments = {key: value for key, value in found.segments.items() if value.any()}


def _from_profiles(source: Source, state: CellState, ask: Ask, counts: Counts) -> None:
    """Whole months from profile cells; the days at the edges one by one."""
    first, last = whole_months(ask)
    bounds = [ScoreByProfile.month >= first] if first else []
    bounds += [ScoreByProfile.month < last] if last else []
    profiles = {
        profile_id: values
        for profile_id, values in _profiles(source).items()
        if ask.filter is None or holds(ask.filter, values)
    }
    # Without a filter the periods are known from the days: one row a profile is enough.
    groups = [ScoreByProfile.profile_id, *([ScoreByProfile.month] if ask.filter else [])]
    sums = [func.sum(column) for column in _columns(ScoreByProfile, source.size)]
    rows = source.session.execute(
        select(ScoreByProfile.profile_id, func.min(ScoreByProfile.month), *sums)
        .where(*_cell_filter(ScoreByProfile, state, source.question_id), *bounds)
        .group_by(*groups)
    )
    for profile_id, month, *histogram in rows:
        if profile_id in profiles and any(histogram):
            values = profiles[profile_id]
            counts.add_many(month, tuple(values.get(name) for name in ask.by), histogram, ask)
    for since, until in _edges(ask, first, last):
        for scored in answers_counted(source, replace(ask, since=since, until=until)):
            if scored.inside:
                counts.add(scored, ask)


def whole_months(ask: Ask) -> tuple[date | None, date | None]:
    """First day of the first and of the month after the last whole month; None: no bound.

    >>> [str(day) for day in whole_months(Ask(since=date(2026, 1, 9), until=date(2026, 4, 3)))]
    ['2026-02-01', '2026-04-01']
    >>> [str(day) for day in whole_months(Ask(since=date(2026, 1, 9), until=date(2026, 1, 12)))]
    ['2026-02-01', '2026-02-01']
    """
    first, last = ask.since, ask.until and ask.until.replace(day=1)
    if first and first.day != 1:
        first = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
    if first and last:
        last = max(first, last)
    return first, last


def _edges(ask: Ask, first: date | None, last: date | None) -> list[tuple[date | None, date]]:
    """The days before and after the whole months, half-open."""
    edges: list[tuple[date | None, date]] = []
    if ask.since and first and ask.since < first:
        edges.append((ask.since, min(first, ask.until) if ask.until else first))
    if ask.until and last and last < ask.until:
        edges.append((last, ask.until))
    return edges
