"""Tables: routing rules, follow-ups (cases), their timeline, mentions in it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, TenantRow, one_of, short_text, tenant_key
from vocapp.sealing import SealedText

ACTIVE_STATES = ("open", "contacted", "waiting")
ENDED_STATES = ("resolved", "closed")
FOLLOW_UP_STATES = ACTIVE_STATES + ENDED_STATES  # what a person or a program can choose
MERGED = "merged"  # stands in another case of the same person (`following_up.merging`)
TEAMS = ("success", "product", "support")
CHANNEL_KINDS = ("email", "slack", "webhook")
ENTRY_KINDS = (
    "opened", "state", "note", "owner", "due", "routed", "suggestion", "outcome", "undone",
    "snoozed", "woken", "call", "merged", "parted", "mail", "mail_failed", "reply", "seen",
    "escalated", "acknowledged",
)  # fmt: skip
NEWS = ("reply", "mail_failed")


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


class RoutingVersion(TenantRow, Base):
    """The whole set of rules as a change left it, in order; number 1 is what was there before."""

    number: Mapped[int]
    at: Mapped[datetime]
    actor_user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    restored: Mapped[int | None]  # the version that was put back
    rules: Mapped[list[Any]]

    __table_args__ = (
        UniqueConstraint("workspace_id", "number"),
        CheckConstraint("number >= 1", name="number_positive"),
    )


class RoutingChannel(TenantRow, Base):
    """Where it is told that a rule opened or moved a case. team: only that team's; None: all.

    target: the address of a webhook, an e-mail address, or "owner". secret: signs webhooks.
    """

    kind: Mapped[str] = mapped_column(short_text(20))
    name: Mapped[str] = mapped_column(short_text())
    team: Mapped[str | None] = mapped_column(short_text(20))
    target: Mapped[str] = mapped_column(SealedText)
    secret: Mapped[str | None] = mapped_column(SealedText)
    with_comment: Mapped[bool] = mapped_column(default=False)
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    last_sent_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("kind", CHANNEL_KINDS),
        one_of("team", TEAMS),
        CheckConstraint("(kind = 'webhook') = (secret IS NOT NULL)", name="webhooks_are_signed"),
    )


class FollowUp(TenantRow, Base):
    """A customer to contact because of one response; or, without one, because they replied to
    what the service wrote by itself."""

    response_id: Mapped[UUID | None]
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
    # The case that this one stands in, of the same person; set while `state` is MERGED.
    merged_into_id: Mapped[UUID | None]
    outcome: Mapped[str | None] = mapped_column(short_text(40))
    root_cause: Mapped[str | None] = mapped_column(short_text(200))
    suggestion: Mapped[dict[str, Any] | None]
    # Passed on because it was overdue for too long, to whom, and since when somebody knows it.
    escalated_at: Mapped[datetime | None]
    escalated_user_id: Mapped[UUID | None]
    acknowledged_at: Mapped[datetime | None]
    # Since when the clock stands; `due_at` is moved on meanwhile (`following_up.clock`).
    paused_at: Mapped[datetime | None]
    # What happened without a person and waits for one; whoever works on the case has seen it.
    news: Mapped[str | None] = mapped_column(short_text(20))
    news_at: Mapped[datetime | None]
    # Raised with every change; an edit that read an older value is refused.
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        UniqueConstraint("workspace_id", "response_id"),
        one_of("state", (*FOLLOW_UP_STATES, MERGED)),
        CheckConstraint(
            f"(state = '{MERGED}') = (merged_into_id IS NOT NULL)", name="merged_into_one"
        ),
        one_of("team", TEAMS),
        one_of("news", NEWS),
        tenant_key("response_id", "response", ondelete="CASCADE"),
        tenant_key("contact_id", "contact"),
        tenant_key("account_id", "account"),
        tenant_key("merged_into_id", "follow_up", ondelete="CASCADE"),
        Index(None, "workspace_id", "merged_into_id"),
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
    *_URGENT, FollowUp.team, FollowUp.account_id,
)  # fmt: skip
Index(
    "ix_follow_up_urgent_of_team", FollowUp.workspace_id, FollowUp.team, FollowUp.state, *_URGENT
)  # fmt: skip
Index(
    "ix_follow_up_due", FollowUp.workspace_id, FollowUp.state, FollowUp.due_at, FollowUp.id,
    FollowUp.snoozed_until, FollowUp.team, FollowUp.account_id, FollowUp.owner_user_id,
)  # fmt: skip
Index(
    "ix_follow_up_due_of_owner", FollowUp.workspace_id, FollowUp.owner_user_id, FollowUp.state,
    FollowUp.due_at, FollowUp.id, FollowUp.snoozed_until, FollowUp.team, FollowUp.account_id,
)  # fmt: skip
Index(
    "ix_follow_up_of_account", FollowUp.workspace_id, FollowUp.account_id, FollowUp.state,
    FollowUp.snoozed_until, FollowUp.due_at, FollowUp.team, FollowUp.owner_user_id,
)  # fmt: skip
_IS_ESCALATED = text("escalated_at IS NOT NULL")
Index(
    "ix_follow_up_escalated", FollowUp.workspace_id, FollowUp.escalated_user_id, FollowUp.state,
    sqlite_where=_IS_ESCALATED, postgresql_where=_IS_ESCALATED,
)  # fmt: skip
_BY_REPLY = text("response_id IS NULL")
Index(
    "ix_follow_up_by_reply", FollowUp.workspace_id, FollowUp.contact_id, FollowUp.account_id,
    sqlite_where=_BY_REPLY, postgresql_where=_BY_REPLY,
)  # fmt: skip
_HAS_NEWS = text("news IS NOT NULL")
Index(
    "ix_follow_up_news", FollowUp.workspace_id, FollowUp.news_at,
    sqlite_where=_HAS_NEWS, postgresql_where=_HAS_NEWS,
)  # fmt: skip
Index(
    "ix_follow_up_snoozed", FollowUp.workspace_id, FollowUp.state, *_URGENT,
    FollowUp.account_id, FollowUp.owner_user_id,
    sqlite_where=_IS_PUT_OFF, postgresql_where=_IS_PUT_OFF,
)  # fmt: skip
Index(  # what became of the cases of a period
    "ix_follow_up_opened", FollowUp.workspace_id, FollowUp.opened_at, FollowUp.first_contact_at,
    FollowUp.due_at, FollowUp.state, FollowUp.resolved_at, FollowUp.team, FollowUp.owner_user_id,
    FollowUp.account_id,
)  # fmt: skip


class Escalation(Tenant, Base):
    """After how many hours past the due time a team's cases are passed on, and to whom."""

    team: Mapped[str] = mapped_column(short_text(20), primary_key=True)
    after_hours: Mapped[int]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))

    __table_args__ = (
        one_of("team", TEAMS),
        CheckConstraint("after_hours BETWEEN 1 AND 720", name="after_hours_in_reach"),
        Index(None, "user_id"),
    )


class CasePresence(Tenant, Base):
    """Somebody has a case open; seen_at: when their page last said so."""

    follow_up_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True
    )
    since: Mapped[datetime]
    seen_at: Mapped[datetime]

    __table_args__ = (
        tenant_key("follow_up_id", "follow_up", ondelete="CASCADE"),
        Index(None, "user_id"),
    )


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


class Mention(TenantRow, Base):
    """Somebody of the workspace is named in a line of a case's timeline."""

    entry_id: Mapped[UUID]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    seen_at: Mapped[datetime | None]

    __table_args__ = (
        tenant_key("entry_id", "follow_up_entry", ondelete="CASCADE"),
        UniqueConstraint("workspace_id", "entry_id", "user_id"),
        Index(None, "workspace_id", "user_id", "seen_at"),
        Index(None, "user_id"),
    )
