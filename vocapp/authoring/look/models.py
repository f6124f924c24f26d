"""Table: the look of a workspace, and of surveys that have one of their own."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from surveys.look import CORNERS_PX, FONTS
from vocapp.database import Base, TenantRow, one_of, short_text, tenant_key


class LookRow(TenantRow, Base):
    """What was chosen (`surveys/look.py`); what is used follows from it. Without a survey it is
    that of the workspace."""

    __tablename__ = "look"

    survey_id: Mapped[UUID | None]
    colour: Mapped[str | None] = mapped_column(short_text(7))
    dark_colour: Mapped[str | None] = mapped_column(short_text(7))
    corners: Mapped[str] = mapped_column(short_text(10))
    font: Mapped[str] = mapped_column(short_text(10))
    updated_at: Mapped[datetime]

    __table_args__ = (
        one_of("corners", tuple(CORNERS_PX)),
        one_of("font", tuple(FONTS)),
        CheckConstraint("colour LIKE '#______'", name="colour_written"),
        CheckConstraint(
            "dark_colour IS NULL OR (dark_colour LIKE '#______' AND colour IS NOT NULL)",
            name="dark_colour_written",
        ),
        tenant_key("survey_id", "survey", ondelete="CASCADE"),
        UniqueConstraint("workspace_id", "survey_id"),
    )


# Above, a survey that is null is another than every other null.
_OF_WORKSPACE = text("survey_id IS NULL")
Index(
    "uq_look_of_workspace", LookRow.workspace_id, unique=True,
    sqlite_where=_OF_WORKSPACE, postgresql_where=_OF_WORKSPACE,
)  # fmt: skip
