"""Reads: the attributes seen in answers, and what cells for them would cost.

Counted, not modelled: the latest answers of every survey are put into cells in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.attributes import (
    BANDS_OF_THEIR_OWN,
    OTHER,
    Reportable,
    Reportables,
    as_number,
    as_text,
    value_of,
)
from surveys.periods import local_day
from surveys.segments import suggested_edges
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.database import snapshot
from vocapp.measuring.attributes import MAX_VALUES

MOST_ANSWERS = 20_000
LEAST_OF_A_SURVEY = 200
MOST_ATTRIBUTES = 120
_NEED_BANDS = 20  # more distinct numbers than this are offered in bands


@dataclass(frozen=True, slots=True)
class SeenAttribute:
    """distinct: values as they were given; share: of answers with a value, 0…1; cost: cells
    per answer that come with it."""

    reportable: Reportable
    chosen: bool
    is_number: bool
    distinct: int
    examples: tuple[str, ...]
    share: float
    cost: float


@dataclass(frozen=True, slots=True)
class AttributeCosts:
    """answers: how many were put into cells; cells_per_answer: with the chosen attributes."""

    answers: int
    cells_per_answer: float
    attributes: tuple[SeenAttribute, ...]


@dataclass(slots=True)
class _Group:
    """Answers with the same value: how many, and the months of surveys that they are of."""

    count: int
    months: set[int]


_Values = dict[Any, _Group]  # in the order in which they were first seen


def attribute_costs(workspace_id: UUID, chosen: Reportables, *, time_zone: str) -> AttributeCosts:
    """Every attribute seen in the latest answers, and the chosen ones, with their cost."""
    answers = _Answers(time_zone)
    with snapshot() as session:
        for survey_id, rows in _latest(session, workspace_id):
            for answered_at, attributes in rows:
                answers.add(survey_id, answered_at, attributes)
    of_item = {item: answers.values_of(item) for item in _candidates(answers, chosen)}
    cells = {item: _cells(values) for item, values in of_item.items()}
    seen = [
        SeenAttribute(
            reportable=item,
            chosen=item in chosen,
            is_number=answers.is_number(item.name),
            share=_per(sum(group.count for group in values.values()), answers.count),
            cost=_per(cells[item], answers.count),
            **_values_given(answers.given(item.name)),
        )
        for item, values in of_item.items()
    ]
    in_all = answers.days + sum(cells[item] for item in chosen)
    return AttributeCosts(answers.count, _per(in_all, answers.count), tuple(seen))


def _latest(
    session: Session, workspace_id: UUID
) -> Iterator[tuple[UUID, Iterator[tuple[datetime, dict[str, Any]]]]]:
    """The latest answers of each survey, oldest first: whole days in a row, as cells see them."""
    surveys = session.scalars(select(Survey.id).where(Survey.workspace_id == workspace_id)).all()
    most = max(LEAST_OF_A_SURVEY, MOST_ANSWERS // max(1, len(surveys)))
    for survey_id in surveys:
        rows = session.execute(
            select(Response.answered_at, Response.attributes)
            .where(
                Response.workspace_id == workspace_id,
                Response.survey_id == survey_id,
                Response.score.is_not(None),
            )
            .order_by(Response.answered_at.desc())
            .limit(most)
        ).all()
        yield survey_id, ((row[0], row[1]) for row in reversed(rows))


class _Answers:
    """Answers grouped by the values of each attribute, which are few."""

    def __init__(self, time_zone: str) -> None:
        self._zone = time_zone
        self.count = 0
        self._days: set[tuple[UUID, date]] = set()
        self._months: dict[tuple[UUID, date], int] = {}
        # By attribute and by value with its type: 1, True and 1.0 are equal, and not the same.
        self._raw: dict[str, _Values] = {}
        self._derived: dict[str, _Values] = {name: {} for name in BANDS_OF_THEIR_OWN}

    @property
    def days(self) -> int:
        return len(self._days)

    def add(self, survey_id: UUID, answered_at: datetime, attributes: Mapping[str, Any]) -> None:
        self.count += 1
        day = local_day(answered_at, self._zone)
        self._days.add((survey_id, day))
        month = self._months.setdefault((survey_id, day.replace(day=1)), len(self._months))
        for name, value in attributes.items():
            if value is None or isinstance(value, list | dict):
                continue
            _put(self._raw.setdefault(name, {}), (value.__class__, value), 1, (month,))
        for name, values in self._derived.items():
            band = value_of(Reportable(name), attributes, answered_at)
            if band is not None:
                _put(values, band, 1, (month,))

    def names(self) -> list[str]:
        """Attributes that have values, the most frequent first."""
        counts = {name: sum(g.count for g in self.given(name).values()) for name in self._raw}
        return sorted((name for name, n in counts.items() if n), key=lambda name: -counts[name])

    def given(self, name: str) -> _Values:
        """The values of an attribute as text."""
        if name in self._derived:
            return self._derived[name]
        return _grouped((as_text(key[1]), group) for key, group in self._raw.get(name, {}).items())

    def numbers(self, name: str) -> list[tuple[float | None, int]]:
        """What was given for an attribute, as numbers where it is one, and how often."""
        return [
            (as_number(value), group.count)
            for (_, value), group in self._raw.get(name, {}).items()
            if as_text(value) is not None
        ]

    def is_number(self, name: str) -> bool:
        numbers = self.numbers(name)
        return bool(numbers) and all(number is not None for number, _ in numbers)

    def values_of(self, item: Reportable) -> _Values:
        """The values that an attribute has as segments."""
        if item.name in self._derived:
            return self._derived[item.name]
        if not item.edges:
            return self.given(item.name)
        never = datetime.min.replace(tzinfo=UTC)  # only bands of their own depend on it
        return _grouped(
            (value_of(item, {item.name: key[1]}, never), group)
            for key, group in self._raw.get(item.name, {}).items()
        )


def _put(values: _Values, key: Any, count: int, months: Iterable[int]) -> None:
    group = values.get(key)
    if group is None:
        group = values[key] = _Group(0, set())
    group.count += count
    group.months.update(months)


def _grouped(groups: Iterable[tuple[str | None, _Group]]) -> _Values:
    found: _Values = {}
    for value, group in groups:
        if value is not None:
            _put(found, value, group.count, group.months)
    return found


def _candidates(answers: _Answers, chosen: Reportables) -> Reportables:
    """The chosen attributes, then those seen, the most frequent first; numbers in bands."""
    names = dict.fromkeys((*BANDS_OF_THEIR_OWN, *answers.names()))
    others = [name for name in names if name not in {item.name for item in chosen}]
    offered = tuple(_offered(answers, name) for name in others[:MOST_ATTRIBUTES])
    return (*chosen, *offered)


def _offered(answers: _Answers, name: str) -> Reportable:
    if not answers.is_number(name) or len(answers.given(name)) <= _NEED_BANDS:
        return Reportable(name)
    numbers = [
        n for number, count in answers.numbers(name) if number is not None for n in [number] * count
    ]
    return Reportable(name, tuple(suggested_edges(numbers)))


def _values_given(given: _Values) -> dict[str, Any]:
    most = sorted(given, key=lambda value: -given[value].count)[:3]
    return {"distinct": len(given), "examples": tuple(most)}


def _cells(values: _Values) -> int:
    """The cells that these values fill, one a month of a survey; beyond the limit they are one."""
    cells, known, other = 0, 0, set[int]()
    for value, group in values.items():
        if value == OTHER or known >= MAX_VALUES:
            other |= group.months
        else:
            known += 1
            cells += len(group.months)
    return cells + len(other)


def _per(amount: float, answers: int) -> float:
    return amount / answers if answers else 0.0
