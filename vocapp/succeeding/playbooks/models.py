"""Tables: playbooks, what they know of accounts, when they fired, the tasks for people, and what
goes out by itself."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, TenantRow, one_of, short_text, tenant_key
from vocapp.sealing import SealedText
from vocapp.succeeding.touchpoints.models import SKIP_REASONS

TASK_STATES = ("open", "done", "skipped")


class Playbook(TenantRow, Base):
    """definition: as `surveys.playbooks.playbook_to_json` leaves it. titles: what each step is
    called, by the step's key. former: name, definition and titles before the last change.
    """

    name: Mapped[str] = mapped_column(short_text(120))
    definition: Mapped[dict[str, Any]]
    titles: Mapped[dict[str, Any]]
    former: Mapped[dict[str, Any] | None]
    # Since when it fires; null: it is off.
    on_since: Mapped[datetime | None]
    # Since when it is put away: off, and in no list but that of those. What it did stays.
    archived_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("archived_at IS NULL OR on_since IS NULL", name="archived_is_off"),
    )


class PlaybookState(Tenant, Base):
    """`surveys.playbooks.State` of a playbook and an account that is not as it began."""

    playbook_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    armed: Mapped[bool]
    episode: Mapped[date | None]
    reference: Mapped[float | None]
    level: Mapped[float | None]

    __table_args__ = (
        tenant_key("playbook_id", "playbook", ondelete="CASCADE"),
        tenant_key("account_id", "account", ondelete="CASCADE"),
        Index(None, "workspace_id", "account_id"),
    )


class PlaybookRun(TenantRow, Base):
    """A playbook fired for an account: once per episode. reasons: codes with their numbers."""

    playbook_id: Mapped[UUID]
    account_id: Mapped[UUID]
    episode: Mapped[date]
    reasons: Mapped[list[str]]
    fired_at: Mapped[datetime]
    # The first day on which what it fired about was well again; null also where that is not told.
    recovered_on: Mapped[date | None]

    __table_args__ = (
        UniqueConstraint("workspace_id", "playbook_id", "account_id", "episode"),
        tenant_key("playbook_id", "playbook", ondelete="CASCADE"),
        tenant_key("account_id", "account", ondelete="CASCADE"),
        Index(None, "workspace_id", "fired_at"),
        Index(None, "workspace_id", "account_id", "fired_at"),
        Index(None, "workspace_id", "playbook_id", "fired_at"),
    )


class PlaybookTask(TenantRow, Base):
    """Something to do for an account. The owner is that of the account; days are local.

    snoozed_until: not to do before that day.
    """

    run_id: Mapped[UUID]
    account_id: Mapped[UUID]
    step_key: Mapped[str] = mapped_column(short_text(64))
    title: Mapped[str] = mapped_column(short_text(200))
    due_on: Mapped[date]
    minutes: Mapped[int]
    state: Mapped[str] = mapped_column(short_text(20), default="open")
    snoozed_until: Mapped[date | None]
    reason: Mapped[str | None] = mapped_column(short_text(20))
    note: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None]
    decided_by_user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    # Raised with every change; an undo that saw an older value is refused.
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("workspace_id", "run_id", "step_key"),
        one_of("state", TASK_STATES),
        one_of("reason", SKIP_REASONS),
        CheckConstraint("minutes >= 0", name="minutes_not_negative"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_has_instant"),
        CheckConstraint("(state = 'skipped') = (reason IS NOT NULL)", name="skipped_has_reason"),
        tenant_key("run_id", "playbook_run", ondelete="CASCADE"),
        tenant_key("account_id", "account", ondelete="CASCADE"),
        Index(None, "workspace_id", "state", "due_on"),
        Index(None, "workspace_id", "account_id", "state"),
    )


SENDING_KINDS = ("email", "survey")
SENDING_STATES = ("waiting", "done", "dropped")
LETTER_STATES = ("scheduled", "sending", "sent", "unknown", "not_sent", "bounced", "asked")


class PlaybookSending(TenantRow, Base):
    """A step of a firing, or a planned touchpoint (plan_id), that goes out by itself on a day.

    waiting: for its day, or for room among the letters of a day. done: people were chosen, see
    their letters. dropped: it did not go out at all, for the reason, or is a person's by now.
    step_key: of a touchpoint, its key.
    """

    run_id: Mapped[UUID | None]
    playbook_id: Mapped[UUID | None]
    plan_id: Mapped[UUID | None]
    account_id: Mapped[UUID]
    step_key: Mapped[str] = mapped_column(short_text(64))
    kind: Mapped[str] = mapped_column(short_text(20))
    due_on: Mapped[date]
    state: Mapped[str] = mapped_column(short_text(20), default="waiting")
    reason: Mapped[str | None] = mapped_column(short_text(60))
    decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("workspace_id", "run_id", "step_key"),
        UniqueConstraint("workspace_id", "plan_id"),
        one_of("kind", SENDING_KINDS),
        one_of("state", SENDING_STATES),
        CheckConstraint("(run_id IS NULL) = (playbook_id IS NULL)", name="run_of_playbook"),
        CheckConstraint("(run_id IS NULL) = (plan_id IS NOT NULL)", name="run_or_plan"),
        CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name="decided_has_instant"),
        CheckConstraint("(state = 'dropped') = (reason IS NOT NULL)", name="dropped_has_reason"),
        tenant_key("run_id", "playbook_run", ondelete="CASCADE"),
        tenant_key("playbook_id", "playbook", ondelete="CASCADE"),
        tenant_key("plan_id", "touchpoint_plan", ondelete="CASCADE"),
        tenant_key("account_id", "account", ondelete="CASCADE"),
        Index(None, "workspace_id", "playbook_id", "state", "due_on"),
        Index(None, "workspace_id", "account_id"),
    )


class PlaybookLetter(TenantRow, Base):
    """What a sending is for one person, also where it left that person out (`not_sent`).

    An e-mail moves scheduled → sending → sent; `unknown`: the mail server may or may not have
    taken it, and it is not sent twice. A survey is `asked`: the invitation has the same id and
    tells the rest. day: the local day whose number of letters it counts to. message_digest: a
    keyed hash of the Message-ID, by which replies find it. address_digest: the address that the
    e-mail went to, as a suppression knows it (None: no e-mail, or from before it was kept).
    playbook_id: as of its sending.
    """

    sending_id: Mapped[UUID]
    playbook_id: Mapped[UUID | None]
    account_id: Mapped[UUID]
    contact_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(short_text(20))
    state: Mapped[str] = mapped_column(short_text(20))
    reason: Mapped[str | None] = mapped_column(short_text(60))
    day: Mapped[date]
    language: Mapped[str | None] = mapped_column(short_text(20))
    subject: Mapped[str | None] = mapped_column(SealedText)
    body: Mapped[str | None] = mapped_column(SealedText)
    message_digest: Mapped[str | None] = mapped_column(short_text(32))
    address_digest: Mapped[str | None] = mapped_column(short_text(64))
    at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    replied_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("workspace_id", "sending_id", "contact_id"),
        one_of("kind", SENDING_KINDS),
        one_of("state", LETTER_STATES),
        tenant_key("sending_id", "playbook_sending", ondelete="CASCADE"),
        tenant_key("playbook_id", "playbook", ondelete="CASCADE"),
        tenant_key("account_id", "account", ondelete="CASCADE"),
        tenant_key("contact_id", "contact", ondelete="CASCADE"),
        Index(None, "workspace_id", "playbook_id", "day"),
        Index(None, "workspace_id", "account_id", "at"),
        Index(None, "workspace_id", "contact_id"),
        Index("ix_playbook_letter_message", "message_digest"),
    )


class WorkCapacity(Tenant, Base):
    """How many minutes a week a member has for accounts, where somebody said otherwise than their
    working hours do.
    """

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True
    )
    minutes: Mapped[int]

    __table_args__ = (CheckConstraint("minutes >= 0", name="minutes_not_negative"),)
