"""Use cases: a file is brought, looked at, imported or taken away again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.connecting.importing.files import CsvFile, rows_of
from vocapp.connecting.importing.models import (
    CHECKED,
    CHECKING,
    DROPPED,
    IMPORTED,
    IMPORTING,
    FileImport,
)
from vocapp.connecting.importing.service import look_at
from vocapp.database import scoped, transaction, uuid7
from vocapp.people.models import Contact
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.spreadsheets import text_of_file
from vocapp.workspaces.service import audit

FILE_IMPORT, FORGET_FILE = "file_import", "forget_file"
MAX_FILE_BYTES = 10 * 1024 * 1024
KEPT = timedelta(days=14)
_SAMPLE_ROWS, _SAMPLE_CHARS = 3, 80


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file as somebody brings it.

    survey_key: of answers in rows that name no survey. follow_up: whether answers open follow-ups.
    time_zone: of times without an offset.
    """

    kind: str
    name: str
    content: bytes
    time_zone: str
    survey_key: str | None = None
    follow_up: bool = False

    def options(self) -> dict[str, Any]:
        return {
            "time_zone": self.time_zone, "survey_key": self.survey_key, "follow_up": self.follow_up,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample:
    """How a file was read, and the beginnings of its first rows."""

    description: tuple[str, str]  # encoding, what separates
    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    @classmethod
    def of(cls, file: CsvFile) -> Sample:
        rows = [
            [cell[:_SAMPLE_CHARS] for cell in row.cells]
            for row in islice(rows_of(file), _SAMPLE_ROWS)
        ]
        return cls((file.encoding, file.delimiter), file.header, rows)


def keep_file(
    workspace_id: UUID, new: NewFile, *, actor_user_id: UUID | None, now: datetime
) -> UUID:
    """Look at the whole file, keep it and have it checked row by row. Raises BadInput naming the
    line where it cannot be read as a table of its kind."""
    if len(new.content) > MAX_FILE_BYTES:
        raise BadInput.of("file", "is too large")
    with TemporaryDirectory(prefix="voc-import-") as folder:
        path = Path(folder) / "file.csv"
        path.write_bytes(new.content)
        file, _ = look_at(new.kind, path)
        sample = Sample.of(file)
    kept = FileImport(
        workspace_id=workspace_id, id=uuid7(), kind=new.kind, name=new.name, options=new.options(),
        size=len(new.content), rows=file.rows, state=CHECKING, content=new.content,
        sample=json.dumps(asdict(sample), ensure_ascii=False), actor_user_id=actor_user_id,
        created_at=now,
    )  # fmt: skip
    with transaction() as session:
        session.add(kept)
        outbox.add(session, workspace_id, FILE_IMPORT, kept.id, now=now)
        outbox.add(session, workspace_id, FORGET_FILE, kept.id, now=now, due_at=now + KEPT)
    outbox.ring(FILE_IMPORT)
    return kept.id


def begin_import(
    workspace_id: UUID, import_id: UUID, *, actor_user_id: UUID | None, now: datetime
) -> None:
    """Have a file imported that was checked. Raises NotFound, or Conflict where that is being
    done or was done already."""
    with transaction() as session:
        kept = _locked(session, workspace_id, import_id)
        if kept.state != CHECKED:
            raise Conflict("This file is not waiting to be imported.")
        kept.state, kept.done, kept.counts = IMPORTING, 0, {}
        kept.actor_user_id = actor_user_id
        outbox.add(session, workspace_id, FILE_IMPORT, import_id, now=now)
        audit(
            session, workspace_id, "file_import.begun", now=now, actor_user_id=actor_user_id,
            subject=kept, detail={"file_kind": kept.kind, "rows": kept.rows},
        )  # fmt: skip
    outbox.ring(FILE_IMPORT)


def go_on(workspace_id: UUID, import_id: UUID, *, now: datetime) -> None:
    """Have a check or an import that was given up done after all. Raises NotFound."""
    with transaction() as session:
        kept = _locked(session, workspace_id, import_id)
        if kept.state in {CHECKING, IMPORTING}:
            outbox.ask_now(session, workspace_id, FILE_IMPORT, import_id, now=now)
    outbox.ring(FILE_IMPORT)


def remove_file(
    workspace_id: UUID, import_id: UUID, *, actor_user_id: UUID | None, now: datetime
) -> None:
    """Take a file away, and what is told of it; what was imported stays. Raises NotFound, or
    Conflict while it is being imported."""
    with transaction() as session:
        kept = _locked(session, workspace_id, import_id)
        if kept.state == IMPORTING:
            raise Conflict("The file is being imported.")
        session.delete(kept)
        audit(
            session, workspace_id, "file_import.removed", now=now, actor_user_id=actor_user_id,
            subject=kept, detail={"file_kind": kept.kind, "rows": kept.rows},
        )  # fmt: skip


def _locked(session: Session, workspace_id: UUID, import_id: UUID) -> FileImport:
    kept = session.scalar(
        scoped(FileImport, workspace_id).where(FileImport.id == import_id).with_for_update()
    )
    if kept is None:
        raise NotFound("No such file.")
    return kept


# --- files do not stay ---------------------------------------------------------------------


def forget_files(session: Session, rows: Sequence[outbox.Pending]) -> None:
    """Outbox kind `forget_file`: two weeks after it came, nothing of a file is left here."""
    for row in rows:
        session.execute(
            delete(FileImport).where(
                FileImport.workspace_id == row.workspace_id, FileImport.id == row.subject_id
            )
        )


def forget_person(session: Session, workspace_id: UUID, contact_id: UUID) -> None:
    """Drop the files that name a person; one at a time, as each may have megabytes."""
    contact = session.get_one(Contact, (workspace_id, contact_id))
    names = (contact.external_id, contact.email, contact.phone, contact.name)
    words = {word.casefold() for word in names if word}
    held = scoped(FileImport, workspace_id).where(FileImport.state != DROPPED)
    for import_id in session.scalars(held.with_only_columns(FileImport.id)).all():
        kept = session.scalars(
            scoped(FileImport, workspace_id).where(FileImport.id == import_id).with_for_update()
        ).one()
        if _says_one_of(kept, words):
            session.execute(
                update(FileImport)
                .where(FileImport.workspace_id == workspace_id, FileImport.id == import_id)
                .values(
                    content=None, refused=None, refusals=None, sample=None, name="",
                    state=IMPORTED if kept.state == IMPORTED else DROPPED,
                )
            )  # fmt: skip
        session.expunge(kept)


def _says_one_of(kept: FileImport, words: set[str]) -> bool:
    """Whether a file holds one of the words, or may: what cannot be read is taken to."""
    texts = [kept.name, kept.sample or "", kept.refusals or ""]
    try:
        texts += [text_of_file(part) for part in (kept.content, kept.refused) if part is not None]
    except UnicodeDecodeError:
        return True
    return any(word in text.casefold() for text in texts for word in words)
