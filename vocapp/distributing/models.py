"""Tables: invitations and suppression."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, TenantRow, one_of, short_text, tenant_key

INVITATION_STATES = ("scheduled", "sending", "sent", "unknown", "not_sent", "answered", "bounced")
REMINDER_STATES = ("scheduled", "sending", "sent", "unknown", "not_sent", "bounced")
SUPPRESSION_KINDS = ("unsubscribed", "bounced", "complained")


class Invitation(TenantRow, Base):
    """One contact asked once.

    `state` moves scheduled → sending → sent → answered. `unknown` means that the mail
    server may or may not have taken it (see docs/adr): a person decides, we do not
    send twice. `clicked_at`: when the page behind the link was first fetched, which
    scanners of mail do as well as people. `delivered_at` and `opened_at` are kept for
    senders that tell; nothing here finds them out. `touchpoint`: the moment that the
    survey is about; the answer has it, too. `address_digest`: the address that its mail
    went to, as a suppression knows it (None: no mail, or from before it was kept); the
    person may have another by now.
    """

    survey_id: Mapped[UUID]
    contact_id: Mapped[UUID]
    channel: Mapped[str] = mapped_column(short_text(20))
    state: Mapped[str] = mapped_column(short_text(20))
    reason: Mapped[str | None] = mapped_column(short_text(60))
    touchpoint: Mapped[str | None] = mapped_column(short_text(100))
    send_at: Mapped[datetime]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    clicked_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    bounced_at: Mapped[datetime | None]
    replied_at: Mapped[datetime | None]  # by a mail, instead of the link or beside it
    address_digest: Mapped[str | None] = mapped_column(short_text(64))

    __table_args__ = (
        one_of("state", INVITATION_STATES),
        tenant_key("survey_id", "survey", ondelete="CASCADE"),
        tenant_key("contact_id", "contact", ondelete="CASCADE"),
        Index(None, "workspace_id", "survey_id", "state"),
        Index(None, "workspace_id", "contact_id"),
    )


class Reminder(Tenant, Base):
    """The one reminder of an invitation: its state moves scheduled → sending → sent, as that of
    the invitation does. reason: why it did not go. address_digest: as that of the invitation, which
    may have gone to another address."""

    invitation_id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(short_text(20))
    reason: Mapped[str | None] = mapped_column(short_text(60))
    due_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    address_digest: Mapped[str | None] = mapped_column(short_text(64))

    __table_args__ = (
        one_of("state", REMINDER_STATES),
        tenant_key("invitation_id", "invitation", ondelete="CASCADE"),
    )


class SurveyMail(Tenant, Base):
    """What a survey's e-mails say in words of its own (`surveys/own_mail.py`).

    revision: one more with each change, so that two people do not write over one another. logo: a
    PNG for its head; its width and height as shown.
    """

    survey_id: Mapped[UUID] = mapped_column(primary_key=True)
    mail: Mapped[dict[str, Any]]
    revision: Mapped[int]
    updated_at: Mapped[datetime]
    logo: Mapped[bytes | None] = mapped_column(LargeBinary)
    logo_width: Mapped[int | None]
    logo_height: Mapped[int | None]

    __table_args__ = (tenant_key("survey_id", "survey", ondelete="CASCADE"),)


class MailPace(Base):
    """The one bucket of `surveys/mail_pace.py`. tokens: None where no mail ever waited its turn."""

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tokens: Mapped[float | None]
    at: Mapped[datetime]

    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)


class Suppression(Tenant, Base):
    """An address that must not be mailed; a keyed hash, so it survives erasure."""

    address_digest: Mapped[str] = mapped_column(short_text(64), primary_key=True)
    kind: Mapped[str] = mapped_column(short_text(20), primary_key=True)
    created_at: Mapped[datetime]

    __table_args__ = (one_of("kind", SUPPRESSION_KINDS),)
