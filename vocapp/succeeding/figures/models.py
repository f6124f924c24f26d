"""Tables: the sums of a month, from which its figures follow, and the histories behind them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, short_text

OVERALL = ""


class FigureMonth(Tenant, Base):
    """What was summed of a local month, of everybody (attribute "") or by an attribute's values.

    Out of date where a change waits to be worked in that could have moved it, and where the
    workspace has another time zone now.
    """

    month: Mapped[date] = mapped_column(primary_key=True)
    attribute: Mapped[str] = mapped_column(short_text(110), primary_key=True)
    time_zone: Mapped[str] = mapped_column(short_text(64))
    groups: Mapped[list[Any]]
    computed_at: Mapped[datetime]


class FigureHistories(Tenant, Base):
    """What all accounts paid over time (`surveys.kept_histories`), where there are so many that
    it takes long to make it from events. Out of date as months are.
    """

    time_zone: Mapped[str] = mapped_column(short_text(64))
    packed: Mapped[bytes]
    computed_at: Mapped[datetime]


class FigurePeople(Tenant, Base):
    """How many people of each account were active in a local month, and in its last seven days
    (in UTC): (account, both numbers), packed; of a large business. days: who they are and on which
    days (`surveys.kept_histories.KeptPeople`); None: kept by an earlier version. Out of date as the
    month is.
    """

    month: Mapped[date] = mapped_column(primary_key=True)
    time_zone: Mapped[str] = mapped_column(short_text(64))
    packed: Mapped[bytes]
    days: Mapped[bytes | None]
    computed_at: Mapped[datetime]
