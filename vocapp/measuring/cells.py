"""Cells: the histograms of a month, of its days and of the values of attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from vocapp import packed_days
from vocapp.database import OF_WORKSPACE, insert_into
from vocapp.measuring import columns
from vocapp.measuring.columns import Column, Key
from vocapp.measuring.models import SCALE, AttributeMonth, CellState, ScoreMonth

CODES = 256  # a code is a byte
_PACKED = np.dtype("<i4")

Histogram = np.ndarray[Any, Any]
Codes = Mapping[str, int]  # attribute → code of the value that an answer has


def pack_values(histograms: Histogram) -> bytes:
    """Histograms of codes, shape (codes, 11), as bytes: up to the last code that somebody has.

    >>> histograms = np.zeros((CODES, SCALE), dtype=np.int64)
    >>> histograms[2, 10] = 70_000
    >>> data = pack_values(histograms)
    >>> len(data), int(unpack_values(data)[2, 10])
    (132, 70000)
    """
    used = np.flatnonzero(histograms.any(axis=1))
    count = int(used[-1]) + 1 if len(used) else 0
    return histograms[:count].astype(_PACKED).tobytes()


def unpack_values(data: bytes) -> Histogram:
    """Bytes as histograms of the codes from 0, shape (codes, 11), to be read only."""
    return np.frombuffer(data, dtype=_PACKED).reshape(-1, SCALE)


def unpack_days(data: bytes) -> Histogram:
    """Bytes as histograms of the days of a month, shape (31, 11), to be read only."""
    return packed_days.unpack(data, SCALE)


# --- changing ---------------------------------------------------------------------------


@dataclass(slots=True)
class CellChanges:
    """Sums to add to the cells, gathered over a batch so that each is written once.

    days: (question, month) → shape (31, 11); values: (question, attribute, month) → (256, 11).
    """

    days: dict[tuple[UUID, date], Histogram] = field(default_factory=dict)
    values: dict[tuple[UUID, str, date], Histogram] = field(default_factory=dict)

    def add(self, question_id: UUID, day: date, index: int, codes: Codes, sign: int) -> None:
        """One answer."""
        month = day.replace(day=1)
        self._days(question_id, month)[day.day - 1, index] += sign
        for attribute, code in codes.items():
            self._values(question_id, attribute, month)[code, index] += sign

    def add_many(self, key: Key, held: Mapping[str, Column], attributes: Sequence[str]) -> None:
        """Answers of a question and month, by their columns."""
        question_id, month, _ = key
        score = held[columns.SCORE]
        by_day = columns.histograms(held[columns.DAY], packed_days.DAYS + 1, score, SCALE)
        found = self._days(question_id, month)
        found += by_day[1:]
        for attribute in attributes:
            codes = held.get(columns.attribute_column(attribute))
            if codes is not None:
                by_code = columns.histograms(codes, CODES, score, SCALE)
                by_code[0] = 0  # no value
                found = self._values(question_id, attribute, month)
                found += by_code

    def _days(self, question_id: UUID, month: date) -> Histogram:
        if (found := self.days.get((question_id, month))) is None:
            found = self.days[question_id, month] = packed_days.no_counts(SCALE)
        return found

    def _values(self, question_id: UUID, attribute: str, month: date) -> Histogram:
        key = (question_id, attribute, month)
        if (found := self.values.get(key)) is None:
            found = self.values[key] = np.zeros((CODES, SCALE), dtype=np.int64)
        return found

    def write(self, session: Session, workspace_id: UUID, generation: int) -> None:
        """Add them to what is stored; the caller holds the workspace's cell state."""
        mine = {"workspace_id": workspace_id, "generation": generation}
        _add(session, ScoreMonth, mine, self.days, unpack_days, packed_days.pack)
        _add(session, AttributeMonth, mine, self.values, unpack_values, pack_values)


def _add(
    session: Session,
    model: Any,
    mine: Mapping[str, Any],
    changes: Mapping[Any, Histogram],
    unpack: Callable[[bytes], Histogram],
    pack: Callable[[Histogram], bytes],
) -> None:
    sums = {key: histograms.copy() for key, histograms in changes.items() if histograms.any()}
    if not sums:
        return
    names = [column.name for column in model.__table__.primary_key if column.name not in mine]
    key = [getattr(model, name) for name in names]
    stored = select(*key, model.histograms).where(
        *(getattr(model, name) == value for name, value in mine.items()),
        *(
            column.in_(of)
            for column, of in zip(key, map(set, zip(*sums, strict=True)), strict=True)
        ),
    )
    for *of_row, data in session.execute(stored):
        if (found := sums.get(tuple(of_row))) is not None:
            part = unpack(data)
            found[: len(part)] += part
    insert = insert_into(session, model.__table__)  # the table: the ORM would look at every row
    statement = insert.on_conflict_do_update(
        index_elements=[*mine, *names], set_={"histograms": insert.excluded.histograms}
    )
    rows = [
        {**mine, **dict(zip(names, key, strict=True)), "histograms": pack(found)}
        for key, found in sums.items()
    ]
    session.execute(statement, rows)


# --- reading ----------------------------------------------------------------------------


def _months_of(model: Any, *names: str) -> Any:
    """The rows of a question from one month to before another; made once, as pages ask for
    them many times and making a statement takes longer than the database does."""
    table = model.__table__.c
    return select(*(table[name] for name in names), table.month, table.histograms).where(
        table.workspace_id == OF_WORKSPACE,
        table.generation == bindparam("generation"),
        table.question_id == bindparam("question_id"),
        table.month >= bindparam("first"),
        table.month < bindparam("last"),
    )


_DAYS = _months_of(ScoreMonth).order_by(ScoreMonth.__table__.c.month)
_VALUES = _months_of(AttributeMonth, "attribute").where(
    AttributeMonth.__table__.c.attribute.in_(bindparam("attributes", expanding=True))
)


def days_of(
    session: Session, state: CellState, question_id: UUID, first: date | None, last: date | None
) -> Iterator[tuple[date, Histogram]]:
    """Month → histograms of its days, shape (31, 11), ascending; half-open, None: no bound."""
    for month, data in session.execute(_DAYS, _wanted(state, question_id, first, last)):
        yield month, unpack_days(data)


def values_of(
    session: Session,
    state: CellState,
    question_id: UUID,
    attributes: Sequence[str],
    first: date | None,
    last: date | None,
) -> Iterator[tuple[str, date, Histogram]]:
    """Attribute, month, histograms of the codes from 0, shape (codes, 11)."""
    wanted = _wanted(state, question_id, first, last) | {"attributes": list(attributes)}
    for attribute, month, data in session.execute(_VALUES, wanted):
        yield attribute, month, unpack_values(data)


def _wanted(
    state: CellState, question_id: UUID, first: date | None, last: date | None
) -> dict[str, Any]:
    return {
        "workspace_id": state.workspace_id, "generation": state.generation,
        "question_id": question_id, "first": first or date.min, "last": last or date.max,
    }  # fmt: skip


def all_days(
    session: Session, workspace_id: UUID, generation: int
) -> Iterator[tuple[UUID, date, Histogram]]:
    """Question, month, histograms of its days: every row of a generation."""
    rows = select(ScoreMonth.question_id, ScoreMonth.month, ScoreMonth.histograms).where(
        ScoreMonth.workspace_id == workspace_id, ScoreMonth.generation == generation
    )
    for question_id, month, data in session.execute(rows):
        yield question_id, month, unpack_days(data)


def all_values(
    session: Session, workspace_id: UUID, generation: int
) -> Iterator[tuple[UUID, str, date, Histogram]]:
    """Question, attribute, month, histograms of the codes: every row of a generation."""
    rows = select(
        AttributeMonth.question_id, AttributeMonth.attribute, AttributeMonth.month,
        AttributeMonth.histograms,
    ).where(
        AttributeMonth.workspace_id == workspace_id, AttributeMonth.generation == generation
    )  # fmt: skip
    for question_id, attribute, month, data in session.execute(rows):
        yield question_id, attribute, month, unpack_values(data)
