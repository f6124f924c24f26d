"""Tables: after how many days a survey asks again, and what became of it, case by case."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, one_of, short_text, tenant_key

MOST_DAYS = 180
STATES = ("planned", "asked", "not_asked", "cancelled")


class AskAgainRule(Tenant, Base):
    """So many days after a case of this survey was resolved its person is asked again."""

    survey_id: Mapped[UUID] = mapped_column(primary_key=True)
    days: Mapped[int]
    changed_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(f"days BETWEEN 1 AND {MOST_DAYS}", name="days_in_range"),
        tenant_key("survey_id", "survey", ondelete="CASCADE"),
    )


class AskedAgain(Tenant, Base):
    """One case's person is asked again, once; `invitation_id` from then on.

    due_at: when they are to be asked, or were. first_due_at: before it was put off. reason: why
    they were put off, not asked, or it was cancelled.
    """

    follow_up_id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(short_text(20))
    reason: Mapped[str | None] = mapped_column(short_text(60))
    first_due_at: Mapped[datetime]
    due_at: Mapped[datetime]
    invitation_id: Mapped[UUID | None]
    changed_at: Mapped[datetime]

    __table_args__ = (
        one_of("state", STATES),
        CheckConstraint("state <> 'asked' OR invitation_id IS NOT NULL", name="asked_by_one"),
        tenant_key("follow_up_id", "follow_up", ondelete="CASCADE"),
        tenant_key("invitation_id", "invitation", ondelete="CASCADE"),
        Index(None, "workspace_id", "invitation_id"),
        Index(None, "workspace_id", "state"),
    )
