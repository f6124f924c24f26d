"""How true the forecast was: months as their forecasts were recorded, against what happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Subquery, and_, case, func, null, select
from sqlalchemy.orm import Session

from surveys.attributes import as_text
from surveys.exchange import StatedRates
from surveys.periods import day_bounds, local_day, period_start
from surveys.renewal_forecast import Accuracy, Recorded, accuracy
from surveys.renewals import WORD_HOLDS_DAYS
from surveys.subscriptions import Price
from vocapp.database import days_between
from vocapp.extensions import db
from vocapp.people.fact_history import value_at
from vocapp.people.models import Account
from vocapp.people.money.queries import money
from vocapp.succeeding.health.segmenting import fact_name
from vocapp.succeeding.renewals.models import RenewalOutcome, RenewalSnapshot
from vocapp.succeeding.renewals.reading import Segment

_MONTHS = 12


@dataclass(frozen=True, slots=True)
class HowTrue:
    """How true the forecast of a month was, or of all of them (month None).

    whole: of renewals in any currency, without money. converted: of those whose currency is the
    base or has a rate in their month; None, as is base, where there is nothing to convert.
    """

    month: date | None
    whole: Accuracy
    by_currency: Mapping[str, Accuracy]
    converted: Accuracy | None = None
    base: str | None = None

    @property
    def amounts(self) -> Sequence[tuple[str, Accuracy]]:
        """In which currency: converted, or else each by itself."""
        if self.base is not None and self.converted is not None:
            return [(self.base, self.converted)]
        return list(self.by_currency.items())


_InCurrency = tuple[date, str | None, Recorded]  # of a month


def recorded_months(
    workspace_id: UUID, *, time_zone: str, now: datetime, segment: Segment | None = None
) -> tuple[HowTrue, list[HowTrue]]:
    """Months that are over, as their forecasts were recorded, against what happened: all of them
    together, and each, the latest first; of accounts that were in a segment when the month
    began, or of all."""
    this_month = period_start(local_day(now, time_zone), "month")
    found = (
        _sums(db.session(), workspace_id, this_month)
        if segment is None
        else _by_value(workspace_id, segment.attribute, this_month, time_zone)[segment.value]
    )
    by_month: dict[date, list[_InCurrency]] = defaultdict(list)
    for month, currency, each in found:
        by_month[month].append((month, currency, each))
    everything = [each for own in by_month.values() for each in own]
    stated = money(workspace_id).rates
    return (
        _how_true(None, everything, stated),
        [_how_true(month, by_month[month], stated) for month in sorted(by_month, reverse=True)],
    )


def recorded_by(
    workspace_id: UUID, by: str, *, time_zone: str, now: datetime
) -> dict[str | None, HowTrue]:
    """The same of all months together, by what accounts had of an attribute when each began."""
    this_month = period_start(local_day(now, time_zone), "month")
    stated = money(workspace_id).rates
    found = _by_value(workspace_id, by, this_month, time_zone)
    return {value: _how_true(None, own, stated) for value, own in found.items()}


def _by_value(
    workspace_id: UUID, attribute: str, this_month: date, time_zone: str
) -> Mapping[str | None, list[_InCurrency]]:
    """Forecast by forecast: what was said of an account before its month stands in its history,
    which the database cannot read."""
    each = _each(db.session(), workspace_id, this_month, fact=fact_name(attribute))
    sums: dict[tuple[Any, ...], list[float]] = defaultdict(lambda: [0.0] * 5)
    begin = cache(lambda month: day_bounds(month, time_zone)[0])
    for row in db.session().execute(select(each)):
        value = as_text(value_at({attribute: row.said or []}, attribute, begin(row.month)))
        alike = (value, row.month, row.currency, row.category, row.outcome)
        chance, amount = row.chance, row.amount
        own = (1, chance, chance * chance, chance * amount, min(row.kept, amount))
        sums[alike] = [a + b for a, b in zip(sums[alike], own, strict=True)]
    found: dict[str | None, list[_InCurrency]] = defaultdict(list)
    for (value, month, currency, category, outcome), told in sums.items():
        n, said, squared, expected, kept = told
        recorded = Recorded(category, outcome, int(n), said, squared, expected, int(kept))
        found[value].append((month, currency, recorded))
    return found


def _sums(session: Session, workspace_id: UUID, this_month: date) -> list[_InCurrency]:
    """Summed by the database: a large business has some thousand renewals a month."""
    each = _each(session, workspace_id, this_month)
    alike = (each.c.month, each.c.currency, each.c.category, each.c.outcome)
    rows = session.execute(
        select(
            *alike, func.count(), func.sum(each.c.chance),
            func.sum(each.c.chance * each.c.chance),
            func.sum(each.c.chance * each.c.amount),
            func.sum(case((each.c.kept < each.c.amount, each.c.kept), else_=each.c.amount)),
        ).group_by(*alike)
    )  # fmt: skip
    return [
        (month, currency, Recorded(category, outcome, n, said, squared, expected, int(kept)))
        for month, currency, category, outcome, n, said, squared, expected, kept in rows
    ]


def _each(
    session: Session, workspace_id: UUID, this_month: date, *, fact: str | None = None
) -> Subquery:
    """What was forecast and what happened, as events tell, or else what is known of the account
    later: lost, as it pays nothing; renewed, as its renewal day has moved on by more than a word
    on it would hold; who pays in another currency then kept all, as with events. fact: of which to
    tell what was said of the account over time."""
    known = RenewalOutcome.outcome.is_not(None)
    moved = days_between(session, RenewalSnapshot.due_on, Account.renewal_on) > WORD_HOLDS_DAYS
    return (
        select(
            RenewalSnapshot.month, RenewalSnapshot.currency,
            RenewalSnapshot.category, RenewalSnapshot.chance,
            func.coalesce(RenewalSnapshot.mrr_minor, 0).label("amount"),
            case(
                (known, RenewalOutcome.outcome), (Account.mrr_minor == 0, "lost"),
                (moved, "renewed"),
            ).label("outcome"),
            case(
                (known, func.coalesce(RenewalOutcome.kept_minor, 0)),
                (
                    and_(
                        moved, Account.mrr_minor > 0, Account.currency != RenewalSnapshot.currency
                    ),
                    func.coalesce(RenewalSnapshot.mrr_minor, 0),
                ),
                (moved, func.coalesce(Account.mrr_minor, 0)),
                else_=0,
            ).label("kept"),
            (Account.fact_history[fact] if fact else null()).label("said"),
        )
        .join(
            Account,
            (Account.workspace_id == RenewalSnapshot.workspace_id)
            & (Account.id == RenewalSnapshot.account_id),
        )
        .outerjoin(
            RenewalOutcome,
            (RenewalOutcome.workspace_id == RenewalSnapshot.workspace_id)
            & (RenewalOutcome.account_id == RenewalSnapshot.account_id)
            & (RenewalOutcome.due_on == RenewalSnapshot.due_on),
        )
        .where(
            RenewalSnapshot.workspace_id == workspace_id,
            RenewalSnapshot.month >= this_month - timedelta(days=31 * _MONTHS),
            RenewalSnapshot.month < this_month,
        )
        .subquery()
    )  # fmt: skip


def _how_true(
    month: date | None, rows: Sequence[_InCurrency], stated: StatedRates | None
) -> HowTrue:
    currencies = sorted({currency for _, currency, _ in rows if currency})
    base = stated.base if stated and set(currencies) - {stated.base} else None
    return HowTrue(
        month=month,
        whole=accuracy([replace(each, expected=0.0, kept_minor=0) for _, _, each in rows]),
        by_currency={
            code: accuracy([each for _, own, each in rows if own == code]) for code in currencies
        },
        converted=accuracy(_in_base(rows, stated)) if stated and base else None,
        base=base,
    )


def _in_base(rows: Sequence[_InCurrency], stated: StatedRates) -> list[Recorded]:
    """What was forecast and what was kept by the same rates: those of the month."""
    rates_of = {month: stated.rates_of_month(month) for month in {month for month, _, _ in rows}}
    found = []
    for month, currency, each in rows:
        rates = rates_of[month]
        if currency is not None and rates.knows(currency):
            worth = rates.convert(Price(1, currency))
            found.append(
                replace(
                    each, expected=each.expected * float(worth),
                    kept_minor=round(each.kept_minor * worth),
                )
            )  # fmt: skip
    return found
