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
from typing import TypeVar

import numpy as np

from surveys.periods import period_start
from vocapp.measuring import cells, columns
from vocapp.measuring.answers import Counts, Repeated
from vocapp.measuring.asking import Ask, Histogram, Interval, Segment, Source
from vocapp.measuring.memory import remembered
from vocapp.measuring.models import CellState
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
    counts.periods = _periods(Asked(source, state, ask))
    for histogram in counts.periods.values():
        counts.overall += histogram
    if len(ask.by) == 1 and not source.needs_scan(ask):
        counts.segments = _one_attribute(source, ask, counts.overall)
    elif ask.by:
        crossed = counts_in_columns(Asked(source, state, ask), periods=False)
        counts.segments = crossed.segments
    return counts


def _periods(asked: Asked) -> dict[date, Histogram]:
    """First day of each period with answers → histogram, ascending."""
    source, interval, span = asked.source, asked.ask.interval, asked.span
    starts, parts = [np.zeros(0, dtype=np.int64)], [np.zeros((0, source.size), dtype=np.int64)]
    for month, table in cells.days_of(
        source.session, asked.state, source.question_id, span.first, span.last
    ):
        begin, end = asked.days_of(month)
        days = table[begin - 1 : end - 1, : source.size]
        if interval in {"month", "quarter"}:
            starts.append(np.array([period_start(month, interval).toordinal()]))
            parts.append(days.sum(axis=0, dtype=np.int64, keepdims=True))
        else:
            used = np.flatnonzero(days.any(axis=1))
            starts.append(_starts(month.toordinal() + begin - 1 + used, interval))
            parts.append(days[used])
    start, part = np.concatenate(starts), np.concatenate(parts, dtype=np.int64)
    firsts = np.flatnonzero(np.diff(start, prepend=0))
    sums = np.add.reduceat(part, firsts) if len(firsts) else part
    return {
        date.fromordinal(first): histogram
        for first, histogram in zip(start[firsts].tolist(), sums, strict=True)
        if histogram.any()
    }


def _starts(days: Histogram, interval: Interval) -> Histogram:
    """The first day of the week or day that each of these ascending days is of, as ordinals."""
    if interval == "day" or not len(days):
        return days
    first = period_start(date.fromordinal(int(days[0])), interval).toordinal()
    return first + (days - first) // 7 * 7


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
    if source.state is None:
        return {}
    by = tuple(item.name for item in source.reportable) if names is None else tuple(names)
    asked = Asked(source, source.state, replace(ask, by=by))
    sums: dict[str, Histogram] = {}
    for attribute, _, codes, table in _by_code(asked):
        if attribute not in sums:
            sums[attribute] = np.zeros((cells.CODES, source.size), dtype=np.int64)
        sums[attribute][codes] += table
    every = np.arange(cells.CODES)
    return {name: dict(_by_value(asked, name, every, table)) for name, table in sums.items()}


def by_value_and_month(
    source: Source, ask: Ask, attribute: str
) -> dict[tuple[str, date], Histogram]:
    """(Value, first day of the month) → histogram, of one attribute with cells."""
    if source.state is None:
        return {}
    asked = Asked(source, source.state, replace(ask, by=(attribute,)))
    return {
        (value, month): histogram
        for _, month, codes, table in _by_code(asked)
        for value, histogram in _by_value(asked, attribute, codes, table)
    }


def _by_code(asked: Asked) -> Iterator[tuple[str, date, Histogram, Histogram]]:
    """Attribute, month, codes, histogram of each: whole months from cells, days besides from
    columns."""
    source, ask = asked.source, asked.ask
    first, last = whole_months(ask)
    for attribute, month, table in cells.values_of(
        source.session, asked.state, source.question_id, ask.by, first, last
    ):
        yield attribute, month, np.arange(len(table)), table[:, : source.size]
    for since, until in _edges(ask, first, last):
        edge = Asked(source, asked.state, replace(ask, since=since, until=until))
        months = counted_months(edge, [(column,) for column in edge.by])
        for attribute, column in zip(ask.by, edge.by, strict=True):
            for month, counted in months[column,].items():
                yield attribute, month, counted.keys.astype(np.int64), counted.table


def _by_value(
    asked: Asked, attribute: str, codes: Histogram, table: Histogram
) -> Iterator[tuple[str, Histogram]]:
    """Value → histogram, of those that somebody has."""
    values = asked.values[attribute]
    for place in np.flatnonzero(table.any(axis=1)).tolist():
        value = values.get(int(codes[place]))
        if value is not None:
            yield value, table[place]


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
