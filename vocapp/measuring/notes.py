"""Dated notes on the course of scores: use cases and reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from vocapp.database import scoped, transaction, uuid7
from vocapp.extensions import db
from vocapp.measuring.models import TrendNote
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.workspaces.service import audit

MAX_NOTES = 500
MAX_WORDS = 80


@dataclass(frozen=True, slots=True)
class Note:
    """What happened on a local day."""

    id: UUID
    day: date
    words: str


def trend_notes(
    workspace_id: UUID, *, since: date | None = None, until: date | None = None
) -> list[Note]:
    """The notes of these days (half-open), newest day first."""
    query = scoped(TrendNote, workspace_id).where(TrendNote.removed_at.is_(None))
    if since:
        query = query.where(TrendNote.local_day >= since)
    if until:
        query = query.where(TrendNote.local_day < until)
    rows = db.session.scalars(
        query.order_by(TrendNote.local_day.desc(), TrendNote.id.desc()).limit(MAX_NOTES)
    )
    return [Note(row.id, row.local_day, row.words) for row in rows]


def trend_note(workspace_id: UUID, note_id: UUID) -> Note:
    """Raises NotFound; also for one that was removed."""
    row = db.session.scalar(
        scoped(TrendNote, workspace_id).where(
            TrendNote.id == note_id, TrendNote.removed_at.is_(None)
        )
    )
    if row is None:
        raise NotFound("No such note.")
    return Note(row.id, row.local_day, row.words)


def add_note(
    workspace_id: UUID, day: date, words: str, *, actor_user_id: UUID, now: datetime
) -> UUID:
    """Raises BadInput, Conflict where there are too many."""
    words = _checked(words)
    with transaction() as session:
        there = session.scalar(
            select(func.count())
            .select_from(TrendNote)
            .where(TrendNote.workspace_id == workspace_id, TrendNote.removed_at.is_(None))
        )
        if (there or 0) >= MAX_NOTES:
            raise Conflict(f"A workspace has at most {MAX_NOTES} notes.")
        note = TrendNote(
            workspace_id=workspace_id, id=uuid7(), local_day=day, words=words, created_at=now
        )
        session.add(note)
        session.flush()
        audit(
            session, workspace_id, "trend_note.added", now=now, subject=note,
            actor_user_id=actor_user_id,
        )  # fmt: skip
        return note.id


def change_note(
    workspace_id: UUID, note_id: UUID, day: date, words: str, *, actor_user_id: UUID, now: datetime
) -> None:
    """Another day or other words. Raises BadInput, NotFound."""
    words = _checked(words)
    with transaction() as session:
        note = _locked(session, workspace_id, note_id)
        note.local_day, note.words = day, words
        audit(
            session, workspace_id, "trend_note.changed", now=now, subject=note,
            actor_user_id=actor_user_id,
        )  # fmt: skip


def remove_note(
    workspace_id: UUID, note_id: UUID, *, removed: bool, actor_user_id: UUID, now: datetime
) -> None:
    """Take a note away, or put it back; either may be repeated. Raises NotFound."""
    with transaction() as session:
        note = _locked(session, workspace_id, note_id)
        if (note.removed_at is not None) == removed:
            return
        note.removed_at = now if removed else None
        action = "trend_note.removed" if removed else "trend_note.restored"
        audit(
            session, workspace_id, action, now=now, subject=note, actor_user_id=actor_user_id
        )  # fmt: skip


def _locked(session: Session, workspace_id: UUID, note_id: UUID) -> TrendNote:
    note = session.scalar(
        scoped(TrendNote, workspace_id).where(TrendNote.id == note_id).with_for_update()
    )
    if note is None:
        raise NotFound("No such note.")
    return note


def _checked(words: str) -> str:
    words = " ".join(words.split())
    if not 1 <= len(words) <= MAX_WORDS:
        raise BadInput.of("words", f"expected 1 to {MAX_WORDS} characters")
    return words
