"""Tables: notes on accounts, and whom they mention."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, TenantRow, tenant_key


class AccountNote(TenantRow, Base):
    """What a colleague wrote of an account, for colleagues. removed_at: taken back since then."""

    account_id: Mapped[UUID]
    author_user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text)
    removed_at: Mapped[datetime | None]

    __table_args__ = (
        tenant_key("account_id", "account", ondelete="CASCADE"),
        Index(None, "workspace_id", "account_id", "at"),
        Index(None, "author_user_id"),
    )


class AccountNoteMention(Tenant, Base):
    """Somebody of the workspace is named in a note on an account."""

    note_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True
    )
    at: Mapped[datetime]
    seen_at: Mapped[datetime | None]

    __table_args__ = (
        tenant_key("note_id", "account_note", ondelete="CASCADE"),
        Index(None, "workspace_id", "user_id", "seen_at"),
        Index(None, "user_id"),
    )
