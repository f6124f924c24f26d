"""Filling a database with many rows at once, by the fast way that each kind of database has.

Indexes are dropped before and made again afterwards from the definitions that the database itself
gave, so that the schema at the end is the one of the migrations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection

from benchmarks.databases import vacuum
from vocapp.extensions import db


def bulk_load(tables: Sequence[str]) -> AbstractContextManager[Connection]:
    """A connection on which to fill these tables, in one transaction; committed at the end.

    Foreign keys are not checked: they have to hold by construction.
    """
    return _sqlite(tables) if db.engine.dialect.name == "sqlite" else _postgresql(tables)


@contextmanager
def _sqlite(tables: Sequence[str]) -> Iterator[Connection]:
    """Without a journal: a load that dies has to begin again anyway."""
    with db.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.rollback()
        for pragma in (
            "wal_checkpoint(TRUNCATE)", "journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF",
            "secure_delete=OFF", "cache_size=-400000", "threads=2", "locking_mode=EXCLUSIVE",
        ):  # fmt: skip
            raw.execute(f"PRAGMA {pragma}").fetchall()
        indexes = _sqlite_indexes(raw, tables)
        for name in indexes:
            connection.exec_driver_sql(f'DROP INDEX "{name}"')
        yield connection
        for definition in indexes.values():
            connection.exec_driver_sql(definition)
        connection.commit()
        raw.execute("PRAGMA locking_mode=NORMAL").fetchall()
        raw.execute("PRAGMA journal_mode=WAL").fetchall()
        connection.invalidate()  # its settings must not come back from the pool
    db.engine.dispose()


def _sqlite_indexes(raw: Any, tables: Sequence[str]) -> dict[str, str]:
    named = ", ".join(f"'{table}'" for table in tables)
    rows = raw.execute(
        f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
        f"AND tbl_name IN ({named}) ORDER BY name"
    )
    return dict(rows.fetchall())


@contextmanager
def _postgresql(tables: Sequence[str]) -> Iterator[Connection]:
    """In one transaction with the TRUNCATE: with `wal_level=minimal` COPY then writes no WAL."""
    with db.engine.connect() as connection:
        indexes = _postgresql_indexes(connection, tables)
        connection.execute(text("SET TIME ZONE 'UTC'"))
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
        connection.execute(text(f"TRUNCATE {', '.join(tables)} CASCADE"))
        for name in indexes:
            connection.execute(text(f'DROP INDEX "{name}"'))
        yield connection
        for definition in indexes.values():
            connection.execute(text(definition))
        connection.commit()
    vacuum(db.engine)


def _postgresql_indexes(connection: Connection, tables: Sequence[str]) -> dict[str, str]:
    """Indexes that no constraint needs: those of keys stay, and grow at their end."""
    rows = connection.execute(
        text(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' "
            "AND tablename = ANY(:tables) AND indexname NOT IN (SELECT conname FROM pg_constraint) "
            "ORDER BY indexname"
        ),
        {"tables": list(tables)},
    )
    return {name: definition for name, definition in rows}
