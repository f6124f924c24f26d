"""The workspace, for machines."""

from __future__ import annotations

from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from vocapp.database import utcnow
from vocapp.workspaces import service
from vocapp.workspaces.access import current_workspace, machine
from vocapp.workspaces.queries import workspace_settings

api = APIBlueprint(
    "workspaces_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Workspace")],
    abp_security=[{"secret_key": []}],
)


class WorkspaceChanges(BaseModel):
    """What is left out stays; null is no value of any of them."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("", min_length=1, max_length=200)
    locale: str = ""
    time_zone: str = ""
    allowed_origins: list[str] = Field(default_factory=list, max_length=100)


@api.get("/workspace", summary="The workspace of this key")
@machine()
def show_workspace() -> dict[str, Any]:
    return workspace_settings(current_workspace.id)


@api.patch("/workspace", summary="Change its settings")
@machine()
def change_workspace(body: WorkspaceChanges) -> dict[str, Any]:
    changes = body.model_dump(exclude_unset=True)
    service.update_workspace(current_workspace.id, changes, now=utcnow())
    return workspace_settings(current_workspace.id)
