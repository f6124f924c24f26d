"""Reads: answers that are held, and how many."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, tuple_

from surveys.definitions import from_json
from surveys.scoring import category_of
from vocapp.authoring.models import Survey, SurveyVersion
from vocapp.collecting.models import HELD_STATES, HeldAnswer
from vocapp.extensions import db
from vocapp.people.models import Contact
from vocapp.people.reaching import of_accounts_within
from vocapp.workspaces.models import User
from vocapp.workspaces.reach import Reach

ACCOUNT = func.coalesce(HeldAnswer.account_id, Contact.account_id)  # whose answer it is
_AT = tuple_(HeldAnswer.pressed_at, HeldAnswer.id)


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A held answer as the list shows it.

    Of a confidential survey it is not said who it is of, nor what was answered: both are None. Of
    one over a quota that came by a link for everybody, nobody is known.
    """

    id: UUID
    survey: str
    survey_name: str
    confidential: bool
    contact_id: UUID | None
    who: str | None
    score: int | None
    category: str | None
    comment: str | None
    reasons: Sequence[str]
    presses: int
    pressed_at: datetime
    state: str
    decided_by: str | None


def held_answers(
    workspace_id: UUID,
    state: str,
    *,
    reach: Reach,
    survey_id: UUID | None = None,
    limit: int,
    before: tuple[datetime, UUID] | None = None,
) -> list[HeldRow]:
    """Those in a state, the latest press on top; one statement.

    before: the moment and id after which the page goes on.
    """
    query = (
        select(HeldAnswer, Survey, Contact, SurveyVersion.definition, User.name)
        .join(
            Survey,
            (Survey.workspace_id == HeldAnswer.workspace_id) & (Survey.id == HeldAnswer.survey_id),
        )
        .join(
            SurveyVersion,
            (SurveyVersion.workspace_id == HeldAnswer.workspace_id)
            & (SurveyVersion.survey_id == HeldAnswer.survey_id)
            & (SurveyVersion.number == HeldAnswer.survey_version),
        )
        .outerjoin(User, User.id == HeldAnswer.decided_by_user_id)
    )
    query = (
        _within(query, workspace_id, reach, survey_id)
        .where(HeldAnswer.state == state)
        .order_by(HeldAnswer.pressed_at.desc(), HeldAnswer.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(tuple_(*before, types=_AT.type.types) > _AT)
    return [_row(*found) for found in db.session.execute(query)]


def _row(
    held: HeldAnswer,
    survey: Survey,
    contact: Contact | None,
    definition: Any,
    decided_by: str | None,
) -> HeldRow:
    opened = not survey.confidential
    score = held.score if opened else None
    question = from_json(definition).open_question
    comment = json.loads(held.answers).get(question.key) if opened and question else None
    return HeldRow(
        id=held.id,
        survey=survey.key,
        survey_name=survey.name,
        confidential=survey.confidential,
        contact_id=contact.id if opened and contact else None,
        who=(contact.name or contact.email or contact.external_id) if opened and contact else None,
        score=score,
        category=category_of(survey.kind, score) if score is not None else None,
        comment=comment,
        reasons=held.reasons,
        presses=held.presses,
        pressed_at=held.pressed_at,
        state=held.state,
        decided_by=decided_by,
    )


def held_counts(
    workspace_id: UUID, *, reach: Reach, survey_id: UUID | None = None
) -> dict[str, int]:
    """Every state with its number, zeros included; one statement."""
    query = select(HeldAnswer.state, func.count()).group_by(HeldAnswer.state)
    rows = db.session.execute(_within(query, workspace_id, reach, survey_id))
    return dict.fromkeys(HELD_STATES, 0) | dict(rows.all())


def _within(query: Any, workspace_id: UUID, reach: Reach, survey_id: UUID | None) -> Any:
    query = query.outerjoin(
        Contact,
        (Contact.workspace_id == HeldAnswer.workspace_id) & (Contact.id == HeldAnswer.contact_id),
    ).where(
        HeldAnswer.workspace_id == workspace_id,
        of_accounts_within(reach, workspace_id, ACCOUNT),
    )
    return query.where(HeldAnswer.survey_id == survey_id) if survey_id else query
