"""Use cases: say after how many days a survey asks again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.database import scoped, transaction
from vocapp.following_up.asking_again.models import MOST_DAYS, AskAgainRule, AskedAgain
from vocapp.following_up.changing import ASK_AGAIN
from vocapp.following_up.models import FollowUp
from vocapp.problems import BadInput, FieldError, NotFound
from vocapp.workspaces.service import audit


def save_rules(
    workspace_id: UUID, wanted: Mapping[UUID, int | None], *, actor_user_id: UUID, now: datetime
) -> dict[UUID, int | None]:
    """Set the days of each of these surveys, None for never; returns what held before of those
    that changed. They hold for what is resolved from now on; what is planned already is asked by
    the new number, or not at all. Raises BadInput with `days-<survey id>`, NotFound.
    """
    errors = [
        FieldError(f"days-{survey_id}", f"expected 1 to {MOST_DAYS}, got {days}")
        for survey_id, days in wanted.items()
        if days is not None and not 1 <= days <= MOST_DAYS
    ]
    if errors:
        raise BadInput(*errors)
    with transaction() as session:
        _check_surveys(session, workspace_id, wanted)
        rows = session.scalars(scoped(AskAgainRule, workspace_id).with_for_update())
        held = {row.survey_id: row for row in rows}
        before: dict[UUID, int | None] = {}
        for survey_id, days in wanted.items():
            row = held.get(survey_id)
            if (row.days if row else None) == days:
                continue
            before[survey_id] = row.days if row else None
            _set(session, workspace_id, survey_id, row, days, now)
        if before:
            _look_at_plans(session, workspace_id, list(before), now)
            audit(
                session, workspace_id, "asking_again.saved", now=now, actor_user_id=actor_user_id,
                detail={"surveys": sorted(map(str, before))},
            )  # fmt: skip
    return before


def _check_surveys(session: Session, workspace_id: UUID, wanted: Mapping[UUID, int | None]) -> None:
    known = session.scalars(
        select(Survey.id).where(Survey.workspace_id == workspace_id, Survey.id.in_(wanted))
    ).all()
    if set(wanted) != set(known):
        raise NotFound("No such survey.")


def _set(
    session: Session,
    workspace_id: UUID,
    survey_id: UUID,
    row: AskAgainRule | None,
    days: int | None,
    now: datetime,
) -> None:
    if days is None:
        session.delete(row)
        return
    if row is None:
        row = AskAgainRule(workspace_id=workspace_id, survey_id=survey_id)
        session.add(row)
    row.days, row.changed_at = days, now


def _look_at_plans(
    session: Session, workspace_id: UUID, survey_ids: list[UUID], now: datetime
) -> None:
    """What is planned by surveys whose days were changed is looked at anew."""
    ids = session.scalars(
        select(AskedAgain.follow_up_id)
        .join(
            FollowUp,
            (FollowUp.workspace_id == AskedAgain.workspace_id)
            & (FollowUp.id == AskedAgain.follow_up_id),
        )
        .join(
            Response,
            (Response.workspace_id == FollowUp.workspace_id)
            & (Response.id == FollowUp.response_id),
        )
        .where(
            AskedAgain.workspace_id == workspace_id,
            AskedAgain.state == "planned",
            Response.survey_id.in_(survey_ids),
        )
    ).all()
    for case_id in ids:
        outbox.add(session, workspace_id, ASK_AGAIN, case_id, now=now)
