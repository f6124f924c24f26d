"""Table: the last back-test of a workspace, and one that is being worked out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant


class HealthBacktest(Tenant, Base):
    """result: of the last one that was done, see `service.result_of`; null before the first.

    done, total: accounts of the one that is being worked out, or was last; began_at: when.
    """

    began_at: Mapped[datetime | None]
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    computed_at: Mapped[datetime | None]
    result: Mapped[dict[str, Any] | None]

    __table_args__ = (
        CheckConstraint("done >= 0 AND done <= total", name="done_of_total"),
        CheckConstraint("(computed_at IS NULL) = (result IS NULL)", name="result_has_instant"),
    )
