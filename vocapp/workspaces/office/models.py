"""Tables: working hours of a workspace and of its members, absences."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, TenantRow, short_text


class WorkingHours(TenantRow, Base):
    """Hours by weekday; `user_id` None: of the workspace, for all who have none of their own.

    hours: "0" (Monday) to "6" → pairs of local times "HH:MM", "00:00" being the end of a day.
    country, subdivision: whose public holidays are days off, by ISO 3166; empty for none.
    """

    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    hours: Mapped[dict[str, Any]]
    time_zone: Mapped[str] = mapped_column(short_text(64))
    country: Mapped[str] = mapped_column(short_text(2), default="")
    subdivision: Mapped[str] = mapped_column(short_text(10), default="")
    changed_at: Mapped[datetime]

    __table_args__ = (
        Index(
            "uq_working_hours_of_workspace", "workspace_id", unique=True,
            sqlite_where=user_id.is_(None), postgresql_where=user_id.is_(None),
        ),
        Index(
            "uq_working_hours_of_member", "workspace_id", "user_id", unique=True,
            sqlite_where=user_id.is_not(None), postgresql_where=user_id.is_not(None),
        ),
        Index(None, "user_id"),
    )  # fmt: skip


class Absence(TenantRow, Base):
    """Days on which somebody is away, both inclusive, and who stands in."""

    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    stand_in_user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )

    __table_args__ = (
        CheckConstraint("first_day <= last_day", name="ends_after_it_begins"),
        CheckConstraint("user_id <> stand_in_user_id", name="somebody_else_stands_in"),
        Index(None, "workspace_id", "user_id", "last_day"),
        Index(None, "user_id"),
        Index(None, "stand_in_user_id"),
    )
