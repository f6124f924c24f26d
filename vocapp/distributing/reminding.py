"""Use cases: whoever has not answered is reminded, once.

A reminder is planned when the mail of an invitation is out, where the survey's e-mails say so, or
when a colleague asks for it. Whether it should still go is looked at when its day has come
(sending_reminders.py).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select, update
from sqlalchemy.orm import Session

from surveys.own_mail import MAX_REMIND_DAYS
from vocapp import outbox
from vocapp.authoring.models import Survey
from vocapp.database import insert_absent, insert_if_absent, transaction
from vocapp.distributing.models import Invitation, Reminder
from vocapp.distributing.service import EMAIL
from vocapp.extensions import db
from vocapp.workspaces.service import audit

REMIND = "remind"
SWITCHED_OFF = "switched_off"
# By hand nobody is reminded sooner after the mail, or so late that it is forgotten.
PATIENCE, FORGOTTEN = timedelta(days=1), timedelta(days=MAX_REMIND_DAYS)
MOST_AT_ONCE = 5_000


def plan(
    session: Session,
    workspace_id: UUID,
    invitation_id: UUID,
    *,
    days: int | None,
    sent_at: datetime,
) -> None:
    """The mail is out: note when its reminder is due, in the caller's transaction. days: None
    where the survey wants none."""
    if days is None:
        return
    due_at = sent_at + timedelta(days=days)
    if insert_if_absent(
        session, Reminder, workspace_id=workspace_id, invitation_id=invitation_id,
        state="scheduled", reason=None, due_at=due_at, sent_at=None,
    ):  # fmt: skip
        outbox.add(session, workspace_id, REMIND, invitation_id, now=sent_at, due_at=due_at)


def call_off(session: Session, workspace_id: UUID, survey_id: UUID) -> None:
    """Reminders of a survey that wait for their day do not go out; some may by hand, later."""
    session.execute(
        update(Reminder)
        .where(
            Reminder.workspace_id == workspace_id,
            Reminder.state == "scheduled",
            Reminder.invitation_id.in_(
                select(Invitation.id).where(
                    Invitation.workspace_id == workspace_id, Invitation.survey_id == survey_id
                )
            ),
        )
        .values(state="not_sent", reason=SWITCHED_OFF)
        .execution_options(synchronize_session=False)
    )


def number_to_remind(workspace_id: UUID, survey_id: UUID, *, now: datetime) -> int:
    """How many people could be reminded by hand."""
    found = _silent(workspace_id, survey_id, now).with_only_columns(Invitation.contact_id)
    people = found.distinct().subquery()
    return db.session.scalar(select(func.count()).select_from(people)) or 0


def remind_now(workspace_id: UUID, survey_id: UUID, *, actor_user_id: UUID, now: datetime) -> int:
    """Remind everybody who has not answered and has not been reminded, at most `MOST_AT_ONCE`;
    how many. Pressed twice it reminds nobody twice."""
    with transaction() as session:
        silent = _silent(workspace_id, survey_id, now).order_by(Invitation.sent_at, Invitation.id)
        ids = session.scalars(silent.limit(MOST_AT_ONCE)).all()
        said: dict[str, Any] = {"state": "scheduled", "reason": None, "due_at": now}
        insert_absent(
            session,
            Reminder,
            [{"workspace_id": workspace_id, "invitation_id": each, "sent_at": None, **said}
             for each in ids],
        )  # fmt: skip
        session.execute(
            update(Reminder)
            .where(
                Reminder.workspace_id == workspace_id,
                Reminder.invitation_id.in_(ids),
                _was_called_off(),
            )
            .values(said)
            .execution_options(synchronize_session=False)
        )
        outbox.add_all(session, workspace_id, [outbox.Work(REMIND, each) for each in ids], now=now)
        if ids:
            audit(
                session, workspace_id, "survey.reminded", now=now, actor_user_id=actor_user_id,
                subject=session.get_one(Survey, (workspace_id, survey_id)),
                detail={"invitations": len(ids)},
            )  # fmt: skip
    if ids:
        outbox.ring(REMIND)
    return len(ids)


def _was_called_off() -> Any:
    return and_(Reminder.state == "not_sent", Reminder.reason == SWITCHED_OFF)


def _silent(workspace_id: UUID, survey_id: UUID, now: datetime) -> Select[Any]:
    """Invitations that went out lately, if not today, were not answered, and have no reminder."""
    return (
        select(Invitation.id)
        .outerjoin(
            Reminder,
            (Reminder.workspace_id == Invitation.workspace_id)
            & (Reminder.invitation_id == Invitation.id),
        )
        .where(
            Invitation.workspace_id == workspace_id,
            Invitation.survey_id == survey_id,
            Invitation.state == "sent",
            Invitation.channel == EMAIL,
            Invitation.replied_at.is_(None),
            Invitation.sent_at.between(now - FORGOTTEN, now - PATIENCE),
            or_(Reminder.invitation_id.is_(None), _was_called_off()),
        )
    )
