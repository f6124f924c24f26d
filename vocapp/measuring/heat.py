"""Reads: one attribute's segments over time, as a table of scores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np

from surveys.changes import PRECISION
from surveys.inference import estimate
from surveys.periods import period_end, period_start
from vocapp.measuring.asking import Ask, Histogram, Source
from vocapp.measuring.confidential import Confidential
from vocapp.measuring.histograms import by_value_and_month, counts_of
from vocapp.measuring.queries import Metrics, Reading
from vocapp.measuring.scanning import answers_now

MOST_ROWS, MOST_COLUMNS = 12, 12
Step = Literal["far-above", "above", "near", "below", "far-below"]
_FAR = 4  # times the precision that counts as near


@dataclass(frozen=True, slots=True)
class HeatCell:
    """Score and n of a segment in a period; step: how it lies to the overall score.

    value None: too few to tell, or hidden (then n is None, too).
    """

    n: int | None
    value: float | None
    step: Step | None


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Segments, largest first, by periods, oldest first; in_all counts the segments left out."""

    columns: tuple[date, ...]
    rows: tuple[tuple[str | None, tuple[HeatCell, ...]], ...]
    in_all: int
    near: float


def heat_map(opened: Reading, ask: Ask, metrics: Metrics) -> HeatMap:
    """The first attribute of the question by month or quarter; every answer counts.

    Empty where only the latest answer of each is asked for: in which column would it stand?

    A column of a confidential survey shows what the metrics of that period alone show, and
    nothing else: no group of it can be had by subtraction.
    """
    ask, kind = opened.closed(ask), metrics.survey.kind
    near = PRECISION[kind]
    if opened.source is None or not ask.by or ask.basis != "responses":
        return HeatMap((), (), 0, near)
    totals = {figure.start: np.array(figure.counts) for figure in metrics.series if figure.start}
    columns = tuple(sorted(totals))[-MOST_COLUMNS:]
    table = _by_value(opened.source, ask, columns)
    rest = {start: total - sum(_column(table, start)) for start, total in totals.items()}
    if any(histogram.any() for histogram in rest.values()):
        table[None] = rest
    hidden = _hidden(opened.confidential, ask, table, columns) if opened.confidential else set()
    overall = metrics.overall
    middle = None if overall.hidden or overall.too_few else overall.estimate.value
    largest = sorted(table, key=lambda value: (-_answers(table[value], columns), value or "~"))
    rows = tuple(
        (
            value,
            tuple(
                HeatCell(None, None, None)
                if (value, start) in hidden
                else _cell(kind, table[value].get(start), ask.min_n, middle, near)
                for start in columns
            ),
        )
        for value in largest[:MOST_ROWS]
    )
    return HeatMap(columns, rows, len(largest), near)


def _by_value(
    source: Source, ask: Ask, columns: Sequence[date]
) -> dict[str | None, dict[date, Histogram]]:
    """Value → first day of the period → histogram.

    1. Without a filter from the sums by value. Answers without a value are not in them: they
       are what the totals have more.
    2. With one that cells can tell, period by period.
    3. Else answer by answer.
    """
    table: dict[str | None, dict[date, Histogram]] = defaultdict(dict)
    if ask.filter is None and not source.needs_scan(ask):
        for (value, month), histogram in by_value_and_month(source, ask, ask.by[0]).items():
            start = period_start(month, ask.interval)
            table[value][start] = table[value].get(start, 0) + histogram
    elif not source.needs_scan(ask):
        for start in columns:
            since = max(start, ask.since or start)
            until = min(period_end(start, ask.interval), ask.until or date.max)
            asked = replace(ask, by=ask.by[:1], since=since, until=until)
            for segment, histogram in counts_of(source, asked)[0].segments.items():
                table[segment[0]][start] = histogram
    else:
        for scored in answers_now(source, replace(ask, by=ask.by[:1])):
            if scored.inside:
                row, start = table[scored.segment[0]], period_start(scored.day, ask.interval)
                row.setdefault(start, np.zeros(source.size, dtype=np.int64))[scored.index] += 1
    return table


def _column(table: Mapping[str | None, Mapping[date, Histogram]], start: date) -> list[Histogram]:
    return [row[start] for row in table.values() if start in row]


def _answers(row: Mapping[date, Histogram], columns: tuple[date, ...]) -> int:
    return sum(int(row[start].sum()) for start in columns if start in row)


def _hidden(
    told: Confidential,
    ask: Ask,
    table: Mapping[str | None, Mapping[date, Histogram]],
    columns: tuple[date, ...],
) -> set[tuple[str | None, date]]:
    found: set[tuple[str | None, date]] = set()
    one = replace(ask, by=ask.by[:1])
    for start in columns:
        counts = {
            value: int(row[start].sum()) if start in row else 0 for value, row in table.items()
        }
        found |= {(value, start) for value in told.in_period(one, start, counts)}
    return found


def _cell(
    kind: str, histogram: Histogram | None, min_n: int, middle: float | None, near: float
) -> HeatCell:
    counts = [] if histogram is None else [int(count) for count in histogram]
    n = sum(counts)
    value = estimate(kind, counts).value if n >= max(1, min_n) else None
    return HeatCell(n, value, _step(value, middle, near))


def _step(value: float | None, middle: float | None, near: float) -> Step | None:
    if value is None or middle is None:
        return None
    apart = value - middle
    if abs(apart) <= near:
        return "near"
    if apart > 0:
        return "far-above" if apart > _FAR * near else "above"
    return "far-below" if apart < -_FAR * near else "below"
