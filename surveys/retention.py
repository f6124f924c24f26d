"""Churn, retention, upsell, revenue and lifetime value of a month, or of any two instants.

1. `totals` turns what accounts paid at the start and at the end into sums. Sums of accounts that
   are not the same add up, so that they may be kept by month and segment.
2. `figures` and `bridge` need these sums alone.

Only what is paid counts: a product that costs nothing is no product here, and an account that
pays nothing is not there. What happened in between and was undone is not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from fractions import Fraction
from math import fsum

from surveys.lifetime import LifetimeValue, subscription_value
from surveys.ratios import Figure, Weighed, kept_share, mean, net_ratio, share
from surveys.subscriptions import Price, Rates, Standing, checked_currency


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over accounts, of one currency; add those of accounts that are not the same.

    currency: of the money; None: accounts in any currency, and no money is counted. Accounts
    (whole numbers): with MRR at the start; lost, upsold and cross-sold of those; with MRR at the
    end; new, and reactivated, of those. Money (whole minor units): see `Bridge`. Squares and
    products (floats): with s the MRR of an account at the start, e at the end, and for accounts
    with s > 0 gain max(0, e - s) and loss max(0, s - e): Σs², Σgain², Σloss², Σs gain, Σs loss,
    and of all accounts Σe² and Σe³. Those of min(s, e) and of e follow from them; these do not
    cancel out where little changed.
    """

    currency: str | None
    accounts_start: int = 0
    accounts_lost: int = 0
    accounts_upsold: int = 0
    accounts_cross_sold: int = 0
    accounts_end: int = 0
    accounts_new: int = 0
    accounts_reactivated: int = 0
    start_minor: int = 0
    upsell_minor: int = 0
    cross_sell_minor: int = 0
    contraction_minor: int = 0
    churn_minor: int = 0
    new_minor: int = 0
    reactivated_minor: int = 0
    start_squares: float = 0.0
    gain_squares: float = 0.0
    loss_squares: float = 0.0
    start_by_gain: float = 0.0
    start_by_loss: float = 0.0
    end_squares: float = 0.0
    end_cubes: float = 0.0

    def __post_init__(self) -> None:
        if self.currency is not None:
            checked_currency(self.currency)
        for name in _SUMS:
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name}: expected a number >= 0, got {getattr(self, name)!r}")
        for name in ("accounts_lost", "accounts_upsold", "accounts_cross_sold"):
            if getattr(self, name) > self.accounts_start:
                raise ValueError(f"{name}: expected at most accounts_start, got more")
        if self.contraction_minor + self.churn_minor > self.start_minor:
            raise ValueError("contraction_minor, churn_minor: expected a part of start_minor")

    def __add__(self, other: Totals) -> Totals:
        if self.currency != other.currency:
            raise ValueError(f"currency: expected {self.currency}, got {other.currency}")
        return Totals(
            self.currency, *(getattr(self, name) + getattr(other, name) for name in _SUMS)
        )

    @property
    def expansion_minor(self) -> int:
        return self.upsell_minor + self.cross_sell_minor

    @property
    def end_minor(self) -> int:
        return (
            self.start_minor
            + self.new_minor
            + self.reactivated_minor
            + self.expansion_minor
            - self.contraction_minor
            - self.churn_minor
        )


_SUMS = tuple(each.name for each in fields(Totals))[1:]
COUNTS, _MONEY = 7, 7  # the first sums, and those after them; the rest are floats
WHOLE = COUNTS + _MONEY
_NO_MOVES = (0,) * (_MONEY - 1)


def totals(
    pairs: Iterable[tuple[Standing, Standing]], *, rates: Rates | None = None
) -> dict[str | None, Totals]:
    """Sums over accounts from what each paid at the start and at the end.

    pairs: (start, end) of each account, once each; accounts that never paid may be left out. An
    account whose start knows of more currencies than its end has them in the wrong order
    (ValueError). Returns the Totals of each currency, and under None those of accounts in any
    currency, without money.

    1. Each currency is counted as though there were no other: who moves from one to another
       is churn in the one and new in the other. Under None it is neither.
    2. With rates there is one currency, the base. What an account pays in all is rounded once
       (`Rates`). ValueError for a currency without a rate.
    3. Upsold is who pays more at the end for a product that was paid at the start; under None
       a price that changed its currency cannot be compared, and is not counted. Cross-sold is
       who pays at the end for a product that was not paid at the start. Both may be true.

    >>> before = Standing({"core": Price(9_000, "EUR")}, frozenset({"EUR"}))
    >>> after = Standing({"core": Price(9_500, "EUR"), "api": Price(2_000, "EUR")},
    ...                  frozenset({"EUR"}))
    >>> found = totals([(before, after)])["EUR"]
    >>> found.start_minor, found.upsell_minor, found.cross_sell_minor, found.end_minor
    (9000, 500, 2000, 11500)
    """
    return summed(contribution(start, end, rates=rates) for start, end in pairs)


Row = tuple[float, ...]  # in the order of the fields of Totals; without money only the counts
Contribution = Sequence[tuple[str | None, Row]]


def place_of(name: str) -> int:
    """Where a row has what Totals call so."""
    return _SUMS.index(name)


def paid_of(row: Row) -> tuple[int, int]:
    """What an account paid at the start and at the end, from its row of a currency.

    >>> paid = Standing({"core": Price(9_000, "EUR")}, frozenset({"EUR"}))
    >>> [paid_of(row) for currency, row in contribution(paid, paid) if currency]
    [(9000, 9000)]
    """
    start, upsell, cross_sell, contraction, churn, new, reactivated = row[COUNTS:][:_MONEY]
    end = start + upsell + cross_sell - contraction - churn + new + reactivated
    return int(start), int(end)


def contribution(start: Standing, end: Standing, *, rates: Rates | None = None) -> Contribution:
    """What one account adds to the sums of each currency, worked out once for many sums of it."""
    if not start.paid_in <= end.paid_in:
        raise ValueError("pairs: expected the start before the end, got an end before it")
    if rates is None and not start.held and not end.held:
        return ()
    return _rows(start, end, rates)


def converted(start: Standing, end: Standing, *, rates: Rates) -> Contribution:
    """What one account adds to the sums of the base; nothing where a price has no rate.

    Its start and its end are converted by the same rates, so that nothing but what it pays in its
    own currencies moves it. An account of which a part has no rate is left out as a whole: half of
    it would look like a customer who pays less.
    """
    prices = (*start.held.values(), *end.held.values())
    if not all(rates.knows(price.currency) for price in prices):
        return ()
    return contribution(start, end, rates=rates)[:1]


def summed(contributions: Iterable[Contribution]) -> dict[str | None, Totals]:
    """`totals` of the accounts whose contributions these are."""
    rows: dict[str | None, list[tuple[float, ...]]] = {None: []}
    for each in contributions:
        for currency, row in each:
            rows.setdefault(currency, []).append(row)
    return {currency: _summed(currency, own) for currency, own in rows.items()}


Held = Mapping[str, int | Fraction]


def _rows(start: Standing, end: Standing, rates: Rates | None) -> Contribution:
    """Of each currency a row in the order of the fields of Totals."""
    if rates is not None:
        row = _row(_converted(start, rates), _converted(end, rates), had_paid=bool(start.paid_in))
        return [(rates.base, row), (None, row[:COUNTS])]
    if len(end.paid_in) == 1:  # as nearly always: nothing is there to be told apart
        (currency,) = end.paid_in
        before = {product: price.mrr_minor for product, price in start.held.items()}
        after = before
        if start is not end:
            after = {product: price.mrr_minor for product, price in end.held.items()}
        row = _row(before, after, had_paid=bool(start.paid_in))
        return [(currency, row), (None, row[:COUNTS])]
    prices = (*start.held.values(), *end.held.values())
    found = [
        (
            currency,
            _row(
                _in_currency(start.held, currency),
                _in_currency(end.held, currency),
                had_paid=currency in start.paid_in,
            ),
        )
        for currency in {price.currency for price in prices}
    ]
    row = _row(*_comparable(start.held, end.held), had_paid=bool(start.paid_in))
    return [*found, (None, row[:COUNTS])]


def _row(before: Held, after: Held, *, had_paid: bool) -> tuple[float, ...]:
    paid, pays = bool(before), bool(after)
    start = round(sum(before.values()))
    if after is before:  # what holds has not changed, as in most months
        return (1, 0, 0, 0, 1, 0, 0, start, *_NO_MOVES, start**2, 0, 0, 0, 0, start**2, start**3)
    end = round(sum(after.values()))
    gain = max(0, end - start) if paid else 0
    loss = max(0, start - end) if paid else 0
    come = 0 if paid else end
    added = {product: price for product, price in after.items() if product not in before}
    is_upsold = any(after.get(product, 0) > price for product, price in before.items())
    # What was lost on products of the start is made good by gains on such products first.
    cross_sell = min(gain, round(sum(added.values()))) if paid else 0
    # The next three lines are in the order of the fields of Totals.
    counts = (paid, paid and not pays, is_upsold, paid and bool(added), pays)
    came = (pays and not paid and not had_paid, pays and not paid and had_paid)
    money = (start, gain - cross_sell, cross_sell, loss if pays else 0, 0 if pays else loss)
    back = (0, come) if had_paid else (come, 0)
    squares = (start**2, gain**2, loss**2, start * gain, start * loss, end**2, end**3)
    return (*counts, *came, *money, *back, *squares)


def _summed(currency: str | None, rows: list[tuple[float, ...]]) -> Totals:
    columns = list(zip(*rows, strict=True))
    whole = [int(sum(column)) for column in columns[:WHOLE]]
    return Totals(currency, *whole, *(fsum(column) for column in columns[WHOLE:]))


def _in_currency(held: Mapping[str, Price], currency: str) -> Held:
    return {
        product: price.mrr_minor for product, price in held.items() if price.currency == currency
    }


def _converted(standing: Standing, rates: Rates) -> Held:
    return {product: rates.convert(price) for product, price in standing.held.items()}


def _comparable(before: Mapping[str, Price], after: Mapping[str, Price]) -> tuple[Held, Held]:
    """Amounts that may be compared product by product, though not summed."""
    unchanged = {
        product: before[product].mrr_minor
        for product, price in after.items()
        if product in before and before[product].currency != price.currency
    }
    return (
        {product: price.mrr_minor for product, price in before.items()},
        {product: price.mrr_minor for product, price in after.items()} | unchanged,
    )


@dataclass(frozen=True, slots=True)
class Bridge:
    """How the MRR of the start became that of the end, in whole minor units of one currency.

    start + new + reactivated + upsell + cross_sell - contraction - churn = end, exactly. upsell,
    cross_sell: what accounts pay more than at the start; the latter as far as it is paid for
    products they did not have then. contraction: what those pay less who still pay; churn: what
    those paid who pay nothing more. new, reactivated: of accounts that paid nothing at the start
    and never before, or once before; no part of net revenue retention.
    """

    currency: str
    start: int
    new: int
    reactivated: int
    upsell: int
    cross_sell: int
    contraction: int
    churn: int
    end: int

    @property
    def expansion(self) -> int:
        return self.upsell + self.cross_sell


def bridge(sums: Totals) -> Bridge:
    """The bridge of these sums; ValueError for those without money."""
    return Bridge(
        currency=checked_currency(sums.currency),
        start=sums.start_minor,
        new=sums.new_minor,
        reactivated=sums.reactivated_minor,
        upsell=sums.upsell_minor,
        cross_sell=sums.cross_sell_minor,
        contraction=sums.contraction_minor,
        churn=sums.churn_minor,
        end=sums.end_minor,
    )


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one currency, or of accounts in any (currency None; then no money).

    churn_rate: accounts with MRR at the start and none at the end, of those with MRR at the
    start. gross_revenue_retention: Σ min(end, start) / Σ start over these; revenue_churn_rate:
    what is missing to 1. net_revenue_retention: Σ end / Σ start over these. upsell_rate,
    cross_sell_rate: shares of these accounts (see `totals`; Kamakura, Journal of Relationship
    Marketing 6(3-4), 2008, tells the two apart). upsell_revenue_rate, cross_sell_revenue_rate:
    what is paid more (see `Bridge`), of Σ start; without an interval. arpa: Σ end / accounts with
    MRR at the end, in minor units. ltv: see `subscription_value`. Rates are fractions.
    """

    currency: str | None
    churn_rate: Figure
    revenue_churn_rate: Figure
    gross_revenue_retention: Figure
    net_revenue_retention: Figure
    upsell_rate: Figure
    cross_sell_rate: Figure
    upsell_revenue_rate: Figure
    cross_sell_revenue_rate: Figure
    arpa: Figure
    ltv: LifetimeValue


def figures(sums: Totals, *, margin: float | None = None, level: float = 0.95) -> Figures:
    """All figures from sums alone, with intervals; cost does not grow with the accounts.

    margin: of the lifetime value, see `subscription_value`. A figure of nobody is None. Shares of
    accounts: `ratios.share`; of money: `ratios.kept_share`, `ratios.net_ratio`; arpa:
    `ratios.mean`. The intervals take accounts as independent of one another and as a sample of
    such accounts: what may come, not what was.
    """
    accounts = sums.accounts_start
    weighed = Weighed(
        n=accounts,
        weight=sums.start_minor,
        gain=sums.expansion_minor,
        loss=sums.contraction_minor + sums.churn_minor,
        weight_squares=sums.start_squares,
        gain_squares=sums.gain_squares,
        loss_squares=sums.loss_squares,
        weight_by_gain=sums.start_by_gain,
        weight_by_loss=sums.start_by_loss,
    )
    kept = kept_share(weighed, level=level)
    arpa = Figure(None, sums.accounts_end)
    if sums.currency is not None:
        arpa = mean(
            sums.accounts_end, sums.end_minor, sums.end_squares, sums.end_cubes, level=level
        )
    return Figures(
        currency=sums.currency,
        churn_rate=share(sums.accounts_lost, accounts, level=level),
        revenue_churn_rate=_rest_of(kept, weighed),
        gross_revenue_retention=kept,
        net_revenue_retention=net_ratio(weighed, level=level),
        upsell_rate=share(sums.accounts_upsold, accounts, level=level),
        cross_sell_rate=share(sums.accounts_cross_sold, accounts, level=level),
        upsell_revenue_rate=_of_start(sums.upsell_minor, sums),
        cross_sell_revenue_rate=_of_start(sums.cross_sell_minor, sums),
        arpa=arpa,
        ltv=subscription_value(
            arpa, lost=sums.accounts_lost, accounts=accounts, margin=margin, level=level
        ),
    )


def _of_start(part: int, sums: Totals) -> Figure:
    return Figure(part / sums.start_minor if sums.start_minor else None, sums.accounts_start)


def _rest_of(kept: Figure, weighed: Weighed) -> Figure:
    if kept.value is None:
        return kept
    value = weighed.loss / weighed.weight
    if kept.low is None or kept.high is None:
        return Figure(value, kept.n)
    return Figure(value, kept.n, min(value, 1 - kept.high), max(value, 1 - kept.low))


@dataclass(frozen=True, slots=True)
class Report:
    """The figures to show: with one currency all in one, with several those of money apart."""

    overall: Figures
    by_currency: Mapping[str, Figures] = field(default_factory=dict)


def report(
    by_currency: Mapping[str | None, Totals], *, margin: float | None = None, level: float = 0.95
) -> Report:
    """Figures of what `totals` returns, or of sums of such; no currency is left out.

    A currency in which nobody pays at either end does not count as one.

    >>> report(totals([])).overall.arpa
    Figure(value=None, n=0, low=None, high=None)
    """
    paid = {
        currency: figures(sums, margin=margin, level=level)
        for currency, sums in by_currency.items()
        if currency is not None and (sums.accounts_start or sums.accounts_end)
    }
    if len(paid) == 1:
        return Report(next(iter(paid.values())))
    everybody = by_currency.get(None, Totals(None))
    return Report(figures(everybody, margin=margin, level=level), paid)
