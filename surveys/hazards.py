"""Whether one group is lost sooner than the others of the same stratum, and how much sooner.

The log-rank test and the hazard ratio, both from one table: who was there, and who left, on each
day of a loss. Curves and the screen of features: `surveys.survival`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, inf, isfinite

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, expit

from surveys.intervals import quantile

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LogRank:
    """Losses of the group, as many as expected if both were lost alike, and the test of that.

    Counted on days on which both groups were there. p_value: None where nothing is left to chance:
    nobody, or everybody at once, left on those days.
    """

    observed: int
    expected: float
    variance: float
    p_value: float | None


@dataclass(frozen=True, slots=True)
class HazardRatio:
    """How often the group is lost for each loss of the others; below 1 it stays longer.

    value, low, high: 0..inf; 0 or inf where only one of the groups had losses. p_value: of a
    ratio of 1; it is below 1 - level just where the interval leaves 1 out.
    """

    value: float
    low: float
    high: float
    p_value: float


def log_rank(
    days: Sequence[float] | Floats,
    lost: Sequence[bool] | Bools,
    group: Sequence[bool] | Bools,
    *,
    strata: Sequence[npt.ArrayLike] = (),
) -> LogRank:
    """Is the group lost as often as the others of the same stratum?

    days, lost: as in `kaplan_meier`. group: shape (n,). strata: any number of columns of shape
    (n,), crossed, such as plan and tenure band; only customers of one stratum are compared.
    ValueError for other shapes. On each day of loss the losses of the group are hypergeometric if
    both groups are lost alike; the sums over days and strata are compared with chi-squared, one
    degree of freedom (Mantel, Cancer Chemotherapy Reports 50, 1966; Peto and Peto, JRSS A 135,
    1972).

    >>> found = log_rank([1, 2, 3, 4], [True] * 4, [True, True, False, False])
    >>> found.observed, round(found.expected, 3), round(found.p_value, 3)
    (2, 0.833, 0.09)
    """
    return tested(_comparison(days, lost, group, strata_codes(strata, len(days))))


def hazard_ratio(
    days: Sequence[float] | Floats,
    lost: Sequence[bool] | Bools,
    group: Sequence[bool] | Bools,
    *,
    strata: Sequence[npt.ArrayLike] = (),
    level: float = 0.95,
) -> HazardRatio | None:
    """The hazard of the group over that of the others, within strata; arguments of `log_rank`.

    None where nobody left while both groups were there. The maximum of Cox's partial likelihood
    (JRSS B 34, 1972) for this one factor, ties after Efron (JASA 72, 1977); its first step from
    1 is Peto's estimate, which is biased far from 1. The interval holds the ratios that the
    likelihood ratio does not reject, so that a group without a loss has one, too. Its test is the
    likelihood ratio's: the log-rank test is the score test of the same likelihood, close to it
    where many are lost of both, and too ready to find something where the group is small beside
    the others. Where hazards are not proportional the ratio is an average over the time watched.

    >>> days = [5, 8, 9, 12, 20, 22, 30, 31]
    >>> found = hazard_ratio(days, [True] * 8, [False] * 4 + [True] * 4)
    >>> found.value, found.low, found.high < 1
    (0.0, 0.0, True)
    """
    quantile(level)
    return ratio_of(_comparison(days, lost, group, strata_codes(strata, len(days))), level)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One entry per stratum and day with a loss while both groups were there; shape (m,) each."""

    at_risk: Whole
    in_group: Whole  # of those at risk
    lost: Whole
    lost_in_group: Whole

    @classmethod
    def of(cls, days: Floats, events: Bools, group: Bools, codes: Whole) -> Comparison:
        """Count from one row per customer; codes: the stratum of each (`strata_codes`)."""
        order = np.lexsort((days, codes))
        days, events, group, codes = days[order], events[order], group[order], codes[order]
        anew = np.ones(len(days), dtype=bool)
        anew[1:] = (np.diff(days) != 0) | (np.diff(codes) != 0)
        first = np.flatnonzero(anew)
        end = np.searchsorted(codes, codes[first], side="right")
        before = [
            np.concatenate([[0], np.cumsum(each)]) for each in (group, events, events & group)
        ]
        last = np.append(first[1:], len(days))
        at_risk, in_group = end - first, before[0][end] - before[0][first]
        lost, lost_in_group = (each[last] - each[first] for each in before[1:])
        kept = (lost > 0) & (in_group > 0) & (in_group < at_risk)
        return cls(at_risk[kept], in_group[kept], lost[kept], lost_in_group[kept])


def _comparison(
    days: Sequence[float] | Floats,
    lost: Sequence[bool] | Bools,
    group: Sequence[bool] | Bools,
    codes: Whole,
) -> Comparison:
    ends, events = checked_times(days, lost)
    members = np.asarray(group, dtype=bool)
    if members.shape != ends.shape:
        raise ValueError(f"group: expected {len(ends)} of true and false")
    return Comparison.of(ends, events, members, codes)


def tested(found: Comparison) -> LogRank:
    """The log-rank test of a table; see `log_rank`."""
    share = found.in_group / found.at_risk
    observed, expected = int(found.lost_in_group.sum()), float((found.lost * share).sum())
    finite = (found.at_risk - found.lost) / (found.at_risk - 1)
    variance = float((found.lost * share * (1 - share) * finite).sum())
    p_value = float(chdtrc(1, (observed - expected) ** 2 / variance)) if variance > 0 else None
    return LogRank(observed, expected, variance, p_value)


def ratio_of(found: Comparison, level: float) -> HazardRatio | None:
    """The hazard ratio of a table; see `hazard_ratio`."""
    likelihood = _Likelihood.of(found)
    if not likelihood.total:
        return None
    best = likelihood.best()
    most = likelihood.at(best)
    least = most - quantile(level) ** 2 / 2

    def inside(log_ratio: float) -> float:
        return likelihood.at(log_ratio) - least

    low = -inf if best == -inf else _root(inside, _inner(best, inside, -1.0), -1.0)
    high = inf if best == inf else _root(inside, _inner(best, inside, 1.0), 1.0)
    p_value = float(chdtrc(1, 2 * max(0.0, most - likelihood.at(0.0))))
    return HazardRatio(_exp(best), _exp(low), _exp(high), p_value)


@dataclass(frozen=True, slots=True)
class _Likelihood:
    """Cox's partial likelihood of one factor: per loss, how many of each group might have gone.

    log_group, log_others: logarithms of those numbers, shape (total,). of_group: losses of it.
    """

    log_group: Floats
    log_others: Floats
    of_group: int

    @classmethod
    def of(cls, found: Comparison) -> _Likelihood:
        place = np.repeat(np.arange(len(found.lost)), found.lost)
        start = np.cumsum(found.lost) - found.lost
        # Efron: of d lost on one day the k-th goes when k/d of each has gone.
        gone = (np.arange(len(place)) - start[place]) / found.lost[place]
        lost_others = found.lost - found.lost_in_group
        others = found.at_risk - found.in_group
        return cls(
            log_group=np.log(found.in_group[place] - gone * found.lost_in_group[place]),
            log_others=np.log(others[place] - gone * lost_others[place]),
            of_group=int(found.lost_in_group.sum()),
        )

    @property
    def total(self) -> int:
        return len(self.log_group)

    def at(self, log_ratio: float) -> float:
        if log_ratio == -inf:
            return -float(self.log_others.sum())
        if log_ratio == inf:
            return -float(self.log_group.sum())
        chances = np.logaddexp(self.log_group + log_ratio, self.log_others)
        return float(self.of_group * log_ratio - chances.sum())

    def slope(self, log_ratio: float) -> float:
        return float(self.of_group - expit(self.log_group + log_ratio - self.log_others).sum())

    def best(self) -> float:
        if self.of_group in (0, self.total):
            return inf if self.of_group else -inf
        return _root(self.slope, 0.0, 1.0 if self.slope(0.0) >= 0 else -1.0)


def _inner(best: float, inside: Callable[[float], float], towards: float) -> float:
    """A log ratio within the interval: the best one, or one near enough to infinity."""
    if isfinite(best):
        return best
    start = 0.0
    while inside(start) < 0:
        start -= towards * max(1.0, abs(start))
    return start


def _root(function: Callable[[float], float], start: float, towards: float) -> float:
    """Where a function is 0 whose sign changes once from start on in this direction."""
    sign = function(start) >= 0
    step = towards
    while (function(start + step) >= 0) == sign:
        step *= 2
    from scipy.optimize import brentq  # only where a root is looked for: it is large

    return float(brentq(function, start, start + step, xtol=1e-10))


def _exp(log_ratio: float) -> float:
    return exp(log_ratio) if log_ratio < 700 else inf


def checked_times(
    days: Sequence[float] | Floats, lost: Sequence[bool] | Bools
) -> tuple[Floats, Bools]:
    """days and lost as arrays; ValueError unless finite, above 0 and of one shape (n,)."""
    ends = np.asarray(days, dtype=float)
    events = np.asarray(lost, dtype=bool)
    if ends.ndim != 1 or not np.isfinite(ends).all() or not (ends > 0).all():
        raise ValueError("days: expected one finite number above 0 per customer")
    if events.shape != ends.shape:
        raise ValueError(f"lost: expected {len(ends)} of true and false")
    return ends, events


def strata_codes(strata: Sequence[npt.ArrayLike], n: int) -> Whole:
    """One number per combination of the columns, shape (n,); ValueError for other shapes."""
    codes = np.zeros(n, dtype=np.int64)
    for column in strata:
        values = np.asarray(column)
        if values.shape != (n,):
            raise ValueError(f"strata: expected columns of {n} values")
        found, place = np.unique(values, return_inverse=True)
        _, codes = np.unique(codes * len(found) + place, return_inverse=True)
    return codes
