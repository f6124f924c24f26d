"""Table: the drivers of each survey as they were last computed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, one_of, short_text, tenant_key

METHODS = ("shapley", "relative_weights")
REASONS = ("too_few", "same_scores", "no_drivers")


class DriverReport(Tenant, Base):
    """Shares and effects of one survey's drivers, or the reason why there are none.

    Numbers, theme keys and values of reportable attributes that at least ten answers have;
    no text of a person. since, until: local days of the answers, half-open.
    """

    survey_id: Mapped[UUID] = mapped_column(primary_key=True)
    computed_at: Mapped[datetime]
    since: Mapped[date]
    until: Mapped[date]
    answers: Mapped[int]
    sampled: Mapped[int]
    minimum_n: Mapped[int]
    reason: Mapped[str | None] = mapped_column(short_text(20))
    method: Mapped[str | None] = mapped_column(short_text(20))
    r_squared: Mapped[float | None]
    findings: Mapped[dict[str, Any]]

    __table_args__ = (
        one_of("method", METHODS),
        one_of("reason", REASONS),
        tenant_key("survey_id", "survey", ondelete="CASCADE"),
    )
