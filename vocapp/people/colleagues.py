"""Table: who has which role for an account, beside its owner.

It stands here and not with what fills it (`succeeding.team`), as reach goes by it.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, one_of, short_text, tenant_key

# The owner is customer success, and stands with the account: cases and health go by it.
DUTIES = ("account_manager", "support")


class AccountColleague(Tenant, Base):
    """A member of the workspace with a duty for an account; one for each duty."""

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    duty: Mapped[str] = mapped_column(short_text(20), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    since: Mapped[datetime]

    __table_args__ = (
        one_of("duty", DUTIES),
        tenant_key("account_id", "account", ondelete="CASCADE"),
        Index(None, "user_id"),
        Index(None, "workspace_id", "user_id"),
    )
