"""Tasks that playbooks made, for machines."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal
from uuid import UUID

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from surveys.periods import local_day
from vocapp.api_documents import MAX_PAGE_SIZE, PAGE_SIZE, page_of, read_cursor
from vocapp.database import utcnow
from vocapp.succeeding.playbooks import queries, tasks
from vocapp.succeeding.playbooks.queries import Row
from vocapp.succeeding.playbooks.tasks import By
from vocapp.workspaces.access import current_workspace, machine
from vocapp.workspaces.reach import WHOLE_WORKSPACE

api = APIBlueprint(
    "tasks_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Tasks")],
    abp_security=[{"secret_key": []}],
)


class TasksQuery(BaseModel):
    show: Literal["open", "due", "upcoming", "snoozed", "done"] = Field(
        "open", description="open: all that is neither done nor skipped; done: skipped ones, too."
    )
    limit: int = Field(PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE)
    cursor: str | None = None


class TaskPath(BaseModel):
    task_id: UUID


class DoneBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    note: str = ""


@api.get("/tasks", summary="What playbooks ask people to do, the first due on top")
@machine()
def list_tasks(query: TasksQuery) -> Any:
    offset = read_cursor(query.cursor, int) or 0
    rows = queries.tasks(
        current_workspace.id, query.show, reach=WHOLE_WORKSPACE, today=_today(),
        limit=query.limit + 1, offset=offset,
    )  # fmt: skip
    return page_of(
        rows, limit=query.limit, present=_present, cursor_of=lambda _: offset + query.limit
    )


@api.post("/tasks/<uuid:task_id>/done", summary="A task is done")
@machine()
def mark_done(path: TaskPath, body: DoneBody) -> Any:
    by = By(None, WHOLE_WORKSPACE, utcnow())
    tasks.mark_done(current_workspace.id, path.task_id, note=body.note, by=by)
    return _present(queries.task(current_workspace.id, path.task_id, reach=WHOLE_WORKSPACE))


def _today() -> date:
    return local_day(utcnow(), current_workspace.time_zone)


def _present(row: Row) -> dict[str, Any]:
    task = row.task
    return {
        "id": str(task.id),
        "account": row.account.external_id,
        "playbook": row.playbook,
        "title": task.title,
        "reasons": list(row.run.reasons),
        "fired_at": row.run.fired_at.isoformat(),
        "due_on": task.due_on.isoformat(),
        "snoozed_until": task.snoozed_until.isoformat() if task.snoozed_until else None,
        "minutes": task.minutes,
        "owner": row.owner,
        "state": task.state,
        "reason": task.reason,
        "note": task.note,
        "decided_at": task.decided_at.isoformat() if task.decided_at else None,
        "version": task.version,
    }
