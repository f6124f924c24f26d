"""Files with the texts of a survey: written for translators and read as they come back."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import Any

from surveys.survey_strings import Line, lines_of_table, table
from surveys.xliff import read_xliff
from vocapp.problems import BadInput
from vocapp.spreadsheets import csv_lines, table_rows, text_of_file
from vocapp.translating import gettext as _

MAX_FILE_BYTES = 1_000_000


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
        return lines_of_table(table_rows(text_of_file(content)))
    except (ValueError, csv.Error) as exc:
        why = _("The file cannot be read: %(why)s", why=str(exc))
        raise BadInput.of("file", why) from exc


def _is_xml(content: bytes) -> bool:
    return content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<", b"\xff\xfe<", b"\xfe\xff\x00<"))
