"""Figures with intervals that need sums only: shares, shares of money, means, their quotients.

Accounts are the sample; money is skewed, so that a few accounts weigh as much as all the rest.
Measured in tests/surveys/test_retention_intervals.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cbrt, exp, inf, log, sqrt

from surveys.intervals import interval, quantile

# Below this share of the square of a mean, a variance from sums of squares is rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure, of how many it is, and its interval.

    value: None where the denominator is 0. low, high: None where there is no value, and where n
    is too small to tell.
    """

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None


def share(count: int, n: int, *, level: float = 0.95) -> Figure:
    """count of n as a fraction in 0..1 with Wilson's interval (Wilson, JASA 22, 1927).

    Whole numbers with 0 <= count <= n, ValueError otherwise.

    >>> found = share(1, 4)
    >>> found.value, round(found.low, 3), round(found.high, 3)
    (0.25, 0.046, 0.699)
    >>> share(0, 0)
    Figure(value=None, n=0, low=None, high=None)
    """
    if not 0 <= count <= n:
        raise ValueError(f"count: expected 0 to {n}, got {count!r}")
    if not n:
        return Figure(None, 0)
    low, high = _wilson(count / n, n, level)
    return Figure(count / n, n, low, high)


def weighted_share(value: float, effective_n: float, *, level: float = 0.95) -> Figure:
    """A share in 0..1 that was weighed, with Wilson's interval at its effective number of answers.

    effective_n: above 0; so many of equal weight tell as much (Kish, Survey Sampling, 1965). n of
    the figure is that number, rounded.

    >>> weighted_share(0.25, 4.0) == share(1, 4)
    True
    """
    low, high = _wilson(value, effective_n, level)
    return Figure(value, round(effective_n), low, high)


@dataclass(frozen=True, slots=True)
class Weighed:
    """Sums over accounts that weigh s and have gained or lost a part of it.

    n: accounts. weight: Σs. gain, loss: Σg, Σl, where an account has one of both at most and
    0 <= l <= s. The rest: sums of squares and products.
    """

    n: int
    weight: float
    gain: float
    loss: float
    weight_squares: float
    gain_squares: float
    loss_squares: float
    weight_by_gain: float
    weight_by_loss: float

    @property
    def effective_n(self) -> float:
        """(Σs)² / Σs²: so many accounts of one size tell as much (Kish, Survey Sampling, 1965)."""
        return self.weight**2 / self.weight_squares


def kept_share(sums: Weighed, *, level: float = 0.95) -> Figure:
    """Which part of the weight was not lost: 1 - Σl / Σs, in 0..1.

    1. Its variance as a ratio over accounts is Σ(l - rs)² / (Σs)² n / (n - 1) by linearisation
       (Cochran, Sampling Techniques, 1977, section 6.3). Where only one of fifty is lost it is
       far too small, and 0 where none is.
    2. Therefore Wilson's interval, with the n that would give this variance, or the effective
       number of accounts where that is less (in the line of Dean and Pagano, Journal of Survey
       Statistics and Methodology 3(4), 2015).
    3. With the quantile of Student's t at as many degrees of freedom, less one.

    No interval for fewer than two accounts.
    """
    if not sums.weight:
        return Figure(None, sums.n)
    lost = sums.loss / sums.weight
    kept = (sums.weight - sums.loss) / sums.weight
    if sums.n < 2:
        return Figure(kept, sums.n)
    spread = sums.loss_squares - 2 * lost * sums.weight_by_loss + lost**2 * sums.weight_squares
    variance = _ratio_variance(spread, sums)
    effective = sums.effective_n
    if variance > 0:
        effective = min(effective, kept * lost / variance)
    # An interval of a smaller n at the normal quantile is one of this n at the larger quantile.
    inflation = (_heavy_quantile(sums, level) / quantile(level)) ** 2
    low, high = _wilson(kept, effective / inflation, level)
    return Figure(kept, sums.n, low, high)


def net_ratio(sums: Weighed, *, level: float = 0.95) -> Figure:
    """What became of the weight: (Σs + Σg - Σl) / Σs, >= 0.

    Losses are seldom and large: the lower limit is made of that of `kept_share` and of the
    linearised variance of the gains (MOVER: Zou and Donner, Statistics in Medicine 27, 2008). The
    upper limit is linearised (Cochran 1977) with one account added, of root mean square size,
    that had doubled: or nobody having changed would be certain for ever. Both with Student's t
    at the effective number of accounts less one. No interval for fewer than two accounts.
    """
    if not sums.weight:
        return Figure(None, sums.n)
    value = (sums.weight + sums.gain - sums.loss) / sums.weight
    kept = kept_share(sums, level=level)
    if kept.value is None or kept.low is None:
        return Figure(value, sums.n)
    gained, change = sums.gain / sums.weight, (sums.gain - sums.loss) / sums.weight
    gains = sums.gain_squares - 2 * gained * sums.weight_by_gain + gained**2 * sums.weight_squares
    changes = (
        sums.gain_squares
        + sums.loss_squares
        - 2 * change * (sums.weight_by_gain - sums.weight_by_loss)
        + change**2 * sums.weight_squares
    )
    t = _heavy_quantile(sums, level)
    one_more = 1 / (sums.n * sums.effective_n)
    low = value - sqrt((kept.value - kept.low) ** 2 + t**2 * _ratio_variance(gains, sums))
    high = value + t * sqrt(_ratio_variance(changes, sums) + one_more)
    return Figure(value, sums.n, max(0.0, low), high)


def mean(
    n: int, total: int | float, squares: float, cubes: float, *, level: float = 0.95
) -> Figure:
    """Σx / n of amounts >= 0, with a t interval that allows for their skewness.

    squares, cubes: Σx², Σx³. Of skewed amounts the plain t interval lies too low; here t is taken
    through Hall's cubic transformation (Hall, JRSS B 54(1), 1992), which without skewness is
    the plain one. Not below 0. No interval for fewer than two.

    >>> amounts = [100, 100, 200, 900] * 10
    >>> found = mean(40, *(sum(x**power for x in amounts) for power in (1, 2, 3)))
    >>> found.value, round(found.low), round(found.high)
    (325.0, 229, 451)
    """
    if not n:
        return Figure(None, 0)
    value = total / n
    if n < 2:
        return Figure(value, n)
    variance = squares / n - value**2
    if variance <= _ROUNDING * value**2:
        return Figure(value, n, value, value)
    skewness = (cubes / n - 3 * value * squares / n + 2 * value**3) / variance**1.5
    t = quantile(level, degrees=n - 1)
    deviation = sqrt(variance * n / (n - 1))
    low, high = (value - deviation * _hall(each, skewness, n) for each in (t, -t))
    return Figure(value, n, min(value, max(0.0, low)), max(value, high))


def product_limits(figures: Sequence[Figure]) -> tuple[float, float]:
    """Limits of a product of independent figures above 0, from the limits of each.

    The distances of the limits add up in squares on the log scale (MOVER: Zou and Donner,
    Statistics in Medicine 27, 2008). A lower limit of 0 makes that of the product 0.

    >>> low, high = product_limits([Figure(10.0, 9, 5.0, 20.0), Figure(3.0, 9, 3.0, 3.0)])
    >>> round(low), round(high)
    (15, 60)
    """
    value = down = up = 0.0
    for figure in figures:
        assert figure.value is not None
        assert figure.low is not None
        assert figure.high is not None
        value += log(figure.value)
        up += log(figure.high / figure.value) ** 2
        down += log(figure.value / figure.low) ** 2 if figure.low > 0 else inf
    return exp(value - sqrt(down)), exp(value + sqrt(up))


def _wilson(part: float, n: float, level: float) -> tuple[float, float]:
    # Top-two-box satisfaction is a share as well, and its counts may be fractional.
    low, high = interval("csat", [n * (1 - part), 0, 0, 0, n * part], level=level)
    return min(part, max(0.0, low / 100)), max(part, min(1.0, high / 100))


def _ratio_variance(spread: float, sums: Weighed) -> float:
    """Of a ratio to the weight; spread: Σ(y - rs)²."""
    if spread <= _ROUNDING * sums.weight_squares:
        return 0.0
    return spread / sums.weight**2 * sums.n / (sums.n - 1)


def _heavy_quantile(sums: Weighed, level: float) -> float:
    """Student's t where few accounts carry the weight; one degree of freedom at least."""
    return quantile(level, degrees=max(1.0, sums.effective_n - 1))


def _hall(t: float, skewness: float, n: int) -> float:
    shifted = t / sqrt(n) - skewness / (6 * n)
    if abs(skewness) < 1e-6:
        return shifted
    return 3 / skewness * (cbrt(1 + skewness * shifted) - 1)
