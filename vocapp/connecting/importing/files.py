"""Reading CSV files that people made: encoding, delimiter, structure; memory is bounded.

A file is walked twice. The first walk decodes and splits every row and writes nothing, so
that a file that is broken anywhere is refused whole; the second hands out the rows.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from vocapp.problems import BadInput
from vocapp.spreadsheets import plain_name

MAX_LINE_CHARS = 2**20  # also what bounds the memory; a comment has at most 10,000
MAX_COLUMNS = 1000
_DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
_CHUNK = 2**20
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMES = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8 with BOM", "utf-16": "UTF-16", "cp932": "CP932"}


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A file whose structure was found to be sound. rows: how many follow the header."""

    path: Path
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    rows: int

    @property
    def description(self) -> str:
        """How it was read, in words."""
        return f"{_NAMES[self.encoding]}, separated by {_DELIMITERS[self.delimiter]}"


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row; `line` is where it begins, counted from 1."""

    line: int
    cells: tuple[str, ...]


def inspect(path: Path) -> CsvFile:
    """Find out how a file is written and whether it is whole.

    1. the encoding, over all of it; 2. the delimiter, from the header; 3. the structure.
    Raises BadInput naming line and column where the file cannot be read as a table.
    """
    encoding = _encoding_of(path)
    delimiter = _delimiter_of(path, encoding)
    records = _records(path, encoding, delimiter)
    header = _checked_header(next(records, None))
    rows = sum(1 for record in records if any(record.cells))
    if not rows:
        raise BadInput.of("file", "there is no row below the header")
    return CsvFile(path, encoding, delimiter, header, rows)


def rows_of(file: CsvFile) -> Iterator[Row]:
    """The rows below the header, one at a time; empty ones are left out."""
    records = _records(file.path, file.encoding, file.delimiter)
    next(records)
    return (record for record in records if any(record.cells))


# --- encoding and delimiter ---------------------------------------------------------------


def _encoding_of(path: Path) -> str:
    """By its byte order mark; else UTF-8 if all of it is; else CP932 (Excel in Japan)."""
    with path.open("rb") as file:
        start = file.read(4)
    marked = next((name for mark, name in _BYTE_ORDER_MARKS if start.startswith(mark)), None)
    if marked is not None:
        line = _undecodable_line(path, marked)
        if line is not None:
            raise BadInput.of(f"line {line}", f"is not {_NAMES[marked]}, as the file begins")
        return marked
    line = _undecodable_line(path, "utf-8")
    if line is None:
        return "utf-8"
    if _undecodable_line(path, "cp932") is None:
        return "cp932"
    raise BadInput.of(f"line {line}", "is neither UTF-8 nor CP932 (Shift_JIS); save it as UTF-8")


def _undecodable_line(path: Path, encoding: str) -> int | None:
    """The first line that is not in this encoding, or None."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            try:
                line += decoder.decode(chunk, final=not chunk).count("\n")
            except UnicodeDecodeError as exc:
                return line + exc.object[: exc.start].count(b"\n")
            if not chunk:
                return None


def _delimiter_of(path: Path, encoding: str) -> str:
    """The one that the header has most of, outside of quotes."""
    with _opened(path, encoding) as file:
        first = next(_lines(file), "")
    outside = "".join(first.split('"')[::2])
    return max(_DELIMITERS, key=outside.count)


# --- structure ----------------------------------------------------------------------------


def _opened(path: Path, encoding: str) -> TextIO:
    return path.open(encoding=encoding, newline="")


def _lines(file: TextIO) -> Iterator[str]:
    """Physical lines; refuses what no table has before it fills the memory."""
    number = 0
    while line := file.readline(MAX_LINE_CHARS + 1):
        number += 1
        if len(line) > MAX_LINE_CHARS:
            raise BadInput.of(f"line {number}", f"is longer than {MAX_LINE_CHARS:,} characters")
        if "\0" in line:
            place = f"line {number}, character {line.index(chr(0)) + 1}"
            raise BadInput.of(place, "a NUL; this is not a text file")
        yield line


def _records(path: Path, encoding: str, delimiter: str) -> Iterator[Row]:
    """Rows with the line on which each begins. Raises BadInput."""
    with _opened(path, encoding) as file:
        reader = csv.reader(_lines(file), delimiter=delimiter, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as exc:
                raise _broken(exc, line, reader.line_num) from exc
            if len(cells) > MAX_COLUMNS:
                raise BadInput.of(f"line {line}", f"{len(cells):,} columns; at most {MAX_COLUMNS}")
            yield Row(line, tuple(cells))


def _broken(exc: csv.Error, first: int, last: int) -> BadInput:
    """What is wrong with a row, by the words of the csv module."""
    text = str(exc)
    if "unexpected end" in text:
        return BadInput.of(f"line {first}", 'a quote (") is opened in this row and never closed')
    if "field limit" in text:
        limit = csv.field_size_limit()
        return BadInput.of(
            f"line {first}",
            f'a cell has more than {limit:,} characters; is a quote (") never closed?',
        )
    return BadInput.of(
        f"line {last}", 'a quote (") stands inside a cell; inside a quoted cell it is doubled ("")'
    )


def _checked_header(record: Row | None) -> tuple[str, ...]:
    if record is None or not any(cell.strip() for cell in record.cells):
        raise BadInput.of("line 1", "the names of the columns are missing")
    names = tuple(cell.strip() for cell in record.cells)
    seen: dict[str, int] = {}
    for number, name in enumerate(names, start=1):
        key = plain_name(name)
        if key and key in seen:
            place = f"line {record.line}, column {number}"
            raise BadInput.of(place, f"has the same name as column {seen[key]}")
        seen[key] = number
    return names


def misfit(file: CsvFile, cells: Sequence[str]) -> str | None:
    """Why these cells do not fit under the header, or None; empty ones at the end may be."""
    beyond = [number for number, cell in enumerate(cells, start=1) if cell.strip()]
    width = len(file.header)
    if len(cells) < width:
        return f"{len(cells)} cells under a header of {width}"
    if beyond and beyond[-1] > width:
        return f"column {beyond[-1]}: a value beyond the header of {width} columns"
    unnamed = [number for number in beyond if not file.header[number - 1]]
    return f"column {unnamed[0]}: a value in a column without a name" if unnamed else None
