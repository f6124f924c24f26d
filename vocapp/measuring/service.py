"""Use cases: keep the cells exact.

Counting moves a response from what is counted of it to what it is now. Because the
response itself carries what was counted, any order, repetition, edit or erasure of
answers ends in the same cells.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from surveys.attributes import reportable_values
from surveys.periods import local_day
from surveys.questions import scale_of
from surveys.segments import profile_key
from vocapp import outbox
from vocapp.authoring.models import Question
from vocapp.collecting.models import Answer, Response
from vocapp.database import (
    insert_absent,
    insert_if_absent,
    insert_into,
    scoped,
    transaction,
    utcnow,
)
from vocapp.measuring.attributes import KnownValues, from_stored
from vocapp.measuring.models import (
    HISTOGRAM_COLUMNS,
    CellState,
    Profile,
    ScoreByProfile,
    ScoreByValue,
    ScoreTotal,
)
from vocapp.measuring.reportable import adopt_settings, settings_changed
from vocapp.workspaces.models import Workspace

Histogram = list[int]
CellKey = tuple[Any, ...]
_REBUILD_BATCH = 2000


@dataclass(frozen=True, slots=True)
class Counted:
    """What cells hold of one response: its day, its profile, a score per question."""

    day: date
    profile_id: str
    scores: Mapping[UUID, int]  # question → index in the histogram


@dataclass(slots=True)
class CellChanges:
    """Sums to add to the cells, gathered over a batch so that each cell is written once."""

    totals: dict[CellKey, Histogram] = field(default_factory=dict)
    values: dict[CellKey, Histogram] = field(default_factory=dict)
    profiles: dict[CellKey, Histogram] = field(default_factory=dict)

    def add(self, counted: Counted, values: Mapping[str, str], sign: int) -> None:
        for question_id, index in counted.scores.items():
            _bump(self.totals, (question_id, counted.day), index, sign)
            month = counted.day.replace(day=1)
            _bump(self.profiles, (question_id, month, counted.profile_id), index, sign)
            for attribute, value in values.items():
                _bump(self.values, (question_id, counted.day, attribute, value), index, sign)


def _bump(cells: dict[CellKey, Histogram], key: CellKey, index: int, sign: int) -> None:
    histogram = cells.setdefault(key, [0] * len(HISTOGRAM_COLUMNS))
    histogram[index] += sign


def measure(session: Session, rows: Sequence[outbox.Pending]) -> None:
    """Outbox effect: bring the cells up to date with the responses of these rows."""
    by_workspace: dict[UUID, set[UUID]] = defaultdict(set)
    for row in rows:
        by_workspace[row.workspace_id].add(row.subject_id)
    for workspace_id in sorted(by_workspace):
        _measure_workspace(session, workspace_id, sorted(by_workspace[workspace_id]))


def _measure_workspace(session: Session, workspace_id: UUID, ids: Sequence[UUID]) -> None:
    state = cell_state(session, workspace_id)
    if settings_changed(session, state):
        # Every day and profile may be another one. Recounting covers these responses, too.
        for _ in _recount(session, state):
            pass
        return
    responses = session.scalars(
        scoped(Response, workspace_id)
        .where(Response.id.in_(ids))
        .order_by(Response.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    _move(session, state, responses)


def _move(session: Session, state: CellState, responses: Sequence[Response]) -> None:
    scores = current_scores(session, state.workspace_id, [r.id for r in responses])
    known = KnownValues(session, state.workspace_id)
    reportable = from_stored(state.attributes)
    changes = CellChanges()
    profiles = _profiles(session, state.workspace_id, responses)
    for response in responses:
        counted = counted_of(response, state)
        if counted is not None:
            changes.add(counted, profiles[counted.profile_id], -1)
        values = known.bounded(
            reportable_values(
                response.attributes, answered_at=response.answered_at, reportable=reportable
            )
        )
        current = Counted(
            day=local_day(response.answered_at, state.time_zone),
            profile_id=profile_key(values),
            scores=scores.get(response.id, {}),
        )
        profiles.setdefault(current.profile_id, values)
        changes.add(current, values, +1)
        _remember(response, state, current)
    known.store()
    _store_profiles(session, state.workspace_id, profiles)
    apply_changes(session, state, changes)
    session.flush()


def cell_state(session: Session, workspace_id: UUID) -> CellState:
    """The workspace's cell state, locked: counting and rebuilding take turns."""
    time_zone = session.scalar(select(Workspace.time_zone).where(Workspace.id == workspace_id))
    insert_if_absent(
        session, CellState, workspace_id=workspace_id, generation=1, time_zone=time_zone
    )
    return session.scalars(scoped(CellState, workspace_id).with_for_update()).one()


def current_scores(
    session: Session, workspace_id: UUID, response_ids: Sequence[UUID]
) -> dict[UUID, dict[UUID, int]]:
    """Histogram index per question of each response, over all scale questions."""
    rows = session.execute(
        select(Answer.response_id, Answer.question_id, Answer.number, Question.kind)
        .join(
            Question,
            (Question.workspace_id == Answer.workspace_id) & (Question.id == Answer.question_id),
        )
        .where(
            Answer.workspace_id == workspace_id,
            Answer.response_id.in_(response_ids),
            Answer.number.is_not(None),
        )
    )
    found: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    for response_id, question_id, number, kind in rows:
        scale = scale_of(kind)
        if scale is not None and number is not None:
            found[response_id][question_id] = number - scale.start
    return found


def counted_of(response: Response, state: CellState) -> Counted | None:
    if response.counted_day is None or response.counted_generation != state.generation:
        return None
    assert response.counted_profile_id is not None
    scores = {UUID(key): index for key, index in (response.counted_scores or {}).items()}
    return Counted(response.counted_day, response.counted_profile_id, scores)


def _remember(response: Response, state: CellState, counted: Counted) -> None:
    response.counted_generation = state.generation
    response.counted_day = counted.day
    response.counted_profile_id = counted.profile_id
    response.counted_scores = {str(key): index for key, index in counted.scores.items()}


def _profiles(
    session: Session, workspace_id: UUID, responses: Iterable[Response]
) -> dict[str, Mapping[str, str]]:
    """The values of the profiles under which these responses are counted now."""
    ids = {r.counted_profile_id for r in responses if r.counted_profile_id is not None}
    rows = session.scalars(scoped(Profile, workspace_id).where(Profile.id.in_(ids)))
    return {row.id: row.values for row in rows}


def _store_profiles(
    session: Session, workspace_id: UUID, profiles: Mapping[str, Mapping[str, str]]
) -> None:
    """Write the profiles that are new; most batches have none, and write nothing."""
    stored = set(
        session.scalars(
            select(Profile.id).where(Profile.workspace_id == workspace_id, Profile.id.in_(profiles))
        )
    )
    rows = [
        {"workspace_id": workspace_id, "id": profile_id, "values": dict(values)}
        for profile_id, values in sorted(profiles.items())
        if profile_id not in stored
    ]
    insert_absent(session, Profile, rows)


def apply_changes(session: Session, state: CellState, changes: CellChanges) -> None:
    """Add the sums to the cells, in one order for all, so that writers do not block in rings."""
    for model, names, cells in (
        (ScoreTotal, ("question_id", "local_day"), changes.totals),
        (ScoreByValue, ("question_id", "local_day", "attribute", "value"), changes.values),
        (ScoreByProfile, ("question_id", "month", "profile_id"), changes.profiles),
    ):
        rows = [
            {
                "workspace_id": state.workspace_id,
                "generation": state.generation,
                **dict(zip(names, key, strict=True)),
                **dict(zip(HISTOGRAM_COLUMNS, histogram, strict=True)),
            }
            for key, histogram in sorted(cells.items(), key=lambda cell: tuple(map(str, cell[0])))
            if any(histogram)
        ]
        if rows:
            _add_to_cells(session, model, names, rows)


def _add_to_cells(
    session: Session, model: Any, names: Sequence[str], rows: list[dict[str, Any]]
) -> None:
    insert = insert_into(session, model)
    table = model.__table__
    statement = insert.on_conflict_do_update(
        index_elements=["workspace_id", "generation", *names],
        set_={column: table.c[column] + insert.excluded[column] for column in HISTOGRAM_COLUMNS},
    )
    session.execute(statement, rows)


# --- forgetting -------------------------------------------------------------------------


def uncount_person(session: Session, workspace_id: UUID, contact_id: UUID) -> None:
    """After a person's answers lost their attributes, they are counted anew."""
    now = utcnow()
    for response_id in session.scalars(
        select(Response.id).where(
            Response.workspace_id == workspace_id, Response.contact_id == contact_id
        )
    ):
        outbox.add(session, workspace_id, "measure", response_id, now=now)


# --- rebuilding ------------------------------------------------------------


def rebuild_cells(workspace_id: UUID) -> Iterator[tuple[int, int]]:
    """Count everything anew under the next generation and switch to it, in one transaction.

    Yields (done, total) for a progress bar. Readers see the old cells until the commit;
    counting of new answers waits meanwhile.
    """
    with transaction() as session:
        yield from _recount(session, cell_state(session, workspace_id))


def _recount(session: Session, state: CellState) -> Iterator[tuple[int, int]]:
    """Count every response under the next generation, by the workspace's settings of now."""
    workspace_id = state.workspace_id
    state.generation += 1
    adopt_settings(session, state)
    session.flush()
    total = session.scalar(
        select(func.count()).select_from(Response).where(Response.workspace_id == workspace_id)
    )
    done, last = 0, None
    while True:
        query = scoped(Response, workspace_id).order_by(Response.id).limit(_REBUILD_BATCH)
        if last is not None:
            query = query.where(Response.id > last)
        batch = session.scalars(query.with_for_update()).all()
        if not batch:
            break
        _move(session, state, batch)
        done, last = done + len(batch), batch[-1].id
        for response in batch:  # or a million of them would stay in memory
            session.expunge(response)
        yield done, total or 0
    for model in (ScoreTotal, ScoreByValue, ScoreByProfile):
        session.execute(
            delete(model).where(
                model.workspace_id == workspace_id, model.generation != state.generation
            )
        )
