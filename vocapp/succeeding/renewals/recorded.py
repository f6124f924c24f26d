"""How true the forecast was: months as their forecasts were recorded, against what happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Float, Select, Subquery, and_, case, cast, func, select
from sqlalchemy.orm import Session

from surveys.attributes import as_text
from surveys.exchange import StatedRates
from surveys.periods import day_bounds, local_day, period_start
from surveys.renewal_forecast import Accuracy, Recorded, accuracy
from surveys.renewals import WORD_HOLDS_DAYS, Category, Outcome
from surveys.subscriptions import Price
from vocapp.database import days_between, json_within, length_within, read_json, text_within
from vocapp.extensions import db
from vocapp.people.fact_history import value_at
from vocapp.people.models import Account
from vocapp.people.money.queries import money
from vocapp.succeeding.health.segmenting import fact_name
from vocapp.succeeding.renewals.models import RenewalOutcome, RenewalSnapshot
from vocapp.succeeding.renewals.reading import Segment

_MONTHS = 12
_SUMS = 5  # how many columns `_summed` adds up


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


@dataclass(frozen=True, slots=True)
class Past:
    """Months that are over, as their forecasts were recorded, against what happened: all of them
    together, and each, the latest first. by_value: all of them by what accounts had of an attribute
    when each month began, where they are split."""

    whole: HowTrue
    months: Sequence[HowTrue]
    by_value: Mapping[str | None, HowTrue] = field(default_factory=dict)


def recorded_months(
    workspace_id: UUID,
    *,
    time_zone: str,
    now: datetime,
    segment: Segment | None = None,
    by: str | None = None,
) -> Past:
    """Of accounts that were in a segment when the month began, or of all; by: an attribute to
    split all of them by."""
    this_month = period_start(local_day(now, time_zone), "month")
    stated = money(workspace_id).rates
    asked = segment.attribute if segment else by
    if asked is None:
        return _past(_sums(db.session(), workspace_id, this_month), stated)
    found = _by_value(workspace_id, asked, this_month, time_zone)
    if segment is not None:
        return _past(found[segment.value], stated)
    return replace(
        _past([each for own in found.values() for each in own], stated),
        by_value={value: _how_true(None, own, stated) for value, own in found.items()},
    )


def _past(found: Sequence[_InCurrency], stated: StatedRates | None) -> Past:
    by_month: dict[date, list[_InCurrency]] = defaultdict(list)
    for month, currency, each in found:
        by_month[month].append((month, currency, each))
    return Past(
        _how_true(None, found, stated),
        [_how_true(month, by_month[month], stated) for month in sorted(by_month, reverse=True)],
    )


def _by_value(
    workspace_id: UUID, attribute: str, this_month: date, time_zone: str
) -> Mapping[str | None, list[_InCurrency]]:
    """What was said of an account before its month stands in its history. Of most only one thing
    ever was, and what is alike is summed by the database; of the others it gives the history."""
    session, fact = db.session(), fact_name(attribute)
    history = Account.fact_history
    is_steady = func.coalesce(length_within(session, history, fact), 0) <= 1
    said = case(
        (is_steady, json_within(session, history, fact, 0, 1)),
        else_=json_within(session, history, fact),
    )
    each = _each(
        session, workspace_id, this_month, is_steady.label("is_steady"), said.label("said")
    )
    sums = _summed(each, each.c.is_steady, each.c.said).subquery()
    once = text_within(session, case((sums.c.is_steady, sums.c.said)))
    rows: Any = session.execute(select(sums, once))
    begin = cache(lambda month: day_bounds(month, time_zone)[0])
    found: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [0] * _SUMS)
    for steady, told, month, *more, value in rows:
        if not steady:
            value = as_text(value_at({fact: read_json(told)}, fact, begin(month)))
        key = (value, month, *more[:-_SUMS])
        found[key] = [a + b for a, b in zip(found[key], more[-_SUMS:], strict=True)]
    by_value: dict[str | None, list[_InCurrency]] = defaultdict(list)
    for (value, *alike), summed in found.items():
        by_value[value].append(_recorded(*alike, *summed))
    return by_value


def _sums(session: Session, workspace_id: UUID, this_month: date) -> list[_InCurrency]:
    """Summed by the database: a large business has some thousand renewals a month."""
    each = _each(session, workspace_id, this_month)
    return [_recorded(*told) for told in session.execute(_summed(each))]


def _summed(each: Subquery, *by: ColumnElement[Any]) -> Select[Any]:
    """Rows for `_recorded`, before each what they are split by."""
    alike = (*by, each.c.month, each.c.currency, each.c.category, each.c.outcome)
    return select(
        *alike, func.count(), func.sum(each.c.chance),
        func.sum(each.c.chance * each.c.chance),
        func.sum(each.c.chance * each.c.amount),
        func.sum(case((each.c.kept < each.c.amount, each.c.kept), else_=each.c.amount)),
    ).group_by(*alike)  # fmt: skip


def _recorded(
    month: date,
    currency: str | None,
    category: Category,
    outcome: Outcome | None,
    n: int,
    said: float,
    squared: float,
    expected: float,
    kept: float,
) -> _InCurrency:
    return month, currency, Recorded(category, outcome, n, said, squared, expected, round(kept))


def _each(
    session: Session,
    workspace_id: UUID,
    this_month: date,
    *more: ColumnElement[Any],
) -> Subquery:
    """What was forecast and what happened, as events tell, or else what is known of the account
    later: lost, as it pays nothing; renewed, as its renewal day has moved on by more than a word
    on it would hold; who pays in another currency then kept all, as with events.

    Amounts are in the currency of the forecast: of what events tell in another one, its share of
    what was due, which needs no rate. Of what they tell in several at once no share is known: such
    a renewal is counted, with no amount. more: columns of the account."""
    said = func.coalesce(RenewalSnapshot.mrr_minor, 0)
    known = RenewalOutcome.outcome.is_not(None)
    in_several = and_(RenewalOutcome.outcome == "renewed", RenewalOutcome.currency.is_(None))
    moved = days_between(session, RenewalSnapshot.due_on, Account.renewal_on) > WORD_HOLDS_DAYS
    return (
        select(
            RenewalSnapshot.month, RenewalSnapshot.currency,
            RenewalSnapshot.category, RenewalSnapshot.chance,
            case((in_several, 0), else_=said).label("amount"),
            case(
                (known, RenewalOutcome.outcome), (Account.mrr_minor == 0, "lost"),
                (moved, "renewed"),
            ).label("outcome"),
            case(
                (RenewalOutcome.outcome == "lost", 0),
                (
                    RenewalOutcome.currency != RenewalSnapshot.currency,
                    said * cast(RenewalOutcome.kept_minor, Float) / RenewalOutcome.mrr_minor,
                ),
                (known, func.coalesce(RenewalOutcome.kept_minor, 0)),
                (
                    and_(
                        moved, Account.mrr_minor > 0, Account.currency != RenewalSnapshot.currency
                    ),
                    said,
                ),
                (moved, func.coalesce(Account.mrr_minor, 0)),
                else_=0,
            ).label("kept"),
            *more,
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
    by_currency: dict[str | None, list[Recorded]] = defaultdict(list)
    for _, currency, each in rows:
        by_currency[currency].append(each)
    currencies = sorted(currency for currency in by_currency if currency)
    base = stated.base if stated and set(currencies) - {stated.base} else None
    whole = accuracy([each for _, _, each in rows])
    return HowTrue(
        month=month,
        whole=replace(whole, expected_minor=0, kept_minor=0, bias=None),
        by_currency={code: accuracy(by_currency[code]) for code in currencies},
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
