"""Pending work: a file that somebody brought is checked, or imported."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.connecting.importing.models import (
    CHECKED,
    CHECKING,
    IMPORTED,
    IMPORTING,
    FileImport,
)
from vocapp.connecting.importing.service import Import, Options, Refusal, open_import
from vocapp.database import give_way_to_writers, scoped, snapshot, transaction, utcnow
from vocapp.workspaces.service import audit


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be done with a file, and how far an attempt before this one came."""

    workspace_id: UUID
    id: UUID
    state: str
    kind: str
    options: Mapping[str, Any]
    content: bytes
    came_at: datetime
    done: int
    counts: Counter[str]


class _Gone(Exception):
    """The file was taken away while it was worked on."""


def work_on_files(rows: Sequence[outbox.Pending]) -> list[outbox.Outcome]:
    """Outbox work: check or import each file."""
    return [_worked_on(row) for row in rows]


def _worked_on(row: outbox.Pending) -> outbox.Outcome:
    work = _work_of(row.workspace_id, row.subject_id)
    if work is None:
        return _nothing_more
    with TemporaryDirectory(prefix="voc-import-") as folder:
        path = Path(folder) / "file.csv"
        path.write_bytes(work.content)
        # What it says holds since it came, whenever a worker gets to it.
        os.utime(path, (work.came_at.timestamp(),) * 2)
        options = Options(**work.options, dry_run=work.state == CHECKING)
        opened = open_import(work.workspace_id, work.kind, path, options, now=utcnow())
        try:
            counts = _run(work, opened)
        except _Gone:
            return _nothing_more
        refused = opened.rejected.read_bytes() if opened.rejected.exists() else None
    return partial(_finish, work=work, counts=counts, refusals=opened.refusals, refused=refused)


def _work_of(workspace_id: UUID, import_id: UUID) -> _Work | None:
    with snapshot() as session:
        kept = session.scalar(scoped(FileImport, workspace_id).where(FileImport.id == import_id))
        if kept is None or kept.content is None or kept.state not in {CHECKING, IMPORTING}:
            return None
        return _Work(
            workspace_id, import_id, kept.state, kept.kind, kept.options, kept.content,
            kept.created_at, kept.done, Counter(kept.counts),
        )  # fmt: skip


def _run(work: _Work, opened: Import) -> dict[str, int]:
    """What became of the rows. Those that an attempt before stored would now be unchanged, so they
    count as they did then. Raises _Gone."""
    before: Counter[str] = Counter()
    counts = work.counts
    for done in opened.run():
        if done <= work.done:
            before = Counter(opened.tally.counts)
            continue
        counts = Counter(work.counts)
        counts.update(opened.tally.counts)
        counts.subtract(before)
        _say(work, done, +counts)
        give_way_to_writers()
    return dict(counts)


def _say(work: _Work, done: int, counts: Mapping[str, int]) -> None:
    """How far it is, for whoever waits at the page and for an attempt after this one."""
    with transaction() as session:
        _set(session, work, done=done, counts=dict(counts))


def _set(session: Session, work: _Work, **values: Any) -> FileImport:
    """Raises _Gone."""
    kept = session.scalar(
        update(FileImport)
        .where(
            FileImport.workspace_id == work.workspace_id, FileImport.id == work.id,
            FileImport.state == work.state,
        )
        .values(values)
        .returning(FileImport)
    )  # fmt: skip
    if kept is None:
        raise _Gone
    return kept


def _finish(
    session: Session,
    *,
    work: _Work,
    counts: dict[str, int],
    refusals: Sequence[Refusal],
    refused: bytes | None,
) -> None:
    now = utcnow()
    found = {"counts": counts, "refusals": told(refusals), "refused": refused}
    try:
        if work.state == CHECKING:
            _set(session, work, **found, state=CHECKED)
            return
        kept = _set(session, work, **found, state=IMPORTED, content=None, finished_at=now)
    except _Gone:
        return
    audit(
        session, work.workspace_id, "file_import.done", now=now, subject=kept,
        actor_user_id=kept.actor_user_id,
        detail={
            "file_kind": kept.kind, "rows_new": counts.get("stored", 0),
            "rows_changed": counts.get("changed", 0), "rows_refused": counts.get("rejected", 0),
        },
    )  # fmt: skip


def _nothing_more(_: Session) -> None:
    """The file is gone, or was worked on already."""


def told(refusals: Sequence[Refusal]) -> str:
    """As they are kept: [[line, [[column, message], …]], …]."""
    return json.dumps([astuple(each) for each in refusals], ensure_ascii=False)
