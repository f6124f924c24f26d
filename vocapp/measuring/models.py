"""Tables: cells (histograms of scores), and the counted answers themselves, in columns.

A histogram has eleven counts, one per point of the longest scale; index = score minus the start
of the question's scale. Those of a month are one row of bytes: of all its days, or of all
values of an attribute (ADR 0014). Who changes them holds the workspace's CellState.

Combinations of attributes have no cells: there are nearly as many of them as answers. They
are counted from columns, in which an answer takes about fifty bytes (ADR 0011).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, TenantRow, short_text, tenant_key

SCALE = 11  # points of the longest scale
NOTHING_YET = 0  # the generation of a workspace whose first is still being counted


class ScoreMonth(Tenant, Base):
    """All scores of a question in a local month.

    histograms: of each day, packed as in packed_days. The key begins with what every read
    asks for.
    """

    generation: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    histograms: Mapped[bytes]

    __table_args__ = (tenant_key("question_id", "question", ondelete="CASCADE"),)


class AttributeMonth(Tenant, Base):
    """Scores of a question in a local month by the values of one reportable attribute.

    histograms: of each code (AttributeValue.code), packed as in packed_values.
    """

    generation: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[UUID] = mapped_column(primary_key=True)
    attribute: Mapped[str] = mapped_column(short_text(100), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    histograms: Mapped[bytes]

    __table_args__ = (tenant_key("question_id", "question", ondelete="CASCADE"),)


class AnswerChunk(Tenant, Base):
    """Some thousand counted answers to a question in a local month; their values are columns.

    size: places taken, empty ones included. level: how rarely people are in it, see
    `columns.levels_of`; -1 is the first chunk of a month, with people of all levels.
    revision: another one after each change, by chance (null: written before there were any).
    """

    generation: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[UUID]
    month: Mapped[date]
    level: Mapped[int]
    size: Mapped[int]
    revision: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        tenant_key("question_id", "question", ondelete="CASCADE"),
        Index(None, "workspace_id", "generation", "question_id", "month", "level"),
    )


class AnswerColumn(Tenant, Base):
    """One value of every answer of a chunk: `size` little-endian numbers (columns.WIDTHS).

    A column that would hold only zeros has no row.
    """

    generation: Mapped[int] = mapped_column(primary_key=True)
    chunk: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(short_text(110), primary_key=True)
    data: Mapped[bytes]


class CountedAnswer(Tenant, Base):
    """What the cells of a generation hold of one answer to one scale question, and where.

    Its values stand in the columns, at this place of the chunk.
    """

    generation: Mapped[int] = mapped_column(primary_key=True)
    response_id: Mapped[UUID] = mapped_column(primary_key=True)
    question_id: Mapped[UUID] = mapped_column(primary_key=True)
    local_day: Mapped[date]
    score_index: Mapped[int]
    chunk: Mapped[int]
    place: Mapped[int]


class CellState(Tenant, Base):
    """Which generation of a workspace's cells is read, and by which settings it was counted.

    attributes: the reportable ones, as in ReportableSet; null: those of the default.
    building: the generation that is being counted to take its place, null: none; cursor: the
    last response it has, in the order of counting (null: none yet). last_generation: the
    highest number that was ever given.
    """

    generation: Mapped[int] = mapped_column(default=1)
    time_zone: Mapped[str] = mapped_column(short_text(64))
    attributes: Mapped[list[Any] | None]
    last_generation: Mapped[int] = mapped_column(default=1)
    building: Mapped[int | None]
    building_time_zone: Mapped[str | None] = mapped_column(short_text(64))
    building_attributes: Mapped[list[Any] | None]
    building_cursor: Mapped[dict[str, Any] | None]


class ReportableSet(Tenant, Base):
    """The attributes that an administrator made reportable; no row: the default.

    attributes: [{"name": "seats", "edges": [10, 50]}, …] in the order of the choice.
    """

    attributes: Mapped[list[Any]]


class KeptSample(Tenant, Base):
    """The attributes of the latest answers (attribute_sample.AttributeSample), as last read.

    It has values that customers gave: it goes when a person is forgotten.
    """

    sampled_at: Mapped[datetime]
    time_zone: Mapped[str] = mapped_column(short_text(64))
    sample: Mapped[dict[str, Any]]


class AttributeValue(Tenant, Base):
    """The values of a reportable attribute that have cells; the rest count as "(other)".

    code: what stands for the value in columns, from 1; 0 is no value.
    """

    generation: Mapped[int] = mapped_column(primary_key=True)
    attribute: Mapped[str] = mapped_column(short_text(100), primary_key=True)
    value: Mapped[str] = mapped_column(short_text(200), primary_key=True)
    code: Mapped[int]


class TrendNote(TenantRow, Base):
    """What happened on a day ("pricing change"), to be seen on every course.

    removed_at: taken away, and still to be had back.
    """

    local_day: Mapped[date]
    words: Mapped[str] = mapped_column(short_text(80))
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "workspace_id", "local_day"),)
