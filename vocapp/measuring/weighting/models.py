"""Table: what share of all customers a value of an attribute has."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, short_text, tenant_key


class TargetShare(Tenant, Base):
    """For the score of one survey; share in percent, above 0. All of an attribute are 100."""

    survey_id: Mapped[UUID] = mapped_column(primary_key=True)
    attribute: Mapped[str] = mapped_column(short_text(100), primary_key=True)
    value: Mapped[str] = mapped_column(short_text(200), primary_key=True)
    share: Mapped[float]

    __table_args__ = (
        tenant_key("survey_id", "survey", ondelete="CASCADE"),
        CheckConstraint("share > 0", name="share_positive"),
    )
