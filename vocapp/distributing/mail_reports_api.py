"""What a provider of mail tells of mails of ours, for machines: one came back, or was called spam.

The same as reports in the mailbox come to, for whoever sends mail by a service that calls a
webhook and puts nothing into a mailbox.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from flask import current_app
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from vocapp.api_documents import items_apart, refuse_unstorable
from vocapp.database import utcnow
from vocapp.distributing.inbox import MOST_BYTES
from vocapp.distributing.receiving import Bounce, Incoming, hand_over, read_incoming
from vocapp.problems import BadInput, Problem, from_validation
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "mail_reports_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Invitations")],
    abp_security=[{"secret_key": []}],
)
_UNKNOWN_STATUS = "5.0.0"
_MessageId = Annotated[
    str, Field(max_length=998, pattern=r"^<?[^<>\s\x00]+>?$", description="Of the mail itself")
]


class BouncedBody(BaseModel):
    """A mail did not arrive, and is not tried again."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["bounced"]
    message_id: _MessageId
    status: str = Field(
        _UNKNOWN_STATUS,
        pattern=r"^[45]\.[0-9]{1,3}\.[0-9]{1,3}$",
        description="By RFC 3463. A bad address is 5.1.x, and is not written to again",
    )


class ComplainedBody(BaseModel):
    """Its recipient called a mail spam: the address is not written to again."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["complained"]
    message_id: _MessageId


class ReportBody(BaseModel):
    """A report as it came, by RFC 3464 or RFC 5965."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["report"]
    raw: Base64Bytes = Field(description="All of the mail, in base64")


_BODIES = (BouncedBody, ComplainedBody, ReportBody)
_item: TypeAdapter[BouncedBody | ComplainedBody | ReportBody] = TypeAdapter(
    Annotated[BouncedBody | ComplainedBody | ReportBody, Field(discriminator="type")]
)


class ReportsBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reports: list[Any] = Field(
        min_length=1,
        max_length=1000,
        json_schema_extra={"items": {"oneOf": [body.model_json_schema() for body in _BODIES]}},
    )


@api.post("/mail-reports", summary="Tell of mails that came back or were called spam")
@machine()
@items_apart("reports")
def take_in_reports(body: ReportsBody) -> Any:
    """Of mails of this workspace, known by their Message-ID. Telling again changes nothing.

    `left_aside`: about no such mail, or nothing to act upon (delayed, or "no spam").
    """
    now, taken = utcnow(), 0
    rejected: list[dict[str, Any]] = []
    for index, raw in enumerate(body.reports):
        try:
            taken += _take(raw, current_workspace.id, now)
        except Problem as problem:
            first = problem.errors[0]
            rejected.append({"index": index, "field": first.field, "message": first.message})
    aside = len(body.reports) - taken - len(rejected)
    return {"taken": taken, "left_aside": aside, "rejected": rejected}


def _take(raw: Any, workspace_id: UUID, now: datetime) -> bool:
    refuse_unstorable(raw)
    try:
        item = _item.validate_python(raw)
    except ValidationError as exc:
        raise from_validation(exc) from exc
    incoming = _incoming(item, workspace_id)
    # What somebody wrote is no report: it is for the mailbox.
    return incoming.is_report and hand_over(incoming, now)


def _incoming(item: BouncedBody | ComplainedBody | ReportBody, workspace_id: UUID) -> Incoming:
    if isinstance(item, ReportBody):
        return replace(_read(item.raw), told_by=workspace_id)
    message_id = f"<{item.message_id.strip('<>')}>"
    return Incoming(
        message_id="", refers_to=(message_id,), tokens=(), sender="", subject="", text="",
        files=(), is_automatic=True,
        bounce=Bounce(item.status) if isinstance(item, BouncedBody) else None,
        is_complaint=isinstance(item, ComplainedBody), told_by=workspace_id,
    )  # fmt: skip


def _read(content: bytes) -> Incoming:
    try:
        return read_incoming(content[:MOST_BYTES], current_app.config["SETTINGS"])
    except Exception as exc:  # the library's parser raises many kinds
        raise BadInput.of("raw", "cannot be read as a mail") from exc
