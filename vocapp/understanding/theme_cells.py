"""Cells of themes: how many responses carry a theme, and how many have a comment, by day.

Like the score cells, each assignment and each analysis remembers what was counted of it, so
that any order of analyses, edits and corrections ends in the same cells.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from surveys.definitions import from_json
from surveys.periods import local_day
from surveys.scoring import METRICS, categories, category_of
from vocapp import outbox
from vocapp.authoring.models import Question, Survey, SurveyVersion
from vocapp.collecting.models import Response
from vocapp.database import insert_into, read_once, scoped, utcnow
from vocapp.understanding.models import Analysis, Assignment, CommentDay, ThemeDay
from vocapp.workspaces.models import Workspace

UNSCORED = "unscored"
# Category of a score → where it stands in the cells, whatever the scale.
PLACES = ("high", "middle", "low")
PLACE_OF = {
    category: place
    for kind in METRICS
    for place, category in zip(PLACES, categories(kind), strict=True)
} | {UNSCORED: UNSCORED}
_STEP = 500  # responses moved in one transaction; it holds SQLite's writer so long


@dataclass(slots=True)
class _CellMoves:
    """Sums to add to the cells: key → differences by column."""

    themes: dict[tuple[UUID, date, UUID], dict[str, int]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )
    comments: dict[tuple[UUID, date], dict[str, int]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )

    def theme(self, theme_id: UUID, counted: Mapping[str, Any] | None, sign: int) -> None:
        if counted:
            place = PLACE_OF[str(counted["category"])]
            key = (*_day_of(counted), theme_id)
            self.themes[key][f"{place}_{counted['sentiment']}"] += sign

    def comment(self, counted: Mapping[str, Any] | None, sign: int) -> None:
        if counted:
            self.comments[_day_of(counted)][PLACE_OF[str(counted["category"])]] += sign


def _day_of(counted: Mapping[str, Any]) -> tuple[UUID, date]:
    return UUID(counted["question"]), date.fromisoformat(counted["day"])


def recount_themes(session: Session, response: Response) -> None:
    """Move the cells of a response from what they hold of it to what holds now."""
    moves = _CellMoves()
    place = _place_of(session, response)
    for row in session.scalars(
        scoped(Assignment, response.workspace_id).where(Assignment.response_id == response.id)
    ):
        current = {**place, "sentiment": row.sentiment} if place else None
        if row.counted != current:
            moves.theme(row.theme_id, row.counted, -1)
            moves.theme(row.theme_id, current, +1)
            row.counted = current
    analysis = session.get(Analysis, (response.workspace_id, response.id))
    if analysis is not None:
        commented = place if analysis.text_digest is not None else None
        if analysis.counted != commented:
            moves.comment(analysis.counted, -1)
            moves.comment(commented, +1)
            analysis.counted = commented
    _apply(session, response.workspace_id, moves)


def uncount_comments(session: Session, rows: Iterable[Analysis]) -> None:
    """Take comments that are forgotten out of the cells; those of the themes stay, nameless."""
    moves = _CellMoves()
    workspaces = set()
    for row in rows:
        moves.comment(row.counted, -1)
        row.counted = None
        workspaces.add(row.workspace_id)
    for workspace_id in workspaces:
        _apply(session, workspace_id, moves)


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
    commented = select(Analysis.response_id).where(
        Analysis.workspace_id == workspace_id, Analysis.text_digest.is_not(None)
    )
    if after is not None:
        themed = themed.where(Assignment.response_id > UUID(after))
        commented = commented.where(Analysis.response_id > UUID(after))
    # Each part stops at its first 500: together they hold the first 500 of both.
    both = union(
        *(
            select(part.order_by(part.selected_columns[0]).limit(_STEP).subquery())
            for part in (themed.distinct(), commented)
        )
    ).subquery()
    ids = session.scalars(
        select(both.c.response_id).order_by(both.c.response_id).limit(_STEP)
    ).all()
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
    moves.theme(row.theme_id, row.counted, -1)
    _apply(session, row.workspace_id, moves)
    row.counted = None


def _apply(session: Session, workspace_id: UUID, moves: _CellMoves) -> None:
    """Add the sums, in one order for all, so that writers do not block in rings."""
    for model, names, cells in (
        (ThemeDay, ("question_id", "local_day", "theme_id"), moves.themes),
        (CommentDay, ("question_id", "local_day"), moves.comments),
    ):
        columns = [column.name for column in model.__table__.c if not column.primary_key]
        rows = [
            {
                "workspace_id": workspace_id,
                **dict(zip(names, key, strict=True)),
                **{column: differences.get(column, 0) for column in columns},
            }
            for key, differences in sorted(cells.items(), key=lambda cell: tuple(map(str, cell[0])))
            if any(differences.values())
        ]
        if rows:
            insert = insert_into(session, model)
            table = model.__table__
            statement = insert.on_conflict_do_update(
                index_elements=["workspace_id", *names],
                set_={column: table.c[column] + insert.excluded[column] for column in columns},
            )
            session.execute(statement, rows)
