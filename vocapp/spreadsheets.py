"""CSV that spreadsheets open and save: formulas are defused, and what was defused comes back."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

# Spreadsheets take text that begins so for a formula (OWASP, "CSV Injection"); also in the
# full-width forms, which some of them fold, and behind blanks, which they drop.
_FORMULA = re.compile(r"[ \u3000\ufeff]*[=+\-@\t\r\n＝＋－＠−]")
_MARKED = re.compile(rf"'+{_FORMULA.pattern}")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def safe_cell(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula gets an apostrophe in front.

    >>> safe_cell("=1+1"), safe_cell(" @x"), safe_cell("ok"), safe_cell(-3.5), safe_cell(None)
    ("'=1+1", "' @x", 'ok', -3.5, None)
    """
    if isinstance(value, str) and (_FORMULA.match(value) or _MARKED.match(value)):
        return f"'{value}"
    return value


def plain_cell(value: Any) -> Any:
    """Every value as it is; only text that `restored_cell` would change is marked.

    >>> plain_cell("=1+1"), plain_cell("'=1+1")
    ('=1+1', "''=1+1")
    """
    return f"'{value}" if isinstance(value, str) and _MARKED.match(value) else value


def restored_cell(text: str) -> str:
    """The value that `safe_cell` or `plain_cell` wrote.

    >>> restored_cell("'=1+1"), restored_cell("''=1+1"), restored_cell("'tis so")
    ('=1+1', "'=1+1", "'tis so")
    """
    return text[1:] if _MARKED.match(text) else text


class _Line:
    """A file that keeps what is written only until it is taken."""

    def __init__(self) -> None:
        self._text = ""

    def write(self, text: str) -> int:
        self._text += text
        return len(text)

    def take(self) -> str:
        text, self._text = self._text, ""
        return text


def csv_lines(
    rows: Iterable[Sequence[Any]],
    *,
    bom: bool = False,
    cell: Callable[[Any], Any] = safe_cell,
) -> Iterator[str]:
    """Lines of a CSV file (RFC 4180), one at a time; with a byte order mark Excel reads UTF-8.

    >>> list(csv_lines([["a", "b"], ["=1", None]]))
    ['a,b\\r\\n', "'=1,\\r\\n"]
    """
    line = _Line()
    writer = csv.writer(line)
    for number, row in enumerate(rows):
        writer.writerow([cell(value) for value in row])
        yield ("\ufeff" if bom and number == 0 else "") + line.take()


def text_of_file(content: bytes) -> str:
    """UTF-8 as written here, or what Excel saves: UTF-16 as "Unicode text", else the code page
    of Japanese Windows. Raises UnicodeDecodeError where it is none of them."""
    if content.startswith(_UTF16):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp932")


def table_rows(text: str, *, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line each begins in; separated as the headings are.

    strict: a quote that is never closed raises csv.Error, instead of taking in the lines below.

    >>> list(table_rows("key;en\\r\\n\\"a\\nb\\";'=1\\r\\nlast;x"))
    [(1, ['key', 'en']), (2, ['a\\nb', '=1']), (4, ['last', 'x'])]
    """
    headings = text.partition("\n")[0]
    separator = max(",\t;", key=headings.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=strict)
    line = 1
    for row in reader:
        yield line, [restored_cell(cell) for cell in row]
        line = reader.line_num + 1


def plain_name(name: str) -> str:
    """The form in which names of columns are compared.

    >>> plain_name(" E-Mail "), plain_name("Ｎａｍｅ"), plain_name("answered at")
    ('e_mail', 'name', 'answered_at')
    """
    text = unicodedata.normalize("NFKC", name).strip().casefold()
    return "_".join(text.replace("-", " ").replace("_", " ").split())
