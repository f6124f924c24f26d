"""Tables: limits on asking, the ledger of decisions, people who are never asked."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from surveys.fatigue import MAX_DAYS
from vocapp.database import Base, Tenant, TenantRow, one_of, short_text, tenant_key

OUTCOMES = ("asked", "not_asked")


class AskingLimit(Tenant, Base):
    """What a workspace holds itself to; without a row there are no limits.

    since, until: local times of the recipient, "HH:MM"; both or neither.
    """

    person_days: Mapped[int | None]
    account_a_day: Mapped[int | None]
    since: Mapped[str | None] = mapped_column(short_text(5))
    until: Mapped[str | None] = mapped_column(short_text(5))
    working_days_only: Mapped[bool] = mapped_column(default=False, server_default=false())
    changed_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(f"person_days BETWEEN 1 AND {MAX_DAYS}", name="person_days_in_range"),
        CheckConstraint("account_a_day >= 1", name="account_a_day_positive"),
        CheckConstraint("(since IS NULL) = (until IS NULL)", name="hours_whole"),
    )


class AskDecision(TenantRow, Base):
    """One decision to ask somebody, or not; `id` is that of the invitation where there is one.

    day: the workspace's local day on which the person is or would have been asked. next_day: the
    first possible one as it was known then, where the person was not asked. account_id: where the
    person was then. cause_id: which campaign wanted to, where one did.
    """

    contact_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    survey_id: Mapped[UUID]
    channel: Mapped[str] = mapped_column(short_text(20))
    cause: Mapped[str] = mapped_column(short_text(20))
    cause_id: Mapped[UUID | None]
    outcome: Mapped[str] = mapped_column(short_text(20))
    reason: Mapped[str | None] = mapped_column(short_text(60))
    day: Mapped[date]
    next_day: Mapped[date | None]
    decided_at: Mapped[datetime]

    __table_args__ = (
        one_of("outcome", OUTCOMES),
        CheckConstraint("outcome = 'asked' OR reason IS NOT NULL", name="not_asked_says_why"),
        tenant_key("contact_id", "contact", ondelete="CASCADE"),
        tenant_key("account_id", "account"),
        tenant_key("survey_id", "survey", ondelete="CASCADE"),
        Index(None, "workspace_id", "contact_id", "decided_at"),
        Index(None, "workspace_id", "account_id", "day"),
        Index(None, "workspace_id", "survey_id"),
    )


class NeverAsked(Tenant, Base):
    """Somebody whom colleagues decided not to ask; not the person's own wish."""

    contact_id: Mapped[UUID] = mapped_column(primary_key=True)
    by_user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    since: Mapped[datetime]

    __table_args__ = (
        tenant_key("contact_id", "contact", ondelete="CASCADE"),
        Index(None, "by_user_id"),
    )
