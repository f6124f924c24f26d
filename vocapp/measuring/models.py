"""Tables: cells (histograms of scores) and profiles.

A histogram has eleven columns, one per point of the longest scale; index = score minus
the start of the question's scale. One row a day instead of one a day and score keeps
the cells small.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, TenantRow, short_text, tenant_key

HISTOGRAM_COLUMNS = tuple(f"c{index}" for index in range(11))


class _Histogram(Tenant):
    """Eleven counts, each ≥ 0."""

    generation: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[UUID] = mapped_column(primary_key=True)
    c0: Mapped[int] = mapped_column(default=0)
    c1: Mapped[int] = mapped_column(default=0)
    c2: Mapped[int] = mapped_column(default=0)
    c3: Mapped[int] = mapped_column(default=0)
    c4: Mapped[int] = mapped_column(default=0)
    c5: Mapped[int] = mapped_column(default=0)
    c6: Mapped[int] = mapped_column(default=0)
    c7: Mapped[int] = mapped_column(default=0)
    c8: Mapped[int] = mapped_column(default=0)
    c9: Mapped[int] = mapped_column(default=0)
    c10: Mapped[int] = mapped_column(default=0)


class ScoreTotal(_Histogram, Base):
    """All scores of a question on a local day."""

    local_day: Mapped[date] = mapped_column(primary_key=True)

    __table_args__ = (tenant_key("question_id", "question", ondelete="CASCADE"),)


class ScoreByValue(_Histogram, Base):
    """Scores of a question on a local day, for one value of one reportable attribute."""

    local_day: Mapped[date] = mapped_column(primary_key=True)
    attribute: Mapped[str] = mapped_column(short_text(100), primary_key=True)
    value: Mapped[str] = mapped_column(short_text(200), primary_key=True)

    __table_args__ = (tenant_key("question_id", "question", ondelete="CASCADE"),)


class ScoreByProfile(_Histogram, Base):
    """Scores of a question in a local month, for one combination of reportable attributes."""

    month: Mapped[date] = mapped_column(primary_key=True)
    profile_id: Mapped[str] = mapped_column(short_text(64), primary_key=True)

    __table_args__ = (tenant_key("question_id", "question", ondelete="CASCADE"),)


class Profile(Tenant, Base):
    """A distinct combination of reportable attribute values; id = digest of the values."""

    id: Mapped[str] = mapped_column(short_text(64), primary_key=True)
    values: Mapped[dict[str, Any]] = mapped_column("attribute_values")


class CellState(Tenant, Base):
    """Which generation of a workspace's cells is read, and by which settings it was counted.

    attributes: the reportable ones, as in ReportableSet; null: those of the default.
    """

    generation: Mapped[int] = mapped_column(default=1)
    time_zone: Mapped[str] = mapped_column(short_text(64))
    attributes: Mapped[list[Any] | None]


class ReportableSet(Tenant, Base):
    """The attributes that an administrator made reportable; no row: the default.

    attributes: [{"name": "seats", "edges": [10, 50]}, …] in the order of the choice.
    """

    attributes: Mapped[list[Any]]


class AttributeValue(Tenant, Base):
    """The values of a reportable attribute that have cells; the rest count as "(other)"."""

    attribute: Mapped[str] = mapped_column(short_text(100), primary_key=True)
    value: Mapped[str] = mapped_column(short_text(200), primary_key=True)


class TrendNote(TenantRow, Base):
    """What happened on a day ("pricing change"), to be seen on every course.

    removed_at: taken away, and still to be had back.
    """

    local_day: Mapped[date]
    words: Mapped[str] = mapped_column(short_text(80))
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "workspace_id", "local_day"),)
