"""How long customers stay, and which features those use who stay long.

Curves of survival, a comparison within strata, and a screen of features that judges usage in a
window first and counts survival after it. What is found is association, not cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Literal

import numpy as np
import numpy.typing as npt

from surveys.hazards import (
    Bools,
    Comparison,
    Floats,
    HazardRatio,
    LogRank,
    Whole,
    checked_times,
    hazard_ratio,
    log_rank,
    ratio_of,
    strata_codes,
    tested,
)
from surveys.inference import benjamini_hochberg
from surveys.intervals import quantile

__all__ = [
    "ASSOCIATED",
    "LEAST_EXPECTED",
    "LEAST_IN_GROUP",
    "Association",
    "Curve",
    "FeatureUse",
    "Group",
    "HazardRatio",
    "LogRank",
    "Median",
    "Point",
    "Screening",
    "hazard_ratio",
    "kaplan_meier",
    "log_rank",
    "median_survival",
    "screen_features",
    "survival_at",
]

LEAST_IN_GROUP = 20
LEAST_EXPECTED = 10.0  # losses of each group, if both were lost alike
ASSOCIATED = "associated_not_caused"

_ROUNDING = 1e-12  # products of fractions that are one half on paper

Reason = Literal["few_users", "few_others", "few_comparable"]


@dataclass(frozen=True, slots=True)
class Point:
    """Share still there after a day, 0..1, its interval, and how many are watched beyond it."""

    survival: float
    low: float
    high: float
    at_risk: int


@dataclass(frozen=True, slots=True)
class Curve:
    """A Kaplan-Meier curve: one entry per day on which somebody left or was last seen, ascending.

    days: since the origin. at_risk: still there, and watched, just before. lost: left on that day.
    survival, low, high: share still there after that day, 0..1. n: customers in all. level: of
    low and high.
    """

    n: int
    level: float
    days: tuple[float, ...]
    at_risk: tuple[int, ...]
    lost: tuple[int, ...]
    survival: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Median:
    """The day by which half have left, with its interval; None where it was not reached yet."""

    value: float | None
    low: float | None
    high: float | None


def kaplan_meier(
    days: Sequence[float] | Floats,
    lost: Sequence[bool] | Bools,
    *,
    entered: Sequence[float] | Floats | None = None,
    level: float = 0.95,
) -> Curve:
    """The product-limit estimate of survival with log-log intervals.

    days: shape (n,), each above 0: until the loss or, where lost is False, until last seen.
    entered: the day from which on each one was watched, below its day (left truncation: who
    left before watching began is unknown, so who was watched late is at risk only from then on);
    None: all from day 0. level: confidence in 0..1, exclusive. ValueError otherwise. Of nobody
    the curve is empty.

    S = product of (1 - lost / at risk) (Kaplan and Meier, JASA 53, 1958); variance of Greenwood;
    interval S^exp(± z se / log S) (Kalbfleisch and Prentice, The Statistical Analysis of Failure
    Time Data, 1980). Two cases it leaves open: before the first loss low is that of no loss among
    those at risk (Clopper and Pearson, Biometrika 26, 1934); where S is 0 low is 0 and high that
    of the day before, as S only falls. With late entries few may be at risk in the beginning, and
    the loss of the only one ends the curve: read it from where at_risk is large.

    >>> curve = kaplan_meier([30, 60, 60, 90], [True, True, False, False])
    >>> curve.days, curve.at_risk, [round(each, 3) for each in curve.survival]
    ((30.0, 60.0, 90.0), (4, 3, 1), [0.75, 0.5, 0.5])
    """
    ends, events = checked_times(days, lost)
    starts = np.zeros(len(ends)) if entered is None else np.asarray(entered, dtype=float)
    if starts.shape != ends.shape or not (starts < ends).all():
        raise ValueError("entered: expected one day per customer, before the last day")
    z = quantile(level)
    at, place = np.unique(ends, return_inverse=True)
    gone = np.bincount(place, weights=events, minlength=len(at)).astype(np.int64)
    at_risk = np.searchsorted(np.sort(starts), at) - np.searchsorted(np.sort(ends), at)
    survival = np.cumprod(1 - gone / at_risk)
    low, high = _log_log(survival, at_risk, gone, z)
    unscathed = np.cumsum(gone) == 0
    low[unscathed] = ((1 - level) / 2) ** (1 / at_risk[unscathed])
    return Curve(
        n=len(ends),
        level=level,
        days=tuple(at.tolist()),
        at_risk=tuple(at_risk.tolist()),
        lost=tuple(gone.tolist()),
        survival=tuple(survival.tolist()),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
    )


def survival_at(curve: Curve, day: float) -> Point | None:
    """The share still there after a day, read from the curve; None of an empty one.

    at_risk: just before the next day on which somebody left or was last seen; with none beyond
    the day the curve does not reach so far, and its last share is too good or too bad.

    >>> curve = kaplan_meier([30, 60, 60, 90], [True, True, False, False])
    >>> survival_at(curve, 45).survival, survival_at(curve, 45).at_risk
    (0.75, 3)
    >>> round(survival_at(curve, 10).low, 3), survival_at(curve, 100).at_risk
    (0.398, 0)
    """
    if not curve.days:
        return None
    place = int(np.searchsorted(curve.days, day, side="right"))
    at_risk = curve.at_risk[place] if place < len(curve.days) else 0
    if place == 0:
        return Point(1.0, ((1 - curve.level) / 2) ** (1 / at_risk), 1.0, at_risk)
    return Point(curve.survival[place - 1], curve.low[place - 1], curve.high[place - 1], at_risk)


def median_survival(curve: Curve) -> Median:
    """The first day after which at most half are still there.

    Its interval: the days on which the interval of the curve contains one half (Brookmeyer and
    Crowley, Biometrics 38, 1982).

    >>> median_survival(kaplan_meier([10, 20, 30, 40], [True] * 4)).value
    20.0
    >>> median_survival(kaplan_meier([10, 20, 30], [True, False, False]))
    Median(value=None, low=10.0, high=None)
    """

    def first(shares: Sequence[float]) -> float | None:
        below = (day for day, share in zip(curve.days, shares, strict=True) if share <= half)
        return next(below, None)

    half = 0.5 + _ROUNDING
    return Median(first(curve.survival), first(curve.low), first(curve.high))


# --- which features ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FeatureUse:
    """first_used: shape (n,), days from the origin to the first use, NaN for never (so far).

    could_use: shape (n,), who could have used it in time; only they are compared, as who was there
    before there was such a feature is not "without" it. None: all.
    """

    key: str
    first_used: Floats
    could_use: Bools | None = None

    def among(self, here: Bools) -> Bools:
        """Who is compared of those that are there."""
        return here if self.could_use is None else here & self.could_use


@dataclass(frozen=True, slots=True)
class Group:
    """Customers on one side of a comparison; curve and median in days since the landmark."""

    n: int
    lost: int
    curve: Curve
    median: Median


@dataclass(frozen=True, slots=True)
class Association:
    """A feature and how long those stay who used it in the window, beside the others.

    log_rank, hazard_ratio: within strata; None, with a reason, where there is too little to
    compare: few users, few others, or few losses expected where both are in one stratum.
    differs: after false-discovery control over the screen. The curves are of all users and all
    others, strata mixed: where plan or tenure decides, they show that as well.
    """

    key: str
    users: Group
    others: Group
    log_rank: LogRank | None
    hazard_ratio: HazardRatio | None
    differs: bool | None
    reason: Reason | None

    @property
    def p_value(self) -> float | None:
        """Of users and others being lost alike: the test that belongs to the interval."""
        return self.hazard_ratio.p_value if self.hazard_ratio else None


@dataclass(frozen=True, slots=True)
class Screening:
    """Features, the surest first; those not compared last.

    n: customers that were still there, and watched, at the landmark. lost_before, too_new: left,
    or not yet watched so long; they are not compared. strata: how many have customers. caveats:
    codes for the reader's language; always ASSOCIATED, as who stays may use more, not stay
    because of it.
    """

    landmark_days: float
    n: int
    lost_before: int
    too_new: int
    strata: int
    associations: tuple[Association, ...]
    caveats: tuple[str, ...] = (ASSOCIATED,)


def screen_features(
    days: Sequence[float] | Floats,
    lost: Sequence[bool] | Bools,
    features: Sequence[FeatureUse],
    *,
    landmark_days: float,
    strata: Sequence[npt.ArrayLike] = (),
    q: float = 0.05,
    level: float = 0.95,
) -> Screening:
    """Which features do customers use who stay long?

    days, lost: shape (n,), from an origin (start of the subscription, or the day from which
    usage is known) to the loss or to the day last seen. strata: as in `log_rank`; with an origin
    other than the start, hand over the tenure band at the origin. ValueError for other shapes, a
    key given twice, a use before the origin or a landmark of 0 or less.

    1. Who left or is not watched beyond the landmark is not compared. Who leaves early had no
       time to use much, so that "ever used" goes with long life whatever the feature does
       (immortal time: Suissa, American Journal of Epidemiology 167, 2008).
    2. A user is who used the feature before the landmark; what comes later is not looked at
       (Anderson, Cain, Gelber, Journal of Clinical Oncology 1, 1983).
    3. Fewer than 20 users or others, or fewer than 10 losses expected of either within strata:
       not compared.
    4. Log-rank test and hazard ratio within strata, from the landmark on.
    5. Benjamini and Hochberg over the features compared, at q, by the test of the hazard ratio:
       the log-rank test finds too much where users are few beside the others (measured:
       docs/statistics.md).

    >>> rng = np.random.default_rng(1)
    >>> uses = np.where(rng.random(600) < 0.5, 10.0, np.nan)
    >>> ends = rng.exponential(np.where(np.isnan(uses), 200, 400))
    >>> feature = FeatureUse("reports", uses)
    >>> found = screen_features(ends.clip(max=365), ends < 365, [feature], landmark_days=30)
    >>> [(each.key, each.differs, each.hazard_ratio.high < 1) for each in found.associations]
    [('reports', True, True)]
    >>> found.caveats
    ('associated_not_caused',)
    """
    ends, events = checked_times(days, lost)
    _check_screen(len(ends), features, landmark_days)
    quantile(level)
    here = ends > landmark_days
    codes = strata_codes(strata, len(ends))
    compared = [
        _associated(feature, ends, events, here, codes, landmark_days, level)
        for feature in features
    ]
    verdicts = benjamini_hochberg([each.p_value for each in compared], q=q)
    judged = [
        replace(each, differs=differs) for each, differs in zip(compared, verdicts, strict=True)
    ]
    return Screening(
        landmark_days=landmark_days,
        n=int(here.sum()),
        lost_before=int((events & ~here).sum()),
        too_new=int((~events & ~here).sum()),
        strata=len(np.unique(codes[here])),
        associations=tuple(sorted(judged, key=_surest_first)),
    )


def _surest_first(found: Association) -> tuple[float, str]:
    return (inf if found.p_value is None else found.p_value, found.key)


def _associated(
    feature: FeatureUse,
    ends: Floats,
    events: Bools,
    here: Bools,
    codes: Whole,
    landmark_days: float,
    level: float,
) -> Association:
    chosen = feature.among(here)
    used = feature.first_used[chosen] < landmark_days  # NaN is not
    since, lost = ends[chosen] - landmark_days, events[chosen]
    users, others = (_group(since[side], lost[side], level=level) for side in (used, ~used))
    comparison = Comparison.of(since, lost, used, codes[chosen])
    reason = _too_little(users.n, others.n, comparison)
    return Association(
        key=feature.key,
        users=users,
        others=others,
        log_rank=None if reason else tested(comparison),
        hazard_ratio=None if reason else ratio_of(comparison, level),
        differs=None,
        reason=reason,
    )


def _group(days: Floats, events: Bools, *, level: float) -> Group:
    curve = kaplan_meier(days, events, level=level)
    return Group(len(days), int(events.sum()), curve, median_survival(curve))


def _too_little(users: int, others: int, comparison: Comparison) -> Reason | None:
    if users < LEAST_IN_GROUP:
        return "few_users"
    if others < LEAST_IN_GROUP:
        return "few_others"
    share = comparison.in_group / comparison.at_risk
    expected = float((comparison.lost * share).sum()), float((comparison.lost * (1 - share)).sum())
    return "few_comparable" if min(expected) < LEAST_EXPECTED else None


def _log_log(survival: Floats, at_risk: Whole, gone: Whole, z: float) -> tuple[Floats, Floats]:
    """The ends of the interval where 0 < S < 1; elsewhere 0 and 1, or 0 and what came before."""
    low, high = np.zeros(len(survival)), np.ones(len(survival))
    between = (survival > 0) & (survival < 1)
    steps = np.zeros(len(survival))
    left = at_risk > gone
    steps[left] = gone[left] / (at_risk[left] * (at_risk[left] - gone[left]))
    logs = np.log(survival[between])
    spread = z * np.sqrt(np.cumsum(steps)[between]) / -logs
    low[between] = np.exp(logs * np.exp(spread))
    high[between] = np.exp(logs * np.exp(-spread))
    if between.any():
        high[survival == 0] = high[between][-1]
    return low, high


def _check_screen(n: int, features: Sequence[FeatureUse], landmark_days: float) -> None:
    if not landmark_days > 0:
        raise ValueError(f"landmark_days: expected a number above 0, got {landmark_days!r}")
    if len({feature.key for feature in features}) < len(features):
        raise ValueError("features: expected every key once")
    for feature in features:
        if feature.first_used.shape != (n,):
            raise ValueError(f"{feature.key}: expected {n} days of first use")
        if feature.could_use is not None and feature.could_use.shape != (n,):
            raise ValueError(f"{feature.key}: expected {n} of could and could not")
        if (feature.first_used < 0).any():
            raise ValueError(f"{feature.key}: expected days of first use from 0 on, or NaN")
