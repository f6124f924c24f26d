"""What was heard of people and accounts beside the answer that a case is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session, aliased

from vocapp.authoring.models import Survey
from vocapp.authoring.queries import confidential_surveys
from vocapp.collecting.models import Response
from vocapp.people.events.models import ActivityHour


@dataclass(frozen=True, slots=True)
class Heard:
    """previous_score: the person's last score before, on the same scale. last_at: when the
    account last answered otherwise or used the product; None: nothing was ever heard.
    """

    previous_score: int | None = None
    last_at: datetime | None = None


NOTHING = Heard()
_HOUR = timedelta(hours=1)


def heard_beside(
    session: Session, workspace_id: UUID, response_ids: Sequence[UUID]
) -> dict[UUID, Heard]:
    """Response → what was heard beside it; two statements. Not from confidential surveys."""
    own, asked = aliased(Response), aliased(Survey)
    rows = session.execute(
        select(own.id, own.account_id, _previous(own, asked), _latest_other(own, workspace_id))
        .join(asked, (asked.workspace_id == own.workspace_id) & (asked.id == own.survey_id))
        .where(own.workspace_id == workspace_id, own.id.in_(response_ids))
    ).all()
    accounts = {row.account_id for row in rows if row.account_id is not None}
    active = {
        account: hour + _HOUR
        for account, hour in session.execute(
            select(ActivityHour.account_id, func.max(ActivityHour.hour))
            .where(ActivityHour.workspace_id == workspace_id, ActivityHour.account_id.in_(accounts))
            .group_by(ActivityHour.account_id)
        )
    }
    return {
        response_id: Heard(previous, max(filter(None, (active.get(account), other)), default=None))
        for response_id, account, previous, other in rows
    }


def _previous(own: type[Response], asked: type[Survey]) -> ScalarSelect[Any]:
    before, survey = aliased(Response), aliased(Survey)
    return (
        select(before.score)
        .join(
            survey, (survey.workspace_id == before.workspace_id) & (survey.id == before.survey_id)
        )
        .where(
            before.workspace_id == own.workspace_id,
            before.contact_id == own.contact_id,
            before.answered_at < own.answered_at,
            before.score.is_not(None),
            survey.kind == asked.kind,
            survey.confidential.is_(False),
        )
        .order_by(before.answered_at.desc(), before.id.desc())
        .limit(1)
        .correlate(own, asked)
        .scalar_subquery()
    )


def _latest_other(own: type[Response], workspace_id: UUID) -> ScalarSelect[Any]:
    other = aliased(Response)
    return (
        select(other.answered_at)
        .where(
            other.workspace_id == own.workspace_id,
            other.account_id == own.account_id,
            other.id != own.id,
            other.survey_id.not_in(confidential_surveys(workspace_id)),
        )
        .order_by(other.answered_at.desc())
        .limit(1)
        .correlate(own)
        .scalar_subquery()
    )
