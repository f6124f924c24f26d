"""Fixtures: people of a workspace, and pages' reading of the queue."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from vocapp.database import utcnow


@pytest.fixture
def handle() -> Any:
    """Works off the follow-up rows of responses, as a worker does."""
    from vocapp import outbox

    def work() -> None:
        while outbox.work_off("follow_up", now=utcnow()):
            pass
        assert not [row for row in outbox.backlog(now=utcnow()) if row.kind == "follow_up"]

    return work


@pytest.fixture
def count_statements() -> Any:
    """`with count_statements() as counted: …`, then `counted.n`: statements that read, and
    `counted.texts`: which.
    """
    from contextlib import contextmanager
    from types import SimpleNamespace

    from sqlalchemy import event

    from vocapp.extensions import db

    @contextmanager
    def counting() -> Any:
        counted = SimpleNamespace(n=0, texts=[])

        def count(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            if statement.lstrip().upper().startswith(("SELECT", "WITH")):
                counted.n += 1
                counted.texts.append(statement)

        event.listen(db.engine, "before_cursor_execute", count)
        yield counted
        event.remove(db.engine, "before_cursor_execute", count)

    return counting


@pytest.fixture
def case_of() -> Any:
    """The case of an answer as it is stored now: `case_of(api.respond(…).json["id"])`."""
    from sqlalchemy import select

    from vocapp.database import snapshot
    from vocapp.following_up.models import FollowUp

    def find(response_id: str) -> FollowUp:
        with snapshot() as session:
            return session.scalars(
                select(FollowUp)
                .where(FollowUp.response_id == UUID(response_id))
                .execution_options(voc_all_workspaces=True)
            ).one()

    return find


@pytest.fixture
def lines_of() -> Any:
    """The timeline of a case, oldest first: `lines_of(case)` gives its entries."""
    from vocapp.database import scoped, snapshot
    from vocapp.following_up.models import FollowUpEntry

    def read(case: Any) -> list[FollowUpEntry]:
        with snapshot() as session:
            return list(
                session.scalars(
                    scoped(FollowUpEntry, case.workspace_id)
                    .where(FollowUpEntry.follow_up_id == case.id)
                    .order_by(FollowUpEntry.at, FollowUpEntry.id)
                )
            )

    return read


@pytest.fixture
def desk_of(handle: Any, case_of: Any, colleague: Any) -> Any:
    """A case of somebody with an address: `desk_of(api)`."""
    from tests.following_up.desk import Desk

    def make(api: Any) -> Any:
        api.survey()
        answered = api.respond(
            score=1, comment="The report is empty every Friday", account={"external_id": "acme"},
            contact={"external_id": "u1", "name": "Mika Sato", "email": "mika@example.jp"},
        )  # fmt: skip
        handle()
        me = colleague(api.workspace_id, name="Aiko")
        return Desk(case_of(answered.json["id"]), me)

    return make


@pytest.fixture
def desk(api: Any, desk_of: Any) -> Any:
    return desk_of(api)
