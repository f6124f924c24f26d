"""Count answers: move the cells from what they hold of a response to what it is now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import repeat
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from surveys.attributes import Reportables
from surveys.questions import scale_of
from vocapp.authoring.models import Question
from vocapp.collecting.models import Answer, Response
from vocapp.database import insert_into, load_rows, read_once
from vocapp.measuring import columns
from vocapp.measuring.attributes import KnownValues, from_stored
from vocapp.measuring.cells import CellChanges
from vocapp.measuring.columns import MOST_LEVEL, Chunks, Column, Key
from vocapp.measuring.describing import Described, Describer, Given
from vocapp.measuring.models import AttributeValue, CellState, CountedAnswer

_IDS = 1000  # in one statement; databases limit its parameters


@dataclass(frozen=True, slots=True)
class Target:
    """A generation of cells, and the settings that it is counted by."""

    workspace_id: UUID
    generation: int
    time_zone: str
    reportable: Reportables

    @classmethod
    def live(cls, state: CellState) -> Target:
        """The generation that is read."""
        return cls(
            state.workspace_id, state.generation, state.time_zone, from_stored(state.attributes)
        )

    @classmethod
    def building(cls, state: CellState) -> Target:
        """The one that will take its place."""
        assert state.building is not None
        assert state.building_time_zone is not None
        return cls(
            state.workspace_id, state.building, state.building_time_zone,
            from_stored(state.building_attributes),
        )  # fmt: skip

    def codes(self, held: Mapping[str, int]) -> dict[str, int]:
        """Reportable attribute → code that the columns of an answer hold."""
        return {
            item.name: code
            for item in self.reportable
            if (code := held.get(columns.attribute_column(item.name)))
        }


_GIVEN = (
    Response.id, Response.survey_id, Response.contact_id, Response.account_id,
    Response.answered_at, Response.attributes,
)  # fmt: skip
Scores = Mapping[UUID, Mapping[UUID, int]]  # response → question → place in the histogram


def read_given(session: Session, query: Any) -> list[Given]:
    """query: a selection of responses that is still without columns."""
    return [Given(*row) for row in session.execute(query.with_only_columns(*_GIVEN))]


def read_of_survey(session: Session, query: Any, survey_id: UUID) -> list[Given]:
    """The same of one survey, whose key need not be read with each; query: of the table, as the
    ORM would look at every row."""
    table = Response.__table__.c
    rows = session.execute(
        query.with_only_columns(
            table.id, table.contact_id, table.account_id, table.answered_at, table.attributes
        )
    ).all()
    return [Given(id, survey_id, *rest) for id, *rest in rows]


def current_scores(session: Session, workspace_id: UUID, response_ids: Sequence[UUID]) -> Scores:
    """Over all scale questions."""
    found: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    answer = Answer.__table__.c
    for ids in _portions(response_ids):
        rows = _scored(session, workspace_id, _ANSWERS.where(answer.response_id.in_(ids)))
        for response_id, question_id, index in rows:
            found[response_id][question_id] = index
    return found


def scores_between(
    session: Session, first: Given, last: Given, workspace_id: UUID
) -> dict[UUID, dict[UUID, int]]:
    """Question → response → place in the histogram, of one survey's responses from one to
    another, by time; perhaps some more."""
    found: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    answer, response = Answer.__table__, Response.__table__
    query = _ANSWERS.join_from(
        answer, response,
        (response.c.workspace_id == answer.c.workspace_id)
        & (response.c.id == answer.c.response_id),
    ).where(
        response.c.workspace_id == workspace_id,
        response.c.survey_id == first.survey_id,
        response.c.answered_at.between(first.answered_at, last.answered_at),
    )  # fmt: skip
    for response_id, question_id, index in _scored(session, workspace_id, query):
        found[question_id][response_id] = index
    return found


_ANSWERS = select(
    Answer.__table__.c.response_id, Answer.__table__.c.question_id, Answer.__table__.c.number
)


def _scored(session: Session, workspace_id: UUID, query: Any) -> Iterator[tuple[UUID, UUID, int]]:
    """Response, question and place in the histogram of each answer to a scale question."""
    starts = read_once(
        session, ("scale-starts", workspace_id), lambda: _scale_starts(session, workspace_id)
    )
    answer = Answer.__table__.c
    rows = session.execute(
        query.where(answer.workspace_id == workspace_id, answer.number.is_not(None))
    ).all()
    for response_id, question_id, number in rows:
        start = starts.get(question_id)
        if start is not None:
            yield response_id, question_id, number - start


def _scale_starts(session: Session, workspace_id: UUID) -> dict[UUID, int]:
    rows = session.execute(
        select(Question.id, Question.kind).where(Question.workspace_id == workspace_id)
    )
    return {id: scale.start for id, kind in rows if (scale := scale_of(kind)) is not None}


def _portions(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), _IDS):
        yield ids[start : start + _IDS]


def count(session: Session, target: Target, responses: Sequence[Given]) -> None:
    """Bring a generation up to date with these responses. The caller holds the cell state."""
    if responses:
        ids = [given.id for given in responses]
        scores = current_scores(session, target.workspace_id, ids)
        _Batch(session, target).run(responses, scores)


def count_next(session: Session, target: Target, responses: Sequence[Given]) -> None:
    """Count responses of which nothing is counted in this generation: of one survey, in the
    order of their time. The caller holds the cell state."""
    scores = scores_between(session, responses[0], responses[-1], target.workspace_id)
    scored = [
        given
        for given in responses
        if any(given.id in of_question for of_question in scores.values())
    ]
    known = KnownValues(session, target.workspace_id, target.generation)
    described = Describer(target.time_zone, target.reportable, known).describe(scored)
    chunks, changes = Chunks(session, target.workspace_id, target.generation), CellChanges()
    parts = [
        (key, places, indexes)
        for question_id, of_question in scores.items()
        for key, places, indexes in _parts(question_id, of_question, scored, described)
    ]
    chunks.load((), (key for key, _, _ in parts))
    counted: dict[str, list[Any]] = {name: [] for name in _Counted._fields}
    for key, places, indexes in parts:
        numbers, within = _append(target, chunks, changes, key, described, places, indexes)
        counted["question_id"] += repeat(key[0], len(places))
        counted["response_id"] += [scored[place].id for place in places.tolist()]
        counted["local_day"] += [described.days[place] for place in places.tolist()]
        counted["score_index"] += indexes.tolist()
        counted["chunk"] += numbers.tolist()
        counted["place"] += within.tolist()
    known.store()
    chunks.store()
    changes.write(session, target.workspace_id, target.generation)
    load_rows(
        session, CountedAnswer, counted,
        fixed={"workspace_id": target.workspace_id, "generation": target.generation},
    )  # fmt: skip


def _parts(
    question_id: UUID,
    of_question: Mapping[UUID, int],
    scored: Sequence[Given],
    described: Described,
) -> Iterator[tuple[Key, Column, Column]]:
    """The answers to a question by month and level: places among the responses, and of each
    the place in the histogram."""
    indexes = np.array([of_question.get(given.id, -1) for given in scored])
    month = np.array(described.days, dtype="datetime64[M]")
    levels = MOST_LEVEL + 1
    part = month.astype(np.int64) * levels + described.level
    part[indexes < 0] = np.iinfo(np.int64).min
    for number in np.unique(part).tolist():
        if number != np.iinfo(np.int64).min:
            places = np.flatnonzero(part == number)
            first = described.days[int(places[0])].replace(day=1)
            yield (question_id, first, number % levels), places, indexes[places]


def _append(
    target: Target,
    chunks: Chunks,
    changes: CellChanges,
    key: Key,
    described: Described,
    places: Column,
    indexes: Column,
) -> tuple[Column, Column]:
    """Answers into the cells and into chunks: the chunk of each, and its place in it."""
    held = {name: column[places] for name, column in described.columns.items()}
    held[columns.SCORE] = indexes.astype(columns.type_of(columns.SCORE)) + 1
    changes.add_many(key, held, [item.name for item in target.reportable])
    return chunks.append(key, held)


class _Counted(NamedTuple):
    response_id: UUID
    question_id: UUID
    local_day: date
    score_index: int
    chunk: int
    place: int


class _Batch:
    """One batch of responses on its way from what is counted of them to what they are."""

    def __init__(self, session: Session, target: Target) -> None:
        self._session, self._target = session, target
        self._known = KnownValues(session, target.workspace_id, target.generation)
        self._changes = CellChanges()
        self._chunks = Chunks(session, target.workspace_id, target.generation)
        self._moved: list[_Counted] = []
        self._added: dict[Key, list[tuple[int, int]]] = defaultdict(list)  # response, score index
        self._gone: list[tuple[UUID, UUID]] = []
        self._left: set[tuple[str, int]] = set()  # column, code: what answers had and have no more

    def run(self, responses: Sequence[Given], scores: Scores) -> None:
        former = self._former([given.id for given in responses])
        self._chunks.load((row.chunk for rows in former.values() for row in rows.values()), ())
        scored = [given for given in responses if scores.get(given.id)]
        describer = Describer(self._target.time_zone, self._target.reportable, self._known)
        described = describer.describe(scored)
        months = {day: day.replace(day=1) for day in set(described.days)}
        levels = described.level.tolist()
        for place, given in enumerate(scored):
            old = former.pop(given.id, {})
            if old:
                left = set().union(*map(self._take_out, old.values()))
                self._left |= left - described.codes(place)
            for question_id, index in scores[given.id].items():
                key = (question_id, months[described.days[place]], levels[place])
                row = old.get(question_id)
                if row is None or not self._put(key, described, place, index, row):
                    self._added[key].append((place, index))
            self._drop(old, scores[given.id])
        for old in former.values():  # that have no score any more
            for row in old.values():
                self._left |= self._take_out(row)
            self._drop(old, {})
        self._chunks.load((), self._added)
        for key, items in self._added.items():
            self._append(key, scored, described, items)
        self._write()
        for column, code in sorted(self._left):
            self._forget(column, code)

    def _drop(self, old: Mapping[UUID, Any], now: Mapping[UUID, int]) -> None:
        """Questions that a response answers no more."""
        for question_id in old.keys() - now.keys():
            row = old[question_id]
            self._chunks.clear((row.chunk, row.place))
            self._gone.append((row.response_id, question_id))

    def _former(self, ids: Sequence[UUID]) -> dict[UUID, dict[UUID, Any]]:
        found: dict[UUID, dict[UUID, Any]] = defaultdict(dict)
        for portion in _portions(ids):
            rows = self._session.execute(
                select(
                    CountedAnswer.response_id, CountedAnswer.question_id, CountedAnswer.local_day,
                    CountedAnswer.score_index, CountedAnswer.chunk, CountedAnswer.place,
                ).where(
                    CountedAnswer.workspace_id == self._target.workspace_id,
                    CountedAnswer.generation == self._target.generation,
                    CountedAnswer.response_id.in_(portion),
                )
            )  # fmt: skip
            for row in rows:
                found[row.response_id][row.question_id] = row
        return found

    def _take_out(self, row: Any) -> set[tuple[str, int]]:
        """Out of the cells: by the values that its columns hold, which are returned."""
        held = self._chunks.row((row.chunk, row.place))
        codes = self._target.codes(held)
        self._changes.add(row.question_id, row.local_day, row.score_index, codes, -1)
        return {(name, code) for name, code in held.items() if code and name not in columns.BASE}

    def _forget(self, column: str, code: int) -> None:
        """A value that no answer has any more: it may have been what a forgotten person said."""
        target = self._target
        if columns.holds_code(self._session, target.workspace_id, target.generation, column, code):
            return
        name = columns.known_as(column)
        self._session.execute(
            delete(AttributeValue).where(
                AttributeValue.workspace_id == target.workspace_id,
                AttributeValue.generation == target.generation,
                AttributeValue.attribute == name,
                AttributeValue.value == self._known.value(name, code),
            )
        )

    def _put(self, key: Key, described: Described, place: int, index: int, old: Any) -> bool:
        """Over what was counted before, where that may stay; False: it needs a new place."""
        if not self._chunks.fits(old.chunk, key):
            self._chunks.clear((old.chunk, old.place))
            return False
        held = {name: int(column[place]) for name, column in described.columns.items()}
        self._chunks.put((old.chunk, old.place), held | {columns.SCORE: index + 1})
        day = described.days[place]
        self._changes.add(key[0], day, index, self._target.codes(held), +1)
        if (old.local_day, old.score_index) != (day, index):
            self._moved.append(_Counted(old.response_id, key[0], day, index, old.chunk, old.place))
        return True

    def _append(
        self,
        key: Key,
        scored: Sequence[Given],
        described: Described,
        items: Sequence[tuple[int, int]],
    ) -> None:
        places, indexes = (np.array(numbers) for numbers in zip(*items, strict=True))
        chunks, within = _append(
            self._target, self._chunks, self._changes, key, described, places, indexes
        )
        rows = zip(items, chunks.tolist(), within.tolist(), strict=True)
        self._moved += [
            _Counted(scored[place].id, key[0], described.days[place], index, chunk, at)
            for (place, index), chunk, at in rows
        ]

    def _write(self) -> None:
        self._known.store()
        self._chunks.store()
        mine = {
            "workspace_id": self._target.workspace_id, "generation": self._target.generation
        }  # fmt: skip
        for response_id, question_id in self._gone:
            self._session.execute(
                delete(CountedAnswer).where(
                    *(getattr(CountedAnswer, name) == value for name, value in mine.items()),
                    CountedAnswer.response_id == response_id,
                    CountedAnswer.question_id == question_id,
                )
            )
        self._write_counted(mine)
        self._changes.write(self._session, self._target.workspace_id, self._target.generation)

    def _write_counted(self, mine: Mapping[str, Any]) -> None:
        if not self._moved:
            return
        insert = insert_into(self._session, CountedAnswer)
        statement = insert.on_conflict_do_update(
            index_elements=["workspace_id", "generation", "response_id", "question_id"],
            set_={name: insert.excluded[name] for name in _Counted._fields[2:]},
        )
        self._session.execute(statement, [{**mine, **row._asdict()} for row in self._moved])
