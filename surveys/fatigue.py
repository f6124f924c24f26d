"""May somebody be asked now, if not why, and what is the next possible day.

Three kinds of reasons stand against asking. Some hold for good: the person is excluded, or the
address must not be written to. Some are a matter of days: the person was asked lately, by whatever
survey and channel, or enough people of the account are asked on that day. And some are a matter of
hours: it is night there, or a day off. Days are local days of the workspace, hours those of the
recipient.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from surveys.periods import day_bounds, local_day, zone
from surveys.working_time import Calendar, Hours, next_opening

EXCLUDED, LEFT_COMPANY = "excluded", "left_company"
ASKED_LATELY, ACCOUNT_FULL = "asked_lately", "account_full"
DAY_OFF, QUIET_HOURS = "day_off", "quiet_hours"
# Whoever sends can simply wait for the next moment; of the others a person should hear.
WAITS = frozenset({DAY_OFF, QUIET_HOURS})
MAX_DAYS = 730
# Beyond that nobody is promised a day. No less than twice the longest spacing, which two
# askings, one behind and one planned ahead, can take together.
_HORIZON = timedelta(days=3 * MAX_DAYS)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limits:
    """person_days: at least so many days lie between two askings of one person; account_a_day: at
    most so many people of an account are asked on one day. None: no limit. ValueError for less
    than 1, or more than MAX_DAYS days.
    """

    person_days: int | None = None
    account_a_day: int | None = None

    def __post_init__(self) -> None:
        if self.person_days is not None and not 1 <= self.person_days <= MAX_DAYS:
            raise ValueError(f"person_days: expected 1 to {MAX_DAYS}, got {self.person_days}")
        if self.account_a_day is not None and self.account_a_day < 1:
            raise ValueError(f"account_a_day: expected 1 or more, got {self.account_a_day}")


@dataclass(frozen=True, slots=True)
class History:
    """What was asked and what is planned, over all surveys and channels.

    person: local days on which this person is or was asked. account: local day → how many askings
    of people of the same account, this person's included. barred: why this person is not to be
    asked at all ("excluded", or how the address came to be suppressed), or None.
    """

    person: Collection[date] = ()
    account: Mapping[date, int] = field(default_factory=dict)
    barred: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """reason: None where the person may be asked at the wanted moment. next_at: the first moment
    at which it is possible, in UTC, the wanted one itself included; next_day: its local day. Both
    None where no day is.
    """

    reason: str | None
    next_at: datetime | None
    next_day: date | None

    @property
    def can_wait(self) -> bool:
        """Whether nothing stands against asking but the hour."""
        return self.reason is None or self.reason in WAITS


def reachable_hours(
    time_zone: str,
    since: time,
    until: time,
    *,
    working_days_only: bool = False,
    holidays: frozenset[date] = frozenset(),
) -> Calendar:
    """When somebody may be written to: since <= local time < until, on working days (Monday to
    Friday without public holidays) or on every day. An `until` of 00:00 is the end of the day.

    ValueError where until is not after since, or there is no such time zone.

    >>> hours = reachable_hours("Asia/Tokyo", time(9), time(18), working_days_only=True)
    >>> sorted(hours.hours), hours.holidays
    ([0, 1, 2, 3, 4], frozenset())
    """
    if until <= since and until != time():
        raise ValueError(f"until: expected a time after {since}, got {until}")
    of_day: list[Hours] = [(since, until)]
    days = range(5 if working_days_only else 7)
    off = holidays if working_days_only else frozenset[date]()
    return Calendar(time_zone, dict.fromkeys(days, of_day), holidays=off)


def may_be_asked(
    wanted: datetime,
    history: History,
    limits: Limits,
    *,
    time_zone: str,
    hours: Calendar | None = None,
) -> Verdict:
    """Whether somebody may be asked at the wanted moment.

    time_zone: the workspace's, in which days are counted. hours: when the recipient may be
    reached, None for always.

    1. What holds for good; 2. the first moment that hours allow; 3. the days' limits, at that
    moment: who has to wait for the morning is judged by the morning; 4. the hours themselves.

    ValueError for a moment without offset, or a time zone that is none.

    >>> noon = datetime(2026, 11, 25, 12, tzinfo=UTC)
    >>> asked = History(person=[date(2026, 11, 20)])
    >>> found = may_be_asked(noon, asked, Limits(person_days=30), time_zone="UTC")
    >>> found.reason, str(found.next_day)
    ('asked_lately', '2026-12-20')
    """
    zone(time_zone)
    wanted = wanted.astimezone(UTC) if wanted.utcoffset() is not None else _refuse(wanted)
    if history.barred is not None:
        return Verdict(history.barred, None, None)
    opening = reachable_from(wanted, hours)
    if opening is None:
        return Verdict(DAY_OFF, None, None)
    reason = _reason_of_day(local_day(opening, time_zone), history, limits)
    if reason is None and hours is not None and opening > wanted:
        reason = _reason_of_hour(wanted, hours)
    return _next(reason, opening, history, limits, time_zone=time_zone, hours=hours)


def _refuse(wanted: datetime) -> datetime:
    raise ValueError(f"wanted: expected a time with an offset, got {wanted}")


def reachable_from(at: datetime, hours: Calendar | None) -> datetime | None:
    """The first moment, not before this one, at which somebody may be reached, in UTC; None where
    every day is a day off. hours: None for always."""
    if hours is None:
        return at
    try:
        return next_opening(at, hours)
    except ValueError:  # every day of thirty years is a day off
        return None


def _reason_of_day(day: date, history: History, limits: Limits) -> str | None:
    if _blocking(day, history, limits) is not None:
        return ASKED_LATELY
    if limits.account_a_day is not None and history.account.get(day, 0) >= limits.account_a_day:
        return ACCOUNT_FULL
    return None


def _blocking(day: date, history: History, limits: Limits) -> date | None:
    """The latest asking that lies too near, behind or ahead."""
    if limits.person_days is None:
        return None
    near = (each for each in history.person if abs((day - each).days) < limits.person_days)
    return max(near, default=None)


def _reason_of_hour(at: datetime, hours: Calendar) -> str:
    day = local_day(at, hours.time_zone)
    works = bool(hours.hours.get(day.weekday())) and day not in hours.holidays
    return QUIET_HOURS if works else DAY_OFF


def _next(
    reason: str | None,
    opening: datetime,
    history: History,
    limits: Limits,
    *,
    time_zone: str,
    hours: Calendar | None,
) -> Verdict:
    """From opening to opening, over the days that are taken."""
    at: datetime | None = opening
    while at is not None and at - opening <= _HORIZON:
        day = local_day(at, time_zone)
        blocking = _blocking(day, history, limits)
        if blocking is not None:
            assert limits.person_days is not None
            day = blocking + timedelta(days=limits.person_days)
        elif _reason_of_day(day, history, limits) is None:
            return Verdict(reason, at, day)
        else:
            day += _DAY
        at = reachable_from(day_bounds(day, time_zone)[0], hours)
    return Verdict(reason, None, None)
