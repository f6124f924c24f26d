"""The file of a backup: a ZIP of one JSON-lines file a table, and a manifest.

Both kinds of database are written alike, so that a backup of one restores into the other.
The manifest tells the schema's revision and, for each table, how many rows and which digest;
it is written last, so that a file that was cut off has none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile
from zlib import error as ZlibError

from vocapp.problems import BadInput

FORMAT = 1
_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class TableFile:
    """What the manifest says of a table. digest: SHA-256 of its lines."""

    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a backup. key_check: tells whether two installations share a signing key."""

    revision: str
    made_at: str
    database: str
    key_check: str
    tables: Mapping[str, TableFile]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())


class Writer:
    """Writes a backup, table after table, then the manifest."""

    def __init__(self, out: BinaryIO) -> None:
        self._zip = ZipFile(out, "w", ZIP_DEFLATED)
        self._tables: dict[str, TableFile] = {}

    def write(
        self, table: str, rows: Iterable[dict[str, Any]], *, tell: Callable[[int], None]
    ) -> None:
        """tell: called with how many rows of all tables were written so far."""
        digest, count = hashlib.sha256(), 0
        before = sum(each.rows for each in self._tables.values())
        with self._zip.open(_member(table), "w", force_zip64=True) as member:
            for row in rows:
                line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
                digest.update(line)
                member.write(line)
                count += 1
                if count % 1000 == 0:
                    tell(before + count)
        self._tables[table] = TableFile(count, digest.hexdigest())
        tell(before + count)

    def close(self, *, revision: str, made_at: datetime, database: str, key_check: str) -> Manifest:
        manifest = Manifest(revision, made_at.isoformat(), database, key_check, self._tables)
        self._zip.writestr(_MANIFEST, json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1))
        self._zip.close()
        return manifest


class Archive:
    """A backup that was found to be whole."""

    def __init__(self, path: Path) -> None:
        """Read every byte and compare it with the manifest. Raises BadInput."""
        try:
            self._zip = ZipFile(path)
            self.manifest = self._read_manifest()
            for name, expected in self.manifest.tables.items():
                if self._digest(name) != expected:
                    raise BadInput.of("file", f"the rows of {name} are not those that were saved")
        except (BadZipFile, ZlibError, EOFError) as exc:
            raise BadInput.of("file", "is not a backup, or was cut off or damaged") from exc

    def _read_manifest(self) -> Manifest:
        try:
            raw = json.loads(self._zip.read(_MANIFEST))
            if raw.pop("format") != FORMAT:
                raise BadInput.of("file", "was made by a newer version of voc")
            raw["tables"] = {name: TableFile(**each) for name, each in raw["tables"].items()}
            return Manifest(**raw)
        except (KeyError, ValueError, TypeError, AttributeError) as exc:
            raise BadInput.of("file", "is not a backup of voc") from exc

    def _digest(self, table: str) -> TableFile:
        digest, count = hashlib.sha256(), 0
        for line in self._lines(table):
            digest.update(line)
            count += 1
        return TableFile(count, digest.hexdigest())

    def _lines(self, table: str) -> Iterator[bytes]:
        try:
            member = self._zip.open(_member(table))
        except KeyError as exc:
            raise BadInput.of("file", f"the table {table} is missing") from exc
        with member:
            yield from member

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """The rows of a table as they were written."""
        return (json.loads(line) for line in self._lines(table))


def _member(table: str) -> str:
    return f"tables/{table}.jsonl"
