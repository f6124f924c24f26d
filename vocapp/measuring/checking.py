"""Reads: whether the cells are exact, and how many there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.attributes import as_text, reportable_values
from surveys.periods import local_day
from vocapp import outbox
from vocapp.collecting.models import Answer, Response
from vocapp.database import scoped, snapshot
from vocapp.measuring import cells, columns
from vocapp.measuring.attributes import KnownValues, free_name, from_stored
from vocapp.measuring.cells import CellChanges, Histogram
from vocapp.measuring.columns import Chunks
from vocapp.measuring.counting import (
    Target,
    current_scores,
    read_given,
)
from vocapp.measuring.describing import Given
from vocapp.measuring.models import (
    AnswerColumn,
    CellState,
    CountedAnswer,
)
from vocapp.workspaces.models import Workspace

CellKey = tuple[Any, ...]
_BATCH = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_CELLS_PER_ANSWER = 0.2
JUDGED_FROM = 10_000


@dataclass(frozen=True, slots=True)
class CellCheck:
    """How the stored cells compare with a full scan.

    cells: histograms of days and of values that hold something. differences: cells that are not
    the sum of what is counted of the answers, answers of which something else is counted than
    was given, and places in columns that nobody is counted at. not_current: responses not counted
    at all, with no row of work waiting.
    """

    cells: int
    differences: tuple[str, ...]
    not_current: int


def check_cells(workspace_id: UUID) -> CellCheck:
    """Compare every cell, and every response without waiting work, inside one snapshot."""
    with snapshot() as session:
        state = session.scalar(scoped(CellState, workspace_id))
        if state is None:
            time_zone = session.scalar(
                select(Workspace.time_zone).where(Workspace.id == workspace_id)
            )
            # Nothing was counted yet: no response is of this generation.
            target = Target(workspace_id, 0, time_zone or "UTC", from_stored(None))
        else:
            target = Target.live(state)
        scanned = _Scan(session, target)
        scanned.run()
        stored, expected = scanned.stored(), scanned.expected()
        differences = [
            f"{key}: stored {stored.get(key)}, scan {expected.get(key)}"
            for key in sorted(expected.keys() | stored.keys(), key=str)
            if stored.get(key) != expected.get(key)
        ]
        if (places := _places(session, target)) != scanned.places:
            differences.append(f"columns: {places} answers, counted {scanned.places}")
        return CellCheck(len(stored), (*differences, *scanned.outdated), scanned.uncounted)


class _Scan:
    """One walk over the responses: the sums of what is counted, and what is counted wrongly."""

    def __init__(self, session: Session, target: Target) -> None:
        self._session, self._target = session, target
        self._changes = CellChanges()
        self._known = KnownValues(session, target.workspace_id, target.generation)
        self._waiting = set(
            session.scalars(
                select(outbox.Pending.subject_id).where(
                    outbox.Pending.workspace_id == target.workspace_id,
                    outbox.Pending.kind == "measure",
                )
            )
        )
        self.outdated: list[str] = []
        self.uncounted = 0
        self.places = 0

    def run(self) -> None:
        for batch in _batches(self._session, self._target.workspace_id):
            ids = [given.id for given in batch]
            scores = current_scores(self._session, self._target.workspace_id, ids)
            counted = self._counted(ids)
            # A reader of its own each time, or all chunks would stay in memory.
            chunks = Chunks(self._session, self._target.workspace_id, self._target.generation)
            chunks.load({row.chunk for rows in counted.values() for row in rows.values()}, ())
            for given in batch:
                self._take(given, scores.get(given.id, {}), counted.get(given.id, {}), chunks)

    def _counted(self, ids: Sequence[UUID]) -> dict[UUID, dict[UUID, CountedAnswer]]:
        found: dict[UUID, dict[UUID, CountedAnswer]] = {}
        rows = self._session.scalars(
            scoped(CountedAnswer, self._target.workspace_id).where(
                CountedAnswer.generation == self._target.generation,
                CountedAnswer.response_id.in_(ids),
            )
        )
        for row in rows:
            found.setdefault(row.response_id, {})[row.question_id] = row
            self._session.expunge(row)
        return found

    def _take(
        self,
        given: Given,
        scores: Mapping[UUID, int],
        counted: Mapping[UUID, CountedAnswer],
        chunks: Chunks,
    ) -> None:
        held: dict[UUID, tuple[date, int, dict[str, int]]] = {}
        for question_id, row in counted.items():
            self.places += 1
            numbers = chunks.row((row.chunk, row.place))
            codes = self._target.codes(numbers)
            self._changes.add(question_id, row.local_day, row.score_index, codes, +1)
            given_numbers = {name: n for name, n in numbers.items() if n}
            held[question_id] = (row.local_day, row.score_index, given_numbers)
        if given.id in self._waiting:
            return
        if scores and not counted:
            self.uncounted += 1
            return
        for question_id in scores.keys() | counted.keys():
            found = held.get(question_id)
            if found != (wanted := self._wanted(given, scores.get(question_id))):
                self.outdated.append(
                    f"response {given.id}, question {question_id}: counted {found}, is {wanted}"
                )

    def _wanted(self, given: Given, index: int | None) -> tuple[date, int, dict[str, int]] | None:
        """Day, score and columns that a counted answer should have; columns with 0 left out."""
        if index is None:
            return None
        day = local_day(given.answered_at, self._target.time_zone)
        values = reportable_values(
            given.attributes, answered_at=given.answered_at, reportable=self._target.reportable
        )
        numbers = {
            columns.SCORE: index + 1,
            columns.DAY: day.day,
            columns.PERSON: columns.digest(given.contact_id),
            columns.ACCOUNT: columns.digest(given.account_id),
            columns.MOMENT: (given.answered_at - _EPOCH) // timedelta(microseconds=1),
            columns.TIE: int.from_bytes(given.id.bytes[:8], "big") - (1 << 63),
        }
        for name, value in values.items():
            numbers[columns.attribute_column(name)] = self._known.known_code(name, value) or 0
        return day, index, {name: n for name, n in numbers.items() if n} | self._free_codes(given)

    def _free_codes(self, given: Given) -> dict[str, int]:
        """Column → code of the attributes that are not reportable, where there is one."""
        reportable = {item.name for item in self._target.reportable}
        found = {}
        for attribute, raw in given.attributes.items():
            name, value = free_name(attribute), as_text(raw)
            if attribute not in reportable and name is not None and value is not None:
                found[name] = self._known.known_code(name, value) or 0
        return {name: code for name, code in found.items() if code}

    def expected(self) -> dict[CellKey, tuple[int, ...]]:
        changes = self._changes
        return {
            **_by_day((*key, table) for key, table in changes.days.items()),
            **_by_code((*key, table) for key, table in changes.values.items()),
        }

    def stored(self) -> dict[CellKey, tuple[int, ...]]:
        mine = self._target.workspace_id, self._target.generation
        return {
            **_by_day(cells.all_days(self._session, *mine)),
            **_by_code(cells.all_values(self._session, *mine)),
        }


def _by_day(months: Iterable[tuple[UUID, date, Histogram]]) -> dict[CellKey, tuple[int, ...]]:
    return {
        ("day", question_id, month.replace(day=place + 1)): tuple(table[place].tolist())
        for question_id, month, table in months
        for place in np.flatnonzero(table.any(axis=1)).tolist()
    }


def _by_code(
    months: Iterable[tuple[UUID, str, date, Histogram]],
) -> dict[CellKey, tuple[int, ...]]:
    return {
        ("code", question_id, attribute, month, code): tuple(table[code].tolist())
        for question_id, attribute, month, table in months
        for code in np.flatnonzero(table.any(axis=1)).tolist()
    }


def _batches(session: Session, workspace_id: UUID) -> Iterator[Sequence[Given]]:
    query = select(Response).where(Response.workspace_id == workspace_id).order_by(Response.id)
    last: UUID | None = None
    while True:
        part = query.limit(_BATCH)
        batch = read_given(session, part if last is None else part.where(Response.id > last))
        if not batch:
            return
        last = batch[-1].id
        yield batch


def _places(session: Session, target: Target) -> int:
    """How many places of the columns have an answer."""
    rows = session.scalars(
        select(AnswerColumn.data).where(
            AnswerColumn.workspace_id == target.workspace_id,
            AnswerColumn.generation == target.generation,
            AnswerColumn.name == columns.SCORE,
        )
    )
    return sum(len(data) - data.count(0) for data in rows)


@dataclass(frozen=True, slots=True)
class CellStats:
    """How many cells a workspace has, and for how many scores.

    cells: histograms of days and of values that hold something, some thirty to a stored row.
    column_bytes: how long the columns of answers are, all together.
    """

    cells: int
    answers: int
    column_bytes: int = 0

    @property
    def cells_per_answer(self) -> float:
        """0.0 when nothing was answered."""
        return self.cells / self.answers if self.answers else 0.0

    @property
    def bytes_per_answer(self) -> float:
        """Of the columns; 0.0 when nothing was answered."""
        return self.column_bytes / self.answers if self.answers else 0.0

    @property
    def judged(self) -> bool:
        """Whether there are enough answers for the ratio to mean something.

        A day costs its cells whether one person answered or a thousand: with few answers
        the ratio is high, and the cells are few.
        """
        return self.answers >= JUDGED_FROM

    @property
    def too_many(self) -> bool:
        return self.judged and self.cells_per_answer > MAX_CELLS_PER_ANSWER


def _held(session: Session, state: CellState) -> int:
    mine = state.workspace_id, state.generation
    days = (table for _, _, table in cells.all_days(session, *mine))
    values = (table for _, _, _, table in cells.all_values(session, *mine))
    return sum(int(table.any(axis=1).sum()) for table in chain(days, values))


def cell_stats(workspace_id: UUID) -> CellStats:
    """Count cells and the answers that they sum up."""
    with snapshot() as session:
        state = session.scalar(scoped(CellState, workspace_id))
        count = _held(session, state) if state else 0
        column_bytes = session.scalar(
            select(func.sum(func.length(AnswerColumn.data))).where(
                AnswerColumn.workspace_id == workspace_id
            )
        )
        answers = session.scalar(
            select(func.count()).where(
                Answer.workspace_id == workspace_id, Answer.number.is_not(None)
            )
        )
    return CellStats(count, answers or 0, int(column_bytes or 0))
