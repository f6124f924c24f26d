"""The interval of one score, from its histogram. Why these methods: docs/adr/0004-intervals.md.

Counts may be fractional here: an effective number of answers is one (`surveys.clusters`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import sqrt

from scipy.special import ndtri, stdtrit

from surveys.scoring import categories, category_of, ces_share, checked_counts, scale, score

_NPS_ADDED = (0.75, 1.5, 0.75)  # detractors, passives, promoters
_CES_ADDED = 3 / 7
# Days that are over and segments that stay as they are have the same histogram again and again.
REMEMBERED = 16_384


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score and how sure one can be of it.

    n: answers. value, low, high: in the unit of the metric (NPS points, CSAT percent, CES
    scale points); all None where n = 0. share: only CES, percent of 5-7. design_effect: only
    from `estimate_clustered`.
    """

    n: int
    value: float | None
    low: float | None
    high: float | None
    share: float | None = None
    design_effect: float | None = None


def estimate(kind: str, counts: Sequence[int], *, level: float = 0.95) -> Estimate:
    """Score with interval, every answer taken as independent of the others.

    counts: one per scale point. level: confidence in 0..1, exclusive. ValueError otherwise.

    >>> found = estimate("nps", [0, 0, 0, 0, 0, 0, 20, 0, 30, 0, 50])
    >>> found.n, found.value, round(found.low, 1), round(found.high, 1)
    (100, 30.0, 14.1, 44.2)
    >>> estimate("ces", [0] * 7)
    Estimate(n=0, value=None, low=None, high=None, share=None, design_effect=None)
    """
    return _estimate(kind, tuple(checked_counts(kind, counts)), level)


@lru_cache(REMEMBERED)
def _estimate(kind: str, checked: tuple[int, ...], level: float) -> Estimate:
    value = score(kind, checked)
    if value is None:
        quantile(level)  # a wrong level is wrong for nobody, too
        return Estimate(n=0, value=None, low=None, high=None)
    low, high = interval(kind, checked, level=level)
    share = ces_share(checked) if kind == "ces" else None
    return Estimate(n=sum(checked), value=value, low=low, high=high, share=share)


def interval(kind: str, weights: Sequence[float], *, level: float) -> tuple[float, float]:
    """Interval of a histogram whose counts may be fractional; their sum must be above 0.

    NPS: adjusted Wald, 0.75 detractors, 1.5 passives and 0.75 promoters added, clipped to
    -100..100 (Rocks, The American Statistician 70(4), 2016).
    CSAT: Wilson's score interval of the top-two-box share (Wilson, JASA 22, 1927).
    CES: t interval of the mean after adding 3/7 of an answer to each of the seven points, with
    N = n + 3 in place of n throughout (variance / N, N - 1 degrees of freedom), clipped to 1..7.
    Each contains the raw score: at low levels the adjusted ones are stretched to it.

    >>> low, high = interval("csat", [2, 0, 0, 0, 8], level=0.95)
    >>> round(low, 2), round(high, 2)
    (49.02, 94.33)
    """
    return _interval(kind, tuple(weights), level)


@lru_cache(REMEMBERED)
def _interval(kind: str, weights: tuple[float, ...], level: float) -> tuple[float, float]:
    methods = {"nps": _adjusted_wald, "csat": _wilson, "ces": _t_interval}
    low, high = methods[kind](weights, level)
    values = point_values(kind)
    raw, _ = moments(values, weights)
    worst, best = min(values), max(values)
    return min(max(low, worst), raw), max(min(high, best), raw)


@cache
def point_values(kind: str) -> tuple[float, ...]:
    """What each scale point adds to the mean that is the score: so one mean serves all three.

    >>> point_values("csat")
    (0.0, 0.0, 0.0, 100.0, 100.0)
    """
    if kind == "ces":
        return tuple(float(point) for point in scale(kind))
    best, *_, worst = categories(kind)
    value_of = {best: 100.0, worst: -100.0 if kind == "nps" else 0.0}
    return tuple(value_of.get(category_of(kind, point), 0.0) for point in scale(kind))


def moments(values: Sequence[float], weights: Sequence[float]) -> tuple[float, float]:
    """Weighted mean, and sum of squared deviations from it."""
    mean = sum(v * w for v, w in zip(values, weights, strict=True)) / sum(weights)
    return mean, sum(w * (v - mean) ** 2 for v, w in zip(values, weights, strict=True))


def quantile(level: float, *, degrees: float | None = None) -> float:
    """Two-sided quantile of the normal, or of Student's t with these degrees of freedom.

    >>> round(quantile(0.95), 3), round(quantile(0.95, degrees=3), 3)
    (1.96, 3.182)
    """
    if not 0 < level < 1:
        raise ValueError(f"level: expected a number between 0 and 1, got {level!r}")
    upper = (1 + level) / 2
    return float(ndtri(upper) if degrees is None else stdtrit(degrees, upper))


def _adjusted_wald(weights: Sequence[float], level: float) -> tuple[float, float]:
    values = (-100.0, 0.0, 100.0)
    weighed = list(zip(point_values("nps"), weights, strict=True))
    adjusted = [
        sum(weight for value, weight in weighed if value == each) + added
        for each, added in zip(values, _NPS_ADDED, strict=True)
    ]
    n = sum(adjusted)
    centre, squares = moments(values, adjusted)
    half = quantile(level) * sqrt(squares / n / n)
    return centre - half, centre + half


def _wilson(weights: Sequence[float], level: float) -> tuple[float, float]:
    n = sum(weights)
    p = sum(w for v, w in zip(point_values("csat"), weights, strict=True) if v) / n
    z = quantile(level)
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return 100 * (centre - half), 100 * (centre + half)


def _t_interval(weights: Sequence[float], level: float) -> tuple[float, float]:
    adjusted = [weight + _CES_ADDED for weight in weights]
    n = sum(adjusted)
    centre, squares = moments(point_values("ces"), adjusted)
    half = quantile(level, degrees=n - 1) * sqrt(squares / (n - 1) / n)
    return centre - half, centre + half
