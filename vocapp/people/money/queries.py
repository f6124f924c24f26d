"""Reads: what a workspace has said of money."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.exchange import StatedRate, StatedRates
from vocapp.database import scoped_statement
from vocapp.extensions import db
from vocapp.people.models import Account
from vocapp.people.money.models import ExchangeRate, MoneySetting

BASIS_POINTS = 10_000
_SETTING = scoped_statement(MoneySetting)
_RATES = scoped_statement(ExchangeRate)


@dataclass(frozen=True, slots=True)
class Money:
    """What a workspace has said of money.

    rates: None where no reporting currency was chosen. margin: a share in 0..1; None: not said.
    """

    rates: StatedRates | None = None
    margin: Decimal | None = None

    @property
    def currency(self) -> str | None:
        return self.rates.base if self.rates else None


def money_of(session: Session, workspace_id: UUID) -> Money:
    """One statement without a reporting currency, else two."""
    setting = session.scalar(_SETTING, {"workspace_id": workspace_id})
    if setting is None:
        return Money()
    points = setting.margin_basis_points
    margin = None if points is None else Decimal(points) / BASIS_POINTS
    if setting.currency is None:
        return Money(margin=margin)
    rows = session.scalars(
        _RATES.where(ExchangeRate.base == setting.currency), {"workspace_id": workspace_id}
    )
    stated = tuple(StatedRate(row.currency, row.since, Decimal(row.rate)) for row in rows)
    return Money(StatedRates(setting.currency, stated), margin)


def money(workspace_id: UUID) -> Money:
    """The same, outside of a transaction of one's own."""
    return money_of(db.session(), workspace_id)


def rate_lines(found: Money) -> Mapping[str, list[StatedRate]]:
    """Currency → its rates, the latest first."""
    lines: dict[str, list[StatedRate]] = defaultdict(list)
    if found.rates:
        for each in sorted(found.rates.stated, key=lambda each: each.since, reverse=True):
            lines[each.currency].append(each)
    return dict(sorted(lines.items()))


def without_rate(workspace_id: UUID, found: Money, today: date) -> list[str]:
    """Currencies in which accounts pay now and that have no rate this month."""
    if found.rates is None:
        return []
    rates = found.rates.rates_of_month(today)
    used = db.session.scalars(
        select(Account.currency)
        .where(
            Account.workspace_id == workspace_id,
            Account.currency.is_not(None),
            Account.mrr_minor > 0,
        )
        .distinct()
    )
    return sorted(code for code in used if code and not rates.knows(code))
