"""Intervals where answers come in clusters: several of one person, several people of one account.

Answers of a cluster resemble one another, so that a hundred answers from ten accounts say less
than a hundred from a hundred. The design effect says how much less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from surveys.intervals import (
    REMEMBERED,
    Estimate,
    estimate,
    interval,
    moments,
    point_values,
    quantile,
)
from surveys.scoring import checked_counts, scale

Table = npt.NDArray[np.int64]


def estimate_clustered(
    kind: str,
    clusters: Sequence[Sequence[int]] | npt.NDArray[np.integer],
    *,
    level: float = 0.95,
    singles: Sequence[int] | None = None,
) -> Estimate:
    """Score with an interval that allows for answers being alike within a cluster.

    clusters: one histogram per cluster, shape (k, scale); rows without an answer are skipped.
    singles: histogram of all clusters of one answer together (the same as a row for each, but
    cheap where most people answered once). level: confidence.

    1. Design effect = cluster-robust variance of the mean / simple variance s²/n, by
       linearisation with the CR1 factor m/(m-1) for m clusters (Binder, International
       Statistical Review 51, 1983; Cameron and Miller, Journal of Human Resources 50(2), 2015).
    2. That variance is too small where clusters are few or of unequal size. The interval uses
       the bias-reduced one (CR2: Bell and McCaffrey, Survey Methodology 28(2), 2002), or that
       of the model in which answers of a cluster correlate alike, whichever is larger; the
       correlation is estimated by analysis of variance (Donner, International Statistical Review
       54, 1986). Squares of few sums are skewed: taking the larger mends the samples in which
       the large clusters lie near the mean by chance.
    3. The normal quantile is too small, too: the design effect is multiplied by
       (t(d) / t(n-1))², d the degrees of freedom of that variance under the same model (Imbens
       and Kolesár, Review of Economics and Statistics 98(4), 2016), but not beyond the worst
       case in which all answers of a cluster are copies of one (Kish's Σ n_g² / n), where the
       sample amounts to that many fewer independent answers. It is never below 1.
    4. The method of `estimate` is applied to n / that number of answers (for proportions: Dean
       and Pagano, Journal of Survey Statistics and Methodology 3(4), 2015).

    With every cluster of size one the figures are those of `estimate`, exactly. Where the
    answers do not vary, or there is one cluster only, the robust variance says nothing and the
    design effect is the worst case. `Estimate.design_effect` is that of step 1.

    >>> alike = estimate_clustered("csat", [[0, 0, 0, 0, 5], [5, 0, 0, 0, 0]] * 10)
    >>> alike.n, alike.value, round(alike.design_effect, 2)
    (100, 50.0, 5.21)
    >>> estimate("csat", [50, 0, 0, 0, 50]).low > alike.low
    True
    """
    table, alone = _checked(kind, clusters, singles)
    counts = [int(count) for count in table.sum(axis=0) + alone]
    return estimate_by(kind, counts, design_of(kind, table, level=level, singles=alone.tolist()))


@dataclass(frozen=True, slots=True)
class Design:
    """What clusters do to an interval: see `estimate_clustered`.

    effect: the design effect of step 1. inflation: what the number of answers is divided by, at
    this level. None: there are no answers.
    """

    effect: float | None
    inflation: float
    level: float


def design_of(
    kind: str,
    clusters: Sequence[Sequence[int]] | npt.NDArray[np.integer],
    *,
    level: float = 0.95,
    singles: Sequence[int] | None = None,
) -> Design:
    """The design of these clusters, for several estimates; arguments as in `estimate_clustered`.

    Of a random sample of whole clusters it is an estimate of the design of all.
    """
    table, alone = _checked(kind, clusters, singles)
    if not table.sum() + alone.sum():
        return Design(None, 1.0, level)
    shape = _Shape.of(table, alone)
    effect = _design_effect(kind, table, alone, shape)
    return Design(effect, _inflation(effect, _Careful.of(kind, table, alone), shape, level), level)


def estimate_by(kind: str, counts: Sequence[int], design: Design) -> Estimate:
    """The score of a histogram, with an interval by a design that is known."""
    return _estimate_by(kind, tuple(checked_counts(kind, counts)), design)


@lru_cache(REMEMBERED)
def _estimate_by(kind: str, counts: tuple[int, ...], design: Design) -> Estimate:
    simple = estimate(kind, counts, level=design.level)
    if simple.low is None or simple.high is None or design.effect is None:
        return simple
    if design.inflation == 1.0:
        return replace(simple, design_effect=design.effect)
    low, high = interval(kind, [count / design.inflation for count in counts], level=design.level)
    return replace(
        simple,
        low=min(low, simple.low),  # what is added to few answers must not narrow the interval
        high=max(high, simple.high),
        design_effect=design.effect,
    )


def _checked(
    kind: str,
    clusters: Sequence[Sequence[int]] | npt.NDArray[np.integer],
    singles: Sequence[int] | None,
) -> tuple[Table, Table]:
    alone = checked_counts(kind, [0] * len(scale(kind)) if singles is None else singles)
    return _table(kind, clusters), np.array(alone, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Shape:
    """How many answers in how many clusters, and the design effect if each were of one mind."""

    answers: int
    clusters: int
    worst: float

    @classmethod
    def of(cls, table: Table, alone: Table) -> _Shape:
        sizes = table.sum(axis=1)
        singles = int(alone.sum())
        answers = int(sizes.sum()) + singles
        worst = (float((sizes**2).sum()) + singles) / answers
        return cls(answers=answers, clusters=len(sizes) + singles, worst=worst)


def _table(kind: str, clusters: Sequence[Sequence[int]] | npt.NDArray[np.integer]) -> Table:
    size = len(scale(kind))
    try:
        table = np.asarray(clusters) if len(clusters) else np.zeros((0, size), dtype=np.int64)
    except ValueError:  # rows of different lengths
        table = np.zeros((1, 0))
    whole = table.ndim == 2 and table.shape[1] == size and np.issubdtype(table.dtype, np.integer)
    if not whole or (table < 0).any():
        raise ValueError(f"clusters: expected rows of {size} whole numbers >= 0, one per {kind}")
    checked = table.astype(np.int64)
    return checked[checked.any(axis=1)]


def _design_effect(kind: str, table: Table, alone: Table, shape: _Shape) -> float:
    n, m = shape.answers, shape.clusters
    if m == n:
        return 1.0
    values = point_values(kind)
    mean, squares = moments(values, [int(count) for count in table.sum(axis=0) + alone])
    if m == 1 or squares == 0:
        return shape.worst
    residuals = np.array(values) - mean
    robust = float(((table @ residuals) ** 2).sum() + alone @ residuals**2)
    return (robust * m / (m - 1)) / (squares * n / (n - 1))


@dataclass(frozen=True, slots=True)
class _Careful:
    """The design effect of step 2, and the degrees of freedom of step 3. None: no clusters."""

    effect: float
    degrees: float

    @classmethod
    def of(cls, kind: str, table: Table, alone: Table) -> _Careful | None:
        values = np.array(point_values(kind))
        counts = table.sum(axis=0) + alone
        sizes = np.append(table.sum(axis=1), 1).astype(float)
        times = np.append(np.ones(len(table)), alone.sum())  # clusters of one, all at once
        n, m = float(counts.sum()), float(times.sum())
        squares = float(counts @ (values - counts @ values / n) ** 2)
        if not 1 < m < n or squares == 0:
            return None
        residuals = values - counts @ values / n
        sums = np.append((table @ residuals) ** 2, alone @ residuals**2 / max(1, alone.sum()))
        reduced = float(times @ (sums / (1 - sizes / n))) / n**2
        alike = _correlation(times @ (sums / sizes), squares, sizes, times)
        shares = float(times @ sizes**2) / n
        by_model = squares / (n * (n - 1)) * (1 + (shares - 1) * alike)
        simple = squares / (n * (n - 1))
        return cls(float(max(reduced, by_model)) / simple, _degrees(sizes, times, alike))


def _correlation(
    between: float, squares: float, sizes: npt.NDArray[np.float64], times: npt.NDArray[np.float64]
) -> float:
    """Of two answers of a cluster, at least 0: by analysis of variance for unequal sizes.

    between: sum of squares between clusters; squares: in all.
    """
    n, m = float(times @ sizes), float(times.sum())
    typical = (n - float(times @ sizes**2) / n) / (m - 1)
    apart, inside = between / (m - 1), (squares - between) / (n - m)
    spread = apart + (typical - 1) * inside
    return max(0.0, (apart - inside) / spread) if spread > 0 else 0.0


def _degrees(sizes: npt.NDArray[np.float64], times: npt.NDArray[np.float64], alike: float) -> float:
    """Satterthwaite's degrees of freedom of CR2 for a mean: tr(B)² / tr(B²).

    B = G'ΩG with G_g = a_g (1_g - 1 n_g/n) / n, a_g = (1 - n_g/n)^-½ and Ω the covariance under
    the model. As B = diag + rank two, its traces take time linear in the clusters.
    """
    n = float(times @ sizes)
    variance = sizes * (1 + (sizes - 1) * alike)  # of the sum of a cluster
    a = 1 / np.sqrt(1 - sizes / n)
    own = a**2 * variance
    pair = np.stack([a * variance, a * sizes])
    mixed = np.array([[0.0, -1 / n], [-1 / n, float(times @ variance) / n**2]])
    added = np.einsum("ik,ij,jk->k", pair, mixed, pair)
    inner = mixed @ (pair * times) @ pair.T
    trace = float(times @ (own + added))
    squared = float(times @ (own**2 + 2 * own * added)) + float(np.trace(inner @ inner))
    return trace**2 / squared


def _inflation(effect: float, careful: _Careful | None, shape: _Shape, level: float) -> float:
    """By how much to divide the number of answers, at least 1."""
    if careful is None:
        return max(1.0, effect)
    ratio = quantile(level, degrees=careful.degrees) / quantile(level, degrees=shape.answers - 1)
    return max(1.0, effect, min(careful.effect * ratio**2, shape.worst))
