"""Tables: workspaces, users, memberships, sessions, sign-in attempts, keys, audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, TenantRow, one_of, short_text, uuid7

ROLES = ("admin", "product", "success", "viewer")
KEY_KINDS = ("secret", "public")


def _only_success_is_limited() -> CheckConstraint:
    """The other roles have no accounts of their own: a limit on them would be misread."""
    return CheckConstraint(
        "NOT only_own_accounts OR role = 'success'", name="only_success_is_limited"
    )


class Workspace(Base):
    """A tenant."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    name: Mapped[str] = mapped_column(short_text())
    locale: Mapped[str] = mapped_column(short_text(20), default="en")
    time_zone: Mapped[str] = mapped_column(short_text(64), default="UTC")
    allowed_origins: Mapped[list[str]] = mapped_column(default=list)
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class User(Base):
    """A person who signs in; global, roles sit on memberships."""

    __tablename__ = "user_account"  # "user" is a reserved word in PostgreSQL

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    email: Mapped[str] = mapped_column(short_text(320))
    email_normalised: Mapped[str] = mapped_column(short_text(320), unique=True)
    name: Mapped[str] = mapped_column(short_text())
    password_hash: Mapped[str] = mapped_column(short_text())
    locale: Mapped[str] = mapped_column(short_text(20), default="en")
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class Membership(Tenant, Base):
    """A user's role in a workspace. only_own_accounts: sees no others (see `reach`)."""

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True
    )
    role: Mapped[str] = mapped_column(short_text(20))
    only_own_accounts: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime]

    __table_args__ = (one_of("role", ROLES), _only_success_is_limited(), Index(None, "user_id"))


class StaffInvitation(TenantRow, Base):
    """An open offer to join a workspace; the link's secret is stored as a hash."""

    email_normalised: Mapped[str] = mapped_column(short_text(320))
    role: Mapped[str] = mapped_column(short_text(20))
    only_own_accounts: Mapped[bool] = mapped_column(default=False, server_default=false())
    token_digest: Mapped[str] = mapped_column(short_text(64), unique=True)
    invited_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]

    __table_args__ = (one_of("role", ROLES), _only_success_is_limited())


class PasswordReset(Base):
    """A one-time link to choose a new password."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    token_digest: Mapped[str] = mapped_column(short_text(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class UserSession(Base):
    """A signed-in browser; revoking the row signs it out."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    token_digest: Mapped[str] = mapped_column(short_text(64), unique=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    workspace_id: Mapped[UUID]
    user_agent: Mapped[str] = mapped_column(short_text(300), default="")
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "user_id"],
            ["membership.workspace_id", "membership.user_id"],
            ondelete="CASCADE",
        ),
        Index(None, "user_id"),
    )


class SignInAttempt(Base):
    """A try to sign in that has not succeeded, under a keyed hash of its address or origin."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    subject: Mapped[str] = mapped_column(short_text(64))
    at: Mapped[datetime]

    __table_args__ = (Index(None, "subject", "at"), Index(None, "at"))


class ApiKey(TenantRow, Base):
    """A key for machines: `secret` (stored as a hash) or `public` (names the workspace)."""

    kind: Mapped[str] = mapped_column(short_text(10))
    name: Mapped[str] = mapped_column(short_text())
    prefix: Mapped[str] = mapped_column(short_text(20))
    token_digest: Mapped[str] = mapped_column(short_text(64), unique=True)
    public_value: Mapped[str | None] = mapped_column(short_text(64))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (one_of("kind", KEY_KINDS),)


class AuditEntry(TenantRow, Base):
    """Who did what to which thing; ids and field names, never personal text."""

    at: Mapped[datetime]
    actor_user_id: Mapped[UUID | None]
    actor: Mapped[str] = mapped_column(short_text(40))
    action: Mapped[str] = mapped_column(short_text(80))
    subject_type: Mapped[str] = mapped_column(short_text(40))
    subject_id: Mapped[str] = mapped_column(short_text(64))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (Index(None, "workspace_id", "at"),)
