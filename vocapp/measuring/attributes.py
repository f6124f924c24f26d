"""Which attributes have cells, and a response's values of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from surveys.segments import revenue_band, tenure_band
from vocapp.database import insert_if_absent, scoped
from vocapp.measuring.models import AttributeValue

REPORTABLE = (
    "plan", "region", "channel", "locale", "industry", "role", "revenue_band", "tenure_band",
)  # fmt: skip
MAX_VALUES = 100
OTHER = "(other)"
MAX_VALUE_LENGTH = 200


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


def reportable_values(attributes: Mapping[str, Any], *, answered_at: datetime) -> dict[str, str]:
    """The values that enter cells: reportable attributes and bands of numbers."""
    values = {name: as_text(attributes.get(name)) for name in REPORTABLE}
    values["revenue_band"] = revenue_band(attributes.get("mrr"), attributes.get("currency"))
    values["tenure_band"] = tenure_band(_days_since(attributes.get("started_on"), answered_at))
    return {name: value for name, value in values.items() if value is not None}


def _days_since(day: Any, instant: datetime) -> int | None:
    return (instant.date() - date.fromisoformat(day)).days if isinstance(day, str) else None


class KnownValues:
    """The values with cells of one workspace; learns new ones up to the limit.

    The first hundred values of an attribute keep cells of their own, so that a value
    never moves between its own cell and "(other)".
    """

    def __init__(self, session: Session, workspace_id: UUID) -> None:
        self._session, self._workspace_id = session, workspace_id
        self._known: dict[str, set[str]] = {}
        for row in session.scalars(scoped(AttributeValue, workspace_id)):
            self._known.setdefault(row.attribute, set()).add(row.value)

    def bounded(self, values: Mapping[str, str]) -> dict[str, str]:
        """The values, with those beyond the limit as "(other)"."""
        return {name: self._bounded(name, value) for name, value in values.items()}

    def as_counted(self, values: Mapping[str, str]) -> dict[str, str]:
        """The values as cells hold them, without learning new ones."""
        return {
            name: value if value in self._known.get(name, ()) else OTHER
            for name, value in values.items()
        }

    def _bounded(self, attribute: str, value: str) -> str:
        known = self._known.setdefault(attribute, set())
        if value in known:
            return value
        if len(known) >= MAX_VALUES:
            return OTHER
        insert_if_absent(
            self._session,
            AttributeValue,
            workspace_id=self._workspace_id,
            attribute=attribute,
            value=value,
        )
        known.add(value)
        return value


def are_reportable(names: Iterable[str]) -> bool:
    return set(names) <= set(REPORTABLE)
