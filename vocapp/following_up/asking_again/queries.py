"""Reads: which surveys ask again, and what is planned or came of it for a case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from vocapp.authoring.models import Survey
from vocapp.database import scoped
from vocapp.distributing.models import Invitation
from vocapp.extensions import db
from vocapp.following_up.asking_again.models import STATES, AskAgainRule, AskedAgain


@dataclass(frozen=True, slots=True)
class AskingSurvey:
    """days: after which it asks again, None for never."""

    id: UUID
    name: str
    kind: str
    days: int | None


def asking_surveys(workspace_id: UUID) -> list[AskingSurvey]:
    """Those that take answers, or have a rule, by name."""
    rows = db.session.execute(
        select(Survey.id, Survey.name, Survey.kind, AskAgainRule.days)
        .outerjoin(
            AskAgainRule,
            (AskAgainRule.workspace_id == Survey.workspace_id)
            & (AskAgainRule.survey_id == Survey.id),
        )
        .where(
            Survey.workspace_id == workspace_id,
            (Survey.state == "published") | AskAgainRule.days.is_not(None),
            Survey.confidential.is_(False),
        )
        .order_by(Survey.name, Survey.id)
    )
    return [AskingSurvey(*row) for row in rows]


def counts_by_state(workspace_id: UUID) -> dict[str, int]:
    """How many cases are so, and (`answered`) how many of those asked have answered."""
    rows = db.session.execute(
        select(AskedAgain.state, func.count())
        .where(AskedAgain.workspace_id == workspace_id)
        .group_by(AskedAgain.state)
    )
    counts = dict.fromkeys(STATES, 0) | {state: count for state, count in rows}
    counts["answered"] = (
        db.session.scalar(
            select(func.count())
            .select_from(AskedAgain)
            .join(
                Invitation,
                (Invitation.workspace_id == AskedAgain.workspace_id)
                & (Invitation.id == AskedAgain.invitation_id),
            )
            .where(
                AskedAgain.workspace_id == workspace_id,
                AskedAgain.state == "asked",
                Invitation.answered_at.is_not(None),
            )
        )
        or 0
    )
    return counts


@dataclass(frozen=True, slots=True)
class Plan:
    """What a case's page says. answered_at: of the invitation, if they have answered."""

    state: str
    reason: str | None
    due_at: datetime
    invitation_state: str | None
    answered_at: datetime | None


def plan_of(workspace_id: UUID, follow_up_id: UUID) -> Plan | None:
    """None where nothing was ever planned. The caller has checked that the case may be seen."""
    plan = db.session.scalar(
        scoped(AskedAgain, workspace_id).where(AskedAgain.follow_up_id == follow_up_id)
    )
    if plan is None:
        return None
    invitation = plan.invitation_id and db.session.scalar(
        scoped(Invitation, workspace_id).where(Invitation.id == plan.invitation_id)
    )
    return Plan(
        plan.state, plan.reason, plan.due_at,
        invitation.state if invitation else None, invitation.answered_at if invitation else None,
    )  # fmt: skip
