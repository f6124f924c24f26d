"""Tables: routing rules, follow-ups (cases), their timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, TenantRow, one_of, short_text, tenant_key

ACTIVE_STATES = ("open", "contacted", "waiting")
ENDED_STATES = ("resolved", "closed")
FOLLOW_UP_STATES = ACTIVE_STATES + ENDED_STATES
TEAMS = ("success", "product", "support")
ENTRY_KINDS = (
    "opened", "state", "note", "owner", "due", "routed", "suggestion", "outcome", "undone",
    "snoozed", "woken", "call",
)  # fmt: skip


class RoutingRule(TenantRow, Base):
    """theme × category × segment × text → team, owner, SLA, priority; first match wins."""

    position: Mapped[int]
    key: Mapped[str] = mapped_column(short_text(64))
    name: Mapped[str] = mapped_column(short_text())
    condition: Mapped[dict[str, Any]]
    outcome: Mapped[dict[str, Any]]
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("workspace_id", "key"),)


class FollowUp(TenantRow, Base):
    """A customer to contact because of one response."""

    response_id: Mapped[UUID]
    contact_id: Mapped[UUID | None]
    account_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(short_text(20))
    team: Mapped[str] = mapped_column(short_text(20))
    owner_user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    rule_key: Mapped[str] = mapped_column(short_text(64))
    priority: Mapped[float]
    reasons: Mapped[list[str]] = mapped_column(default=list)
    due_at: Mapped[datetime]
    opened_at: Mapped[datetime]
    touched_at: Mapped[datetime | None]
    first_contact_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    # Not to do before then; whoever lists what is to do asks it (`following_up.snoozing`).
    snoozed_until: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(short_text(40))
    root_cause: Mapped[str | None] = mapped_column(short_text(200))
    suggestion: Mapped[dict[str, Any] | None]
    # Raised with every change; an edit that read an older value is refused.
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        UniqueConstraint("workspace_id", "response_id"),
        one_of("state", FOLLOW_UP_STATES),
        one_of("team", TEAMS),
        tenant_key("response_id", "response", ondelete="CASCADE"),
        tenant_key("contact_id", "contact"),
        tenant_key("account_id", "account"),
        Index(None, "workspace_id", "account_id", "opened_at"),
        Index(None, "workspace_id", "contact_id"),
    )


# The queue in its order for each way to narrow it, with what else decides about a row at the end:
# what is not wanted is passed over, and what is counted is counted, in the index alone.
_URGENT = (FollowUp.priority.desc(), FollowUp.id, FollowUp.snoozed_until, FollowUp.due_at)
_IS_PUT_OFF = text("snoozed_until IS NOT NULL")
Index(
    "ix_follow_up_urgent", FollowUp.workspace_id, FollowUp.state, *_URGENT,
    FollowUp.account_id, FollowUp.owner_user_id,
)  # fmt: skip
Index(
    "ix_follow_up_urgent_of_owner", FollowUp.workspace_id, FollowUp.owner_user_id, FollowUp.state,
    *_URGENT,
)  # fmt: skip
Index(
    "ix_follow_up_urgent_of_team", FollowUp.workspace_id, FollowUp.team, FollowUp.state, *_URGENT
)  # fmt: skip
Index(
    "ix_follow_up_due", FollowUp.workspace_id, FollowUp.state, FollowUp.due_at, FollowUp.id,
    FollowUp.snoozed_until,
)  # fmt: skip
Index(
    "ix_follow_up_of_account", FollowUp.workspace_id, FollowUp.account_id, FollowUp.state,
    FollowUp.snoozed_until, FollowUp.due_at, FollowUp.team, FollowUp.owner_user_id,
)  # fmt: skip
Index(
    "ix_follow_up_snoozed", FollowUp.workspace_id, FollowUp.state, *_URGENT,
    sqlite_where=_IS_PUT_OFF, postgresql_where=_IS_PUT_OFF,
)  # fmt: skip


class FollowUpEntry(TenantRow, Base):
    """One line of a case's timeline. `contact_id`: whom at the customer it was with."""

    follow_up_id: Mapped[UUID]
    at: Mapped[datetime]
    actor_user_id: Mapped[UUID | None]
    kind: Mapped[str] = mapped_column(short_text(20))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    note: Mapped[str | None] = mapped_column(Text)
    contact_id: Mapped[UUID | None]

    __table_args__ = (
        one_of("kind", ENTRY_KINDS),
        tenant_key("follow_up_id", "follow_up", ondelete="CASCADE"),
        tenant_key("contact_id", "contact"),
        Index(None, "workspace_id", "contact_id"),
        Index(None, "workspace_id", "follow_up_id", "at"),
    )
