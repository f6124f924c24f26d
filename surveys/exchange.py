"""Stated exchange rates over time, and which of them hold for a month.

Constant currency: what accounts paid at the start and at the end of a period is converted by the
same rates, so that a move of a rate is no expansion and no contraction (docs/adr/0020).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from surveys.periods import period_start
from surveys.segments import magnitude, minor_units_per_major
from surveys.subscriptions import Price, Rates, checked_currency

# A rate of more digits than this is a typing error: the widest pair in use has about ten.
MOST_DIGITS, MOST_DECIMALS = 18, 12


class StatedRate(NamedTuple):
    """From a day on, so many units of the base are worth one unit of the currency (major units)."""

    currency: str
    since: date
    rate: Decimal


def checked_rate(rate: Decimal) -> Decimal:
    """The rate in its shortest form; ValueError unless it is above 0 and of a usual length."""
    if not rate.is_finite() or rate <= 0:
        raise ValueError(f"rate: expected a number above 0, got {rate}")
    exponent = rate.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    if -exponent > MOST_DECIMALS or rate.adjusted() >= MOST_DIGITS - MOST_DECIMALS:
        raise ValueError(
            f"rate: expected at most {MOST_DIGITS - MOST_DECIMALS} digits before the point and "
            f"{MOST_DECIMALS} after it, got {rate}"
        )
    return rate.normalize()


@dataclass(frozen=True)
class StatedRates:
    """All rates that were stated of one base; each holds until the next of its currency.

    ValueError for the base among the currencies, a currency twice from one day, or a rate that is
    none.
    """

    base: str
    stated: tuple[StatedRate, ...] = ()
    _by_currency: Mapping[str, list[StatedRate]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        checked_currency(self.base)
        by_currency: dict[str, list[StatedRate]] = defaultdict(list)
        for each in sorted(self.stated, key=lambda each: each.since):
            if each.currency == self.base:
                raise ValueError(f"currency: expected another than {self.base}")
            if by_currency[each.currency] and by_currency[each.currency][-1].since == each.since:
                raise ValueError(f"since: {each.currency} has two rates from {each.since}")
            checked_rate(each.rate)
            by_currency[each.currency].append(each)
        object.__setattr__(self, "_by_currency", dict(by_currency))

    def of_month(self, day: date) -> list[StatedRate]:
        """The rates by which the month of a day is converted: those of its first day.

        So a month has the same rates from its first hour to its last, and a rate that is stated
        in between counts from the next month on. By currency; those without a rate are missing.

        >>> stated = StatedRates("EUR", (StatedRate("JPY", date(2026, 3, 1), Decimal("0.006")),
        ...                              StatedRate("JPY", date(2026, 4, 2), Decimal("0.007"))))
        >>> [[str(each.rate) for each in stated.of_month(date(2026, month, 9))]
        ...  for month in (2, 3, 4, 5)]
        [[], ['0.006'], ['0.006'], ['0.007']]
        """
        first = period_start(day, "month")
        found = (
            _last([each for each in own if each.since <= first])
            for own in self._by_currency.values()
        )
        return sorted(each for each in found if each is not None)

    def rates_of_month(self, day: date) -> Rates:
        """The same for converting."""
        return Rates(self.base, {each.currency: each.rate for each in self.of_month(day)})


def comparable(mrr_minor: int, currency: str, rates: Rates | None = None) -> float:
    """An amount in units of about one US dollar, for ranking customers, never for sums.

    By the stated rate and the magnitude of the base; where there is none, by the magnitude of the
    currency alone (`segments.magnitude`), which is rough.

    >>> comparable(150_000, "JPY"), comparable(150_000, "EUR")
    (1500.0, 1500.0)
    >>> comparable(150_000, "JPY", Rates("EUR", {"JPY": Decimal("0.006")}))
    900.0
    """
    if rates is not None and rates.knows(currency):
        base = rates.base
        worth = float(rates.convert(Price(mrr_minor, currency)))
        return worth / minor_units_per_major(base) / magnitude(base)
    return mrr_minor / minor_units_per_major(currency) / magnitude(currency)


def _last(rates: Iterable[StatedRate]) -> StatedRate | None:
    return max(rates, key=lambda each: each.since, default=None)
