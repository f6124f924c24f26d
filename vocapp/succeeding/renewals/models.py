"""Tables: what people say of renewals, what became of past ones, and forecasts as they were."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from surveys.renewals import CATEGORIES, OUTCOMES
from vocapp.database import Base, Tenant, one_of, short_text, tenant_key
from vocapp.succeeding.health.models import BANDS


class RenewalWord(Tenant, Base):
    """What a person said last of an account's renewal; category null: taken back."""

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    due_on: Mapped[date]
    category: Mapped[str | None] = mapped_column(short_text(10))
    note: Mapped[str | None] = mapped_column(Text)
    said_at: Mapped[datetime]
    said_by_user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    # Raised with every word; an undo that saw an older value is refused.
    version: Mapped[int]

    __table_args__ = (
        one_of("category", CATEGORIES),
        tenant_key("account_id", "account", ondelete="CASCADE"),
    )


class RenewalOutcome(Tenant, Base):
    """A decided renewal, as events of subscriptions tell it; worked out anew every night.

    band: of the health some weeks before it was decided, worked out afterwards if that was before
    health was kept; null where there was none. Money: MRR
    before, and of that what was kept; null with renewals in several currencies.
    """

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    due_on: Mapped[date] = mapped_column(primary_key=True)
    decided_on: Mapped[date]
    outcome: Mapped[str] = mapped_column(short_text(10))
    band: Mapped[str | None] = mapped_column(short_text(10))
    mrr_minor: Mapped[int | None] = mapped_column(BigInteger)
    kept_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None] = mapped_column(short_text(3))

    __table_args__ = (
        one_of("outcome", OUTCOMES),
        one_of("band", BANDS),
        tenant_key("account_id", "account", ondelete="CASCADE"),
    )


class RenewalSnapshot(Tenant, Base):
    """What was forecast of a renewal at the beginning of its month; never changed afterwards."""

    month: Mapped[date] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    due_on: Mapped[date]
    chance: Mapped[float]
    category: Mapped[str] = mapped_column(short_text(10))
    is_word: Mapped[bool]
    mrr_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None] = mapped_column(short_text(3))
    taken_at: Mapped[datetime]

    __table_args__ = (
        one_of("category", CATEGORIES),
        CheckConstraint("chance >= 0 AND chance <= 1", name="chance_is_share"),
        tenant_key("account_id", "account", ondelete="CASCADE"),
    )
