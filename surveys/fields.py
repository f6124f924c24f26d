"""Reading what people edit and JSON carries: each wrong field is named by its path.

Shared by the touch model and the playbooks. Unknown fields are refused, so that a misspelt one
is not silently lost; nothing is converted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from surveys.questions import storable_problem

MAX_TEXT_CHARS = 200
MAX_VALUES = 100

_KEY = re.compile(r"[a-z0-9_-]{1,64}")

T = TypeVar("T")


class FieldError(ValueError):
    """A value that cannot be used; field is a path such as ``touchpoints[1].anchor.kind``."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


def read_object(value: object, at: str, known: Sequence[str]) -> Mapping[str, Any]:
    """An object with no other fields than the known ones.

    >>> read_object({"days": 3, "dasy": 4}, "trigger", ["days"])
    Traceback (most recent call last):
    ...
    surveys.fields.FieldError: trigger.dasy: unknown; expected only days
    """
    if not isinstance(value, Mapping):
        raise FieldError(at, f"expected an object with {', '.join(known)}")
    for name in value:
        if name not in known:
            shown = name if isinstance(name, str) and _KEY.fullmatch(name) else ascii(name)[:64]
            raise FieldError(f"{at}.{shown}", f"unknown; expected only {', '.join(known)}")
    return value


def read_list(
    value: object, at: str, read: Callable[[object, str], T], *, most: int = MAX_VALUES
) -> tuple[T, ...]:
    """A list of 1 to most entries, each read with its own path."""
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= most:
        raise FieldError(at, f"expected a list of 1 to {most} entries")
    return tuple(read(entry, f"{at}[{place}]") for place, entry in enumerate(value))


def read_key(value: object, at: str) -> str:
    """A name that stays: 1 to 64 of a-z, 0-9, _ and -."""
    if not isinstance(value, str) or not _KEY.fullmatch(value):
        raise FieldError(at, "expected 1 to 64 of the characters a-z, 0-9, _ and -")
    return value


def read_text(value: object, at: str) -> str:
    """A text of 1 to 200 characters that can be stored."""
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_TEXT_CHARS:
        raise FieldError(at, f"expected a text of 1 to {MAX_TEXT_CHARS} characters")
    problem = storable_problem(value)
    if problem:
        raise FieldError(at, problem)
    return value


def read_one_of(value: object, at: str, allowed: Sequence[str]) -> str:
    """One of the words that are allowed."""
    if not isinstance(value, str) or value not in allowed:
        raise FieldError(at, f"expected one of {', '.join(allowed)}")
    return value


def read_whole(value: object, at: str, least: int, most: int) -> int:
    """A whole number from least to most; true and 3.0 are none."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise FieldError(at, f"expected a whole number from {least} to {most}")
    return value


def read_attributes(value: object, at: str) -> dict[str, tuple[str, ...]]:
    """``{"plan": ["pro", "team"]}``: name of an attribute to the values that fit.

    >>> read_attributes({"plan": ["pro"]}, "when.attribute")
    {'plan': ('pro',)}
    """
    if not isinstance(value, Mapping) or not 1 <= len(value) <= MAX_VALUES:
        raise FieldError(at, "expected an object: name of an attribute to a list of values")
    return {
        read_text(name, at): read_list(value[name], f"{at}.{name}", read_text) for name in value
    }


def check_once(keys: Sequence[str], at: str) -> None:
    """Refuse the second entry of a list that has the key of an earlier one."""
    for place, key in enumerate(keys):
        if key in keys[:place]:
            raise FieldError(f"{at}[{place}].key", f"{key!r} is taken by an earlier entry")
