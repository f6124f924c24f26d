"""Intervals where answers come in clusters: several of one person, several people of one account.

Answers of a cluster resemble one another, so that a hundred answers from ten accounts say less
than a hundred from a hundred. The design effect says how much less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from surveys.intervals import Estimate, estimate, interval, moments, point_values, quantile
from surveys.scoring import checked_counts, scale

Table = npt.NDArray[np.int64]


def estimate_clustered(
    kind: str,
    clusters: Sequence[Sequence[int]] | npt.NDArray[np.integer],
    *,
    level: float = 0.95,
    singles: Sequence[int] | None = None,
    of: Sequence[int] | None = None,
) -> Estimate:
    """Score with an interval that allows for answers being alike within a cluster.

    clusters: one histogram per cluster, shape (k, scale); rows without an answer are skipped.
    singles: histogram of all clusters of one answer together (the same as a row for each, but
    cheap where most people answered once). level: confidence. of: histogram of all answers,
    where clusters and singles are those of a random sample of whole clusters: the score is that
    of all, the design effect that of the sample.

    1. Design effect = cluster-robust variance of the mean / simple variance s²/n, by
       linearisation with the CR1 factor m/(m-1) for m clusters (Binder, International
       Statistical Review 51, 1983; Cameron and Miller, Journal of Human Resources 50(2), 2015).
    2. With few clusters the normal quantile is too small: the design effect that the interval
       uses is multiplied by (t(m-1) / t(n-1))², but not beyond the worst case in which all
       answers of a cluster are copies of one (Kish's Σ n_g² / n), where the sample amounts to
       that many fewer independent answers. It is never below 1.
    3. The method of `estimate` is applied to n / that number of answers (for proportions: Dean
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
    table = _table(kind, clusters)
    nobody = [0] * len(scale(kind))
    alone = np.array(checked_counts(kind, nobody if singles is None else singles), dtype=np.int64)
    counts = [int(count) for count in table.sum(axis=0) + alone]
    simple = estimate(kind, counts if of is None else of, level=level)
    if simple.n == 0 or sum(counts) == 0:
        return simple
    shape = _Shape.of(table, alone)
    effect = _design_effect(kind, table, alone, shape)
    inflation = _inflation(effect, shape, level)
    if inflation == 1.0:
        return replace(simple, design_effect=effect)
    all_counts = counts if of is None else checked_counts(kind, of)
    low, high = interval(kind, [count / inflation for count in all_counts], level=level)
    return replace(simple, low=low, high=high, design_effect=effect)


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


def _inflation(effect: float, shape: _Shape, level: float) -> float:
    """By how much to divide the number of answers, at least 1."""
    n, m = shape.answers, shape.clusters
    if m == n or m == 1:
        return max(1.0, effect)
    ratio = quantile(level, degrees=m - 1) / quantile(level, degrees=n - 1)
    return max(1.0, effect, min(effect * ratio**2, shape.worst))
