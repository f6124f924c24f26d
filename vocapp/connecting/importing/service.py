"""Use case: import a file, row by row, so that it can be repeated at any point.

Rows are stored in batches of one transaction each. What cannot be taken goes to a file of
its own, with line and reason in front of the row's own cells, to be corrected and imported.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from vocapp.api_documents import refuse_unstorable
from vocapp.connecting.importing import bodies
from vocapp.connecting.importing.columns import (
    EVENT_WORDS,
    REJECTED_LINE,
    REJECTED_REASON,
    Columns,
    columns_of,
)
from vocapp.connecting.importing.events import Events
from vocapp.connecting.importing.files import CsvFile, Row, inspect, misfit, rows_of
from vocapp.connecting.importing.kinds import WORDS_OF
from vocapp.connecting.importing.people import Accounts, Contacts
from vocapp.connecting.importing.responses import Responses
from vocapp.connecting.importing.tally import Outcome, Tally
from vocapp.problems import BadInput, Problem
from vocapp.spreadsheets import restored_cell, safe_cell
from vocapp.workspaces.office.places import country_of

_BATCH = 500
MOST_TOLD = 100


class Importer(Protocol):
    """What knows one kind of row. `parse` raises BadInput; the others keep the order."""

    def parse(self, values: Mapping[str, Any]) -> Any: ...

    def preview(self, items: Sequence[Any]) -> list[Outcome]: ...

    def store(self, items: Sequence[Any]) -> list[Outcome]: ...


@dataclass(frozen=True, slots=True)
class Options:
    """How to import. time_zone: of times without an offset."""

    time_zone: str
    survey_key: str | None = None
    dry_run: bool = False
    follow_up: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row was rejected. errors: (column as the file writes it, message) of each fault."""

    line: int
    errors: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Import:
    """A file that is ready to be imported. refusals: of the first rows that were rejected."""

    file: CsvFile
    columns: Columns
    rejected: Path
    dry_run: bool
    _importer: Importer
    tally: Tally = field(default_factory=Tally)
    refusals: list[Refusal] = field(default_factory=list)

    def run(self) -> Iterator[int]:
        """Import, or only look with `dry_run`; yields how many rows are done."""
        with _Rejected(self.file, self.rejected) as rejected:
            for batch in _batches(rows_of(self.file)):
                outcomes = self._batch(batch)
                for row, outcome in zip(batch, outcomes, strict=True):
                    if isinstance(outcome, Problem):
                        said = bodies.reasons(outcome.errors, outcome.detail, self.columns)
                        rejected.write(row, "; ".join(": ".join(filter(None, e)) for e in said))
                        if len(self.refusals) < MOST_TOLD:
                            self.refusals.append(Refusal(row.line, said))
                self.tally.add(outcomes)
                yield self.tally.done

    def _batch(self, rows: Sequence[Row]) -> list[Outcome]:
        parsed = [self._parse(row) for row in rows]
        items = [item for item in parsed if not isinstance(item, Problem)]
        act = self._importer.preview if self.dry_run else self._importer.store
        outcomes = iter(act(items))
        return [item if isinstance(item, Problem) else next(outcomes) for item in parsed]

    def _parse(self, row: Row) -> Any:
        problem = misfit(self.file, row.cells)
        if problem is not None:
            return BadInput.of("row", problem)
        values = bodies.values_of(self.columns, row.cells)
        try:
            refuse_unstorable(values)  # quoted text may hold any character
            return self._importer.parse(values)
        except Problem as exc:
            return exc


def _batches(rows: Iterator[Row]) -> Iterator[Sequence[Row]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch


def look_at(kind: str, path: Path) -> tuple[CsvFile, Columns]:
    """Whether a file can be imported at all, and which column is which. Raises BadInput."""
    file = inspect(path)
    columns = columns_for(kind, file.header)
    if kind == "events":
        _only_known(columns)
    return file, columns


def columns_for(kind: str, header: Sequence[str]) -> Columns:
    """Which column is which in a file of this kind. Raises BadInput."""
    return columns_of(header, WORDS_OF[kind])


def open_import(
    workspace_id: UUID, kind: str, path: Path, options: Options, *, now: datetime
) -> Import:
    """Look at the whole file before anything is written. Raises BadInput."""
    file, columns = look_at(kind, path)
    return Import(
        file=file,
        columns=columns,
        rejected=rejected_path(path),
        dry_run=options.dry_run,
        _importer=_importer(workspace_id, kind, path, options, now=now),
    )


def _only_known(columns: Columns) -> None:
    """An event has no attributes: a column that is no field of it would be lost silently."""
    for number, name in enumerate(columns.fields, start=1):
        if name is not None and name not in EVENT_WORDS:
            known = ", ".join(EVENT_WORDS)
            raise BadInput.of(f"line 1, column {number}", f"is no field of an event ({known})")


def _importer(
    workspace_id: UUID, kind: str, path: Path, options: Options, *, now: datetime
) -> Importer:
    zone = ZoneInfo(options.time_zone)
    if kind == "events":
        return Events(workspace_id, zone, now)
    if kind == "responses":
        return Responses(workspace_id, options.survey_key, zone, options.follow_up, now)
    written = min(datetime.fromtimestamp(path.stat().st_mtime, UTC), now)
    if kind == "contacts":
        region = country_of(options.time_zone)
        return Contacts(workspace_id, as_of=written, now=now, region=region)
    return Accounts(workspace_id, as_of=written, now=now)


def rejected_path(path: Path) -> Path:
    """
    >>> rejected_path(Path("people.csv")).name, rejected_path(Path("people")).name
    ('people.rejected.csv', 'people.rejected.csv')
    """
    stem = path.name.removesuffix(path.suffix) if path.suffix.lower() == ".csv" else path.name
    return path.with_name(f"{stem}.rejected.csv")


class _Rejected:
    """The file of rejected rows; there is none when nothing was rejected. A spreadsheet runs none
    of its cells, and reading it again takes them as they came."""

    def __init__(self, source: CsvFile, path: Path) -> None:
        self._source, self._path = source, path
        self._stack = ExitStack()
        self._writer: Any = None

    def __enter__(self) -> _Rejected:
        self._path.unlink(missing_ok=True)  # of an earlier run
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def write(self, row: Row, reason: str) -> None:
        if self._writer is None:
            # As the file came, so that what opened it opens this; CP932 lacks our reasons' words.
            encoding = "utf-8" if self._source.encoding == "utf-8" else "utf-8-sig"
            opened = self._path.open("w", encoding=encoding, newline="")
            file = self._stack.enter_context(opened)
            self._writer = csv.writer(file, delimiter=self._source.delimiter)
            self._writer.writerow([REJECTED_LINE, REJECTED_REASON, *self._source.header])
        cells = [safe_cell(restored_cell(cell)) for cell in row.cells]
        self._writer.writerow([row.line, reason, *cells])
