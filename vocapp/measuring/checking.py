"""Reads: whether the cells are exact, and how many there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.attributes import reportable_values
from surveys.periods import local_day
from surveys.segments import profile_key
from vocapp import outbox
from vocapp.collecting.models import Answer, Response
from vocapp.database import scoped, snapshot
from vocapp.measuring.attributes import KnownValues, from_stored
from vocapp.measuring.models import (
    HISTOGRAM_COLUMNS,
    CellState,
    Profile,
    ScoreByProfile,
    ScoreByValue,
    ScoreTotal,
)
from vocapp.measuring.service import (
    CellChanges,
    CellKey,
    Counted,
    Histogram,
    counted_of,
    current_scores,
)
from vocapp.workspaces.models import Workspace

_BATCH = 1000
MAX_CELLS_PER_ANSWER = 0.2
JUDGED_FROM = 10_000


@dataclass(frozen=True, slots=True)
class CellCheck:
    """How the stored cells compare with a full scan.

    differences: cells that are not the sum of what is counted of the responses, and responses
    of which something else is counted than was answered. not_current: responses not counted at
    all, with no row of work waiting.
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
            state = CellState(workspace_id=workspace_id, generation=0, time_zone=time_zone or "UTC")
        scanned = _Scan(session, state)
        scanned.run()
        stored, count = _stored(session, state)
        expected = scanned.expected()
        differences = [
            f"{key}: stored {stored.get(key)}, scan {expected.get(key)}"
            for key in sorted(expected.keys() | stored.keys(), key=str)
            if stored.get(key) != expected.get(key)
        ]
        return CellCheck(count, (*differences, *scanned.outdated), scanned.uncounted)


class _Scan:
    """One walk over the responses: the sums of what is counted, and what is counted wrongly."""

    def __init__(self, session: Session, state: CellState) -> None:
        self._session, self._state = session, state
        self._changes = CellChanges()
        self._profiles: dict[str, Mapping[str, str]] = {
            row.id: row.values for row in session.scalars(scoped(Profile, state.workspace_id))
        }
        self._known = KnownValues(session, state.workspace_id)
        self._reportable = from_stored(state.attributes)
        self._waiting = set(
            session.scalars(
                select(outbox.Pending.subject_id).where(
                    outbox.Pending.workspace_id == state.workspace_id,
                    outbox.Pending.kind == "measure",
                )
            )
        )
        self.outdated: list[str] = []
        self.uncounted = 0

    def run(self) -> None:
        for batch in _batches(self._session, self._state.workspace_id):
            scores = current_scores(
                self._session, self._state.workspace_id, [response.id for response in batch]
            )
            for response in batch:
                self._take(response, scores.get(response.id, {}))
            self._session.expunge_all()

    def _take(self, response: Response, scores: Mapping[UUID, int]) -> None:
        counted = counted_of(response, self._state)
        if counted is not None:
            self._changes.add(counted, self._profiles[counted.profile_id], +1)
        if response.id in self._waiting:
            return
        if counted is None:
            self.uncounted += 1
        elif counted != (current := self._current(response, scores)):
            self.outdated.append(f"response {response.id}: counted {counted}, is {current}")

    def _current(self, response: Response, scores: Mapping[UUID, int]) -> Counted:
        values = reportable_values(
            response.attributes, answered_at=response.answered_at, reportable=self._reportable
        )
        return Counted(
            day=local_day(response.answered_at, self._state.time_zone),
            profile_id=profile_key(self._known.as_counted(values)),
            scores=scores,
        )

    def expected(self) -> dict[CellKey, Histogram]:
        return {
            (name, *key): histogram
            for name, cells in (
                ("total", self._changes.totals),
                ("value", self._changes.values),
                ("profile", self._changes.profiles),
            )
            for key, histogram in cells.items()
            if any(histogram)
        }


def _batches(session: Session, workspace_id: UUID) -> Iterator[Sequence[Response]]:
    last: UUID | None = None
    while True:
        query = scoped(Response, workspace_id).order_by(Response.id).limit(_BATCH)
        batch = session.scalars(query if last is None else query.where(Response.id > last)).all()
        if not batch:
            return
        last = batch[-1].id
        yield batch


def _stored(session: Session, state: CellState) -> tuple[dict[CellKey, Histogram], int]:
    found: dict[CellKey, Histogram] = {}
    count = 0
    for name, model, columns in (
        ("total", ScoreTotal, ("question_id", "local_day")),
        ("value", ScoreByValue, ("question_id", "local_day", "attribute", "value")),
        ("profile", ScoreByProfile, ("question_id", "month", "profile_id")),
    ):
        rows = session.scalars(
            scoped(model, state.workspace_id).where(model.generation == state.generation)
        )
        for row in rows:
            count += 1
            histogram = [getattr(row, column) for column in HISTOGRAM_COLUMNS]
            if any(histogram):
                found[(name, *(getattr(row, column) for column in columns))] = histogram
    return found, count


@dataclass(frozen=True, slots=True)
class CellStats:
    """How many cells a workspace has, and for how many scores."""

    cells: int
    answers: int

    @property
    def cells_per_answer(self) -> float:
        """0.0 when nothing was answered."""
        return self.cells / self.answers if self.answers else 0.0

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


def cell_stats(workspace_id: UUID) -> CellStats:
    """Count cells and the answers that they sum up."""
    with snapshot() as session:
        cells = sum(
            session.scalar(
                select(func.count()).select_from(model).where(model.workspace_id == workspace_id)
            )
            or 0
            for model in (ScoreTotal, ScoreByValue, ScoreByProfile)
        )
        answers = session.scalar(
            select(func.count()).where(
                Answer.workspace_id == workspace_id, Answer.number.is_not(None)
            )
        )
    return CellStats(cells, answers or 0)
