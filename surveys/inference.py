"""How sure one can be: intervals, tests of differences, many tests at once, how many to ask.

`Estimate`, `estimate` (surveys.intervals) and `estimate_clustered` (surveys.clusters) belong to
this module's interface and are defined beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

from scipy.special import ndtr

from surveys.clusters import Design, design_of, estimate_by, estimate_clustered
from surveys.intervals import REMEMBERED, Estimate, estimate, interval, moments, point_values
from surveys.scoring import checked_counts, score

__all__ = [
    "Design",
    "Difference",
    "Estimate",
    "against_rest",
    "answers_needed",
    "benjamini_hochberg",
    "design_of",
    "difference",
    "estimate",
    "estimate_by",
    "estimate_clustered",
    "is_enough",
]


@dataclass(frozen=True, slots=True)
class Difference:
    """First score minus second, its interval, and the chance of one so large by accident.

    All None where one side has no answer.
    """

    value: float | None
    low: float | None
    high: float | None
    p_value: float | None


def difference(
    kind: str,
    counts_a: Sequence[int],
    counts_b: Sequence[int],
    *,
    level: float = 0.95,
    design_effects: tuple[float, float] = (1.0, 1.0),
) -> Difference:
    """Score of a minus score of b, in the unit of the metric.

    The interval is made of the intervals of both scores (MOVER: Newcombe, Statistics in
    Medicine 17, 1998, method 10; Zou and Donner, 27, 2008); that of the scores overlapping says
    little about a difference. The test pools both groups: z² = (a - b)² / (s² (1/n_a + 1/n_b))
    with s² the variance of all answers over N - 1, which is the variance under relabelling and
    for proportions the "N - 1" chi-squared test (Campbell, Statistics in Medicine 26, 2007).
    Interval and test may therefore disagree at the edge. design_effects: of a and b, where
    answers are clustered; each side then counts as that many fewer answers (below 1 counts as 1).

    >>> found = difference("csat", [0, 0, 5, 0, 45], [0, 0, 15, 0, 35])
    >>> found.value, round(found.p_value, 4)
    (20.0, 0.0129)
    """
    a, b = (tuple(checked_counts(kind, counts)) for counts in (counts_a, counts_b))
    return _difference(kind, (a, b), level, design_effects)


@lru_cache(REMEMBERED)
def _difference(
    kind: str,
    sides: tuple[tuple[int, ...], tuple[int, ...]],
    level: float,
    design_effects: tuple[float, float],
) -> Difference:
    value_a, value_b = (score(kind, counts) for counts in sides)
    weights = [
        _effective(counts, effect) for counts, effect in zip(sides, design_effects, strict=True)
    ]
    if value_a is None or value_b is None:
        return Difference(value=None, low=None, high=None, p_value=None)
    (low_a, high_a), (low_b, high_b) = (interval(kind, side, level=level) for side in weights)
    value = value_a - value_b
    return Difference(
        value=value,
        low=value - sqrt((value_a - low_a) ** 2 + (high_b - value_b) ** 2),
        high=value + sqrt((high_a - value_a) ** 2 + (value_b - low_b) ** 2),
        p_value=_pooled_p_value(kind, value, weights),
    )


def against_rest(
    kind: str,
    counts: Sequence[int],
    counts_overall: Sequence[int],
    *,
    design_effect: float = 1.0,
) -> float | None:
    """P-value of a segment against the answers of the survey that are not in it.

    counts must be part of counts_overall (ValueError otherwise). None where the segment or the
    rest is empty. design_effect: of the whole survey, where answers are clustered.

    >>> against_rest("csat", [0, 0, 0, 0, 9], [0, 0, 0, 0, 9]) is None
    True
    """
    inside = checked_counts(kind, counts)
    overall = checked_counts(kind, counts_overall)
    rest = [whole - part for whole, part in zip(overall, inside, strict=True)]
    if min(rest) < 0:
        raise ValueError("counts: expected a part of counts_overall, got more than there are")
    return difference(kind, inside, rest, design_effects=(design_effect, design_effect)).p_value


def benjamini_hochberg(p_values: Sequence[float | None], *, q: float = 0.05) -> list[bool | None]:
    """Which of several tests to believe, with at most q of the believed ones false on average.

    p_values: one family, such as the segments of one answer; None (not tested) stays None and
    does not count. Returns as many entries, True for "differs". ValueError for a p-value or q
    outside of 0..1. Source: Benjamini and Hochberg, JRSS B 57(1), 1995.

    >>> benjamini_hochberg([0.01, None, 0.04, 0.03, 0.5])
    [True, None, False, False, False]
    """
    for p_value in (*p_values, q):
        if p_value is not None and not 0 <= p_value <= 1:
            raise ValueError(f"p_values, q: expected numbers from 0 to 1, got {p_value!r}")
    ordered = sorted(p_value for p_value in p_values if p_value is not None)
    passing = (
        p_value
        for rank, p_value in enumerate(ordered, start=1)
        if p_value <= rank / len(ordered) * q
    )
    threshold = max(passing, default=-1.0)
    return [None if p_value is None else p_value <= threshold for p_value in p_values]


def answers_needed(
    kind: str, counts: Sequence[int], *, half_width: float, level: float = 0.95
) -> int | None:
    """How many answers in all until the interval is this narrow, if they fall as so far.

    half_width: half of the interval, in the unit of the metric, above 0. The answers so far are
    smoothed as for the intervals (four more, spread over the scale), or five equal ones would
    promise that every further one is equal too. None when nobody answered yet.

    >>> answers_needed("nps", [0, 0, 0, 0, 0, 0, 20, 0, 30, 0, 50], half_width=10)
    240
    """
    return _answers_needed(kind, tuple(checked_counts(kind, counts)), half_width, level)


@lru_cache(REMEMBERED)
def _answers_needed(
    kind: str, checked: tuple[int, ...], half_width: float, level: float
) -> int | None:
    if not any(checked):
        return None

    def enough(n: int) -> bool:
        return is_enough(kind, checked, n, half_width=half_width, level=level)

    upper = 1
    while not enough(upper):
        upper *= 2
    lower = upper // 2
    while upper - lower > 1:
        middle = (lower + upper) // 2
        lower, upper = (lower, middle) if enough(middle) else (middle, upper)
    return upper


def is_enough(
    kind: str, counts: Sequence[int], n: float, *, half_width: float, level: float = 0.95
) -> bool:
    """Whether n > 0 answers that fall as these make an interval so narrow; see `answers_needed`.

    >>> [is_enough("nps", [0] * 6 + [20, 0, 30, 0, 50], n, half_width=10) for n in (239, 240)]
    [False, True]
    """
    checked = checked_counts(kind, counts)
    if not half_width > 0:
        raise ValueError(f"half_width: expected a number above 0, got {half_width!r}")
    smoothed = [count + 4 / len(checked) for count in checked]
    scale_to = n / sum(smoothed)
    low, high = interval(kind, [count * scale_to for count in smoothed], level=level)
    return (high - low) / 2 <= half_width


def _effective(counts: Sequence[int], design_effect: float) -> list[float]:
    if not design_effect > 0:
        raise ValueError(f"design_effects: expected numbers above 0, got {design_effect!r}")
    # Below 1 it would claim more answers than there are; `estimate_clustered` does the same.
    return [count / max(1.0, design_effect) for count in counts]


def _pooled_p_value(kind: str, value: float, weights: Sequence[Sequence[float]]) -> float:
    pooled = [a + b for a, b in zip(*weights, strict=True)]
    _, squares = moments(point_values(kind), pooled)
    degrees = sum(pooled) - 1
    if squares == 0 or degrees <= 0:
        return 1.0
    variance = squares / degrees * sum(1 / sum(side) for side in weights)
    return float(2 * ndtr(-abs(value) / sqrt(variance)))
