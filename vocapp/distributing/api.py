"""Invitations, for machines."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel

from vocapp.authoring.queries import survey_by_key
from vocapp.database import utcnow
from vocapp.distributing import queries, service
from vocapp.distributing.parsing import InvitationBody
from vocapp.distributing.queries import InvitationRow
from vocapp.distributing.service import NewInvitation
from vocapp.problems import BadInput, NotFound
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "distributing_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Invitations")],
    abp_security=[{"secret_key": []}],
)


class InvitationPath(BaseModel):
    invitation_id: UUID


@api.post("/invitations", summary="Ask a person by e-mail or text message")
@machine()
def create_invitation(body: InvitationBody) -> Any:
    invited = service.invite(
        current_workspace.id,
        NewInvitation(
            survey_id=_survey_id(body.survey),
            contact=body.contact.facts(),
            account=body.account.facts() if body.account else None,
            send_at=body.send_at,
            touchpoint=body.touchpoint,
            channel=body.channel,
            idempotency_key=_key(request.headers.get("Idempotency-Key")),
        ),
        now=utcnow(),
    )
    if invited.id is None:
        return {
            "id": None, "state": invited.state, "reason": invited.reason, "next_day": None,
            "link": None,
        }, 200  # fmt: skip
    shown = present_invitation(queries.invitation(current_workspace.id, invited.id))
    return shown, 201 if invited.created and invited.state != "not_sent" else 200


@api.get("/invitations/<uuid:invitation_id>", summary="What became of an invitation")
@machine()
def show_invitation(path: InvitationPath) -> Any:
    return present_invitation(queries.invitation(current_workspace.id, path.invitation_id))


def _survey_id(key: str) -> UUID:
    try:
        return survey_by_key(current_workspace.id, key).id
    except NotFound as exc:
        raise BadInput.of("survey", f"no survey with the key {key!r}") from exc


def _key(key: str | None) -> str | None:
    if key is None or not key.strip():
        return None
    if len(key) > 255 or not key.isprintable():
        raise BadInput.of("Idempotency-Key", "at most 255 printable characters")
    return key


def present_invitation(row: InvitationRow) -> dict[str, Any]:
    """An invitation as the API shows it."""
    times = ("send_at", "created_at", "sent_at", "delivered_at", "opened_at", "clicked_at",
             "answered_at", "bounced_at", "replied_at", "reminded_at")  # fmt: skip
    return {
        "id": str(row.id),
        "survey": row.survey,
        "contact": {
            "id": str(row.contact_id),
            "name": row.name,
            "email": row.email,
            "phone": row.phone,
        },
        "channel": row.channel,
        "touchpoint": row.touchpoint,
        "state": row.state,
        "reason": row.reason,
        "next_day": row.next_day.isoformat() if row.next_day else None,
        "link": row.link,
        **{name: _iso(getattr(row, name)) for name in times},
    }


def _iso(value: Any) -> str | None:
    return value.isoformat() if value is not None else None
