"""Count answers: move the cells from what they hold of a response to what it is now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
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
from vocapp.measuring.columns import Chunks, Column, Key
from vocapp.measuring.describing import Described, Describer, Given
from vocapp.measuring.models import (
    HISTOGRAM_COLUMNS,
    AttributeValue,
    CellState,
    CountedAnswer,
    ScoreByValue,
    ScoreTotal,
)

Histogram = np.ndarray[Any, Any]
CellKey = tuple[Any, ...]
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


_GIVEN = (
    Response.id, Response.survey_id, Response.contact_id, Response.account_id,
    Response.answered_at, Response.attributes,
)  # fmt: skip
Scores = Mapping[UUID, Mapping[UUID, int]]  # response → question → place in the histogram


def read_given(session: Session, query: Any) -> list[Given]:
    """query: a selection of responses that is still without columns."""
    return [Given(*row) for row in session.execute(query.with_only_columns(*_GIVEN))]


def read_of_survey(session: Session, query: Any, survey_id: UUID) -> list[Given]:
    """The same of one survey, whose key need not be read with each."""
    rows = session.execute(
        query.with_only_columns(*(column for column in _GIVEN if column is not Response.survey_id))
    )
    return [Given(id, survey_id, *rest) for id, *rest in rows]


def current_scores(session: Session, workspace_id: UUID, response_ids: Sequence[UUID]) -> Scores:
    """Over all scale questions."""
    found: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    for ids in _portions(response_ids):
        _read_scores(session, workspace_id, _ANSWERS.where(Answer.response_id.in_(ids)), found)
    return found


def scores_between(session: Session, first: Given, last: Given, workspace_id: UUID) -> Scores:
    """Those of one survey's responses from one to another, by time; perhaps some more."""
    found: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    query = _ANSWERS.join(
        Response,
        (Response.workspace_id == Answer.workspace_id) & (Response.id == Answer.response_id),
    ).where(
        Response.workspace_id == workspace_id,
        Response.survey_id == first.survey_id,
        Response.answered_at.between(first.answered_at, last.answered_at),
    )
    _read_scores(session, workspace_id, query, found)
    return found


_ANSWERS = select(Answer.response_id, Answer.question_id, Answer.number)


def _read_scores(
    session: Session, workspace_id: UUID, query: Any, found: dict[UUID, dict[UUID, int]]
) -> None:
    starts = read_once(
        session, ("scale-starts", workspace_id), lambda: _scale_starts(session, workspace_id)
    )
    rows = session.execute(
        query.where(Answer.workspace_id == workspace_id, Answer.number.is_not(None))
    )
    for response_id, question_id, number in rows:
        if question_id in starts:
            found[response_id][question_id] = number - starts[question_id]


def _scale_starts(session: Session, workspace_id: UUID) -> dict[UUID, int]:
    rows = session.execute(
        select(Question.id, Question.kind).where(Question.workspace_id == workspace_id)
    )
    return {id: scale.start for id, kind in rows if (scale := scale_of(kind)) is not None}


def _portions(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), _IDS):
        yield ids[start : start + _IDS]


@dataclass(slots=True)
class CellChanges:
    """Sums to add to the cells, gathered over a batch so that each cell is written once."""

    totals: dict[CellKey, Histogram] = field(default_factory=dict)
    values: dict[CellKey, Histogram] = field(default_factory=dict)

    def add(
        self, question_id: UUID, day: date, index: int, values: Mapping[str, str], sign: int
    ) -> None:
        """One answer."""
        one = np.zeros(len(HISTOGRAM_COLUMNS), dtype=np.int64)
        one[index] = sign
        self._add(self.totals, (question_id, day), one)
        month = day.replace(day=1)
        for attribute, value in values.items():
            self._add(self.values, (question_id, attribute, month, value), one)

    def add_many(
        self, key: Key, held: Mapping[str, Column], target: Target, known: KnownValues
    ) -> None:
        """Answers of a question and month, by their columns."""
        question_id, month, _ = key
        score = held[columns.SCORE].astype(np.int64) - 1
        for day, histogram in _histograms(held[columns.DAY], score):
            self._add(self.totals, (question_id, month.replace(day=day)), histogram)
        for item in target.reportable:
            codes = held.get(columns.attribute_column(item.name))
            if codes is None:
                continue
            for code, histogram in _histograms(codes, score):
                value = known.value(item.name, code)
                self._add(self.values, (question_id, item.name, month, value), histogram)

    @staticmethod
    def _add(cells: dict[CellKey, Histogram], key: CellKey, histogram: Histogram) -> None:
        found = cells.get(key)
        cells[key] = histogram if found is None else found + histogram


def _histograms(codes: Column, score: Column) -> Iterator[tuple[int, Histogram]]:
    """Of each code but 0 the histogram of its scores."""
    width = len(HISTOGRAM_COLUMNS)
    most = (int(codes.max()) + 1) * width
    table = np.bincount(codes.astype(np.int64) * width + score, minlength=most).reshape(-1, width)
    for code in np.flatnonzero(table.any(axis=1)):
        if code:
            yield int(code), table[code]


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
    _Batch(session, target, is_new=True).run(responses, scores)


class _Counted(NamedTuple):
    response_id: UUID
    question_id: UUID
    local_day: date
    score_index: int
    chunk: int
    place: int


class _Batch:
    """One batch of responses on its way into a generation."""

    def __init__(self, session: Session, target: Target, *, is_new: bool = False) -> None:
        self._session, self._target, self._is_new = session, target, is_new
        self._known = KnownValues(session, target.workspace_id, target.generation)
        self._changes = CellChanges()
        self._chunks = Chunks(session, target.workspace_id, target.generation)
        self._moved: list[_Counted] = []
        self._added: dict[Key, list[tuple[int, int]]] = defaultdict(list)  # response, score index
        self._gone: list[tuple[UUID, UUID]] = []
        self._left: set[tuple[str, int]] = set()  # column, code: what answers had and have no more

    def run(self, responses: Sequence[Given], scores: Scores) -> None:
        former = {} if self._is_new else self._former([given.id for given in responses])
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
        values = self._values(held)
        self._changes.add(row.question_id, row.local_day, row.score_index, values, -1)
        return {(name, code) for name, code in held.items() if code and name not in columns.BASE}

    def _forget(self, column: str, code: int) -> None:
        """A value that no answer has any more: it may have been what a forgotten person said."""
        target = self._target
        if columns.holds_code(self._session, target.workspace_id, target.generation, column, code):
            return
        name = columns.known_as(column)
        value = self._known.value(name, code)
        for model in (AttributeValue, ScoreByValue):
            self._session.execute(
                delete(model).where(
                    model.workspace_id == target.workspace_id,
                    model.generation == target.generation,
                    model.attribute == name,
                    model.value == value,
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
        self._changes.add(key[0], day, index, self._values(held), +1)
        if (old.local_day, old.score_index) != (day, index):
            self._moved.append(_Counted(old.response_id, key[0], day, index, old.chunk, old.place))
        return True

    def _values(self, held: Mapping[str, int]) -> dict[str, str]:
        """Reportable attribute → value that the columns of an answer hold."""
        return {
            item.name: self._known.value(item.name, code)
            for item in self._target.reportable
            if (code := held.get(columns.attribute_column(item.name)))
        }

    def _append(
        self,
        key: Key,
        scored: Sequence[Given],
        described: Described,
        items: Sequence[tuple[int, int]],
    ) -> None:
        places = np.array([place for place, _ in items])
        indexes = [index for _, index in items]
        held = {name: column[places] for name, column in described.columns.items()}
        held[columns.SCORE] = np.array(indexes, dtype=columns.type_of(columns.SCORE)) + 1
        self._changes.add_many(key, held, self._target, self._known)
        chunks, within = self._chunks.append(key, held)
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
        for model, names, cells in (
            (ScoreTotal, ("question_id", "local_day"), self._changes.totals),
            (ScoreByValue, ("question_id", "attribute", "month", "value"), self._changes.values),
        ):
            # In one order for all, so that writers do not block in rings.
            rows = [
                mine
                | dict(zip(names, key, strict=True))
                | dict(zip(HISTOGRAM_COLUMNS, histogram.tolist(), strict=True))
                for key, histogram in sorted(cells.items(), key=lambda cell: str(cell[0]))
                if histogram.any()
            ]
            _add_to_cells(self._session, model, names, rows)

    def _write_counted(self, mine: Mapping[str, Any]) -> None:
        if not self._moved:
            return
        if self._is_new:
            held = zip(_Counted._fields, zip(*self._moved, strict=True), strict=True)
            base = {name: [value] * len(self._moved) for name, value in mine.items()}
            load_rows(self._session, CountedAnswer, {**base, **dict(held)})
            return
        insert = insert_into(self._session, CountedAnswer)
        statement = insert.on_conflict_do_update(
            index_elements=["workspace_id", "generation", "response_id", "question_id"],
            set_={name: insert.excluded[name] for name in _Counted._fields[2:]},
        )
        self._session.execute(statement, [{**mine, **row._asdict()} for row in self._moved])


def _add_to_cells(
    session: Session, model: Any, names: Sequence[str], rows: list[dict[str, Any]]
) -> None:
    table = model.__table__
    insert = insert_into(session, table)  # the table: the ORM would look at every row
    statement = insert.on_conflict_do_update(
        index_elements=["workspace_id", "generation", *names],
        set_={column: table.c[column] + insert.excluded[column] for column in HISTOGRAM_COLUMNS},
    )
    if rows:
        session.execute(statement, rows)
