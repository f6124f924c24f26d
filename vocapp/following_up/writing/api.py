"""The letters of a follow-up, for machines: read, and written."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from flask import request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from surveys.languages import LANGUAGE_TAG
from vocapp.api_documents import MAX_PAGE_SIZE, PAGE_SIZE, moment_and_id, page_of, read_cursor
from vocapp.collecting.parsing import checked_key
from vocapp.database import snapshot, utcnow
from vocapp.following_up.case_queries import case_detail
from vocapp.following_up.queries import case_row
from vocapp.following_up.writing import queries
from vocapp.following_up.writing.handing_out import to_save
from vocapp.following_up.writing.machines import NamedBySender, post_letter
from vocapp.following_up.writing.queries import ShownMail
from vocapp.following_up.writing.service import Letter
from vocapp.problems import BadInput
from vocapp.workspaces.access import current_workspace, machine
from vocapp.workspaces.reach import WHOLE_WORKSPACE

api = APIBlueprint(
    "letters_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Follow-ups")],
    abp_security=[{"secret_key": []}],
)


class CasePath(BaseModel):
    follow_up_id: UUID


class AttachmentPath(CasePath):
    attachment_id: UUID


class LettersQuery(BaseModel):
    limit: int = Field(PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE)
    cursor: str | None = None


class LetterBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: UUID | None = Field(
        None, description="Chosen by the sender: the same id with the same content is one letter, "
        "as with an Idempotency-Key header.",
    )  # fmt: skip
    subject: str
    body: str
    language: str | None = Field(
        None, max_length=20, pattern=f"^{LANGUAGE_TAG}$",
        description="Default: that of the answer, else of the person.",
    )  # fmt: skip
    author: str | None = Field(
        None, description="E-mail address or id of the member who writes; default: the owner of "
        "the follow-up. Their name is on the letter, and they are told of the reply.",
    )  # fmt: skip
    then: Literal["waiting", "contacted"] | None = Field(
        None, description="State of the follow-up afterwards; default: an open one is contacted."
    )
    version: int | None = Field(
        None, description="Refuse (409) when the follow-up has another one."
    )


@api.get("/follow-ups/<uuid:follow_up_id>/letters", summary="E-mails with the customer, in order")
@machine()
def list_letters(path: CasePath, query: LettersQuery) -> Any:
    case_row(current_workspace.id, path.follow_up_id, reach=WHOLE_WORKSPACE)
    with snapshot() as session:
        rows = queries.mails_after(
            session, current_workspace.id, path.follow_up_id, limit=query.limit + 1,
            after=read_cursor(query.cursor, moment_and_id),
        )  # fmt: skip
    return page_of(
        rows,
        limit=query.limit,
        present=_present,
        cursor_of=lambda row: [row.at.isoformat(), str(row.id)],
    )


@api.post("/follow-ups/<uuid:follow_up_id>/letters", summary="Write to the customer by e-mail")
@machine()
def write_letter(path: CasePath, body: LetterBody) -> Any:
    posted = post_letter(
        current_workspace.id,
        path.follow_up_id,
        Letter(
            body.subject, body.body, body.language or _language_of(path.follow_up_id), body.then
        ),
        author=body.author,
        named=_named(body.id),
        expected_version=body.version,
        now=utcnow(),
    )
    with snapshot() as session:
        shown = queries.shown_mail(session, current_workspace.id, posted.mail_id)
    return _present(shown), 201 if posted.created else 200


@api.get(
    "/follow-ups/<uuid:follow_up_id>/attachments/<uuid:attachment_id>",
    summary="A file that the customer sent, as its bytes",
)
@machine()
def show_attachment(path: AttachmentPath) -> Any:
    case_row(current_workspace.id, path.follow_up_id, reach=WHOLE_WORKSPACE)
    with snapshot() as session:
        name, content = queries.file_in_thread(
            session, current_workspace.id, path.follow_up_id, path.attachment_id
        )
    return to_save(name, content)


def _named(id: UUID | None) -> NamedBySender:
    key = checked_key(request.headers.get("Idempotency-Key"))
    if key is not None and id is not None:
        raise BadInput.of("id", "an Idempotency-Key stands for the id; give one of them")
    return NamedBySender(id, key)


def _language_of(follow_up_id: UUID) -> str | None:
    detail = case_detail(current_workspace.id, follow_up_id, reach=WHOLE_WORKSPACE)
    contact = detail.row.contact
    with snapshot() as session:
        return queries.recipient_of(
            session, current_workspace.id, contact.id if contact else None,
            answered_in=detail.language,
        ).language  # fmt: skip


def _present(mail: ShownMail) -> dict[str, Any]:
    return {
        "id": str(mail.id),
        "follow_up": str(mail.case_id),
        "direction": "sent" if mail.is_ours else "received",
        "state": mail.state,
        "reason": mail.reason,
        "author": mail.who,
        "address": mail.address,
        "subject": mail.subject,
        "body": mail.body,
        "quoted": mail.quoted,
        "language": mail.language,
        "attachments": [
            {
                "id": str(each.id),
                "name": each.name,
                "type": each.kind,
                "size": each.size,
                "left_out": each.left_out,
            }
            for each in mail.files
        ],
        "attachments_elsewhere": mail.files_elsewhere,
        "message_id": mail.message_id,
        "written_at": mail.at.isoformat(),
        "sent_at": mail.sent_at.isoformat() if mail.sent_at else None,
    }
