"""The states that a draft has had: each save is a step, and undo and redo go along them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from vocapp.authoring.models import DraftStep, Survey
from vocapp.authoring.queries import SurveySummary
from vocapp.extensions import db
from vocapp.workspaces.models import User

KEPT = 50
_ONE_STROKE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class State:
    """What a draft is: a definition and a name."""

    definition: Mapping[str, Any]
    name: str


@dataclass(frozen=True, slots=True)
class Steps:
    """Where a draft stands among its steps, and who saved it last."""

    can_undo: bool
    can_redo: bool
    saved_by: str | None = None
    saved_at: datetime | None = None


def take(
    session: Session,
    survey: Survey,
    state: State,
    *,
    by: UUID | None,
    by_itself: bool = False,
    now: datetime,
) -> bool:
    """Make this the draft, one step after where it stands; False where nothing is different.

    1. The first change keeps what was there before.
    2. Steps that were taken back are gone with a new one.
    3. A save of itself takes the place of the one before by the same person, if it is recent.
    4. The oldest steps go.
    """
    if (survey.draft, survey.name) == (state.definition, state.name):
        return False
    here = _step(session, survey, survey.draft_step)
    if here is None:
        session.add(_row(survey, State(survey.draft, survey.name), survey.draft_step, None, now))
    session.execute(_of(survey).where(DraftStep.number > survey.draft_step))
    if not (here and by_itself and _is_same_stroke(here, by, now)):
        survey.draft_step += 1
        here = None
    if here is None:
        session.add(_row(survey, state, survey.draft_step, by, now, by_itself=by_itself))
    else:
        here.definition, here.name, here.saved_at = dict(state.definition), state.name, now
    session.execute(_of(survey).where(DraftStep.number <= survey.draft_step - KEPT))
    _set(survey, state.definition, state.name, now)
    return True


def go(session: Session, survey: Survey, by: int, *, now: datetime) -> bool:
    """Make the step before or after this one the draft; False where there is none."""
    step = _step(session, survey, survey.draft_step + by)
    if step is None:
        return False
    survey.draft_step = step.number
    step.by_itself = False  # what is typed from here on is a step of its own
    _set(survey, step.definition, step.name, now)
    return True


def steps_of(survey: SurveySummary) -> Steps:
    """Whether undo and redo lead anywhere, and who saved the draft last."""
    mine = (DraftStep.workspace_id == survey.workspace_id, DraftStep.survey_id == survey.id)
    here = db.session.scalar(
        select(Survey.draft_step).where(
            Survey.workspace_id == survey.workspace_id, Survey.id == survey.id
        )
    )
    first, last = db.session.execute(
        select(func.min(DraftStep.number), func.max(DraftStep.number)).where(*mine)
    ).one()
    if first is None or here is None:
        return Steps(can_undo=False, can_redo=False)
    saved = db.session.execute(
        select(User.name, DraftStep.saved_at)
        .outerjoin(User, User.id == DraftStep.saved_by_user_id)
        .where(*mine, DraftStep.number == here)
    ).one_or_none()
    who, at = saved if saved else (None, None)
    return Steps(can_undo=first < here, can_redo=here < last, saved_by=who, saved_at=at)


def _set(survey: Survey, definition: Mapping[str, Any], name: str, now: datetime) -> None:
    survey.draft, survey.name, survey.updated_at = dict(definition), name, now


def _step(session: Session, survey: Survey, number: int) -> DraftStep | None:
    return session.get(DraftStep, (survey.workspace_id, survey.id, number))


def _of(survey: Survey) -> Any:
    return delete(DraftStep).where(
        DraftStep.workspace_id == survey.workspace_id, DraftStep.survey_id == survey.id
    )


def _is_same_stroke(step: DraftStep, by: UUID | None, now: datetime) -> bool:
    return step.by_itself and step.saved_by_user_id == by and now - step.saved_at < _ONE_STROKE


def _row(
    survey: Survey,
    state: State,
    number: int,
    by: UUID | None,
    now: datetime,
    *,
    by_itself: bool = False,
) -> DraftStep:
    return DraftStep(
        workspace_id=survey.workspace_id,
        survey_id=survey.id,
        number=number,
        definition=dict(state.definition),
        name=state.name,
        saved_at=now,
        saved_by_user_id=by,
        by_itself=by_itself,
    )
