"""Reads: files that were brought, how far they are, and what became of their rows."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from vocapp import outbox
from vocapp.connecting.importing.columns import Columns
from vocapp.connecting.importing.keeping import FILE_IMPORT, KEPT, Sample
from vocapp.connecting.importing.models import CHECKING, DROPPED, IMPORTING, FileImport
from vocapp.connecting.importing.service import Refusal, columns_for
from vocapp.database import scoped, snapshot
from vocapp.problems import NotFound
from vocapp.workspaces.models import User

MOST_LISTED = 100


@dataclass(frozen=True, slots=True)
class Kept:
    """A file in the list. counts: outcome of a row → rows, of the check or import that was last.

    who: None where it is not known any more. is_stuck: it was given up after too many errors.
    """

    id: UUID
    kind: str
    name: str
    state: str
    rows: int
    done: int
    counts: Counter[str]
    who: str | None
    came_at: datetime
    finished_at: datetime | None
    is_stuck: bool = False

    @property
    def is_working(self) -> bool:
        return self.state in {CHECKING, IMPORTING} and not self.is_stuck

    @property
    def to_import(self) -> int:
        """How many rows an import would take in."""
        return self.counts["stored"] + self.counts["changed"]

    @property
    def gone_at(self) -> datetime:
        return self.came_at + KEPT


@dataclass(frozen=True, slots=True)
class OneFile:
    """A file with what is told of it: nothing where it was dropped."""

    kept: Kept
    options: dict[str, Any]
    sample: Sample | None
    columns: Columns | None
    refusals: tuple[Refusal, ...]


def kept_files(workspace_id: UUID) -> list[Kept]:
    """The newest first."""
    with snapshot() as session:
        found = session.execute(
            select(FileImport, User.name)
            .outerjoin(User, User.id == FileImport.actor_user_id)
            .where(FileImport.workspace_id == workspace_id)
            .order_by(FileImport.created_at.desc(), FileImport.id)
            .limit(MOST_LISTED)
        )
        return [_kept(session, row, who) for row, who in found.all()]


def one_file(workspace_id: UUID, import_id: UUID) -> OneFile:
    """Raises NotFound."""
    with snapshot() as session:
        found = session.execute(
            select(FileImport, User.name)
            .outerjoin(User, User.id == FileImport.actor_user_id)
            .where(FileImport.workspace_id == workspace_id, FileImport.id == import_id)
        ).one_or_none()
        if found is None:
            raise NotFound("No such file.")
        row, who = found
        sample = Sample(**json.loads(row.sample)) if row.sample else None
        return OneFile(
            _kept(session, row, who),
            row.options,
            sample,
            columns_for(row.kind, sample.header) if sample else None,
            tuple(
                Refusal(line, tuple((column, message) for column, message in errors))
                for line, errors in json.loads(row.refusals or "[]")
            ),
        )


def _kept(session: Session, row: FileImport, who: str | None) -> Kept:
    is_working = row.state in {CHECKING, IMPORTING}
    return Kept(
        row.id, row.kind, row.name, row.state, row.rows, row.done, Counter(row.counts), who,
        row.created_at, row.finished_at,
        is_stuck=is_working
        and not outbox.is_waiting(session, row.workspace_id, FILE_IMPORT, row.id),
    )  # fmt: skip


def refused_rows(workspace_id: UUID, import_id: UUID) -> bytes:
    """The rejected rows as a CSV file, each with its line and reason. Raises NotFound."""
    with snapshot() as session:
        row = session.scalar(
            scoped(FileImport, workspace_id)
            .where(FileImport.id == import_id, FileImport.state != DROPPED)
            .options(undefer(FileImport.refused))
        )
        if row is None or row.refused is None:
            raise NotFound("No such file.")
        return row.refused
