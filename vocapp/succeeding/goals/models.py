"""Tables: goals of accounts, what was done to them, and templates to begin with."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, TenantRow, one_of, short_text, tenant_key

GOAL_STATES = ("open", "met", "missed", "dropped")
ENTRY_KINDS = ("added", "changed", "progress", "closed", "reopened", "undone")


class SuccessGoal(TenantRow, Base):
    """What an account wants to reach: measure from baseline to target, by a local day.

    words: as the customer said it. current: None until somebody measured. begins_on: the day from
    which on it is on its way. closed_at: when it was said to be met, missed or dropped.
    """

    account_id: Mapped[UUID]
    words: Mapped[str] = mapped_column(Text)
    measure: Mapped[str] = mapped_column(short_text(120))
    unit: Mapped[str] = mapped_column(short_text(30), default="")
    baseline: Mapped[float]
    target: Mapped[float]
    current: Mapped[float | None]
    begins_on: Mapped[date]
    due_on: Mapped[date]
    state: Mapped[str] = mapped_column(short_text(20), default="open")
    closed_at: Mapped[datetime | None]
    # Raised with every change; an edit that read an older value is refused.
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        one_of("state", GOAL_STATES),
        CheckConstraint("target <> baseline", name="target_is_elsewhere"),
        CheckConstraint("(state = 'open') = (closed_at IS NULL)", name="closed_has_instant"),
        CheckConstraint("version >= 1", name="version_positive"),
        tenant_key("account_id", "account", ondelete="CASCADE"),
        Index(None, "workspace_id", "account_id", "state"),
    )


class GoalEntry(TenantRow, Base):
    """One line of a goal's history: what changed, and the note of whoever reviewed it."""

    goal_id: Mapped[UUID]
    at: Mapped[datetime]
    actor_user_id: Mapped[UUID | None]
    kind: Mapped[str] = mapped_column(short_text(20))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    note: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        one_of("kind", ENTRY_KINDS),
        tenant_key("goal_id", "success_goal", ondelete="CASCADE"),
        Index(None, "workspace_id", "goal_id", "at"),
    )


class GoalTemplate(TenantRow, Base):
    """What a new goal can begin with. target: None where every account has its own.

    attributes: name → values of the accounts that it is for, empty for all; they are read as those
    of playbooks. removed_at: can be put back.
    """

    words: Mapped[str] = mapped_column(Text)
    measure: Mapped[str] = mapped_column(short_text(120))
    unit: Mapped[str] = mapped_column(short_text(30))
    target: Mapped[float | None]
    due_in_days: Mapped[int]
    attributes: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("due_in_days >= 1", name="due_later"),)
