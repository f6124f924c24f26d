"""Reads: the workspace and what stands in its settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from vocapp.extensions import db
from vocapp.workspaces.models import Membership, UserSession, Workspace


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
    role: str
    is_demo: bool


def workspaces_of(user_id: UUID) -> list[WorkspaceChoice]:
    """The workspaces of a user, by name, the demo last."""
    rows = db.session.execute(
        select(Workspace.id, Workspace.name, Membership.role, Workspace.is_demo)
        .join(Membership, Membership.workspace_id == Workspace.id)
        .where(Membership.user_id == user_id)
        .order_by(Workspace.is_demo, func.lower(Workspace.name), Workspace.id)
        .execution_options(voc_all_workspaces=True)
    )
    return [WorkspaceChoice(*row) for row in rows]


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
        OpenSession(row.id, device_of(row.user_agent), name, row.last_seen_at)
        for row, name in rows
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
