"""Weights for answers whose senders are not a fair picture of all customers.

Only for a known frame: shares of all customers by plan, region and so on. A weighted score never
stands alone: `Weighted` carries the raw one beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from surveys.intervals import Estimate, estimate, interval, moments, point_values
from surveys.scoring import checked_counts, histogram, scale

CAP = 5.0
_ROUNDS = 500
_TOLERANCE = 1e-8
_LEAST = 1e-12

Margins = Mapping[str, Mapping[str, float]]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Raking:
    """Weights, one per answer in their order, with mean 1; none above cap.

    converged: every margin is met; False where the cap forbids that, or the margins contradict
    one another in this sample. worst: the largest difference left between a weighted share and
    its margin, as a share in 0..1. capped: answers that have the largest weight allowed.
    effective_n: see `effective_n`.
    """

    weights: tuple[float, ...]
    converged: bool
    rounds: int
    worst: float
    capped: int
    effective_n: float


@dataclass(frozen=True, slots=True)
class Weighted:
    """A score as answered, and as it would be if the answers had the margins of the frame.

    weighted.n is the number of answers, as in raw; its interval is that of effective_n.
    """

    raw: Estimate
    weighted: Estimate
    effective_n: float


def effective_n(weights: Sequence[float]) -> float:
    """How many equally weighted answers say as much: (sum w)² / sum w², 0 < n_eff <= n.

    Source: Kish, Survey Sampling, 1965, section 11.7. 0.0 of nobody; ValueError for a weight
    below 0, or all 0.

    >>> effective_n([1, 1, 1, 1]), round(effective_n([5, 1, 1, 1]), 2)
    (4.0, 2.29)
    """
    values = _checked_weights(weights)
    return float(values.sum() ** 2 / (values**2).sum()) if len(values) else 0.0


def rake(
    answers: Sequence[Mapping[str, str]],
    margins: Margins,
    *,
    cap: float = CAP,
    counts: Sequence[int] | None = None,
) -> Raking:
    """Weights that give the answers the margins of the frame, by iterative proportional fitting.

    answers: the attributes of each answer; with counts, of each group of so many answers that
    have them alike (whole numbers >= 1; the result is that of the answers one by one, with one
    weight a group). margins: for each attribute the size of each group in
    the frame, as counts or shares, above 0. cap: the largest weight, in mean weights, above 1.

    1. For one attribute after the other, the weights of each group are multiplied so that its
       share is that of the frame (Deming and Stephan, Annals of Mathematical Statistics 11,
       1940).
    2. Weights above the cap are cut to it, and the mean is brought back to 1.
    3. Until no share is off by 1e-8, or for 500 rounds; `converged` says which. No weight falls
       below 1e-12: under a cap that cannot be kept some would run towards 0, and their groups
       be empty in the end.

    ValueError where no answer is there, an answer lacks the attribute or has a group that the
    frame does not know, and where a group of the frame has no answer (a zero cell: no weight
    makes up for it; merge it with another).

    >>> plans = [{"plan": "free"}] * 3 + [{"plan": "pro"}]
    >>> found = rake(plans, {"plan": {"free": 50, "pro": 50}})
    >>> [round(weight, 3) for weight in found.weights], found.converged
    ([0.667, 0.667, 0.667, 2.0], True)
    >>> together = rake(
    ...     [{"plan": "free"}, {"plan": "pro"}], {"plan": {"free": 50, "pro": 50}}, counts=[3, 1]
    ... )
    >>> [round(weight, 3) for weight in together.weights]
    [0.667, 2.0]
    """
    if not cap > 1:
        raise ValueError(f"cap: expected a number above 1, got {cap!r}")
    if not answers:
        raise ValueError("answers: expected at least one")
    sizes = _sizes(len(answers), counts)
    groups = [_groups(answers, name, frame) for name, frame in margins.items()]
    weights = np.ones(len(answers))
    worst, rounds = _worst(weights * sizes, groups), 0
    while worst > _TOLERANCE and rounds < _ROUNDS:
        for members, shares in groups:
            mass = weights * sizes
            found = np.bincount(members, weights=mass, minlength=len(shares)) / mass.sum()
            weights = np.maximum(weights * (shares / found)[members], _LEAST)
        weights = _capped(weights, cap, sizes)
        worst, rounds = _worst(weights * sizes, groups), rounds + 1
    return Raking(
        weights=tuple(weights.tolist()),
        converged=worst <= _TOLERANCE,
        rounds=rounds,
        worst=worst,
        capped=int(sizes[weights >= cap - 1e-9].sum()),
        effective_n=float((weights * sizes).sum() ** 2 / (weights**2 * sizes).sum()),
    )


def _sizes(length: int, counts: Sequence[int] | None) -> Floats:
    if counts is None:
        return np.ones(length)
    if len(counts) != length or min(counts) < 1:
        raise ValueError(f"counts: expected {length} whole numbers >= 1, got {list(counts)}")
    return np.array(counts, dtype=float)


def estimate_weighted(
    kind: str, scores: Sequence[int], weights: Sequence[float], *, level: float = 0.95
) -> Weighted:
    """The weighted score with an interval of effective_n answers, beside the raw one.

    scores, weights: one of each per answer (ValueError otherwise, and for a score outside of the
    scale). The method of `estimate` is applied to the weighted histogram scaled to effective_n
    (for proportions: Dean and Pagano, Journal of Survey Statistics and Methodology 3(4), 2015).
    With equal weights both are the same to rounding. Weights are taken as given: that they were
    estimated from the same answers is not in the interval.

    >>> found = estimate_weighted("csat", [5, 5, 5, 1], [2, 2, 2, 6])
    >>> found.raw.value, found.weighted.value, found.effective_n
    (75.0, 50.0, 3.0)
    """
    if len(scores) != len(weights):
        raise ValueError(f"weights: expected {len(scores)}, one per answer, got {len(weights)}")
    raw = estimate(kind, histogram(kind, scores), level=level)
    values = _checked_weights(weights)
    if raw.n == 0:
        return Weighted(raw=raw, weighted=raw, effective_n=0.0)
    points = scale(kind)
    table = np.bincount(np.array(scores) - points.start, weights=values, minlength=len(points))
    return _weighted(kind, raw, table.astype(float), effective_n(weights), level)


def estimate_weighted_groups(
    kind: str,
    histograms: Sequence[Sequence[int]],
    weights: Sequence[float],
    *,
    level: float = 0.95,
) -> Weighted:
    """The same of answers in groups of one weight, each with its histogram of scores.

    >>> found = estimate_weighted_groups("csat", [[0, 0, 0, 0, 3], [1, 0, 0, 0, 0]], [2, 6])
    >>> found.raw.value, found.weighted.value, found.effective_n
    (75.0, 50.0, 3.0)
    """
    if len(histograms) != len(weights):
        raise ValueError(f"weights: expected {len(histograms)}, one a group, got {len(weights)}")
    counts = np.array([checked_counts(kind, counts) for counts in histograms], dtype=float)
    raw = estimate(
        kind,
        [int(n) for n in counts.sum(axis=0)] if len(counts) else [0] * len(scale(kind)),
        level=level,
    )
    values = _checked_weights(weights)
    if raw.n == 0:
        return Weighted(raw=raw, weighted=raw, effective_n=0.0)
    sizes = counts.sum(axis=1)
    size = float((values * sizes).sum() ** 2 / (values**2 * sizes).sum())
    return _weighted(kind, raw, values @ counts, size, level)


def _weighted(kind: str, raw: Estimate, table: Floats, size: float, level: float) -> Weighted:
    """table: the weights of the answers at each point of the scale; size: effective_n."""
    points = scale(kind)
    counts = (table / table.sum() * size).tolist()
    value, _ = moments(point_values(kind), counts)
    low, high = interval(kind, counts, level=level)
    easy = sum(counts[5 - points.start :]) / size * 100 if kind == "ces" else None
    weighted = Estimate(n=raw.n, value=value, low=low, high=high, share=easy)
    return Weighted(raw=raw, weighted=weighted, effective_n=size)


def _checked_weights(weights: Sequence[float]) -> Floats:
    values = np.array(weights, dtype=float)
    if len(values) and not (np.isfinite(values).all() and (values >= 0).all() and values.any()):
        raise ValueError("weights: expected numbers >= 0, not all 0")
    return values


def _groups(
    answers: Sequence[Mapping[str, str]], name: str, frame: Mapping[str, float]
) -> tuple[npt.NDArray[np.int64], Floats]:
    """The group of each answer by number, and the share of each group in the frame."""
    if not frame or not all(size > 0 for size in frame.values()):
        raise ValueError(f"margins: expected sizes above 0 for {name}, got {dict(frame)!r}")
    number = {group: place for place, group in enumerate(frame)}
    found = {answer.get(name) for answer in answers}
    strange = sorted(str(group) for group in found if group not in number)
    if strange:
        raise ValueError(f"answers: {name} is not in the frame for {', '.join(strange)}")
    empty = [group for group in frame if group not in found]
    if empty:
        raise ValueError(f"margins: nobody answered with {name} = {', '.join(empty)}")
    members = np.array([number[answer[name]] for answer in answers])
    sizes = np.array(list(frame.values()), dtype=float)
    return members, sizes / sizes.sum()


def _worst(weights: Floats, groups: Sequence[tuple[npt.NDArray[np.int64], Floats]]) -> float:
    off = [
        np.abs(np.bincount(members, weights=weights) / weights.sum() - shares).max()
        for members, shares in groups
    ]
    return float(max(off, default=0.0))


def _capped(weights: Floats, cap: float, sizes: Floats) -> Floats:
    """Mean 1 and none above cap: what is cut off is spread over the others."""
    n = sizes.sum()
    weights = weights * n / (weights * sizes).sum()
    while weights.max() > cap * (1 + 1e-12):
        full = weights >= cap
        room = n - cap * sizes[full].sum()
        weights = np.where(full, cap, weights * room / (weights * sizes)[~full].sum())
    return weights
