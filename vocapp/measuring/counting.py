"""Count answers: move the cells from what they hold of a response to what it is now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from surveys.attributes import Reportables, reportable_values
from surveys.periods import local_day
from surveys.questions import scale_of
from vocapp.authoring.models import Question
from vocapp.collecting.models import Answer, Response
from vocapp.database import insert_into, read_once
from vocapp.measuring import columns
from vocapp.measuring.attributes import KnownValues, from_stored
from vocapp.measuring.columns import Chunks, Key, Place
from vocapp.measuring.models import (
    HISTOGRAM_COLUMNS,
    CellState,
    CountedAnswer,
    ScoreByValue,
    ScoreTotal,
)

Histogram = list[int]
CellKey = tuple[Any, ...]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
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


@dataclass(frozen=True, slots=True)
class Given:
    """A response as counting needs it."""

    id: UUID
    survey_id: UUID
    contact_id: UUID | None
    account_id: UUID | None
    answered_at: datetime
    attributes: Mapping[str, Any]


_GIVEN = (
    Response.id, Response.survey_id, Response.contact_id, Response.account_id,
    Response.answered_at, Response.attributes,
)  # fmt: skip


def read_given(session: Session, query: Any) -> list[Given]:
    """query: a selection of responses that is still without columns."""
    return [Given(*row) for row in session.execute(query.with_only_columns(*_GIVEN))]


def current_scores(
    session: Session, workspace_id: UUID, response_ids: Sequence[UUID]
) -> dict[UUID, dict[UUID, int]]:
    """Histogram index per question of each response, over all scale questions."""
    starts = read_once(
        session, ("scale-starts", workspace_id), lambda: _scale_starts(session, workspace_id)
    )
    found: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    for ids in _portions(response_ids):
        rows = session.execute(
            select(Answer.response_id, Answer.question_id, Answer.number).where(
                Answer.workspace_id == workspace_id,
                Answer.response_id.in_(ids),
                Answer.number.is_not(None),
            )
        )
        for response_id, question_id, number in rows:
            if number is not None and question_id in starts:
                found[response_id][question_id] = number - starts[question_id]
    return found


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
        _bump(self.totals, (question_id, day), index, sign)
        month = day.replace(day=1)
        for attribute, value in values.items():
            _bump(self.values, (question_id, attribute, month, value), index, sign)


def _bump(cells: dict[CellKey, Histogram], key: CellKey, index: int, sign: int) -> None:
    histogram = cells.get(key)
    if histogram is None:
        histogram = cells[key] = [0] * len(HISTOGRAM_COLUMNS)
    histogram[index] += sign


@dataclass(frozen=True, slots=True)
class Current:
    """A response as a generation should hold it; codes: of its attributes' values."""

    day: date
    values: Mapping[str, str]
    codes: Mapping[str, int]
    level: int


def describe(given: Given, target: Target, known: KnownValues) -> Current:
    """Day, values and level of a response; new values are learnt."""
    found = reportable_values(
        given.attributes, answered_at=given.answered_at, reportable=target.reportable
    )
    codes = {name: known.code(name, value) for name, value in found.items()}
    return Current(
        day=local_day(given.answered_at, target.time_zone),
        values={name: known.value(name, code) for name, code in codes.items()},
        codes=codes,
        level=columns.level_of(columns.digest(given.contact_id or given.id)),
    )


def columns_of(
    given: Given, target: Target, day: date, index: int, codes: Mapping[str, int]
) -> tuple[int, ...]:
    """The numbers of an answer, in the order of `column_names`."""
    return (
        index + 1,
        day.day,
        columns.digest(given.contact_id),
        columns.digest(given.account_id),
        (given.answered_at - _EPOCH) // _MICROSECOND,
        int.from_bytes(given.id.bytes[:8], "big") - (1 << 63),
        *(codes.get(item.name, 0) for item in target.reportable),
    )


def column_names(target: Target) -> tuple[str, ...]:
    """All columns of a generation."""
    return (
        *columns.BASE,
        *(columns.attribute_column(item.name) for item in target.reportable),
    )


def count(session: Session, target: Target, responses: Sequence[Given], *, new: bool) -> None:
    """Bring a generation up to date with these responses.

    new: nothing of them is counted in it, which saves looking. The caller holds the cell state.
    """
    if responses:
        _Batch(session, target).run(responses, new=new)


class _Batch:
    """One batch of responses on its way into a generation."""

    def __init__(self, session: Session, target: Target) -> None:
        self._session, self._target = session, target
        self._known = KnownValues(session, target.workspace_id, target.generation)
        self._changes = CellChanges()
        self._chunks = Chunks(session, target.workspace_id, target.generation, column_names(target))
        self._counted: list[dict[str, Any]] = []
        self._appended: dict[Key, list[tuple[Sequence[int], dict[str, Any]]]] = defaultdict(list)

    def run(self, responses: Sequence[Given], *, new: bool) -> None:
        ids = [given.id for given in responses]
        scores = current_scores(self._session, self._target.workspace_id, ids)
        former = {} if new else self._former(ids)
        current = [describe(given, self._target, self._known) for given in responses]
        keys = {
            (question_id, now.day.replace(day=1), now.level)
            for given, now in zip(responses, current, strict=True)
            for question_id in scores.get(given.id, ())
        }
        self._chunks.load((row.chunk for rows in former.values() for row in rows.values()), keys)
        gone: list[tuple[UUID, UUID]] = []
        for given, now in zip(responses, current, strict=True):
            old, new_scores = former.get(given.id, {}), scores.get(given.id, {})
            for question_id, row in old.items():
                self._take_out(row)
                if question_id not in new_scores:
                    self._chunks.clear((row.chunk, row.place))
                    gone.append((given.id, question_id))
            for question_id, index in new_scores.items():
                self._put_in(given, question_id, index, now, old.get(question_id))
        self._append()
        self._write(gone)

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

    def _take_out(self, row: Any) -> None:
        """Out of the cells: by the values that its columns hold."""
        held = self._chunks.row((row.chunk, row.place))
        values = {
            item.name: self._known.value(item.name, code)
            for item in self._target.reportable
            if (code := held.get(columns.attribute_column(item.name)))
        }
        self._changes.add(row.question_id, row.local_day, row.score_index, values, -1)

    def _put_in(
        self, given: Given, question_id: UUID, index: int, now: Current, former: Any
    ) -> None:
        self._changes.add(question_id, now.day, index, now.values, +1)
        key: Key = (question_id, now.day.replace(day=1), now.level)
        columns_row = columns_of(given, self._target, now.day, index, now.codes)
        counted = {
            "workspace_id": self._target.workspace_id, "generation": self._target.generation,
            "response_id": given.id, "question_id": question_id, "local_day": now.day,
            "score_index": index,
        }  # fmt: skip
        if former is not None:
            place: Place = (former.chunk, former.place)
            if self._chunks.key_of(former.chunk) == key:
                self._chunks.put(place, columns_row)
                if (former.local_day, former.score_index) != (now.day, index):
                    self._counted.append(counted | {"chunk": former.chunk, "place": former.place})
                return
            self._chunks.clear(place)
        self._appended[key].append((columns_row, counted))

    def _append(self) -> None:
        for key, items in self._appended.items():
            places = self._chunks.append(key, [row for row, _ in items])
            for (_, counted), (chunk, place) in zip(items, places, strict=True):
                counted["chunk"], counted["place"] = chunk, place
                self._counted.append(counted)

    def _write(self, gone: Iterable[tuple[UUID, UUID]]) -> None:
        self._known.store()
        self._chunks.store()
        mine = {
            "workspace_id": self._target.workspace_id, "generation": self._target.generation
        }  # fmt: skip
        for response_id, question_id in gone:
            self._session.execute(
                delete(CountedAnswer).where(
                    *(getattr(CountedAnswer, name) == value for name, value in mine.items()),
                    CountedAnswer.response_id == response_id,
                    CountedAnswer.question_id == question_id,
                )
            )
        if self._counted:
            insert = insert_into(self._session, CountedAnswer)
            statement = insert.on_conflict_do_update(
                index_elements=["workspace_id", "generation", "response_id", "question_id"],
                set_={
                    name: insert.excluded[name]
                    for name in ("local_day", "score_index", "chunk", "place")
                },
            )
            self._session.execute(statement, self._counted)
        for model, names, cells in (
            (ScoreTotal, ("question_id", "local_day"), self._changes.totals),
            (ScoreByValue, ("question_id", "attribute", "month", "value"), self._changes.values),
        ):
            # In one order for all, so that writers do not block in rings.
            rows = [
                mine
                | dict(zip(names, key, strict=True))
                | dict(zip(HISTOGRAM_COLUMNS, histogram, strict=True))
                for key, histogram in sorted(cells.items(), key=lambda cell: str(cell[0]))
                if any(histogram)
            ]
            _add_to_cells(self._session, model, names, rows)


def _add_to_cells(
    session: Session, model: Any, names: Sequence[str], rows: list[dict[str, Any]]
) -> None:
    insert = insert_into(session, model)
    table = model.__table__
    statement = insert.on_conflict_do_update(
        index_elements=["workspace_id", "generation", *names],
        set_={column: table.c[column] + insert.excluded[column] for column in HISTOGRAM_COLUMNS},
    )
    if rows:
        session.execute(statement, rows)
