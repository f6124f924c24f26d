"""Table: filters that somebody gave a name."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, TenantRow, short_text

_IS_KEPT = text("removed_at IS NULL")


class SavedSegment(TenantRow, Base):
    """A filter with a name. `key` stands in addresses and is never given to another one.

    name_folded: the name as it is compared and searched, whatever its case or width.
    filter: as `surveys.filters.to_json` writes it. version: rises with each change.
    removed_at: taken away, and still to be had back; its name is free meanwhile.
    """

    key: Mapped[str] = mapped_column(short_text(100))
    name: Mapped[str] = mapped_column(short_text(80))
    name_folded: Mapped[str] = mapped_column(short_text(200))
    description: Mapped[str] = mapped_column(short_text(300))
    filter: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]
    updated_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("workspace_id", "key"),
        Index(
            "uq_saved_segment_name_folded",
            "workspace_id",
            "name_folded",
            unique=True,
            sqlite_where=_IS_KEPT,
            postgresql_where=_IS_KEPT,
        ),
    )
