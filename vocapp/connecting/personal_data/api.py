"""What is kept of a person, and forgetting them, for machines."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import stream_with_context
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel
from werkzeug.wrappers import Response

from vocapp.connecting.personal_data import service
from vocapp.database import utcnow
from vocapp.people.service import erase_contact
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "personal_data_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="People")],
    abp_security=[{"secret_key": []}],
)


class ContactPath(BaseModel):
    contact_id: UUID


@api.get("/contacts/<uuid:contact_id>/data", summary="Everything that is kept of a person")
@machine()
def show_data(path: ContactPath) -> Any:
    """For whoever asks what you know of them: one object, with the rows of each table. That it
    was read is noted in the audit log."""
    now = utcnow()
    service.note_told(current_workspace.id, path.contact_id, actor_user_id=None, now=now)
    lines = service.told(current_workspace.id, path.contact_id, now=now)
    return Response(stream_with_context(lines), content_type="application/json")


@api.delete("/contacts/<uuid:contact_id>", summary="Forget a person")
@machine()
def forget(path: ContactPath) -> Any:
    """Their texts, identifiers and attributes go for good, and no import brings them back; the
    scores they gave stay without a person."""
    erase_contact(current_workspace.id, path.contact_id, now=utcnow())
    return "", 204
