"""Tables: a survey's limits, single-use links and the batches in which they are made."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, TenantRow, short_text, tenant_key


class AnswerLimits(Tenant, Base):
    """What a survey takes; without a row it takes whatever comes (`surveys/limits.py`).

    quotas: a list of {attribute, question, value, most}. closing_words: by language.
    """

    survey_id: Mapped[UUID] = mapped_column(primary_key=True)
    last_day: Mapped[date | None] = mapped_column(Date)
    most: Mapped[int | None]
    quotas: Mapped[list[Any]] = mapped_column(default=list)
    only_single_use: Mapped[bool] = mapped_column(default=False)
    closing_words: Mapped[dict[str, Any]] = mapped_column(default=dict)
    updated_at: Mapped[datetime]

    __table_args__ = (tenant_key("survey_id", "survey", ondelete="CASCADE"),)


class SingleUseBatch(TenantRow, Base):
    """Links that were made together; place: the touchpoint of their answers, or empty."""

    survey_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(short_text(100))
    place: Mapped[str] = mapped_column(short_text(100))
    links: Mapped[int]
    created_at: Mapped[datetime]

    __table_args__ = (
        tenant_key("survey_id", "survey", ondelete="CASCADE"),
        Index(None, "workspace_id", "survey_id", "created_at"),
    )


class SingleUseLink(TenantRow, Base):
    """A link that one answer comes by. `id` is that of its response, so that there can be only
    one, whatever the way it takes.

    used_by: the visit that answered, else empty: its person may go on, nobody else.
    """

    batch_id: Mapped[UUID]
    number: Mapped[int]
    used_by: Mapped[str] = mapped_column(short_text(64), default="")
    used_at: Mapped[datetime | None]

    __table_args__ = (
        tenant_key("batch_id", "single_use_batch", ondelete="CASCADE"),
        UniqueConstraint("workspace_id", "batch_id", "number"),
    )
