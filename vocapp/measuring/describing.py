"""Responses in columns: days, who answered, and the codes of their attributes.

Column by column, not answer by answer: there are some fifty columns, and values repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import repeat
from typing import Any
from uuid import UUID

import numpy as np

from surveys.attributes import BANDS_OF_THEIR_OWN, Reportable, Reportables, as_text, value_of
from surveys.periods import zone
from vocapp.measuring import columns
from vocapp.measuring.attributes import KnownValues, free_name
from vocapp.measuring.columns import Column

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PLAIN = {str, int, float, bool, tuple}
_PORTION = 256  # responses whose attributes stay in the processor's cache, column after column


@dataclass(frozen=True, slots=True)
class Given:
    """A response as counting needs it."""

    id: UUID
    survey_id: UUID
    contact_id: UUID | None
    account_id: UUID | None
    answered_at: datetime
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Described:
    """Responses, one after the other. columns: by name, all but the score; without those that
    hold only zeros. level: see `columns.levels_of`."""

    days: Sequence[date]
    level: Column
    columns: Mapping[str, Column]

    def codes(self, place: int) -> set[tuple[str, int]]:
        """Column and code of every value that a response has."""
        return {
            (name, int(column[place]))
            for name, column in self.columns.items()
            if name not in columns.BASE and column[place]
        }


class Describer:
    """Describes responses for a generation; what was seen before is not worked out again."""

    def __init__(self, time_zone: str, reportable: Reportables, known: KnownValues) -> None:
        self._zone, self._reportable, self._known = zone(time_zone), reportable, known
        self._names = {item.name for item in reportable}
        self._seen: dict[tuple[str, type], dict[Any, int]] = {}  # column and kind → raw → code

    def describe(self, responses: Sequence[Given]) -> Described:
        """Their columns; learns new values."""
        days = [given.answered_at.astimezone(self._zone).date() for given in responses]
        person = _digests([given.contact_id for given in responses])
        tie = _longs([(given.id.int >> 64) - (1 << 63) for given in responses])
        found = {
            columns.DAY: np.array([day.day for day in days], dtype=columns.type_of(columns.DAY)),
            columns.PERSON: person,
            columns.ACCOUNT: _digests([given.account_id for given in responses]),
            columns.MOMENT: _longs(
                [(given.answered_at - _EPOCH) // _MICROSECOND for given in responses]
            ),
            columns.TIE: tie,
        }
        for start in range(0, len(responses), _PORTION):
            portion = _Portion(responses[start : start + _PORTION])
            for name, codes in self._codes(portion).items():
                if name not in found:
                    found[name] = np.zeros(len(responses), dtype=columns.type_of(name))
                found[name][start : start + len(codes)] = codes
        used = {name: column for name, column in found.items() if column.any()}
        return Described(days, columns.levels_of(columns.whose(person, tie)), used)

    def _codes(self, portion: _Portion) -> dict[str, list[int]]:
        """Column → of each response the code of its value, 0 for none."""
        found = {}
        for item in self._reportable:
            name = columns.attribute_column(item.name)
            found[name] = self._codes_of(item, name, portion)
        for attribute in sorted(portion.names - self._names):
            free = free_name(attribute)
            if free is not None:
                found[free] = self._free_codes(attribute, free, portion)
        return found

    def _codes_of(self, item: Reportable, name: str, portion: _Portion) -> list[int]:
        def code_of(given: Given) -> int:
            value = value_of(item, given.attributes, given.answered_at)
            return 0 if value is None else self._known.code(item.name, value)

        raws: Sequence[Any]
        if item.name in BANDS_OF_THEIR_OWN:
            raws = [_inputs_of(item, given) for given in portion.responses]
        else:
            raws = portion.given(item.name)
        return self._looked_up(name, raws, code_of, portion)

    def _free_codes(self, attribute: str, name: str, portion: _Portion) -> list[int]:
        def code_of(given: Given) -> int:
            value = as_text(given.attributes.get(attribute))
            return 0 if value is None else self._known.free_code(name, value)

        return self._looked_up(name, portion.given(attribute), code_of, portion)

    def _looked_up(
        self,
        name: str,
        raws: Sequence[Any],
        code_of: Callable[[Given], int],
        portion: _Portion,
    ) -> list[int]:
        """The codes of what was given, each worked out once where all are of one kind."""
        kinds = set(map(type, raws))
        kinds.discard(type(None))
        if len(kinds) > 1 or not kinds <= _PLAIN:  # True and 1 are two values, and one key
            return [code_of(given) for given in portion.responses]
        seen = self._seen.setdefault((name, kinds.pop() if kinds else str), {None: 0})
        codes = list(map(seen.get, raws))
        if None in codes:
            for place, code in enumerate(codes):
                if code is None:
                    raw = raws[place]
                    if raw not in seen:
                        seen[raw] = code_of(portion.responses[place])
                    codes[place] = seen[raw]
        return codes  # type: ignore[return-value]


class _Portion:
    """Some responses, and what was given of an attribute in each."""

    def __init__(self, responses: Sequence[Given]) -> None:
        self.responses = responses
        self._attributes = [given.attributes for given in responses]
        self.names = set[str]().union(*self._attributes)

    def given(self, attribute: str) -> list[Any]:
        """None: nothing."""
        return list(map(dict.get, self._attributes, repeat(attribute)))


def _inputs_of(item: Reportable, given: Given) -> tuple[Any, ...]:
    """All that the value of a band is made of, see `value_of`."""
    facts = given.attributes
    if item.name == "revenue_band":
        return repr(facts.get("mrr")), repr(facts.get("currency"))
    return repr(facts.get("started_on")), given.answered_at.date()


def _digests(keys: Sequence[UUID | None]) -> Column:
    return _longs([columns.digest(key) for key in keys])


def _longs(numbers: Sequence[int]) -> Column:
    return np.array(numbers, dtype=columns.type_of(columns.MOMENT))
