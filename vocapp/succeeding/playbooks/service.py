"""Use cases: write a playbook, change it, switch it on and off, put it away, undo."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from surveys.playbook_json import playbook_to_json, validate_playbook
from vocapp import outbox
from vocapp.database import scoped, transaction, uuid7
from vocapp.problems import Conflict, NotFound
from vocapp.succeeding.playbooks import evaluating
from vocapp.succeeding.playbooks.forms import Draft
from vocapp.succeeding.playbooks.models import (
    Playbook,
    PlaybookLetter,
    PlaybookRun,
    PlaybookSending,
    PlaybookState,
    PlaybookTask,
)
from vocapp.succeeding.playbooks.sending import call_back
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.service import audit


@dataclass(frozen=True, slots=True)
class Changed:
    """undo: a token for `undo`; None where nothing changed."""

    playbook_id: UUID
    undo: str | None


def add_playbook(
    workspace_id: UUID, draft: Draft, *, actor_user_id: UUID | None, now: datetime
) -> UUID:
    """Write a playbook down; it is off. Raises surveys.fields.FieldError."""
    with transaction() as session:
        playbook = Playbook(
            workspace_id=workspace_id, id=uuid7(), name=draft.name, titles=draft.titles,
            definition=playbook_to_json(validate_playbook(draft.definition)),
            version=1, created_at=now, updated_at=now,
        )  # fmt: skip
        session.add(playbook)
        _audit(session, playbook, "playbook.added", actor_user_id, now)
        return playbook.id


def change_playbook(
    workspace_id: UUID,
    playbook_id: UUID,
    draft: Draft,
    *,
    expected_version: int,
    actor_user_id: UUID,
    now: datetime,
) -> Changed:
    """Say it otherwise; tasks that there are stay as they are.

    Raises NotFound, Conflict (somebody was quicker), surveys.fields.FieldError.
    """
    definition = playbook_to_json(validate_playbook(draft.definition))
    with transaction() as session:
        playbook = _locked(session, workspace_id, playbook_id)
        if playbook.version != expected_version:
            raise Conflict("This playbook was changed meanwhile.")
        said = {"name": draft.name, "definition": definition, "titles": draft.titles}
        former = {name: getattr(playbook, name) for name in said}
        if said == former:
            return Changed(playbook_id, None)
        playbook.former = former
        _set(playbook, said)
        _touched(session, playbook, "playbook.changed", actor_user_id, now)
        return _undoable(playbook, "change", actor_user_id)


def switch(
    workspace_id: UUID, playbook_id: UUID, *, on: bool, actor_user_id: UUID, now: datetime
) -> Changed:
    """On: it looks at every account at once, and from then on by itself. Off: it fires and sends no
    more; its tasks stay. May be repeated. Raises NotFound, Conflict (it is put away)."""
    with transaction() as session:
        playbook = _locked(session, workspace_id, playbook_id)
        if on and playbook.archived_at is not None:
            raise Conflict("This playbook is put away.")
        if (playbook.on_since is not None) == on:
            return Changed(playbook_id, None)
        before = playbook.on_since
        playbook.on_since = now if on else None
        if on:
            evaluating.ask_to_begin(session, playbook, now=now)
        else:
            call_back(session, playbook)
        _touched(session, playbook, f"playbook.{'on' if on else 'off'}", actor_user_id, now)
        changed = _undoable(playbook, "switch", actor_user_id, since=_plain(before))
    if on:
        outbox.ring(evaluating.BEGIN)
    return changed


def archive(
    workspace_id: UUID, playbook_id: UUID, *, archived: bool, actor_user_id: UUID, now: datetime
) -> Changed:
    """Put a playbook away, which switches it off, or take it out again, which does not switch it
    on. What it did, and its tasks, stay. May be repeated. Raises NotFound."""
    with transaction() as session:
        playbook = _locked(session, workspace_id, playbook_id)
        if (playbook.archived_at is not None) == archived:
            return Changed(playbook_id, None)
        before = {name: _plain(getattr(playbook, name)) for name in ("on_since", "archived_at")}
        playbook.on_since, playbook.archived_at = None, now if archived else None
        call_back(session, playbook)
        _touched(
            session, playbook, f"playbook.{'archived' if archived else 'taken_out'}",
            actor_user_id, now,
        )  # fmt: skip
        return _undoable(playbook, "archive", actor_user_id, before=before)


def _plain(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def undo(workspace_id: UUID, token: str, *, actor_user_id: UUID, now: datetime) -> UUID:
    """Put back what was changed; a playbook that is off again takes the tasks with it that nobody
    has worked on, and the letters that nobody has got. Raises Conflict: too late (ten minutes), or
    somebody changed it since."""
    told = read_undo(token, "playbook", workspace_id, actor_user_id)
    with transaction() as session:
        playbook = _locked(session, workspace_id, UUID(told["playbook"]))
        if playbook.version != told["version"]:
            raise Conflict("This playbook was changed since, so it was left as it is.")
        if told["what"] == "change":
            _set(playbook, playbook.former or {})
            playbook.former = None
        elif told["what"] == "archive":
            _set(playbook, {name: _instant(text) for name, text in told["before"].items()})
        else:
            began = playbook.on_since
            playbook.on_since = _instant(told["since"])
            if began is not None:
                call_back(session, playbook)
                _withdraw(session, playbook, began)
        _touched(session, playbook, "playbook.undone", actor_user_id, now)
        return playbook.id


def _withdraw(session: Session, playbook: Playbook, since: datetime) -> None:
    """Firings from then on whose tasks nobody touched, and of which nobody got anything, as if they
    had not been."""
    of_run = (
        PlaybookTask.workspace_id == playbook.workspace_id,
        PlaybookTask.run_id == PlaybookRun.id,
    )
    found = session.execute(
        select(PlaybookRun.id, PlaybookRun.account_id).where(
            PlaybookRun.workspace_id == playbook.workspace_id,
            PlaybookRun.playbook_id == playbook.id,
            PlaybookRun.fired_at >= since,
            ~exists().where(*of_run, PlaybookTask.version > 1),
            ~exists().where(
                PlaybookSending.workspace_id == playbook.workspace_id,
                PlaybookSending.run_id == PlaybookRun.id,
                PlaybookLetter.workspace_id == playbook.workspace_id,
                PlaybookLetter.sending_id == PlaybookSending.id,
                PlaybookLetter.state.not_in(("scheduled", "not_sent")),
            ),
        )
    ).all()
    for model, column, ids in (
        (PlaybookState, PlaybookState.account_id, [row.account_id for row in found]),
        (PlaybookRun, PlaybookRun.id, [row.id for row in found]),
    ):
        for start in range(0, len(ids), evaluating.BATCH):
            session.execute(
                delete(model).where(
                    model.workspace_id == playbook.workspace_id,
                    model.playbook_id == playbook.id,
                    column.in_(ids[start : start + evaluating.BATCH]),
                )
            )


def _set(playbook: Playbook, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(playbook, name, value)


def _undoable(playbook: Playbook, what: str, actor_user_id: UUID, **told: Any) -> Changed:
    token = undo_token(
        "playbook", playbook.workspace_id, actor_user_id, playbook=playbook.id.hex,
        version=playbook.version, what=what, **told,
    )  # fmt: skip
    return Changed(playbook.id, token)


def _touched(
    session: Session, playbook: Playbook, action: str, actor_user_id: UUID, now: datetime
) -> None:
    playbook.version += 1
    playbook.updated_at = now
    _audit(session, playbook, action, actor_user_id, now)


def _audit(
    session: Session, playbook: Playbook, action: str, actor_user_id: UUID | None, now: datetime
) -> None:
    audit(
        session, playbook.workspace_id, action, subject=playbook, actor_user_id=actor_user_id,
        now=now, detail={"trigger": playbook.definition["trigger"]["kind"]},
    )  # fmt: skip


def _locked(session: Session, workspace_id: UUID, playbook_id: UUID) -> Playbook:
    playbook = session.scalar(
        scoped(Playbook, workspace_id).where(Playbook.id == playbook_id).with_for_update()
    )
    if playbook is None:
        raise NotFound("No such playbook.")
    return playbook
