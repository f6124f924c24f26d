"""How well a number tells those to whom something happens from the others: AUC, and how sure.

Rows of one account resemble one another, so the interval counts accounts and not rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
import numpy.typing as npt

from surveys.intervals import interval, quantile
from surveys.ranks import average_ranks

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Auc:
    """value: chance that a row with the event has the higher risk than one without, ties half.

    low, high: 0..1. 0.5 is no better than a coin.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class AucDifference:
    """AUC of the first risk less that of the second, on the same rows, with its interval."""

    value: float
    low: float
    high: float


def auc(risk: Floats, events: Flags, clusters: Numbers, *, level: float = 0.95) -> Auc:
    """The area under the ROC curve with an interval.

    risk: shape (n,), finite, higher for those to whom the event is expected to happen. events:
    shape (n,), at least one of each kind. clusters: shape (n,), equal numbers for rows of one
    account. level: confidence in 0..1, exclusive. ValueError otherwise.

    1. The placement of a row is the share of rows of the other kind that it is on the right side
       of; the AUC is their mean. By ranks: Sun and Xu, IEEE Signal Processing Letters 21(11),
       2014.
    2. Its variance is that of the sums of placements over clusters (Obuchowski, Biometrics
       53(2), 1997); with one row a cluster it is that of DeLong, DeLong and Clarke-Pearson
       (Biometrics 44(3), 1988).
    3. The interval is symmetric in the logit of the AUC, so that it stays within 0..1 and holds
       near the ends (Pepe, The Statistical Evaluation of Medical Tests, 2003, section 5.2),
       with Student's t of the kind of which there are fewer clusters, less one degree.
    4. Where the risk tells all rows apart without an error the variance says nothing: the
       interval is then Wilson's of as many successes as there are clusters of the rarer kind.

    >>> risk = np.array([0.9, 0.8, 0.4, 0.7, 0.3, 0.2, 0.1])
    >>> found = auc(risk, np.array([True] * 3 + [False] * 4), np.arange(7))
    >>> round(found.value, 3), round(found.low, 2), round(found.high, 2)
    (0.917, 0.01, 1.0)
    """
    placed = _Placed.of(risk, events, clusters)
    value, degrees = placed.value, placed.rarer - 1
    if value in (0.0, 1.0):
        histogram = [0.0, 0.0, 0.0, 0.0, float(placed.rarer)]
        bound = interval("csat", histogram, level=level)[0] / 100
        return Auc(value, bound, 1.0) if value else Auc(value, 0.0, 1 - bound)
    if degrees < 1:
        return Auc(value, 0.0, 1.0)
    centre = log(value / (1 - value))
    error = sqrt(placed.variance) / (value * (1 - value))
    half = quantile(level, degrees=degrees) * error
    return Auc(value, _from_logit(centre - half), _from_logit(centre + half))


def auc_difference(
    risk: Floats, other: Floats, events: Flags, clusters: Numbers, *, level: float = 0.95
) -> AucDifference:
    """AUC of `risk` less that of `other`, both on the same rows; arguments as in `auc`.

    The variance is that of the differences of placements, cluster by cluster, so that what both
    have in common is not counted (Obuchowski 1997; DeLong and others 1988). Student's t as in
    `auc`, clipped to -1..1; -1..1 where there is one cluster of a kind.

    >>> risk, events = np.arange(10.0), np.arange(10) >= 5
    >>> auc_difference(risk, -risk, events, np.arange(10)).value
    1.0
    >>> auc_difference(risk, risk, events, np.arange(10))
    AucDifference(value=0.0, low=0.0, high=0.0)
    """
    first, second = (_Placed.of(each, events, clusters) for each in (risk, other))
    value = first.value - second.value
    if first.rarer < 2:
        return AucDifference(value, -1.0, 1.0)
    half = quantile(level, degrees=first.rarer - 1) * sqrt(first.less(second).variance)
    return AucDifference(value, max(-1.0, value - half), min(1.0, value + half))


@dataclass(frozen=True, slots=True)
class _Placed:
    """An AUC, and by how much the rows of each cluster draw it up: shape (clusters,) each."""

    value: float
    from_events: Floats  # sums over the cluster's rows with the event, of placement less AUC
    from_others: Floats
    with_events: int  # clusters that have such rows
    with_others: int

    @classmethod
    def of(cls, risk: Floats, events: Flags, clusters: Numbers) -> _Placed:
        _check(risk, events, clusters)
        with_event, without = risk[events], risk[~events]
        m, n = len(with_event), len(without)
        ranks = average_ranks(risk)
        placed_events = (ranks[events] - average_ranks(with_event)) / n
        placed_others = 1 - (ranks[~events] - average_ranks(without)) / m
        value = float(placed_events.mean())
        _, number = np.unique(clusters, return_inverse=True)
        many = int(number.max()) + 1
        counted = [np.bincount(number[side], minlength=many) for side in (events, ~events)]
        return cls(
            value,
            np.bincount(number[events], placed_events - value, many) / m,
            np.bincount(number[~events], placed_others - value, many) / n,
            int((counted[0] > 0).sum()),
            int((counted[1] > 0).sum()),
        )

    @property
    def rarer(self) -> int:
        return min(self.with_events, self.with_others)

    @property
    def variance(self) -> float:
        """Obuchowski's, each of its three sums with its own correction for few clusters."""
        total = len(self.from_events)
        return float(
            max(
                0.0,
                _corrected(self.with_events) * (self.from_events**2).sum()
                + _corrected(self.with_others) * (self.from_others**2).sum()
                + 2 * _corrected(total) * (self.from_events * self.from_others).sum(),
            )
        )

    def less(self, other: _Placed) -> _Placed:
        return _Placed(
            self.value - other.value,
            self.from_events - other.from_events,
            self.from_others - other.from_others,
            self.with_events,
            self.with_others,
        )


def _corrected(clusters: int) -> float:
    return clusters / (clusters - 1) if clusters > 1 else 1.0


def _from_logit(number: float) -> float:
    return 1 / (1 + exp(-number)) if number > -700 else 0.0


def _check(risk: Floats, events: Flags, clusters: Numbers) -> None:
    if risk.ndim != 1 or not np.isfinite(risk).all():
        raise ValueError("risk: expected one finite number per row")
    if events.shape != risk.shape or clusters.shape != risk.shape:
        raise ValueError(f"events, clusters: expected {len(risk)} of each")
    if events.all() or not events.any():
        raise ValueError("events: expected rows with and without the event")
