"""Alembic's environment: the application's own engine and tables, one transaction a migration."""

from __future__ import annotations

import warnings

from alembic import context
from flask import current_app
from sqlalchemy import Connection
from sqlalchemy.exc import SAWarning

database = current_app.extensions["migrate"].db


def run_migrations() -> None:
    """Upgrade or downgrade on a connection that SQLite opens as a writer."""
    # Whoever copies a table reads those that it refers to as well. A test watches that no index
    # over an expression is lost, so this says nothing to who upgrades.
    warnings.filterwarnings("ignore", "Skipped unsupported reflection", SAWarning)
    engine = database.engine.execution_options(voc_writer=True)
    with engine.connect() as connection:
        _leave_dependents_alone(connection)
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            render_as_batch=True,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


def _leave_dependents_alone(connection: Connection) -> None:
    """Batch mode makes a table anew and drops the old one; with foreign keys on, SQLite would
    delete every row that hangs on its rows (https://sqlite.org/lang_altertable.html, section 7).

    The connection leaves the pool, so that no request ever gets it in this state.
    """
    if connection.dialect.name != "sqlite":
        return
    connection.detach()
    opened = connection.connection.dbapi_connection
    if opened is None:
        raise RuntimeError("migrations: no connection to SQLite")
    cursor = opened.cursor()
    cursor.execute("PRAGMA foreign_keys=OFF")
    cursor.close()


if context.is_offline_mode():
    raise SystemExit("Offline migrations are not supported: some of them look at the rows.")
run_migrations()
