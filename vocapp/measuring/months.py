"""Histograms from columns, a month at a time.

Months that are over seldom change: what one came to is remembered until one of its chunks is
another. A question about years then costs the counting of the month that is running.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import numpy as np

from surveys.periods import period_start
from vocapp.measuring import columns
from vocapp.measuring.answers import Counts
from vocapp.measuring.asking import Histogram
from vocapp.measuring.columns import Column
from vocapp.measuring.memory import remembered
from vocapp.measuring.selecting import Asked, Codes, Told, holds_of, segments

_RADIX = 256  # a code is a byte


@dataclass(frozen=True, slots=True)
class _Part:
    """What is asked of a month."""

    workspace_id: UUID
    generation: int
    question_id: UUID
    month: date
    days: tuple[int, int]
    by: tuple[str, ...]
    told: Told | None
    by_day: bool


@dataclass(frozen=True, slots=True)
class Month:
    """What a month came to.

    overall: shape (scale,). days: of the month from 1, shape (31, scale); None: not asked for.
    keys: combinations of codes, each as one number; table: theirs, shape (keys, scale).
    """

    overall: Histogram
    days: Histogram | None
    keys: Column
    table: Histogram

    def by_codes(self, width: int) -> dict[Codes, Histogram]:
        """Combination of so many codes → histogram."""
        return _by_codes([self], width)

    @property
    def size(self) -> int:
        arrays = (self.overall, self.keys, self.table, *([] if self.days is None else [self.days]))
        return sum(array.nbytes for array in arrays) + 500


def counts_in_columns(asked: Asked, *, periods: bool = True) -> Counts:
    """Everything that is asked, where answers count one by one."""
    interval = asked.ask.interval
    by_day = periods and interval not in {"month", "quarter"}
    months = counted_months(asked, [asked.by], by_day=by_day)[asked.by]
    counts = Counts(asked.source.size)
    for month, found in months.items():
        counts.overall += found.overall
        if periods:
            for day, histogram in _days(month, found):
                start = period_start(day, interval)
                former = counts.periods.get(start)
                counts.periods[start] = histogram.copy() if former is None else former + histogram
    counts.segments = asked.named(_by_codes(months.values(), len(asked.by)))
    return counts


def counted_months(
    asked: Asked, bys: Sequence[tuple[str, ...]], *, by_day: bool = False
) -> Mapping[tuple[str, ...], dict[date, Month]]:
    """By each of these sets of columns: month → what it came to."""
    session, span = asked.source.session, asked.span
    tokens = columns.revisions(session, span)
    found: dict[tuple[str, ...], dict[date, Month]] = {by: {} for by in bys}
    missing: dict[date, list[tuple[str, ...]]] = {}
    for month, token in tokens.items():
        for by in bys:
            known = remembered.get(_part(asked, month, by, by_day=by_day), token)
            found[by][month] = known
            if known is None:
                missing.setdefault(month, []).append(by)
    if missing:
        names = {column for by in bys for column in by} | {*asked.all_columns}
        day = by_day or any(asked.days_of(month) != (1, 32) for month in missing)
        wanted = (columns.SCORE, *((columns.DAY,) if day else ()), *sorted(names))
        months = None if len(missing) == len(tokens) else missing.keys()
        for month, table in columns.read_table(session, span, wanted, months=months).of_months():
            score = asked.scores(table)
            if asked.told is not None:
                score = score * holds_of(asked.told, table)
            for by in missing[month]:
                counted = _counted(table, score, by, asked.source.size, by_day=by_day)
                found[by][month] = counted
                if None not in tokens[month]:
                    part = _part(asked, month, by, by_day=by_day)
                    remembered.put(part, tokens[month], counted, counted.size)
    return found


def _part(asked: Asked, month: date, by: tuple[str, ...], *, by_day: bool) -> _Part:
    state = asked.state
    return _Part(
        state.workspace_id, state.generation, asked.source.question_id, month,
        asked.days_of(month), by, asked.told, by_day,
    )  # fmt: skip


def _counted(
    table: columns.Table, score: Column, by: tuple[str, ...], size: int, *, by_day: bool
) -> Month:
    overall = columns.histograms(None, 1, score, size)[0]
    days = columns.histograms(table[columns.DAY], 32, score, size)[1:] if by_day else None
    keys, of_keys = np.zeros(0, dtype=np.uint64), np.zeros((0, size), dtype=np.int64)
    segment, combined = segments(table, by)
    if segment is not None:
        of_all = columns.histograms(segment, len(combined), score, size)
        used = np.flatnonzero(of_all.any(axis=1))
        keys = np.array([_as_number(combined[int(place)]) for place in used], dtype=np.uint64)
        of_keys = of_all[used]
    return Month(overall, days, keys, of_keys)


def _as_number(codes: Codes) -> int:
    number = 0
    for code in codes:
        number = number * _RADIX + code
    return number


def _as_codes(number: int, width: int) -> Codes:
    return tuple(number.to_bytes(width, "big"))


def _by_codes(months: Iterable[Month], width: int) -> dict[Codes, Histogram]:
    """The sum over months of each combination."""
    parts = [month for month in months if len(month.keys)]
    if not parts:
        return {}
    keys, places = np.unique(np.concatenate([part.keys for part in parts]), return_inverse=True)
    tables = np.concatenate([part.table for part in parts])
    sums = np.zeros((len(keys), tables.shape[1]), dtype=np.int64)
    np.add.at(sums, places, tables)
    return {_as_codes(int(key), width): row for key, row in zip(keys, sums, strict=True)}


def _days(month: date, found: Month) -> list[tuple[date, Histogram]]:
    """First day of each part of a month with answers, and its histogram."""
    if found.days is None:
        return [(month, found.overall)] if found.overall.any() else []
    used = np.flatnonzero(found.days.any(axis=1))
    return [(month + timedelta(days=int(place)), found.days[place]) for place in used]
