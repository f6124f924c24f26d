"""What accounts pay: from changes of subscriptions to what holds at any instant.

Money is in minor units of its currency. What is said in several currencies stays apart until
somebody states rates.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple, Protocol

from surveys.periods import day_bounds, period_end, period_start
from surveys.segments import minor_units_per_major

ACTIONS = ("started", "changed", "renewed", "cancelled")


def checked_currency(code: object) -> str:
    """The code, if it has the form of ISO 4217; ValueError otherwise.

    Whether a currency of that name exists is known where it enters.
    """
    if not (isinstance(code, str) and len(code) == 3 and code.isascii() and code.isupper()):
        raise ValueError(f"currency: expected an ISO 4217 code such as JPY, got {code!r}")
    return code


class Price(NamedTuple):
    """What a product costs an account each month."""

    mrr_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Change:
    """What holds of one product of an account from `at` on.

    received: the order of arrival; of two changes of a product at one instant the later received
    holds. mrr_minor: each month, >= 0, and 0 once cancelled. currency: needed where mrr_minor is
    above 0. ValueError, naming the field, for everything else.
    """

    account: Hashable
    product: str
    at: datetime
    received: int
    mrr_minor: int
    currency: str | None
    action: str = "changed"

    def __post_init__(self) -> None:
        if self.at.tzinfo is not UTC and self.at.utcoffset() is None:
            raise ValueError("at: expected a time with an offset, got one without")
        if not isinstance(self.mrr_minor, int) or self.mrr_minor < 0:
            raise ValueError(f"mrr_minor: expected a whole number >= 0, got {self.mrr_minor!r}")
        if self.action not in ACTIONS:
            raise ValueError(f"action: expected one of {', '.join(ACTIONS)}, got {self.action!r}")
        if self.action == "cancelled" and self.mrr_minor:
            raise ValueError(f"mrr_minor: expected 0 once cancelled, got {self.mrr_minor}")
        if self.mrr_minor or self.currency is not None:
            checked_currency(self.currency)


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account pays at an instant.

    held: price by product, of products that cost something. paid_in: every currency in which the
    account pays or ever paid.
    """

    held: Mapping[str, Price] = field(default_factory=dict)
    paid_in: frozenset[str] = frozenset()

    @property
    def sums(self) -> dict[str, int]:
        """What it pays each month in each currency, in minor units."""
        found: dict[str, int] = {}
        for price in self.held.values():
            found[price.currency] = found.get(price.currency, 0) + price.mrr_minor
        return found


NOTHING = Standing()


class Paid(Protocol):
    """What is asked of the history of an account: see `History`, and `kept_histories`."""

    @property
    def started_at(self) -> datetime | None: ...
    @property
    def first_paid_at(self) -> datetime | None: ...
    def has_begun(self, instant: datetime) -> bool: ...
    def before(self, instant: datetime) -> Standing: ...
    def left_at(self, instant: datetime) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class History:
    """All that an account ever paid, as steps; see `histories`.

    since: ascending, UTC; standings[i] holds from since[i] to since[i + 1]. started_at: when its
    first subscription began, whatever it cost; None where there is none.
    """

    since: tuple[datetime, ...]
    standings: tuple[Standing, ...]
    started_at: datetime | None

    def has_begun(self, instant: datetime) -> bool:
        """Whether anything was said before the instant."""
        return self.since[0] < _utc(instant)

    def before(self, instant: datetime) -> Standing:
        """What holds by the changes strictly before the instant.

        >>> day = datetime(2026, 10, 1, tzinfo=UTC)
        >>> history = history_of([Change("acme", "core", day, 1, 900, "EUR")])
        >>> [bool(history.before(at).held) for at in (day, day.replace(hour=1))]
        [False, True]
        """
        place = bisect_left(self.since, _utc(instant))
        return self.standings[place - 1] if place else NOTHING

    def left_at(self, instant: datetime) -> datetime | None:
        """Since when the account, which had paid, pays nothing as of an instant; None: it pays, or
        never did."""
        place = bisect_left(self.since, _utc(instant))
        if not place or not self.standings[place - 1].paid_in:
            return None
        left = None
        while place and not self.standings[place - 1].held:
            place -= 1
            left = self.since[place]
        return left

    @property
    def first_paid_at(self) -> datetime | None:
        """The instant from which on the account paid something for the first time."""
        steps = zip(self.since, self.standings, strict=True)
        return next((at for at, standing in steps if standing.held), None)


def histories(changes: Iterable[Change]) -> dict[Hashable, History]:
    """The history of every account; changes in any order, those that were corrected left out."""
    by_account: dict[Hashable, list[Change]] = defaultdict(list)
    for change in changes:
        by_account[change.account].append(change)
    return {account: history_of(own) for account, own in by_account.items()}


def history_of(changes: Sequence[Change]) -> History:
    """The history of one account. ValueError where nothing says which of two changes holds.

    Of several changes at one instant only what holds after all of them ever held.
    """
    held: dict[str, Price] = {}
    paid_in: frozenset[str] = frozenset()
    since, standings = [], []
    started_at = None
    ordered = sorted(changes, key=lambda change: (_utc(change.at), change.received))
    place = 0
    while place < len(ordered):
        at, following = _utc(ordered[place].at), place + 1
        while following < len(ordered) and _utc(ordered[following].at) == at:
            following += 1
        together = ordered[place:following]
        last = together if len(together) == 1 else _last_of_each_product(together)
        for change in last:
            held.pop(change.product, None)
            if change.mrr_minor:
                price = Price(change.mrr_minor, checked_currency(change.currency))
                held[change.product] = price
        if started_at is None and any(each.action != "cancelled" for each in last):
            started_at = at
        paid_now = {price.currency for price in held.values()}
        if not paid_now <= paid_in:
            paid_in = paid_in | paid_now
        since.append(at)
        standings.append(Standing(dict(held), paid_in))
        place = following
    return History(tuple(since), tuple(standings), started_at)


def _last_of_each_product(together: Iterable[Change]) -> list[Change]:
    last: dict[str, Change] = {}
    for change in together:
        before = last.get(change.product)
        if before and before.received == change.received:
            raise ValueError(f"received: expected each number once, got {change.received} again")
        last[change.product] = change
    return list(last.values())


@dataclass(frozen=True, slots=True)
class Rates:
    """Stated exchange rates: how many units of the base one unit of each currency is worth.

    Units are the major ones (a dollar, not a cent). An amount is converted exactly; whoever sums
    rounds once, at the end of the sum of an account, to a whole minor unit of the base, halves
    to the even one.

    >>> rates = Rates("USD", {"JPY": Decimal("0.0065")})
    >>> round(rates.convert(Price(120_000, "JPY")))  # 120,000 yen in cents
    78000
    """

    base: str
    rates: Mapping[str, Decimal]

    def __post_init__(self) -> None:
        checked_currency(self.base)
        for currency, rate in self.rates.items():
            checked_currency(currency)
            if not rate.is_finite() or rate <= 0:
                raise ValueError(f"rates: expected a number above 0 for {currency}, got {rate}")
        if self.rates.get(self.base, 1) != 1:
            raise ValueError(f"rates: expected 1 for {self.base}, got {self.rates[self.base]}")

    def knows(self, currency: str) -> bool:
        return currency == self.base or currency in self.rates

    def convert(self, price: Price) -> Fraction:
        """In minor units of the base, not rounded. ValueError for a currency without a rate."""
        if price.currency == self.base:
            return Fraction(price.mrr_minor)
        if price.currency not in self.rates:
            raise ValueError(f"rates: expected a rate for {price.currency}, got none")
        worth = Fraction(self.rates[price.currency]) * minor_units_per_major(self.base)
        return price.mrr_minor * worth / minor_units_per_major(price.currency)


def month_span(day: date, time_zone: str, *, now: datetime) -> tuple[datetime, datetime]:
    """First instant of a day's local month and first of the next; a month that runs ends now.

    ValueError for a month that has not begun.

    >>> now = datetime(2026, 10, 5, tzinfo=UTC)
    >>> [str(at) for at in month_span(date(2026, 9, 9), "Asia/Tokyo", now=now)]
    ['2026-08-31 15:00:00+00:00', '2026-09-30 15:00:00+00:00']
    """
    start = day_bounds(period_start(day, "month"), time_zone)[0]
    end = min(day_bounds(period_end(day, "month"), time_zone)[0], _utc(now))
    if start > end:
        raise ValueError(f"day: expected one of a month that has begun, got {day}")
    return start, end


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is UTC:
        return instant  # as instants nearly always are, a million times in the sums of a year
    if instant.utcoffset() is None:
        raise ValueError("instant: expected a time with an offset, got one without")
    return instant.astimezone(UTC)
