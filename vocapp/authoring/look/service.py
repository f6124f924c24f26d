"""Use cases: choose how what respondents see looks, and go back to the usual."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from surveys.look import Look, LookError, checked
from vocapp.authoring.look.models import LookRow
from vocapp.authoring.models import Survey
from vocapp.database import scoped, transaction
from vocapp.problems import BadInput, NotFound
from vocapp.workspaces.models import Workspace
from vocapp.workspaces.service import audit


def choose_look(
    workspace_id: UUID, survey_id: UUID | None, look: Look, *,
    actor_user_id: UUID | None = None, now: datetime,
) -> Look:  # fmt: skip
    """Set the look of a workspace (no survey) or of one survey, as it holds from now on; returns it
    as it is kept. Raises BadInput, NotFound."""
    try:
        look = checked(look)
    except LookError as exc:
        raise BadInput.of(exc.field, exc.message) from exc
    with transaction() as session:
        subject = _locked(session, workspace_id, survey_id)
        row = _row(session, workspace_id, survey_id)
        if row is None:
            row = LookRow(workspace_id=workspace_id, survey_id=survey_id)
            session.add(row)
        for name, value in asdict(look).items():
            setattr(row, name, value)
        row.updated_at = now
        audit(
            session, workspace_id, "look.chosen", subject=subject, now=now,
            actor_user_id=actor_user_id,
        )  # fmt: skip
    return look


def reset_look(
    workspace_id: UUID, survey_id: UUID | None, *,
    actor_user_id: UUID | None = None, now: datetime,
) -> None:  # fmt: skip
    """A survey looks as its workspace again, a workspace as the product does. Raises NotFound."""
    with transaction() as session:
        subject = _locked(session, workspace_id, survey_id)
        row = _row(session, workspace_id, survey_id)
        if row is None:
            return
        session.delete(row)
        audit(
            session, workspace_id, "look.reset", subject=subject, now=now,
            actor_user_id=actor_user_id,
        )  # fmt: skip


def _locked(session: Session, workspace_id: UUID, survey_id: UUID | None) -> Workspace | Survey:
    """What the look is of: two who choose at once do so one after the other."""
    subject: Workspace | Survey | None
    if survey_id is None:
        subject = session.get(Workspace, workspace_id, with_for_update=True)
    else:
        subject = session.get(Survey, (workspace_id, survey_id), with_for_update=True)
    if subject is None:
        raise NotFound("No such survey.")
    return subject


def _row(session: Session, workspace_id: UUID, survey_id: UUID | None) -> LookRow | None:
    of = LookRow.survey_id.is_(None) if survey_id is None else LookRow.survey_id == survey_id
    return session.scalar(scoped(LookRow, workspace_id).where(of))
