"""Reportable attributes, for machines."""

from __future__ import annotations

from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from surveys.attributes import Reportable, as_edges
from vocapp.database import utcnow
from vocapp.measuring import reportable
from vocapp.measuring.attributes import to_stored
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "segments_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Segments")],
    abp_security=[{"secret_key": []}],
)


class ReportableItem(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="As in `attributes` of contact or account")
    edges: list[float] = Field(
        default_factory=list, description="Numbers count in bands that begin here"
    )


class ReportableChoice(BaseModel):
    model_config = ConfigDict(extra="forbid")

    attributes: list[ReportableItem]


@api.get("/reportable-attributes", summary="The attributes with stored sums")
@machine()
def show_reportable() -> dict[str, Any]:
    return {"attributes": to_stored(reportable.reportable_set(current_workspace.id))}


@api.put("/reportable-attributes", summary="Choose them; all answers are counted anew")
@machine()
def choose_reportable(body: ReportableChoice) -> dict[str, Any]:
    wanted = tuple(Reportable(item.name, as_edges(item.edges)) for item in body.attributes)
    reportable.change_reportable(current_workspace.id, wanted, actor_user_id=None, now=utcnow())
    return {"attributes": to_stored(reportable.reportable_set(current_workspace.id))}
