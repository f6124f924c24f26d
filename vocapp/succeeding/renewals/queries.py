"""Reads for pages and machines: the board, the calendar, the forecast, and how true it was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from surveys.exchange import StatedRates
from surveys.periods import local_day, period_start
from surveys.renewal_forecast import Accuracy, Forecast, Recorded, Stakes, accuracy, forecast
from surveys.renewals import CATEGORIES, COMMIT_FROM, LIKELY_FROM, Category, outcome_of_facts
from surveys.subscriptions import Price, Rates
from vocapp.extensions import db
from vocapp.people.models import Account
from vocapp.people.money.queries import money
from vocapp.people.reaching import accounts_within
from vocapp.succeeding.renewals.models import RenewalOutcome, RenewalSnapshot
from vocapp.succeeding.renewals.reading import (
    EVERYBODY,
    OVERDUE_DAYS,
    Decided,
    Narrowed,
    Renewal,
    coming,
    decided_of_late,
)
from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.workspaces.models import User
from vocapp.workspaces.reach import Reach

YEAR_DAYS = 366
_ACCURACY_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Told:
    """The forecast of some renewals in one currency, in all and by category.

    is_converted: of renewals in several currencies; left_out: so many of them have no rate.
    """

    currency: str
    whole: Forecast
    by_category: Mapping[Category, Forecast]
    is_converted: bool = False
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the calendar."""

    first: date
    rows: Sequence[Renewal]
    told: Sequence[Told]


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


def upcoming(
    workspace_id: UUID,
    *,
    days: int,
    reach: Reach,
    time_zone: str,
    now: datetime,
    narrowed: Narrowed = EVERYBODY,
    category: Category | None = None,
) -> list[Renewal]:
    """Of the next days, and those that are over with nothing told; of one category or of all."""
    today = local_day(now, time_zone)
    return coming(
        db.session(), workspace_id, since=today - timedelta(days=OVERDUE_DAYS),
        until=today + timedelta(days=days + 1), today=today, reach=reach, narrowed=narrowed,
        category=category,
    )  # fmt: skip


def of_account(account: Account, *, reach: Reach, time_zone: str, now: datetime) -> Renewal | None:
    """The renewal of one account that comes, however far; None where none is known."""
    today = local_day(now, time_zone)
    found = coming(
        db.session(), account.workspace_id, since=today - timedelta(days=OVERDUE_DAYS),
        until=date.max, today=today, reach=reach, account_id=account.id,
    )  # fmt: skip
    return found[0] if found else None


def recently(
    workspace_id: UUID, *, reach: Reach, time_zone: str, now: datetime, narrowed: Narrowed
) -> list[Decided]:
    return decided_of_late(
        db.session(), workspace_id, time_zone=time_zone, now=now, reach=reach, narrowed=narrowed
    )


def rates_now(workspace_id: UUID, *, time_zone: str, now: datetime) -> Rates | None:
    """Those of the current month; None without a reporting currency."""
    stated = money(workspace_id).rates
    return stated.rates_of_month(local_day(now, time_zone)) if stated else None


def told(rows: Sequence[Renewal], rates: Rates | None = None) -> list[Told]:
    """The forecast by currency, the most accounts first; those without an amount are left out.

    With rates, and not all in the base, that of all in the base stands before.
    """
    by_currency = _by_currency(rows)
    ordered = sorted(by_currency.items(), key=lambda item: (-len(item[1]), item[0]))
    each_by_itself = [_told(currency, own, _amount) for currency, own in ordered]
    if rates is None or not by_currency.keys() - {rates.base}:
        return each_by_itself
    return [_converted(by_currency, rates), *each_by_itself]


def _by_currency(rows: Sequence[Renewal]) -> dict[str, list[Renewal]]:
    by_currency: dict[str, list[Renewal]] = defaultdict(list)
    for row in rows:
        if row.account.mrr_minor is not None and row.account.currency:
            by_currency[row.account.currency].append(row)
    return by_currency


def _converted(by_currency: Mapping[str, Sequence[Renewal]], rates: Rates) -> Told:
    known = [row for code, own in by_currency.items() if rates.knows(code) for row in own]
    found = _told(rates.base, known, lambda row: round(rates.convert(_price(row))))
    left_out = sum(len(own) for code, own in by_currency.items() if not rates.knows(code))
    return replace(found, is_converted=True, left_out=left_out)


def _price(row: Renewal) -> Price:
    return Price(_amount(row), row.account.currency or "")


def _amount(row: Renewal) -> int:
    return row.account.mrr_minor or 0


def _told(currency: str, rows: Sequence[Renewal], amount: Callable[[Renewal], int]) -> Told:
    return Told(
        currency,
        _forecast(rows, amount),
        {each: _forecast([r for r in rows if r.category == each], amount) for each in CATEGORIES},
    )


def _forecast(rows: Sequence[Renewal], amount: Callable[[Renewal], int]) -> Forecast:
    groups: dict[str | None, list[Renewal]] = defaultdict(list)
    for row in rows:
        groups[row.health.band].append(row)
    return forecast(Stakes(own[0].chance, [amount(row) for row in own]) for own in groups.values())


def calendar(rows: Sequence[Renewal], rates: Rates | None = None) -> list[Month]:
    """By month, the first on top; months without a renewal are left out."""
    by_month: dict[date, list[Renewal]] = defaultdict(list)
    for row in rows:
        by_month[period_start(row.due_on, "month")].append(row)
    return [
        Month(month, by_month[month], told(by_month[month], rates)) for month in sorted(by_month)
    ]


def next_steps(workspace_id: UUID, rows: Sequence[Renewal]) -> dict[UUID, TouchpointPlan]:
    """Account → the first contact that is planned; one statement."""
    plans = db.session.scalars(
        select(TouchpointPlan)
        .where(
            TouchpointPlan.workspace_id == workspace_id,
            TouchpointPlan.account_id.in_([row.account.id for row in rows]),
            TouchpointPlan.state == "planned",
        )
        .order_by(TouchpointPlan.due_on.desc(), TouchpointPlan.id.desc())
    )
    return {plan.account_id: plan for plan in plans}


def speakers(rows: Sequence[Renewal]) -> dict[UUID, str]:
    """The names of those whose word stands before a forecast."""
    ids = {row.word.said_by_user_id for row in rows if row.word and row.word.said_by_user_id}
    found = db.session.execute(select(User.id, User.name).where(User.id.in_(ids)))
    return {row.id: row.name for row in found}


def plans_in_use(workspace_id: UUID, *, reach: Reach) -> list[str]:
    query = select(Account.plan).where(
        Account.workspace_id == workspace_id,
        Account.plan.is_not(None),
        accounts_within(reach, workspace_id),
    )
    return [plan for plan in db.session.scalars(query.distinct().order_by(Account.plan)) if plan]


# --- how true it was ----------------------------------------------------------------------


def recorded_months(
    workspace_id: UUID, *, time_zone: str, now: datetime
) -> tuple[HowTrue, list[HowTrue]]:
    """Months that are over, as their forecasts were recorded, against what happened: all of them
    together, and each, the latest first."""
    this_month = period_start(local_day(now, time_zone), "month")
    first = this_month - timedelta(days=31 * _ACCURACY_MONTHS)
    rows = db.session.execute(
        select(
            RenewalSnapshot.month, RenewalSnapshot.due_on, RenewalSnapshot.chance,
            RenewalSnapshot.category, RenewalSnapshot.mrr_minor, RenewalSnapshot.currency,
            RenewalOutcome.outcome, RenewalOutcome.kept_minor,
            Account.renewal_on, Account.mrr_minor.label("mrr_now"),
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
            RenewalSnapshot.month >= first,
            RenewalSnapshot.month < this_month,
        )
        .order_by(RenewalSnapshot.month.desc(), RenewalSnapshot.account_id)
    )  # fmt: skip
    by_month: dict[date, list[_InCurrency]] = defaultdict(list)
    for row in rows:
        by_month[row.month].append((row.month, row.currency, _recorded(row)))
    everything = [each for own in by_month.values() for each in own]
    stated = money(workspace_id).rates
    return (
        _how_true(None, everything, stated),
        [_how_true(month, own, stated) for month, own in by_month.items()],
    )


_InCurrency = tuple[date, str | None, Recorded]  # of a month


def _recorded(row: Any) -> Recorded:
    amount = row.mrr_minor or 0
    if row.outcome is not None:
        kept = min(amount, row.kept_minor or 0)
        return Recorded(row.chance, row.category, amount, row.outcome, kept)
    happened = outcome_of_facts(row.due_on, renewal_on=row.renewal_on, mrr_minor=row.mrr_now)
    kept = min(amount, row.mrr_now or 0) if happened == "renewed" else 0
    return Recorded(row.chance, row.category, amount, happened, kept)


def _how_true(
    month: date | None, rows: Sequence[_InCurrency], stated: StatedRates | None
) -> HowTrue:
    currencies = sorted({currency for _, currency, _ in rows if currency})
    base = stated.base if stated and set(currencies) - {stated.base} else None
    return HowTrue(
        month=month,
        whole=accuracy([replace(each, amount_minor=0, kept_minor=0) for _, _, each in rows]),
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
            amount, kept = (
                round(rates.convert(Price(minor, currency)))
                for minor in (each.amount_minor, each.kept_minor)
            )
            found.append(replace(each, amount_minor=amount, kept_minor=kept))
    return found


# --- for people's first page, and for machines --------------------------------------------


def at_risk_of(
    workspace_id: UUID, owner: UUID, *, days: int, reach: Reach, time_zone: str, now: datetime
) -> tuple[list[Renewal], dict[str, int]]:
    """Renewals of an owner's accounts that are at risk, and the amounts by currency."""
    rows = upcoming(
        workspace_id, days=days, reach=reach, time_zone=time_zone, now=now,
        narrowed=Narrowed(owner=owner), category="risk",
    )  # fmt: skip
    amounts: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.account.mrr_minor and row.account.currency:
            amounts[row.account.currency] += row.account.mrr_minor
    return rows, dict(amounts)


def count_known(workspace_id: UUID, *, reach: Reach) -> int:
    """How many accounts have a renewal day at all."""
    query = select(func.count()).where(
        Account.workspace_id == workspace_id,
        Account.renewal_on.is_not(None),
        accounts_within(reach, workspace_id),
    )
    return db.session.scalar(query) or 0


def present(
    rows: Sequence[Renewal],
    past: HowTrue,
    names: Mapping[UUID, str],
    rates: Rates | None = None,
) -> dict[str, Any]:
    """As the API shows them; money in minor units, chances as fractions."""
    forecasts, found = told(rows, rates), past.whole
    return {
        "interval_level": 0.95,
        "thresholds": {"commit": COMMIT_FROM, "likely": LIKELY_FROM},
        "forecast": [_present_told(each) for each in forecasts if not each.is_converted],
        "converted": next(
            (_present_told(each) | {"left_out": each.left_out}
             for each in forecasts if each.is_converted), None,
        ),
        "accuracy": {
            "decided": found.decided, "open": found.open, "is_enough": found.is_enough,
            "said": found.said, "renewed": found.renewed.value, "brier": found.brier,
            "by_currency": {
                code: _present_amounts(each) for code, each in past.by_currency.items()
            },
            "converted": None if past.converted is None else
            {"currency": past.base, **_present_amounts(past.converted)},
        },
        "items": [_present(row, names) for row in rows],
        "next": None,
    }  # fmt: skip


def _present(row: Renewal, names: Mapping[UUID, str]) -> dict[str, Any]:
    word = row.word
    return {
        "account": row.account.external_id,
        "name": row.account.name,
        "renewal_on": row.due_on.isoformat(),
        "days_left": row.days_left,
        "mrr": row.account.mrr_minor,
        "currency": row.account.currency,
        "health": {"score": row.health.score, "band": row.health.band},
        "chance": {
            "value": row.chance.value, "low": row.chance.low, "high": row.chance.high,
            "n": row.chance.n,
        },
        "category": row.category,
        "forecast_category": row.own_category,
        "said": {
            "by": names.get(word.said_by_user_id) if word.said_by_user_id else None,
            "at": word.said_at.isoformat(), "note": word.note,
        } if word else None,
        "owner": row.owner,
    }  # fmt: skip


def _present_told(each: Told) -> dict[str, Any]:
    return {
        "currency": each.currency,
        **_present_forecast(each.whole),
        "by_category": {c: _present_forecast(f) for c, f in each.by_category.items()},
    }


def _present_amounts(found: Accuracy) -> dict[str, Any]:
    return {"expected": found.expected_minor, "kept": found.kept_minor, "bias": found.bias}


def _present_forecast(found: Forecast) -> dict[str, int]:
    return {
        "n": found.n, "total": found.total_minor, "expected": found.expected_minor,
        "low": found.low_minor, "high": found.high_minor,
    }  # fmt: skip
