"""Files with the texts of a survey: written for translators and read as they come back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from surveys.survey_strings import Line, lines_of_table, table
from surveys.xliff import read_xliff
from vocapp.problems import BadInput
from vocapp.spreadsheets import csv_lines, restored_cell
from vocapp.translating import gettext as _

MAX_FILE_BYTES = 1_000_000
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def csv_of(data: Mapping[str, Any]) -> str:
    """All texts in all languages, as spreadsheets open them: with a byte order mark, so that
    Excel reads UTF-8, and with formulas defused."""
    return "".join(csv_lines(table(data), bom=True))


def read_strings(content: bytes) -> list[Line]:
    """The texts of a CSV or XLIFF file, told apart by how it begins. Raises BadInput on `file`."""
    if not content.strip():
        raise BadInput.of("file", _("Choose a file."))
    if len(content) > MAX_FILE_BYTES:
        raise BadInput.of("file", _("The file is larger than 1 MB."))
    try:
        if _is_xml(content):
            return read_xliff(content)
        return lines_of_table(_rows(_text(content)))
    except (ValueError, csv.Error) as exc:
        why = _("The file cannot be read: %(why)s", why=str(exc))
        raise BadInput.of("file", why) from exc


def _is_xml(content: bytes) -> bool:
    return content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<", b"\xff\xfe<", b"\xfe\xff\x00<"))


def _text(content: bytes) -> str:
    """UTF-8 as written here, or what Excel saves: UTF-16 as "Unicode text", else the code page
    of Japanese Windows."""
    if content.startswith(_UTF16):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp932")


def _rows(text: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Rows with the line each begins in; separated as the headings are."""
    headings = text.partition("\n")[0]
    separator = max(",\t;", key=headings.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    line = 1
    for row in reader:
        yield line, [restored_cell(cell) for cell in row]
        line = reader.line_num + 1
