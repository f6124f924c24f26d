"""Tables: where messages come in, how many of which kind came, and which were refused.

No message is kept: what it says goes where events and facts are kept, and of a refused one
only its id, the field and the reason.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, TenantRow, one_of, short_text, tenant_key
from vocapp.sealing import SealedText

PROVIDERS = ("stripe", "segment")


class HookSource(TenantRow, Base):
    """An address that a provider sends to. secret: what it signs with; None: not set up yet.

    options: how its messages are read (see reading.py).
    """

    provider: Mapped[str] = mapped_column(short_text(20))
    name: Mapped[str] = mapped_column(short_text(100))
    public_id: Mapped[str] = mapped_column(short_text(64), unique=True)
    secret: Mapped[str | None] = mapped_column(SealedText)
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    last_received_at: Mapped[datetime | None]
    last_unsigned_at: Mapped[datetime | None]

    __table_args__ = (one_of("provider", PROVIDERS), UniqueConstraint("workspace_id", "name"))


class HookTally(Tenant, Base):
    """How many messages of a kind came, and what became of them."""

    source_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(short_text(100), primary_key=True)
    taken: Mapped[int] = mapped_column(BigInteger)
    left_aside: Mapped[int] = mapped_column(BigInteger)
    refused: Mapped[int] = mapped_column(BigInteger)
    last_at: Mapped[datetime]

    __table_args__ = (
        tenant_key("source_id", "hook_source", ondelete="CASCADE"),
        CheckConstraint("taken >= 0 AND left_aside >= 0 AND refused >= 0", name="not_negative"),
    )


class HookRefusal(Tenant, Base):
    """A message that was refused and did not come again in a form that was taken."""

    source_id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(short_text(200), primary_key=True)
    kind: Mapped[str] = mapped_column(short_text(100))
    field: Mapped[str] = mapped_column(short_text(200))
    reason: Mapped[str] = mapped_column(short_text(500))
    times: Mapped[int]
    last_at: Mapped[datetime]

    __table_args__ = (
        tenant_key("source_id", "hook_source", ondelete="CASCADE"),
        CheckConstraint("times > 0", name="times_positive"),
        Index(None, "workspace_id", "source_id", "last_at"),
    )


class HookSubscription(Tenant, Base):
    """Under which name a subscription of the provider counts for a product of an account.

    The ledger knows one subscription for each product; a second one that runs at the same time
    gets a name of its own, so that no revenue is lost. The name stays, so that a late message
    meets the ones before. ended_at: None while it runs.
    """

    account: Mapped[str] = mapped_column(short_text(200), primary_key=True)
    product: Mapped[str] = mapped_column(short_text(200), primary_key=True)
    subscription: Mapped[str] = mapped_column(short_text(200), primary_key=True)
    name: Mapped[str] = mapped_column(short_text(200))
    ended_at: Mapped[datetime | None]
