"""Reads: the workspace and what stands in its settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from vocapp.database import OF_WORKSPACE, scoped
from vocapp.extensions import db
from vocapp.workspaces.grants import Grant
from vocapp.workspaces.models import (
    ApiKey,
    Membership,
    StaffInvitation,
    User,
    UserSession,
    Workspace,
)


def workspace_settings(workspace_id: UUID) -> dict[str, Any]:
    """What `GET /api/v1/workspace` answers."""
    workspace = db.session.get_one(Workspace, workspace_id)
    return {
        "id": str(workspace.id),
        "name": workspace.name,
        "locale": workspace.locale,
        "time_zone": workspace.time_zone,
        "allowed_origins": list(workspace.allowed_origins),
        "created_at": workspace.created_at.isoformat(),
    }


@dataclass(frozen=True, slots=True)
class WorkspaceChoice:
    """A workspace that a user may enter."""

    id: UUID
    name: str
    grant: Grant
    is_demo: bool


def workspaces_of(user_id: UUID) -> list[WorkspaceChoice]:
    """The workspaces of a user, by name, the demo last."""
    rows = db.session.execute(
        select(Workspace, Membership)
        .join(Membership, Membership.workspace_id == Workspace.id)
        .where(Membership.user_id == user_id)
        .order_by(Workspace.is_demo, func.lower(Workspace.name), Workspace.id)
        .execution_options(voc_all_workspaces=True)
    )
    return [
        WorkspaceChoice(
            workspace.id, workspace.name, Grant(member.role, member.only_own_accounts),
            workspace.is_demo,
        )
        for workspace, member in rows
    ]  # fmt: skip


def demo_exists() -> bool:
    """Whether this installation has a demo workspace."""
    return db.session.scalar(select(Workspace.id).where(Workspace.is_demo).limit(1)) is not None


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A browser in which a user is signed in. device: such as "Firefox, Linux", or ""."""

    id: UUID
    device: str
    workspace_name: str
    last_seen_at: datetime


def open_sessions(user_id: UUID, *, now: datetime, limit: int = 50) -> list[OpenSession]:
    """The browsers of a user that are signed in, the latest first."""
    rows = db.session.execute(
        select(UserSession, Workspace.name)
        .join(Workspace, Workspace.id == UserSession.workspace_id)
        .where(
            UserSession.user_id == user_id,
            UserSession.revoked_at.is_(None),
            UserSession.expires_at > now,
        )
        .order_by(UserSession.last_seen_at.desc(), UserSession.id.desc())
        .limit(limit)
        .execution_options(voc_all_workspaces=True)
    )
    return [
        OpenSession(row.id, device_of(row.user_agent), name, row.last_seen_at) for row, name in rows
    ]


# In this order: Edge and Chrome also call themselves Safari, Android also Linux.
_BROWSERS = (
    ("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
    ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def device_of(user_agent: str) -> str:
    """Browser and system in words that people recognise.

    >>> device_of("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    'Firefox, Linux'
    >>> device_of("")
    ''
    """
    found = (
        next((name for mark, name in known if mark in user_agent), "")
        for known in (_BROWSERS, _SYSTEMS)
    )
    return ", ".join(filter(None, found))


# --- settings ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who works in the workspace."""

    user_id: UUID
    name: str
    email: str
    role: str
    only_own_accounts: bool
    last_seen_at: datetime | None

    @property
    def grant(self) -> Grant:
        return Grant(self.role, self.only_own_accounts)


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of the workspace to whom work may be given."""

    user_id: UUID
    name: str
    role: str


_MOST_MEMBERS = 500
_COLLEAGUES = (
    select(User.id, User.name, Membership.role)
    .join(Membership, Membership.user_id == User.id)
    .where(Membership.workspace_id == OF_WORKSPACE)
    .order_by(func.lower(User.name), User.id)
    .limit(_MOST_MEMBERS)
)


def colleagues(workspace_id: UUID) -> list[Colleague]:
    """The people of a workspace by name: for lists to choose from, which many pages have."""
    rows = db.session.execute(_COLLEAGUES, {"workspace_id": workspace_id})
    return [Colleague(*row) for row in rows]


def members(workspace_id: UUID, *, limit: int = _MOST_MEMBERS) -> list[Member]:
    """The people of a workspace by name; last_seen_at: in this workspace."""
    seen = (
        select(UserSession.user_id, func.max(UserSession.last_seen_at).label("at"))
        .where(UserSession.workspace_id == workspace_id)
        .group_by(UserSession.user_id)
        .subquery()
    )
    rows = db.session.execute(
        select(
            User.id, User.name, User.email, Membership.role, Membership.only_own_accounts, seen.c.at
        )
        .join(Membership, Membership.user_id == User.id)
        .outerjoin(seen, seen.c.user_id == User.id)
        .where(Membership.workspace_id == workspace_id)
        .order_by(func.lower(User.name), User.id)
        .limit(limit)
    )
    return [Member(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """An offer that nobody has accepted yet."""

    id: UUID
    email: str
    grant: Grant
    created_at: datetime
    expires_at: datetime


def open_invitations(
    workspace_id: UUID, *, now: datetime, limit: int = 200
) -> list[OpenInvitation]:
    """Offers to colleagues that can still be accepted, newest first."""
    rows = db.session.scalars(
        scoped(StaffInvitation, workspace_id)
        .where(StaffInvitation.accepted_at.is_(None), StaffInvitation.expires_at > now)
        .order_by(StaffInvitation.id.desc())
        .limit(limit)
    )
    return [
        OpenInvitation(
            row.id, row.email_normalised, Grant(row.role, row.only_own_accounts), row.created_at,
            row.expires_at,
        )
        for row in rows
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class KeyShown:
    """A key as settings show it: of a secret one only the beginning is known."""

    id: UUID
    name: str
    kind: str
    shown: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def api_keys(workspace_id: UUID, *, limit: int = 200) -> list[KeyShown]:
    """The keys of a workspace, working ones first, then newest first."""
    rows = db.session.scalars(
        scoped(ApiKey, workspace_id)
        .order_by(ApiKey.revoked_at.is_not(None), ApiKey.id.desc())
        .limit(limit)
    )
    return [
        KeyShown(
            row.id, row.name, row.kind, row.public_value or f"{row.prefix}…", row.created_at,
            row.last_used_at, row.revoked_at,
        )
        for row in rows
    ]  # fmt: skip


def public_key_of(workspace_id: UUID) -> str | None:
    """The newest working public key: what a widget's tag names."""
    return db.session.scalar(
        select(ApiKey.public_value)
        .where(
            ApiKey.workspace_id == workspace_id,
            ApiKey.kind == "public",
            ApiKey.revoked_at.is_(None),
        )
        .order_by(ApiKey.id.desc())
        .limit(1)
    )
