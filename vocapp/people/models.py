"""Tables: accounts, contacts, their names, identities, merge suggestions, tombstones."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint, bindparam, text
from sqlalchemy.orm import Mapped, mapped_column

from surveys.name_starts import LENGTH
from vocapp.database import Base, Key, Tenant, TenantRow, one_of, short_text, tenant_key

IDENTITY_KINDS = ("external_id", "email")
# How somebody stopped being what they were at an account.
ENDINGS = ("left", "moved", "ended", "erased")


class Account(TenantRow, Base):
    """A customer company. `fact_as_of` says since when each fact is known (field → instant),
    `fact_history` what was said of it before (see fact_history.py).
    """

    external_id: Mapped[str] = mapped_column(short_text(200))
    name: Mapped[str] = mapped_column(short_text(300), default="")
    plan: Mapped[str | None] = mapped_column(short_text(100))
    region: Mapped[str | None] = mapped_column(short_text(100))
    mrr_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None] = mapped_column(short_text(3))
    started_on: Mapped[date | None]
    renewal_on: Mapped[date | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    fact_as_of: Mapped[dict[str, Any]] = mapped_column(default=dict)
    fact_history: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    owner_user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    parent_account_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("workspace_id", "external_id"),
        tenant_key("parent_account_id", "account"),
        Index("ix_account_by_name", "workspace_id", text("lower(name)"), "external_id"),
        # With the id: which accounts are somebody's own is asked with every list they read.
        Index("ix_account_of_owner", "workspace_id", "owner_user_id", "id"),
        Index(None, "workspace_id", "renewal_on"),
        Index(None, "workspace_id", "owner_user_id", "renewal_on"),
        Index(None, "workspace_id", "parent_account_id"),
        Index(None, "workspace_id", "plan"),
    )


# The parameter of statements of one account that are built once, beside OF_WORKSPACE.
OF_ACCOUNT = bindparam("account_id", type_=Key())


class Contact(TenantRow, Base):
    """A person at a customer who can be asked.

    phone: in E.164 (`surveys.phone_numbers`). roles: what they are at their account, as
    `surveys.contact_roles` leaves them. left_at: since when they are known to have left the
    company.
    """

    account_id: Mapped[UUID | None]
    external_id: Mapped[str | None] = mapped_column(short_text(200))
    email: Mapped[str | None] = mapped_column(short_text(320))
    phone: Mapped[str | None] = mapped_column(short_text(16))
    name: Mapped[str] = mapped_column(short_text(300), default="")
    locale: Mapped[str | None] = mapped_column(short_text(20))
    time_zone: Mapped[str | None] = mapped_column(short_text(64))
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    roles: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    left_at: Mapped[datetime | None]
    fact_as_of: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        tenant_key("account_id", "account"),
        Index(None, "workspace_id", "account_id"),
        # SQLite's lower() knows ASCII alone: capitals beyond it are found as written there.
        Index("ix_contact_by_email", "workspace_id", text("lower(email)")),
        Index(None, "workspace_id", "phone"),
    )


# Compared byte by byte: only so does an order lead from a beginning to all that begins with it.
_START = String(LENGTH).with_variant(String(LENGTH, collation="C"), "postgresql")


class AccountName(Tenant, Base):
    """A place from which an account's name or external id can be read (`people.finding`)."""

    start: Mapped[str] = mapped_column(_START, primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)

    __table_args__ = (
        tenant_key("account_id", "account", ondelete="CASCADE"),
        Index(None, "workspace_id", "account_id"),
        {"sqlite_with_rowid": False},
    )


class ContactName(Tenant, Base):
    """The same of a person's name, address or external id."""

    start: Mapped[str] = mapped_column(_START, primary_key=True)
    contact_id: Mapped[UUID] = mapped_column(primary_key=True)

    __table_args__ = (
        tenant_key("contact_id", "contact", ondelete="CASCADE"),
        Index(None, "workspace_id", "contact_id"),
        {"sqlite_with_rowid": False},
    )


class ContactIdentity(Tenant, Base):
    """By what a contact is found. An e-mail identifies only a contact without external id."""

    kind: Mapped[str] = mapped_column(short_text(20), primary_key=True)
    value: Mapped[str] = mapped_column(short_text(320), primary_key=True)
    contact_id: Mapped[UUID]

    __table_args__ = (
        one_of("kind", IDENTITY_KINDS),
        tenant_key("contact_id", "contact", ondelete="CASCADE"),
        Index(None, "workspace_id", "contact_id"),
    )


class ContactAlias(Tenant, Base):
    """The id under which a merged record was known, and where it leads now.

    email: its address, so that forgetting the person forgets it too; identities lead by
    `ContactIdentity`, but an address may be that of another contact there.
    """

    former_id: Mapped[UUID] = mapped_column(primary_key=True)
    contact_id: Mapped[UUID]
    email: Mapped[str | None] = mapped_column(short_text(320))
    merged_at: Mapped[datetime]

    __table_args__ = (
        tenant_key("contact_id", "contact", ondelete="CASCADE"),
        Index(None, "workspace_id", "contact_id"),
    )


class AccountAlias(Tenant, Base):
    """The key under which a merged account was known, and the account that it leads to now."""

    external_id: Mapped[str] = mapped_column(short_text(200), primary_key=True)
    account_id: Mapped[UUID]
    merged_at: Mapped[datetime]

    __table_args__ = (
        tenant_key("account_id", "account"),
        Index(None, "workspace_id", "account_id"),
    )


class ContactDeparture(TenantRow, Base):
    """Somebody is no longer what they were at an account: one row for each role, and one with
    "" for somebody who left without any. contact_id: None once the person is forgotten.
    """

    account_id: Mapped[UUID]
    contact_id: Mapped[UUID | None]
    role: Mapped[str] = mapped_column(short_text(60))
    ending: Mapped[str] = mapped_column(short_text(10))
    at: Mapped[datetime]

    __table_args__ = (
        one_of("ending", ENDINGS),
        tenant_key("account_id", "account"),
        tenant_key("contact_id", "contact"),
        Index(None, "workspace_id", "account_id", "at"),
        Index(None, "workspace_id", "contact_id"),
    )


class MergeSuggestion(TenantRow, Base):
    """Two contacts that may be one person; decided by a person, never silently."""

    contact_id: Mapped[UUID]
    other_contact_id: Mapped[UUID]
    reason: Mapped[str] = mapped_column(short_text(40))
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decision: Mapped[str | None] = mapped_column(short_text(20))

    __table_args__ = (
        UniqueConstraint("workspace_id", "contact_id", "other_contact_id"),
        tenant_key("contact_id", "contact", ondelete="CASCADE"),
        tenant_key("other_contact_id", "contact", ondelete="CASCADE"),
    )


class Tombstone(Tenant, Base):
    """An erased person's identity as a keyed hash, so that no retry brings them back."""

    digest: Mapped[str] = mapped_column(short_text(64), primary_key=True)
    created_at: Mapped[datetime]
