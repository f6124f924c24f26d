"""Geometry of curves over days that start together, such as how many customers are still there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vocapp.ui.axes import Scale, Tick, anchor, nice_range

HEIGHT = 220
_MONTH = 30
_STEPS = (1, 2, 3, 6, 12)


@dataclass(frozen=True)
class CurvePoint:
    """A day, a share 0..1 that holds from then on, and its interval."""

    day: float
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Curve:
    """One of several: what it is of, and its points, the earliest first."""

    label: str
    points: Sequence[CurvePoint]


@dataclass(frozen=True)
class PlacedCurve:
    """Paths in a box 100 wide and HEIGHT high: shares fall in steps, the interval is a band."""

    label: str
    line: str
    band: str


@dataclass(frozen=True)
class Curves:
    """Curves on one pair of axes; x in months of thirty days, y in percent."""

    curves: tuple[PlacedCurve, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    height: int = HEIGHT


def picture(curves: Iterable[Curve]) -> Curves:
    """Place the curves; those without points are left out of the axes.

    >>> half = Curve("all", [CurvePoint(0, 1, 1, 1), CurvePoint(30, 0.5, 0, 1)])
    >>> placed = picture([half])
    >>> placed.curves[0].line, [tick.label for tick in placed.x_ticks]
    ('M0 0H100V110', ['0', '1'])
    """
    drawn = list(curves)
    points = [point for curve in drawn for point in curve.points]
    last = max((point.day for point in points), default=0.0)
    lows = [100 * point.low for point in points]
    low, high, marks = nice_range([*lows, 100.0], (0.0, 100.0), least=10.0)
    x, y = Scale(0, last), Scale(low, high, start=HEIGHT, end=0)
    return Curves(
        curves=tuple(_placed(curve, x, y) for curve in drawn),
        x_ticks=_months(last, x),
        y_ticks=tuple(Tick(at=y(mark), label=f"{mark:g}", value=mark) for mark in marks),
    )


def _placed(curve: Curve, x: Scale, y: Scale) -> PlacedCurve:
    points = curve.points
    if not points:
        return PlacedCurve(curve.label, "", "")
    line = _steps([(x(each.day), y(100 * each.value)) for each in points])
    above = _steps([(x(each.day), y(100 * each.high)) for each in points])
    back = [(x(each.day), y(100 * each.low)) for each in points]
    below = ""
    for place in range(len(back) - 1, -1, -1):
        at, level = back[place]
        below += f"L{at:g} {level:g}" if place == len(back) - 1 else f"H{at:g}"
        if place:
            below += f"V{back[place - 1][1]:g}"
    return PlacedCurve(curve.label, line, f"{above}{below}Z")


def _steps(points: Sequence[tuple[float, float]]) -> str:
    (first_x, first_y), *rest = points
    return f"M{first_x:g} {first_y:g}" + "".join(f"H{at:g}V{level:g}" for at, level in rest)


def _months(last: float, x: Scale) -> tuple[Tick, ...]:
    months = int(last // _MONTH)
    step = next((each for each in _STEPS if months / each <= 8), 24)
    return tuple(
        Tick(at=x(month * _MONTH), label=str(month), value=month, anchor=anchor(x(month * _MONTH)))
        for month in range(0, months + 1, step)
    )
