"""Sums of customers who pay in several currencies, in the reporting currency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from surveys.cohorts import Member
from surveys.exchange import StatedRate
from surveys.retention import (
    Bridge,
    Contribution,
    Figures,
    Totals,
    bridge,
    converted,
    figures,
    summed,
)
from surveys.subscriptions import Paid, Price, Rates
from vocapp.people.money.queries import Money

ALL = "all"  # in addresses: customers of all currencies, converted
ByCurrency = Mapping[str | None, Totals]


@dataclass(frozen=True, slots=True)
class Converted:
    """Figures in the reporting currency.

    rates: those that were used. left_out: currency without a rate → customers who pay in it and
    are in none of these figures.
    """

    currency: str
    figures: Figures
    bridge: Bridge
    rates: Sequence[StatedRate]
    left_out: Mapping[str, int]


def in_base(
    paying: Mapping[UUID, Contribution],
    histories: Mapping[UUID, Paid],
    start: datetime,
    end: datetime,
    rates: Rates | None,
) -> Mapping[UUID, Contribution]:
    """What each account adds in the reporting currency; nothing where a price has no rate.

    paying: what it adds in its own; that of who pays in the reporting currency alone is the same.
    """
    if rates is None:
        return {}
    found: dict[UUID, Contribution] = {}
    for account, own in paying.items():
        if {currency for currency, _ in own} <= {rates.base, None}:
            found[account] = [each for each in own if each[0] is not None]
        else:
            history = histories[account]
            found[account] = converted(history.before(start), history.before(end), rates=rates)
    return found


def both_in_base(
    both: tuple[Mapping[str, int], Mapping[str, int]], rates: Rates
) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """What an account pays by currency at two instants, in the reporting currency, each rounded
    once; nothing where a currency has no rate."""
    if not all(rates.knows(code) for sums in both for code in sums):
        return {}, {}
    before, after = (
        {rates.base: round(sum(rates.convert(Price(n, code)) for code, n in sums.items()))}
        if sums
        else {}
        for sums in both
    )
    return before, after


def cohort_in_base(members: Iterable[Member], end: datetime, rates: Rates | None) -> Totals | None:
    """From the end of a cohort's month to `end`; None without a reporting currency."""
    if rates is None:
        return None
    rows = (converted(each.first, each.history.before(end), rates=rates) for each in members)
    return summed(rows).get(rates.base, Totals(rates.base))


def summed_in_base(
    contributions: Mapping[UUID, Contribution], own: Iterable[UUID], base: str | None
) -> Totals | None:
    """Of these accounts; None without a reporting currency."""
    if base is None:
        return None
    return summed(contributions[account] for account in own).get(base, Totals(base))


def converted_of(
    sums: Totals | None, by_currency: ByCurrency, month: date, money: Money
) -> Converted | None:
    """What is shown of sums in the reporting currency; None where there is nothing to convert.

    by_currency: the same sums, each currency by itself.
    """
    paid = {code: own for code, own in by_currency.items() if code is not None and _pays(own)}
    if money.rates is None or sums is None or sums.currency != money.currency:
        return None
    if not paid.keys() - {money.currency}:
        return None
    used = [each for each in money.rates.of_month(month) if each.currency in paid]
    known = {money.currency, *(each.currency for each in used)}
    return Converted(
        currency=money.rates.base,
        figures=figures(sums, margin=margin_of(money)),
        bridge=bridge(sums),
        rates=used,
        left_out={
            code: max(own.accounts_start, own.accounts_end)
            for code, own in sorted(paid.items())
            if code not in known
        },
    )


def _pays(sums: Totals) -> bool:
    return bool(sums.accounts_start or sums.accounts_end)


def margin_of(money: Money) -> float | None:
    return None if money.margin is None else float(money.margin)


def present_rates(found: Converted) -> dict[str, Any]:
    """What the API says of a conversion beside its figures."""
    return {
        "currency": found.currency,
        "rates": [
            {"currency": each.currency, "since": each.since.isoformat(), "rate": f"{each.rate:f}"}
            for each in found.rates
        ],
        "left_out": [
            {"currency": code, "accounts": count} for code, count in found.left_out.items()
        ],
    }
