"""Geometry of the picture that says whether probabilities mean what they say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vocapp.ui.axes import Scale, Tick, horizontal_ticks

HEIGHT = 220
_TICKS = (0, 25, 50, 75, 100)


@dataclass(frozen=True)
class ReliabilityBin:
    """Claims of like probability, all shares 0…1: what was said, what came true, of n."""

    said: float
    true: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class PlacedBin:
    """A point with its interval: x in percent, y values in px from the top."""

    x: float
    y: float
    low_y: float
    high_y: float
    source: ReliabilityBin


@dataclass(frozen=True)
class Reliability:
    """Points on a plot from 0 to 100 % either way; on its diagonal said and true agree."""

    bins: tuple[PlacedBin, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    height: int = HEIGHT


def picture(bins: Iterable[ReliabilityBin]) -> Reliability:
    """Place the bins.

    >>> placed = picture([ReliabilityBin(0.5, 0.25, 0.0, 1.0, 12)]).bins[0]
    >>> placed.x, placed.y, placed.low_y, placed.high_y
    (50.0, 165.0, 220.0, 0.0)
    """
    x, y = Scale(0, 1), Scale(0, 1, start=HEIGHT, end=0)
    percent = Scale(0, 100, start=HEIGHT, end=0)
    return Reliability(
        bins=tuple(
            PlacedBin(x(each.said), y(each.true), y(each.low), y(each.high), each) for each in bins
        ),
        x_ticks=horizontal_ticks(_TICKS, Scale(0, 100)),
        y_ticks=tuple(Tick(at=percent(v), label=str(v), value=v) for v in _TICKS),
    )
