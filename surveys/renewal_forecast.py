"""What coming renewals will keep, with an interval, and how true such forecasts were.

Amounts are minor units of one currency. Accounts decide independently of one another once the
rate of their group is known; that it is not known moves all accounts of a group together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import betaincinv, ndtr

from surveys.ratios import Figure, share
from surveys.renewals import CATEGORIES, Category, Chance, Outcome

Floats = npt.NDArray[np.float64]

EXACT_UP_TO = 250  # renewals of a group
_STEPS, _MARGIN = 2048, 512  # into so many steps the whole amount is cut, and room around
_REACHED = 9  # standard deviations; beyond is less than what floats tell apart from nothing
# Between these quantiles a group's rate is taken as one value, closer together at the ends.
_PARTS = np.array([0, 0.5, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98, 99.5, 100]) / 100
# Fewer past renewals tell nothing of whether chances mean what they say.
ENOUGH_DECIDED = 20


class Stakes(NamedTuple):
    """Renewals of one group that come: their chance, and what is at stake in each a month."""

    chance: Chance
    amounts: Sequence[int]


@dataclass(frozen=True, slots=True)
class Forecast:
    """n renewals, what they pay now, and what of it is expected to be kept, in minor units.

    low, high: where what is kept lies at this level; equal to expected where nothing is at stake.
    """

    n: int
    total_minor: int
    expected_minor: int
    low_minor: int
    high_minor: int


def forecast(groups: Iterable[Stakes], *, level: float = 0.95) -> Forecast:
    """What is kept of these renewals of one currency; of each group, which has a rate of its own.

    1. Expected: the sum of amounts times chances.
    2. The distribution: for each group that of a sum of independent amounts given its rate
       (Poisson binomial: Hong, Computational Statistics & Data Analysis 59, 2013) on a grid, with
       one renewal after the other, averaged over the Beta distribution of the rate; of a group of
       more than EXACT_UP_TO the sum given its rate is taken as normal. The groups are added up by
       their Fourier transforms. The interval has equal tails.

    Nothing is drawn at random: the same renewals give the same numbers.

    >>> sure = Chance(0.9, 0.8, 0.95, 90, 90, 90.0, 10.0)
    >>> found = forecast([Stakes(sure, [1_000, 9_000])])
    >>> found.expected_minor, round(found.low_minor, -2), found.high_minor
    (9000, 1000, 10000)
    >>> forecast([])
    Forecast(n=0, total_minor=0, expected_minor=0, low_minor=0, high_minor=0)
    """
    if not 0 < level < 1:
        raise ValueError(f"level: expected a number between 0 and 1, got {level!r}")
    groups = [each for each in groups if each.amounts]
    if least := [min(each.amounts) for each in groups if min(each.amounts) < 0]:
        raise ValueError(f"amounts: expected numbers >= 0, got {least[0]}")
    n = sum(len(each.amounts) for each in groups)
    sums = [sum(each.amounts) for each in groups]
    total = sum(sums)
    if not total:
        return Forecast(n, 0, 0, 0, 0)
    # Exact, so that half a unit is rounded alike in whichever order the groups come.
    expected = sum(
        own * Fraction(each.chance.value) for own, each in zip(sums, groups, strict=True)
    )
    low, high = _limits(groups, total, float(expected), (1 - level) / 2)
    return Forecast(
        n=n,
        total_minor=total,
        expected_minor=round(expected),
        low_minor=round(max(0, min(low, expected))),
        high_minor=round(min(total, max(high, expected))),
    )


def _limits(
    groups: Sequence[Stakes], total: int, expected: float, tail: float
) -> tuple[float, float]:
    """Limits by the distribution on a grid; what rounding to its steps moved is put right."""
    step = total / _STEPS
    small = sum(len(each.amounts) for each in groups if len(each.amounts) <= EXACT_UP_TO)
    # Rounded up by half a step each at most; what is normal may lie a little outside.
    length = next_fast_len(_STEPS + small + 2 * _MARGIN, real=True)
    transformed = np.ones(length // 2 + 1, complex)
    for chance, amounts in groups:
        transformed *= rfft(_masses(chance, np.asarray(amounts, float) / step, length))
    mass = np.roll(irfft(transformed, length), _MARGIN)
    places = np.arange(length) - _MARGIN
    mean = float(places @ mass) * step
    # A hair below, as sums of floats of a certain outcome may miss 1.
    found = np.searchsorted(np.cumsum(mass), (tail - 1e-9, 1 - tail - 1e-9))
    low, high = places[found] * step + (expected - mean)
    return float(low), float(high)


def _masses(chance: Chance, amounts: Floats, length: int) -> Floats:
    """The distribution of the sum of a group, in steps: the mean over its rates of that at each
    rate. Shape (length,); what is below nothing stands at the end."""
    weights = np.diff(_PARTS)
    middles = betaincinv(chance.renewed_weight, chance.lost_weight, _PARTS[:-1] + weights / 2)
    # The middles lie a little inside: their mean is made that of the distribution.
    rates = np.clip(middles + chance.value - weights @ middles, 0.0, 1.0)[:, None]
    if len(amounts) > EXACT_UP_TO:
        return _normal(rates, weights, amounts, length)
    mean: Floats = weights @ _exact(rates, np.rint(amounts).astype(int), length)
    return mean


def _exact(rates: Floats, amounts: npt.NDArray[np.int_], length: int) -> Floats:
    """Given each rate, shape (rates, length); small amounts first, as the sums are short then."""
    found = np.zeros((len(rates), length))
    found[:, 0] = 1.0
    reached = 1
    for amount in np.sort(amounts):
        kept = found[:, :reached] * rates
        found[:, :reached] -= kept
        found[:, amount : amount + reached] += kept
        reached += amount
    return found


def _normal(rates: Floats, weights: Floats, amounts: Floats, length: int) -> Floats:
    """The same of many, as their mean, over the steps that any of them reaches; what is certain is
    a normal so narrow that it lies in one step."""
    means = rates * amounts.sum()
    spread = np.sqrt(rates * (1 - rates) * (amounts**2).sum()).clip(1e-9)
    first = max(-_MARGIN, floor((means - _REACHED * spread).min()))
    last = min(length - _MARGIN - 1, ceil((means + _REACHED * spread).max()))
    edges = np.arange(first, last + 2) - 0.5
    found = np.zeros(length)
    found[np.arange(first, last + 1)] = np.diff(weights @ ndtr((edges - means) / spread))
    return found


# --- how true it was ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recorded:
    """Forecasts as they were recorded before, alike in category and in what happened; outcome
    None: nothing told.

    n: how many; said: the sum of their chances, said_squared of the squares of these; expected:
    of chance times amount; kept_minor: of what was kept.
    """

    category: Category
    outcome: Outcome | None
    n: int
    said: float
    said_squared: float
    expected: float = 0.0
    kept_minor: int = 0


@dataclass(frozen=True, slots=True)
class Calibration:
    """Of forecasts of one category: what was said on average, and the share that renewed."""

    category: Category
    said: float | None
    renewed: Figure


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How true recorded forecasts of one currency, or of all (amounts 0), were.

    decided, open: how many; said, renewed: the mean chance and the share that renewed. brier: the
    mean of (chance - outcome)², 0 at best; brier_of_rate: that of saying the share that renewed
    of all of them, which nobody knew beforehand. expected_minor, kept_minor: of the decided;
    bias: their quotient less 1, above 0 where too much was expected; None where nothing was kept.
    """

    decided: int
    open: int
    said: float | None
    renewed: Figure
    brier: float | None
    brier_of_rate: float | None
    expected_minor: int
    kept_minor: int
    bias: float | None
    by_category: tuple[Calibration, ...]

    @property
    def is_enough(self) -> bool:
        """Whether it can be told from them how true forecasts are."""
        return self.decided >= ENOUGH_DECIDED


def accuracy(rows: Sequence[Recorded], *, level: float = 0.95) -> Accuracy:
    """Recorded forecasts against what happened; open ones are counted and no more.

    Score: Brier, Monthly Weather Review 78(1), 1950. Shares with Wilson's interval.

    >>> found = accuracy([Recorded("commit", "renewed", 1, 0.9, 0.81, 90, 100),
    ...                   Recorded("risk", "lost", 1, 0.6, 0.36, 30),
    ...                   Recorded("likely", None, 1, 0.8, 0.64, 56)])
    >>> found.decided, found.open, round(found.brier, 3), found.expected_minor, found.kept_minor
    (2, 1, 0.185, 120, 100)
    """
    decided = [row for row in rows if row.outcome is not None]
    by_category: dict[Category, list[Recorded]] = defaultdict(list)
    for row in decided:
        by_category[row.category].append(row)
    n, renewed = _count(decided), _renewed(decided, level)
    expected = sum(row.expected for row in decided)
    kept = sum(row.kept_minor for row in decided)
    rate = renewed.value
    return Accuracy(
        decided=n,
        open=_count(rows) - n,
        said=_said(decided),
        renewed=renewed,
        brier=sum(_squares(row) for row in decided) / n if n else None,
        brier_of_rate=None if rate is None else rate * (1 - rate),
        expected_minor=round(expected),
        kept_minor=kept,
        bias=expected / kept - 1 if kept else None,
        by_category=tuple(
            Calibration(each, _said(by_category[each]), _renewed(by_category[each], level))
            for each in reversed(CATEGORIES)
        ),
    )


def _count(rows: Iterable[Recorded]) -> int:
    return sum(row.n for row in rows)


def _squares(row: Recorded) -> float:
    """The sum of (chance - outcome)², which is 1 of what renewed and 0 of what did not."""
    return row.said_squared - 2 * row.said + row.n if row.outcome == "renewed" else row.said_squared


def _renewed(rows: Sequence[Recorded], level: float) -> Figure:
    came = _count(row for row in rows if row.outcome == "renewed")
    return share(came, _count(rows), level=level)


def _said(rows: Sequence[Recorded]) -> float | None:
    n = _count(rows)
    return sum(row.said for row in rows) / n if n else None
