"""Reads: who works when, for the pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import aliased

from surveys.periods import local_day
from vocapp.database import scoped
from vocapp.extensions import db
from vocapp.problems import NotFound
from vocapp.workspaces.models import User
from vocapp.workspaces.office.models import Absence, WorkingHours
from vocapp.workspaces.office.storing import Week, hours_of
from vocapp.workspaces.queries import Member, members


def has_working_hours(workspace_id: UUID) -> bool:
    """Whether clocks run in working hours, those of the workspace."""
    shared = scoped(WorkingHours, workspace_id).where(WorkingHours.user_id.is_(None))
    return db.session.scalar(shared.with_only_columns(WorkingHours.id)) is not None


@dataclass(frozen=True, slots=True)
class Away:
    """Days on which somebody is away, both inclusive; stand_in: a name."""

    id: UUID
    user_id: UUID
    first_day: date
    last_day: date
    stand_in: str | None


@dataclass(frozen=True, slots=True)
class MemberHours:
    """week: of their own, None where the workspace's holds. away: today's absence or the next."""

    member: Member
    week: Week | None
    away: Away | None


def week_of(workspace_id: UUID, user_id: UUID | None) -> Week | None:
    """The hours that the workspace (None) or a member has of their own."""
    row = db.session.scalar(
        scoped(WorkingHours, workspace_id).where(
            WorkingHours.user_id == user_id if user_id else WorkingHours.user_id.is_(None)
        )
    )
    return _week(row) if row else None


def _week(row: WorkingHours) -> Week:
    return Week(hours_of(row), row.time_zone, row.country, row.subdivision)


def member_named(workspace_id: UUID, user_id: UUID) -> Member:
    """Raises NotFound."""
    for member in members(workspace_id):
        if member.user_id == user_id:
            return member
    raise NotFound("No such member.")


def absences(
    workspace_id: UUID, *, now: datetime, time_zone: str, user_id: UUID | None = None
) -> list[Away]:
    """Those that are not over, the first to begin on top; of one member or of all."""
    stand_in = aliased(User)
    query = (
        select(Absence, stand_in.name)
        .outerjoin(stand_in, stand_in.id == Absence.stand_in_user_id)
        .where(Absence.workspace_id == workspace_id, Absence.last_day >= local_day(now, time_zone))
        .order_by(Absence.first_day, Absence.id)
    )
    if user_id is not None:
        query = query.where(Absence.user_id == user_id)
    return [
        Away(row.id, row.user_id, row.first_day, row.last_day, name)
        for row, name in db.session.execute(query)
    ]


def hours_of_members(workspace_id: UUID, *, now: datetime, time_zone: str) -> list[MemberHours]:
    """Everybody by name."""
    own = {
        row.user_id: _week(row)
        for row in db.session.scalars(
            scoped(WorkingHours, workspace_id).where(WorkingHours.user_id.is_not(None))
        )
    }
    away: dict[UUID, Away] = {}
    for each in absences(workspace_id, now=now, time_zone=time_zone):
        away.setdefault(each.user_id, each)
    return [
        MemberHours(each, own.get(each.user_id), away.get(each.user_id))
        for each in members(workspace_id)
    ]
