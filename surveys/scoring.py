"""NPS, CSAT and CES from a histogram of scores.

A histogram has one count per point of the scale: ``counts[score - scale.start]``. Everything
here is exact arithmetic on such counts; how sure one can be is in `surveys.inference`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from operator import index

from surveys.questions import scale_of

METRICS = ("nps", "csat", "ces")

# Best category first; each with the lowest score that belongs to it.
_CATEGORIES: dict[str, tuple[tuple[str, int], ...]] = {
    "nps": (("promoter", 9), ("passive", 7), ("detractor", 0)),
    "csat": (("satisfied", 4), ("neutral", 3), ("dissatisfied", 1)),
    "ces": (("easy", 5), ("neutral", 4), ("difficult", 1)),
}


def scale(kind: str) -> range:
    """The scale of a metric; ValueError for what is not one of METRICS.

    >>> scale("ces")
    range(1, 8)
    """
    points = scale_of(kind) if kind in METRICS else None
    if points is None:
        raise ValueError(f"kind: expected one of {', '.join(METRICS)}, got {kind!r}")
    return points


def categories(kind: str) -> tuple[str, ...]:
    """The categories of a metric, best first.

    >>> categories("csat")
    ('satisfied', 'neutral', 'dissatisfied')
    """
    scale(kind)
    return tuple(name for name, _ in _CATEGORIES[kind])


def category_of(kind: str, score: int) -> str:
    """The category of one score: NPS 9-10, 7-8, 0-6; CSAT 4-5, 3, 1-2; CES 5-7, 4, 1-3.

    Raises ValueError for a score outside of the scale.

    >>> category_of("nps", 9), category_of("csat", 3), category_of("ces", 1)
    ('promoter', 'neutral', 'difficult')
    """
    _check_score(kind, score)
    return next(name for name, lowest in _CATEGORIES[kind] if score >= lowest)


def is_low(kind: str, score: int) -> bool:
    """True for a score that asks for a follow-up: the last category of its kind.

    >>> is_low("nps", 6), is_low("csat", 3), is_low("ces", 3)
    (True, False, True)
    """
    return category_of(kind, score) == categories(kind)[-1]


def histogram(kind: str, scores: Iterable[int]) -> list[int]:
    """Counts per scale point, shape (len(scale),); ValueError for a score outside of it.

    >>> histogram("csat", [5, 5, 1])
    [1, 0, 0, 0, 2]
    """
    points = scale(kind)
    counts = [0] * len(points)
    for score in scores:
        _check_score(kind, score)
        counts[score - points.start] += 1
    return counts


def checked_counts(kind: str, counts: Sequence[int]) -> list[int]:
    """A histogram as whole Python numbers; ValueError when its shape or a count is wrong.

    >>> checked_counts("csat", [0, 0, 1])
    Traceback (most recent call last):
    ...
    ValueError: counts: expected 5 whole numbers >= 0 for csat, got [0, 0, 1]
    """
    if set(map(type, counts)) == {int}:  # as nearly always, and the same ones over and over
        return list(_checked(kind, tuple(counts)))
    try:
        return list(_checked(kind, tuple(map(index, counts))))
    except TypeError:
        raise _wrong(kind, counts) from None


@lru_cache(16_384)
def _checked(kind: str, counts: tuple[int, ...]) -> tuple[int, ...]:
    if len(counts) != len(scale(kind)) or min(counts) < 0:
        raise _wrong(kind, counts)
    return counts


def _wrong(kind: str, counts: Sequence[int]) -> ValueError:
    expected = f"expected {len(scale(kind))} whole numbers >= 0 for {kind}"
    return ValueError(f"counts: {expected}, got {list(counts)!r}")


def category_counts(kind: str, counts: Sequence[int]) -> dict[str, int]:
    """How many answers fell into each category, best first.

    >>> category_counts("nps", [0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1])
    {'promoter': 2, 'passive': 1, 'detractor': 1}
    """
    checked = checked_counts(kind, counts)
    found = dict.fromkeys(categories(kind), 0)
    for name, count in zip(_category_of_points(kind), checked, strict=True):
        found[name] += count
    return found


@cache
def _category_of_points(kind: str) -> tuple[str, ...]:
    return tuple(category_of(kind, point) for point in scale(kind))


def nps(counts: Sequence[int]) -> float | None:
    """Net Promoter Score of a histogram.

    counts: shape (11,). Returns points in -100..100 (share of 9-10 minus share of 0-6, times
    100), or None when nobody answered. Source: Reichheld, Harvard Business Review, 12/2003.

    >>> nps([0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1])
    25.0
    """
    found = category_counts("nps", counts)
    n = sum(found.values())
    return 100 * (found["promoter"] - found["detractor"]) / n if n else None


def csat(counts: Sequence[int]) -> float | None:
    """Top-two-box satisfaction: share of 4-5 on the five-point scale.

    counts: shape (5,). Returns percent in 0..100, or None when nobody answered.

    >>> csat([1, 0, 1, 1, 1])
    50.0
    """
    return _best_share("csat", counts)


def ces(counts: Sequence[int]) -> float | None:
    """Customer Effort Score 2.0: mean agreement that it was easy.

    counts: shape (7,). Returns a mean in 1..7, or None when nobody answered.
    Source: Dixon, Toman, DeLisi, The Effortless Experience, 2013.

    >>> ces([0, 0, 0, 1, 0, 0, 1])
    5.5
    """
    checked = checked_counts("ces", counts)
    n = sum(checked)
    total = sum(point * count for point, count in zip(scale("ces"), checked, strict=True))
    return total / n if n else None


def ces_share(counts: Sequence[int]) -> float | None:
    """Share of 5-7 among CES answers, percent in 0..100; None when nobody answered.

    >>> ces_share([1, 0, 0, 0, 1, 1, 1])
    75.0
    """
    return _best_share("ces", counts)


def score(kind: str, counts: Sequence[int]) -> float | None:
    """The figure of a metric: `nps`, `csat` or `ces` of the histogram.

    >>> score("csat", [0, 0, 0, 0, 0]) is None
    True
    """
    scale(kind)
    return {"nps": nps, "csat": csat, "ces": ces}[kind](counts)


def _best_share(kind: str, counts: Sequence[int]) -> float | None:
    found = category_counts(kind, counts)
    n = sum(found.values())
    return 100 * found[categories(kind)[0]] / n if n else None


def _check_score(kind: str, score: int) -> None:
    points = scale(kind)
    whole = hasattr(score, "__index__") and not isinstance(score, bool)
    if not whole or score not in points:
        last = points.stop - 1
        raise ValueError(f"score: expected {points.start}..{last} for {kind}, got {score!r}")
