"""Tables: contacts that are planned, took place or were called off; by which model."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from surveys.touchpoints import KINDS
from vocapp.database import Base, Tenant, TenantRow, one_of, short_text, tenant_key

PLAN_STATES = ("planned", "done", "skipped")
WAYS = ("call", "email", "meeting")
SKIP_REASONS = ("not_needed", "in_contact", "unreachable", "other")


class TouchpointPlan(TenantRow, Base):
    """One contact of an account, identified as `surveys.touchpoints.Occurrence` does: by the key
    of the touchpoint and the day from which it is counted. Days are local.

    kind: what was planned; way: how it took place. The owner is that of the account.
    """

    account_id: Mapped[UUID]
    touch_key: Mapped[str] = mapped_column(short_text(64))
    anchor_on: Mapped[date]
    due_on: Mapped[date]
    kind: Mapped[str] = mapped_column(short_text(20))
    state: Mapped[str] = mapped_column(short_text(20), default="planned")
    way: Mapped[str | None] = mapped_column(short_text(20))
    reason: Mapped[str | None] = mapped_column(short_text(20))
    note: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None]
    decided_by_user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    # Raised with every decision; an undo that saw an older value is refused.
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("workspace_id", "account_id", "touch_key", "anchor_on"),
        one_of("state", PLAN_STATES),
        one_of("kind", KINDS),
        one_of("way", WAYS),
        one_of("reason", SKIP_REASONS),
        CheckConstraint("(state = 'planned') = (decided_at IS NULL)", name="decided_has_instant"),
        CheckConstraint("(state = 'done') = (way IS NOT NULL)", name="done_has_way"),
        CheckConstraint("(state = 'skipped') = (reason IS NOT NULL)", name="skipped_has_reason"),
        tenant_key("account_id", "account", ondelete="CASCADE"),
        Index(None, "workspace_id", "state", "due_on"),
        Index(None, "workspace_id", "state", "decided_at"),
    )


class TouchModelVersion(Tenant, Base):
    """Which contacts are planned from `at` on, as `surveys.touchpoints.validate_model` reads it;
    the highest number is in force. Before the first: those of the product.

    former: key → name of touchpoints that earlier versions had, for what took place by them.
    """

    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor_user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    model: Mapped[dict[str, Any]]
    former: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (CheckConstraint("number >= 1", name="number_positive"),)
