"""The attributes that scores are reported by, and a response's values of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from typing import Any

from surveys.segments import band, revenue_band, tenure_band

MAX_VALUE_LENGTH = 200
OTHER = "(other)"  # stands for all values beyond the most frequent ones
BANDS_OF_THEIR_OWN = ("revenue_band", "tenure_band")


@dataclass(frozen=True, slots=True)
class Reportable:
    """An attribute that scores are reported by; numbers between `edges` count as one value."""

    name: str
    edges: tuple[float, ...] = ()


Reportables = tuple[Reportable, ...]
REPORTABLE = (
    "plan", "region", "channel", "locale", "industry", "role", "revenue_band", "tenure_band",
)  # fmt: skip
DEFAULT: Reportables = tuple(map(Reportable, REPORTABLE))


def as_text(value: Any) -> str | None:
    """An attribute's value as a segment shows it; lists and objects have none.

    >>> as_text(True), as_text(3), as_text("  "), as_text("pro")
    ('true', '3', None, 'pro')
    """
    if value is None or isinstance(value, list | dict):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value).strip()
    return text[:MAX_VALUE_LENGTH] or None


def as_number(value: Any) -> float | None:
    """An attribute's value as a number, also one written as text; None where it is none.

    >>> as_number("12"), as_number(1.5), as_number(True), as_number("many"), as_number("inf")
    (12.0, 1.5, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def as_edges(numbers: Sequence[float]) -> tuple[float, ...]:
    """Edges as labels show them: 10 and 10.0 begin the same band.

    >>> as_edges([10.0, 12.5])
    (10, 12.5)
    """
    return tuple(int(n) if isinstance(n, float) and n.is_integer() else n for n in numbers)


def reportable_values(
    attributes: Mapping[str, Any], *, answered_at: datetime, reportable: Reportables = DEFAULT
) -> dict[str, str]:
    """The values of reportable attributes and bands of numbers; without those not known.

    >>> moment = datetime.fromisoformat("2026-03-01T00:00:00+00:00")
    >>> reportable_values({"plan": "pro", "started_on": "2026-01-01"}, answered_at=moment)
    {'plan': 'pro', 'tenure_band': '<3m'}
    """
    values = {item.name: value_of(item, attributes, answered_at) for item in reportable}
    return {name: value for name, value in values.items() if value is not None}


def value_of(item: Reportable, attributes: Mapping[str, Any], answered_at: datetime) -> str | None:
    """The value that one attribute has as a segment."""
    if item.name == "revenue_band":
        return revenue_band(attributes.get("mrr"), attributes.get("currency"))
    if item.name == "tenure_band":
        return tenure_band(_days_since(attributes.get("started_on"), answered_at))
    value = attributes.get(item.name)
    number = as_number(value) if item.edges else None
    return as_text(value) if number is None else band(number, item.edges)


def _days_since(day: Any, instant: datetime) -> int | None:
    return (instant.date() - date.fromisoformat(day)).days if isinstance(day, str) else None
