"""Tables: in which currency a workspace reports, its gross margin, and the rates it states."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, short_text


class MoneySetting(Tenant, Base):
    """currency: of sums over customers who pay in several; None: they stay apart.

    margin_basis_points: what remains of revenue after the cost of service, in hundredths of a
    percent; None: not said.
    """

    currency: Mapped[str | None] = mapped_column(short_text(3))
    margin_basis_points: Mapped[int | None]

    __table_args__ = (
        CheckConstraint("margin_basis_points BETWEEN 1 AND 10000", name="margin_is_a_share"),
    )


class ExchangeRate(Tenant, Base):
    """From a day on, `rate` units of the base are worth one unit of the currency.

    rate: digits, as they were stated; no number of a database keeps them on all of them. Rates of
    a former base stay, for the day on which it is chosen again.
    """

    base: Mapped[str] = mapped_column(short_text(3), primary_key=True)
    currency: Mapped[str] = mapped_column(short_text(3), primary_key=True)
    since: Mapped[date] = mapped_column(primary_key=True)
    rate: Mapped[str] = mapped_column(short_text(40))
    stated_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("base <> currency", name="of_another_currency"),)
