"""The tables as the database has them, and their rows as plain JSON values.

Reflected rather than taken from the models: a backup of an earlier version has the tables of
that version.
"""

from __future__ import annotations

import warnings
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CHAR,
    JSON,
    Connection,
    Date,
    DateTime,
    LargeBinary,
    MetaData,
    Table,
    Uuid,
    bindparam,
    event,
    select,
)
from sqlalchemy.exc import SAWarning

from vocapp.database import JsonValue, UtcDateTime
from vocapp.resealing import holds_files, sealed_columns
from vocapp.sealing import SealedBytes, SealedText

_BATCH, _BATCH_OF_FILES = 500, 8
_UUID_CHARS = 32
_REVISION_TABLE = "alembic_version"


def tables_of(connection: Connection) -> list[Table]:
    """Every table but the revision's, a table after those that it refers to."""
    metadata = MetaData()
    event.listen(metadata, "column_reflect", _portable)
    with warnings.catch_warnings():
        # Indexes over expressions are not reflected; a backup has rows, and no indexes.
        warnings.filterwarnings("ignore", "Skipped unsupported reflection", SAWarning)
        metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != _REVISION_TABLE]


def _portable(_inspector: Any, table: Table, column: Any) -> None:
    """Both databases' own types → the type of the models.

    Sealed text is opened on the way out and sealed on the way in: the backup can be restored
    where SECRET_KEY is another one.
    """
    kind = column["type"]
    if column["name"] in sealed_columns().get(table.name, ()):
        column["type"] = SealedBytes() if isinstance(kind, LargeBinary) else SealedText()
        return
    if isinstance(kind, DateTime):
        column["type"] = UtcDateTime()
    elif isinstance(kind, JSON):
        column["type"] = JsonValue
    elif isinstance(kind, CHAR) and kind.length == _UUID_CHARS:
        column["type"] = Uuid()  # how SQLite keeps it


def dumped(connection: Connection, table: Table) -> Iterator[dict[str, Any]]:
    """All rows in the order of their keys, a few in memory at a time."""
    query = select(table).order_by(*table.primary_key)
    stream = connection.execution_options(yield_per=_batch_of(table)).execute(query)
    for row in stream.mappings():
        yield {name: _written(value) for name, value in row.items()}


def _batch_of(table: Table) -> int:
    return _BATCH_OF_FILES if holds_files(table) else _BATCH


def _written(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return b64encode(value).decode()
    return value.isoformat() if isinstance(value, date) else value  # a datetime is a date


def load(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert dumped rows; references within the table are set once all of its rows are there."""
    readers = {column.name: _reader(column.type) for column in table.columns}
    own = _own_references(table)
    waiting = (
        {name: None if value is None else readers[name](value) for name, value in row.items()}
        for row in rows
    )
    parents: list[dict[str, Any]] = []
    while batch := list(islice(waiting, _batch_of(table))):
        for row in batch:
            if any(row[name] is not None for name in own):
                parents.append({f"_{name}": row[name] for name in (*_key(table), *own)})
        connection.execute(table.insert(), [row | dict.fromkeys(own) for row in batch])
    if parents:
        connection.execute(
            table.update()
            .where(*(table.c[name] == bindparam(f"_{name}") for name in _key(table)))
            .values({name: bindparam(f"_{name}") for name in own}),
            parents,
        )


def _key(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.primary_key)


def _own_references(table: Table) -> tuple[str, ...]:
    """Columns by which a row refers to another of its table."""
    return tuple(
        sorted(
            {
                column.name
                for constraint in table.foreign_key_constraints
                if constraint.referred_table is table
                for column in constraint.columns
                if not column.primary_key
            }
        )
    )


def _reader(kind: Any) -> Callable[[Any], Any]:
    if isinstance(kind, UtcDateTime):
        return datetime.fromisoformat
    if isinstance(kind, LargeBinary | SealedBytes):
        return b64decode
    if isinstance(kind, Date):
        return date.fromisoformat
    return UUID if isinstance(kind, Uuid) else lambda value: value
