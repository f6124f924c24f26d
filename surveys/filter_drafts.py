"""A filter while somebody is writing it: rows and groups that may be unfinished or wrong.

A draft keeps what was typed, letter by letter, so that nothing is lost when a part of it cannot
be read. Its outermost part is always a group. A form holds it as flat fields, named by the way
to each part:

    f.join=all                                  the outermost group
    f.0.attribute=plan  f.0.operator=in  f.0.values=pro  f.0.values=team
    f.1.join=any                                a group within it
    f.1.0.attribute=seats  f.1.0.operator=between  f.1.0.low=10  f.1.0.high=

Numbers only order the parts: gaps are fine, so a row can be taken out by removing its fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from surveys.attributes import MAX_VALUE_LENGTH, as_text
from surveys.filters import (
    MAX_CONDITIONS,
    MAX_DEPTH,
    MAX_VALUES,
    OPERATORS,
    Condition,
    Filter,
    Group,
    Join,
    Operator,
    RangeError,
    RangeFault,
    read_range,
    to_json,
)

Path = tuple[int, ...]
OtherFault = Literal[
    "no_attribute", "long_attribute", "no_values", "many_values", "long_value",
    "many_conditions", "too_deep",
]  # fmt: skip
Fault = OtherFault | RangeFault
FAULTS: tuple[Fault, ...] = (*get_args(OtherFault), *get_args(RangeFault))
FIRST = "f"
MAX_GROUPS = MAX_DEPTH - 1  # how many groups may stand within one another
_MAX_ATTRIBUTE = 100
# Which field of a row each fault is about; the others are about the row or the whole.
FIELD_OF: Mapping[Fault, str] = {
    "no_attribute": "attribute", "long_attribute": "attribute", "no_values": "values",
    "many_values": "values", "long_value": "typed", "no_bound": "low", "unreadable_low": "low",
    "unreadable_high": "high", "mixed_bounds": "high", "reversed_bounds": "high",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One condition as it was written. values: chosen ones; typed: further ones, one a line."""

    attribute: str = ""
    operator: Operator = "in"
    values: tuple[str, ...] = ()
    typed: str = ""
    low: str = ""
    high: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether nothing was written into it: such a row asks nothing."""
        return not (self.attribute or self.values or self.typed or self.low or self.high)


@dataclass(frozen=True, slots=True)
class Draft:
    """Rows and groups of which all, or any, have to hold."""

    join: Join = "all"
    parts: tuple[Part, ...] = ()


Part = Row | Draft


@dataclass(frozen=True, slots=True)
class ReadDraft:
    """What a draft says: the filter of what can be read of it, and what cannot.

    filter None: nothing was asked. faults: by the way to the part; () is the whole.
    """

    filter: Filter | None
    faults: Mapping[Path, Fault]


# --- between filters and drafts ---------------------------------------------------------


def draft_of(filter_: Filter | None) -> Draft:
    """A filter as it is offered for a change; None as one blank row."""
    if filter_ is None:
        return Draft(parts=(Row(),))
    found = _part_of(filter_)
    return found if isinstance(found, Draft) else Draft(parts=(found,))


def _part_of(filter_: Filter) -> Part:
    if isinstance(filter_, Group):
        return Draft(filter_.join, tuple(map(_part_of, filter_.parts)))
    written = to_json(filter_)
    low, high = (str(written.get(name, "")) for name in ("low", "high"))
    return Row(filter_.attribute, filter_.operator, filter_.values, low=low, high=high)


def read_draft(draft: Draft) -> ReadDraft:
    """The filter of a draft. Blank rows and groups of nothing are passed over.

    >>> read_draft(Draft("all", (Row(), Row("seats", "between", low="9", high="1"))))
    ReadDraft(filter=None, faults={(1,): 'reversed_bounds'})
    """
    faults: dict[Path, Fault] = {}
    found = _read_group(draft, (), faults)
    asked = [row for _, row in rows_of(draft) if not row.is_blank]
    if len(asked) > MAX_CONDITIONS:
        faults[()] = "many_conditions"
    return ReadDraft(found, faults)


def _read_group(draft: Draft, path: Path, faults: dict[Path, Fault]) -> Filter | None:
    if len(path) >= MAX_GROUPS:
        faults[path] = "too_deep"
        return None
    parts: list[Filter] = []
    for number, part in enumerate(draft.parts):
        here = (*path, number)
        if isinstance(part, Draft):
            found = _read_group(part, here, faults)
        else:
            found = _read_row(part, here, faults)
        if found is not None:
            parts.append(found)
    if len(parts) == 1:
        return parts[0]
    return Group(draft.join, tuple(parts)) if parts else None


def _read_row(row: Row, path: Path, faults: dict[Path, Fault]) -> Filter | None:
    if row.is_blank:
        return None
    found = _condition(row)
    if isinstance(found, Condition):
        return found
    faults[path] = found
    return None


def _condition(row: Row) -> Condition | Fault:
    attribute = row.attribute.strip()
    if not attribute:
        return "no_attribute"
    if len(attribute) > _MAX_ATTRIBUTE:
        return "long_attribute"
    if row.operator in {"in", "not_in"}:
        return _of_values(attribute, row)
    if row.operator == "between":
        return _of_bounds(attribute, row)
    return Condition(attribute, row.operator)


def _of_values(attribute: str, row: Row) -> Condition | Fault:
    typed = (as_text(line) for line in row.typed.splitlines())
    if any(len(line.strip()) > MAX_VALUE_LENGTH for line in row.typed.splitlines()):
        return "long_value"
    values = tuple(dict.fromkeys((*row.values, *(value for value in typed if value))))
    if not values:
        return "no_values"
    return "many_values" if len(values) > MAX_VALUES else Condition(attribute, row.operator, values)


def _of_bounds(attribute: str, row: Row) -> Condition | Fault:
    try:
        return read_range(attribute, row.low.strip(), row.high.strip(), attribute)
    except RangeError as error:
        return error.fault


# --- changing a draft -------------------------------------------------------------------


def rows_of(draft: Draft, path: Path = ()) -> Iterator[tuple[Path, Row]]:
    """Every row with the way to it, from top to bottom."""
    for number, part in enumerate(draft.parts):
        here = (*path, number)
        if isinstance(part, Draft):
            yield from rows_of(part, here)
        else:
            yield here, part


def with_part(draft: Draft, group: Path, part: Part) -> Draft:
    """The draft with one part more at the end of a group; unchanged where there is no such group.

    >>> with_part(Draft("all", (Draft("any"),)), (0,), Row("plan"))  # doctest: +ELLIPSIS
    Draft(join='all', parts=(Draft(join='any', parts=(Row(attribute='plan', ...),)),))
    """
    if not group:
        return replace(draft, parts=(*draft.parts, part))
    return _changed(draft, group[0], lambda inner: with_part(inner, group[1:], part))


def without_part(draft: Draft, path: Path) -> Draft:
    """The draft without one part; unchanged where there is no such part."""
    if len(path) == 1:
        kept = (part for number, part in enumerate(draft.parts) if number != path[0])
        return replace(draft, parts=tuple(kept))
    return _changed(draft, path[0], lambda inner: without_part(inner, path[1:])) if path else draft


def _changed(draft: Draft, number: int, change: Callable[[Draft], Draft]) -> Draft:
    parts = list(draft.parts)
    if number < len(parts) and isinstance(inner := parts[number], Draft):
        parts[number] = change(inner)
    return replace(draft, parts=tuple(parts))


# --- flat fields ------------------------------------------------------------------------

_NAME = re.compile(
    rf"{FIRST}((?:\.\d{{1,4}}){{0,{2 * MAX_DEPTH}}})"
    r"\.(join|attribute|operator|values|typed|low|high|was)"
)


def name_of(path: Path, field: str) -> str:
    """
    >>> name_of((1, 0), "low")
    'f.1.0.low'
    """
    return ".".join([FIRST, *map(str, path), field])


def path_of(text: str) -> Path | None:
    """The way that stands in a button's value; None where none does.

    >>> path_of("1.0"), path_of(""), path_of("x")
    ((1, 0), (), None)
    """
    if not re.fullmatch(r"(\d{1,4}(\.\d{1,4})*)?", text):
        return None
    return tuple(int(part) for part in text.split(".") if part)


def to_fields(draft: Draft, path: Path = ()) -> list[tuple[str, str]]:
    """A draft as names and values of a form."""
    found: list[tuple[str, str]] = [(name_of(path, "join"), draft.join)]
    for number, part in enumerate(draft.parts):
        here = (*path, number)
        if isinstance(part, Draft):
            found += to_fields(part, here)
            continue
        found += [(name_of(here, "attribute"), part.attribute)]
        found += [(name_of(here, "operator"), part.operator)]
        found += [(name_of(here, "values"), value) for value in part.values]
        found += [(name_of(here, name), getattr(part, name)) for name in ("typed", "low", "high")]
    return found


def from_fields(fields: Mapping[str, Sequence[str]]) -> Draft:
    """A draft from a form: names → all values of each. Other names, and nonsense, are passed over.

    `was` names the attribute that the values of a row were offered for: where it is another one
    than is chosen now, they are dropped, as they are values of something else.
    """
    known: dict[Path, dict[str, Sequence[str]]] = {}
    for name, values in fields.items():
        found = _NAME.fullmatch(name)
        if found and values:
            path = tuple(int(part) for part in found[1].split(".")[1:])
            known.setdefault(path, {})[found[2]] = values
    children: dict[Path, list[Path]] = {}
    for path in sorted(known):
        if path:
            children.setdefault(path[:-1], []).append(path)
    return _group_from(known, children, ())


def _group_from(
    known: Mapping[Path, Mapping[str, Sequence[str]]],
    children: Mapping[Path, Sequence[Path]],
    path: Path,
) -> Draft:
    join: Join = "any" if _first(known.get(path, {}), "join") == "any" else "all"
    parts: list[Part] = []
    for child in children.get(path, ()):
        is_group = "join" in known[child]
        parts.append(_group_from(known, children, child) if is_group else _row_from(known[child]))
    return Draft(join, tuple(parts))


def _row_from(fields: Mapping[str, Sequence[str]]) -> Row:
    attribute, operator = _first(fields, "attribute"), _first(fields, "operator")
    was = _first(fields, "was") if fields.get("was") else attribute
    values = tuple(map(_lines, fields.get("values", ()))) if was == attribute else ()
    return Row(
        attribute=attribute,
        operator=next((known for known in OPERATORS if known == operator), "in"),
        values=tuple(dict.fromkeys(filter(None, map(as_text, values)))),
        typed=_first(fields, "typed"),
        low=_first(fields, "low"),
        high=_first(fields, "high"),
    )


def _first(fields: Mapping[str, Sequence[str]], name: str) -> str:
    return _lines(fields.get(name, [""])[0])


def _lines(text: str) -> str:
    """Line ends as they were before the form was sent (browsers make CR LF of each), and no NUL,
    which could not be stored."""
    return text.replace("\r\n", "\n").replace("\0", "")
