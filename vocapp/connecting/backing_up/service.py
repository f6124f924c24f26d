"""Use cases: save the whole database while it is in use; put it back.

One way for both databases: all tables read in one snapshot. It waits for nobody and nobody
waits for it, and what was acknowledged before it began is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from flask_migrate import downgrade, upgrade
from sqlalchemy import Connection, Table, select, text
from sqlalchemy.orm import Session

from vocapp.connecting.backing_up.archive import Archive, Manifest, Writer
from vocapp.connecting.backing_up.tables import dumped, load, tables_of
from vocapp.connecting.whole_files import whole_file
from vocapp.database import insert_into, scoped, snapshot, transaction
from vocapp.distributing.models import Suppression
from vocapp.outbox import Pending
from vocapp.people.models import Tombstone
from vocapp.people.service import replay_erasures
from vocapp.problems import BadInput, Conflict
from vocapp.signing import keyed_hash
from vocapp.workspaces.models import Workspace

# Who is signed in, and who tried to, is nobody's to bring back; their rows stay out.
_FLEETING = frozenset(("user_session", "password_reset", "sign_in_attempt"))
# What people asked for holds on: it is carried over from the database that is replaced.
_CARRIED = (Tombstone, Suppression)

Tell = Callable[[int], None]


def back_up(path: Path, *, now: datetime, tell: Tell) -> Manifest:
    """Write every table into one file. tell: called with how many rows are written."""
    with whole_file(path) as file, snapshot() as session:
        connection = session.connection()
        revision = _revision(connection)
        if revision is None:
            raise Conflict("There are no tables to back up; `voc init` makes them.")
        writer = Writer(file)
        for table in tables_of(connection):
            rows = () if table.name in _FLEETING else dumped(connection, table)
            writer.write(table.name, rows, tell=tell)
        return writer.close(
            revision=revision,
            made_at=now,
            database=connection.dialect.name,
            key_check=key_check(),
        )


def restore(path: Path, *, force: bool, now: datetime, tell: Tell) -> Manifest:
    """Put a backup into an empty database; with `force` in place of what is there.

    1. the file is whole; 2. the tables are those of the backup's version; 3. all rows in one
    transaction, what people asked for since then on top; 4. the tables of this version.
    Raises BadInput for a file that is no whole backup, Conflict when the database is not empty.
    """
    archive = Archive(path)
    revision = archive.manifest.revision
    _prepare_tables(revision, force=force)
    with transaction() as session:
        tables = tables_of(session.connection())
        _lock(session, tables)
        if not force and not _is_empty(session.connection(), tables):
            raise _not_empty()
        carried = _carried(session) if force else []
        _replace(session.connection(), tables, archive, tell)
        _carry_over(session, carried)
        if force:
            for workspace_id in session.scalars(select(Workspace.id)):
                replay_erasures(session, workspace_id, now=now)
    upgrade()
    return archive.manifest


def key_check() -> str:
    """Equal for equal signing keys, and says nothing of the key."""
    return keyed_hash("backup", "key check")


# --- tables -------------------------------------------------------------------------------


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _prepare_tables(revision: str, *, force: bool) -> None:
    """Bring the tables to a backup's revision. With rows in them only the newest will do."""
    config = current_app.extensions["migrate"].migrate.get_config()
    newest_first = [each.revision for each in ScriptDirectory.from_config(config).walk_revisions()]
    if revision not in newest_first:
        raise BadInput.of("file", f"is of revision {revision}, which this version does not know")
    with snapshot() as session:
        current = _revision(session.connection())
        is_empty = _is_empty(session.connection(), tables_of(session.connection()))
    if is_empty:
        _move(newest_first, current, revision)
    elif not force:
        raise _not_empty()
    else:
        upgrade()
        if revision != newest_first[0]:
            raise Conflict(
                f"The backup is of revision {revision}, the database of {newest_first[0]}: "
                "restore it into an empty database, where it is brought up to date."
            )


def _move(newest_first: list[str], current: str | None, wanted: str) -> None:
    if current is not None and newest_first.index(current) < newest_first.index(wanted):
        downgrade(revision=wanted)
    else:
        upgrade(revision=wanted)


def _is_empty(connection: Connection, tables: list[Table]) -> bool:
    return not any(connection.execute(select(table).limit(1)).first() for table in tables)


def _not_empty() -> Conflict:
    return Conflict(
        "The database is not empty. A backup is restored into an empty one; "
        "--force replaces what is there."
    )


def _lock(session: Session, tables: list[Table]) -> None:
    """Nobody writes between looking and replacing; SQLite's writer has locked already."""
    if session.get_bind().dialect.name == "postgresql":
        names = ", ".join(f'"{table.name}"' for table in tables)
        session.execute(text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))


# --- rows ---------------------------------------------------------------------------------


def _replace(connection: Connection, tables: list[Table], archive: Archive, tell: Tell) -> None:
    """Delete every row and insert those of the backup; work that was leased is free again."""
    for table in reversed(tables):
        connection.execute(table.delete())
    done = 0
    for table in tables:
        load(connection, table, _told(archive.rows(table.name), done, tell))
        done += archive.manifest.tables[table.name].rows
    tell(done)
    outbox = next(table for table in tables if table.name == Pending.__tablename__)
    connection.execute(outbox.update().values(lease_until=None, lease_token=None))


def _told(rows: Iterator[dict[str, Any]], before: int, tell: Tell) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(rows, start=1):
        if number % 1000 == 0:
            tell(before + number)
        yield row


def _carried(session: Session) -> list[tuple[type[Any], dict[str, Any]]]:
    """Tombstones and suppressions of the database that is replaced."""
    workspaces = session.scalars(select(Workspace.id)).all()
    return [
        (model, {column.name: getattr(row, column.name) for column in model.__table__.columns})
        for workspace_id in workspaces
        for model in _CARRIED
        for row in session.scalars(scoped(model, workspace_id))
    ]


def _carry_over(session: Session, carried: list[tuple[type[Any], dict[str, Any]]]) -> None:
    """Into those workspaces that the backup has, too."""
    known = set(session.scalars(select(Workspace.id))) if carried else set()
    for model, values in carried:
        if values["workspace_id"] in known:
            insert = insert_into(session, model).values(**values).on_conflict_do_nothing()
            session.execute(insert)
