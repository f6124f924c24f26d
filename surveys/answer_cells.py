"""An answer in one cell of a table, and back.

Numbers, texts and keys of options stand as they are. Several options and a ranking are keys with
semicolons between them, a matrix is `row=column` with semicolons, a consent `true` or `false`.
Contact details are a JSON object, as any character may stand in a name.
"""

from __future__ import annotations

import json

from surveys.questions import Question, Value


def as_cell(value: Value | None) -> int | str | None:
    """What stands in the cell of an answer; None for none.

    >>> as_cell(["fast", "cheap"]), as_cell({"support": "good"}), as_cell(True), as_cell(9)
    ('fast;cheap', 'support=good', 'true', 9)
    >>> as_cell({"name": "Aiko Mori", "email": "a@example.jp"})
    '{"name": "Aiko Mori", "email": "a@example.jp"}'
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ";".join(value)
    if isinstance(value, dict):
        if all(_is_plain(row) and _is_plain(column) for row, column in value.items()):
            return ";".join(f"{row}={column}" for row, column in value.items())
        return json.dumps(value, ensure_ascii=False)
    return value


def from_cell(question: Question, text: str) -> object:
    """What a cell says about a question, as `validate_answer` takes it: unchecked.

    >>> from surveys.questions import Question
    >>> from_cell(Question("q", "ranking", {"en": "?"}), "b; a")
    ['b', 'a']
    >>> from_cell(Question("q", "consent", {"en": "?"}), "TRUE")
    True
    """
    if question.kind in ("multiple", "ranking"):
        return [key.strip() for key in text.split(";") if key.strip()]
    if question.kind == "consent":
        return {"true": True, "false": False}.get(text.strip().lower(), text)
    if question.kind in ("matrix", "contact"):
        return _object(text)
    return text


def _object(text: str) -> object:
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    parts = [part.partition("=") for part in text.split(";") if part.strip()]
    if not all(between for _, between, _ in parts):
        return text
    return {name.strip(): value.strip() for name, _, value in parts}


def _is_plain(text: str) -> bool:
    """Whether it is a key of a definition: contact details hardly ever are, and need not be."""
    return text.isascii() and all(c.isalnum() or c in "_-" for c in text)
