"""Reads: the attributes seen in answers, and what cells for them would cost.

Counted, not modelled: the latest answers of every survey are put into cells in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
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


@dataclass(frozen=True, slots=True)
class _Answer:
    survey_id: UUID
    answered_at: datetime
    attributes: Mapping[str, Any]


def attribute_costs(workspace_id: UUID, chosen: Reportables, *, time_zone: str) -> AttributeCosts:
    """Every attribute seen in the latest answers, and the chosen ones, with their cost."""
    with snapshot() as session:
        answers = list(_latest(session, workspace_id))
    candidates = _candidates(answers, chosen)
    cells = _Cells(answers, candidates, chosen, time_zone)
    seen = [
        SeenAttribute(
            reportable=item,
            chosen=item in chosen,
            is_number=_is_number(_given(answers, item.name)),
            share=cells.share(item),
            cost=cells.cost(item),
            **_values_given(answers, item),
        )
        for item in candidates
    ]
    return AttributeCosts(len(answers), cells.per_answer(), tuple(seen))


def _latest(session: Session, workspace_id: UUID) -> Iterator[_Answer]:
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
        for answered_at, attributes in reversed(rows):
            yield _Answer(survey_id, answered_at, attributes)


def _candidates(answers: list[_Answer], chosen: Reportables) -> Reportables:
    """The chosen attributes, then those seen, the most frequent first; numbers in bands."""
    seen = Counter(
        name
        for answer in answers
        for name, value in answer.attributes.items()
        if as_text(value) is not None
    )
    names = dict.fromkeys((*BANDS_OF_THEIR_OWN, *(name for name, _ in seen.most_common())))
    others = [name for name in names if name not in {item.name for item in chosen}]
    offered = tuple(_offered(answers, name) for name in others[:MOST_ATTRIBUTES])
    return (*chosen, *offered)


def _offered(answers: list[_Answer], name: str) -> Reportable:
    if name in BANDS_OF_THEIR_OWN:
        return Reportable(name)
    given = _given(answers, name)
    if not _is_number(given) or len({str(value) for value in given}) <= _NEED_BANDS:
        return Reportable(name)
    numbers = [number for value in given if (number := as_number(value)) is not None]
    return Reportable(name, tuple(suggested_edges(numbers)))


def _given(answers: list[_Answer], name: str) -> list[Any]:
    values = (answer.attributes.get(name) for answer in answers)
    return [value for value in values if as_text(value) is not None]


def _is_number(given: list[Any]) -> bool:
    return bool(given) and all(as_number(value) is not None for value in given)


def _values_given(answers: list[_Answer], item: Reportable) -> dict[str, Any]:
    plain = item if item.name in BANDS_OF_THEIR_OWN else Reportable(item.name)
    counted = Counter(value_of(plain, a.attributes, a.answered_at) for a in answers)
    counted.pop(None, None)
    examples = tuple(str(value) for value, _ in counted.most_common(3))
    return {"distinct": len(counted), "examples": examples}


class _Cells:
    """The cells that these answers would fill."""

    def __init__(
        self,
        answers: list[_Answer],
        candidates: Reportables,
        chosen: Reportables,
        time_zone: str,
    ) -> None:
        days = [(a.survey_id, local_day(a.answered_at, time_zone)) for a in answers]
        self._days = len(set(days))
        self._months = [(survey_id, day.replace(day=1)) for survey_id, day in days]
        self._values = {item: _values_in_cells(answers, item) for item in candidates}
        self._chosen = chosen

    def share(self, item: Reportable) -> float:
        values = self._values[item]
        return sum(value is not None for value in values) / len(values) if values else 0.0

    def cost(self, item: Reportable) -> float:
        """Cells per answer that come with this attribute."""
        return self._per_answer(self._of(item))

    def per_answer(self) -> float:
        return self._per_answer(self._days + sum(self._of(item) for item in self._chosen))

    def _of(self, item: Reportable) -> int:
        placed = zip(self._months, self._values[item], strict=True)
        return len({(month, value) for month, value in placed if value is not None})

    def _per_answer(self, cells: int) -> float:
        return cells / len(self._months) if self._months else 0.0


def _values_in_cells(answers: list[_Answer], item: Reportable) -> list[str | None]:
    """Per answer its value; values beyond the limit are one."""
    known: set[str] = set()
    found: list[str | None] = []
    for answer in answers:
        value = value_of(item, answer.attributes, answer.answered_at)
        if value is not None and value not in known and len(known) >= MAX_VALUES:
            value = OTHER
        if value is not None and value != OTHER:
            known.add(value)
        found.append(value)
    return found
