"""What moves a score: how much of the differences between answers goes with each driver.

A driver is a theme (mentioned or not) or an attribute of who answered. What is found is
association, not cause. Shares: `surveys.shares`; the split of a change: `surveys.mix_shift`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from surveys.attributes import OTHER
from surveys.shares import (
    COLLINEAR,
    Floats,
    cells_at_once,
    coefficients,
    correlations,
    relative_weights,
    shapley_shares,
)

EXACT_DRIVERS = 12
LEAST_ANSWERS = 100
ANSWERS_PER_DRIVER = 10
LEAST_IN_GROUP = 10
MOST_LEVELS = 8
_BLOCKS = 1000  # resampled instead of rows where there are more rows than that
_CELLS_AT_ONCE = 2_000_000  # numbers, so that memory stays bounded

Reason = Literal["too_few", "same_scores", "no_drivers"]
Left = Literal["constant", "rare"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that may move the score.

    values: one per answer, shape (n,): bool for present or not, or text for a category, ""
    where it is not known.
    """

    key: str
    values: npt.NDArray[np.bool_] | npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Effect:
    """By how many points of score answers with this go apart, all other drivers being equal.

    level: None for something present: against answers without it; a category's value: against
    the average answer. n: answers with it. points, low, high: in the unit of the outcome.
    """

    level: str | None
    n: int
    points: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Driver:
    """share, low, high: of the variance of the outcome, 0..1. overlaps: others tell it fully."""

    key: str
    share: float
    low: float
    high: float
    effects: tuple[Effect, ...]
    overlaps: bool


@dataclass(frozen=True, slots=True)
class Drivers:
    """Drivers, the strongest first; none, and a reason, where nothing can be said.

    n: answers; minimum_n: how many it takes. r_squared: share of the variance that all drivers
    explain together, the sum of their shares. left_out: candidates that say nothing, and why.
    """

    n: int
    minimum_n: int
    reason: Reason | None = None
    method: Literal["shapley", "relative_weights"] | None = None
    r_squared: float | None = None
    drivers: tuple[Driver, ...] = ()
    left_out: tuple[tuple[str, Left], ...] = ()


def analyse_drivers(
    outcome: Sequence[float] | Floats,
    candidates: Sequence[Candidate],
    *,
    seed: int,
    clusters: npt.NDArray[np.int64] | None = None,
    replicates: int = 500,
    level: float = 0.95,
) -> Drivers:
    """How much each candidate moves the outcome, with intervals.

    outcome: shape (n,), one number per answer whose mean is the score (for instance
    `surveys.intervals.point_values` of the answers). clusters: shape (n,), equal numbers for
    answers that resemble one another, as those of one account; None: all are independent.
    level: confidence in 0..1, exclusive. ValueError for other lengths and for a key given twice.

    1. Leave out what is constant and what fewer than 10 answers have or lack; put categories
       with fewer than 10 answers, and those beyond the 8 most frequent, together.
    2. Below max(100, 10 x drivers) answers say "too_few".
    3. Share out R²: exact Shapley shares up to twelve drivers, relative weights above.
    4. Bootstrap: resample clusters, whole (Cameron, Gelbach, Miller, Review of Economics and
       Statistics 90(3), 2008), or with more than 1,000 of them a thousand random blocks of
       clusters by their sums, of which the mean varies as much and which cost far less. Of
       fewer than some twenty clusters it says too little: intervals are then too narrow.
    5. A share cannot be negative, so noise alone makes it positive, and resampling doubles
       that: percentiles are moved down by twice the bootstrap's estimate of the bias (Efron
       and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 10), not below 0. An
       interval that begins at 0 says that the driver may be noise.

    >>> rng = np.random.default_rng(1)
    >>> slow, noise = rng.random(400) < 0.3, rng.random(400) < 0.3
    >>> scores = 100 * np.sign(rng.normal(0.4 - 1.5 * slow, 1)).clip(-1, 1)
    >>> candidates = [Candidate("noise", noise), Candidate("slow", slow)]
    >>> found = analyse_drivers(scores, candidates, seed=2)
    >>> [(each.key, each.low > 0, each.effects[0].points < 0) for each in found.drivers][0]
    ('slow', True, True)
    >>> found.drivers[1].low
    0.0
    """
    scores = np.asarray(outcome, dtype=float)
    _check(scores, candidates, level)
    if clusters is not None and clusters.shape != scores.shape:
        raise ValueError(f"clusters: expected {len(scores)} numbers")
    coded, left_out = _coded(candidates)
    found = Drivers(
        n=len(scores),
        minimum_n=max(LEAST_ANSWERS, ANSWERS_PER_DRIVER * len(coded)),
        left_out=left_out,
    )
    if not coded:
        return replace(found, reason="no_drivers")
    if len(scores) < found.minimum_n:
        return replace(found, reason="too_few")
    if np.ptp(scores) == 0:
        return replace(found, reason="same_scores")
    drawn = np.arange(len(scores)) if clusters is None else clusters
    return _shared_out(found, scores, coded, drawn, seed=seed, replicates=replicates, level=level)


@dataclass(frozen=True, slots=True)
class _Coded:
    """A driver as columns of 0 and 1; a category has one for each of its levels."""

    key: str
    levels: tuple[str | None, ...]
    columns: npt.NDArray[np.bool_]  # shape (n, levels)


def _check(scores: Floats, candidates: Sequence[Candidate], level: float) -> None:
    if scores.ndim != 1 or not np.isfinite(scores).all():
        raise ValueError("outcome: expected one finite number per answer")
    if not 0 < level < 1:
        raise ValueError(f"level: expected a number between 0 and 1, got {level!r}")
    if len({candidate.key for candidate in candidates}) < len(candidates):
        raise ValueError("candidates: expected every key once")
    for candidate in candidates:
        if candidate.values.shape != scores.shape or candidate.values.dtype.kind not in "bU":
            raise ValueError(f"{candidate.key}: expected {len(scores)} values, bool or text")


def _coded(
    candidates: Sequence[Candidate],
) -> tuple[list[_Coded], tuple[tuple[str, Left], ...]]:
    coded: list[_Coded] = []
    left_out: list[tuple[str, Left]] = []
    for candidate in candidates:
        found = _columns(candidate)
        if isinstance(found, _Coded):
            coded.append(found)
        else:
            left_out.append((candidate.key, found))
    return coded, tuple(left_out)


def _columns(candidate: Candidate) -> _Coded | Left:
    values = candidate.values
    if not len(values) or (values == values[0]).all():
        return "constant"
    if values.dtype.kind == "b":
        present = int(values.sum())
        if min(present, len(values) - present) < LEAST_IN_GROUP:
            return "rare"
        return _Coded(candidate.key, (None,), values.astype(bool)[:, None])
    names, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranked = np.argsort(-counts, kind="stable")
    kept = [at for at in ranked[:MOST_LEVELS] if counts[at] >= LEAST_IN_GROUP]
    # A rest too small to be a group of its own takes the smallest groups in.
    while kept and 0 < len(values) - counts[kept].sum() < LEAST_IN_GROUP:
        kept.pop()
    columns = place[:, None] == np.array(kept, dtype=int)[None, :]
    levels: list[str | None] = [str(names[at]) for at in kept]
    rest = ~columns.any(axis=1)
    if rest.any():
        columns, levels = np.column_stack([columns, rest]), [*levels, OTHER]
    if len(levels) < 2:
        return "rare"
    return _Coded(candidate.key, tuple(levels), columns)


@dataclass(frozen=True, slots=True)
class _Moments:
    """Means and centred cross-products of all columns and, last, the outcome; any many at once."""

    mean: Floats  # (..., m + 1)
    cross: Floats  # (..., m + 1, m + 1)

    @classmethod
    def of(cls, n: npt.NDArray[np.int64], sums: Floats, products: Floats) -> _Moments:
        """From how many answers, their sums and their raw cross-products."""
        mean = sums / n[..., None]
        cross = products / n[..., None, None] - mean[..., :, None] * mean[..., None, :]
        raw = np.diagonal(products, axis1=-2, axis2=-1) / n[..., None]
        # Rounding leaves a constant column a variance of 1e-17, which scaled to 1 is noise.
        varies = np.diagonal(cross, axis1=-2, axis2=-1) > COLLINEAR * raw
        return cls(mean, cross * (varies[..., :, None] & varies[..., None, :]))

    def points(self, groups: Sequence[Sequence[int]]) -> Floats:
        """Effects in points, shape (..., m); those of a category as distances from their mean.

        The mean is weighted by how many answers have each level, so that no level has to be
        the one that the others are compared with.
        """
        spread = np.sqrt(np.diagonal(self.cross, axis1=-2, axis2=-1))
        size = np.where(spread > 0, spread, 1.0)
        points = coefficients(correlations(self.cross)) * size[..., -1:] / size[..., :-1]
        for group in groups:
            if len(group) > 1:
                weights = self.mean[..., group]
                mean = (weights * points[..., group]).sum(axis=-1) / weights.sum(axis=-1)
                points[..., group] -= mean[..., None]
        return np.asarray(points)


def _bootstrap(
    table: Floats,
    groups: Sequence[Sequence[int]],
    clusters: npt.NDArray[np.int64],
    *,
    seed: int,
    replicates: int,
) -> Iterator[_Moments]:
    """Moments of resampled tables, in batches that bound the memory of all subsets."""
    width = table.shape[1]
    rng = np.random.default_rng(seed)
    blocks = _blocks(table, clusters, rng)
    sizes = np.array([len(block) for block in blocks])
    sums = np.array([block.sum(axis=0) for block in blocks])
    products = np.array([(block.T @ block).ravel() for block in blocks])
    exact = len(groups) <= EXACT_DRIVERS
    batch = max(1, _CELLS_AT_ONCE // (cells_at_once(groups) if exact else 8 * width**2))
    for start in range(0, replicates, batch):
        times = rng.multinomial(
            len(blocks), [1 / len(blocks)] * len(blocks), size=min(batch, replicates - start)
        )
        resampled = (times @ products).reshape(-1, width, width)
        yield _Moments.of(times @ sizes, times @ sums, resampled)


def _blocks(
    table: Floats, clusters: npt.NDArray[np.int64], rng: np.random.Generator
) -> list[Floats]:
    """The rows of each cluster; of many clusters, those of about as many in each block."""
    _, cluster = np.unique(clusters, return_inverse=True)
    many = int(cluster.max()) + 1
    block = (rng.permutation(many) * min(many, _BLOCKS) // many)[cluster]
    order = np.argsort(block, kind="stable")
    return np.split(table[order], np.flatnonzero(np.diff(block[order])) + 1)


def _shared_out(
    found: Drivers,
    scores: Floats,
    coded: Sequence[_Coded],
    clusters: npt.NDArray[np.int64],
    *,
    seed: int,
    replicates: int,
    level: float,
) -> Drivers:
    groups = _groups(coded)
    table = np.column_stack([*(driver.columns for driver in coded), scores])
    exact = len(coded) <= EXACT_DRIVERS
    share_out = shapley_shares if exact else relative_weights
    whole = _Moments.of(np.array(len(table)), table.sum(axis=0), table.T @ table)
    shares = share_out(correlations(whole.cross), groups)
    drawn, drawn_points = [], []
    for resampled in _bootstrap(table, groups, clusters, seed=seed, replicates=replicates):
        drawn.append(share_out(correlations(resampled.cross), groups))
        drawn_points.append(resampled.points(groups))
    tails = [(1 - level) / 2, (1 + level) / 2]
    bias = np.concatenate(drawn).mean(axis=0) - shares
    spread = np.quantile(np.concatenate(drawn), tails, axis=0) - 2 * bias
    around = np.quantile(np.concatenate(drawn_points), tails, axis=0)
    effects = np.vstack([whole.points(groups), around])
    drivers = [
        Driver(
            key=driver.key,
            share=float(shares[at]),
            low=float(np.clip(spread[0, at], 0.0, shares[at])),
            high=float(np.clip(spread[1, at], shares[at], 1.0)),
            effects=_effects(driver, effects[:, group]),
            overlaps=_overlaps(whole.cross, group),
        )
        for at, (driver, group) in enumerate(zip(coded, groups, strict=True))
    ]
    return replace(
        found,
        method="shapley" if exact else "relative_weights",
        r_squared=float(shares.sum()),
        drivers=tuple(sorted(drivers, key=lambda driver: (-driver.share, driver.key))),
    )


def _groups(coded: Sequence[_Coded]) -> list[list[int]]:
    ends = np.cumsum([len(driver.levels) for driver in coded]).tolist()
    starts = [0, *ends[:-1]]
    return [list(range(start, end)) for start, end in zip(starts, ends, strict=True)]


def _effects(driver: _Coded, points: Floats) -> tuple[Effect, ...]:
    """points: shape (3, levels); the effects, their low and their high ends."""
    counts = driver.columns.sum(axis=0)
    return tuple(
        Effect(level, int(n), float(at), float(min(low, at)), float(max(high, at)))
        for level, n, (at, low, high) in zip(driver.levels, counts, points.T, strict=True)
    )


def _overlaps(cross: Floats, group: Sequence[int]) -> bool:
    """Whether the other drivers leave less room to this one than it would have alone."""
    columns = correlations(cross)[:-1, :-1]
    others = [at for at in range(len(columns)) if at not in group]

    def rank(chosen: Sequence[int]) -> int:
        return int(np.linalg.matrix_rank(columns[np.ix_(chosen, chosen)], tol=COLLINEAR))

    if not others:
        return False
    return rank([*others, *group]) - rank(others) < rank(group)
