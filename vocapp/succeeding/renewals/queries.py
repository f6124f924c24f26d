"""Reads for pages and machines: the board, the calendar, lists and the forecast."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from surveys.periods import local_day, period_end, period_start
from surveys.renewal_forecast import Accuracy, Forecast, Stakes, forecast
from surveys.renewals import CATEGORIES, COMMIT_FROM, LIKELY_FROM, Category
from surveys.subscriptions import Price, Rates
from vocapp.database import snapshot
from vocapp.extensions import db
from vocapp.people.models import Account
from vocapp.people.money.queries import money
from vocapp.people.reaching import accounts_within
from vocapp.succeeding.renewals.deciding import OfLate, decided_of_late
from vocapp.succeeding.renewals.reading import (
    EVERYBODY,
    OVERDUE_DAYS,
    Asked,
    AtStake,
    Chances,
    Narrowed,
    Place,
    Renewal,
    at_stake,
    chances_of,
    coming,
    first_accounts,
)
from vocapp.succeeding.renewals.recorded import HowTrue
from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.workspaces.models import User
from vocapp.workspaces.reach import Reach

YEAR_DAYS = 366
_PART = 1_000


@dataclass(frozen=True, slots=True)
class Told:
    """The forecast of some renewals in one currency, in all and by category (where asked for).

    is_converted: of renewals in several currencies; left_out: so many of them have no rate.
    """

    currency: str
    whole: Forecast
    by_category: Mapping[Category, Forecast] = field(default_factory=dict)
    is_converted: bool = False
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the calendar: how many come, their forecast, and the first of them."""

    first: date
    n: int
    told: Sequence[Told]
    rows: Sequence[Renewal]


@dataclass(frozen=True)
class Upcoming:
    """Renewals of the next days, and those that are over with nothing told: what is at stake in
    all of them, and each, where it is asked for.

    by: the attribute whose values `stakes` have apart; it is read once for whole and parts.
    """

    workspace_id: UUID
    asked: Asked
    chances: Chances
    by: str | None = None

    @cached_property
    def stakes(self) -> Sequence[AtStake]:
        return at_stake(db.session(), self.workspace_id, self.asked, self.chances, by=self.by)

    @property
    def n(self) -> int:
        return sum(len(each.amounts) for each in self.stakes)

    def count(self, category: Category) -> int:
        return sum(len(each.amounts) for each in self.stakes if each.category == category)

    def rows(
        self,
        *,
        category: Category | None = None,
        month: date | None = None,
        after: Place | None = None,
        limit: int | None = None,
    ) -> list[Renewal]:
        """The first on top, so many after a place; of a category, of a month (its first day)."""
        asked = self.asked if month is None else _within(self.asked, month)
        return coming(
            db.session(), self.workspace_id, asked, self.chances,
            category=category, after=after, limit=limit,
        )  # fmt: skip

    def each(
        self, *, category: Category | None = None, month: date | None = None
    ) -> Iterator[Renewal]:
        """All of them, for a file: part by part, so that no more than a part is held at once."""
        after: Place | None = None
        while rows := self.rows(category=category, month=month, after=after, limit=_PART):
            yield from rows
            if len(rows) < _PART:
                return
            after = rows[-1].due_on, rows[-1].account.id

    def told(self, rates: Rates | None = None) -> list[Told]:
        return told(self.stakes, self.chances, rates, by_category=True)

    def calendar(self, rates: Rates | None = None, *, limit: int) -> list[Month]:
        """By month, the first on top; months without a renewal are left out."""
        by_month: dict[date, list[AtStake]] = defaultdict(list)
        for each in self.stakes:
            by_month[each.month].append(each)
        rows: dict[date, list[Renewal]] = defaultdict(list)
        for row in self._first_of(sorted(by_month), limit):
            rows[period_start(row.due_on, "month")].append(row)
        return [
            Month(
                month,
                sum(len(each.amounts) for each in by_month[month]),
                told(by_month[month], self.chances, rates),
                rows[month],
            )
            for month in sorted(by_month)
        ]

    def _first_of(self, months: Sequence[date], limit: int) -> list[Renewal]:
        """The first of each month, which are chosen first and read together."""
        asked = [_within(self.asked, month) for month in months]
        chosen = first_accounts(db.session(), self.workspace_id, asked, limit=limit)
        return coming(
            db.session(), self.workspace_id, self.asked, self.chances, accounts=chosen
        )  # fmt: skip


def _within(asked: Asked, month: date) -> Asked:
    return replace(
        asked,
        since=max(asked.since, month),
        until=min(asked.until, period_end(month, "month")),
    )


def upcoming(
    workspace_id: UUID,
    *,
    days: int,
    reach: Reach,
    time_zone: str,
    now: datetime,
    narrowed: Narrowed = EVERYBODY,
    by: str | None = None,
) -> Upcoming:
    """Of the next days, and those that are over with nothing told; by: see `Upcoming`."""
    today = local_day(now, time_zone)
    asked = Asked(
        since=today - timedelta(days=OVERDUE_DAYS), until=today + timedelta(days=days + 1),
        today=today, reach=reach, narrowed=narrowed,
    )  # fmt: skip
    return Upcoming(
        workspace_id, asked, chances_of(db.session(), workspace_id, reach=reach, today=today), by
    )


def of_account(account: Account, *, reach: Reach, time_zone: str, now: datetime) -> Renewal | None:
    """The renewal of one account that comes, however far; None where none is known."""
    session, today = db.session(), local_day(now, time_zone)
    asked = Asked(
        since=today - timedelta(days=OVERDUE_DAYS), until=date.max, today=today, reach=reach
    )
    chances = chances_of(session, account.workspace_id, reach=reach, today=today)
    found = coming(session, account.workspace_id, asked, chances, accounts=[account.id])
    return found[0] if found else None


def cursor_of(row: Renewal) -> list[str]:
    """Where a row stands in a list, for whoever asks for what follows it; see `place_of`."""
    return [row.due_on.isoformat(), str(row.account.id)]


def place_of(cursor: Sequence[str]) -> Place:
    day, account_id = cursor
    return date.fromisoformat(day), UUID(account_id)


def rates_now(workspace_id: UUID, *, time_zone: str, now: datetime) -> Rates | None:
    """Those of the current month; None without a reporting currency."""
    stated = money(workspace_id).rates
    return stated.rates_of_month(local_day(now, time_zone)) if stated else None


# --- the forecast -------------------------------------------------------------------------


def told(
    stakes: Iterable[AtStake],
    chances: Chances,
    rates: Rates | None = None,
    *,
    by_category: bool = False,
) -> list[Told]:
    """The forecast by currency, the most accounts first; those without an amount are left out.

    With rates, and not all in the base, that of all in the base stands before.
    """
    own = _by_currency(stakes)
    ordered = sorted(own, key=lambda code: (-_count(own[code]), code))
    each_by_itself = [
        Told(code, *_forecasts(own[code], chances, by_category=by_category)) for code in ordered
    ]
    if rates is None or not own.keys() - {rates.base}:
        return each_by_itself
    in_base = [
        each for code in ordered if rates.knows(code) for each in _converted(own[code], code, rates)
    ]
    left_out = sum(_count(own[code]) for code in ordered if not rates.knows(code))
    found = _forecasts(in_base, chances, by_category=by_category)
    return [Told(rates.base, *found, is_converted=True, left_out=left_out), *each_by_itself]


_Known = tuple[str | None, Category, list[int]]  # band, category, amounts that are known


def _by_currency(stakes: Iterable[AtStake]) -> Mapping[str, list[_Known]]:
    found: dict[str, list[_Known]] = defaultdict(list)
    for each in stakes:
        amounts = [amount for amount in each.amounts if amount is not None]
        if each.currency and amounts:
            found[each.currency].append((each.band, each.category, amounts))
    return found


def _count(known: Iterable[_Known]) -> int:
    return sum(len(amounts) for _, _, amounts in known)


def _converted(known: Iterable[_Known], currency: str, rates: Rates) -> list[_Known]:
    worth = rates.convert(Price(1, currency))
    return [
        (band, category, [round(Fraction(amount) * worth) for amount in amounts])
        for band, category, amounts in known
    ]


def _forecasts(
    known: Sequence[_Known], chances: Chances, *, by_category: bool
) -> tuple[Forecast, Mapping[Category, Forecast]]:
    return _forecast(known, chances), {
        category: _forecast([each for each in known if each[1] == category], chances)
        for category in (CATEGORIES if by_category else ())
    }


def _forecast(known: Iterable[_Known], chances: Chances) -> Forecast:
    by_band: dict[str | None, list[int]] = defaultdict(list)
    for band, _, amounts in known:
        by_band[band] += amounts
    return forecast(Stakes(chances[band], amounts) for band, amounts in by_band.items())


# --- beside it ----------------------------------------------------------------------------


def of_late(
    workspace_id: UUID,
    *,
    reach: Reach,
    time_zone: str,
    now: datetime,
    narrowed: Narrowed,
    limit: int,
) -> OfLate:
    """What was decided of late, from one snapshot with what waits to be worked in."""
    with snapshot() as session:
        return decided_of_late(
            session, workspace_id, time_zone=time_zone, now=now, reach=reach, limit=limit,
            narrowed=narrowed,
        )  # fmt: skip


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
    if not ids:
        return {}
    found = db.session.execute(select(User.id, User.name).where(User.id.in_(ids)))
    return {row.id: row.name for row in found}


def plans_in_use(workspace_id: UUID, *, reach: Reach) -> list[str]:
    query = select(Account.plan).where(
        Account.workspace_id == workspace_id,
        Account.plan.is_not(None),
        accounts_within(reach, workspace_id),
    )
    return [plan for plan in db.session.scalars(query.distinct().order_by(Account.plan)) if plan]


# --- for people's first page, and for machines --------------------------------------------


def at_risk_of(
    workspace_id: UUID,
    owner: UUID,
    *,
    days: int,
    limit: int,
    reach: Reach,
    time_zone: str,
    now: datetime,
) -> tuple[list[Renewal], int, dict[str, int]]:
    """Renewals of an owner's accounts that are at risk: the first, how many in all, and the
    amounts of all by currency."""
    found = upcoming(
        workspace_id, days=days, reach=reach, time_zone=time_zone, now=now,
        narrowed=Narrowed(owner=owner),
    )  # fmt: skip
    n, amounts = found.count("risk"), defaultdict[str, int](int)
    for each in found.stakes:
        if each.category == "risk" and each.currency:
            amounts[each.currency] += sum(amount or 0 for amount in each.amounts)
    known = {code: amount for code, amount in amounts.items() if amount}
    return found.rows(category="risk", limit=limit) if n else [], n, known


def count_known(workspace_id: UUID, *, reach: Reach) -> int:
    """How many accounts have a renewal day at all."""
    query = select(func.count()).where(
        Account.workspace_id == workspace_id,
        Account.renewal_on.is_not(None),
        accounts_within(reach, workspace_id),
    )
    return db.session.scalar(query) or 0


def present(forecasts: Sequence[Told], past: HowTrue) -> dict[str, Any]:
    """The forecast as the API shows it; money in minor units, chances as fractions."""
    return {
        "interval_level": 0.95,
        "thresholds": {"commit": COMMIT_FROM, "likely": LIKELY_FROM},
        **present_forecasts(forecasts),
        "accuracy": present_accuracy(past),
    }


def present_forecasts(forecasts: Sequence[Told]) -> dict[str, Any]:
    """By currency, and converted."""
    return {
        "forecast": [_present_told(each) for each in forecasts if not each.is_converted],
        "converted": next(
            (_present_told(each) | {"left_out": each.left_out}
             for each in forecasts if each.is_converted), None,
        ),
    }  # fmt: skip


def present_accuracy(past: HowTrue) -> dict[str, Any]:
    """How true it was of all months."""
    found = past.whole
    return {
        "decided": found.decided, "open": found.open, "is_enough": found.is_enough,
        "said": found.said, "renewed": found.renewed.value, "brier": found.brier,
        "by_currency": {code: _present_amounts(each) for code, each in past.by_currency.items()},
        "converted": None if past.converted is None else
        {"currency": past.base, **_present_amounts(past.converted)},
    }  # fmt: skip


def present_row(row: Renewal, names: Mapping[UUID, str]) -> dict[str, Any]:
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
