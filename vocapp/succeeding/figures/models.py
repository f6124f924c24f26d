"""Table: the sums of a month, from which its figures follow."""

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
