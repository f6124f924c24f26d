"""Shared parts of the machine interface: strict JSON, cursors, the OpenAPI page."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from flask import Flask, current_app, request
from flask.json.provider import DefaultJSONProvider

from vocapp.problems import BadInput, FieldError, Malformed, is_machine_path
from vocapp.signing import BadToken, sign, unsign

T = TypeVar("T")
F = TypeVar("F")
MAX_BODY_BYTES = 16 * 1024 * 1024
# Of whom anybody may send: one answer, with the longest text to every question that a survey has.
MAX_PUBLIC_BYTES = 4 * 1024 * 1024
PAGE_SIZE, MAX_PAGE_SIZE = 50, 200
_TOO_DEEP = "The JSON is nested too deeply."


class StrictJsonProvider(DefaultJSONProvider):
    """JSON as the standard has it: no NaN, no duplicate names, no silent replacement."""

    sort_keys = False
    ensure_ascii = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        try:
            return json.loads(
                s, parse_constant=_no_constant, object_pairs_hook=_no_duplicates, **kwargs
            )
        except RecursionError as exc:
            raise Malformed(_TOO_DEEP) from exc


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in an object")
    return found


def init_app(app: Flask) -> None:
    app.json = StrictJsonProvider(app)
    app.before_request(_read_json)


def _read_json() -> None:
    """Parse a machine's body once, before anything reads it: 400 when it is not JSON."""
    if request.method not in {"POST", "PUT", "PATCH"} or not is_machine_path():
        return
    if request.path.startswith("/public/"):
        request.max_content_length = MAX_PUBLIC_BYTES
    if request.endpoint is None or not request.get_data(cache=True):
        return
    if request.mimetype == "application/x-www-form-urlencoded":
        return
    body = request.get_json(silent=False)
    view = current_app.view_functions.get(request.endpoint)
    apart = getattr(view, "__voc_items_apart__", None)
    if apart == "":
        return
    if apart and isinstance(body, dict) and isinstance(body.get(apart), list):
        body = {**body, apart: []}
    refuse_unstorable(body)


def items_apart(name: str) -> Callable[[F], F]:
    """Mark a view whose list `name` is judged item by item: it sees itself to what could not be
    stored, as `refuse_unstorable` does. "": the body itself is that list, or one item."""

    def mark(view: F) -> F:
        view.__voc_items_apart__ = name  # type: ignore[attr-defined]
        return view

    return mark


def refuse_unstorable(value: Any) -> None:
    """Raises BadInput naming every text in a JSON value that could not be stored; Malformed where
    it is nested further than anything that we take."""
    try:
        errors = list(_unstorable(value, ""))
    except RecursionError as exc:
        raise Malformed(_TOO_DEEP) from exc
    if errors:
        raise BadInput(*errors)


def _unstorable(value: Any, path: str) -> Sequence[FieldError]:
    """Text that no database or file could hold: NUL and half surrogate pairs."""
    if isinstance(value, str):
        if _is_storable(value):
            return ()
        return [FieldError(path or "body", "contains NUL or half a character")]
    children: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        children = [(f"{path}.{k}" if path else k, v) for k, v in value.items()]
        if not all(map(_is_storable, value)):
            return [FieldError(path or "body", "a name contains NUL or half a character")]
    elif isinstance(value, list):
        children = [(f"{path}.{i}" if path else str(i), v) for i, v in enumerate(value)]
    return [error for name, child in children for error in _unstorable(child, name)]


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def page_of(
    rows: Sequence[T],
    *,
    limit: int,
    present: Callable[[T], dict[str, Any]],
    cursor_of: Callable[[T], Any],
) -> dict[str, Any]:
    """A list answer from `limit + 1` rows: the extra row only says that more follows."""
    shown = rows[:limit]
    more = len(rows) > limit
    return {
        "items": [present(row) for row in shown],
        "next": sign("cursor", cursor_of(shown[-1])) if more else None,
    }


def read_cursor(cursor: str | None, read: Callable[[Any], T]) -> T | None:
    """What `page_of` put into a cursor, as `read` understands it; None without a cursor.

    Raises Malformed on a forged cursor and on one of another list or order.
    """
    if not cursor:
        return None
    try:
        return read(unsign("cursor", cursor))
    except (BadToken, ValueError, TypeError, LookupError, AttributeError) as exc:
        raise Malformed("Unknown cursor.") from exc


def moment_and_id(value: Any) -> tuple[datetime, UUID]:
    """The usual place in a list by time: an instant and the id of the row."""
    at, row_id = value
    return datetime.fromisoformat(at), UUID(row_id)
