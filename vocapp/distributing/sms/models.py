"""Tables: the provider of a workspace, what surveys say by text message, and the messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, short_text, tenant_key
from vocapp.sealing import SealedText


class TextProvider(Tenant, Base):
    """Who sends the text messages of a workspace (docs/asking.md says what it is sent).

    sender: by whom a message is, as its reader sees it. hook_id, hook_secret: where the provider
    tells of replies and receipts, and what it signs with. trouble: why it took nothing at last;
    None: it took the last message. wait_until: it is left alone until then, as it asked for, or as
    it did not answer.
    """

    url: Mapped[str] = mapped_column(short_text(2000))
    token: Mapped[str] = mapped_column(SealedText)
    sender: Mapped[str] = mapped_column(short_text(16))
    hook_id: Mapped[str] = mapped_column(short_text(64), unique=True)
    hook_secret: Mapped[str] = mapped_column(SealedText)
    changed_at: Mapped[datetime]
    trouble: Mapped[str | None] = mapped_column(short_text(60))
    trouble_at: Mapped[datetime | None]
    wait_until: Mapped[datetime | None]
    heard_at: Mapped[datetime | None]
    unsigned_at: Mapped[datetime | None]


class SurveyText(Tenant, Base):
    """What a survey's text messages say in words of its own (`surveys/sms_text.py`), by language.

    revision: one more with each change, so that two people do not write over one another.
    """

    survey_id: Mapped[UUID] = mapped_column(primary_key=True)
    words: Mapped[dict[str, Any]]
    revision: Mapped[int]
    updated_at: Mapped[datetime]

    __table_args__ = (tenant_key("survey_id", "survey", ondelete="CASCADE"),)


class TextMessage(Tenant, Base):
    """The message of an invitation, from when it was first handed to the provider.

    code: stands in its link; of 63 random bits, so that nobody finds another's. parts: what it is
    paid as. provider_id: by what the provider knows it. number_digest: the number that got it, as a
    suppression knows it (None: from before it was kept); the person may have another by now. No
    number and no text is kept.
    """

    invitation_id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(short_text(16), unique=True)
    parts: Mapped[int]
    provider_id: Mapped[str | None] = mapped_column(short_text(200))
    number_digest: Mapped[str | None] = mapped_column(short_text(64))
    created_at: Mapped[datetime]

    __table_args__ = (
        tenant_key("invitation_id", "invitation", ondelete="CASCADE"),
        CheckConstraint("parts BETWEEN 1 AND 100", name="parts_counted"),
        Index(None, "workspace_id", "provider_id"),
    )
