"""Tables: what a theme was before each edit, merges, and what a merge moved."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, TenantRow, one_of, short_text, tenant_key

MERGE_STATES = ("moving", "done", "undoing", "undone")


class ThemeRevision(Tenant, Base):
    """How a theme stood at a revision, kept when the next edit came: an edit can be taken back."""

    theme_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    words: Mapped[dict[str, Any]]
    replaced_at: Mapped[datetime]
    user_id: Mapped[UUID | None]

    __table_args__ = (tenant_key("theme_id", "theme", ondelete="CASCADE"),)


class ThemeMerge(TenantRow, Base):
    """One theme's comments on their way to another's, or back.

    moved: responses that were moved so far (or brought back, while undoing). before: what of the
    tree and of the target's words the merge changed.
    """

    source_id: Mapped[UUID]
    target_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(short_text(10))
    total: Mapped[int]
    moved: Mapped[int]
    before: Mapped[dict[str, Any]]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    user_id: Mapped[UUID | None]

    __table_args__ = (
        one_of("state", MERGE_STATES),
        tenant_key("source_id", "theme", ondelete="CASCADE"),
        tenant_key("target_id", "theme", ondelete="CASCADE"),
    )


class MergedResponse(Tenant, Base):
    """What stood on a response before a merge moved it: numbers and ids, no words."""

    merge_id: Mapped[UUID] = mapped_column(primary_key=True)
    response_id: Mapped[UUID] = mapped_column(primary_key=True)
    before: Mapped[dict[str, Any]]
    moved_at: Mapped[datetime]

    __table_args__ = (
        tenant_key("merge_id", "theme_merge", ondelete="CASCADE"),
        tenant_key("response_id", "response", ondelete="CASCADE"),
    )
