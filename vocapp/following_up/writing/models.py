"""Tables: e-mails of a case, drafts of them, reply templates."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, TenantRow, one_of, short_text, tenant_key
from vocapp.distributing.attached_files import FILE_TOO_LARGE, MAIL_TOO_LARGE, TOO_MANY
from vocapp.sealing import SealedBytes, SealedText

OUT, IN = "out", "in"
OUT_STATES = ("scheduled", "sending", "sent", "unknown", "not_sent", "bounced")
IN_STATES = ("received", "automatic")
CASE_FULL = "case_full"
LEFT_OUT = (FILE_TOO_LARGE, MAIL_TOO_LARGE, TOO_MANY, CASE_FULL)


class CaseMail(TenantRow, Base):
    """An e-mail to the customer (`out`) or from them (`in`), as part of a case.

    An outgoing one moves scheduled → sending → sent; `unknown`: the mail server may or may not
    have taken it, and it is not sent twice. address: whom it is to or from. message_digest: a
    keyed hash of the Message-ID, by which replies find it; only this installation can make one.
    entry_id: the line of the timeline that says what was changed by it.
    """

    follow_up_id: Mapped[UUID]
    direction: Mapped[str] = mapped_column(short_text(3))
    state: Mapped[str] = mapped_column(short_text(20))
    reason: Mapped[str | None] = mapped_column(short_text(60))
    actor_user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    contact_id: Mapped[UUID | None]
    entry_id: Mapped[UUID | None]
    address: Mapped[str] = mapped_column(SealedText)
    subject: Mapped[str] = mapped_column(SealedText)
    body: Mapped[str] = mapped_column(SealedText)
    language: Mapped[str | None] = mapped_column(short_text(20))
    message_id: Mapped[str] = mapped_column(SealedText)
    message_digest: Mapped[str] = mapped_column(short_text(32))
    attachments: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime]
    sent_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("direction", (OUT, IN)),
        one_of("state", OUT_STATES + IN_STATES),
        CheckConstraint("attachments >= 0", name="attachments_counted"),
        UniqueConstraint("workspace_id", "message_digest"),
        tenant_key("follow_up_id", "follow_up", ondelete="CASCADE"),
        tenant_key("contact_id", "contact"),
        Index("ix_case_mail_message", "message_digest"),
        Index(None, "workspace_id", "follow_up_id", "at"),
        Index(None, "workspace_id", "contact_id"),
    )


class CaseAttachment(TenantRow, Base):
    """A file that the customer sent with an e-mail of a case.

    kind: the media type that the sender says it is. size: in bytes, None where it is not known.
    content: None where a limit left it out, which left_out names.
    """

    mail_id: Mapped[UUID]
    position: Mapped[int]
    name: Mapped[str] = mapped_column(SealedText)
    kind: Mapped[str] = mapped_column(short_text(100))
    size: Mapped[int | None]
    # Megabytes: read only where somebody asks for them.
    content: Mapped[bytes | None] = mapped_column(SealedBytes, deferred=True)
    left_out: Mapped[str | None] = mapped_column(short_text(20))

    __table_args__ = (
        one_of("left_out", LEFT_OUT),
        CheckConstraint("(content IS NULL) = (left_out IS NOT NULL)", name="kept_or_left_out"),
        UniqueConstraint("workspace_id", "mail_id", "position"),
        tenant_key("mail_id", "case_mail", ondelete="CASCADE"),
    )


class CaseDraft(Tenant, Base):
    """What somebody has begun to write in a case and not sent."""

    follow_up_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True
    )
    subject: Mapped[str] = mapped_column(SealedText)
    body: Mapped[str] = mapped_column(SealedText)
    updated_at: Mapped[datetime]

    __table_args__ = (
        tenant_key("follow_up_id", "follow_up", ondelete="CASCADE"),
        Index(None, "user_id"),
    )


_IS_THERE = text("removed_at IS NULL")


class ReplyTemplate(TenantRow, Base):
    """A letter with gaps (`surveys.letters`), in one language. removed_at: can be put back."""

    name: Mapped[str] = mapped_column(short_text(100))
    language: Mapped[str] = mapped_column(short_text(20))
    subject: Mapped[str] = mapped_column(short_text(200))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


Index(
    "uq_reply_template_name", ReplyTemplate.workspace_id, ReplyTemplate.language,
    ReplyTemplate.name, unique=True, sqlite_where=_IS_THERE, postgresql_where=_IS_THERE,
)  # fmt: skip
