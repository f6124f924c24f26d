"""The accounts that a figure of a month is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from surveys.subscriptions import Price, Standing, month_span
from vocapp.database import snapshot
from vocapp.people.events.queries import active_pairs
from vocapp.people.fact_history import value_at
from vocapp.people.models import Account
from vocapp.succeeding.figures.queries import stored_name
from vocapp.succeeding.figures.summing import RULE, Business, read_business

ACTIVE, STARTED, NOT_SET_UP = "active", "started", "not_set_up"


@dataclass(frozen=True, slots=True)
class Behind:
    """An account and what it paid each month, in minor units.

    currency: None, and no amounts, where it pays in several. people: active in the month; None
    where the list is not about them.
    """

    external_id: str
    name: str
    start_minor: int
    end_minor: int
    currency: str | None
    people: int | None = None

    @property
    def shown(self) -> str:
        return self.name or self.external_id


Pays = Mapping[str, Price]  # product → what is paid for it


def _sum(pays: Pays) -> int:
    return sum(price.mrr_minor for price in pays.values())


def _has_upsold(start: Pays, end: Pays) -> bool:
    return any(
        product in end
        and end[product].currency == price.currency
        and end[product].mrr_minor > price.mrr_minor
        for product, price in start.items()
    )


# By what a list is called: whether an account belongs to it, by what it pays for what.
KINDS: Mapping[str, Callable[[Pays, Pays], bool]] = {
    "start": lambda start, _end: bool(start),
    "end": lambda _start, end: bool(end),
    "lost": lambda start, end: bool(start) and not end,
    "shrunk": lambda start, end: 0 < _sum(end) < _sum(start),
    "grown": lambda start, end: 0 < _sum(start) < _sum(end),
    "upsold": lambda start, end: _has_upsold(start, end),
    "cross_sold": lambda start, end: bool(start) and any(each not in start for each in end),
    "new": lambda start, end: bool(end) and not start,
}
# Nobody can belong to these whose subscriptions did not change in the month.
_CHANGED = {*KINDS, STARTED, NOT_SET_UP} - {"start", "end"}
LISTS = (*KINDS, ACTIVE, STARTED, NOT_SET_UP)


def accounts_behind(
    workspace_id: UUID,
    month: date,
    which: str,
    *,
    currency: str | None,
    by: tuple[str, str | None] | None = None,
    time_zone: str,
    now: datetime,
) -> list[Behind]:
    """Which accounts, those whose revenue changed most first.

    which: one of `LISTS`. currency: that alone is looked at; None: any. by: an
    attribute and the value that held at the start of the month.
    """
    start, end = month_span(month, time_zone, now=now)
    with snapshot() as session:
        business = read_business(
            session, workspace_id, time_zone=time_zone,
            changed_between=(start, end) if which in _CHANGED else None,
        )  # fmt: skip
        people: dict[UUID, set[UUID]] = {}
        if which == ACTIVE:
            for account, contact in active_pairs(session, workspace_id, since=start, until=end):
                people.setdefault(account, set()).add(contact)
        chosen = _chosen(business, which, set(people), start, end, currency, now=now)
        if by is not None:
            name, value = stored_name(by[0]), by[1]
            chosen = {
                account: pays for account, pays in chosen.items()
                if _text(value_at(business.said.get(account, {}), name, start)) == value
            }  # fmt: skip
        rows = session.execute(
            select(Account.id, Account.external_id, Account.name).where(
                Account.workspace_id == workspace_id
            )
        )
        found = [
            _behind(row.external_id, row.name, chosen[row.id], people.get(row.id))
            for row in rows
            if row.id in chosen
        ]
    return sorted(
        found, key=lambda each: (-abs(each.end_minor - each.start_minor), -each.start_minor,
                                 each.shown.casefold(), each.external_id)
    )  # fmt: skip


def _behind(
    external_id: str, name: str, pays: tuple[Pays, Pays], people: set[UUID] | None
) -> Behind:
    currencies = {price.currency for each in pays for price in each.values()}
    start, end = (sum(price.mrr_minor for price in each.values()) for each in pays)
    is_one = len(currencies) == 1
    return Behind(
        external_id, name, start if is_one else 0, end if is_one else 0,
        currencies.pop() if is_one else None, len(people) if people else None,
    )  # fmt: skip


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _chosen(
    business: Business,
    which: str,
    active: set[UUID],
    start: datetime,
    end: datetime,
    currency: str | None,
    *,
    now: datetime,
) -> dict[UUID, tuple[Pays, Pays]]:
    pays = {
        account: (_pays(history.before(start), currency), _pays(history.before(end), currency))
        for account, history in business.histories.items()
    }
    if which in KINDS:
        return {account: both for account, both in pays.items() if KINDS[which](*both)}
    if which == ACTIVE:
        wanted = active
    else:
        wanted = {account for account, at in business.started_at.items() if start <= at < end}
        if which == NOT_SET_UP:
            wanted = {account for account in wanted if not _is_set_up(business, account, now)}
    return {account: pays.get(account, ({}, {})) for account in wanted}


def _is_set_up(business: Business, account: UUID, now: datetime) -> bool:
    reached = [at for at in business.reached.get(account, ()) if at <= now]
    return RULE.is_met(business.started_at[account], reached)


def _pays(standing: Standing, currency: str | None) -> Pays:
    return {
        product: price
        for product, price in standing.held.items()
        if currency is None or price.currency == currency
    }
