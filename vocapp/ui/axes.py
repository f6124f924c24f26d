"""Scales, round numbers and dates for the axes of charts; nothing here knows what is drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from babel import Locale
from babel.dates import format_date, format_skeleton

# Room (percent) between labels that a phone shows; a label that begins at its tick needs more.
ROOM_FOR_LABEL = {"middle": 28.0, "end": 28.0, "start": 42.0}


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: its value, where it stands, what it says, how its text leans."""

    at: float
    label: str
    value: float = 0.0
    anchor: str = "middle"
    minor: bool = False


@dataclass(frozen=True)
class Scale:
    """A line from values to positions: low maps to start, high to end; outside is clipped.

    >>> Scale(0, 10)(2.5)
    25.0
    >>> Scale(0, 10, start=160, end=0)(10)
    0.0
    """

    low: float
    high: float
    start: float = 0.0
    end: float = 100.0

    def __call__(self, value: float) -> float:
        if self.high == self.low:
            return (self.start + self.end) / 2
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 3)


def nice_step(span: float, most: int) -> float:
    """The smallest of 1, 2, 2.5, 5 x 10^k that cuts a span into at most `most` pieces.

    >>> nice_step(37, 4)
    10.0
    >>> nice_step(0.9, 4)
    0.25
    """
    if span <= 0 or most < 1:
        raise ValueError(f"span and most: expected numbers above 0, got {span} and {most}")
    rough = span / most
    power = 10.0 ** math.floor(math.log10(rough))
    factors = (1, 2, 2.5, 5, 10)
    return next(f * power for f in factors if f * power >= rough * (1 - 1e-9))


def nice_range(
    values: Iterable[float], domain: tuple[float, float], *, least: float, pieces: int = 4
) -> tuple[float, float, tuple[float, ...]]:
    """A range that holds the values, starts and ends on round numbers and stays in the domain.

    Returns low, high and the round values between them, both ends included. Without values the
    whole domain is the range.
    """
    known = list(values) or list(domain)
    low, high = max(min(known), domain[0]), min(max(known), domain[1])
    if high - low < least:
        middle = (low + high) / 2
        low, high = middle - least / 2, middle + least / 2
        shift = max(domain[0] - low, 0) + min(domain[1] - high, 0)
        low, high = low + shift, high + shift
    step = nice_step(high - low, pieces)
    low = max(math.floor(low / step + 1e-9) * step, domain[0])
    high = min(math.ceil(high / step - 1e-9) * step, domain[1])
    marks = [low, high]
    first = math.floor(low / step + 1e-9) + 1
    marks += [k * step for k in range(first, math.ceil(high / step - 1e-9))]
    return low, high, tuple(sorted({round(mark, 6) for mark in marks}))


def anchor(at: float) -> str:
    """How a label leans so that it stays inside the plot."""
    return "start" if at < 4 else "end" if at > 96 else "middle"


def plain(value: float) -> str:
    """A number without separators, with a real minus sign."""
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")


def horizontal_ticks(values: Iterable[float], scale: Scale) -> tuple[Tick, ...]:
    """Marks at these values, on a horizontal axis."""
    return tuple(
        Tick(at=scale(v), label=plain(v), value=v, anchor=anchor(scale(v))) for v in values
    )


def date_ticks(
    days: Sequence[date], *, locale: Locale | str = "en", most: int = 7
) -> tuple[Tick, ...]:
    """Dates under a time axis: starts of years, months or weeks, whichever fits.

    days: first days of the periods, any order. A `minor` tick is one a narrow picture hides, to
    keep labels apart. The year is written where it changes.
    """
    if not days:
        return ()
    first, last = min(days), max(days)
    scale = Scale(first.toordinal(), last.toordinal())
    if first == last:
        return (Tick(at=50.0, label=format_date(first, "medium", locale=locale)),)
    months = (last.year - first.year) * 12 + last.month - first.month
    marks = _month_starts(first, last, months, most) if months >= 3 else ()
    monthly = len(marks) >= 2
    if not monthly:
        marks = _even_days(first, last, most)
    return _dated(marks, scale, monthly=monthly, locale=locale)


def _dated(
    marks: Sequence[date], scale: Scale, *, monthly: bool, locale: Locale | str
) -> tuple[Tick, ...]:
    dated: list[Tick] = []
    year, free_from = None, 0.0
    for index, day in enumerate(marks):
        at = scale(day.toordinal())
        minor = at < free_from
        free_from = free_from if minor else at + ROOM_FOR_LABEL[anchor(at)]
        with_year = day.year != year and (monthly or index > 0)
        label = format_skeleton(_skeleton(monthly=monthly, with_year=with_year), day, locale=locale)
        dated.append(Tick(at=at, label=label, anchor=anchor(at), minor=minor))
        year = day.year
    return tuple(dated)


def _skeleton(*, monthly: bool, with_year: bool) -> str:
    if monthly:
        return "yMMM" if with_year else "MMM"
    return "yMMMd" if with_year else "MMMd"


def _month_starts(first: date, last: date, months: int, most: int) -> tuple[date, ...]:
    step = next((s for s in (1, 2, 3, 6, 12, 24, 60) if months / s <= most), 120)
    start = first.year * 12 + first.month - 1 + (first.day > 1)
    start += -start % step
    end = last.year * 12 + last.month - 1
    return tuple(date(m // 12, m % 12 + 1, 1) for m in range(start, end + 1, step))


def _even_days(first: date, last: date, most: int) -> tuple[date, ...]:
    span = (last - first).days
    step = next((s for s in (1, 2, 7, 14, 28) if span / s <= most), 56)
    return tuple(first + timedelta(days=d) for d in range(0, span + 1, step))
