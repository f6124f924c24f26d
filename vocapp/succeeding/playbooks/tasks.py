"""Use cases: a task is done, skipped, put off, taken back.

reach: a task of an account beyond it is not found.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from vocapp.database import scoped, transaction
from vocapp.people.reaching import of_accounts_within
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.succeeding.notes import note_errors
from vocapp.succeeding.playbooks.models import PlaybookTask
from vocapp.succeeding.touchpoints.service import check_skip
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.reach import Reach
from vocapp.workspaces.service import audit

LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class By:
    """Who does it, how far they see, and when; user_id None: a machine."""

    user_id: UUID | None
    reach: Reach
    now: datetime


@dataclass(frozen=True, slots=True)
class Done:
    """undo: a token for `undo`; None for a machine."""

    task_id: UUID
    undo: str | None


def mark_done(workspace_id: UUID, task_id: UUID, *, note: str = "", by: By) -> Done:
    """Raises NotFound, BadInput, Conflict (somebody was quicker)."""
    if errors := note_errors(note):
        raise BadInput(*errors)
    values = {"state": "done", "note": note.strip() or None}
    return _decide(workspace_id, task_id, "task.done", values, by)


def skip(workspace_id: UUID, task_id: UUID, reason: str, *, note: str = "", by: By) -> Done:
    """It is not done, for a reason. Raises NotFound, BadInput, Conflict (somebody was quicker)."""
    check_skip(reason, note)
    values = {"state": "skipped", "reason": reason, "note": note.strip() or None}
    return _decide(workspace_id, task_id, "task.skipped", values, by)


def snooze(workspace_id: UUID, task_id: UUID, until: date, *, today: date, by: By) -> Done:
    """Not to do before that day. Raises NotFound, BadInput, Conflict (it is decided already)."""
    if not today < until <= today + LONGEST:
        raise BadInput.of("until", "expected a day from tomorrow on, at most a year ahead")
    return _change(workspace_id, task_id, "task.snoozed", {"snoozed_until": until}, by)


def _decide(workspace_id: UUID, task_id: UUID, action: str, values: dict[str, Any], by: By) -> Done:
    decided = {"decided_at": by.now, "decided_by_user_id": by.user_id}
    return _change(workspace_id, task_id, action, values | decided, by)


def _change(workspace_id: UUID, task_id: UUID, action: str, values: dict[str, Any], by: By) -> Done:
    with transaction() as session:
        task = _locked(session, workspace_id, task_id, by)
        if task.state != "open":
            raise Conflict("This task was done or skipped already.")
        snoozed = task.snoozed_until.isoformat() if task.snoozed_until else None
        for name, value in values.items():
            setattr(task, name, value)
        _touched(session, task, action, by)
        if by.user_id is None:
            return Done(task_id, None)
        token = undo_token(
            "task", workspace_id, by.user_id, task=task.id.hex, version=task.version,
            snoozed=snoozed,
        )  # fmt: skip
        return Done(task_id, token)


def undo(workspace_id: UUID, token: str, *, user_id: UUID, reach: Reach, now: datetime) -> None:
    """Open it again as it was. Raises Conflict: too late (ten minutes), or somebody changed it
    since; NotFound."""
    told = read_undo(token, "task", workspace_id, user_id)
    by = By(user_id, reach, now)
    with transaction() as session:
        task = _locked(session, workspace_id, UUID(told["task"]), by)
        if task.version != told["version"]:
            raise Conflict("This task was changed since, so it was left as it is.")
        snoozed = date.fromisoformat(told["snoozed"]) if told["snoozed"] else None
        _open_again(session, task, snoozed, by)


def open_again(workspace_id: UUID, task_id: UUID, *, by: By) -> None:
    """Open what was done, skipped or put off, however long ago; may be repeated.

    Raises NotFound."""
    with transaction() as session:
        task = _locked(session, workspace_id, task_id, by)
        if task.state != "open" or task.snoozed_until is not None:
            _open_again(session, task, None, by)


def _open_again(session: Session, task: PlaybookTask, snoozed: date | None, by: By) -> None:
    task.state, task.snoozed_until = "open", snoozed
    task.reason = task.note = task.decided_at = task.decided_by_user_id = None
    _touched(session, task, "task.opened_again", by)


def _touched(session: Session, task: PlaybookTask, action: str, by: By) -> None:
    task.version += 1
    task.updated_at = by.now
    audit(session, task.workspace_id, action, subject=task, actor_user_id=by.user_id, now=by.now)


def _locked(session: Session, workspace_id: UUID, task_id: UUID, by: By) -> PlaybookTask:
    task = session.scalar(
        scoped(PlaybookTask, workspace_id)
        .where(
            PlaybookTask.id == task_id,
            of_accounts_within(by.reach, workspace_id, PlaybookTask.account_id),
        )
        .with_for_update()
    )
    if task is None:
        raise NotFound("No such task.")
    return task
