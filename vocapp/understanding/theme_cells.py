"""Theme cells: how many responses carry a theme, moved with every change of an assignment.

Like the score cells, each assignment remembers what was counted of it, so that any order
of analyses, edits and corrections ends in the same cells.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.definitions import from_json
from surveys.periods import local_day
from surveys.scoring import category_of
from vocapp import outbox
from vocapp.authoring.models import Question, Survey, SurveyVersion
from vocapp.collecting.models import Response
from vocapp.database import insert_into, read_once, scoped, utcnow
from vocapp.understanding.models import Assignment, ThemeCell
from vocapp.workspaces.models import Workspace

UNSCORED = "unscored"
_STEP = 500  # responses moved in one transaction; it holds SQLite's writer so long


@dataclass(slots=True)
class _CellMoves:
    """Sums to add to theme cells: key → difference."""

    cells: dict[tuple[UUID, UUID, date, str, str], int] = field(
        default_factory=lambda: defaultdict(int)
    )

    def add(self, theme_id: UUID, counted: Mapping[str, Any] | None, sign: int) -> None:
        if counted:
            key = (
                theme_id,
                UUID(counted["question"]),
                date.fromisoformat(counted["day"]),
                str(counted["category"]),
                str(counted["sentiment"]),
            )
            self.cells[key] += sign


def recount_themes(session: Session, response: Response) -> None:
    """Move the theme cells of a response from what they hold of it to what holds now."""
    moves = _CellMoves()
    place = _place_of(session, response)
    for row in session.scalars(
        scoped(Assignment, response.workspace_id).where(Assignment.response_id == response.id)
    ):
        current = {**place, "sentiment": row.sentiment} if place else None
        if row.counted != current:
            moves.add(row.theme_id, row.counted, -1)
            moves.add(row.theme_id, current, +1)
            row.counted = current
    _apply(session, response.workspace_id, moves)


def move_theme_days(session: Session, rows: Sequence[outbox.Pending]) -> None:
    """Outbox effect: after a change of the time zone, move themes to their new local days.

    A step is a batch of responses in the order of their ids, and leaves a row of work that
    says where the next begins. It can die anywhere, and two chains at once do no harm: each
    assignment remembers under which day it was counted.
    """
    for row in rows:
        last = _move_step(session, row.workspace_id, after=row.detail.get("after"))
        if last is not None:
            outbox.add(
                session, row.workspace_id, "theme_days", row.workspace_id, now=utcnow(),
                detail={"after": str(last)}, priority=row.priority,
            )  # fmt: skip


def _move_step(session: Session, workspace_id: UUID, *, after: str | None) -> UUID | None:
    """Recount one batch; its last response, or None when there was none left."""
    themed = select(Assignment.response_id).where(Assignment.workspace_id == workspace_id)
    if after is not None:
        themed = themed.where(Assignment.response_id > UUID(after))
    ids = session.scalars(themed.distinct().order_by(Assignment.response_id).limit(_STEP)).all()
    responses = session.scalars(
        scoped(Response, workspace_id)
        .where(Response.id.in_(ids))
        .order_by(Response.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for response in responses:
        recount_themes(session, response)
    return ids[-1] if ids else None


def _place_of(session: Session, response: Response) -> dict[str, str] | None:
    """Where in the theme cells a response stands: question, day, category of its score."""
    version = (response.workspace_id, response.survey_id, response.survey_version)
    kind, time_zone, question_id = read_once(
        session, ("theme-cells", *version), lambda: _scale_of_version(session, *version)
    )
    if question_id is None:
        return None
    category = UNSCORED if response.score is None else category_of(kind, response.score)
    return {
        "question": str(question_id),
        "day": local_day(response.answered_at, time_zone).isoformat(),
        "category": category,
    }


def _scale_of_version(
    session: Session, workspace_id: UUID, survey_id: UUID, number: int
) -> tuple[str, str, UUID | None]:
    """Kind of the survey, time zone of the workspace, primary question of the version."""
    row = session.execute(
        select(Survey.kind, Workspace.time_zone, SurveyVersion.definition)
        .join(Workspace, Workspace.id == Survey.workspace_id)
        .join(
            SurveyVersion,
            (SurveyVersion.workspace_id == Survey.workspace_id)
            & (SurveyVersion.survey_id == Survey.id)
            & (SurveyVersion.number == number),
        )
        .where(Survey.workspace_id == workspace_id, Survey.id == survey_id)
        # A change of the zone waits for those who count by the old one: what they write is
        # then there when the days are moved.
        .with_for_update(read=True, of=Workspace)
    ).one()
    question_id = session.scalar(
        select(Question.id).where(
            Question.workspace_id == workspace_id,
            Question.survey_id == survey_id,
            Question.key == from_json(row.definition).primary.key,
        )
    )
    return row.kind, row.time_zone, question_id


def uncount(session: Session, row: Assignment) -> None:
    """Take an assignment out of the cells, before it goes."""
    moves = _CellMoves()
    moves.add(row.theme_id, row.counted, -1)
    _apply(session, row.workspace_id, moves)
    row.counted = None


def _apply(session: Session, workspace_id: UUID, moves: _CellMoves) -> None:
    insert = insert_into(session, ThemeCell)
    statement = insert.on_conflict_do_update(
        index_elements=[
            "workspace_id",
            "theme_id",
            "question_id",
            "local_day",
            "category",
            "sentiment",
        ],
        set_={"n": ThemeCell.__table__.c.n + insert.excluded.n},
    )
    rows = [
        {
            "workspace_id": workspace_id,
            "theme_id": theme_id,
            "question_id": question_id,
            "local_day": day,
            "category": category,
            "sentiment": sentiment,
            "n": difference,
        }
        for (theme_id, question_id, day, category, sentiment), difference in sorted(
            moves.cells.items(), key=lambda cell: tuple(map(str, cell[0]))
        )
        if difference
    ]
    if rows:
        session.execute(statement, rows)
