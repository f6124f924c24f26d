"""Tables: surveys, their immutable versions, questions with an identity across versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from surveys.questions import KINDS
from vocapp.database import Base, Tenant, TenantRow, one_of, short_text, tenant_key

SURVEY_KINDS = ("nps", "csat", "ces")
SURVEY_STATES = ("draft", "published", "closed")


class Survey(TenantRow, Base):
    """What is asked; `key` is chosen by people, `public_id` stands in public addresses."""

    key: Mapped[str] = mapped_column(short_text(100))
    public_id: Mapped[str] = mapped_column(short_text(32), unique=True)
    name: Mapped[str] = mapped_column(short_text())
    kind: Mapped[str] = mapped_column(short_text(10))
    confidential: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(short_text(20))
    draft: Mapped[dict[str, Any]]
    draft_step: Mapped[int] = mapped_column(default=0, server_default="0")
    published_version: Mapped[int | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("workspace_id", "key"),
        one_of("kind", SURVEY_KINDS),
        one_of("state", SURVEY_STATES),
    )


class DraftStep(Tenant, Base):
    """One state of a draft, to which undo and redo lead; `survey.draft_step` is where it is now.

    by_itself: stored while somebody typed, so that the next such state takes its place.
    """

    survey_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    definition: Mapped[dict[str, Any]]
    name: Mapped[str] = mapped_column(short_text())
    saved_at: Mapped[datetime]
    saved_by_user_id: Mapped[UUID | None]
    by_itself: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (tenant_key("survey_id", "survey", ondelete="CASCADE"),)


class SurveyVersion(Tenant, Base):
    """A published definition; never changed, so an answer keeps the wording it was given to."""

    survey_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    definition: Mapped[dict[str, Any]]
    published_at: Mapped[datetime]
    published_by_user_id: Mapped[UUID | None]  # null: a machine, or before it was noted

    __table_args__ = (tenant_key("survey_id", "survey", ondelete="CASCADE"),)


class Question(TenantRow, Base):
    """A question's identity across versions; answers and cells point here."""

    survey_id: Mapped[UUID]
    key: Mapped[str] = mapped_column(short_text(64))
    kind: Mapped[str] = mapped_column(short_text(10))

    __table_args__ = (
        UniqueConstraint("workspace_id", "survey_id", "key"),
        one_of("kind", KINDS),
        tenant_key("survey_id", "survey", ondelete="CASCADE"),
    )
