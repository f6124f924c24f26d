"""Reads: answers that are marked, and the scores they have."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import Session

from surveys.response_quality import MARKS
from surveys.scoring import category_of
from vocapp.authoring.queries import SurveySummary
from vocapp.collecting.models import Response, ResponseMark
from vocapp.extensions import db

_AT = tuple_(Response.answered_at, Response.id)
_MARKED = (ResponseMark.workspace_id == Response.workspace_id) & (
    ResponseMark.response_id == Response.id
)


@dataclass(frozen=True, slots=True)
class MarkedRow:
    """A marked answer as the list shows it."""

    id: UUID
    score: int | None
    category: str | None
    channel: str
    reasons: Sequence[str]
    answered_at: datetime


def marked_scores(
    session: Session, workspace_id: UUID, survey_id: UUID,
    *, since: datetime | None = None, until: datetime | None = None,
) -> Counter[int]:  # fmt: skip
    """How many marked answers of a time have each score; since <= answered_at < until."""
    query = (
        select(Response.score, func.count())
        .where(
            Response.workspace_id == workspace_id,
            Response.survey_id == survey_id,
            Response.score.is_not(None),
            Response.id.in_(marked_ids(workspace_id)),
        )
        .group_by(Response.score)
    )
    if since is not None:
        query = query.where(Response.answered_at >= since)
    if until is not None:
        query = query.where(Response.answered_at < until)
    return Counter({score: n for score, n in session.execute(query) if score is not None})


def marked_answers(
    survey: SurveySummary,
    *,
    reason: str | None = None,
    limit: int,
    before: tuple[datetime, UUID] | None = None,
) -> list[MarkedRow]:
    """The latest first, of one reason or of all."""
    query = (
        select(Response)
        .where(
            Response.workspace_id == survey.workspace_id,
            Response.survey_id == survey.id,
            Response.id.in_(marked_ids(survey.workspace_id, reason)),
        )
        .order_by(Response.answered_at.desc(), Response.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(tuple_(*before, types=_AT.type.types) > _AT)
    rows = db.session.scalars(query).all()
    marks = marks_of(survey.workspace_id, [row.id for row in rows])
    return [
        MarkedRow(
            id=row.id,
            score=row.score,
            category=category_of(survey.kind, row.score) if row.score is not None else None,
            channel=row.channel,
            reasons=marks[row.id],
            answered_at=row.answered_at,
        )
        for row in rows
    ]


def marked_ids(workspace_id: UUID, reason: str | None = None) -> Select[UUID]:
    """The statement that finds the marked answers of a workspace, of one reason or of all."""
    query = select(ResponseMark.response_id).where(ResponseMark.workspace_id == workspace_id)
    return query.where(ResponseMark.reason == reason) if reason else query


def marks_of(workspace_id: UUID, ids: Sequence[UUID]) -> Mapping[UUID, Sequence[str]]:
    """Why some answers are marked, in the order of `MARKS`; none for those that are not."""
    found: dict[UUID, list[str]] = defaultdict(list)
    rows = db.session.execute(
        select(ResponseMark.response_id, ResponseMark.reason).where(
            ResponseMark.workspace_id == workspace_id, ResponseMark.response_id.in_(ids)
        )
    )
    for response_id, reason in sorted(rows, key=lambda row: MARKS.index(row.reason)):
        found[response_id].append(reason)
    return found


def is_any_marked(survey: SurveySummary) -> bool:
    """Whether there is anything to be left out or looked at."""
    query = (
        select(Response.id)
        .join(ResponseMark, _MARKED)
        .where(Response.workspace_id == survey.workspace_id, Response.survey_id == survey.id)
    )
    return db.session.scalar(query.limit(1)) is not None


def counts_by_reason(survey: SurveySummary) -> dict[str, int]:
    """Every reason with its number, zeros included; one answer may have several."""
    rows = db.session.execute(
        select(ResponseMark.reason, func.count())
        .join(Response, _MARKED)
        .where(ResponseMark.workspace_id == survey.workspace_id, Response.survey_id == survey.id)
        .group_by(ResponseMark.reason)
    )
    return dict.fromkeys(MARKS, 0) | {reason: n for reason, n in rows}
