"""Geometry of the charts: values in, positions out; the macros in templates/macros draw it.

Horizontal positions are percent of the plot's width, so that a picture may be 300 or 1,200 px
wide while its text stays the size of the page's text; vertical positions are px.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

from babel import Locale

from vocapp.ui.axes import Scale, Tick, anchor, date_ticks, horizontal_ticks, nice_range, plain

# No metrics of a survey: "share" is percent of anything, "ratio" percent that may exceed 100.
DOMAINS = {
    "nps": (-100.0, 100.0), "csat": (0.0, 100.0), "ces": (1.0, 7.0), "share": (0.0, 100.0),
    "ratio": (0.0, 1000.0),
}  # fmt: skip
DOMAIN_TICKS = {
    "nps": (-100, -50, 0, 50, 100),
    "csat": (0, 25, 50, 75, 100),
    "ces": (1, 2, 3, 4, 5, 6, 7),
    "share": (0, 25, 50, 75, 100),
    "ratio": (0, 250, 500, 750, 1000),
}
# A trend narrower than this would make noise look like a cliff.
LEAST_SPAN = {"nps": 40.0, "csat": 20.0, "ces": 1.0, "share": 20.0, "ratio": 10.0}

# First score of each band on the scale: (scale start, middle band, top band, scale end).
BANDS = {"nps": (0, 7, 9, 10), "csat": (1, 3, 4, 5), "ces": (1, 4, 5, 7)}
TREND_HEIGHT = 160
COLUMN_HEIGHT = 96
AMOUNT_HEIGHT = 72


def _read(row: Any, names: Sequence[str]) -> dict[str, Any]:
    """The named values of a mapping, of a tuple in this order, or of any object with them."""
    if isinstance(row, Mapping):
        return {name: row[name] for name in names if name in row}
    if isinstance(row, (tuple, list)):
        return dict(zip(names, row, strict=False))
    return {name: getattr(row, name) for name in names if hasattr(row, name)}


# --- a score and its interval ---------------------------------------------------------------


@dataclass(frozen=True)
class ScorePicture:
    """Positions of a score on the whole scale of its metric; point None: too few to tell."""

    ticks: tuple[Tick, ...]
    point: float | None
    low: float | None
    high: float | None

    @property
    def band_width(self) -> float:
        """Width of the interval in percent; 0 where there is none."""
        return 0.0 if self.low is None or self.high is None else round(self.high - self.low, 3)


def score_picture(
    metric: str, value: float | None, low: float | None, high: float | None
) -> ScorePicture:
    """Place a score and its interval on the metric's scale.

    value, low, high in the metric's own unit (nps -100..100, csat 0..100, ces 1..7), None where
    too few answered. Raises KeyError on another metric.
    """
    scale = Scale(*DOMAINS[metric])
    marks = horizontal_ticks(DOMAIN_TICKS[metric], scale)
    place = [None if v is None else scale(v) for v in (value, low, high)]
    return ScorePicture(marks, *place)


# --- how answers are spread over the scale ---------------------------------------------------


@dataclass(frozen=True)
class Column:
    """One point of the scale: x and width in percent, y and height in px from the top."""

    score: int
    n: int
    share: float
    category: str
    x: float
    width: float
    y: float
    height: float


@dataclass(frozen=True)
class Band:
    """All answers of one category; x and width in percent of the whole bar."""

    category: str
    n: int
    share: float
    x: float
    width: float


@dataclass(frozen=True)
class Distribution:
    """Columns of a scale and its three categories, best first; n answers in all."""

    columns: tuple[Column, ...]
    bands: tuple[Band, ...]
    n: int


def category_of(kind: str, score: int) -> str:
    """promoter, passive or detractor; for csat and ces the same three colours, other words.

    >>> [category_of("nps", s) for s in (6, 7, 9)], category_of("ces", 5)
    (['detractor', 'passive', 'promoter'], 'promoter')
    """
    _, middle, top, _ = BANDS[kind]
    return "promoter" if score >= top else "passive" if score >= middle else "detractor"


def distribution(kind: str, counts: Sequence[int]) -> Distribution:
    """Columns for the counts of each point of the scale.

    counts: 11 numbers for nps (0..10), 5 for csat (1..5), 7 for ces (1..7), each >= 0.
    Raises ValueError on other shapes.
    """
    first, _, _, last = BANDS[kind]
    if len(counts) != last - first + 1 or min(counts) < 0:
        raise ValueError(f"counts: expected {last - first + 1} numbers >= 0, got {list(counts)}")
    n, highest, slot = sum(counts), max(max(counts), 1), 100 / len(counts)
    gap = slot * 0.12
    columns = []
    for index, count in enumerate(counts):
        height = round(COLUMN_HEIGHT * count / highest, 2)
        columns.append(
            Column(
                score=first + index,
                n=count,
                share=count / n if n else 0.0,
                category=category_of(kind, first + index),
                x=round(index * slot + gap / 2, 3),
                width=round(slot - gap, 3),
                y=round(COLUMN_HEIGHT - height, 2),
                height=height,
            )
        )
    return Distribution(tuple(columns), _bands(columns, n), n)


def _bands(columns: Sequence[Column], n: int) -> tuple[Band, ...]:
    bands: list[Band] = []
    x = 0.0
    for category in ("promoter", "passive", "detractor"):
        count = sum(column.n for column in columns if column.category == category)
        share = count / n if n else 0.0
        bands.append(Band(category, count, share, round(x, 3), round(share * 100, 3)))
        x += share * 100
    return tuple(bands)


# --- how much happened in each period ----------------------------------------------------------


@dataclass(frozen=True)
class AmountColumn:
    """One period: x and width in percent, y and height in px from the top."""

    start: date
    n: int
    x: float
    width: float
    y: float
    height: float


@dataclass(frozen=True)
class Amounts:
    """Columns from zero, oldest first, with days below; highest is the largest amount."""

    columns: tuple[AmountColumn, ...]
    ticks: tuple[Tick, ...]
    highest: int


def amounts(points: Sequence[tuple[date, int]], *, locale: Locale | str = "en") -> Amounts:
    """Columns for (first day, amount >= 0) of periods that follow one another, oldest first.

    An amount above zero is never so low that it cannot be seen.
    """
    if not points:
        return Amounts((), (), 0)
    highest, slot = max(n for _, n in points), 100 / len(points)
    gap = slot * 0.2
    columns = []
    for index, (start, n) in enumerate(points):
        height = max(2.0, round(AMOUNT_HEIGHT * n / highest, 2)) if n else 0.0
        columns.append(
            AmountColumn(
                start=start,
                n=n,
                x=round(index * slot + gap / 2, 3),
                width=round(slot - gap, 3),
                y=round(AMOUNT_HEIGHT - height, 2),
                height=height,
            )
        )
    ticks = tuple(
        replace(tick, at=round(slot / 2 + tick.at * (1 - slot / 100), 3))
        for tick in date_ticks([start for start, _ in points], locale=locale)
    )
    return Amounts(tuple(columns), ticks, highest)


# --- a score over time -----------------------------------------------------------------------


@dataclass(frozen=True)
class TrendPoint:
    """One period: its first day, how many answered, the score and its interval (or None).

    url: where its answers are listed.
    """

    start: date
    n: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    url: str | None = None


@dataclass(frozen=True)
class PlacedPoint:
    """A period's point in the picture: x in percent, y values in px."""

    x: float
    y: float
    low_y: float
    high_y: float
    source: TrendPoint


@dataclass(frozen=True)
class Trend:
    """Lines and ribbons of each unbroken stretch, points, ticks; empty where nothing is known."""

    points: tuple[TrendPoint, ...]
    stretches: tuple[tuple[PlacedPoint, ...], ...]
    lines: tuple[str, ...]
    ribbons: tuple[str, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    notes: tuple[Tick, ...]
    height: int = TREND_HEIGHT

    @property
    def placed(self) -> tuple[PlacedPoint, ...]:
        """The points of all stretches, oldest first."""
        return tuple(point for stretch in self.stretches for point in stretch)

    @property
    def last(self) -> TrendPoint | None:
        """The newest period that has a score."""
        return self.placed[-1].source if self.placed else None

    @property
    def has_links(self) -> bool:
        """Whether a period leads to its answers."""
        return any(point.source.url for point in self.placed)


def trend(
    points: Iterable[Any],
    metric: str,
    *,
    locale: Locale | str = "en",
    notes: Iterable[tuple[date, str]] = (),
) -> Trend:
    """Place periods on a time axis.

    points: TrendPoint, mappings or tuples (start, n, value, low, high), oldest first; a period
    whose value is None leaves a gap. notes: (day, words) to mark on the axis; days outside the
    periods are left out. Raises KeyError on an unknown metric.
    """
    names = ("start", "n", "value", "low", "high", "url")
    series = tuple(
        p if isinstance(p, TrendPoint) else TrendPoint(**_read(p, names)) for p in points
    )
    known = [v for p in series for v in (p.value, p.low, p.high) if v is not None]
    low, high, marks = nice_range(known, DOMAINS[metric], least=LEAST_SPAN[metric])
    y = Scale(low, high, start=TREND_HEIGHT, end=0)
    days = [p.start.toordinal() for p in series]
    x = Scale(min(days), max(days)) if days else Scale(0, 0)
    stretches = _stretches(series, x, y)
    return Trend(
        points=series,
        stretches=tuple(tuple(stretch) for stretch in stretches),
        lines=tuple(_line(s) for s in stretches if len(s) > 1),
        ribbons=tuple(_ribbon(s) for s in stretches if len(s) > 1),
        x_ticks=date_ticks([p.start for p in series], locale=locale),
        y_ticks=tuple(Tick(at=y(v), label=plain(v), value=v) for v in marks),
        notes=tuple(
            Tick(at=x(day.toordinal()), label=words, anchor=anchor(x(day.toordinal())))
            for day, words in notes
            if days and min(days) <= day.toordinal() <= max(days)
        ),
    )


def _stretches(series: Sequence[TrendPoint], x: Scale, y: Scale) -> list[list[PlacedPoint]]:
    """Runs of neighbouring periods that have a score."""
    runs: list[list[PlacedPoint]] = [[]]
    for point in series:
        if point.value is None:
            runs.append([])
            continue
        low = point.value if point.low is None else point.low
        high = point.value if point.high is None else point.high
        runs[-1].append(
            PlacedPoint(x(point.start.toordinal()), y(point.value), y(low), y(high), point)
        )
    return [run for run in runs if run]


def _line(points: Sequence[PlacedPoint]) -> str:
    return "M" + "L".join(f"{p.x:g} {p.y:g}" for p in points)


def _ribbon(points: Sequence[PlacedPoint]) -> str:
    there = [f"{p.x:g} {p.high_y:g}" for p in points]
    back = [f"{p.x:g} {p.low_y:g}" for p in reversed(points)]
    return "M" + "L".join(there + back) + "Z"


# --- segments beside one another ---------------------------------------------------------------


@dataclass(frozen=True)
class DotRow:
    """One segment: value None means too few to tell; differs None means not tested."""

    label: str
    n: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    differs: bool | None = None
    url: str | None = None


@dataclass(frozen=True)
class PlacedRow:
    """A segment's dot and whisker in percent of the plot; all None where too few."""

    source: DotRow
    at: float | None
    low: float | None
    high: float | None
    side: str  # above | below | same: only "differs" makes a side


@dataclass(frozen=True)
class Dots:
    """Rows, best score first and the unknown last, with the overall as a reference."""

    rows: tuple[PlacedRow, ...]
    ticks: tuple[Tick, ...]
    overall: float | None


def dots(
    rows: Iterable[Any], metric: str, *, overall: float | None = None, sort: bool = True
) -> Dots:
    """Place segments on one axis that holds all their intervals.

    rows: DotRow, mappings, or tuples (label, n, value, low, high, differs, url).
    Raises KeyError on an unknown metric.
    """
    names = ("label", "n", "value", "low", "high", "differs", "url")
    known_rows = [r if isinstance(r, DotRow) else DotRow(**_read(r, names)) for r in rows]
    if sort:
        known_rows.sort(key=lambda r: (r.value is None, -(r.value or 0.0), r.label))
    values = [v for r in known_rows for v in (r.value, r.low, r.high) if v is not None]
    values += [] if overall is None else [overall]
    low, high, marks = nice_range(values, DOMAINS[metric], least=LEAST_SPAN[metric])
    scale = Scale(low, high)
    return Dots(
        rows=tuple(_placed_row(row, scale, overall) for row in known_rows),
        ticks=horizontal_ticks(marks, scale),
        overall=None if overall is None else scale(overall),
    )


def _placed_row(row: DotRow, scale: Scale, overall: float | None) -> PlacedRow:
    if row.value is None:
        return PlacedRow(row, None, None, None, "same")
    side = "same"
    if row.differs:
        side = "above" if overall is None or row.value >= overall else "below"
    low = row.value if row.low is None else row.low
    high = row.value if row.high is None else row.high
    return PlacedRow(row, scale(row.value), scale(low), scale(high), side)


# --- ranked bars ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class BarRow:
    """One bar: value gives its length; all else is optional.

    share: 0..1. low and high: an interval, drawn as a line across the bar's end. is_pale: not
    to be relied on. counts: numbers of answers in words, each with where they are listed.
    """

    label: str
    value: float
    share: float | None = None
    url: str | None = None
    text: str | None = None
    note: str | None = None
    is_new: bool = False
    low: float | None = None
    high: float | None = None
    is_pale: bool = False
    counts: Sequence[tuple[str, str | None]] | None = None


@dataclass(frozen=True)
class PlacedBar:
    """A bar from x, width wide, in percent; sign -1, 0 or 1; low and high of its interval."""

    source: BarRow
    x: float
    width: float
    sign: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Bars:
    """Bars in the order given, and where zero lies (percent)."""

    rows: tuple[PlacedBar, ...]
    zero: float


def bars(rows: Iterable[Any], *, most: float = 0.0) -> Bars:
    """Lengths for ranked rows; zero lies inside when some values are negative.

    rows: BarRow, mappings, or tuples (label, value, share, url, text, note, is_new). most: what
    the longest bar could be, so that tables side by side have one scale; 0: the longest there is.
    """
    names = tuple(each.name for each in fields(BarRow))
    known = [r if isinstance(r, BarRow) else BarRow(**_read(r, names)) for r in rows]
    ends = [0.0, most, *(end for r in known for end in (r.value, r.low, r.high) if end is not None)]
    low, high = min(ends), max(ends)
    if low == high:
        return Bars(tuple(PlacedBar(r, 0.0, 0.0, 0) for r in known), 0.0)
    scale = Scale(low, high)
    zero = scale(0)
    placed = []
    for row in known:
        at = scale(row.value)
        sign = (row.value > 0) - (row.value < 0)
        whisker = [None if end is None else scale(end) for end in (row.low, row.high)]
        placed.append(PlacedBar(row, min(at, zero), round(abs(at - zero), 3), sign, *whisker))
    return Bars(tuple(placed), zero)


# --- sparkline -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sparkline:
    """A line in a box of 100 x 24; last is the newest known point, None where all are null."""

    paths: tuple[str, ...]
    last: tuple[float, float] | None


def sparkline(values: Sequence[float | None]) -> Sparkline:
    """A word-sized line without axes; gaps where a value is None."""
    known = [v for v in values if v is not None]
    if not known:
        return Sparkline((), None)
    x = Scale(0, max(len(values) - 1, 0), start=2, end=98)
    y = Scale(min(known), max(known), start=21, end=3)
    runs: list[list[tuple[float, float]]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((x(index), y(value)))
    runs = [run for run in runs if run]
    paths = tuple("M" + "L".join(f"{a:g} {b:g}" for a, b in run) for run in runs if len(run) > 1)
    return Sparkline(paths, runs[-1][-1])
