"""What is planned for a case follows its state: planned when it is resolved, asked when the day
comes, cancelled when it is opened again.

One outbox kind does all of it by looking at how things are, so that it may be rung at any time
and as often as one likes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.periods import day_bounds, local_day
from vocapp import outbox
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.database import read_once, scoped, utcnow, uuid7
from vocapp.distributing.service import Asking, ask, withdraw
from vocapp.following_up.asking_again.models import AskAgainRule, AskedAgain
from vocapp.following_up.changing import ASK_AGAIN
from vocapp.following_up.models import FollowUp
from vocapp.outbox import Pending
from vocapp.people.models import Contact
from vocapp.workspaces.nights import time_zone_of

CAUSE = "resolved"
# Who cannot be asked within so many days of the first one is not asked: they have forgotten.
LONGEST_DELAY = timedelta(days=60)
OPENED_AGAIN, SWITCHED_OFF = "opened_again", "switched_off"
ANSWERED, TOO_LATE, SURVEY_CLOSED = "answered_meanwhile", "too_late", "survey_closed"


def follow_cases(session: Session, rows: Sequence[Pending]) -> None:
    """Outbox kind `ask_again`, in the transaction that deletes the rows."""
    now = utcnow()
    for workspace_id, case_id in sorted({(row.workspace_id, row.subject_id) for row in rows}):
        case = session.scalar(
            scoped(FollowUp, workspace_id).where(FollowUp.id == case_id).with_for_update()
        )
        if case is not None:
            _follow(session, case, now)


def _follow(session: Session, case: FollowUp, now: datetime) -> None:
    if case.response_id is None:
        return  # no survey asked, so none asks again
    plan = session.scalar(
        scoped(AskedAgain, case.workspace_id).where(AskedAgain.follow_up_id == case.id)
    )
    survey, days = _rule_of(session, case)
    if case.state != "resolved" or case.resolved_at is None:
        _cancel(session, case, plan, OPENED_AGAIN, now)
    elif days is None:
        _cancel(session, case, plan, SWITCHED_OFF, now)
    elif plan is None or plan.state == "cancelled":
        _plan(session, case, plan, days, now)
    elif plan.state == "planned":
        _when_due(session, case, plan, survey, days, now)


def _rule_of(session: Session, case: FollowUp) -> tuple[Survey, int | None]:
    survey = session.scalars(
        scoped(Survey, case.workspace_id)
        .join(
            Response,
            (Response.workspace_id == Survey.workspace_id) & (Response.survey_id == Survey.id),
        )
        .where(Response.id == case.response_id)
    ).one()
    rules = read_once(
        session,
        ("ask_again", case.workspace_id),
        lambda: {
            rule.survey_id: rule.days
            for rule in session.scalars(scoped(AskAgainRule, case.workspace_id))
        },
    )
    return survey, rules.get(survey.id)


# --- planning and cancelling ------------------------------------------------------------


def _plan(
    session: Session, case: FollowUp, plan: AskedAgain | None, days: int, now: datetime
) -> None:
    if case.contact_id is None:
        return  # nobody to ask
    due_at = _due_at(session, case, days)
    if plan is None:
        plan = AskedAgain(workspace_id=case.workspace_id, follow_up_id=case.id)
        session.add(plan)
    plan.state, plan.reason, plan.invitation_id = "planned", None, None
    plan.first_due_at = plan.due_at = due_at
    plan.changed_at = now
    _wait(session, plan, now)


def _due_at(session: Session, case: FollowUp, days: int) -> datetime:
    """The beginning of a day of the workspace; which hour suits, the ledger knows."""
    assert case.resolved_at is not None
    zone = time_zone_of(session, case.workspace_id)
    return day_bounds(local_day(case.resolved_at, zone) + timedelta(days=days), zone)[0]


def _wait(session: Session, plan: AskedAgain, now: datetime) -> None:
    outbox.add(
        session, plan.workspace_id, ASK_AGAIN, plan.follow_up_id, now=now, due_at=plan.due_at
    )


def _cancel(
    session: Session, case: FollowUp, plan: AskedAgain | None, reason: str, now: datetime
) -> None:
    """Also an invitation that waits for the morning; one that is out stays what it is."""
    if plan is None or plan.state not in {"planned", "asked"}:
        return
    if plan.state == "asked" and (
        plan.invitation_id is None
        or not withdraw(session, case.workspace_id, plan.invitation_id, reason)
    ):
        return
    plan.state, plan.reason, plan.changed_at = "cancelled", reason, now


# --- the day has come -------------------------------------------------------------------


def _when_due(
    session: Session, case: FollowUp, plan: AskedAgain, survey: Survey, days: int, now: datetime
) -> None:
    is_put_off = plan.due_at != plan.first_due_at
    if not is_put_off and plan.due_at != (planned := _due_at(session, case, days)):
        plan.first_due_at = plan.due_at = planned  # resolved anew, or the days were changed
        if planned > now:
            _wait(session, plan, now)
    if plan.due_at > now:
        return
    contact = case.contact_id and session.scalar(
        scoped(Contact, case.workspace_id).where(Contact.id == case.contact_id).with_for_update()
    )
    if not contact:
        session.delete(plan)  # forgotten meanwhile
    elif _has_answered(session, case, survey):
        _end(plan, ANSWERED, now)
    elif survey.state != "published":
        _end(plan, SURVEY_CLOSED, now)
    else:
        _ask(session, case, plan, contact, survey, now)


def _has_answered(session: Session, case: FollowUp, survey: Survey) -> bool:
    """The person has told since, without being asked again."""
    return (
        session.scalar(
            select(Response.id)
            .where(
                Response.workspace_id == case.workspace_id,
                Response.contact_id == case.contact_id,
                Response.survey_id == survey.id,
                Response.answered_at > case.resolved_at,
            )
            .limit(1)
        )
        is not None
    )


def _ask(
    session: Session,
    case: FollowUp,
    plan: AskedAgain,
    contact: Contact,
    survey: Survey,
    now: datetime,
) -> None:
    wish = Asking(survey.id, CAUSE, None, None, uuid7(), may_wait=True)
    invited = ask(session, contact, wish, now=now)
    if invited.state == "scheduled":
        plan.state, plan.reason, plan.invitation_id = "asked", None, wish.id
        plan.changed_at = now
        return
    reason = invited.reason or ""
    if invited.next_day is None:
        _end(plan, reason, now)
        return
    then = day_bounds(invited.next_day, time_zone_of(session, case.workspace_id))[0]
    if then > plan.first_due_at + LONGEST_DELAY:
        _end(plan, TOO_LATE, now)
        return
    plan.due_at, plan.reason, plan.changed_at = then, reason, now
    _wait(session, plan, now)


def _end(plan: AskedAgain, reason: str, now: datetime) -> None:
    plan.state, plan.reason, plan.changed_at = "not_asked", reason, now


def forget_plans(session: Session, workspace_id: UUID, contact_id: UUID) -> None:
    """Nobody is asked again who was forgotten."""
    ids = select(FollowUp.id).where(
        FollowUp.workspace_id == workspace_id, FollowUp.contact_id == contact_id
    )
    for plan in session.scalars(
        scoped(AskedAgain, workspace_id).where(AskedAgain.follow_up_id.in_(ids))
    ):
        session.delete(plan)
    session.flush()
