"""What coming renewals will keep, with an interval, and how true such forecasts were.

Amounts are minor units of one currency. Accounts decide independently of one another once the
rate of their group is known; that it is not known moves all accounts of a group together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv

from surveys.ratios import Figure, share
from surveys.renewals import CATEGORIES, Category, Chance, Outcome

Floats = npt.NDArray[np.float64]

EXACT_UP_TO = 250  # renewals of a group
_STEPS, _MARGIN = 2048, 512  # into so many steps the whole amount is cut, and room around
# Between these quantiles a group's rate is taken as one value, closer together at the ends.
_PARTS = np.array([0, 0.5, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98, 99.5, 100]) / 100
# Fewer past renewals tell nothing of whether chances mean what they say.
ENOUGH_DECIDED = 20


@dataclass(frozen=True, slots=True)
class Coming:
    """A renewal that comes: what is at stake each month, and the chance of its group."""

    amount_minor: int
    group: str | None
    chance: Chance


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


def forecast(coming: Sequence[Coming], *, level: float = 0.95) -> Forecast:
    """What is kept of these renewals of one currency.

    1. Expected: the sum of amounts times chances.
    2. The distribution: for each group, given its rate, the characteristic function of a sum of
       independent amounts (Poisson binomial: Hong, Computational Statistics & Data Analysis 59,
       2013), averaged over the Beta distribution of the rate, multiplied over the groups, and
       inverted on a grid. Of a group of more than EXACT_UP_TO the sum given its rate is taken as
       normal. The interval has equal tails.

    Nothing is drawn at random: the same renewals give the same numbers.

    >>> sure = Chance(0.9, 0.8, 0.95, 90, 90, 90.0, 10.0)
    >>> found = forecast([Coming(1_000, "good", sure), Coming(9_000, "good", sure)])
    >>> found.expected_minor, round(found.low_minor, -2), found.high_minor
    (9000, 1000, 10000)
    >>> forecast([])
    Forecast(n=0, total_minor=0, expected_minor=0, low_minor=0, high_minor=0)
    """
    if not 0 < level < 1:
        raise ValueError(f"level: expected a number between 0 and 1, got {level!r}")
    for each in coming:
        if each.amount_minor < 0:
            raise ValueError(f"amount_minor: expected a number >= 0, got {each.amount_minor}")
    total = sum(each.amount_minor for each in coming)
    if not total:
        return Forecast(len(coming), 0, 0, 0, 0)
    expected = sum(each.amount_minor * each.chance.value for each in coming)
    low, high = _limits(coming, total, expected, (1 - level) / 2)
    return Forecast(
        n=len(coming),
        total_minor=total,
        expected_minor=round(expected),
        low_minor=round(max(0.0, min(low, expected))),
        high_minor=round(min(float(total), max(high, expected))),
    )


def _limits(
    coming: Sequence[Coming], total: int, expected: float, tail: float
) -> tuple[float, float]:
    """Limits by the distribution on a grid; what rounding to its steps moved is put right."""
    step = total / _STEPS
    length = _STEPS + len(coming) + 2 * _MARGIN
    angles = (2 * np.pi * np.fft.fftfreq(length)).astype(np.float64)
    transformed = np.exp(-1j * angles * _MARGIN)
    for chance, amounts in _by_group(coming):
        transformed *= _transform(chance, np.asarray(amounts, float) / step, angles)
    mass = np.fft.ifft(transformed).real
    places = np.arange(length) - _MARGIN
    mean = float(places @ mass) * step
    # A hair below, as sums of floats of a certain outcome may miss 1.
    found = np.searchsorted(np.cumsum(mass), (tail - 1e-9, 1 - tail - 1e-9))
    low, high = places[found] * step + (expected - mean)
    return float(low), float(high)


def _by_group(coming: Iterable[Coming]) -> list[tuple[Chance, list[int]]]:
    ordered = sorted(coming, key=lambda each: str(each.group))
    found = []
    for _, own in groupby(ordered, key=lambda each: each.group):
        together = list(own)
        found.append((together[0].chance, [each.amount_minor for each in together]))
    return found


def _transform(chance: Chance, amounts: Floats, angles: Floats) -> npt.NDArray[np.complex128]:
    """Of the sum of a group, in steps: the mean over its rates of that at each rate."""
    weights = np.diff(_PARTS)
    middles = betaincinv(chance.renewed_weight, chance.lost_weight, _PARTS[:-1] + weights / 2)
    # The middles lie a little inside: their mean is made that of the distribution.
    rates = np.clip(middles + chance.value - weights @ middles, 0.0, 1.0)[:, None]
    if len(amounts) > EXACT_UP_TO:
        variance = rates * (1 - rates) * (amounts**2).sum()
        found = np.exp(-1j * angles * rates * amounts.sum() - angles**2 * variance / 2)
    else:
        found = np.ones((len(rates), len(angles)), complex)
        for value, often in zip(*np.unique(np.rint(amounts), return_counts=True), strict=True):
            found *= (1 - rates + rates * np.exp(-1j * angles * value)) ** often
    mean: npt.NDArray[np.complex128] = weights @ found
    return mean


# --- how true it was ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recorded:
    """A forecast as it was recorded before, and what happened; outcome None: nothing told."""

    chance: float
    category: Category
    amount_minor: int
    outcome: Outcome | None
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

    >>> found = accuracy([Recorded(0.9, "commit", 100, "renewed", 100),
    ...                   Recorded(0.6, "risk", 50, "lost"), Recorded(0.8, "likely", 70, None)])
    >>> found.decided, found.open, round(found.brier, 3), found.expected_minor, found.kept_minor
    (2, 1, 0.185, 120, 100)
    """
    decided = [row for row in rows if row.outcome is not None]
    by_category: dict[Category, list[Recorded]] = defaultdict(list)
    for row in decided:
        by_category[row.category].append(row)
    renewed = _renewed(decided, level)
    expected = sum(row.chance * row.amount_minor for row in decided)
    kept = sum(row.kept_minor for row in decided)
    rate = renewed.value
    return Accuracy(
        decided=len(decided),
        open=len(rows) - len(decided),
        said=_said(decided),
        renewed=renewed,
        brier=_mean([(row.chance - (row.outcome == "renewed")) ** 2 for row in decided]),
        brier_of_rate=None if rate is None else rate * (1 - rate),
        expected_minor=round(expected),
        kept_minor=kept,
        bias=expected / kept - 1 if kept else None,
        by_category=tuple(
            Calibration(each, _said(by_category[each]), _renewed(by_category[each], level))
            for each in reversed(CATEGORIES)
        ),
    )


def _renewed(rows: Sequence[Recorded], level: float) -> Figure:
    return share(sum(row.outcome == "renewed" for row in rows), len(rows), level=level)


def _said(rows: Sequence[Recorded]) -> float | None:
    return _mean([row.chance for row in rows])


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
