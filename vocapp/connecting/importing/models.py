"""Table: files that somebody brought to a page to be imported."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.connecting.importing.kinds import KINDS
from vocapp.database import Base, TenantRow, one_of, short_text
from vocapp.sealing import SealedBytes, SealedText

CHECKING, CHECKED, IMPORTING, IMPORTED, DROPPED = STATES = (
    "checking", "checked", "importing", "imported", "dropped",
)  # fmt: skip


class FileImport(TenantRow, Base):
    """A file moves checking → checked → importing → imported; `dropped`: it named somebody who
    asked to be forgotten.

    options: see `keeping.NewFile`. sample: as `keeping.Sample` writes it. content: until it was
    imported. done, counts: of the check or import that is under way or was last, outcome → rows.
    refusals: the first rows that were rejected, as `working.told` writes them; refused: all of
    them as a CSV file.
    """

    kind: Mapped[str] = mapped_column(short_text(20))
    name: Mapped[str] = mapped_column(SealedText)
    options: Mapped[dict[str, Any]]
    size: Mapped[int]
    rows: Mapped[int]
    state: Mapped[str] = mapped_column(short_text(20))
    done: Mapped[int] = mapped_column(default=0)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sample: Mapped[str | None] = mapped_column(SealedText)
    refusals: Mapped[str | None] = mapped_column(SealedText)
    # Megabytes: read only where somebody asks for them.
    content: Mapped[bytes | None] = mapped_column(SealedBytes, deferred=True)
    refused: Mapped[bytes | None] = mapped_column(SealedBytes, deferred=True)
    actor_user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("kind", KINDS),
        one_of("state", STATES),
        CheckConstraint("done >= 0 AND done <= rows", name="done_of_rows"),
        Index(None, "workspace_id", "created_at"),
        Index(None, "actor_user_id"),
    )
