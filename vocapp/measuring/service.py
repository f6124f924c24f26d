"""Use cases: keep the cells exact.

Counting moves a response from what is counted of it to what it is now. Because what was
counted is kept with each answer, any order, repetition, edit or erasure of answers ends in the
same cells.

Counting everything anew goes in steps beside that. Each step counts the next responses into a
generation of its own; an answer that comes or changes meanwhile moves in the generation that is
read and, where the steps have passed it, in the one being built. The last step makes that one
the one that is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, or_, select, tuple_
from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.collecting.models import Response
from vocapp.database import (
    insert_absent,
    insert_if_absent,
    refresh_statistics,
    scoped,
    transaction,
    utcnow,
)
from vocapp.measuring import columns
from vocapp.measuring.attributes import from_stored
from vocapp.measuring.counting import Target, count, count_next, read_given, read_of_survey
from vocapp.measuring.describing import Given
from vocapp.measuring.models import (
    NOTHING_YET,
    AnswerChunk,
    AnswerColumn,
    AttributeMonth,
    AttributeValue,
    CellState,
    CountedAnswer,
    ScoreMonth,
)
from vocapp.measuring.reportable import chosen_attributes
from vocapp.people.account_stores import AccountMerge
from vocapp.workspaces.models import Workspace

RECOUNT, SWEEP = "recount", "sweep_cells"
_STEP = 2000  # responses counted in one transaction; it holds SQLite's writer so long
_LONG_STEP = 10_000  # where nobody else is waiting, or somebody waits for the end
_SWEEP = 20_000
_COUNTED = (CountedAnswer, AnswerChunk, AnswerColumn, AttributeMonth, ScoreMonth, AttributeValue)


def measure(session: Session, rows: Sequence[outbox.Pending]) -> None:
    """Outbox effect: bring the cells up to date with the responses of these rows."""
    by_workspace: dict[UUID, set[UUID]] = defaultdict(set)
    for row in rows:
        by_workspace[row.workspace_id].add(row.subject_id)
    for workspace_id in sorted(by_workspace):
        _measure_workspace(session, workspace_id, sorted(by_workspace[workspace_id]))


def _measure_workspace(session: Session, workspace_id: UUID, ids: Sequence[UUID]) -> None:
    state = cell_state(session, workspace_id)
    responses = read_given(
        session,
        select(Response)
        .where(Response.workspace_id == workspace_id, Response.id.in_(ids))
        .order_by(Response.id)
        .with_for_update(),
    )
    if state.generation != NOTHING_YET:
        count(session, Target.live(state), responses)
    if state.building is not None:
        passed = [given for given in responses if _is_passed(state, given)]
        count(session, Target.building(state), passed)


def cell_state(session: Session, workspace_id: UUID) -> CellState:
    """The workspace's cell state, locked: counting and its steps anew take turns."""
    time_zone, attributes = _settings(session, workspace_id)
    insert_if_absent(
        session, CellState, workspace_id=workspace_id, generation=1, last_generation=1,
        time_zone=time_zone, attributes=attributes,
    )  # fmt: skip
    return session.scalars(
        scoped(CellState, workspace_id).with_for_update().execution_options(populate_existing=True)
    ).one()


def _settings(session: Session, workspace_id: UUID) -> tuple[str, list[Any] | None]:
    zone = session.scalars(select(Workspace.time_zone).where(Workspace.id == workspace_id)).one()
    return zone, chosen_attributes(session, workspace_id)


# --- forgetting -------------------------------------------------------------------------


def uncount_person(session: Session, workspace_id: UUID, contact_id: UUID) -> None:
    """After a person's answers lost their attributes, they are counted anew."""
    _count_anew(session, workspace_id, Response.contact_id == contact_id)


def hand_over_account(session: Session, merge: AccountMerge) -> None:
    """Answers of the merged account are counted anew: as those of the kept one."""
    _count_anew(session, merge.workspace_id, Response.account_id == merge.merged)


def _count_anew(session: Session, workspace_id: UUID, which: ColumnElement[bool]) -> None:
    now = utcnow()
    ids = session.scalars(
        select(Response.id).where(Response.workspace_id == workspace_id, which)
    ).all()
    work = [outbox.Work("measure", response_id) for response_id in ids]
    outbox.add_all(session, workspace_id, work, now=now)


# --- counting anew ------------------------------------------------------------


def recount(session: Session, rows: Sequence[outbox.Pending]) -> None:
    """Outbox effect: a step towards cells by the settings of now, and a row for the next."""
    for row in rows:
        state = cell_state(session, row.workspace_id)
        _aim(session, state, now=utcnow())
        if state.building is not None and _step(session, state, _STEP):
            outbox.add(
                session, row.workspace_id, RECOUNT, row.workspace_id, now=utcnow(),
                priority=outbox.BACKLOG,
            )  # fmt: skip


def rebuild_cells(workspace_id: UUID) -> Iterator[tuple[int, int]]:
    """Count everything anew and switch to it; yields (done, total) for a progress bar.

    Goes on with a generation that is being built by the settings of now. The row of work lets
    the workers finish it should this process end.
    """
    with transaction() as session:
        state = cell_state(session, workspace_id)
        _aim(session, state, now=utcnow())
        if state.building is None:
            _begin(session, state)
        building = state.building
        total = session.scalar(
            select(func.count()).select_from(Response).where(Response.workspace_id == workspace_id)
        )
        outbox.add(
            session, workspace_id, RECOUNT, workspace_id, now=utcnow(), priority=outbox.BACKLOG
        )
    done = 0
    while True:
        with transaction() as session:
            state = cell_state(session, workspace_id)
            if state.building != building:  # done by somebody else, or overtaken
                return
            counted = _step(session, state, _LONG_STEP)
            if state.building is None:
                refresh_statistics(session, _COUNTED)
                yield total or 0, total or 0
                return
        done += counted
        yield min(done, total or 0), total or 0


def _aim(session: Session, state: CellState, *, now: datetime) -> None:
    """Build what the settings ask for; give up what they do not ask for any more."""
    wanted = _as_compared(*_settings(session, state.workspace_id))
    if state.building is not None:
        if _as_compared(state.building_time_zone, state.building_attributes) == wanted:
            return
        _sweep_later(session, state.workspace_id, state.building, now=now)
        state.building = None
    if _as_compared(state.time_zone, state.attributes) != wanted:
        _begin(session, state)
    session.flush()


def _as_compared(time_zone: str | None, attributes: list[Any] | None) -> tuple[Any, ...]:
    return time_zone, from_stored(attributes)


def _begin(session: Session, state: CellState) -> None:
    """A new generation by the settings of now.

    Values of attributes that stay as they were keep their places and codes; those of attributes
    that left, or got other bands, give theirs to new ones.
    """
    state.building = state.last_generation = state.last_generation + 1
    state.building_time_zone, state.building_attributes = _settings(session, state.workspace_id)
    state.building_cursor = None
    kept = {*from_stored(state.attributes)} & {*from_stored(state.building_attributes)}
    rows = session.execute(
        select(AttributeValue.attribute, AttributeValue.value, AttributeValue.code).where(
            AttributeValue.workspace_id == state.workspace_id,
            AttributeValue.generation == state.generation,
            AttributeValue.attribute.in_({item.name for item in kept}),
        )
    )
    base = {"workspace_id": state.workspace_id, "generation": state.building}
    insert_absent(session, AttributeValue, [base | dict(row._mapping) for row in rows])
    session.flush()


def _step(session: Session, state: CellState, limit: int) -> int:
    """Count the next responses into the generation being built; how many they were.

    Where none is left, it becomes the one that is read.
    """
    responses = _next(session, state, limit)
    if responses:
        count_next(session, Target.building(state), responses)
        last = responses[-1]
        state.building_cursor = {
            "survey": str(last.survey_id), "at": last.answered_at.isoformat(), "id": str(last.id),
        }  # fmt: skip
        return len(responses)
    _sweep_later(session, state.workspace_id, state.generation, now=utcnow())
    assert state.building is not None
    assert state.building_time_zone is not None
    state.generation, state.time_zone = state.building, state.building_time_zone
    state.attributes, state.building = state.building_attributes, None
    return 0


def _next(session: Session, state: CellState, limit: int) -> list[Given]:
    """In the order of survey, time and id, so that a step fills the chunks of a month."""
    cursor, response = state.building_cursor, Response.__table__.c
    of_workspace = select(Response.__table__).where(response.workspace_id == state.workspace_id)
    survey_id: UUID | None
    if cursor is not None:
        survey_id, at = UUID(cursor["survey"]), datetime.fromisoformat(cursor["at"])
        rest = of_workspace.where(
            response.survey_id == survey_id,
            response.answered_at >= at,
            or_(response.answered_at > at, response.id > UUID(cursor["id"])),
        )
        if found := _in_order(session, rest, survey_id, limit):
            return found
    later = (
        of_workspace.where(response.survey_id > UUID(cursor["survey"])) if cursor else of_workspace
    )
    survey_id = session.scalar(
        later.with_only_columns(response.survey_id).order_by(response.survey_id).limit(1)
    )
    if survey_id is None:
        return []
    of_survey = of_workspace.where(response.survey_id == survey_id)
    return _in_order(session, of_survey, survey_id, limit)


def _in_order(session: Session, query: Any, survey_id: UUID, limit: int) -> list[Given]:
    # Not locked: who changes one of them leaves a row of work that is counted after this step.
    response = Response.__table__.c
    ordered = query.order_by(response.answered_at, response.id).limit(limit)
    return read_of_survey(session, ordered, survey_id)


def _is_passed(state: CellState, given: Given) -> bool:
    """Whether the steps have counted this response, or would not come by it any more."""
    cursor = state.building_cursor
    if cursor is None:
        return False
    reached = UUID(cursor["survey"]), datetime.fromisoformat(cursor["at"]), UUID(cursor["id"])
    return (given.survey_id, given.answered_at, given.id) <= reached


# --- sweeping up ------------------------------------------------------------------------


def _sweep_later(session: Session, workspace_id: UUID, generation: int, *, now: datetime) -> None:
    outbox.add(
        session, workspace_id, SWEEP, workspace_id, now=now, detail={"generation": generation},
        priority=outbox.BACKLOG,
    )  # fmt: skip


def sweep(session: Session, rows: Sequence[outbox.Pending]) -> None:
    """Outbox effect: delete some of a generation that is not read any more; a row for the rest."""
    for row in rows:
        generation = int(row.detail["generation"])
        state = cell_state(session, row.workspace_id)
        if generation in {state.generation, state.building}:
            continue
        if _delete_some(session, row.workspace_id, generation):
            _sweep_later(session, row.workspace_id, generation, now=utcnow())


def _delete_some(session: Session, workspace_id: UUID, generation: int) -> bool:
    """False where nothing was left."""
    if columns.delete_chunks(session, workspace_id, generation, limit=_SWEEP // 1000):
        return True
    for model in (CountedAnswer, AttributeMonth, ScoreMonth, AttributeValue):
        key = [*model.__table__.primary_key]
        mine = [model.workspace_id == workspace_id, model.generation == generation]
        some = select(*key).where(*mine).limit(_SWEEP)
        if session.scalar(select(func.count()).select_from(some.limit(1).subquery())):
            session.execute(delete(model).where(*mine, tuple_(*key).in_(some)))
            return True
    return False
