"""Filters in the reader's words."""

from __future__ import annotations

from datetime import date
from typing import Any

from surveys.filters import Condition, Filter, Group
from vocapp.translating import gettext as _
from vocapp.ui import formats
from vocapp.ui.attribute_names import attribute_name, value_name


def filter_in_words(filter_: Filter) -> str:
    """A whole filter as one phrase; groups within it stand in brackets."""
    if isinstance(filter_, Condition):
        return _condition(filter_)
    parts = [_part(part) for part in filter_.parts]
    return (_(", and ") if filter_.join == "all" else _(", or ")).join(parts)


def _part(part: Filter) -> str:
    words = filter_in_words(part)
    is_group = isinstance(part, Group) and len(part.parts) > 1
    return _("(%(words)s)", words=words) if is_group else words


def _condition(condition: Condition) -> str:
    name = attribute_name(condition.attribute)
    match condition.operator:
        case "in":
            return _("%(name)s is %(values)s", name=name, values=_values(condition))
        case "not_in":
            return _("%(name)s is not %(values)s", name=name, values=_values(condition))
        case "empty":
            return _("%(name)s is not known", name=name)
        case "not_empty":
            return _("%(name)s is known", name=name)
        case "between":
            return _range(name, condition)


def _values(condition: Condition) -> str:
    shown = [value_name(condition.attribute, value) for value in condition.values]
    return _(" or ").join(shown) if condition.operator == "in" else _(" nor ").join(shown)


def _range(name: str, condition: Condition) -> str:
    low, high = _bound(condition.low), _bound(condition.high)
    if condition.high is None:
        return _("%(name)s is %(low)s or more", name=name, low=low)
    if condition.low is None:
        return _("%(name)s is %(high)s or less", name=name, high=high)
    return _("%(name)s is from %(low)s to %(high)s", name=name, low=low, high=high)


def _bound(bound: Any) -> str:
    if isinstance(bound, date):
        return bound.isoformat()
    return formats.number(bound, 0 if bound is None or float(bound).is_integer() else 2)
