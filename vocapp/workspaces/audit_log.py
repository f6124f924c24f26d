"""The audit log as people read it: who did what and when, in words.

A layer says in its `audit_words.py` what its actions are called, and what is noted beside them, and
`vocapp/registry.py` brings that here. A test reads the actions off the source: one without words
fails it, and so do words of an action that nothing writes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from vocapp.extensions import db
from vocapp.workspaces.models import AuditEntry, User

_words: dict[str, Any] = {}
_names: dict[str, Any] = {}
_named: dict[str, Any] = {}


def register_words(words: Mapping[str, Any]) -> None:
    """What actions are called: a name such as "survey.created" to "created a survey", lazily."""
    _words.update(words)


def register_names(names: Mapping[str, Any]) -> None:
    """What tables, their columns and other details are called, lazily, as forms have it."""
    _names.update(names)


def register_named(*models: Any) -> None:
    """Tables whose rows are called by their `name` where the log is about one of them."""
    _named.update({model.__tablename__: model for model in models})


def name_of(key: str) -> str:
    """In the language of who reads; the key itself where it has no name."""
    return str(_names.get(key, key))


def detail_in_words(name: str, value: object) -> str:
    """Such as "Changed: State, Outcome". Values stay as they are, except where they are columns."""
    several = value if isinstance(value, list | tuple) else [value]
    said = ["–" if each is None else str(each) for each in several]
    return f"{name_of(name)}: {', '.join(map(name_of, said) if name == 'fields' else said)}"


def words_of(action: str) -> str | None:
    """In the language of who reads; None for an action of a version before, or of one to come."""
    return str(_words[action]) if action in _words else None


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who did what, when. who: a name, or None for the service itself and machines.

    what: in words, or None where there are none. subject_name: as it is called now, or None where
    it is gone or has no name.
    """

    id: UUID
    at: datetime
    who: str | None
    actor: str
    action: str
    what: str | None
    subject_type: str
    subject_id: str
    subject_name: str | None
    detail: dict[str, Any]


def audit_lines(
    workspace_id: UUID, *, before: UUID | None = None, limit: int = 50
) -> list[AuditLine]:
    """The audit log, newest first; `before`: the last id of the page before."""
    query = (
        select(AuditEntry, User.name)
        .outerjoin(User, User.id == AuditEntry.actor_user_id)
        .where(AuditEntry.workspace_id == workspace_id)
        .order_by(AuditEntry.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(AuditEntry.id < before)
    rows = db.session.execute(query).all()
    names = _subject_names(workspace_id, [row for row, _ in rows])
    return [
        AuditLine(
            row.id, row.at, name, row.actor, row.action, words_of(row.action), row.subject_type,
            row.subject_id, names.get((row.subject_type, row.subject_id)), row.detail,
        )
        for row, name in rows
    ]  # fmt: skip


def _subject_names(workspace_id: UUID, rows: Sequence[AuditEntry]) -> dict[tuple[str, str], str]:
    """By table and id: one statement for each table with names that is there."""
    found: dict[tuple[str, str], str] = {}
    for table in _named.keys() & {row.subject_type for row in rows}:
        model = _named[table]
        ids = {UUID(row.subject_id) for row in rows if row.subject_type == table}
        query = select(model.id, model.name).where(
            model.workspace_id == workspace_id, model.id.in_(ids)
        )
        found.update({(table, str(key)): name for key, name in db.session.execute(query)})
    return found
