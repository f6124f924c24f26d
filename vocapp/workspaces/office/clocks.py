"""By whose hours a clock runs, and who is there: read once, for any number of cases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from surveys import working_time
from surveys.periods import day_bounds, local_day
from surveys.weekly_hours import hours_a_week
from surveys.working_time import Calendar, Hours
from vocapp.database import scoped
from vocapp.workspaces.nights import time_zone_of
from vocapp.workspaces.office.models import Absence, WorkingHours
from vocapp.workspaces.office.places import holidays_of
from vocapp.workspaces.office.storing import hours_of


@dataclass(frozen=True, slots=True)
class Office:
    """The calendars of a workspace. Where there is none, clocks run around the clock."""

    time_zone: str
    now: datetime
    shared: WorkingHours | None
    own: dict[UUID, WorkingHours]
    absences: dict[UUID, list[Absence]]
    _calendars: dict[UUID | None, Calendar | None] = field(default_factory=dict)

    @classmethod
    def of(cls, session: Session, workspace_id: UUID, *, now: datetime) -> Office:
        own: dict[UUID, WorkingHours] = {}
        shared = None
        for row in session.scalars(scoped(WorkingHours, workspace_id)):
            if row.user_id is None:
                shared = row
            else:
                own[row.user_id] = row
        absences: dict[UUID, list[Absence]] = defaultdict(list)
        yesterday = now.astimezone(UTC).date() - timedelta(days=1)
        coming = scoped(Absence, workspace_id).where(Absence.last_day >= yesterday)
        for each in session.scalars(coming.order_by(Absence.first_day, Absence.id)):
            absences[each.user_id].append(each)
        return cls(time_zone_of(session, workspace_id), now, shared, own, dict(absences))

    def due_at(self, opened_at: datetime, hours: float, user_id: UUID | None) -> datetime:
        """When so many hours of work have passed, by the hours of whoever owns the case.

        While that person is away the clock goes on by the hours of who stands in.
        """
        calendar = self._calendar(user_id)
        if calendar is None:
            return opened_at + timedelta(hours=hours)
        return working_time.due_at(opened_at, timedelta(hours=hours), calendar)

    def moved(
        self, due_at: datetime, since: datetime, until: datetime, user_id: UUID | None
    ) -> datetime:
        """A due time whose clock stood from `since` to `until`; what was late by then stays so."""
        if due_at <= since:
            return due_at
        calendar = self._calendar(user_id)
        if calendar is None:
            return due_at + (until - since)
        left = working_time.working_time_between(since, due_at, calendar)
        return working_time.due_at(until, left, calendar)

    def absence_of(self, user_id: UUID) -> Absence | None:
        """That of today, on the person's own clock."""
        row = self.own.get(user_id) or self.shared
        today = local_day(self.now, row.time_zone if row else self.time_zone)
        return next(
            (
                each
                for each in self.absences.get(user_id, ())
                if each.first_day <= today <= each.last_day
            ),
            None,
        )

    def capacity_of(self, user_id: UUID) -> float:
        """How much this person works beside one with the workspace's hours; 1 if not known."""
        own = self.own.get(user_id)
        if own is None or self.shared is None:
            return 1.0
        usual = hours_a_week(hours_of(self.shared))
        return hours_a_week(hours_of(own)) / usual if usual else 1.0

    def minutes_a_week(self, user_id: UUID) -> int | None:
        """How long this person works in a week without holidays; None where no hours are set."""
        row = self.own.get(user_id) or self.shared
        return round(60 * hours_a_week(hours_of(row))) if row else None

    def minutes_of_week(self, user_id: UUID, monday: date) -> int | None:
        """The same of one week, less its public holidays and this person's absences."""
        row = self.own.get(user_id) or self.shared
        if row is None:
            return None
        absences = _days(self.absences.get(user_id, ()))
        calendar = replace(_calendar(row, self.now.year, absences=absences), absence="pauses")
        begins, ends = (
            day_bounds(monday + timedelta(days=days), row.time_zone)[0] for days in (0, 7)
        )
        return round(working_time.working_time_between(begins, ends, calendar).total_seconds() / 60)

    def _calendar(self, user_id: UUID | None) -> Calendar | None:
        if user_id not in self._calendars:
            self._calendars[user_id] = self._read(user_id)
        return self._calendars[user_id]

    def _read(self, user_id: UUID | None) -> Calendar | None:
        row = self.own.get(user_id) if user_id else None
        row = row or self.shared
        if row is None:
            return None
        away = [] if user_id is None else self.absences.get(user_id, [])
        stand_ins = {each.stand_in_user_id for each in away}
        stand_in = stand_ins.pop() if len(stand_ins) == 1 else None
        covering = self.own.get(stand_in) if stand_in else None
        return _calendar(
            row, self.now.year,
            absences=_days(away),
            stand_in=_calendar(covering or self.shared or row, self.now.year) if away else None,
        )  # fmt: skip


def _days(away: Iterable[Absence]) -> tuple[tuple[date, date], ...]:
    """Each as its first day and the day after its last."""
    return tuple((each.first_day, each.last_day + timedelta(days=1)) for each in away)


def _calendar(
    row: WorkingHours,
    year: int,
    *,
    absences: tuple[tuple[date, date], ...] = (),
    stand_in: Calendar | None = None,
) -> Calendar:
    hours: dict[int, list[Hours]] = hours_of(row)
    return Calendar(
        row.time_zone, hours, holidays=holidays_of(row.country, row.subdivision, year),
        absences=absences, stand_in=stand_in,
    )  # fmt: skip
