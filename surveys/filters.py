"""Filters over attributes: a small typed tree, with a JSON and a compact form.

Conditions ask one attribute each; `all` and `any` join them. The compact form fits into an
address and reads like this:

    plan:in(pro,team);seats:between(10,50)           all of both
    region:empty|region:in(jp)                       any of both
    (plan:in(pro)|plan:in(team));region:not_in(us)   groups in brackets

A value that holds anything but letters, digits and `_.+<>=@/-` stands in double quotes, within
which `"` is written twice. `;` binds closer than `|`. An attribute is named likewise.

Missing values: an attribute that is absent, null, blank, or a list or object is empty. `in` and
`between` never hold of it; `not_in` does, so that `in` and `not_in` of the same values always
divide the answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from surveys.attributes import MAX_VALUE_LENGTH, as_number, as_text

Operator = Literal["in", "not_in", "between", "empty", "not_empty"]
Join = Literal["all", "any"]
Bound = float | date

OPERATORS: tuple[Operator, ...] = ("in", "not_in", "between", "empty", "not_empty")
MAX_DEPTH = 4
MAX_CONDITIONS = 20
MAX_VALUES = 100
MAX_COMPACT = 4000  # characters of the compact form


RangeFault = Literal[
    "no_bound", "unreadable_low", "unreadable_high", "mixed_bounds", "reversed_bounds"
]


class FilterError(ValueError):
    """A filter that cannot be read. `place`: where, as "filter.all[1].values" or "at 14"."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.place, self.message = place, message


class RangeError(FilterError):
    """Bounds that are no range; `fault` says why."""

    def __init__(self, place: str, message: str, fault: RangeFault) -> None:
        super().__init__(place, message)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Condition:
    """One question to one attribute.

    values: of `in` and `not_in`, as texts. low, high: of `between`, both included, numbers or
    days alike; None is no bound, and one of them is given.
    """

    attribute: str
    operator: Operator
    values: tuple[str, ...] = ()
    low: Bound | None = None
    high: Bound | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions and groups of which all, or any, have to hold; at least one part."""

    join: Join
    parts: tuple[Filter, ...]


Filter = Condition | Group


def holds(filter_: Filter, attributes: Mapping[str, Any]) -> bool:
    """Whether a filter holds of these attribute values.

    >>> paid = parse_compact("plan:in(pro,team);seats:between(10,)")
    >>> holds(paid, {"plan": "pro", "seats": 12}), holds(paid, {"plan": "pro"})
    (True, False)
    """
    if isinstance(filter_, Group):
        parts = (holds(part, attributes) for part in filter_.parts)
        return all(parts) if filter_.join == "all" else any(parts)
    value = as_text(attributes.get(filter_.attribute))
    match filter_.operator:
        case "in":
            return value in filter_.values
        case "not_in":
            return value not in filter_.values
        case "between":
            return value is not None and _between(value, filter_.low, filter_.high)
        case "empty":
            return value is None
        case "not_empty":
            return value is not None


def _between(value: str, low: Bound | None, high: Bound | None) -> bool:
    """Bounds of days are compared with days, of numbers with numbers; other values are outside."""
    days = isinstance(low if low is not None else high, date)
    found = _day(value) if days else as_number(value)
    if found is None:
        return False
    return (low is None or low <= found) and (high is None or found <= high)  # type: ignore[operator]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def conditions_of(filter_: Filter) -> Iterator[Condition]:
    """Every condition, left to right."""
    if isinstance(filter_, Condition):
        yield filter_
        return
    for part in filter_.parts:
        yield from conditions_of(part)


def attributes_of(filter_: Filter) -> tuple[str, ...]:
    """The attributes that a filter asks, each once, in its order."""
    return tuple(dict.fromkeys(condition.attribute for condition in conditions_of(filter_)))


def simplified(filter_: Filter) -> Filter:
    """The same filter without groups of one; the order stays as it was written.

    >>> to_compact(simplified(Group("any", (parse_compact("(b:empty;)|a:empty"),))))
    'b:empty|a:empty'
    """
    if isinstance(filter_, Condition):
        return filter_
    parts = tuple(map(simplified, filter_.parts))
    return parts[0] if len(parts) == 1 else Group(filter_.join, parts)


def normalised(filter_: Filter) -> Filter:
    """The same filter in one form: two filters that differ in order or repetition are equal in it.

    Values and parts are sorted, each once; a group inside a group of its kind is dissolved, and
    so is a group of one. It holds of the same values. It need not be the shortest filter.

    >>> to_compact(normalised(parse_compact("b:empty;(a:in(y,x,y);b:empty)")))
    'a:in(x,y);b:empty'
    """
    if isinstance(filter_, Condition):
        values = tuple(sorted(set(filter_.values)))
        return Condition(filter_.attribute, filter_.operator, values, filter_.low, filter_.high)
    parts: set[Filter] = set()
    for part in map(normalised, filter_.parts):
        same = isinstance(part, Group) and part.join == filter_.join
        parts.update(part.parts if isinstance(part, Group) and same else [part])
    ordered = tuple(sorted(parts, key=to_compact))
    return ordered[0] if len(ordered) == 1 else Group(filter_.join, ordered)


# --- JSON -------------------------------------------------------------------------------


def to_json(filter_: Filter) -> dict[str, Any]:
    """What `parse_json` reads.

    >>> to_json(parse_compact("seats:between(10,50)"))
    {'attribute': 'seats', 'operator': 'between', 'low': 10, 'high': 50}
    """
    if isinstance(filter_, Group):
        return {filter_.join: [to_json(part) for part in filter_.parts]}
    found: dict[str, Any] = {"attribute": filter_.attribute, "operator": filter_.operator}
    if filter_.operator in {"in", "not_in"}:
        found["values"] = list(filter_.values)
    if filter_.operator == "between":
        bounds = (("low", filter_.low), ("high", filter_.high))
        found |= {name: _plain(bound) for name, bound in bounds if bound is not None}
    return found


def parse_json(data: Any, *, place: str = "filter") -> Filter:
    """A filter from JSON values; raises FilterError naming the place.

    {"all": […]}, {"any": […]}, {"attribute", "operator": "in" | "not_in", "values": […]},
    {"attribute", "operator": "between", "low"?, "high"?}, {"attribute", "operator": "empty" |
    "not_empty"}. Bounds are numbers, or days as "2026-01-31".
    """
    found = _from_json(data, place, depth=1)
    _check_size(found, place)
    return found


def _from_json(data: Any, place: str, depth: int) -> Filter:
    if not isinstance(data, dict):
        raise FilterError(place, "expected an object")
    joins: tuple[Join, ...] = ("all", "any")
    for join in joins:
        if join in data:
            return _group_from_json(data, join, place, depth)
    operator = data.get("operator")
    if operator not in OPERATORS:
        known = ", ".join(OPERATORS)
        raise FilterError(f"{place}.operator", f"expected one of {known}, got {operator!r}")
    allowed = {"in": {"values"}, "not_in": {"values"}, "between": {"low", "high"}}
    unknown = data.keys() - {"attribute", "operator"} - allowed.get(operator, set())
    if unknown:
        raise FilterError(f"{place}.{min(unknown)}", f"not a field of {operator!r}")
    attribute = _checked_attribute(data.get("attribute"), f"{place}.attribute")
    if operator in {"in", "not_in"}:
        values = _checked_values(data.get("values"), f"{place}.values")
        return Condition(attribute, operator, values)
    if operator == "between":
        return read_range(attribute, data.get("low"), data.get("high"), place)
    return Condition(attribute, operator)


def _group_from_json(data: dict[Any, Any], join: Join, place: str, depth: int) -> Group:
    parts = data[join]
    if len(data) > 1:
        raise FilterError(place, f"{join!r} stands alone")
    if not isinstance(parts, list) or not parts:
        raise FilterError(f"{place}.{join}", "expected a list of at least one filter")
    if depth >= MAX_DEPTH:
        raise FilterError(f"{place}.{join}", f"groups are at most {MAX_DEPTH - 1} deep")
    found = (
        _from_json(part, f"{place}.{join}[{number}]", depth + 1)
        for number, part in enumerate(parts)
    )
    return Group(join, tuple(found))


def _checked_attribute(name: Any, place: str) -> str:
    if not isinstance(name, str) or not name.strip() or len(name) > 100:
        raise FilterError(place, "attribute names have 1 to 100 characters")
    return name.strip()


def _checked_values(values: Any, place: str) -> tuple[str, ...]:
    if not isinstance(values, list) or not 1 <= len(values) <= MAX_VALUES:
        raise FilterError(place, f"expected a list of 1 to {MAX_VALUES} values")
    found = []
    for number, value in enumerate(values):
        text = as_text(value)
        if text is None or len(text) > MAX_VALUE_LENGTH:
            message = f"values have 1 to {MAX_VALUE_LENGTH} characters"
            raise FilterError(f"{place}[{number}]", message)
        found.append(text)
    return tuple(found)


def read_range(attribute: str, low: Any, high: Any, place: str) -> Condition:
    """A `between` of bounds as they were written; raises RangeError.

    >>> read_range("seats", "10", None, "filter").low
    10
    """
    lower = _bound(low, f"{place}.low", "unreadable_low")
    upper = _bound(high, f"{place}.high", "unreadable_high")
    return _range(attribute, lower, upper, place)


def _bound(value: Any, place: str, fault: RangeFault) -> Bound | None:
    """A bound as it was written: a number, a day, or nothing."""
    if value is None or value == "":
        return None
    text = "" if isinstance(value, bool) else str(value)
    number = as_number(text)
    if number is not None:
        return int(number) if number.is_integer() else number
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text) and (day := _day(text)):
        return day
    message = f"expected a number or a day such as 2026-01-31, got {value!r}"
    raise RangeError(place, message, fault)


def _range(attribute: str, low: Bound | None, high: Bound | None, place: str) -> Condition:
    if low is None and high is None:
        raise RangeError(place, "between needs a lower or an upper bound", "no_bound")
    if low is not None and high is not None:
        if isinstance(low, date) != isinstance(high, date):
            raise RangeError(place, "the bounds are a number and a day", "mixed_bounds")
        if low > high:  # type: ignore[operator]
            message = f"the lower bound {low} lies above {high}"
            raise RangeError(place, message, "reversed_bounds")
    return Condition(attribute, "between", low=low, high=high)


def _check_size(filter_: Filter, place: str) -> None:
    if sum(1 for _ in conditions_of(filter_)) > MAX_CONDITIONS:
        raise FilterError(place, f"at most {MAX_CONDITIONS} conditions")


def _plain(bound: Bound | None) -> Any:
    return bound.isoformat() if isinstance(bound, date) else bound


# --- compact ----------------------------------------------------------------------------

_BARE = re.compile(r"[\w.+<>=@/-]+")
_TOKEN = re.compile(r'"(?:[^"]|"")*"|[\w.+<>=@/-]+|[():;|,]')


def to_compact(filter_: Filter) -> str:
    """What `parse_compact` reads; short, and stable for an address."""
    if isinstance(filter_, Condition):
        return f"{_quoted(filter_.attribute)}:{_call(filter_)}"
    joiner = ";" if filter_.join == "all" else "|"
    if len(filter_.parts) == 1:
        # Without a second part only its own sign tells which kind of group it is.
        return f"{_part(filter_.parts[0])}{joiner}"
    return joiner.join(map(_part, filter_.parts))


def _part(part: Filter) -> str:
    return f"({to_compact(part)})" if isinstance(part, Group) else to_compact(part)


def _call(condition: Condition) -> str:
    if condition.operator in {"in", "not_in"}:
        return f"{condition.operator}({','.join(map(_quoted, condition.values))})"
    if condition.operator == "between":
        low, high = (
            "" if bound is None else str(_plain(bound)) for bound in (condition.low, condition.high)
        )
        return f"between({low},{high})"
    return condition.operator


def _quoted(text: str) -> str:
    if _BARE.fullmatch(text):
        return text
    return '"' + text.replace('"', '""') + '"'


def parse_compact(text: str) -> Filter:
    """A filter from its compact form; raises FilterError naming the character.

    >>> parse_compact("plan:in(pro,)")
    Traceback (most recent call last):
    surveys.filters.FilterError: at 13: expected a value, got ')'
    """
    if len(text) > MAX_COMPACT:
        where = f"at {MAX_COMPACT + 1}"
        raise FilterError(where, f"a filter has at most {MAX_COMPACT} characters")
    reader = _Reader(text)
    found = reader.either(depth=1)
    if reader.current:
        raise reader.unexpected("the end")
    _check_size(found, "filter")
    return found


class _Reader:
    """Recursive descent: either = all ("|" all)*; all = part (";" part)*; part = "(" either ")"
    or a condition. A joining sign at the end makes a group of one."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self.current = ""
        self._end = 0
        self.advance()

    def advance(self) -> str:
        """The token that was read; the next one becomes current."""
        before = self.current
        self._at = self._end
        while self._text[self._at : self._at + 1].isspace():
            self._at += 1
        rest = self._text[self._at :]
        found = _TOKEN.match(rest)
        if rest and not found:
            raise FilterError(f"at {self._at + 1}", f"unexpected {rest[0]!r}")
        self.current = found.group() if found else ""
        self._end = self._at + len(self.current)
        return before

    def unexpected(self, wanted: str) -> FilterError:
        got = repr(self.current) if self.current else "the end"
        return FilterError(f"at {self._at + 1}", f"expected {wanted}, got {got}")

    def take(self, sign: str) -> None:
        if self.current != sign:
            raise self.unexpected(repr(sign))
        self.advance()

    def either(self, depth: int) -> Filter:
        return self._joined("|", "any", depth)

    def _joined(self, sign: str, join: Join, depth: int) -> Filter:
        one = self._all if sign == "|" else self._part
        parts = [one(depth)]
        is_group = False
        while self.current == sign:
            is_group = True
            self.advance()
            if self.current in {"", ")"} and len(parts) == 1:
                break
            parts.append(one(depth))
        return Group(join, tuple(parts)) if is_group else parts[0]

    def _all(self, depth: int) -> Filter:
        return self._joined(";", "all", depth)

    def _part(self, depth: int) -> Filter:
        if self.current != "(":
            return self._condition()
        if depth >= MAX_DEPTH:
            raise FilterError(f"at {self._at + 1}", f"groups are at most {MAX_DEPTH - 1} deep")
        self.advance()
        found = self.either(depth + 1)
        self.take(")")
        return found

    def _condition(self) -> Condition:
        attribute = _checked_attribute(self._word("an attribute"), self._place())
        self.take(":")
        place = self._place()
        operator = self.current
        if operator not in OPERATORS:
            raise self.unexpected(f"one of {', '.join(OPERATORS)}")
        self.advance()
        match operator:
            case "in" | "not_in":
                values = self._values()
                return Condition(attribute, operator, _checked_values(values, place))
            case "between":
                low, high = self._bounds()
                return _range(attribute, low, high, place)
        return Condition(attribute, operator)

    def _place(self) -> str:
        return f"at {self._at + 1}"

    def _word(self, wanted: str) -> str:
        if not self.current or self.current in "():;|,":
            raise self.unexpected(wanted)
        word = self.advance()
        return word[1:-1].replace('""', '"') if word.startswith('"') else word

    def _values(self) -> list[str]:
        self.take("(")
        values = [self._word("a value")]
        while self.current == ",":
            self.advance()
            values.append(self._word("a value"))
        self.take(")")
        return values

    def _bounds(self) -> tuple[Bound | None, Bound | None]:
        self.take("(")
        low = None if self.current == "," else self._bound("unreadable_low")
        self.take(",")
        high = None if self.current == ")" else self._bound("unreadable_high")
        self.take(")")
        return low, high

    def _bound(self, fault: RangeFault) -> Bound | None:
        return _bound(self._word("a bound"), self._place(), fault)


def joined(filters: Sequence[Filter]) -> Filter | None:
    """All of several filters as one; None of none.

    >>> to_compact(joined([parse_compact("a:empty"), parse_compact("b:empty|c:empty")]))
    'a:empty;(b:empty|c:empty)'
    """
    if len(filters) < 2:
        return filters[0] if filters else None
    return Group("all", tuple(filters))
