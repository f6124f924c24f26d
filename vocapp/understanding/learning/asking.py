"""When the model is to learn: noted with each correction, in its transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.understanding.learning.models import LearningSetting, ThemeModel
from vocapp.understanding.models import Label
from vocapp.workspaces.nights import next_day_begins

LEARN = "learn"
PREPARE = "prepare_model"
RETHEME = "retheme"
REFINE = "refine"  # comments that wait for models
NIGHTLY, AFTER = True, 25  # unless a workspace says otherwise


@dataclass(frozen=True, slots=True)
class WhenToLearn:
    """nightly: in the night after a correction; after: so many new corrections; None: never."""

    nightly: bool = NIGHTLY
    after: int | None = AFTER


def when_to_learn(session: Session, workspace_id: UUID) -> WhenToLearn:
    row = session.get(LearningSetting, workspace_id)
    return WhenToLearn(row.nightly, row.after) if row else WhenToLearn()


def new_corrections(session: Session, workspace_id: UUID) -> int:
    """Labels given or changed since the model last began to learn."""
    last = (
        select(func.max(ThemeModel.asked_at))
        .where(ThemeModel.workspace_id == workspace_id)
        .scalar_subquery()
    )
    query = select(func.count()).where(
        Label.workspace_id == workspace_id, (last.is_(None)) | (Label.at > last)
    )
    return session.scalar(query) or 0


def see_to_learning(session: Session, workspace_id: UUID, *, now: datetime) -> None:
    """After a correction: see to it that the model learns tonight, or at once where there are
    enough new ones."""
    session.flush()
    when = when_to_learn(session, workspace_id)
    if when.after is not None and new_corrections(session, workspace_id) >= when.after:
        ask_to_learn(session, workspace_id, now=now)
    elif when.nightly and not outbox.is_waiting(session, workspace_id, LEARN, workspace_id):
        tonight = next_day_begins(session, workspace_id, now=now)
        outbox.add(
            session, workspace_id, LEARN, workspace_id, now=now, due_at=tonight,
            priority=outbox.BACKLOG,
        )  # fmt: skip


def ask_to_learn(
    session: Session, workspace_id: UUID, *, now: datetime, user_id: UUID | None = None
) -> None:
    """Have the model learn now; asking twice learns once."""
    outbox.ask_now(
        session, workspace_id, LEARN, workspace_id, now=now,
        detail={"user": str(user_id)} if user_id else {}, priority=outbox.BACKLOG,
    )  # fmt: skip


def ask_to_prepare(session: Session, workspace_id: UUID, *, now: datetime) -> None:
    """Have the files of the serving version made, where a worker found none."""
    if not outbox.is_waiting(session, workspace_id, PREPARE, workspace_id):
        outbox.add(session, workspace_id, PREPARE, workspace_id, now=now, priority=outbox.BACKLOG)
