"""Reads: answers as they are stored now, row by row, where neither cells nor columns can tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import numpy as np
from sqlalchemy import select

from surveys.attributes import Reportable, Reportables, value_of
from surveys.periods import day_bounds, local_day, period_start
from surveys.questions import scale_of
from vocapp.collecting.models import Response
from vocapp.measuring import filtering
from vocapp.measuring.answers import Answers, Counts, Repeated
from vocapp.measuring.asking import Ask, Basis, Segment, Source

_FETCH = 5000


@dataclass(frozen=True, slots=True)
class Scored:
    """One answer: whose it is, its local day, its place in the histogram, its segment."""

    response_id: UUID
    contact_id: UUID | None
    account_id: UUID | None
    day: date
    index: int
    segment: Segment
    inside: bool  # of the filter


def _as_asked(source: Source, names: Sequence[str]) -> Reportables:
    """Attributes by name, in the same bands as in the cells."""
    known = {item.name: item for item in source.reportable}
    return tuple(known.get(name) or Reportable(name) for name in names)


def answers_now(source: Source, ask: Ask) -> Iterator[Scored]:
    """The scored answers of the days asked for as they are now, oldest first."""
    survey, start = source.survey, (scale_of(source.survey.kind) or range(1)).start
    conditions = [
        Response.workspace_id == survey.workspace_id,
        Response.survey_id == survey.id,
        Response.score.is_not(None),
    ]
    if ask.since:
        conditions.append(Response.answered_at >= day_bounds(ask.since, source.zone)[0])
    if ask.until:
        conditions.append(Response.answered_at < day_bounds(ask.until, source.zone)[0])
    asked = _as_asked(source, ask.by)
    facts = filtering.Facts(source.session, survey.workspace_id, ask.today)
    inside = filtering.Given(ask.filter, source.reportable)
    rows = source.session.execute(
        select(
            Response.id, Response.contact_id, Response.account_id, Response.score,
            Response.answered_at, Response.attributes,
        )
        .where(*conditions)
        .order_by(Response.answered_at, Response.id)
        .execution_options(yield_per=_FETCH)
    )  # fmt: skip
    for row in rows:
        attributes, moment = facts.of(row), ask.today or row.answered_at
        yield Scored(
            row.id, row.contact_id, row.account_id, local_day(row.answered_at, source.zone),
            row.score - start,
            tuple(value_of(item, attributes, moment) for item in asked),
            inside.holds(attributes, moment),
        )  # fmt: skip


def scan(source: Source, ask: Ask) -> tuple[Counts, Repeated]:
    """Count answer by answer; by people or accounts only the latest of each.

    The latest is found before the filter is asked, so that a filter by one value counts what
    the split by that attribute counts.
    """
    scored: Iterable[Scored] = answers_now(source, ask)
    if ask.basis != "responses":
        scored = {_unit(each, ask.basis): each for each in scored}.values()
    answers = _as_arrays(source.size, (each for each in scored if each.inside), ask)
    repeated = answers.repeated(drawn=False) if ask.basis == "responses" else Repeated()
    return answers.counts(), repeated


def _unit(scored: Scored, basis: Basis) -> UUID:
    """Whose answer this is: an answer without a person or account stands for itself."""
    person = scored.contact_id or scored.response_id
    return person if basis == "people" else scored.account_id or person


def _as_arrays(size: int, answers: Iterable[Scored], ask: Ask) -> Answers:
    starts: dict[date, int] = {}
    keys: dict[Segment, int] = {}
    people: dict[UUID | None, int] = {None: 0}
    rows = [
        (
            each.index + 1,
            starts.setdefault(period_start(each.day, ask.interval), len(starts)),
            keys.setdefault(each.segment, len(keys)),
            people.setdefault(each.contact_id, len(people)),
        )
        for each in answers
    ]
    score, period, segment, person = np.array(rows, dtype=np.int32).reshape(-1, 4).T
    return Answers(
        size, score, period, tuple(starts),
        segment if ask.by else None, tuple(keys), person,
    )  # fmt: skip
