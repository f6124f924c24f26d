"""Which values of the reportable attributes have cells."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.attributes import BANDS_OF_THEIR_OWN, DEFAULT, OTHER, Reportable, Reportables
from vocapp.database import insert_absent, read_once
from vocapp.measuring.models import AttributeValue

MAX_REPORTABLE = 20
MAX_VALUES = 100
# Of attributes that are not reportable, as many have columns, with as many values each.
MAX_FREE = 64
MAX_FREE_VALUES = 250  # a code is a byte, and "(other)" and none have one, too
_MOST_CHARS = 100
_FREE = ":"  # before their names, also in stored values


def from_stored(stored: Sequence[Mapping[str, Any]] | None) -> Reportables:
    """Reportable attributes as a table holds them; none were chosen: the default."""
    if stored is None:
        return DEFAULT
    return tuple(Reportable(item["name"], tuple(item["edges"])) for item in stored)


def to_stored(reportable: Reportables) -> list[dict[str, Any]]:
    return [{"name": item.name, "edges": list(item.edges)} for item in reportable]


def free_name(name: str) -> str | None:
    """Under which name the values of an attribute that is not reportable are known, as they were
    given; None where it is derived from others, or too long."""
    is_derived = name in BANDS_OF_THEIR_OWN
    return None if is_derived or len(name) >= _MOST_CHARS else f"{_FREE}{name}"


class KnownValues:
    """The values with cells of a generation, and their codes; learns new ones up to the limit.

    The first hundred values of an attribute keep cells of their own, so that a value
    never moves between its own cell and "(other)". Attributes that are not reportable have no
    cells, but columns and codes (`free_name`). `store` writes what was learnt, once
    for a whole batch; whoever learns holds the workspace's cell state.
    """

    def __init__(self, session: Session, workspace_id: UUID, generation: int) -> None:
        self._session, self._key = session, (workspace_id, generation)
        self._codes: dict[str, dict[str, int]] = {}
        self._values: dict[str, dict[int, str]] = {}
        self._learnt: list[tuple[str, str]] = []
        self._free = 0
        query = select(AttributeValue.attribute, AttributeValue.value, AttributeValue.code).where(
            AttributeValue.workspace_id == workspace_id, AttributeValue.generation == generation
        )
        for attribute, value, code in session.execute(query):
            self._know(attribute, value, code)
        self._free = sum(attribute[0] == _FREE for attribute in self._codes)

    def _know(self, attribute: str, value: str, code: int) -> None:
        self._codes.setdefault(attribute, {})[value] = code
        self._values.setdefault(attribute, {})[code] = value

    def code(self, attribute: str, value: str) -> int:
        """The code of a value, of "(other)" beyond the limit; learns what is new."""
        codes = self._codes.setdefault(attribute, {})
        found = codes.get(value)
        if found is not None:
            return found
        limit = MAX_FREE_VALUES if attribute[0] == _FREE else MAX_VALUES
        if len(codes) >= limit and value != OTHER:
            return self.code(attribute, OTHER)
        if not codes and attribute[0] == _FREE:
            self._free += 1
        used = set(codes.values())  # a value that nobody has any more gave its code back
        found = next(number for number in count(1) if number not in used)
        self._know(attribute, value, found)
        self._learnt.append((attribute, value))
        return found

    def free_code(self, attribute: str, value: str) -> int:
        """The code of a value of a free attribute; 0 where there are too many of those."""
        has_room = attribute in self._codes or self._free < MAX_FREE
        return self.code(attribute, value) if has_room else 0

    def known_code(self, attribute: str, value: str) -> int | None:
        """The code that cells hold for a value, without learning; None where they hold none."""
        codes = self._codes.get(attribute, {})
        return codes.get(value, codes.get(OTHER))

    def value(self, attribute: str, code: int) -> str:
        return self._values[attribute][code]

    def store(self) -> None:
        """Write the values learnt since the last call."""
        workspace_id, generation = self._key
        rows = [
            {
                "workspace_id": workspace_id, "generation": generation, "attribute": attribute,
                "value": value, "code": self._codes[attribute][value],
            }
            for attribute, value in sorted(self._learnt)
        ]  # fmt: skip
        insert_absent(self._session, AttributeValue, rows)
        self._learnt.clear()


def values_by_code(
    session: Session, workspace_id: UUID, generation: int, attributes: Collection[str]
) -> dict[str, Mapping[int, str]]:
    """Attribute → code → value, of a generation; each is read once in a snapshot."""
    known: dict[str, dict[int, str]] = read_once(
        session, ("values by code", workspace_id, generation), dict
    )
    missing = [name for name in attributes if name not in known]
    if missing:
        known |= {name: {} for name in missing}
        rows = session.execute(
            select(AttributeValue.attribute, AttributeValue.value, AttributeValue.code).where(
                AttributeValue.workspace_id == workspace_id,
                AttributeValue.generation == generation,
                AttributeValue.attribute.in_(missing),
            )
        )
        for attribute, value, code in rows:
            known[attribute][code] = value
    return {name: known[name] for name in attributes}


def free_columns_tell(
    session: Session, workspace_id: UUID, generation: int, names: Sequence[str]
) -> bool:
    """Whether the columns of a generation hold every value of these free attributes."""
    wanted = [free_name(name) for name in names]
    mine = [AttributeValue.workspace_id == workspace_id, AttributeValue.generation == generation]
    rows = session.execute(
        select(AttributeValue.attribute, AttributeValue.value).where(
            *mine, AttributeValue.attribute.in_([name for name in wanted if name])
        )
    ).all()
    if None in wanted or any(value == OTHER for _, value in rows):
        return False
    if {name for name, _ in rows} == set(wanted):
        return True
    free = select(AttributeValue.attribute).where(*mine, AttributeValue.attribute.startswith(_FREE))
    # Nobody has the others, unless there was no room for them.
    return len(session.scalars(free.distinct()).all()) < MAX_FREE
