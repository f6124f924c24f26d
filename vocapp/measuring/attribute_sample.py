"""The attributes seen in the latest answers, grouped: all that their cost in cells is told from.

Counted, not modelled: the latest answers of every survey are put into cells in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.attributes import (
    BANDS_OF_THEIR_OWN,
    OTHER,
    Reportable,
    as_number,
    as_text,
    value_of,
)
from surveys.periods import day_bounds, local_day
from surveys.segments import suggested_edges
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.measuring.attributes import MAX_VALUES

MOST_ANSWERS = 20_000
LEAST_OF_A_SURVEY = 200
MOST_ATTRIBUTES = 140
_MOST_EXAMPLES = 3
_NEED_BANDS = 20  # more distinct numbers than this are offered in bands


@dataclass(frozen=True, slots=True)
class SampledAttribute:
    """answers: those with a value; distinct: values as they were given; edges: the bands offered.

    cells: what comes with it without bands; cells_of_texts: of these, those of values that are
    no numbers. numbers: the distinct ones of each month of a survey.
    """

    answers: int
    distinct: int
    examples: tuple[str, ...]
    is_number: bool
    edges: tuple[float, ...]
    cells: int
    cells_of_texts: int
    numbers: tuple[Sequence[float], ...]


@dataclass(frozen=True, slots=True)
class AttributeSample:
    """answers: how many were read; days: of surveys, on which they came. By name, the most
    frequent first.

    of_months: answers of the months that they came in, read or not: cells are one a month, however
    little of it was read.
    """

    answers: int
    days: int
    of_months: int
    attributes: Mapping[str, SampledAttribute]


def read_sample(session: Session, workspace_id: UUID, *, time_zone: str) -> AttributeSample:
    """What the latest answers of each survey have as attributes."""
    answers, days, of_months = 0, 0, 0
    counts: dict[str, Counter[_Given]] = {name: Counter() for name in BANDS_OF_THEIR_OWN}
    for place, (survey_id, rows) in enumerate(_latest(session, workspace_id)):
        days_of_rows = [local_day(answered_at, time_zone) for answered_at, _ in rows]
        answers, days = answers + len(rows), days + len(set(days_of_rows))
        if rows:
            since, _ = day_bounds(days_of_rows[0].replace(day=1), time_zone)
            of_months += session.scalar(_since(workspace_id, survey_id, since)) or 0
        months = [(place, day.replace(day=1)) for day in days_of_rows]
        for name, given in _given(rows, months):
            counts.setdefault(name, Counter()).update(given)
    sampled = {name: _sampled(name, _by_value(given)) for name, given in counts.items()}
    used = [name for name in sampled if sampled[name].answers or name in BANDS_OF_THEIR_OWN]
    used.sort(key=lambda name: (name not in BANDS_OF_THEIR_OWN, -sampled[name].answers))
    attributes = {name: sampled[name] for name in used[:MOST_ATTRIBUTES]}
    return AttributeSample(answers, days, of_months, attributes)


_Month = tuple[int, date]  # of which survey
_Given = tuple[_Month, type, Any]  # with its type: 1, True and 1.0 are equal, and not the same
_Row = tuple[datetime, Mapping[str, Any]]


def _since(workspace_id: UUID, survey_id: UUID, instant: datetime) -> Any:
    return select(func.count()).where(
        Response.workspace_id == workspace_id,
        Response.survey_id == survey_id,
        Response.answered_at >= instant,
        Response.score.is_not(None),
    )


def _latest(session: Session, workspace_id: UUID) -> Iterator[tuple[UUID, Sequence[_Row]]]:
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
        yield survey_id, [(row[0], row[1]) for row in reversed(rows)]


def _given(
    rows: Sequence[_Row], months: Sequence[_Month]
) -> Iterator[tuple[str, Iterator[_Given]]]:
    """Attribute by attribute what was given, answer by answer."""
    names: dict[str, None] = {}
    for _, attributes in rows:
        names.update(dict.fromkeys(attributes))
    for name in names:
        if name in BANDS_OF_THEIR_OWN:
            continue
        values = [attributes.get(name) for _, attributes in rows]
        yield name, _without_none(months, values)
    for name in BANDS_OF_THEIR_OWN:
        item = Reportable(name)
        values = [value_of(item, attributes, answered_at) for answered_at, attributes in rows]
        yield name, _without_none(months, values)


def _without_none(months: Sequence[_Month], values: Sequence[Any]) -> Iterator[_Given]:
    for month, value in zip(months, values, strict=True):
        if value is not None and not isinstance(value, list | dict):
            yield month, value.__class__, value


@dataclass(slots=True)
class _Group:
    """Answers with the same value: how many, and the months of surveys that they are of."""

    count: int
    months: set[_Month]


_Values = dict[str, _Group]  # in the order in which they were first seen


def _by_value(given: Mapping[_Given, int]) -> _Values:
    found: _Values = {}
    for (month, _, value), count in given.items():
        text = as_text(value)
        if text is not None:
            group = found.setdefault(text, _Group(0, set()))
            group.count += count
            group.months.add(month)
    return found


def _sampled(name: str, values: _Values) -> SampledAttribute:
    has_own_bands = name in BANDS_OF_THEIR_OWN
    numbers = {} if has_own_bands else {text: as_number(text) for text in values}
    texts = {text: group for text, group in values.items() if numbers.get(text) is None}
    is_number = bool(values) and not texts
    most = sorted(values, key=lambda value: -values[value].count)[:_MOST_EXAMPLES]
    return SampledAttribute(
        answers=sum(group.count for group in values.values()),
        distinct=len(values),
        examples=tuple(most),
        is_number=is_number,
        edges=_offered(values, numbers) if is_number and len(values) > _NEED_BANDS else (),
        cells=_cells(values),
        cells_of_texts=_cells(texts),
        numbers=_by_month(values, numbers),
    )


def _offered(values: _Values, numbers: Mapping[str, float | None]) -> tuple[float, ...]:
    """Edges for numbers, each as often as it was given."""
    given = [
        number
        for text, number in numbers.items()
        if number is not None
        for number in [number] * values[text].count
    ]
    return tuple(suggested_edges(given))


def _by_month(
    values: _Values, numbers: Mapping[str, float | None]
) -> tuple[tuple[float, ...], ...]:
    found: dict[_Month, set[float]] = {}
    for text, number in numbers.items():
        if number is not None:
            for month in values[text].months:
                found.setdefault(month, set()).add(number)
    return tuple(tuple(sorted(of_month)) for of_month in found.values())


def _cells(values: _Values) -> int:
    """The cells that these values fill, one a month of a survey; beyond the limit they are one."""
    cells, known, other = 0, 0, set[_Month]()
    for value, group in values.items():
        if value == OTHER or known >= MAX_VALUES:
            other |= group.months
        else:
            known += 1
            cells += len(group.months)
    return cells + len(other)
