"""What a customer is worth over time, for subscriptions and for transactions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, sqrt

from surveys.intervals import quantile
from surveys.ratios import Figure, mean, product_limits

SUBSCRIPTION = "arpa / churn_rate"
SUBSCRIPTION_WITH_MARGIN = "margin * arpa / churn_rate"
TRANSACTIONS = "price * frequency * duration"
TRANSACTIONS_WITH_MARGIN = "margin * price * frequency * duration"


@dataclass(frozen=True, slots=True)
class LifetimeValue:
    """Lifetime value in minor units, with its interval, and the formula that was used.

    n: of how many customers its least certain part is.
    """

    value: float | None
    n: int
    low: float | None
    high: float | None
    formula: str


def subscription_value(
    arpa: Figure, *, lost: int, accounts: int, margin: float | None = None, level: float = 0.95
) -> LifetimeValue:
    """Revenue per account and month over the share of accounts lost in a month.

    arpa: see `surveys.ratios.mean`. lost of accounts: whole numbers, 0 <= lost <= accounts.
    margin: what remains of revenue after the cost of service, in 0..1, above 0; taken as known.
    ValueError otherwise. None where arpa is, and where nobody was lost: a lifetime without an end
    has no value. With a steady churn rate c an account stays 1 / c months in the mean (Gupta and
    Lehmann, Journal of Interactive Marketing 17(1), 2003, without discount).

    The interval: on the log scale the distances of the limits of arpa and of the churn rate add
    up in squares, the latter ± t √((1 - c) / (c n)) by the delta method. On that scale limits stay
    above 0 and few lost accounts are as lopsided as they should be; Fieller's interval is
    unbounded as soon as a churn rate of 0 cannot be ruled out, which is any small month.

    >>> found = subscription_value(Figure(5_000.0, 95, 4_000.0, 6_400.0), lost=5, accounts=100)
    >>> found.value, round(found.low), round(found.high), found.formula
    (100000.0, 40933, 245823, 'arpa / churn_rate')
    """
    if not 0 <= lost <= accounts:
        raise ValueError(f"lost: expected 0 to {accounts}, got {lost!r}")
    if margin is not None and not 0 < margin <= 1:
        raise ValueError(f"margin: expected a share above 0 and up to 1, got {margin!r}")
    formula = SUBSCRIPTION if margin is None else SUBSCRIPTION_WITH_MARGIN
    months = duration(lost, accounts, level=level)
    if arpa.value is None or months.value is None:
        return LifetimeValue(None, accounts, None, None, formula)
    return _value([arpa, months], accounts, margin, formula)


def duration(lost: int, accounts: int, *, months: float = 1.0, level: float = 0.95) -> Figure:
    """How many months a customer stays in the mean, where `lost` of `accounts` left in `months`.

    0 <= lost <= accounts, months above 0. None where nobody was lost. months / churn rate, with
    its interval as in `subscription_value`; none of fewer than two accounts.

    >>> found = duration(5, 100, months=12)
    >>> found.value, round(found.low), round(found.high)
    (240.0, 101, 570)
    """
    if not lost:
        return Figure(None, accounts)
    value = months * accounts / lost
    if accounts < 2:
        return Figure(value, accounts)
    apart = exp(quantile(level, degrees=accounts - 1) * sqrt((1 - lost / accounts) / lost))
    return Figure(value, accounts, value / apart, value * apart)


def _value(parts: Sequence[Figure], n: int, margin: float | None, formula: str) -> LifetimeValue:
    """The product of parts that have values, times the margin."""
    value = 1.0 if margin is None else margin
    for part in parts:
        assert part.value is not None
        value *= part.value
    if not value or any(part.low is None or part.high is None for part in parts):
        return LifetimeValue(value, n, None, None, formula)
    low, high = product_limits(parts)
    scale = 1.0 if margin is None else margin
    # By logarithms, so that of factors without spread the last digit may be another.
    return LifetimeValue(value, n, min(value, scale * low), max(value, scale * high), formula)


@dataclass(frozen=True, slots=True)
class Habits:
    """What customers buy: price in minor units a purchase, purchases a customer and month."""

    price: Figure
    frequency: Figure


def habits(customers: Iterable[tuple[int, int]], *, months: float, level: float = 0.95) -> Habits:
    """Price and frequency of purchases.

    customers: (purchases, what they came to in minor units) of each customer of the period, those
    who bought nothing included; whole numbers >= 0, no amount without a purchase. months: length
    of the period, above 0. ValueError otherwise. The price is the mean of all purchases; its
    interval takes those of a customer as one, by their mean weighed by how many they are.

    >>> found = habits([(2, 6_000), (1, 3_300), (0, 0), (3, 8_400)], months=3)
    >>> found.price.value, found.frequency.value
    (2950.0, 0.5)
    """
    if not months > 0:
        raise ValueError(f"months: expected a number above 0, got {months!r}")
    pairs = list(customers)
    for purchases, amount in pairs:
        if purchases < 0 or amount < 0 or (amount and not purchases):
            raise ValueError(f"customers: expected purchases and amount, got {purchases}, {amount}")
    n = len(pairs)
    total = sum(purchases for purchases, _ in pairs)
    per_month = mean(
        n, total, *(float(sum(each**power for each, _ in pairs)) for power in (2, 3)), level=level
    )
    scaled = [None if x is None else x / months for x in (per_month.low, per_month.high)]
    frequency = Figure(None if per_month.value is None else total / n / months, n, *scaled)
    return Habits(_price(pairs, total, level), frequency)


def _price(pairs: list[tuple[int, int]], purchases: int, level: float) -> Figure:
    """A ratio over customers, linearised (Cochran, Sampling Techniques, 1977, section 6.3)."""
    buyers = [pair for pair in pairs if pair[0]]
    n = len(buyers)
    if not purchases:
        return Figure(None, 0)
    price = sum(amount for _, amount in buyers) / purchases
    if n < 2:
        return Figure(price, n)
    spread = sum((amount - price * count) ** 2 for count, amount in buyers)
    half = quantile(level, degrees=n - 1) * sqrt(spread * n / (n - 1)) / purchases
    return Figure(price, n, max(0.0, price - half), price + half)


def transaction_value(
    price: Figure, frequency: Figure, duration: Figure, *, margin: float | None = None
) -> LifetimeValue:
    """Unit price × purchase frequency × duration (months, as frequency is a month), × margin.

    Each >= 0 with its interval; taken as independent of one another: where those who buy often
    buy cheap, the interval is a little wrong. None where one of them is. No interval where one of
    them has none or is 0.

    >>> found = transaction_value(Figure(3_000.0, 50, 2_500.0, 3_600.0),
    ...                           Figure(0.5, 80, 0.4, 0.6), Figure(24.0, 80, 24.0, 24.0))
    >>> found.value, round(found.low), round(found.high)
    (36000.0, 26987, 46589)
    """
    parts = (price, frequency, duration)
    formula = TRANSACTIONS if margin is None else TRANSACTIONS_WITH_MARGIN
    n = min(part.n for part in parts)
    if any(part.value is None for part in parts):
        return LifetimeValue(None, n, None, None, formula)
    return _value(parts, n, margin, formula)
