"""Tables: the ledger of events, what they say of subscriptions, and roll-ups of activity.

The ledger holds every accepted event once. What pages and figures ask often is kept beside
it: changes of subscriptions, milestones and invoices as rows, activity as sums. Sums are by
UTC hour and UTC day, so that they stay true when a workspace changes its time zone; where a
local period begins or ends inside of one, its rest is read from the ledger (see queries.py).
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, one_of, short_text, tenant_key

INVOICE_TYPES = ("invoice_overdue", "invoice_paid")
TYPES = ("login", "usage", "milestone", "subscription", *INVOICE_TYPES)
ACTIONS = ("started", "changed", "renewed", "cancelled")


def _of_ledger() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["workspace_id", "event_id"],
        ["account_event.workspace_id", "account_event.id"],
        ondelete="CASCADE",
    )


class EventCounter(Tenant, Base):
    """How many events a workspace has received; its lock puts batches one after the other."""

    received: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (CheckConstraint("received >= 0", name="received_not_negative"),)


class AccountEvent(Tenant, Base):
    """The ledger. `id` is the sender's own; `received` is the order of arrival.

    received_at: when it came in; null for what came before that was kept.
    """

    id: Mapped[str] = mapped_column(short_text(200), primary_key=True)
    digest: Mapped[str] = mapped_column(short_text(64))
    received: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[datetime | None]
    type: Mapped[str] = mapped_column(short_text(20))
    account_id: Mapped[UUID]
    contact_id: Mapped[UUID | None]
    name: Mapped[str | None] = mapped_column(short_text(200))
    # In which product it was, of log-ins and uses; None where that is not told.
    product: Mapped[str | None] = mapped_column(short_text(200))
    count: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]
    supersedes: Mapped[str | None] = mapped_column(short_text(200))
    is_superseded: Mapped[bool]

    __table_args__ = (
        one_of("type", TYPES),
        CheckConstraint("count > 0", name="count_positive"),
        CheckConstraint(
            "(name IS NOT NULL) = (type IN ('usage', 'milestone'))", name="name_where_named"
        ),
        CheckConstraint("supersedes <> id", name="supersedes_another"),
        tenant_key("account_id", "account"),
        tenant_key("contact_id", "contact"),
        Index(None, "workspace_id", "received", unique=True),
        Index(None, "workspace_id", "account_id", "at"),
        Index(None, "workspace_id", "at"),
        Index(
            None, "workspace_id", "contact_id",
            sqlite_where=text("contact_id IS NOT NULL"),
            postgresql_where=text("contact_id IS NOT NULL"),
        ),
        Index(
            None, "workspace_id", "supersedes",
            sqlite_where=text("supersedes IS NOT NULL"),
            postgresql_where=text("supersedes IS NOT NULL"),
        ),
    )  # fmt: skip


class SubscriptionChange(Tenant, Base):
    """What holds of one product of an account from `at` on."""

    event_id: Mapped[str] = mapped_column(short_text(200), primary_key=True)
    account_id: Mapped[UUID]
    product: Mapped[str] = mapped_column(short_text(200))
    action: Mapped[str] = mapped_column(short_text(20))
    mrr_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str | None] = mapped_column(short_text(3))
    at: Mapped[datetime]
    received: Mapped[int] = mapped_column(BigInteger)
    term_ends_on: Mapped[date | None]
    is_superseded: Mapped[bool]

    __table_args__ = (
        one_of("action", ACTIONS),
        CheckConstraint("mrr_minor >= 0", name="mrr_not_negative"),
        CheckConstraint("currency IS NOT NULL OR mrr_minor = 0", name="money_has_currency"),
        CheckConstraint("action <> 'cancelled' OR mrr_minor = 0", name="cancelled_is_nothing"),
        _of_ledger(),
        tenant_key("account_id", "account"),
        Index("ix_subscription_change_in_order", "workspace_id", "account_id", "at", "received"),
    )


class Milestone(Tenant, Base):
    """Something an account has reached, such as the end of its set-up."""

    event_id: Mapped[str] = mapped_column(short_text(200), primary_key=True)
    account_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(short_text(200))
    at: Mapped[datetime]
    is_superseded: Mapped[bool]

    __table_args__ = (
        _of_ledger(),
        tenant_key("account_id", "account"),
        Index(None, "workspace_id", "account_id", "at"),
        Index(None, "workspace_id", "name", "at"),
    )


class InvoiceChange(Tenant, Base):
    """An invoice was not paid when it was due, or was paid; the last that was told holds.

    invoice: the sender's own id of it. due_on: told with what is overdue.
    """

    event_id: Mapped[str] = mapped_column(short_text(200), primary_key=True)
    account_id: Mapped[UUID]
    invoice: Mapped[str] = mapped_column(short_text(200))
    is_paid: Mapped[bool]
    due_on: Mapped[date | None]
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None] = mapped_column(short_text(3))
    at: Mapped[datetime]
    received: Mapped[int] = mapped_column(BigInteger)
    is_superseded: Mapped[bool]

    __table_args__ = (
        CheckConstraint("is_paid OR due_on IS NOT NULL", name="overdue_since_a_day"),
        CheckConstraint("amount_minor >= 0", name="amount_not_negative"),
        CheckConstraint("(amount_minor IS NULL) = (currency IS NULL)", name="money_has_currency"),
        _of_ledger(),
        tenant_key("account_id", "account"),
        Index(None, "workspace_id", "account_id", "at"),
    )


class ActivityHour(Tenant, Base):
    """Log-ins and uses of an account in one UTC hour."""

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    logins: Mapped[int] = mapped_column(BigInteger)
    uses: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        CheckConstraint("logins >= 0 AND uses >= 0", name="not_negative"),
        tenant_key("account_id", "account"),
    )


class ActiveDay(Tenant, Base):
    """How many log-ins and usage events a person had at an account on one UTC day."""

    day: Mapped[date] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    contact_id: Mapped[UUID] = mapped_column(primary_key=True)
    events: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        CheckConstraint("events >= 0", name="not_negative"),
        tenant_key("account_id", "account"),
        tenant_key("contact_id", "contact"),
        Index(None, "workspace_id", "account_id", "day"),
        Index(None, "workspace_id", "contact_id"),
    )


class ProductDay(Tenant, Base):
    """Log-ins and uses of an account in one product on one UTC day, where products are told.

    By itself and not in the sums of all activity: these stay as few as they are, and what tells no
    product writes nothing more.
    """

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    product: Mapped[str] = mapped_column(short_text(200), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    logins: Mapped[int] = mapped_column(BigInteger)
    uses: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        CheckConstraint("logins >= 0 AND uses >= 0", name="not_negative"),
        tenant_key("account_id", "account"),
    )


class FeatureDay(Tenant, Base):
    """Uses of one feature by an account on one UTC day, and at which instant the first was.

    By day before name: what an account used of late, and in its first weeks, is a stretch of the
    key. Who ever used a feature is a stretch of the other index.
    """

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(short_text(200), primary_key=True)
    uses: Mapped[int] = mapped_column(BigInteger)
    first_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("uses >= 0", name="not_negative"),
        tenant_key("account_id", "account"),
        Index(None, "workspace_id", "name", "account_id", "day"),
    )
