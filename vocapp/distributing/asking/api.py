"""Whether a person may be asked, and what was decided before, for machines."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict

from vocapp.database import utcnow
from vocapp.distributing.asking import queries, service
from vocapp.distributing.asking.queries import DecisionRow
from vocapp.workspaces.access import current_workspace, machine
from vocapp.workspaces.reach import WHOLE_WORKSPACE

api = APIBlueprint(
    "asking_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Invitations")],
    abp_security=[{"secret_key": []}],
)


class ContactPath(BaseModel):
    contact_id: UUID


class ReachBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    channel: Literal["email", "sms"]


@api.get("/contacts/<uuid:contact_id>/asking", summary="May this person be asked now")
@machine()
def show_asking(path: ContactPath) -> Any:
    """And if not, why, and from which day on; the days on which campaigns are going to, and the
    decisions before, newest first."""
    return _shown(path.contact_id)


@api.post("/contacts/<uuid:contact_id>/asking/reach", summary="Write to an address again")
@machine()
def reach_again(path: ContactPath, body: ReachBody) -> Any:
    """To the address or number that the person has now, though a message came back from it
    (`bounced`); that somebody unsubscribed, or reported a mail as spam, holds."""
    service.reach_again(
        current_workspace.id, path.contact_id, body.channel, reach=WHOLE_WORKSPACE,
        actor_user_id=None, now=utcnow(),
    )  # fmt: skip
    return _shown(path.contact_id)


@api.put("/contacts/<uuid:contact_id>/asking/never", summary="Never ask a person")
@machine()
def never_ask(path: ContactPath) -> Any:
    """By whatever survey and channel; what is planned for them is stopped. It takes no body."""
    service.never_ask(
        current_workspace.id, path.contact_id, reach=WHOLE_WORKSPACE, actor_user_id=None,
        now=utcnow(),
    )  # fmt: skip
    return _shown(path.contact_id)


@api.delete("/contacts/<uuid:contact_id>/asking/never", summary="Let a person be asked again")
@machine()
def ask_again(path: ContactPath) -> Any:
    """What the person wished themselves holds."""
    service.ask_again(
        current_workspace.id, path.contact_id, reach=WHOLE_WORKSPACE, actor_user_id=None,
        now=utcnow(),
    )  # fmt: skip
    return _shown(path.contact_id)


def _shown(contact_id: UUID) -> dict[str, Any]:
    found = queries.asking_of(current_workspace.id, contact_id, reach=WHOLE_WORKSPACE, now=utcnow())
    verdict = found.verdict
    return {
        "contact": str(found.contact.id),
        "may_be_asked": verdict.reason is None,
        "reason": verdict.reason,
        "next_at": verdict.next_at.isoformat() if verdict.next_at else None,
        "next_day": verdict.next_day.isoformat() if verdict.next_day else None,
        "never_since": found.never_since.isoformat() if found.never_since else None,
        "planned": [
            {
                "campaign": str(each.campaign_id),
                "name": each.campaign,
                "state": each.state,
                "day": each.day.isoformat(),
                "reason": each.reason,
                "is_stuck": each.is_stuck,
            }
            for each in found.planned
        ],
        "barred": [
            {"channel": each.channel, "kind": each.kind, "since": each.since.isoformat()}
            for each in found.bars
        ],
        "decisions": [_present(line) for line in found.lines],
    }


def _present(line: DecisionRow) -> dict[str, Any]:
    return {
        "id": str(line.id),
        "survey": line.survey,
        "channel": line.channel,
        "cause": line.cause,
        "campaign": line.campaign,
        "outcome": line.outcome,
        "reason": line.reason,
        "day": line.day.isoformat(),
        "next_day": line.next_day.isoformat() if line.next_day else None,
        "decided_at": line.decided_at.isoformat(),
    }
