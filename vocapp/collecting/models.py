"""Tables: responses, answers, idempotency keys; links that were opened, answers that are held."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from surveys.questions import Value, scale_of
from surveys.response_quality import MARKS
from vocapp.database import Base, JsonValue, Tenant, TenantRow, one_of, short_text, tenant_key
from vocapp.sealing import SealedText

HELD_STATES = ("held", "over_quota", "counted", "put_aside", "overtaken")
CHANNELS = ("api", "web", "widget", "embed", "email", "sms", "import")


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
        Index(None, "workspace_id", "survey_id", "survey_version"),
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
    """The value given to one question.

    A number, an option, or a text, which rests sealed; value: JSON of several options, of a matrix
    or of a consent. personal: JSON of contact details, sealed as well, and no text that is themed.
    """

    response_id: Mapped[UUID] = mapped_column(primary_key=True)
    question_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int | None]
    option: Mapped[str | None] = mapped_column(short_text(64))
    text: Mapped[str | None] = mapped_column(SealedText)
    value: Mapped[Any | None] = mapped_column(JsonValue)
    personal: Mapped[str | None] = mapped_column(SealedText)

    __table_args__ = (
        tenant_key("response_id", "response", ondelete="CASCADE"),
        tenant_key("question_id", "question"),
    )


# How an answer is read: `value_in` of these columns.
GIVEN = (Answer.number, Answer.option, Answer.text, Answer.value, Answer.personal)


def stored_as(kind: str, value: Value) -> dict[str, Any]:
    """The columns of an answer to a question of this kind; `value_in` reads them."""
    column = "value"
    if scale_of(kind) is not None:
        column = "number"
    elif kind in ("choice", "text", "contact"):
        column = {"choice": "option", "text": "text", "contact": "personal"}[kind]
    given = json.dumps(value, ensure_ascii=False) if column == "personal" else value
    return {each.key: None for each in GIVEN} | {column: given}


def value_in(
    number: int | None, option: str | None, text: str | None, value: Any, personal: str | None
) -> Value | None:
    """What was answered, from the columns GIVEN of its row."""
    if personal is not None:
        found: dict[str, str] = json.loads(personal)
        return found
    return next((each for each in (number, option, text, value) if each is not None), None)


class IdempotencyKey(Tenant, Base):
    """A sender's `Idempotency-Key`, and the response it made; kept 30 days."""

    key: Mapped[str] = mapped_column(short_text(255), primary_key=True)
    digest: Mapped[str] = mapped_column(short_text(64))
    response_id: Mapped[UUID]
    expires_at: Mapped[datetime]

    __table_args__ = (Index(None, "workspace_id", "expires_at"),)


class LinkFetch(TenantRow, Base):
    """A link of an invitation was opened, by a person or by a program; kept for a day.

    hidden: a link that people do not see; visit: on the page of this visit, null in the mail.
    """

    invitation_id: Mapped[UUID]
    at: Mapped[datetime]
    score: Mapped[int | None]
    hidden: Mapped[bool]
    visit: Mapped[str | None] = mapped_column(short_text(32))

    __table_args__ = (
        tenant_key("invitation_id", "invitation", ondelete="CASCADE"),
        Index(None, "workspace_id", "invitation_id", "at"),
    )


class HeldAnswer(TenantRow, Base):
    """An answer that stands aside until a person has looked; `id` is that of its response.

    answers: JSON of what was last pressed, by question key. presses: how often. state: `held` where
    it may be a program's, `over_quota` where its group was full, `counted` where a colleague let it
    count, `overtaken` where the person answered without doubt. attributes: as a response has them,
    of one over a quota, which need be nobody's. page, digest, revision: as a response has them;
    rows from before the first two were kept have none.
    """

    survey_id: Mapped[UUID]
    survey_version: Mapped[int]
    invitation_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    account_id: Mapped[UUID | None]
    locale: Mapped[str | None] = mapped_column(short_text(20))
    touchpoint: Mapped[str | None] = mapped_column(short_text(100))
    page: Mapped[str | None] = mapped_column(short_text(500))
    channel: Mapped[str] = mapped_column(short_text(20), default="email", server_default="email")
    score: Mapped[int | None]
    answers: Mapped[str] = mapped_column(SealedText)
    digest: Mapped[str | None] = mapped_column(short_text(64))
    revision: Mapped[int] = mapped_column(default=0, server_default="0")
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    reasons: Mapped[list[str]]
    presses: Mapped[int] = mapped_column(default=1)
    pressed_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(short_text(20))
    decided_at: Mapped[datetime | None]
    decided_by_user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )

    __table_args__ = (
        one_of("state", HELD_STATES),
        tenant_key("survey_id", "survey", ondelete="CASCADE"),
        tenant_key("invitation_id", "invitation", ondelete="CASCADE"),
        tenant_key("contact_id", "contact", ondelete="CASCADE"),
        tenant_key("account_id", "account"),
        Index(None, "workspace_id", "state", "pressed_at"),
        Index(None, "workspace_id", "survey_id", "state"),
        Index(None, "workspace_id", "invitation_id"),
        Index(None, "workspace_id", "contact_id"),
        Index(None, "workspace_id", "account_id"),
        Index(None, "decided_by_user_id"),
    )


class ResponseMark(Tenant, Base):
    """Why an answer is marked (`surveys/response_quality.py`); it counts all the same."""

    response_id: Mapped[UUID] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(short_text(20), primary_key=True)
    marked_at: Mapped[datetime]

    __table_args__ = (
        one_of("reason", MARKS),
        tenant_key("response_id", "response", ondelete="CASCADE"),
    )


class ResponsePace(Tenant, Base):
    """How long somebody took on a page, from its opening to the last press, and how long it takes
    to read what they answered."""

    response_id: Mapped[UUID] = mapped_column(primary_key=True)
    survey_id: Mapped[UUID]
    taken_ms: Mapped[int]
    reading_ms: Mapped[int]
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("taken_ms > 0 AND reading_ms > 0", name="times_positive"),
        tenant_key("response_id", "response", ondelete="CASCADE"),
        Index(None, "workspace_id", "survey_id", "at"),
    )


class TextPrint(Tenant, Base):
    """A long text of an answer by a public link, as a keyed hash that only says whether two are
    alike: the text itself rests sealed. It holds the survey in it."""

    response_id: Mapped[UUID] = mapped_column(primary_key=True)
    print: Mapped[str] = mapped_column(short_text(64), primary_key=True)

    __table_args__ = (
        tenant_key("response_id", "response", ondelete="CASCADE"),
        Index(None, "workspace_id", "print"),
    )
