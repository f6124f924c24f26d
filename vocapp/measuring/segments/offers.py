"""Reads: attributes and values that a filter may ask, as recent answers or accounts have them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.attributes import Reportable, as_number, as_text, value_of
from surveys.filters import Filter, attributes_of
from vocapp.authoring.queries import list_surveys
from vocapp.collecting.models import Response
from vocapp.database import scoped, snapshot
from vocapp.measuring.models import AttributeValue, CellState
from vocapp.measuring.queries import Reading
from vocapp.measuring.reportable import reportable_set

MOST_ANSWERS = 4000
MOST_ATTRIBUTES = 120
MOST_VALUES = 50
_OF_EACH_SURVEY = 200
_ISO_DAY_LENGTH = 10
Seen = Sequence[tuple[datetime, Mapping[str, Any]]]  # when it was answered, and its attributes


@dataclass(frozen=True, slots=True)
class Offer:
    """An attribute that can be asked. values: with the number that have it, the most frequent
    first; distinct: how many were seen in all; low, high: of its numbers or days."""

    attribute: str
    is_reportable: bool
    values: tuple[tuple[str, int], ...] = ()
    distinct: int = 0
    low: float | date | None = None
    high: float | date | None = None


@dataclass(frozen=True, slots=True)
class Offers:
    """What can be asked of a survey. answers: how many recent ones were looked at; is_all:
    there are no others."""

    by_attribute: Mapping[str, Offer]
    answers: int = 0
    is_all: bool = True


def offers_of(opened: Reading) -> Offers:
    """Reportable attributes in their order, then what else recent answers have."""
    source, workspace_id = opened.source, opened.survey.workspace_id
    if source is None:
        return offers_without_answers(workspace_id)
    rows = opened.session.execute(
        select(Response.answered_at, Response.attributes)
        .where(
            Response.workspace_id == workspace_id,
            Response.survey_id == opened.survey.id,
            Response.score.is_not(None),
        )
        .order_by(Response.answered_at.desc())
        .limit(MOST_ANSWERS + 1)
    ).all()
    seen = [(moment, facts) for moment, facts in rows[:MOST_ANSWERS]]
    known = _known_values(opened.session, workspace_id)
    found = {
        item.name: _offer(item, seen, known.get(item.name, ()), is_reportable=True)
        for item in source.reportable
    }
    others = (name for name in _names(facts for _, facts in seen) if name not in found)
    for name in list(islice(others, MOST_ATTRIBUTES)):
        found[name] = _offer(Reportable(name), seen)
    return Offers(found, len(seen), len(rows) <= MOST_ANSWERS)


def offers_without_answers(workspace_id: UUID) -> Offers:
    """The reportable attributes, where no survey has answers to look at."""
    reportable = reportable_set(workspace_id)
    return Offers({item.name: Offer(item.name, is_reportable=True) for item in reportable})


def offers_of_facts(all_facts: Sequence[Mapping[str, Any]], *, first: Sequence[str]) -> Offers:
    """What else than answers has attributes may be asked by, some of them first; all is
    counted alike."""
    names = dict.fromkeys([*first, *_names(iter(all_facts))])
    return Offers(
        {
            name: _offer_of([facts.get(name) for facts in all_facts], name)
            for name in islice(names, MOST_ATTRIBUTES)
        }
    )


def _offer_of(given: list[Any], name: str) -> Offer:
    """Each value is read once, as many thousands may have it."""
    counted: Counter[str | None] = Counter()
    for value, n in Counter(map(_with_kind, given)).items():
        counted[as_text(value[1])] += n
    del counted[None]
    ordered = sorted(counted.items(), key=lambda pair: (-pair[1], str(pair[0])))
    low, high = _bounds(list(counted))
    values = tuple((str(value), n) for value, n in ordered[:MOST_VALUES])
    return Offer(name, is_reportable=True, values=values, distinct=len(counted), low=low, high=high)


def _with_kind(value: Any) -> tuple[type, Any]:
    """So that 1 and true stay apart; what is no single value is none."""
    return (value.__class__, None if isinstance(value, list | dict) else value)


def unseen_attributes(workspace_id: UUID, filter_: Filter) -> list[str]:
    """The attributes of a filter that are neither reportable nor in any recent answer."""
    known = {item.name for item in reportable_set(workspace_id)}
    asked = [name for name in attributes_of(filter_) if name not in known]
    if not asked:
        return []
    with snapshot() as session:
        for facts in _recent_facts(session, workspace_id):
            asked = [name for name in asked if as_text(facts.get(name)) is None]
            if not asked:
                break
    return asked


def _recent_facts(session: Session, workspace_id: UUID) -> Iterator[Mapping[str, Any]]:
    for survey in list_surveys(workspace_id):
        yield from session.scalars(
            select(Response.attributes)
            .where(Response.workspace_id == workspace_id, Response.survey_id == survey.id)
            .order_by(Response.answered_at.desc())
            .limit(_OF_EACH_SURVEY)
        )


def _known_values(session: Session, workspace_id: UUID) -> dict[str, list[str]]:
    """The values with cells: also those that no recent answer has."""
    found: dict[str, list[str]] = {}
    current = select(CellState.generation).where(CellState.workspace_id == workspace_id)
    for row in session.scalars(
        scoped(AttributeValue, workspace_id).where(
            AttributeValue.generation == current.scalar_subquery()
        )
    ):
        found.setdefault(row.attribute, []).append(row.value)
    return found


def _names(all_facts: Iterator[Mapping[str, Any]]) -> list[str]:
    """Attributes with a value, the most frequent first."""
    counted = Counter(
        name for facts in all_facts for name, value in facts.items() if as_text(value) is not None
    )
    return [name for name, _ in counted.most_common()]


def _offer(
    item: Reportable, seen: Seen, known: Iterable[str] = (), *, is_reportable: bool = False
) -> Offer:
    counted = Counter(value_of(item, facts, moment) for moment, facts in seen)
    counted.update(dict.fromkeys(known, 0))
    del counted[None]
    ordered = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    low, high = _bounds([facts.get(item.name) for _, facts in seen])
    values = tuple((str(value), n) for value, n in ordered[:MOST_VALUES])
    return Offer(item.name, is_reportable, values, len(counted), low, high)


def _bounds(given: list[Any]) -> tuple[float | date | None, float | date | None]:
    """The least and the greatest, where all values are numbers, or all are days."""
    texts = [value for value in given if as_text(value) is not None]
    for read in (as_number, _as_day):
        found = [value for value in map(read, texts) if value is not None]
        if found and len(found) == len(texts):
            return min(found), max(found)
    return None, None


def _as_day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:_ISO_DAY_LENGTH])
    except ValueError:
        return None
