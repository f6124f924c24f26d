"""What was answered to a question beside the score: shares of its options, places of a ranking.

Everything takes counts of equal answers, so that a million of them are as quick as their kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from surveys.intervals import quantile
from surveys.questions import Question, Value, scale_of
from surveys.ratios import share


@dataclass(frozen=True, slots=True)
class Share:
    """How many of those who answered chose something. value, low, high: percent, or None of
    nobody; the interval is Wilson's at 95%."""

    key: str
    n: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an option stands in rankings on average: 1 is first; low, high: 95%, or None of fewer
    than two rankings or where all agree. firsts: how often it was first."""

    key: str
    mean: float
    low: float | None
    high: float | None
    firsts: int


Counted = Iterable[tuple[Value, int]]


def shares(question: Question, counted: Counted, *, part: str | None = None) -> list[Share]:
    """Of each option, in the order of the question; then what former versions offered.

    counted: equal answers, with how many there are. part: the row of a matrix; those who left it
    out are not counted there. Of several options the shares need not sum to 100.

    >>> from surveys.questions import Option
    >>> asked = Question("q", "multiple", {"en": "?"}, options=(Option("a", {}), Option("b", {})))
    >>> [(s.key, s.n, s.value) for s in shares(asked, [(["a", "b"], 1), (["a"], 3)])]
    [('a', 4, 100.0), ('b', 1, 25.0)]
    """
    found = dict.fromkeys(_offered(question), 0)
    n = 0
    for value, count in counted:
        chosen = _chosen(value, part)
        n += count if chosen else 0
        for key in chosen:
            found[key] = found.get(key, 0) + count
    return [_share(key, count, n) for key, count in found.items()]


def answered(counted: Counted, *, part: str | None = None) -> int:
    """How many answered, in a row of a matrix where part names one."""
    return sum(count for value, count in counted if _chosen(value, part))


def places(question: Question, counted: Counted) -> list[Place]:
    """Of each option that all these rankings have, the best first; empty without any.

    The interval is Student's t on the places that people gave, within 1 and the last place.
    """
    options = [option.key for option in question.options]
    ranked = [
        (value, count)
        for value, count in counted
        if isinstance(value, list) and set(value) == set(options)
    ]
    n = sum(count for _, count in ranked)
    if not n:
        return []
    found = [_place(key, ranked, n, len(options)) for key in options]
    return sorted(found, key=lambda place: place.mean)


def _place(key: str, counted: Sequence[tuple[list[str], int]], n: int, last: int) -> Place:
    given = [(ranked.index(key) + 1, count) for ranked, count in counted]
    mean = sum(place * count for place, count in given) / n
    firsts = sum(count for place, count in given if place == 1)
    squares = sum(count * (place - mean) ** 2 for place, count in given)
    if n < 2 or not squares:
        return Place(key, mean, None, None, firsts)
    half = quantile(0.95, degrees=n - 1) * sqrt(squares / (n - 1) / n)
    return Place(key, mean, max(1.0, mean - half), min(float(last), mean + half), firsts)


def _offered(question: Question) -> list[str]:
    scale = scale_of(question.kind)
    if scale is not None:
        return [str(point) for point in scale]
    if question.kind == "consent":
        return ["true", "false"]
    listed = question.columns if question.kind == "matrix" else question.options
    return [option.key for option in listed]


def _chosen(value: Value, part: str | None) -> list[str]:
    if isinstance(value, dict):
        return [value[part]] if part is not None and part in value else []
    if isinstance(value, list):
        return value
    return [("true" if value else "false") if isinstance(value, bool) else str(value)]


def _share(key: str, count: int, n: int) -> Share:
    found = share(count, n)
    value, low, high = (
        None if part is None else 100 * part for part in (found.value, found.low, found.high)
    )
    return Share(key, count, value, low, high)
