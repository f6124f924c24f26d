"""What customers without a subscription are worth: from single purchases.

A customer is there in a span of twelve months in which it bought; who bought in the span before
and not in this one is lost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, NamedTuple

from surveys.lifetime import LifetimeValue, duration, habits, transaction_value
from surveys.ratios import Figure, share

SPAN_MONTHS = 12


class Purchase(NamedTuple):
    """amount_minor: above 0, in minor units of one currency, not rounded. times: so many purchases
    of one span as one, with their sum; at: an instant of that span."""

    account: Hashable
    at: datetime
    amount_minor: int | Fraction
    times: int = 1


@dataclass(frozen=True, slots=True)
class Buying:
    """Purchases of the last span, and what follows from them.

    bought: buyer of the last span → (purchases, their sum in whole minor units). not_again: the
    same of the span before, of those who did not buy in the last. churn: these of all who bought
    in the span before. price, frequency (a buyer and month), duration (months): the factors of
    value.
    """

    bought: Mapping[Any, tuple[int, int]]
    not_again: Mapping[Any, tuple[int, int]]
    churn: Figure
    price: Figure
    frequency: Figure
    duration: Figure
    value: LifetimeValue


def buying(
    purchases: Iterable[Purchase],
    *,
    before: datetime,
    start: datetime,
    end: datetime,
    margin: float | None = None,
    level: float = 0.95,
) -> Buying:
    """Of the span start <= at < end and the one before it, from `before` on; others do not count.

    1. Price: the mean of all purchases of the last span. Frequency: purchases of a buyer of it,
       by its months. What an account bought is rounded once to a whole minor unit, halves to the
       even.
    2. Duration: the span's months over the share of buyers of the span before who did not buy
       again (Gupta and Lehmann, Journal of Interactive Marketing 17(1), 2003, for yearly churn).
       None where all came back or nobody bought before.
    3. Value: price × frequency × duration (× margin): what a customer buys in the spans in which
       it is there, in the mean. Who began within the span had less time: it is a little low.

    >>> from datetime import UTC
    >>> days = [datetime(2024 + year, 6, 1, tzinfo=UTC) for year in (0, 1)]
    >>> found = buying(
    ...     [Purchase("a", days[0], 900), Purchase("a", days[1], 1_000),
    ...      Purchase("a", days[1], 2_000), Purchase("b", days[0], 500)],
    ...     before=datetime(2024, 1, 1, tzinfo=UTC), start=datetime(2025, 1, 1, tzinfo=UTC),
    ...     end=datetime(2026, 1, 1, tzinfo=UTC))
    >>> found.price.value, found.frequency.value, found.duration.value, found.value.value
    (1500.0, 0.16666666666666666, 24.0, 6000.0)
    """
    if not before < start < end:
        raise ValueError("start: expected before < start < end")
    rows = list(purchases)
    bought = _by_account(row for row in rows if start <= row.at < end)
    earlier = _by_account(row for row in rows if before <= row.at < start)
    not_again = {account: own for account, own in earlier.items() if account not in bought}
    found = habits(bought.values(), months=SPAN_MONTHS, level=level)
    lasts = duration(len(not_again), len(earlier), months=SPAN_MONTHS, level=level)
    return Buying(
        bought=bought,
        not_again=not_again,
        churn=share(len(not_again), len(earlier), level=level),
        price=found.price,
        frequency=found.frequency,
        duration=lasts,
        value=transaction_value(found.price, found.frequency, lasts, margin=margin),
    )


def _by_account(rows: Iterable[Purchase]) -> dict[Hashable, tuple[int, int]]:
    counts: dict[Hashable, int] = defaultdict(int)
    # Fractions are slow, and most amounts are whole.
    sums: dict[Hashable, int | Fraction] = defaultdict(int)
    for row in rows:
        counts[row.account] += row.times
        sums[row.account] += row.amount_minor
    return {account: (count, round(sums[account])) for account, count in counts.items()}
