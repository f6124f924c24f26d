"""Tables: the health of an account as it is, and as it was on the days on which it changed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, one_of, short_text, tenant_key

BANDS = ("risk", "watch", "good")  # the worst first
BASES = ("learnt", "initial", "restored", "own")
MAX_WHY = 300


class AccountHealth(Tenant, Base):
    """score: 0..100, null where too little is known; then there is no band, and `last_band` is
    the last there was, from which the next follows without flapping.

    components: [{"key", "points", "weight", "reasons"}], in the order of COMPONENTS.
    """

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    score: Mapped[float | None]
    band: Mapped[str | None] = mapped_column(short_text(10))
    last_band: Mapped[str | None] = mapped_column(short_text(10))
    band_since: Mapped[datetime]
    coverage: Mapped[float]
    components: Mapped[list[Any]]
    reasons: Mapped[list[str]]
    computed_at: Mapped[datetime]

    __table_args__ = (
        one_of("band", BANDS),
        one_of("last_band", BANDS),
        CheckConstraint("score >= 0 AND score <= 100", name="score_in_range"),
        CheckConstraint("(score IS NULL) = (band IS NULL)", name="band_where_score"),
        CheckConstraint("coverage >= 0 AND coverage <= 1", name="coverage_is_share"),
        tenant_key("account_id", "account", ondelete="CASCADE"),
        Index("ix_account_health_worst", "workspace_id", "score", "account_id"),
    )


class HealthDay(Tenant, Base):
    """A local day on which the score, in whole points, or the band became another.

    points: of each component, in the order of COMPONENTS, null where not known.
    """

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    score: Mapped[float | None]
    band: Mapped[str | None] = mapped_column(short_text(10))
    points: Mapped[list[Any]]

    __table_args__ = (
        one_of("band", BANDS),
        CheckConstraint("(score IS NULL) = (band IS NULL)", name="band_where_score"),
        tenant_key("account_id", "account", ondelete="CASCADE"),
    )


class HealthScheme(Tenant, Base):
    """Which weights and bands count from `at` on, as `surveys.health_schemes.Scheme` has it; the
    highest number is in force. Before the first: those of the product.

    basis: why they changed: learnt from who left, those of the product again, a change taken back
    or an earlier version put back, set by hand; why: in the words of whoever did it.
    """

    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor_user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    basis: Mapped[str] = mapped_column(short_text(10))
    scheme: Mapped[dict[str, Any]]
    why: Mapped[str | None] = mapped_column(short_text(MAX_WHY))

    __table_args__ = (
        one_of("basis", BASES),
        CheckConstraint("number >= 1", name="number_positive"),
    )
