"""Which values of the reportable attributes have cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from surveys.attributes import DEFAULT, OTHER, Reportable, Reportables
from vocapp.database import insert_absent, scoped
from vocapp.measuring.models import AttributeValue

MAX_REPORTABLE = 20
MAX_VALUES = 100


def from_stored(stored: Sequence[Mapping[str, Any]] | None) -> Reportables:
    """Reportable attributes as a table holds them; none were chosen: the default."""
    if stored is None:
        return DEFAULT
    return tuple(Reportable(item["name"], tuple(item["edges"])) for item in stored)


def to_stored(reportable: Reportables) -> list[dict[str, Any]]:
    return [{"name": item.name, "edges": list(item.edges)} for item in reportable]


class KnownValues:
    """The values with cells of one workspace; learns new ones up to the limit.

    The first hundred values of an attribute keep cells of their own, so that a value
    never moves between its own cell and "(other)". `store` writes what was learnt, once
    for a whole batch; whoever learns holds the workspace's cell state.
    """

    def __init__(self, session: Session, workspace_id: UUID) -> None:
        self._session, self._workspace_id = session, workspace_id
        self._known: dict[str, set[str]] = {}
        self._learnt: list[tuple[str, str]] = []
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
        known.add(value)
        self._learnt.append((attribute, value))
        return value

    def store(self) -> None:
        """Write the values learnt since the last call."""
        rows = [
            {"workspace_id": self._workspace_id, "attribute": attribute, "value": value}
            for attribute, value in sorted(self._learnt)
        ]
        insert_absent(self._session, AttributeValue, rows)
        self._learnt.clear()
