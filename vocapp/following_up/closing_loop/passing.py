"""Which cases were opened by answers of which a filter holds.

Only `surveys.filters` knows when a filter holds. The database gives what it asks, alike cases
counted together, and each combination of facts is asked once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, String, Subquery, Text, cast, literal

from surveys.filters import Filter, attributes_of
from vocapp.collecting.models import Response
from vocapp.measuring.filtering import Given
from vocapp.measuring.reportable import reportable_set

# What an attribute is worked out from, where it is no fact itself.
_MADE_OF = {"revenue_band": ("mrr", "currency"), "tenure_band": ("started_on",)}
_OF_THE_DAY = "tenure_band"
_ANY_DAY = datetime(2000, 1, 1, tzinfo=UTC)  # where the filter asks nothing of it


class Passing:
    """A filter of attributes as they were said with the answer, bands as in results.

    columns: what of an answer it asks.
    """

    def __init__(self, workspace_id: UUID, filter_: Filter) -> None:
        asked = attributes_of(filter_)
        self._given = Given(filter_, reportable_set(workspace_id))
        self._names = tuple(
            dict.fromkeys(name for each in asked for name in _MADE_OF.get(each, (each,)))
        )
        self._by_day = _OF_THE_DAY in asked
        # A name with such a sign cannot stand in a path of JSON on all databases.
        self._reads_all = any(sign in name for name in self._names for sign in '"\\')
        self._known: dict[tuple[Any, ...], bool] = {}

    @property
    def columns(self) -> list[ColumnElement[Any]]:
        found: list[Any] = (
            [cast(Response.attributes, Text)] if self._reads_all
            else [_json_of(name) for name in self._names]
        )  # fmt: skip
        if self._by_day:
            found = [*found, Response.answered_at]
        return [each.label(f"fact{place}") for place, each in enumerate(found)]

    def holds(self, facts: Sequence[Any]) -> bool:
        """facts: what the columns gave."""
        key = tuple(facts)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._ask(key)
        return known

    def _ask(self, facts: tuple[Any, ...]) -> bool:
        moment = facts[-1] if self._by_day else _ANY_DAY
        texts = facts[: len(facts) - self._by_day]
        read: list[Any] = [None if text is None else json.loads(text) for text in texts]
        attributes: dict[str, Any] = (
            read[0] if self._reads_all else dict(zip(self._names, read, strict=True))
        )
        return self._given.holds(attributes, moment)


def _json_of(name: str) -> ColumnElement[str]:
    """An attribute as JSON has it; SQLite gives 1 for true where it is asked for the value."""
    return cast(Response.attributes.op("->")(literal(name, String)), Text)


def passing_of(workspace_id: UUID, filter_: Filter | None) -> Passing | None:
    """None: all pass."""
    return None if filter_ is None else Passing(workspace_id, filter_)


def facts_in(cases: Subquery) -> list[ColumnElement[Any]]:
    """The columns that a filter is asked by, of cases that were read with them."""
    return [column for column in cases.c if column.name.startswith("fact")]
