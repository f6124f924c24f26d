"""Reads: the histograms that an answer of metrics is made of.

Three sources. Cells hold days in all and months of each value of a reportable attribute.
Columns hold every counted answer: combinations and filters of reportable attributes, the days at
the edges of months, the latest answer of each person or account, and who answered several times
are counted from them, so that every part of the answer agrees with the cells. A scan reads the
responses as they are now: free attributes, and facts of today.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import func, select

from surveys.filters import Filter, Group, holds
from surveys.periods import period_start
from vocapp.measuring import columns
from vocapp.measuring.answers import Answers, Counts, Repeated
from vocapp.measuring.asking import Ask, Basis, Histogram, Interval, Segment, Source
from vocapp.measuring.attributes import KnownValues, free_name
from vocapp.measuring.columns import Column, Span, attribute_column
from vocapp.measuring.models import (
    HISTOGRAM_COLUMNS,
    CellState,
    ScoreByValue,
    ScoreTotal,
)
from vocapp.measuring.scanning import scan

# Up to so many answers clusters are exact; beyond, they are those of a random part of the people.
MOST_DRAWN = 20_000
FEW_DRAWN = 1_000
_MOST_KEYS = 20_000


def counts_of(source: Source, ask: Ask) -> tuple[Counts, Repeated]:
    """What is asked, from wherever it is told fastest; who answered several times with it.

    Where only the latest answer of each person or account counts, nobody answered twice.
    """
    if source.needs_scan(ask) and not source.columns_tell(ask):
        return scan(source, ask)
    if source.state is None:
        return Counts(source.size), Repeated()
    if ask.basis == "responses":
        return from_cells(source, source.state, ask), repeated_people(source, source.state, ask)
    answers = answers_in_columns(source, source.state, ask, names=names_of_units(ask.basis))
    return answers.counts(), Repeated()


def how_many(source: Source, ask: Ask) -> int:
    """The answers that are asked for, counted one by one."""
    if source.needs_scan(ask) and not source.columns_tell(ask):
        counts, _ = scan(source, ask)
    elif source.state is None:
        return 0
    else:
        counts = from_cells(source, source.state, ask)
    return int(counts.overall.sum())


# --- from columns -----------------------------------------------------------------------


def answers_in_columns(
    source: Source,
    state: CellState,
    ask: Ask,
    *,
    names: Sequence[str] = (),
    level: int = 0,
    periods: bool = True,
) -> Answers:
    """The answers of the days asked for, of people of a level or above; with `names` besides."""
    table, values = _read_columns(source, state, ask, ask.attributes, names=names, level=level)
    score = _within_days(table, ask)
    if ask.basis != "responses":
        score = _latest_of_each(table, score, ask.basis)
    if ask.filter is not None:
        score = score * _holds(ask.filter, values)
    period, starts = _periods(table, ask.interval) if periods else (None, ())
    segment, keys = _segments(values, ask.by)
    person = table[columns.PERSON] if columns.PERSON in names else None
    return Answers(source.size, score, period, starts, segment, keys, person)


def _read_columns(
    source: Source,
    state: CellState,
    ask: Ask,
    attributes: Iterable[str],
    *,
    names: Sequence[str] = (),
    level: int = 0,
) -> tuple[columns.Table, _Values]:
    """The columns of the months asked for, and those of the attributes by name."""
    held = {name: _held_as(source, name) for name in attributes}
    known = KnownValues(
        source.session, state.workspace_id, state.generation,
        attributes=[name for name, _ in held.values()],
    )  # fmt: skip
    table = columns.read_table(
        source.session,
        span_of(source, state, ask),
        (columns.SCORE, *_days_needed(ask), *names, *(column for _, column in held.values())),
        level=level,
    )
    values = _Values(
        {name: table[column] for name, (_, column) in held.items()},
        {name: known.values_of(key) for name, (key, _) in held.items()},
        len(table),
    )
    return table, values


def span_of(source: Source, state: CellState, ask: Ask) -> Span:
    """The chunks of all months that have a day asked for."""
    last = None
    if ask.until:
        last = period_start(ask.until - timedelta(days=1), "month") + timedelta(days=31)
    return Span(
        state.workspace_id, state.generation, source.question_id,
        ask.since and ask.since.replace(day=1), last and last.replace(day=1),
    )  # fmt: skip


def _days_needed(ask: Ask) -> tuple[str, ...]:
    """The day of the month, where it is not enough to know the month."""
    whole = all(day is None or day.day == 1 for day in (ask.since, ask.until))
    return () if whole and ask.interval in {"month", "quarter"} else (columns.DAY,)


def _within_days(table: columns.Table, ask: Ask) -> Column:
    """The scores, 0 on days that are not asked for."""
    score = table[columns.SCORE]
    from_day = [
        ask.since.day if ask.since and month == ask.since.replace(day=1) else 1
        for month in table.months
    ]
    to_day = [
        ask.until.day if ask.until and month == ask.until.replace(day=1) else 32
        for month in table.months
    ]
    if set(from_day) <= {1} and set(to_day) <= {32}:
        return score
    day = table[columns.DAY]
    inside = (day >= table.per_chunk(from_day)) & (day < table.per_chunk(to_day))
    return score * inside


def names_of_units(basis: Basis) -> tuple[str, ...]:
    order = (columns.MOMENT, columns.TIE)
    return (columns.PERSON, *order) if basis == "people" else (
        columns.PERSON, columns.ACCOUNT, *order
    )  # fmt: skip


def _latest_of_each(table: columns.Table, score: Column, basis: Basis) -> Column:
    """The scores, 0 but for the latest of each person or account; unknown ones stay."""
    unit = table[columns.PERSON]
    if basis == "accounts":
        account = table[columns.ACCOUNT]
        unit = np.where(account != 0, account, unit)
    rows = np.flatnonzero(score)
    order = rows[np.lexsort((table[columns.TIE][rows], table[columns.MOMENT][rows]))][::-1]
    _, newest = np.unique(unit[order], return_index=True)
    kept = np.zeros(len(score), dtype=bool)
    kept[order[newest]] = True
    kept[rows[unit[rows] == 0]] = True
    return score * kept


@dataclass(frozen=True, slots=True)
class _Values:
    """Of each attribute that is asked for the codes of all answers, and what they stand for."""

    codes: Mapping[str, Column]
    values: Mapping[str, Mapping[int, str]]
    answers: int


def _held_as(source: Source, name: str) -> tuple[str, str]:
    """Under which name the values of an attribute are known, and its column."""
    if name in {item.name for item in source.reportable}:
        return name, attribute_column(name)
    free = free_name(name) or ""
    return free, free


def _holds(filter_: Filter, asked: _Values) -> Column:
    """Of which answers the filter holds: each condition is asked once per value, not answer."""
    if isinstance(filter_, Group):
        join = np.logical_and if filter_.join == "all" else np.logical_or
        return join.reduce([_holds(part, asked) for part in filter_.parts])
    values, codes = asked.values[filter_.attribute], asked.codes[filter_.attribute]
    told = bytearray(256)
    told[0] = holds(filter_, {})
    for code, value in values.items():
        told[code] = holds(filter_, {filter_.attribute: value})
    # Fifteen times as quick as told[codes] in numpy.
    return np.frombuffer(codes.tobytes().translate(told), dtype=bool)


def _periods(table: columns.Table, interval: Interval) -> tuple[Column, list[date]]:
    """Of each answer its place among the periods, and their first days."""
    if interval in {"month", "quarter"}:
        of_chunk = [period_start(month, interval) for month in table.months]
        starts = sorted(set(of_chunk))
        return table.per_chunk([starts.index(start) for start in of_chunk]), starts
    if not table.months:
        return np.zeros(0, dtype=np.uint8), []
    first = period_start(min(table.months), interval).toordinal()
    # Wide enough for the days that are added.
    days = table.per_chunk([month.toordinal() - first for month in table.months]).astype("u4")
    width = 7 if interval == "week" else 1
    day = np.maximum(table[columns.DAY], 1)  # places without an answer have the day 0
    period = (days + (day - 1)) // np.uint32(width)
    count = int(period.max()) + 1
    return period, [date.fromordinal(first + width * place) for place in range(count)]


def _segments(asked: _Values, by: Sequence[str]) -> tuple[Column | None, Sequence[Segment]]:
    """Of each answer its place among the segments, and their values."""
    if not by:
        return None, ()
    segment = np.zeros(asked.answers, dtype=np.uint8)
    keys: list[Segment] = [()]
    for name in by:
        values = asked.values[name]
        width = max(values, default=0) + 1
        keys = [(*key, values.get(place)) for key in keys for place in range(width)]
        segment = columns.crossed(segment, asked.codes[name], width, len(keys))
        if len(keys) > _MOST_KEYS:  # of which few are anyone's
            used, places = np.unique(segment, return_inverse=True)
            keys, segment = [keys[place] for place in used], places.astype(np.uint32)
    return segment, keys


def repeated_people(source: Source, state: CellState, ask: Ask) -> Repeated:
    """Where answers are counted one by one, those of one person are not independent.

    Of more than MOST_DRAWN answers, those of a random part of the people.
    """
    level = columns.level_for(source.session, span_of(source, state, ask), MOST_DRAWN)
    answers = answers_in_columns(source, state, ask, names=(columns.PERSON,), level=level)
    return answers.repeated(drawn=level > 0)


# --- from cells -------------------------------------------------------------------------


def from_cells(source: Source, state: CellState, ask: Ask) -> Counts:
    """Sums of cells; of combinations and filters, of columns."""
    if ask.filter is not None:
        return answers_in_columns(source, state, ask).counts()
    counts = Counts(source.size)
    days, table = _days(source, state, ask)
    counts.overall = table.sum(axis=0)
    starts = [period_start(day, ask.interval) for day in days]
    firsts = [
        place for place, start in enumerate(starts) if place == 0 or start != starts[place - 1]
    ]
    if firsts:
        sums = np.add.reduceat(table, firsts)
        counts.periods = {
            starts[first]: histogram
            for first, histogram in zip(firsts, sums, strict=True)
            if histogram.any()
        }
    if len(ask.by) == 1 and not source.needs_scan(ask):
        counts.segments = _one_attribute(source, ask, counts.overall)
    elif ask.by:
        crossed = answers_in_columns(source, state, ask, periods=False)
        counts.segments = crossed.counts().segments
    return counts


def _columns(model: Any, size: int) -> list[Any]:
    return [getattr(model, column) for column in HISTOGRAM_COLUMNS[:size]]


def _cell_filter(model: Any, state: CellState, question_id: UUID) -> list[Any]:
    return [
        model.workspace_id == state.workspace_id,
        model.generation == state.generation,
        model.question_id == question_id,
    ]


def _days(source: Source, state: CellState, ask: Ask) -> tuple[list[date], Histogram]:
    """Days with answers, ascending, and their histograms, shape (days, scale)."""
    bounds = [ScoreTotal.local_day >= ask.since] if ask.since else []
    if ask.until:
        bounds.append(ScoreTotal.local_day < ask.until)
    rows = source.session.execute(
        select(ScoreTotal.local_day, *_columns(ScoreTotal, source.size))
        .where(*_cell_filter(ScoreTotal, state, source.question_id), *bounds)
        .order_by(ScoreTotal.local_day)
    ).all()
    table = np.array([row[1:] for row in rows], dtype=np.int64)
    return [row[0] for row in rows], table.reshape(len(rows), source.size)


def _one_attribute(source: Source, ask: Ask, overall: Histogram) -> dict[Segment, Histogram]:
    found: dict[Segment, Histogram] = {}
    rest = overall.copy()
    for value, histogram in by_each_attribute(source, ask, ask.by).get(ask.by[0], {}).items():
        found[(value,)] = histogram
        rest -= histogram
    if rest.any():
        found[(None,)] = rest
    return found


def by_each_attribute(
    source: Source, ask: Ask, names: Sequence[str] | None = None
) -> dict[str, dict[str, Histogram]]:
    """Attribute → value → histogram, of attributes with cells; without those of no value.

    names: of these attributes; None: of every one.
    """
    found: dict[str, dict[str, Histogram]] = {}
    for attribute, value, _, histogram in _by_value(source, ask, names, by_month=False):
        values = found.setdefault(attribute, {})
        values[value] = values[value] + histogram if value in values else histogram
    return found


def by_value_and_month(
    source: Source, ask: Ask, attribute: str
) -> dict[tuple[str, date], Histogram]:
    """(Value, first day of the month) → histogram, of one attribute with cells."""
    return {
        (value, month): histogram
        for _, value, month, histogram in _by_value(source, ask, (attribute,), by_month=True)
    }


def _by_value(
    source: Source, ask: Ask, names: Sequence[str] | None, *, by_month: bool
) -> Iterator[tuple[str, str, date, Histogram]]:
    """Attribute, value, month, histogram: whole months from cells, days besides from columns."""
    state = source.state
    if state is None:
        return
    first, last = whole_months(ask)
    bounds = [ScoreByValue.month >= first] if first else []
    if last:
        bounds.append(ScoreByValue.month < last)
    if names is not None:
        bounds.append(ScoreByValue.attribute.in_(names))
    sums = [func.sum(column) for column in _columns(ScoreByValue, source.size)]
    groups = [
        ScoreByValue.attribute,
        ScoreByValue.value,
        *([ScoreByValue.month] if by_month else []),
    ]
    rows = source.session.execute(
        select(ScoreByValue.attribute, ScoreByValue.value, func.min(ScoreByValue.month), *sums)
        .where(*_cell_filter(ScoreByValue, state, source.question_id), *bounds)
        .group_by(*groups)
    )
    for attribute, value, month, *histogram in rows:
        if any(histogram):
            yield attribute, value, month, np.array(histogram, dtype=np.int64)
    for since, until in _edges(ask, first, last):
        part = replace(ask, since=since, until=until)
        asked = [item.name for item in source.reportable] if names is None else names
        table, held = _read_columns(source, state, part, asked)
        score = _within_days(table, part)
        for name in asked:
            values = held.values[name]
            found = columns.histograms(
                held.codes[name], max(values, default=0) + 1, score, source.size
            )
            for code, value in values.items():
                if found[code].any():
                    yield name, value, since.replace(day=1), found[code]


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


def _edges(ask: Ask, first: date | None, last: date | None) -> list[tuple[date, date]]:
    """The days before and after the whole months, half-open; each within a month."""
    edges: list[tuple[date, date]] = []
    if ask.since and first and ask.since < first:
        edges.append((ask.since, min(first, ask.until) if ask.until else first))
    if ask.until and last and last < ask.until:
        edges.append((last, ask.until))
    return edges
