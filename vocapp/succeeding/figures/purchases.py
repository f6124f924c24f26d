"""Reads: what customers are worth, those with subscriptions and those who buy by the purchase.

Purchases are invoices that were paid, with an amount, of accounts of which no subscription and no
monthly revenue was ever told: an invoice of a subscription would be counted twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from surveys.periods import months_back
from surveys.purchases import SPAN_MONTHS, Buying, Purchase, buying
from surveys.subscriptions import Price, month_span
from vocapp.database import snapshot
from vocapp.people.events.models import InvoiceChange, SubscriptionChange
from vocapp.people.models import Account
from vocapp.people.money.queries import Money, money, money_of
from vocapp.succeeding.figures import queries
from vocapp.succeeding.figures.converting import margin_of, present_rates
from vocapp.succeeding.figures.groups import present_figure
from vocapp.succeeding.figures.queries import MonthFigures

BOUGHT, NOT_AGAIN = "bought", "not_again"
LISTS = (BOUGHT, NOT_AGAIN)
_FEW = 1_000


@dataclass(frozen=True, slots=True)
class Bought:
    """Purchases of twelve months, in one currency; None: there are none.

    left_out: other currency → its buyers, as they have no rate, or no reporting currency is
    chosen. rates: of what was converted.
    """

    currency: str | None
    months: Sequence[date]
    found: Buying
    left_out: Mapping[str, int]
    rates: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Buyer:
    """An account and what it bought in a span, in minor units."""

    external_id: str
    name: str
    purchases: int
    amount_minor: int

    @property
    def shown(self) -> str:
        return self.name or self.external_id


def bought(workspace_id: UUID, month: date, *, time_zone: str, now: datetime) -> Bought:
    """Of the twelve months that end with this one, and the twelve before it."""
    with snapshot() as session:
        return _bought(session, workspace_id, month, time_zone=time_zone, now=now)


def buyers(
    workspace_id: UUID,
    month: date,
    which: str,
    *,
    time_zone: str,
    now: datetime,
    skipped: int = 0,
    limit: int | None = None,
) -> tuple[Bought, list[Buyer], int]:
    """The accounts behind, who spent most first, so many after those that are skipped; and how
    many there are in all. which: one of LISTS."""
    with snapshot() as session:
        told = _bought(session, workspace_id, month, time_zone=time_zone, now=now)
        spent = told.found.bought if which == BOUGHT else told.found.not_again
        ordered = sorted(spent, key=lambda account: (-spent[account][1], account.int))
        part = ordered[skipped : None if limit is None else skipped + limit]
        names = _names(session, workspace_id, part)
    found = [Buyer(*names[each], *spent[each]) for each in part if each in names]
    return told, found, len(ordered)


def _names(
    session: Session, workspace_id: UUID, accounts: Sequence[UUID]
) -> dict[UUID, tuple[str, str]]:
    """What they are called; of many all names are read, which is quicker than to say whose."""
    query = select(Account.id, Account.external_id, Account.name).where(
        Account.workspace_id == workspace_id
    )
    if len(accounts) <= _FEW:
        query = query.where(Account.id.in_(accounts))
    return {account: (external_id, name) for account, external_id, name in session.execute(query)}


def _bought(
    session: Session, workspace_id: UUID, month: date, *, time_zone: str, now: datetime
) -> Bought:
    months = months_back(month, 2 * SPAN_MONTHS)
    before, start = (month_span(months[place], time_zone, now=now)[0] for place in (0, SPAN_MONTHS))
    end = month_span(month, time_zone, now=now)[1]
    paid = _paid(session, workspace_id, before, start, end)
    said = money_of(session, workspace_id)
    used = Counter(code for code, _ in {(each.currency, each.account) for each in paid})
    currency, rates = _currency(said, used), said.rates.of_month(month) if said.rates else []
    known = said.rates.rates_of_month(month) if said.rates else None
    purchases, others = [], set()
    for each in paid:
        amount: int | Fraction = each.amount_minor
        if each.currency != currency:
            if known is None or not known.knows(each.currency):
                others.add(each.currency)
                continue
            amount = known.convert(Price(each.amount_minor, each.currency))
        purchases.append(Purchase(each.account, each.at, amount, each.times))
    return Bought(
        currency=currency if purchases else None,
        months=months[SPAN_MONTHS:],
        found=buying(purchases, before=before, start=start, end=end, margin=margin_of(said)),
        left_out={code: used[code] for code in sorted(others)},
        rates=[each for each in rates if each.currency in used],
    )


def _currency(said: Money, used: Counter[str]) -> str | None:
    """The reporting currency, else that of most buyers."""
    if said.currency is not None:
        return said.currency
    return min(used, key=lambda code: (-used[code], code), default=None)


class _Paid(NamedTuple):
    """So many purchases of an account in a span, in one currency; at: an instant of the span."""

    account: UUID
    at: datetime
    currency: str
    amount_minor: int
    times: int


def _paid(
    session: Session, workspace_id: UUID, before: datetime, start: datetime, end: datetime
) -> list[_Paid]:
    """What was paid by accounts without a subscription in before <= at < start and from there on.

    Nearly all invoices are told once, as paid, and are added up by the database.
    """
    invoices = _invoices(workspace_id, end)
    by_invoice = select(
        InvoiceChange.account_id, InvoiceChange.invoice,
        func.count().label("told"), func.min(InvoiceChange.at).label("at"),
        func.min(case((InvoiceChange.is_paid, 1), else_=0)).label("is_paid"),
        func.max(InvoiceChange.amount_minor).label("amount_minor"),
        func.max(InvoiceChange.currency).label("currency"),
    )  # fmt: skip
    each = by_invoice.where(*invoices).group_by(
        InvoiceChange.account_id, InvoiceChange.invoice
    ).subquery().c  # fmt: skip
    is_late, is_again = case((each.at >= start, 1), else_=0), case((each.told > 1, 1), else_=0)
    sums = (func.sum(each.amount_minor), func.count())
    rows = session.execute(
        select(each.account_id, is_late, each.currency, is_again, *sums)
        .where(
            or_(each.told > 1, and_(each.is_paid == 1, each.amount_minor > 0, each.at >= before))
        )
        .group_by(each.account_id, is_late, each.currency, is_again)
    ).all()
    once = [
        _Paid(account, start if late else before, currency, int(amount), count)
        for account, late, currency, again, amount, count in rows
        if not again
    ]
    if not any(again for _, _, _, again, _, _ in rows):
        return once
    return [*once, *_told_again(session, invoices, before)]


def _invoices(workspace_id: UUID, end: datetime) -> Sequence[ColumnElement[bool]]:
    """Of accounts without a subscription, told of before an instant."""
    has_subscription = exists().where(
        SubscriptionChange.workspace_id == Account.workspace_id,
        SubscriptionChange.account_id == Account.id,
        SubscriptionChange.is_superseded.is_(False),
    )
    buyers = select(Account.id).where(
        Account.workspace_id == workspace_id, Account.mrr_minor.is_(None), ~has_subscription
    )
    return (
        InvoiceChange.workspace_id == workspace_id,
        InvoiceChange.is_superseded.is_(False),
        InvoiceChange.at < end,
        InvoiceChange.account_id.in_(buyers),
    )


def _told_again(
    session: Session, invoices: Sequence[ColumnElement[bool]], since: datetime
) -> list[_Paid]:
    """Invoices of which more was told than once: what was told last holds.

    The amount may have been told before, when it was overdue. What was void has an amount of 0.
    """
    again = (
        select(InvoiceChange.account_id, InvoiceChange.invoice)
        .where(*invoices)
        .group_by(InvoiceChange.account_id, InvoiceChange.invoice)
        .having(func.count() > 1)
        .subquery()
    )
    rows = session.execute(
        select(
            InvoiceChange.account_id, InvoiceChange.invoice, InvoiceChange.is_paid,
            InvoiceChange.amount_minor, InvoiceChange.currency, InvoiceChange.at,
        )
        .join(
            again,
            (again.c.account_id == InvoiceChange.account_id)
            & (again.c.invoice == InvoiceChange.invoice),
        )
        .where(*invoices)
        .order_by(InvoiceChange.at, InvoiceChange.received)
    )  # fmt: skip
    last: dict[tuple[UUID, str], tuple[bool, datetime, Price | None]] = {}
    for row in rows:
        key = (row.account_id, row.invoice)
        was_paid, paid_at, price = last.get(key, (False, row.at, None))
        if row.amount_minor is not None:
            price = Price(row.amount_minor, row.currency)
        # Paid is told twice by some providers: the first time is when it was bought.
        last[key] = (row.is_paid, paid_at if was_paid and row.is_paid else row.at, price)
    return [
        _Paid(account, at, price.currency, price.mrr_minor, 1)
        for (account, _), (is_paid, at, price) in last.items()
        if is_paid and price is not None and price.mrr_minor and since <= at
    ]


# --- for machines -------------------------------------------------------------------------


def lifetime_values(
    workspace_id: UUID, month: date, *, time_zone: str, now: datetime
) -> dict[str, Any]:
    """Both values with their factors as the API shows them."""
    told = queries.figures(workspace_id, [month], has_time=True, time_zone=time_zone, now=now)
    own = told.months[-1]
    return {
        "month": f"{month:%Y-%m}",
        "as_of": told.as_of.isoformat() if told.as_of else None,
        "interval_level": 0.95,
        "gross_margin": margin_of(money(workspace_id)),
        "subscriptions": _present_subscriptions(own),
        "purchases": _present(bought(workspace_id, month, time_zone=time_zone, now=now)),
    }


def _present_subscriptions(own: MonthFigures) -> list[dict[str, Any]]:
    """That of all in the reporting currency first, then each currency by itself."""
    told: list[tuple[dict[str, Any], Any]] = []
    if own.converted:
        told.append((present_rates(own.converted), own.converted.figures))
    told += [
        ({"currency": code, "rates": [], "left_out": []}, own.of_currency(code))
        for code in own.currencies
    ]
    return [
        about
        | {
            "formula": figures.ltv.formula,
            **{
                name: present_figure(getattr(figures, name))
                for name in ("ltv", "arpa", "churn_rate")
            },
        }
        for about, figures in told
    ]


def _present(told: Bought) -> dict[str, Any]:
    found = told.found
    return {
        "currency": told.currency,
        "since": f"{told.months[0]:%Y-%m}",
        "rates": [
            {"currency": each.currency, "since": each.since.isoformat(), "rate": f"{each.rate:f}"}
            for each in told.rates
        ],
        "left_out": [{"currency": code, "accounts": n} for code, n in told.left_out.items()],
        "buyers": len(found.bought),
        "formula": found.value.formula,
        "ltv": present_figure(found.value),
        "price": present_figure(found.price),
        "purchases_a_month": present_figure(found.frequency),
        "months": present_figure(found.duration),
        "churn_rate": present_figure(found.churn),
    }
