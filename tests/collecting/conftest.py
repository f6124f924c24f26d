"""What tests of answering share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from flask import Flask

from vocapp import outbox
from vocapp.database import snapshot, utcnow
from vocapp.extensions import db


@pytest.fixture
def digest_of_tables(app: Flask) -> Callable[[], str]:
    """A digest over every row of every table: equal means that nothing was written."""

    def digest() -> str:
        found = hashlib.sha256()
        with snapshot() as session:
            for table in db.metadata.sorted_tables:
                rows = sorted(repr(row) for row in session.execute(table.select()))
                found.update(f"{table.name}{rows}".encode())
        return found.hexdigest()

    return digest


@pytest.fixture
def count_answers() -> Callable[[], None]:
    """Moves the cells for what has come in, without the slower work."""

    def count() -> None:
        while outbox.work_off("measure", now=utcnow()):
            pass

    return count
