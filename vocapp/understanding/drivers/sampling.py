"""Which answers a survey's drivers are computed from, and what is known of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from surveys.attributes import REPORTABLE, reportable_values
from surveys.drivers import Candidate
from surveys.intervals import point_values
from surveys.periods import day_bounds, local_day
from surveys.scoring import scale
from surveys.shares import Floats
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.database import scoped
from vocapp.understanding.assigned import assigned_themes
from vocapp.understanding.models import Analysis, Theme

MOST_ANSWERS = 100_000
DAYS = 365
COMMENT = "comment"
_AT_ONCE = 1000  # ids in one statement


@dataclass(frozen=True, slots=True)
class Sample:
    """answers: how many there are in the days since <= day < until; points: of those sampled.

    clusters: of those sampled, equal numbers for answers of one account, or of one person who is
    in none; an answer of nobody known stands alone.
    """

    since: date
    until: date
    answers: int
    points: Floats
    candidates: tuple[Candidate, ...]
    clusters: npt.NDArray[np.int64]


def read_sample(
    session: Session, survey: Survey, *, time_zone: str, now: datetime, seed: int
) -> Sample:
    """A year of scored answers whose comments were read, or at most 100,000 drawn from them."""
    until = local_day(now, time_zone) + timedelta(days=1)
    since = until - timedelta(days=DAYS)
    days = (day_bounds(since, time_zone)[0], day_bounds(until, time_zone)[0])
    answers = session.scalar(_read(select(func.count()), survey, days)) or 0
    ids = _drawn(session, survey, days, answers, seed=seed)
    rows = _rows(session, survey.workspace_id, ids)
    value_of = dict(zip(scale(survey.kind), point_values(survey.kind), strict=True))
    return Sample(
        since=since,
        until=until,
        answers=answers,
        points=np.array([value_of[row.score] for row in rows], dtype=float),
        candidates=tuple(_candidates(session, survey.workspace_id, rows)),
        clusters=_numbered([row.whose for row in rows]),
    )


def _read(columns: Select[Any], survey: Survey, days: tuple[datetime, datetime]) -> Select[Any]:
    """Answers with a score that were analysed: of the others one cannot say what they lack."""
    return (
        columns.select_from(Response)
        .join(
            Analysis,
            (Analysis.workspace_id == Response.workspace_id)
            & (Analysis.response_id == Response.id),
        )
        .where(
            Response.workspace_id == survey.workspace_id,
            Response.survey_id == survey.id,
            Response.score.is_not(None),
            Response.answered_at >= days[0],
            Response.answered_at < days[1],
        )
    )


def _drawn(
    session: Session, survey: Survey, days: tuple[datetime, datetime], answers: int, *, seed: int
) -> list[UUID]:
    """All ids, or those at places that were drawn: memory stays flat however many there are."""
    if answers <= MOST_ANSWERS:
        return list(session.scalars(_read(select(Response.id), survey, days)))
    places = np.random.default_rng(seed).choice(answers, size=MOST_ANSWERS, replace=False)
    chosen = set(places.tolist())
    statement = _read(select(Response.id), survey, days).order_by(Response.id)
    ids = session.scalars(statement.execution_options(yield_per=10_000))
    return [response_id for place, response_id in enumerate(ids) if place in chosen]


@dataclass(frozen=True, slots=True)
class _Row:
    whose: UUID  # account, else person, else the answer itself
    score: int
    commented: bool
    attributes: Mapping[str, str]
    themes: frozenset[str]


def _rows(session: Session, workspace_id: UUID, ids: Sequence[UUID]) -> list[_Row]:
    rows: list[_Row] = []
    for start in range(0, len(ids), _AT_ONCE):
        rows += _some_rows(session, workspace_id, ids[start : start + _AT_ONCE])
    return rows


def _some_rows(session: Session, workspace_id: UUID, ids: Sequence[UUID]) -> list[_Row]:
    themes = assigned_themes(session, workspace_id, ids)
    found = session.execute(
        select(
            Response.id,
            func.coalesce(Response.account_id, Response.contact_id, Response.id),
            Response.score,
            Response.attributes,
            Response.answered_at,
            Analysis.text_digest.is_not(None),
        )
        .join(
            Analysis,
            (Analysis.workspace_id == Response.workspace_id)
            & (Analysis.response_id == Response.id),
        )
        .where(Response.workspace_id == workspace_id, Response.id.in_(ids))
        .order_by(Response.id)
    )
    return [
        _Row(
            whose=whose,
            score=score,
            commented=has_text or response_id in themes,
            attributes=reportable_values(attributes, answered_at=answered_at),
            themes=frozenset(theme.key for theme in themes.get(response_id, ())),
        )
        for response_id, whose, score, attributes, answered_at, has_text in found
        if score is not None
    ]


def _numbered(keys: Sequence[UUID]) -> npt.NDArray[np.int64]:
    numbers: dict[UUID, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)


def _candidates(session: Session, workspace_id: UUID, rows: Sequence[_Row]) -> list[Candidate]:
    """Themes, attributes, and whether there is a comment at all.

    Who is unhappy writes more often. Were that not a driver of its own, every theme would
    seem to lower the score, only because somebody wrote.
    """
    active = session.scalars(scoped(Theme, workspace_id).where(Theme.archived_at.is_(None)))
    themes = [
        Candidate(f"theme:{key}", np.array([key in row.themes for row in rows], dtype=bool))
        for key in sorted(theme.key for theme in active)
    ]
    attributes = [
        Candidate(
            f"attribute:{name}", np.array([row.attributes.get(name, "") for row in rows], dtype=str)
        )
        for name in REPORTABLE
    ]
    commented = np.array([row.commented for row in rows], dtype=bool)
    return [Candidate(COMMENT, commented), *attributes, *themes]
