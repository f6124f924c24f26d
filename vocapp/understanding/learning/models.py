"""Tables: versions of the theme model and what each was taught; the past judged anew."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, TenantRow, one_of, short_text, tenant_key

MODEL_STATES = ("challenger", "champion", "rejected", "retired")
MODEL_REASONS = ("better", "not_better", "not_enough", "themes_changed", "broken")
RETHEMING_STATES = (
    "looking", "looked", "running", "stopped", "done", "undoing", "undone",
)  # fmt: skip
UNDERWAY = ("looking", "looked", "running", "undoing")


class ThemeModel(TenantRow, Base):
    """A version of what a workspace taught its theme model.

    The model itself follows from the themes and the lessons of the version, so it can be made
    again wherever its file is missing. plan: names of the steps of learning, `step` of them done.
    report: the comparison with the version that served then (nlp.comparing.as_json).
    """

    number: Mapped[int]
    state: Mapped[str] = mapped_column(short_text(20))
    reason: Mapped[str | None] = mapped_column(short_text(20))
    encoder: Mapped[str] = mapped_column(short_text(20))
    taxonomy_digest: Mapped[str] = mapped_column(short_text(64))
    lessons_digest: Mapped[str] = mapped_column(short_text(64))
    corrections: Mapped[int]
    comments: Mapped[int]
    rival_id: Mapped[UUID | None]  # the version it is compared with; none: nothing was taught yet
    plan: Mapped[list[str]] = mapped_column(default=list)
    step: Mapped[int] = mapped_column(default=0)
    report: Mapped[dict[str, Any] | None]
    asked_at: Mapped[datetime]
    asked_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    promoted_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("state", MODEL_STATES),
        one_of("reason", MODEL_REASONS),
        UniqueConstraint("workspace_id", "number"),
        # One serves, and one at a time is being taught.
        *(
            Index(
                f"ux_theme_model_{state}", "workspace_id", unique=True,
                sqlite_where=text(f"state = '{state}'"),
                postgresql_where=text(f"state = '{state}'"),
            )
            for state in ("champion", "challenger")
        ),
    )  # fmt: skip


class ThemeLesson(Tenant, Base):
    """What a version was taught by one comment: theme keys, no words of it.

    said: theme key → whether it belongs, by a person. stands: themes nobody spoke of.
    foretold: themes given by models that were taught all of the version but this comment; served:
    those given by the version it was compared with, likewise. text_digest: of the comment that
    was judged; where it was edited since, the lesson holds no more.
    """

    model_id: Mapped[UUID] = mapped_column(primary_key=True)
    response_id: Mapped[UUID] = mapped_column(primary_key=True)
    said: Mapped[dict[str, Any]]
    stands: Mapped[list[str]]
    complete: Mapped[bool]
    text_digest: Mapped[str] = mapped_column(short_text(64))
    foretold: Mapped[list[str] | None]
    served: Mapped[list[str] | None]

    __table_args__ = (
        tenant_key("model_id", "theme_model", ondelete="CASCADE"),
        tenant_key("response_id", "response", ondelete="CASCADE"),
        Index(None, "workspace_id", "response_id"),
    )


class LearningSetting(Tenant, Base):
    """When a workspace's model learns by itself: at night, and after so many corrections
    (none: not by number). A workspace without a row learns by the defaults."""

    nightly: Mapped[bool]
    after: Mapped[int | None]


class Retheming(TenantRow, Base):
    """The past judged anew by the version that serves: first a look, then the batch, then undo.

    cursor: the last response that was done, in the order of their ids. changed: comments whose
    themes came out differently. preview: {"sampled", "changed", "themes": {key: {"added",
    "removed", "examples": [response ids]}}}. keep_until: when what was replaced is forgotten.
    """

    state: Mapped[str] = mapped_column(short_text(20))
    model_id: Mapped[UUID | None]
    encoder: Mapped[str] = mapped_column(short_text(20))
    model_version: Mapped[str] = mapped_column(short_text(64))
    asked_at: Mapped[datetime]
    asked_by: Mapped[UUID | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    keep_until: Mapped[datetime | None]
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    cursor: Mapped[UUID | None]
    preview: Mapped[dict[str, Any] | None]

    __table_args__ = (
        one_of("state", RETHEMING_STATES),
        Index(
            "ux_retheming_underway", "workspace_id", unique=True,
            sqlite_where=text("state IN ('looking', 'looked', 'running', 'undoing')"),
            postgresql_where=text("state IN ('looking', 'looked', 'running', 'undoing')"),
        ),
    )  # fmt: skip


class ReplacedThemes(Tenant, Base):
    """What stood on a comment before it was judged anew, for undo; ids and figures, no words.

    assignments: of the model's alone, as columns of `Assignment`; analysis: columns of `Analysis`.
    """

    retheming_id: Mapped[UUID] = mapped_column(primary_key=True)
    response_id: Mapped[UUID] = mapped_column(primary_key=True)
    assignments: Mapped[list[Any]]
    analysis: Mapped[dict[str, Any]]

    __table_args__ = (
        tenant_key("retheming_id", "retheming", ondelete="CASCADE"),
        tenant_key("response_id", "response", ondelete="CASCADE"),
        Index(None, "workspace_id", "response_id"),
    )
