"""Use cases: working hours of a workspace or a member, and absences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy.orm import Session

from surveys.working_time import Calendar, Hours, public_holidays
from vocapp.database import scoped, transaction
from vocapp.problems import BadInput, FieldError, NotFound
from vocapp.workspaces.models import Membership
from vocapp.workspaces.office.models import Absence, WorkingHours
from vocapp.workspaces.service import audit, is_time_zone

WEEKDAYS = range(7)  # 0 is Monday
MAX_ABSENCES = 100  # of one person that are not over yet


@dataclass(frozen=True, slots=True)
class Week:
    """hours: weekday (0 is Monday) → intervals of local time. country: ISO 3166-1 alpha-2, whose
    public holidays are days off, or empty; subdivision: a part of it by ISO 3166-2, or empty."""

    hours: Mapping[int, Sequence[Hours]]
    time_zone: str
    country: str = ""
    subdivision: str = ""


def hours_of(row: WorkingHours) -> dict[int, list[Hours]]:
    """Stored hours as times."""
    clock = time.fromisoformat
    return {
        int(day): [(clock(since), clock(until)) for since, until in of_day]
        for day, of_day in row.hours.items()
    }


def save_week(
    workspace_id: UUID,
    week: Week | None,
    *,
    user_id: UUID | None,
    actor_user_id: UUID,
    now: datetime,
) -> None:
    """Set the hours of the workspace (user_id None) or of a member; None takes them away.

    They hold for what becomes due from now on. Raises BadInput with the field, NotFound.
    """
    if week is not None:
        _check(week, now)
    with transaction() as session:
        if user_id is not None:
            _member(session, workspace_id, user_id)
        row = session.scalar(
            scoped(WorkingHours, workspace_id)
            .where(WorkingHours.user_id == user_id if user_id else WorkingHours.user_id.is_(None))
            .with_for_update()
        )
        if week is None:
            if row is not None:
                session.delete(row)
        else:
            if row is None:
                row = WorkingHours(workspace_id=workspace_id, user_id=user_id)
                session.add(row)
            row.hours = {
                str(day): [[f"{at:%H:%M}" for at in interval] for interval in week.hours[day]]
                for day in sorted(week.hours)
            }
            row.time_zone, row.changed_at = week.time_zone, now
            row.country, row.subdivision = week.country, week.subdivision
        audit(
            session, workspace_id, "working_hours.saved" if week else "working_hours.removed",
            now=now, actor_user_id=actor_user_id,
            detail={"user_id": str(user_id) if user_id else None},
        )  # fmt: skip


def _check(week: Week, now: datetime) -> None:
    wrong = []
    if not is_time_zone(week.time_zone):
        wrong.append(FieldError("time_zone", f"expected an IANA zone, got {week.time_zone!r}"))
    else:
        try:
            Calendar(week.time_zone, week.hours)
        except ValueError as exc:
            wrong.append(FieldError("hours", str(exc)))
    if week.country:
        try:
            public_holidays(week.country, week.subdivision or None, [now.year])
        except ValueError as exc:
            field, _sep, message = str(exc).partition(": ")
            wrong.append(FieldError(field, message))
    elif week.subdivision:
        wrong.append(FieldError("subdivision", "expected a country with it"))
    if wrong:
        raise BadInput(*wrong)


def add_absence(
    workspace_id: UUID,
    user_id: UUID,
    *,
    first_day: date,
    last_day: date,
    stand_in_user_id: UUID | None,
    actor_user_id: UUID,
    now: datetime,
) -> None:
    """Somebody will be away, both days inclusive. Raises BadInput with the field, NotFound."""
    if last_day < first_day:
        raise BadInput.of("last_day", f"expected no day before {first_day}")
    if (last_day - first_day).days > 366:
        raise BadInput.of("last_day", "expected a year at most")
    if stand_in_user_id == user_id:
        raise BadInput.of("stand_in", "expected somebody else")
    with transaction() as session:
        _member(session, workspace_id, user_id)
        if stand_in_user_id and not session.get(Membership, (workspace_id, stand_in_user_id)):
            raise BadInput.of("stand_in", "not a member of this workspace")
        stored = session.scalars(
            scoped(Absence, workspace_id).where(
                Absence.user_id == user_id, Absence.last_day >= now.date()
            )
        ).all()
        if len(stored) >= MAX_ABSENCES:
            raise BadInput.of("first_day", f"expected at most {MAX_ABSENCES} absences")
        if any(each.first_day <= last_day and first_day <= each.last_day for each in stored):
            raise BadInput.of("first_day", "expected days without an absence")
        session.add(
            Absence(
                workspace_id=workspace_id, user_id=user_id, first_day=first_day,
                last_day=last_day, stand_in_user_id=stand_in_user_id,
            )
        )  # fmt: skip
        audit(
            session, workspace_id, "absence.added", now=now, actor_user_id=actor_user_id,
            detail={"user_id": str(user_id)},
        )  # fmt: skip


def remove_absence(
    workspace_id: UUID, user_id: UUID, absence_id: UUID, *, actor_user_id: UUID, now: datetime
) -> Absence:
    """Take an absence of somebody back; what it was. Raises NotFound."""
    with transaction() as session:
        row = session.scalar(
            scoped(Absence, workspace_id).where(
                Absence.id == absence_id, Absence.user_id == user_id
            )
        )
        if row is None:
            raise NotFound("No such absence.")
        session.delete(row)
        audit(
            session, workspace_id, "absence.removed", now=now, actor_user_id=actor_user_id,
            detail={"user_id": str(user_id)},
        )  # fmt: skip
        return row


def _member(session: Session, workspace_id: UUID, user_id: UUID) -> None:
    if session.get(Membership, (workspace_id, user_id)) is None:
        raise NotFound("No such member.")
