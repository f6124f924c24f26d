"""Use cases: watch a score, stop watching it, look at all watched scores once a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from surveys.periods import local_day
from vocapp import outbox
from vocapp.authoring.models import Survey
from vocapp.authoring.queries import SurveySummary
from vocapp.database import insert_if_absent, scoped, snapshot, transaction, utcnow, uuid7
from vocapp.measuring.queries import reading
from vocapp.measuring.watching.looking import Look, Watched, look
from vocapp.measuring.watching.models import ScoreFall, ScoreWatch, ScoreWatcher
from vocapp.problems import BadInput
from vocapp.workspaces.nights import keep_nightly, time_zone_of

WATCH = "watch"
Seen = tuple[SurveySummary, Watched, Look]  # a score, from when it was watched, what was seen
# After the local day is over: what was answered late is counted by then, and the mail is there in
# the morning.
_LOOK_AFTER = timedelta(hours=6)


def watch_score(survey: SurveySummary, *, user_id: UUID, time_zone: str, now: datetime) -> None:
    """This person hears of a fall from now on; may be repeated.

    Raises BadInput for a confidential survey: sums of single days, and days of a fall that are
    chosen by the answers, would tell of few.
    """
    if survey.confidential:
        raise BadInput.of("survey", "a confidential survey cannot be watched")
    workspace_id, today = survey.workspace_id, local_day(now, time_zone)
    anew = Watched.anew(today)
    with reading(survey, time_zone=time_zone, now=now) as opened:
        found = look(opened, anew)
    state = {
        "baseline_from": anew.baseline_from, "began_on": anew.began_on, "looked_until": today,
        "more_needed": found.more_needed if found else 0,
    }  # fmt: skip
    with transaction() as session:
        insert_if_absent(
            session, ScoreWatch, workspace_id=workspace_id, survey_id=survey.id, **state
        )
        row = _locked(session, survey)
        assert row is not None
        watchers = session.scalars(_watchers(survey)).all()
        # Where nobody watched meanwhile it begins anew; not where somebody only thought again.
        if not watchers and row.looked_until < today - timedelta(days=1):
            for name, value in state.items():
                setattr(row, name, value)
        if user_id not in watchers:
            session.add(
                ScoreWatcher(
                    workspace_id=workspace_id, survey_id=survey.id, user_id=user_id, created_at=now
                )
            )
        session.flush()
        keep_watching(session, workspace_id, now=now)


def stop_watching(survey: SurveySummary, *, user_id: UUID) -> None:
    """This person hears of no fall any more; may be repeated."""
    with transaction() as session:
        session.execute(
            delete(ScoreWatcher).where(
                ScoreWatcher.workspace_id == survey.workspace_id,
                ScoreWatcher.survey_id == survey.id,
                ScoreWatcher.user_id == user_id,
            )
        )


def look_daily(rows: Sequence[outbox.Pending]) -> list[outbox.Outcome]:
    """Outbox work: look at a workspace's watched scores, then wait for the next day."""
    now = utcnow()
    return [
        partial(_store, row.workspace_id, _looked(row.workspace_id, now=now), now) for row in rows
    ]


def _looked(workspace_id: UUID, *, now: datetime) -> list[Seen]:
    """What every score that somebody watches says, read without a transaction."""
    with snapshot() as session:
        zone = time_zone_of(session, workspace_id)
        watched = session.execute(
            select(ScoreWatch, Survey)
            .join(
                Survey,
                (Survey.workspace_id == ScoreWatch.workspace_id)
                & (Survey.id == ScoreWatch.survey_id),
            )
            .where(
                ScoreWatch.workspace_id == workspace_id,
                Survey.confidential.is_(False),
                select(ScoreWatcher.user_id)
                .where(
                    ScoreWatcher.workspace_id == ScoreWatch.workspace_id,
                    ScoreWatcher.survey_id == ScoreWatch.survey_id,
                )
                .exists(),
            )
            .order_by(ScoreWatch.survey_id)
        ).all()
    looks = []
    for row, survey in watched:
        seen = Watched(row.baseline_from, row.began_on)
        with reading(SurveySummary.of(survey), time_zone=zone, now=now) as opened:
            found = look(opened, seen)
        if found is not None:
            looks.append((SurveySummary.of(survey), seen, found))
    return looks


def _store(
    workspace_id: UUID,
    looks: Sequence[Seen],
    now: datetime,
    session: Session,
) -> None:
    """Put down what was seen, with a mail to everybody who watches, and wait for tomorrow."""
    for survey, seen, found in looks:
        row = _locked(session, survey)
        if row is None or Watched(row.baseline_from, row.began_on) != seen:
            continue  # another worker has put it down, or watching began anew
        watchers = session.scalars(_watchers(survey)).all()
        for fall in found.falls:
            told = ScoreFall(
                workspace_id=workspace_id, id=uuid7(), survey_id=survey.id, created_at=now,
                **asdict(fall),
            )  # fmt: skip
            session.add(told)
            for user_id in watchers:
                outbox.add(
                    session, workspace_id, "staff_mail", told.id, now=now,
                    detail={"about": "score_fall", "user": str(user_id)},
                )  # fmt: skip
        row.baseline_from, row.began_on = found.watched.baseline_from, found.watched.began_on
        row.looked_until = max(row.looked_until, found.looked_until)
        row.more_needed = found.more_needed
    session.flush()
    keep_watching(session, workspace_id, now=now, done=1)


def keep_watching(session: Session, workspace_id: UUID, *, now: datetime, done: int = 0) -> None:
    """See to it that watched scores are looked at when the next day is over.

    done: rows of this work that the caller's transaction is about to delete.
    """
    is_watched = session.scalar(
        select(func.count())
        .select_from(ScoreWatcher)
        .where(ScoreWatcher.workspace_id == workspace_id)
    )
    if is_watched:
        keep_nightly(session, workspace_id, WATCH, now=now, done=done, after=_LOOK_AFTER)


def _locked(session: Session, survey: SurveySummary) -> ScoreWatch | None:
    return session.scalar(
        scoped(ScoreWatch, survey.workspace_id)
        .where(ScoreWatch.survey_id == survey.id)
        .with_for_update()
    )


def _watchers(survey: SurveySummary) -> Select[UUID]:
    return (
        select(ScoreWatcher.user_id)
        .where(
            ScoreWatcher.workspace_id == survey.workspace_id, ScoreWatcher.survey_id == survey.id
        )
        .order_by(ScoreWatcher.user_id)
    )
