"""Reads: the histograms that an answer of metrics is made of.

Three sources. Cells hold days in all and months of each value of a reportable attribute.
Columns hold every counted answer: combinations and filters of reportable attributes, the days at
the edges of months, the latest answer of each person or account, and who answered several times
are counted from them, so that every part of the answer agrees with the cells. A scan reads the
responses as they are now: free attributes, and facts of today.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import UUID

import numpy as np
from sqlalchemy import func, select

from surveys.periods import period_start
from vocapp.measuring import columns
from vocapp.measuring.answers import Counts, Repeated
from vocapp.measuring.asking import Ask, Histogram, Segment, Source
from vocapp.measuring.memory import remembered
from vocapp.measuring.models import (
    HISTOGRAM_COLUMNS,
    CellState,
    ScoreByValue,
    ScoreTotal,
)
from vocapp.measuring.months import counted_months, counts_in_columns
from vocapp.measuring.scanning import scan
from vocapp.measuring.selecting import Asked, names_of_units

T = TypeVar("T")

# Up to so many answers clusters are exact; beyond, they are those of a random part of the people.
MOST_DRAWN = 20_000
FEW_DRAWN = 1_000


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
    return _latest(Asked(source, source.state, ask)), Repeated()


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


def _latest(asked: Asked) -> Counts:
    """Only the latest answer of each person or account."""

    def count() -> Counts:
        return asked.answers(names=names_of_units(asked.ask.basis)).counts()

    found = _remembered(asked, 0, count, size=_bytes_of_counts)
    counts = Counts(asked.source.size)
    counts.overall, counts.periods = found.overall.copy(), {**found.periods}
    counts.segments = asked.named(found.segments)
    return counts


def repeated_people(source: Source, state: CellState, ask: Ask) -> Repeated:
    """Where answers are counted one by one, those of one person are not independent.

    Of more than MOST_DRAWN answers, those of a random part of the people.
    """
    asked = Asked(source, state, ask)
    level = columns.level_for(source.session, asked.span, MOST_DRAWN)

    def count() -> Repeated:
        answers = asked.answers(names=(columns.PERSON,), level=level)
        return answers.repeated(drawn=level > 0)

    found = _remembered(asked, level, count, size=_bytes_of_repeated)
    return Repeated(found.overall, asked.named(found.segments), found.periods)


def _remembered(asked: Asked, level: int, count: Callable[[], T], *, size: Callable[[T], int]) -> T:
    """What is counted of people of a level or above, in codes; remembered while none of it
    changes."""
    ask, state = asked.ask, asked.state
    name = (
        state.workspace_id, state.generation, asked.source.question_id, level, ask.basis,
        ask.since, ask.until, ask.interval, asked.by, asked.told,
    )  # fmt: skip
    token = tuple(columns.revisions(asked.source.session, asked.span, level=level).values())
    found: T | None = remembered.get(name, token)
    if found is None:
        found = count()
        if not any(None in of_month for of_month in token):
            remembered.put(name, token, found, size(found))
    return found


def _bytes_of_counts(counts: Counts) -> int:
    return (1 + len(counts.periods) + len(counts.segments)) * (counts.overall.nbytes + 200)


def _bytes_of_repeated(repeated: Repeated) -> int:
    parts = [repeated.overall, *repeated.periods.values(), *repeated.segments.values()]
    return sum(500 + (0 if part is None else part.people.nbytes) for part in parts)


# --- from cells -------------------------------------------------------------------------


def from_cells(source: Source, state: CellState, ask: Ask) -> Counts:
    """Sums of cells; of combinations and filters, of columns."""
    if ask.filter is not None:
        return counts_in_columns(Asked(source, state, ask))
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
        crossed = counts_in_columns(Asked(source, state, ask), periods=False)
        counts.segments = crossed.segments
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
    summed = [func.sum(column) for column in _columns(ScoreByValue, source.size)]
    groups = [
        ScoreByValue.attribute,
        ScoreByValue.value,
        *([ScoreByValue.month] if by_month else []),
    ]
    rows = source.session.execute(
        select(ScoreByValue.attribute, ScoreByValue.value, func.min(ScoreByValue.month), *summed)
        .where(*_cell_filter(ScoreByValue, state, source.question_id), *bounds)
        .group_by(*groups)
    )
    for attribute, value, month, *sums in rows:
        if any(sums):
            yield attribute, value, month, np.array(sums, dtype=np.int64)
    by = tuple(item.name for item in source.reportable) if names is None else tuple(names)
    for since, until in _edges(ask, first, last):
        asked = Asked(source, state, replace(ask, by=by, since=since, until=until))
        months = counted_months(asked, [(column,) for column in asked.by])
        for name, column in zip(by, asked.by, strict=True):
            for month, counted in months[column,].items():
                for code, histogram in counted.by_codes(1).items():
                    value = asked.values[name].get(*code)
                    if value is not None:
                        yield name, value, month, histogram


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
