"""Reads: the workspace and what stands in its settings."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from vocapp.extensions import db
from vocapp.workspaces.models import Workspace


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
