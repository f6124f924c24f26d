"""The accounts that a figure of a month is made of.

In a large business the list is made of histories as they were kept with the sums, so that it is
there at once and says the same as the figure.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from heapq import nsmallest
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.adoption import WEEK_DAYS
from surveys.kept_histories import Sums
from surveys.periods import day_bounds, month_range, months_back, period_end
from surveys.retention import Contribution, Row, contribution, paid_of, place_of
from surveys.subscriptions import Paid, Rates, month_span
from vocapp.database import snapshot
from vocapp.people.events.queries import active_counts, active_counts_of_days
from vocapp.people.models import Account
from vocapp.succeeding.figures.business import (
    Business,
    MayMove,
    business_of,
    read_business,
    said_of,
)
from vocapp.succeeding.figures.converting import ALL, both_in_base, in_base
from vocapp.succeeding.figures.groups import inward, stored_name
from vocapp.succeeding.figures.kept import (
    BeingSummed,
    is_large,
    kept_business,
    kept_people,
    see_to_keeping,
)
from vocapp.succeeding.figures.said import said_about
from vocapp.succeeding.figures.summing import (
    COHORT,
    as_of,
    days_so_far,
    is_set_up,
    values_of,
    waits_at,
)
from vocapp.succeeding.figures.voice import VOICE, Voice

ACTIVE, ACTIVE_WEEK = "active", "active_week"
STARTED, NOT_SET_UP = "started", "not_set_up"
REACHED, WAITING = "reached", "waiting"  # with months=12: the time to value
RENEWED, NOT_RENEWED = "renewed", "not_renewed"
OUTCOMES = {RENEWED: "renewed", NOT_RENEWED: "lost"}


@dataclass(frozen=True, slots=True)
class Behind:
    """An account and what it paid each month, in minor units.

    currency: None, and no amounts, where it pays in several. people: active in the month, or in
    its last seven days (in UTC); None where the list is not about them. days: until it was set up,
    or how many it has waited; None where the list is not about that.
    """

    external_id: str
    name: str
    start_minor: int
    end_minor: int
    currency: str | None
    people: int | None = None
    days: int | None = None

    @property
    def shown(self) -> str:
        return self.name or self.external_id


ByCurrency = Mapping[str | None, Row]  # of one account; under None in any, without money


_IsIn = Callable[[ByCurrency, str | None], bool]


def _counted(*names: str) -> _IsIn:
    """Whether the figures count an account, in a currency or in any."""
    places = [place_of(name) for name in names]
    return lambda found, currency: (
        currency in found and any(found[currency][place] for place in places)
    )


def _moved(*names: str) -> _IsIn:
    """Whether money moved, in a currency or in any of them."""
    places = [place_of(name) for name in names]
    return lambda found, currency: any(
        any(row[place] for place in places)
        for each, row in found.items()
        if each is not None and currency in {None, each}
    )


# By what a list is called: whether an account belongs to it.
KINDS: Mapping[str, _IsIn] = {
    "start": _counted("accounts_start"),
    "end": _counted("accounts_end"),
    "lost": _counted("accounts_lost"),
    "shrunk": _moved("contraction_minor"),
    "grown": _moved("upsell_minor", "cross_sell_minor"),
    "upsold": _counted("accounts_upsold"),
    "cross_sold": _counted("accounts_cross_sold"),
    "new": _counted("accounts_new", "accounts_reactivated"),
}
_MOVED = KINDS.keys() - {"start", "end"}


def _anything(_before: Sums, _after: Sums) -> bool:
    return True


def _more(before: Sums, after: Sums) -> bool:
    return any(amount > before.get(currency, 0) for currency, amount in after.items())


# Of lists about what moved: what an account paid in each currency where it may belong to one; in
# the base of all rates, too, where more is paid in none if it is more in none. So the rest is
# worked out of few.
_MAY: Mapping[str, MayMove] = {
    "lost": lambda before, after: any(currency not in after for currency in before),
    "shrunk": lambda before, after: _more(after, before),
    "grown": _more,
    "new": _more,
}
# Nobody can belong to these whose subscriptions did not change in the month.
_CHANGED = {*_MOVED, STARTED, NOT_SET_UP, REACHED, WAITING, *OUTCOMES}
_FEW = 1_000
LISTS = (*KINDS, ACTIVE, ACTIVE_WEEK, STARTED, NOT_SET_UP, REACHED, WAITING, *OUTCOMES)


class Asked(NamedTuple):
    """Which list.

    which: one of `LISTS`. currency: that alone is looked at; ALL: in the reporting currency, of
    those whose prices have a rate; None: any. by: an attribute and the value that held at the
    start; of a renewal, when the month of it began. months: how many are looked at as one, the
    last being `month`.
    """

    month: date
    which: str
    currency: str | None = None
    by: tuple[str, str | None] | None = None
    months: int = 1


@dataclass(frozen=True, slots=True)
class Listed:
    """total: of the whole list, of which rows are a part. as_of: see `kept.Kept`."""

    rows: Sequence[Behind]
    total: int
    as_of: datetime | None = None


def accounts_behind(
    workspace_id: UUID,
    asked: Asked,
    *,
    time_zone: str,
    now: datetime,
    skipped: int = 0,
    limit: int | None = None,
) -> Listed:
    """Those whose revenue changed most first, or who have waited longest; so many of them after
    those that are skipped.

    In a large business of which nothing was kept yet: `kept.BeingSummed`.
    """
    with snapshot() as session:
        reading = _Reading(session, workspace_id, asked, time_zone, now)
        business, kept_as_of = _business(session, workspace_id, asked, reading)
        if business is not None:
            found = reading.found(business)
            part = _in_order(found, None if limit is None else skipped + limit)[skipped:]
            listed = Listed(_behind(session, workspace_id, part), len(found), kept_as_of)
    if business is None or kept_as_of is not None:
        see_to_keeping(workspace_id, now=now)
    if business is None:
        raise BeingSummed
    return listed


def _business(
    session: Session, workspace_id: UUID, asked: Asked, reading: _Reading
) -> tuple[Business[Paid] | None, datetime | None]:
    """What is known of the accounts, and as of when if not as of now; None: it is being read."""
    with_milestones = asked.which in {NOT_SET_UP, REACHED, WAITING}
    time_zone, now = reading.time_zone, reading.now
    if reading.is_large:
        kept, kept_as_of = kept_business(session, workspace_id, asked.month, time_zone=time_zone)
        if kept is None:
            return None, None
        found = business_of(session, workspace_id, kept, time_zone=time_zone, now=now)
        return found, kept_as_of
    return read_business(
        session, workspace_id, time_zone=time_zone, now=now,
        changed_between=(reading.start, reading.end) if asked.which in _CHANGED else None,
        with_renewals=asked.which in OUTCOMES, with_milestones=with_milestones,
    ), None  # fmt: skip


class _Found(NamedTuple):
    """An account of a list; see `Behind`."""

    account: UUID
    start_minor: int
    end_minor: int
    currency: str | None
    people: int | None
    days: int | None


class _Reading:
    """One list being made."""

    def __init__(
        self, session: Session, workspace_id: UUID, asked: Asked, time_zone: str, now: datetime
    ) -> None:
        self.session, self.workspace_id = session, workspace_id
        self.asked, self.time_zone, self.now = asked, time_zone, now
        self.is_large = is_large(session, workspace_id)
        self.months = months_back(asked.month, asked.months)
        self.start = month_span(self.months[0], time_zone, now=now)[0]
        self.end = month_span(asked.month, time_zone, now=now)[1]

    def found(self, business: Business[Paid]) -> list[_Found]:
        if self.asked.which in KINDS:
            return self._found_by_money(business)
        which = self.asked.which
        people = self._people()
        waits = waits_at(business, self.start, self.end) if which in {REACHED, WAITING} else {}
        if which in OUTCOMES:
            decided = _decided(business, OUTCOMES[which], self.months, self.time_zone)
        elif which in {REACHED, WAITING}:
            # Who has just begun stands where it stood in the month that is asked for, not before.
            instant = month_span(self.asked.month, self.time_zone, now=self.now)[0]
            decided = [
                (account, instant)
                for account, (_, is_reached) in waits.items()
                if is_reached == (which == REACHED)
            ]
        else:
            decided = [(account, self.start) for account in self._others(business, people)]
        chosen = self._with_value(business, decided)
        amounts = self._paid(business, chosen)
        return [
            _Found(
                account, *amounts.get(account, _NOTHING), people.get(account),
                waits[account][0] if account in waits else None,
            )
            for account in chosen
        ]  # fmt: skip

    def _found_by_money(self, business: Business[Paid]) -> list[_Found]:
        amounts = self._moved(business) if self.asked.which in _MOVED else self._paid(business)
        if self.asked.by is not None:
            chosen = self._with_value(business, [(account, self.start) for account in amounts])
            amounts = {account: amounts[account] for account in chosen}
        return [_Found(account, *own, None, None) for account, own in amounts.items()]

    def _rates(self, business: Business[Paid]) -> tuple[str | None, Rates | None]:
        """Which currency alone is looked at, and the rates where all are converted to it."""
        currency = self.asked.currency
        if currency != ALL:
            return currency, None
        rates = business.rates.rates_of_month(self.asked.month) if business.rates else None
        return rates.base if rates else None, rates

    def _paid(
        self, business: Business[Paid], among: Collection[UUID] | None = None
    ) -> Mapping[UUID, _Amounts]:
        """What accounts paid: of those that paid at the start, or at the end, where the list is of
        them, else of all that are among some."""
        which, (currency, rates) = self.asked.which, self._rates(business)
        found: dict[UUID, _Amounts] = {}
        for account, both in business.accounts.paid(self.start, self.end, among).items():
            before, after = both if rates is None else both_in_base(both, rates)
            at = before if which == "start" else after if which == "end" else None
            if at is None or (currency in at if currency else at):
                found[account] = _paid_at(before, after, currency)
        return found

    def _moved(self, business: Business[Paid]) -> Mapping[UUID, _Amounts]:
        """Of lists in which nobody is whose subscriptions stayed as they were."""
        start, end = self.start, self.end
        is_in, (currency, rates) = KINDS[self.asked.which], self._rates(business)
        moved = business.accounts.moved(start, end, _MAY.get(self.asked.which, _anything))
        rows: Mapping[UUID, Contribution] = {
            account: contribution(own.before(start), own.before(end))
            for account, own in moved.items()
        }
        if rates is not None:
            rows = in_base(rows, moved, start, end, rates)
        return {
            account: _moved_by(own, currency)
            for account, own in rows.items()
            if is_in(dict(own), currency)
        }

    def _people(self) -> Mapping[UUID, int]:
        """How many of each account were active, where the list is about them."""
        month, of, which = self.asked.month, (self.session, self.workspace_id), self.asked.which
        if which not in {ACTIVE, ACTIVE_WEEK}:
            return {}
        if self.is_large and self.asked.months == 1:
            kept = kept_people(*of, month, time_zone=self.time_zone)
            place = 0 if which == ACTIVE else 1
            if kept is not None:
                return {account: both[place] for account, both in kept.items() if both[place]}
        if which == ACTIVE:
            return active_counts(*of, since=self.start, until=self.end)
        before = max(0, days_so_far(month, now=self.now) - WEEK_DAYS)
        first = month + timedelta(days=before)
        return active_counts_of_days(*of, first, period_end(month, "month"))

    def _others(self, business: Business[Paid], people: Mapping[UUID, int]) -> Collection[UUID]:
        """Of lists that are not about money."""
        if self.asked.which in {ACTIVE, ACTIVE_WEEK}:
            return people.keys()
        began = business.accounts.began(self.start, self.end)
        if self.asked.which != NOT_SET_UP:
            return began.keys()
        return [each for each in began if not is_set_up(business, each, now=self.now)]

    def _with_value(
        self, business: Business[Paid], decided: Sequence[tuple[UUID, datetime]]
    ) -> Collection[UUID]:
        """Those that had the value at the instant of each."""
        if self.asked.by is None:
            return {account for account, _ in decided}
        value = inward(self.workspace_id, *self.asked.by)
        name = stored_name(self.asked.by[0])
        if name == COHORT and value is not None:
            bounds = _bounds(value, self.time_zone)
            members = business.accounts.first_paid(*bounds) if bounds else set()
            return {account for account, _ in decided if account in members}
        if name != COHORT and name not in VOICE and not business.said:
            accounts = {account for account, _ in decided}
            if len(accounts) > _FEW:
                said = said_about(self.session, self.workspace_id, name)
                of_all = {at: said.values_at(at) for at in {instant for _, instant in decided}}
                return {
                    account
                    for account, instant in decided
                    if value in of_all[instant](account.bytes)
                }
            said_of_few = said_of(self.session, self.workspace_id, accounts)
            business = replace(business, said=said_of_few)
        voice = Voice(self.session, self.workspace_id)
        values = {
            instant: values_of(business, voice, name, instant)
            for instant in {instant for _, instant in decided}
        }
        return {account for account, instant in decided if value in values[instant](account)}


def _bounds(month: str, time_zone: str) -> tuple[datetime, datetime] | None:
    """First instant of a local month and first of the next; None where that is no month."""
    try:
        first, until = month_range(month)
        return day_bounds(first, time_zone)[0], day_bounds(until, time_zone)[0]
    except (ValueError, OverflowError):  # the latter at either end of the calendar
        return None


def _in_order(found: Sequence[_Found], limit: int | None) -> list[_Found]:
    """So many of them, or all."""
    return sorted(found, key=_order) if limit is None else nsmallest(limit, found, key=_order)


def _order(each: _Found) -> tuple[int, int, int, int]:
    moved = abs(each.end_minor - each.start_minor)
    return -(each.days or 0), -moved, -each.start_minor, each.account.int


def _behind(session: Session, workspace_id: UUID, part: Sequence[_Found]) -> list[Behind]:
    """With what they are called; of many all names are read, which is quicker than to say whose."""
    query = select(Account.id, Account.external_id, Account.name).where(
        Account.workspace_id == workspace_id
    )
    if len(part) <= _FEW:
        query = query.where(Account.id.in_([each.account for each in part]))
    names = {account: (external_id, name) for account, external_id, name in session.execute(query)}
    return [
        Behind(
            *names[each.account], each.start_minor, each.end_minor, each.currency, each.people,
            each.days,
        )
        for each in part
        if each.account in names
    ]  # fmt: skip


_Amounts = tuple[int, int, str | None]  # at the start, at the end, in which currency if in one
_NOTHING: _Amounts = (0, 0, None)


def _moved_by(found: Contribution, currency: str | None) -> _Amounts:
    money = [(each, row) for each, row in found if each and currency in {None, each}]
    if len(money) != 1:
        return _NOTHING
    paid_in, row = money[0]
    return (*paid_of(row), paid_in)


def _paid_at(before: Mapping[str, int], after: Mapping[str, int], currency: str | None) -> _Amounts:
    codes = [code for code in {**before, **after} if currency in {None, code}]
    if len(codes) != 1:
        return _NOTHING
    return before.get(codes[0], 0), after.get(codes[0], 0), codes[0]


def _decided(
    business: Business[Paid], outcome: str, months: Sequence[date], time_zone: str
) -> list[tuple[UUID, datetime]]:
    """Renewals that came to this: whose, and by what held when they are split."""
    decided = business.accounts.decided(months[0], period_end(months[-1], "month"))
    return [(account, as_of(past, time_zone)) for account, past in decided
            if past.outcome == outcome]  # fmt: skip
