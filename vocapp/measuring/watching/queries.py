"""Reads: what somebody watches, and the last fall that was noticed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import and_, bindparam, select

from vocapp.authoring.models import Survey
from vocapp.authoring.queries import SurveySummary
from vocapp.database import OF_WORKSPACE, scoped_statement
from vocapp.extensions import db
from vocapp.measuring.watching.models import ScoreFall, ScoreWatch, ScoreWatcher

_MOST = 10
_TOLD_DAYS = 90  # so long a fall stands on the page


@dataclass(frozen=True, slots=True)
class WatchedScore:
    """A score that this person watches. last_fall: None where the last one is long ago."""

    survey: SurveySummary
    watch: ScoreWatch
    last_fall: ScoreFall | None


_WATCHED = (
    select(ScoreWatch, Survey)
    .join(
        ScoreWatcher,
        and_(
            ScoreWatcher.workspace_id == ScoreWatch.workspace_id,
            ScoreWatcher.survey_id == ScoreWatch.survey_id,
        ),
    )
    .join(
        Survey,
        and_(Survey.workspace_id == ScoreWatch.workspace_id, Survey.id == ScoreWatch.survey_id),
    )
    .where(
        ScoreWatch.workspace_id == OF_WORKSPACE,
        ScoreWatcher.user_id == bindparam("user_id"),
        Survey.confidential.is_(False),
    )
    .order_by(ScoreWatch.survey_id.desc())
    .limit(_MOST)
)
_WATCHED_OF_SURVEY = _WATCHED.where(ScoreWatch.survey_id == bindparam("survey_id"))
_LAST_FALL = (
    scoped_statement(ScoreFall)
    .where(
        ScoreFall.survey_id == bindparam("survey_id"), ScoreFall.noticed_on >= bindparam("since")
    )
    .order_by(ScoreFall.noticed_on.desc())
    .limit(1)
)


def watched_scores(
    workspace_id: UUID, user_id: UUID, *, today: date, survey_id: UUID | None = None
) -> list[WatchedScore]:
    """What a person watches, the newest survey first; of one survey or of all.

    Nothing is told of a confidential survey, also where it was watched before it became one.
    """
    wanted = {"workspace_id": workspace_id, "user_id": user_id}
    rows = (
        db.session.execute(_WATCHED, wanted)
        if survey_id is None
        else db.session.execute(_WATCHED_OF_SURVEY, wanted | {"survey_id": survey_id})
    ).all()
    return [
        WatchedScore(
            SurveySummary.of(survey), watch, last_fall(workspace_id, survey.id, today=today)
        )
        for watch, survey in rows
    ]


def last_fall(workspace_id: UUID, survey_id: UUID, *, today: date) -> ScoreFall | None:
    """The last fall that was noticed in the last 90 days."""
    since = today - timedelta(days=_TOLD_DAYS)
    mine = {"workspace_id": workspace_id, "survey_id": survey_id, "since": since}
    return db.session.scalar(_LAST_FALL, mine)
