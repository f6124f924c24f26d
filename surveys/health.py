"""The health of an account: 0 to 100, why, and what moved it.

A weighted mean of seven components, so that a person can follow it. What is not known is left
out and shown as not known. Weights and thresholds, and why: docs/adr/0015-health-score.md; how
well the score foretells who leaves: `surveys.health_backtest`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise, product
from math import factorial, inf, isfinite
from typing import Literal

import numpy as np
import numpy.typing as npt

from surveys.health_facts import COMPONENTS, HealthFacts, LastScore, Part, parts_of

__all__ = [
    "COMPONENTS", "DEFAULT_WEIGHTS", "Band", "Bands", "Component", "Health", "HealthFacts",
    "LastScore", "Move", "Weights", "band", "changed", "health",
    "weighted_scores",
]  # fmt: skip

Floats = npt.NDArray[np.float64]
Band = Literal["risk", "watch", "good"]

LEAST_COVERAGE = 0.3
NEUTRAL = 50.0  # a part above it pulls up, one below it pulls down
WEIGHTS = "weights"  # what moved the score where the account came under other weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Of each component, >= 0 and finite, not all 0 (ValueError); only their proportions count."""

    survey: float = 20.0
    usage: float = 30.0
    onboarding: float = 10.0
    support: float = 10.0
    relationship: float = 10.0
    goals: float = 10.0
    payment: float = 10.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (isfinite(value) and value >= 0):
                raise ValueError(f"{field.name}: expected a number >= 0, got {value!r}")
        if not 0 < sum(self._each()) < inf:
            raise ValueError("weights: expected one above 0 and a finite sum")

    def _each(self) -> list[float]:
        return [float(getattr(self, key)) for key in COMPONENTS]

    def shares(self) -> tuple[float, ...]:
        """In the order of COMPONENTS, summing to 1.

        >>> Weights().shares()
        (0.2, 0.3, 0.1, 0.1, 0.1, 0.1, 0.1)
        """
        each = self._each()
        return tuple(weight / sum(each) for weight in each)


DEFAULT_WEIGHTS = Weights()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bands:
    """Where a band is entered and where it is left, so that it does not flap.

    good is entered from good_from on and left below good_until; risk is entered below risk_below
    and left from risk_until on. 0 <= risk_below <= risk_until <= good_until <= good_from <= 100
    (ValueError).
    """

    risk_below: float = 40.0
    risk_until: float = 45.0
    good_until: float = 65.0
    good_from: float = 70.0

    def __post_init__(self) -> None:
        edges = (0, self.risk_below, self.risk_until, self.good_until, self.good_from, 100)
        if not all(a <= b for a, b in pairwise(edges)):
            raise ValueError(f"bands: expected rising edges from 0 to 100, got {edges[1:-1]}")

    @classmethod
    def with_margin(cls, risk_below: float, good_from: float, margin: float) -> Bands:
        """Each band is left so many points beyond where it is entered.

        >>> Bands.with_margin(40, 70, 5) == Bands()
        True
        """
        return cls(
            risk_below=risk_below, risk_until=risk_below + margin, good_until=good_from - margin,
            good_from=good_from,
        )  # fmt: skip

    @property
    def margin(self) -> float:
        """How far beyond where it is entered the band at risk is left."""
        return self.risk_until - self.risk_below


@dataclass(frozen=True, slots=True)
class Component:
    """points: 0..100, None where nothing is known. reasons: codes with numbers, worst first.

    The codes: `surveys.health_facts`; for instance ``usage_down:-34``, ``score_low:nps:2``,
    ``no_login_days:41``, ``goals_missed:1:3``.
    """

    key: str
    points: float | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """score: 0..100; None, and no band, where less than the least coverage is known.

    coverage: share of the weight that is known, 0..1. components: all seven, in the order of
    COMPONENTS. reasons: what pulls down, the strongest first, then what pulls up; of what is
    neither there is none.
    """

    score: float | None
    band: Band | None
    coverage: float
    components: tuple[Component, ...]
    reasons: tuple[str, ...]
    weights: Weights


@dataclass(frozen=True, slots=True)
class Move:
    """By how many points a component moved the score."""

    key: str
    points: float


def health(
    facts: HealthFacts,
    *,
    weights: Weights = DEFAULT_WEIGHTS,
    previous: Band | None = None,
    bands: Bands = Bands(),
    least_coverage: float = LEAST_COVERAGE,
) -> Health:
    """The health of an account.

    previous: the last band it had, None where it never had one. least_coverage: in 0..1; at 0 a
    single known component of any weight is enough. ValueError otherwise.

    1. A component is the weighted mean of its known parts.
    2. The score is the weighted mean of the known components. A bad component of which nothing
       is known any more may therefore raise the score; its coverage falls, and must be shown.
    3. A part pulls by its share of the score times its distance from 50.

    >>> found = health(HealthFacts(last_scores=(LastScore("nps", 2, days_ago=10),),
    ...                            uses_28_days=66, uses_before=100, days_since_login=3))
    >>> round(found.score, 1), found.band, round(found.coverage, 2)
    (41.2, 'watch', 0.5)
    >>> found.reasons
    ('score_low:nps:2', 'usage_down:-34', 'no_login_days:3')
    >>> found.components[2]
    Component(key='onboarding', points=None, reasons=())
    """
    if not 0 <= least_coverage <= 1:
        raise ValueError(f"least_coverage: expected 0 to 1, got {least_coverage!r}")
    parts = parts_of(facts)
    components = tuple(_component(key, parts[key]) for key in COMPONENTS)
    points = _row(components)
    shares = np.array(weights.shares())
    scores, coverages = weighted_scores(points, shares, least_coverage=least_coverage)
    score = None if np.isnan(scores) else float(scores)
    return Health(
        score=score,
        band=None if score is None else band(score, previous, bands=bands),
        coverage=float(coverages),
        components=components,
        reasons=_reasons(parts, shares),
        weights=weights,
    )


def band(score: float, previous: Band | None = None, *, bands: Bands = Bands()) -> Band:
    """The band of a score, given the one before; never a lower one for a higher score.

    >>> band(67), band(67, "good"), band(67, "watch"), band(43, "risk"), band(43)
    ('watch', 'good', 'watch', 'risk', 'watch')
    """
    if score < (bands.risk_until if previous == "risk" else bands.risk_below):
        return "risk"
    if score >= (bands.good_until if previous == "good" else bands.good_from):
        return "good"
    return "watch"


def weighted_scores(
    points: Floats, weights: Floats, *, least_coverage: float = LEAST_COVERAGE
) -> tuple[Floats, Floats]:
    """Scores and coverages of many accounts at once.

    points: shape (..., 7), in the order of COMPONENTS, nan where not known. weights: shape (7,)
    or that of points, >= 0, of any sum above 0. Both results have shape (...); a score is nan
    below the least coverage and where nothing of any weight is known.

    >>> scores, coverages = weighted_scores(np.array([[20, 80] + [np.nan] * 5]), np.ones(7))
    >>> scores.tolist(), coverages.round(2).tolist()
    ([nan], [0.29])
    """
    known = ~np.isnan(points)
    weighed = np.where(known, weights, 0.0)
    covered = weighed.sum(axis=-1)
    coverage = covered / np.broadcast_to(weights, points.shape).sum(axis=-1)
    total = (weighed * np.where(known, points, 0.0)).sum(axis=-1)
    # Sums of weights such as 0.1 miss 0.3 by rounding.
    enough = (coverage > least_coverage - 1e-9) & (covered > 0)
    scores = np.full(covered.shape, np.nan)
    np.divide(total, covered, out=scores, where=enough)
    # Rounding of the last digits must not keep a score of 70 out of its band.
    return np.clip(scores.round(9), 0.0, 100.0), np.clip(coverage.round(9), 0.0, 1.0)


def changed(before: Health, after: Health) -> tuple[Move, ...]:
    """Which component moved the score by how much: the moves sum to after less before.

    The largest first; empty where one of the scores is not known. A component that did not
    change has no move, though its share of the score may have changed as another came or went:
    each move is the mean, over all orders in which the changes might have come one by one, of
    what the component's change did (Shapley, Contributions to the Theory of Games II, 1953). On
    the way a state in which nothing is known counts as 50. "weights": the account came under
    other weights.

    >>> before = health(HealthFacts(days_since_login=7, is_set_up=True, has_owner=True))
    >>> after = health(HealthFacts(days_since_login=30, is_set_up=True, has_owner=True))
    >>> [(move.key, round(move.points, 1)) for move in changed(before, after)]
    [('usage', -42.0)]
    """
    if before.score is None or after.score is None:
        return ()
    states = [(_row(each.components), each.weights) for each in (before, after)]
    (old, old_weights), (new, new_weights) = states
    moving = [at for at in range(len(COMPONENTS)) if not _same(old[at], new[at])]
    keys = [COMPONENTS[at] for at in moving]
    reweighted = old_weights.shares() != new_weights.shares()
    players = len(moving) + reweighted
    switched = np.array(list(product([False, True], repeat=players)), dtype=bool)
    points = np.tile(old, (len(switched), 1))
    points[:, moving] = np.where(switched[:, : len(moving)], new[moving], old[moving])
    weights = np.tile(old_weights.shares(), (len(switched), 1))
    if reweighted:
        weights[switched[:, -1]] = new_weights.shares()
        keys.append(WEIGHTS)
    values, _ = weighted_scores(points, weights, least_coverage=0.0)
    moves = _shapley(switched, np.where(np.isnan(values), NEUTRAL, values))
    found = [Move(key, move) for key, move in zip(keys, moves, strict=True)]
    return tuple(sorted(found, key=lambda move: -abs(move.points)))


def _shapley(switched: npt.NDArray[np.bool_], values: Floats) -> list[float]:
    """switched: shape (2^p, p), in the order of counting in binary, so that flipping a column
    from off to on is 2^(p - 1 - column) rows further down."""
    players = switched.shape[1]
    others = switched.sum(axis=1)
    moves = []
    for player in range(players):
        rows = np.flatnonzero(~switched[:, player])
        gains = values[rows + (1 << (players - 1 - player))] - values[rows]
        orders = [
            factorial(k) * factorial(players - 1 - k) / factorial(players) for k in others[rows]
        ]
        moves.append(float(np.dot(orders, gains)))
    return moves


def _same(a: float, b: float) -> bool:
    return a == b or bool(np.isnan(a) and np.isnan(b))


def _component(key: str, parts: Sequence[Part]) -> Component:
    total = sum(part.weight for part in parts)
    if not total:
        return Component(key, None, ())
    points = sum(part.weight * part.points for part in parts) / total
    ordered = sorted(parts, key=lambda part: part.points)
    return Component(key, min(100.0, max(0.0, points)), tuple(part.reason for part in ordered))


def _row(components: Sequence[Component]) -> Floats:
    return np.array([np.nan if each.points is None else each.points for each in components])


def _reasons(parts: Mapping[str, Sequence[Part]], shares: Floats) -> tuple[str, ...]:
    pulls = []
    for key, share in zip(COMPONENTS, shares, strict=True):
        total = sum(part.weight for part in parts[key])
        pulls += [
            (share * part.weight / total * (part.points - NEUTRAL), part.reason)
            for part in parts[key]
        ]
    down = sorted((pull for pull in pulls if pull[0] < 0), key=lambda pull: pull[0])
    up = sorted((pull for pull in pulls if pull[0] > 0), key=lambda pull: -pull[0])
    return tuple(reason for _, reason in (*down, *up))
