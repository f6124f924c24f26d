"""People as colleagues list them: pasted, or in a file that a spreadsheet saved."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vocapp.distributing.parsing import address_and_name
from vocapp.people.column_names import CONTACT_WORDS
from vocapp.people.facts import normalise_email
from vocapp.people.parsing import is_address
from vocapp.problems import BadInput
from vocapp.spreadsheets import plain_name, table_rows
from vocapp.translating import gettext as _
from vocapp.ui.formats import number

MAX_LISTED = 5000  # people in one transaction
_SHOWN = 80  # letters of a line that names nobody
_COLUMNS = ("contact.external_id", "contact.email")
# As files of customers have them, and as ours do.
_KNOWN = {
    word: field
    for field in _COLUMNS
    for word in (*CONTACT_WORDS[field].split(), field.replace(".", "_"))
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of a list. names: keys and addresses of the person, the surest first, as
    `people_called` takes them; none where the line has neither. text: what it says, cut short."""

    line: int
    text: str
    names: tuple[tuple[str, str], ...]


def read_list(text: str) -> list[Listed]:
    """Lines such as `aiko@example.com`, `Aiko <aiko@example.com>` or `u-1001`; or a table with a
    column of addresses or of keys under a heading. Blank lines are left out.

    Raises BadInput on `people` where there is nothing, too much, or a table that is broken.

    >>> [(each.line, each.names[-1]) for each in read_list("Aiko <A@example.com>\\n\\nu-1")]
    [(1, ('email', 'a@example.com')), (3, ('external_id', 'u-1'))]
    >>> [(each.line, each.names) for each in read_list("name,E-mail\\nAiko,a@example.com")]
    [(2, (('email', 'a@example.com'),))]
    """
    plain = text.replace("\0", " ")
    try:
        columns = _columns_of(plain)
        found = _of_table(plain, columns) if columns else _of_lines(plain)
        listed = _at_most(found)
    except csv.Error as exc:
        raise BadInput.of("people", _("The list cannot be read: %(why)s", why=str(exc))) from exc
    if not listed:
        raise BadInput.of("people", _("Enter at least one person, or choose a file."))
    return listed


def _at_most(found: Iterator[Listed]) -> list[Listed]:
    listed: list[Listed] = []
    for each in found:
        if len(listed) == MAX_LISTED:
            words = _("At most %(most)s people at once.", most=number(MAX_LISTED))
            raise BadInput.of("people", words)
        listed.append(each)
    return listed


def _columns_of(text: str) -> dict[str, int]:
    """Field → its column, where the first line is a heading; of two columns the first counts."""
    first = text.partition("\n")[0].rstrip("\r")
    columns: dict[str, int] = {}
    for _line, cells in table_rows(first):
        for place, cell in enumerate(cells):
            field = _KNOWN.get(plain_name(cell).replace(".", "_"))
            if field:
                columns.setdefault(field, place)
    return columns


def _of_table(text: str, columns: Mapping[str, int]) -> Iterator[Listed]:
    rows = table_rows(text, strict=True)
    next(rows)
    for line, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        said = {
            field: cells[place].strip() for field, place in columns.items() if place < len(cells)
        }
        key, written = said.get("contact.external_id", ""), said.get("contact.email", "")
        yield _listed(line, ", ".join(filter(None, cells)), key, address_and_name(written)[0])


def _of_lines(text: str) -> Iterator[Listed]:
    for line, said in enumerate(text.splitlines(), start=1):
        if said.strip():
            written = address_and_name(said)[0].strip()
            yield _listed(line, said, written, written)


def _listed(line: int, text: str, key: str, address: str) -> Listed:
    names: Sequence[tuple[str, str]] = [("external_id", key)] if key else []
    if is_address(address):
        names = (*names, ("email", normalise_email(address)))
    return Listed(line, text.strip()[:_SHOWN], tuple(names))
