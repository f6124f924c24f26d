"""Bringing stored texts under the key that seals now, a batch at a time.

For texts of before they were sealed, and after a change of SECRET_KEY. With VOC_SEAL_TEXTS=0
they are opened instead, for the way back to a version that knows of no seals. Whatever column is
a `SealedText` or `SealedBytes` is gone through, so that none can be forgotten.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Table,
    Text,
    and_,
    or_,
    select,
    tuple_,
    type_coerce,
    update,
)
from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.database import Base, give_way_to_writers, transaction, utcnow
from vocapp.sealing import SealedBytes, SealedText, TextKeys, Unreadable, text_keys

RESEAL = "reseal"
_STEP = 500
_STEP_OF_FILES = 8  # all of them are in memory at once
_SEALED = (SealedText, SealedBytes)
# Rows of work of before other tables were gone through name none.
_FIRST = "answer"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a batch begins: after this key of a table, None: at its first row."""

    table: str
    after: tuple[UUID, ...] | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What became of a batch, in texts. next: where the one after it begins, None: all is done."""

    looked_at: int
    rewritten: int
    unreadable: int
    next: Place | None


@functools.cache
def sealed_columns() -> Mapping[str, Sequence[str]]:
    """Table → its columns that rest sealed, as the models say; the table of answers first."""
    found = {
        name: [column.name for column in table.columns if isinstance(column.type, _SEALED)]
        for name, table in sorted(Base.metadata.tables.items())
    }
    names = sorted((name for name, columns in found.items() if columns), key=lambda n: n != _FIRST)
    return {name: found[name] for name in names}


def holds_files(table: Table) -> bool:
    """Whether its rows can be megabytes each."""
    return any(isinstance(column.type, SealedBytes) for column in table.columns)


def reseal(session: Session, rows: Sequence[outbox.Pending]) -> None:
    """Outbox effect: one batch of a workspace, and a row of work for the next.

    It can die anywhere: what is right already is left as it is.
    """
    for row in rows:
        after = row.detail.get("after")
        place = Place(
            row.detail.get("table", _FIRST), tuple(UUID(each) for each in after) if after else None
        )
        step = reseal_step(session, row.workspace_id, place)
        if step.next is not None:
            outbox.add(
                session, row.workspace_id, RESEAL, row.workspace_id, now=utcnow(),
                detail={
                    "table": step.next.table,
                    "after": [str(each) for each in step.next.after or ()],
                },
                priority=outbox.BACKLOG,
            )  # fmt: skip


def reseal_workspace(workspace_id: UUID) -> Iterator[Step]:
    """All of a workspace, a transaction a step; may be broken off and begun again, and then
    only reads what it had done."""
    place: Place | None = Place(_FIRST)
    while place is not None:
        with transaction() as session:
            step = reseal_step(session, workspace_id, place)
        yield step
        place = step.next
        give_way_to_writers()


def reseal_step(session: Session, workspace_id: UUID, place: Place) -> Step:
    """Up to 500 rows, of files fewer, in the order of their keys. A text that is edited meanwhile
    is left to the edit, one whose key is missing to whoever finds it."""
    table = Base.metadata.tables[place.table]
    columns = sealed_columns()[place.table]
    key = [column for column in table.primary_key if column.name != "workspace_id"]
    stored = {name: _as_stored(table, name) for name in columns}
    query = select(*key, *(each.label(f"stored_{name}") for name, each in stored.items())).where(
        table.c.workspace_id == workspace_id,
        or_(*(table.c[name].is_not(None) for name in columns)),
    )
    if place.after is not None:
        # Said twice, so that the primary key leads there.
        query = query.where(key[0] >= place.after[0], tuple_(*key) > tuple_(*place.after))
    step = _STEP_OF_FILES if holds_files(table) else _STEP
    found = session.execute(query.order_by(*key).limit(step)).all()
    keys, looked_at, rewritten, unreadable = text_keys(), 0, 0, 0
    for row in found:
        here = and_(
            table.c.workspace_id == workspace_id,
            *(column == value for column, value in zip(key, row, strict=False)),
        )
        for name in columns:
            text = getattr(row, f"stored_{name}")
            if text is None:
                continue
            looked_at += 1
            became = _rewrite(session, keys, table, name, text, here)
            rewritten += became is True
            unreadable += became is None
    if len(found) == step:
        following: Place | None = Place(place.table, tuple(found[-1][: len(key)]))
    else:
        following = _table_after(place.table)
    return Step(looked_at, rewritten, unreadable, following)


def _rewrite(
    session: Session,
    keys: TextKeys,
    table: Table,
    name: str,
    stored: str | bytes,
    here: ColumnElement[bool],
) -> bool | None:
    """Whether it was necessary; None: it cannot be opened."""
    if keys.is_settled(stored):
        return False
    try:
        opened = keys.open_bytes(stored) if isinstance(stored, bytes) else keys.open(stored)
    except Unreadable:
        return None
    session.execute(
        update(table).where(here, _as_stored(table, name) == stored).values({name: opened})
    )
    return True


def _as_stored(table: Table, name: str) -> ColumnElement[Any]:
    """As the database has it."""
    column = table.c[name]
    return type_coerce(column, LargeBinary if isinstance(column.type, SealedBytes) else Text)


def _table_after(name: str) -> Place | None:
    names = list(sealed_columns())
    following = names[names.index(name) + 1 :]
    return Place(following[0]) if following else None
