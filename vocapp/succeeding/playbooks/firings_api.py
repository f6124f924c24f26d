"""Playbooks and what came of them, for machines."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from vocapp.api_documents import MAX_PAGE_SIZE, PAGE_SIZE, moment_and_id, page_of, read_cursor
from vocapp.database import utcnow
from vocapp.succeeding.playbooks import firings, queries
from vocapp.succeeding.playbooks.firings import Firing, Sending, SentTo
from vocapp.succeeding.playbooks.models import Playbook, PlaybookTask
from vocapp.succeeding.playbooks.queries import CameOf
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "playbooks_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Playbooks")],
    abp_security=[{"secret_key": []}],
)


class PlaybookPath(BaseModel):
    playbook_id: UUID


class FiringsQuery(BaseModel):
    limit: int = Field(PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE)
    cursor: str | None = None


@api.get("/playbooks", summary="Playbooks that are not put away, those that are on first")
@machine()
def list_playbooks() -> Any:
    rows = queries.playbooks(current_workspace.id, now=utcnow())
    return {"items": [_playbook(row, came) for row, came in rows], "next": None}


@api.get(
    "/playbooks/<uuid:playbook_id>/firings",
    summary="When a playbook fired, what it sent to whom, and what came of it; the latest first",
)
@machine()
def list_firings(path: PlaybookPath, query: FiringsQuery) -> Any:
    playbook = queries.playbook(current_workspace.id, path.playbook_id)
    rows = firings.firings(
        current_workspace.id, playbook.id, limit=query.limit + 1,
        after=read_cursor(query.cursor, moment_and_id),
    )  # fmt: skip
    return page_of(
        rows,
        limit=query.limit,
        present=lambda row: _firing(row, playbook),
        cursor_of=lambda row: [row.run.fired_at.isoformat(), str(row.run.id)],
    )


def _playbook(row: Playbook, came: CameOf) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "name": row.name,
        "trigger": row.definition["trigger"]["kind"],
        "on_since": row.on_since.isoformat() if row.on_since else None,
        "steps": [
            {"key": step["key"], "kind": step["kind"], "title": row.titles.get(step["key"], "")}
            for step in row.definition["steps"]
        ],
        "last_30_days": {
            "fired": came.fired, "recovered": came.recovered, "tasks_open": came.open,
            "tasks_done": came.done, "tasks_skipped": came.skipped,
        },
    }  # fmt: skip


def _firing(row: Firing, playbook: Playbook) -> dict[str, Any]:
    return {
        "id": str(row.run.id),
        "account": row.account.external_id,
        "episode": row.run.episode.isoformat(),
        "fired_at": row.run.fired_at.isoformat(),
        "reasons": list(row.run.reasons),
        "recovered_on": row.run.recovered_on.isoformat() if row.run.recovered_on else None,
        "tasks": [_task(each) for each in row.tasks],
        "sendings": [_sending(each, playbook) for each in row.sendings],
    }


def _task(task: PlaybookTask) -> dict[str, Any]:
    return {
        "id": str(task.id), "step": task.step_key, "title": task.title,
        "due_on": task.due_on.isoformat(), "state": task.state, "reason": task.reason,
        "decided_at": task.decided_at.isoformat() if task.decided_at else None,
    }  # fmt: skip


def _sending(sending: Sending, playbook: Playbook) -> dict[str, Any]:
    row = sending.row
    return {
        "id": str(row.id), "step": row.step_key, "kind": row.kind,
        "title": playbook.titles.get(row.step_key, ""),
        "due_on": row.due_on.isoformat(), "state": row.state, "reason": row.reason,
        "decided_at": row.decided_at.isoformat() if row.decided_at else None,
        "letters": [_letter(each) for each in sending.letters],
    }  # fmt: skip


def _letter(letter: SentTo) -> dict[str, Any]:
    return {
        "id": str(letter.id),
        "contact": {
            "id": str(letter.contact_id), "external_id": letter.external_id,
            "email": letter.email, "name": letter.name,
        },
        "language": letter.language, "subject": letter.subject,
        "state": letter.state, "reason": letter.reason, "at": letter.at.isoformat(),
        "sent_at": letter.sent_at.isoformat() if letter.sent_at else None,
        "answered_at": letter.answered_at.isoformat() if letter.answered_at else None,
    }  # fmt: skip
