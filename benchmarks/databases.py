"""A database for a benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine, make_url, text

SERVER = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"


@contextmanager
def database(kind: str, name: str, *, server: str = SERVER, keep: bool = False) -> Iterator[str]:
    """The URL of a database; on PostgreSQL it is made where it is not there, and dropped again.

    kind: sqlite (then the URL is empty: a file in the data folder) or postgresql.
    """
    if kind == "sqlite":
        yield ""
        return
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        known = text("SELECT 1 FROM pg_database WHERE datname = :name")
        if connection.scalar(known, {"name": name}) is None:
            connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    if not keep:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def vacuum(engine: Engine) -> None:
    """Statistics, and which pages everybody sees: what PostgreSQL's autovacuum does within the
    hour. Nothing to do on SQLite."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (ANALYZE)"))
