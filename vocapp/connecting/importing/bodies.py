"""One row of a file as the bodies that the API takes, too: the same rules, the same words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from vocapp.connecting.importing import cells
from vocapp.connecting.importing.columns import ANSWER, ATTRIBUTE, Columns
from vocapp.people.facts import AccountFacts
from vocapp.people.parsing import REGION, AccountBody
from vocapp.problems import BadInput, FieldError, from_validation
from vocapp.spreadsheets import restored_cell

M = TypeVar("M", bound=BaseModel)

_READ = {
    "contact.roles": cells.words,
    "contact.has_left": cells.yes_or_no,
    "account.mrr": cells.whole_number,
    "account.started_on": cells.day,
    "account.renewal_on": cells.day,
    "survey_version": cells.whole_number,
    "score": cells.whole_number,
    "count": cells.whole_number,
    "mrr": cells.whole_number,
    "term_ends_on": cells.day,
    "due_on": cells.day,
    "amount": cells.whole_number,
}


def values_of(columns: Columns, row: tuple[str, ...]) -> dict[str, Any]:
    """Field → value of the cells that say something; open text keeps its blanks.

    Returns paths such as `contact.email` and `attribute.<name>`.
    """
    found: dict[str, Any] = {}
    for field, cell in zip(columns.fields, row, strict=False):
        if field is None or not cell.strip():
            continue
        text = restored_cell(cell)
        if field == "comment" or field.startswith(ANSWER):
            found[field] = text
        elif field.startswith(ATTRIBUTE):
            found[field] = cells.attribute_value(text.strip())
        else:
            found[field] = _READ.get(field, str)(text.strip())
    return found


def part(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The values under a prefix, without it.

    >>> part({"contact.email": "a@b.c", "score": 9}, "contact.")
    {'email': 'a@b.c'}
    """
    return {
        field.removeprefix(prefix): value
        for field, value in values.items()
        if field.startswith(prefix)
    }


def account_of(
    values: Mapping[str, Any],
    attributes: Mapping[str, Any] | None = None,
    *,
    body: type[AccountBody] = AccountBody,
) -> AccountFacts | None:
    """The account of a row, or None; without an id of its own its name is its id."""
    given = part(values, "account.")
    if "external_id" not in given and "name" in given:
        given["external_id"] = given["name"]
    if "external_id" not in given:
        return None
    return checked(body, {**given, "attributes": attributes or {}}, "account.").facts()


def checked(model: type[M], raw: Mapping[str, Any], prefix: str = "", *, region: str = "") -> M:
    """A body, or BadInput with the fields as paths of the row. region: the country (ISO 3166) in
    which telephone numbers are written that do not name theirs."""
    try:
        return model.model_validate(raw, context={REGION: region})
    except ValidationError as exc:
        errors = from_validation(exc).errors
        raise BadInput(*(FieldError(f"{prefix}{e.field}", e.message) for e in errors)) from exc


def reasons(
    problem_errors: tuple[FieldError, ...], detail: str, columns: Columns
) -> tuple[tuple[str, str], ...]:
    """Why a row was rejected: (name of the file's column, message) of each fault, the name empty
    where it is of none; nothing that could be markup.

    A file comes from anywhere and its rejected rows are looked at somewhere: what is quoted of
    a cell must not become HTML or a control sequence there.
    """
    said = [(columns.name_of(e.field), e.message) for e in problem_errors] or [("", detail)]
    return tuple((_harmless(name), _harmless(message)) for name, message in said)


def _harmless(text: str) -> str:
    text = text.replace("<", "‹").replace(">", "›").replace("&", "＆")
    return "".join(char for char in text if char.isprintable())
