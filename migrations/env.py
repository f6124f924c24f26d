"""Alembic's environment: the application's own engine and tables, one transaction a migration."""

from __future__ import annotations

from alembic import context
from flask import current_app

database = current_app.extensions["migrate"].db


def run_migrations() -> None:
    """Upgrade or downgrade on a connection that SQLite opens as a writer."""
    engine = database.engine.execution_options(voc_writer=True)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            render_as_batch=True,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Offline migrations are not supported: some of them look at the rows.")
run_migrations()
