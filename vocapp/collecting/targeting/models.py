"""Table: targeting rules, in order."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, TenantRow, one_of, short_text, tenant_key

DISPLAYS = ("popover", "modal", "tab")
MAX_DELAY_S = 3_600
MAX_DAYS = 730


class TargetingRule(TenantRow, Base):
    """Where and to whom a survey is shown (`surveys.targeting.Rule`). paths: list of patterns.
    event: None for the page itself."""

    position: Mapped[int]
    name: Mapped[str] = mapped_column(short_text(100))
    survey_id: Mapped[UUID]
    display: Mapped[str] = mapped_column(short_text(20))
    paths: Mapped[list[str]]
    event: Mapped[str | None] = mapped_column(short_text(100))
    delay_s: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    share: Mapped[int] = mapped_column(default=100, server_default=text("100"))
    days_between: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    only_identified: Mapped[bool] = mapped_column(default=False, server_default=false())
    paused: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime]

    __table_args__ = (
        one_of("display", DISPLAYS),
        CheckConstraint(f"delay_s BETWEEN 0 AND {MAX_DELAY_S}", name="delay_in_range"),
        CheckConstraint("share BETWEEN 0 AND 100", name="share_in_range"),
        CheckConstraint(f"days_between BETWEEN 0 AND {MAX_DAYS}", name="days_in_range"),
        tenant_key("survey_id", "survey", ondelete="CASCADE"),
        Index(None, "workspace_id", "survey_id"),
    )
