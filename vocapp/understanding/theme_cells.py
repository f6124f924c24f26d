"""Cells of themes: how many responses carry a theme, and how many have a comment, by day.

Like the score cells, each assignment and each analysis remembers what was counted of it, so
that any order of analyses, edits and corrections ends in the same cells.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
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
from vocapp.database import insert_absent, insert_into, read_once, scoped, utcnow
from vocapp.packed_days import Counts, no_counts, pack, unpack
from vocapp.people.figure_changes import note_answers
from vocapp.understanding.models import (
    SENTIMENTS,
    Analysis,
    Assignment,
    CommentMonth,
    ThemeMonth,
)
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


# In which order a day's counts stand: by category of score, and of themes by sentiment in it.
COMMENT_PLACES = (*PLACES, UNSCORED)
THEME_PLACES = tuple((place, tone) for place in COMMENT_PLACES for tone in SENTIMENTS)


@dataclass(slots=True)
class _CellMoves:
    """Sums to add to the cells: key → differences by day of the month and place."""

    themes: dict[tuple[UUID, date, UUID], Counts] = field(
        default_factory=lambda: defaultdict(lambda: no_counts(len(THEME_PLACES)))
    )
    comments: dict[tuple[UUID, date], Counts] = field(
        default_factory=lambda: defaultdict(lambda: no_counts(len(COMMENT_PLACES)))
    )

    def theme(self, theme_id: UUID, counted: Mapping[str, Any] | None, sign: int) -> None:
        if counted:
            question_id, day, place = _place_in_cells(counted)
            at = THEME_PLACES.index((place, counted["sentiment"]))
            self.themes[question_id, day.replace(day=1), theme_id][day.day - 1, at] += sign

    def comment(self, counted: Mapping[str, Any] | None, sign: int) -> None:
        if counted:
            question_id, day, place = _place_in_cells(counted)
            at = COMMENT_PLACES.index(place)
            self.comments[question_id, day.replace(day=1)][day.day - 1, at] += sign


def _place_in_cells(counted: Mapping[str, Any]) -> tuple[UUID, date, str]:
    day = date.fromisoformat(counted["day"])
    return UUID(counted["question"]), day, PLACE_OF[str(counted["category"])]


def recount_themes(session: Session, response: Response) -> None:
    """Move the cells of a response from what they hold of it to what holds now."""
    recount_many(session, response.workspace_id, [response])


def recount_many(session: Session, workspace_id: UUID, responses: Iterable[Response]) -> None:
    """The same for many responses of a workspace, with one change of each cell."""
    places = {response.id: _place_of(session, response) for response in responses}
    moves = _CellMoves()
    for row in session.scalars(
        scoped(Assignment, workspace_id).where(Assignment.response_id.in_(list(places)))
    ):
        place = places[row.response_id]
        current = {**place, "sentiment": row.sentiment} if place else None
        if row.counted != current:
            moves.theme(row.theme_id, row.counted, -1)
            moves.theme(row.theme_id, current, +1)
            row.counted = current
    for analysis in session.scalars(
        scoped(Analysis, workspace_id).where(Analysis.response_id.in_(list(places)))
    ):
        commented = places[analysis.response_id] if analysis.text_digest is not None else None
        if analysis.counted != commented:
            moves.comment(analysis.counted, -1)
            moves.comment(commented, +1)
            analysis.counted = commented
    _apply(session, workspace_id, moves)


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
    recount_many(session, workspace_id, responses)
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
    uncount_many(session, row.workspace_id, [row])


def uncount_many(session: Session, workspace_id: UUID, rows: Iterable[Assignment]) -> None:
    """The same for many assignments of a workspace."""
    moves = _CellMoves()
    for row in rows:
        moves.theme(row.theme_id, row.counted, -1)
        row.counted = None
    _apply(session, workspace_id, moves)


def _apply(session: Session, workspace_id: UUID, moves: _CellMoves) -> None:
    """Add the sums; whoever does holds the comments of each question and month of them."""
    themes = {key: added for key, added in moves.themes.items() if added.any()}
    comments = {key: added for key, added in moves.comments.items() if added.any()}
    keys = {key[:2] for key in themes} | comments.keys()
    if not keys:
        return
    if themes:
        since = min(month for _, month, _ in themes)
        note_answers(session, workspace_id, since=since, now=utcnow())
    held = _hold_comments(session, workspace_id, keys)
    _store(
        session, workspace_id, CommentMonth,
        {key: unpack(held[key], len(COMMENT_PLACES)) + added for key, added in comments.items()},
    )  # fmt: skip
    known = _themes_of(session, workspace_id, themes)
    _store(
        session, workspace_id, ThemeMonth,
        {
            key: unpack(known[key], len(THEME_PLACES)) + added if key in known else added
            for key, added in themes.items()
        },
    )  # fmt: skip


def _hold_comments(
    session: Session, workspace_id: UUID, keys: Set[tuple[UUID, date]]
) -> dict[tuple[UUID, date], bytes]:
    """Lock the comments of these questions and months, in one order for all, so that writers
    do not block in rings."""
    query = (
        select(CommentMonth.question_id, CommentMonth.month, CommentMonth.counts)
        .where(
            CommentMonth.workspace_id == workspace_id,
            CommentMonth.question_id.in_({key[0] for key in keys}),
            CommentMonth.month.in_({key[1] for key in keys}),
        )
        .order_by(CommentMonth.question_id, CommentMonth.month)
        .with_for_update()
    )
    found = {(row.question_id, row.month): row.counts for row in session.execute(query)}
    if missing := keys - found.keys():
        none = pack(no_counts(len(COMMENT_PLACES)))
        insert_absent(
            session, CommentMonth,
            [
                {
                    "workspace_id": workspace_id, "question_id": question_id, "month": month,
                    "counts": none,
                }
                for question_id, month in sorted(missing)
            ],
        )  # fmt: skip
        found = {(row.question_id, row.month): row.counts for row in session.execute(query)}
    return found


def _themes_of(
    session: Session, workspace_id: UUID, keys: Collection[tuple[UUID, date, UUID]]
) -> dict[tuple[UUID, date, UUID], bytes]:
    if not keys:
        return {}
    rows = session.execute(
        select(ThemeMonth.question_id, ThemeMonth.month, ThemeMonth.theme_id, ThemeMonth.counts)
        .where(
            ThemeMonth.workspace_id == workspace_id,
            ThemeMonth.question_id.in_({key[0] for key in keys}),
            ThemeMonth.month.in_({key[1] for key in keys}),
            ThemeMonth.theme_id.in_({key[2] for key in keys}),
        )
    )  # fmt: skip
    return {(row.question_id, row.month, row.theme_id): row.counts for row in rows}


def _store(
    session: Session, workspace_id: UUID, model: Any, cells: Mapping[tuple[Any, ...], Counts]
) -> None:
    if not cells:
        return
    names = [column.name for column in model.__table__.primary_key]
    insert = insert_into(session, model)
    session.execute(
        insert.on_conflict_do_update(
            index_elements=names, set_={"counts": insert.excluded["counts"]}
        ),
        [
            dict(zip(names, (workspace_id, *key), strict=True)) | {"counts": pack(counts)}
            for key, counts in cells.items()
        ],
    )
