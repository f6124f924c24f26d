"""The accounts that a figure of a month is made of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.periods import months_back, period_end
from surveys.retention import Row, paid_of, place_of
from surveys.subscriptions import month_span
from vocapp.database import snapshot
from vocapp.people.models import Account
from vocapp.succeeding.figures.business import Business, read_business
from vocapp.succeeding.figures.converting import ALL, in_base
from vocapp.succeeding.figures.groups import inward, stored_name
from vocapp.succeeding.figures.models import OVERALL
from vocapp.succeeding.figures.summing import (
    active_at,
    active_in_last_week,
    as_of,
    is_set_up,
    values_of,
    waits_at,
)
from vocapp.succeeding.figures.voice import Voice

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


def _counted(*names: str) -> Callable[[ByCurrency, str | None], bool]:
    """Whether the figures count an account, in a currency or in any."""
    places = [place_of(name) for name in names]
    return lambda found, currency: (
        currency in found and any(found[currency][place] for place in places)
    )


def _moved(*names: str) -> Callable[[ByCurrency, str | None], bool]:
    """Whether money moved, in a currency or in any of them."""
    places = [place_of(name) for name in names]
    return lambda found, currency: any(
        any(row[place] for place in places)
        for each, row in found.items()
        if each is not None and currency in {None, each}
    )


# By what a list is called: whether an account belongs to it.
KINDS: Mapping[str, Callable[[ByCurrency, str | None], bool]] = {
    "start": _counted("accounts_start"),
    "end": _counted("accounts_end"),
    "lost": _counted("accounts_lost"),
    "shrunk": _moved("contraction_minor"),
    "grown": _moved("upsell_minor", "cross_sell_minor"),
    "upsold": _counted("accounts_upsold"),
    "cross_sold": _counted("accounts_cross_sold"),
    "new": _counted("accounts_new", "accounts_reactivated"),
}
# Nobody can belong to these whose subscriptions did not change in the month.
_CHANGED = {*KINDS, STARTED, NOT_SET_UP, REACHED, WAITING, *OUTCOMES} - {"start", "end"}
_FEW = 1_000
LISTS = (*KINDS, ACTIVE, ACTIVE_WEEK, STARTED, NOT_SET_UP, REACHED, WAITING, *OUTCOMES)


def accounts_behind(
    workspace_id: UUID,
    month: date,
    which: str,
    *,
    currency: str | None,
    by: tuple[str, str | None] | None = None,
    months: int = 1,
    time_zone: str,
    now: datetime,
) -> list[Behind]:
    """Which accounts, those whose revenue changed most first, or who have waited longest.

    which: one of `LISTS`. currency: that alone is looked at; ALL: in the reporting currency, of
    those whose prices have a rate; None: any. by: an attribute and the
    value that held at the start; of a renewal, when the month of it began. months: how many are
    looked at as one, the last being `month`.
    """
    start = month_span(months_back(month, months)[0], time_zone, now=now)[0]
    end = month_span(month, time_zone, now=now)[1]
    with snapshot() as session:
        business = read_business(
            session, workspace_id, time_zone=time_zone, now=now,
            changed_between=(start, end) if which in _CHANGED else None,
            with_renewals=which in OUTCOMES,
            with_milestones=which in {NOT_SET_UP, REACHED, WAITING},
        )  # fmt: skip
        people: Mapping[UUID, Collection[UUID]] = {}
        if which == ACTIVE:
            people = active_at(session, workspace_id, since=start, until=end)
        elif which == ACTIVE_WEEK:
            people = active_in_last_week(session, workspace_id, month, now=now)
        waits = waits_at(business, start, end) if which in {REACHED, WAITING} else {}
        rates = business.rates.rates_of_month(month) if business.rates else None
        found = business.contributions(start, end)
        if currency == ALL and rates is not None:
            found = in_base(found, business.histories, start, end, rates)
        sums = {account: dict(own) for account, own in found.items()}
        if currency == ALL:
            currency = rates.base if rates else None
        voice = Voice(session, workspace_id)
        value = inward(workspace_id, *by) if by else None
        name = stored_name(by[0]) if by else OVERALL
        if which in OUTCOMES:
            decided = _decided(business, OUTCOMES[which], months_back(month, months), time_zone)
        elif which in {REACHED, WAITING}:
            # Who has just begun stands where it stood in the month that is asked for, not before.
            instant = month_span(month, time_zone, now=now)[0]
            decided = [
                (account, instant)
                for account, (_, is_reached) in waits.items()
                if is_reached == (which == REACHED)
            ]
        else:
            chosen = _chosen(business, which, sums, people.keys(), start, end, currency, now=now)
            decided = [(account, start) for account in chosen]
        chosen = {
            account
            for account, instant in decided
            if by is None or value in values_of(business, voice, name, instant)(account)
        }
        behind = [
            _behind(
                row.external_id,
                row.name,
                sums.get(row.id, {}),
                currency,
                people.get(row.id),
                waits.get(row.id),
            )
            for row in _names(session, workspace_id, chosen)
        ]
    return sorted(
        behind,
        key=lambda each: (
            -(each.days or 0),
            -abs(each.end_minor - each.start_minor),
            -each.start_minor,
            each.shown.casefold(),
            each.external_id,
        ),
    )


def _names(session: Session, workspace_id: UUID, chosen: Collection[UUID]) -> Iterator[Any]:
    """What these accounts are called; of many all are read, which is quicker than to name them."""
    query = select(Account.id, Account.external_id, Account.name).where(
        Account.workspace_id == workspace_id
    )
    if len(chosen) <= _FEW:
        query = query.where(Account.id.in_(chosen))
    return (row for row in session.execute(query) if row.id in chosen)


def _behind(
    external_id: str,
    name: str,
    found: ByCurrency,
    currency: str | None,
    people: Collection[UUID] | None,
    wait: tuple[int, bool] | None,
) -> Behind:
    money = [(each, row) for each, row in found.items() if each and currency in {None, each}]
    paid_in, row = money[0] if len(money) == 1 else (None, None)
    start_minor, end_minor = paid_of(row) if row else (0, 0)
    return Behind(
        external_id,
        name,
        start_minor,
        end_minor,
        paid_in,
        len(people) if people else None,
        wait[0] if wait else None,
    )


def _decided(
    business: Business, outcome: str, months: Sequence[date], time_zone: str
) -> list[tuple[UUID, datetime]]:
    """Renewals that came to this: whose, and by what held when they are split."""
    return [
        (account, as_of(past, time_zone))
        for account, own in business.renewals.items()
        for past in own
        if months[0] <= past.decided_on < period_end(months[-1], "month")
        and past.outcome == outcome
    ]


def _chosen(
    business: Business,
    which: str,
    sums: Mapping[UUID, ByCurrency],
    active: Collection[UUID],
    start: datetime,
    end: datetime,
    currency: str | None,
    *,
    now: datetime,
) -> set[UUID]:
    if which in KINDS:
        return {account for account, found in sums.items() if KINDS[which](found, currency)}
    if which in {ACTIVE, ACTIVE_WEEK}:
        return set(active)
    began = {account for account, at in business.started_at.items() if start <= at < end}
    if which == NOT_SET_UP:
        return {account for account in began if not is_set_up(business, account, now=now)}
    return began
