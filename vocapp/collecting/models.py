"""Tables: responses, answers, idempotency keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, TenantRow, one_of, short_text, tenant_key
from vocapp.sealing import SealedText

CHANNELS = ("api", "web", "widget", "embed", "email", "import")


class Response(TenantRow, Base):
    """What came back from one person for one survey.

    `attributes` are the facts about person and account as they were at that moment.
    """

    survey_id: Mapped[UUID]
    survey_version: Mapped[int]
    contact_id: Mapped[UUID | None]
    account_id: Mapped[UUID | None]
    invitation_id: Mapped[UUID | None]
    channel: Mapped[str] = mapped_column(short_text(20))
    locale: Mapped[str | None] = mapped_column(short_text(20))
    page: Mapped[str | None] = mapped_column(short_text(500))
    score: Mapped[int | None]
    answered_at: Mapped[datetime]
    received_at: Mapped[datetime]
    digest: Mapped[str] = mapped_column(short_text(64))
    revision: Mapped[int] = mapped_column(default=0)
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (
        one_of("channel", CHANNELS),
        tenant_key("survey_id", "survey", ondelete="CASCADE"),
        tenant_key("contact_id", "contact"),
        tenant_key("account_id", "account"),
        tenant_key("invitation_id", "invitation"),
        ForeignKeyConstraint(
            ["workspace_id", "survey_id", "survey_version"],
            ["survey_version.workspace_id", "survey_version.survey_id", "survey_version.number"],
        ),
        Index(None, "workspace_id", "survey_id", "answered_at"),
        # Which answer of a person is the next stands in the index. Without the id: SQLite would
        # look answers up by their ids in the whole of an index that has all that is asked.
        Index(
            "ix_response_of_contact",
            "workspace_id",
            "contact_id",
            "answered_at",
            "score",
            "survey_id",
        ),
        # What an account's page counts stands in the index: its answers are not read one by one.
        Index(
            "ix_response_of_account",
            "workspace_id",
            "account_id",
            "answered_at",
            "score",
            "survey_id",
            "contact_id",
        ),
    )


class Answer(Tenant, Base):
    """The value given to one question: a number, an option, or a text, which rests sealed."""

    response_id: Mapped[UUID] = mapped_column(primary_key=True)
    question_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int | None]
    option: Mapped[str | None] = mapped_column(short_text(64))
    text: Mapped[str | None] = mapped_column(SealedText)

    __table_args__ = (
        tenant_key("response_id", "response", ondelete="CASCADE"),
        tenant_key("question_id", "question"),
    )


class IdempotencyKey(Tenant, Base):
    """A sender's `Idempotency-Key`, and the response it made; kept 30 days."""

    key: Mapped[str] = mapped_column(short_text(255), primary_key=True)
    digest: Mapped[str] = mapped_column(short_text(64))
    response_id: Mapped[UUID]
    expires_at: Mapped[datetime]
