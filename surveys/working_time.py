"""Clocks that run in working hours: when a case is due, and how much of its time is used.

Hours are local times of a weekday; everything is counted between the UTC instants at which they
begin and end, so that a shift over a change of clocks has its true length.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

import holidays as public

from surveys.periods import day_bounds, zone

Days = tuple[date, date]  # since <= day < until
Hours = tuple[time, time]
Span = tuple[int, int]  # microseconds since 1970, UTC; since <= instant < until

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1)
# Beyond that a clock is taken to stand still: 90 days at an hour a week take longer.
_HORIZON_YEARS = 30


@dataclass(frozen=True, slots=True)
class Calendar:
    """When somebody works.

    hours: weekday (0 is Monday) → intervals of local time. One that does not end after it begins
    ends on the next day: 22:00-06:00 is a night, 09:00-00:00 ends at midnight, 00:00-00:00 is the
    whole day. It belongs to the day on which it begins: a holiday cancels the night that begins
    on it, not the one that ends on it. Overlapping ones count once. A time that clocks jump over
    is the instant of the jump, one that comes twice is the first.
    holidays: local days without work. closures: ranges of them, such as the end of the year,
    half-open. absences: such ranges in which the owner is away.
    absence: "continues" (the customer's clock does not stop because a colleague is away) or
    "pauses". stand_in: by whose calendar it goes on meanwhile, the team's or a colleague's; by
    the owner's own hours where there is none.
    ValueError names the field that is wrong; a calendar without any hours is one.
    """

    time_zone: str
    hours: Mapping[int, Sequence[Hours]] = field(hash=False)
    holidays: frozenset[date] = frozenset()
    closures: tuple[Days, ...] = ()
    absences: tuple[Days, ...] = ()
    absence: Literal["continues", "pauses"] = "continues"
    stand_in: Calendar | None = None

    def __post_init__(self) -> None:
        zone(self.time_zone)
        hours = {day: tuple(sorted(each)) for day, each in self.hours.items()}
        if any(day not in range(7) for day in hours):
            raise ValueError(f"hours: expected weekdays 0 to 6, got {sorted(hours)}")
        if any(at.tzinfo for each in hours.values() for pair in each for at in pair):
            raise ValueError("hours: expected local times, got one with an offset")
        if not any(hours.values()):
            raise ValueError("hours: expected working hours on at least one weekday, got none")
        for name in ("closures", "absences"):
            ranges = tuple(getattr(self, name))
            for since, until in ranges:
                if since >= until:
                    raise ValueError(f"{name}: expected a day after {since}, got {until}")
            object.__setattr__(self, name, ranges)
        if self.absence not in ("continues", "pauses"):
            raise ValueError(f"absence: expected continues or pauses, got {self.absence!r}")
        object.__setattr__(self, "hours", MappingProxyType(hours))
        object.__setattr__(self, "holidays", frozenset(self.holidays))


def working_time_between(
    since: datetime,
    until: datetime,
    calendar: Calendar,
    *,
    paused: Iterable[tuple[datetime, datetime]] = (),
) -> timedelta:
    """How much working time lies between two instants, without what lies in pauses.

    paused: half-open intervals in which the clock stands, such as waiting for the customer; in
    any order, they may overlap. One that still lasts ends now. ValueError where until is before
    since, an instant has no offset, or a pause ends before it begins.

    >>> office = Calendar("Europe/Berlin", {day: [(time(9), time(17))] for day in range(5)})
    >>> friday = datetime(2026, 3, 27, 15, tzinfo=UTC)  # 16:00; clocks change on Sunday
    >>> monday = datetime(2026, 3, 30, 8, tzinfo=UTC)  # 10:00
    >>> str(working_time_between(friday, monday, office))
    '2:00:00'
    """
    first, last = _instant(since, "since"), _instant(until, "until")
    if last < first:
        raise ValueError(f"until: expected no time before {since}, got {until}")
    worked = _worked(calendar, first, last)
    for start, end in _pauses(paused):
        if start < last and end > first:
            worked -= _worked(calendar, max(start, first), min(end, last))
    return worked * _MICROSECOND


def due_at(
    opened_at: datetime,
    working_time: timedelta,
    calendar: Calendar,
    *,
    paused: Iterable[tuple[datetime, datetime]] = (),
) -> datetime:
    """The first instant, in UTC, by which so much working time has passed since opening.

    Within working hours or at their very end; opened_at itself where working_time is 0. paused:
    as in `working_time_between`. ValueError for a negative working_time, one that is not reached
    within 30 years, an instant without offset, or a pause that ends before it begins.

    >>> office = Calendar("Asia/Tokyo", {day: [(time(9), time(17))] for day in range(5)})
    >>> friday = datetime(2026, 11, 27, 7, tzinfo=UTC)  # 16:00
    >>> due_at(friday, timedelta(hours=4), office).isoformat()  # Monday, 12:00
    '2026-11-30T03:00:00+00:00'
    """
    if working_time < timedelta():
        raise ValueError(f"working_time: expected 0 or more, got {working_time}")
    at = _instant(opened_at, "opened_at")
    left = working_time // _MICROSECOND
    for start, end in _pauses(paused):
        if end <= at:
            continue
        worked = _worked(calendar, at, max(at, start))
        if worked >= left:
            break
        at, left = end, left - worked
    return _datetime(_after(calendar, at, left))


def next_opening(at: datetime, calendar: Calendar) -> datetime:
    """The first instant of working time that is not before this one, in UTC.

    ValueError for an instant without offset, and where there is none within 30 years.

    >>> office = Calendar("Asia/Tokyo", {0: [(time(9), time(17))]}, holidays={date(2026, 9, 21)})
    >>> next_opening(datetime(2026, 9, 19, tzinfo=UTC), office).isoformat()
    '2026-09-28T00:00:00+00:00'
    """
    instant = _instant(at, "at")
    for year in _years_from(instant):
        found = _year(calendar, year)
        place = bisect_right(found.ends, instant)
        if place < len(found.ends):
            return _datetime(max(instant, found.starts[place]))
    raise ValueError(f"calendar: no working time within {_HORIZON_YEARS} years after {at}")


def public_holidays(
    country: str, subdivision: str | None, years: Iterable[int], *, language: str | None = None
) -> dict[date, str]:
    """Public holidays of a country, by date, with their names, substitute days included.

    country: ISO 3166-1 alpha-2. subdivision: a part of it, by the code of ISO 3166-2, for the
    holidays that are only kept there; None for those of the whole country. language: of the names,
    where the country's are known in it ("en" takes any English); else the country's own. ValueError
    names what is not known. The source is the `holidays` package; a closure at the end of the
    year is none.

    >>> public_holidays("JP", None, [2026], language="ja")[date(2026, 9, 22)]
    '国民の休日'
    """
    known = public.list_supported_countries(include_aliases=False)
    if country not in known:
        raise ValueError(f"country: expected a code such as JP, got {country!r}")
    if subdivision is not None and subdivision not in known[country]:
        expected = ", ".join(known[country]) or "none"
        raise ValueError(f"subdivision: expected one of {expected}, got {subdivision!r}")
    found = public.country_holidays(country, subdiv=subdivision)
    wanted = sorted(set(years))
    if wanted and not found.start_year <= wanted[0] <= wanted[-1] <= found.end_year:
        span = f"{found.start_year} to {found.end_year}"
        raise ValueError(f"years: expected years from {span}, got {wanted}")
    # Without a language the package would take one from the machine's environment.
    spoken = _spoken(language, found.supported_languages) or found.default_language
    named = public.country_holidays(country, subdiv=subdivision, years=wanted, language=spoken)
    return dict(sorted(named.items()))


def _spoken(language: str | None, known: Sequence[str]) -> str | None:
    """The package's code for a language; None where it has none."""
    if language is None or language in known:
        return language
    fitting = (each for each in known if each.partition("_")[0] == language.partition("_")[0])
    return min(fitting, default=None)


# --- a calendar's spans, a year at a time ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Year:
    """Spans of working time of a year (UTC), in order, apart. until: worked by the end of each."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    until: tuple[int, ...]

    @property
    def total(self) -> int:
        return self.until[-1] if self.until else 0

    def worked_before(self, instant: int) -> int:
        begun = bisect_right(self.starts, instant)
        if not begun:
            return 0
        return self.until[begun - 1] - max(0, self.ends[begun - 1] - instant)

    def when_worked(self, amount: int) -> int:
        """The first instant by which so much is worked; 0 < amount <= total."""
        place = bisect_left(self.until, amount)
        return self.ends[place] - (self.until[place] - amount)


@lru_cache(maxsize=512)
def _year(calendar: Calendar, year: int) -> _Year:
    """A queue asks the same few years of the same few calendars a hundred thousand times."""
    window = (
        _instant(datetime(year, 1, 1, tzinfo=UTC), "year"),
        _instant(datetime(year + 1, 1, 1, tzinfo=UTC), "year"),
    )
    # Local days that touch the year: up to a day off from UTC, and a night before.
    first = date(year, 1, 1) - 2 * _DAY
    own = _own_spans(calendar, [first + number * _DAY for number in range(366 + 4)])
    spans = _merged(_within([*own, *_stand_in_spans(calendar, year)], [window]))
    lengths = (end - start for start, end in spans)
    return _Year(
        starts=tuple(start for start, _ in spans),
        ends=tuple(end for _, end in spans),
        until=tuple(accumulate(lengths)),
    )


def _own_spans(calendar: Calendar, days: Sequence[date]) -> Iterator[Span]:
    local = zone(calendar.time_zone)
    off = [*calendar.closures]
    if calendar.absence == "pauses" or calendar.stand_in:
        off += calendar.absences
    for day in days:
        if day in calendar.holidays or any(since <= day < until for since, until in off):
            continue
        for start, end in calendar.hours.get(day.weekday(), ()):
            end_day = day if start < end else day + _DAY
            yield _utc(day, start, local), _utc(end_day, end, local)


def _stand_in_spans(calendar: Calendar, year: int) -> list[Span]:
    """Working time of the stand-in while the owner is away."""
    if calendar.stand_in is None or calendar.absence == "pauses":
        return []
    away = [
        (
            _instant(day_bounds(since, calendar.time_zone)[0], "absences"),
            _instant(day_bounds(until, calendar.time_zone)[0], "absences"),
        )
        for since, until in calendar.absences
    ]
    theirs = _year(calendar.stand_in, year)
    return _within(zip(theirs.starts, theirs.ends, strict=True), away)


def _utc(day: date, at: time, local: ZoneInfo) -> int:
    """The instant of a local time; the jump where clocks jump over it, the first of two."""
    found = datetime.combine(day, at, tzinfo=local)
    before, after = found.utcoffset(), found.replace(fold=1).utcoffset()
    assert before is not None
    assert after is not None
    later = _instant(found, "hours")
    if after <= before:
        return later
    # In a gap: the jump lies between the readings by the offset after and before it.
    low = later - (after - before) // _MICROSECOND
    return low + bisect_left(
        range(later - low), True, key=lambda step: _offset(low + step, local) == after
    )


def _offset(instant: int, local: ZoneInfo) -> timedelta | None:
    return _datetime(instant).astimezone(local).utcoffset()


def _within(spans: Iterable[Span], windows: Iterable[Span]) -> list[Span]:
    windows = list(windows)
    return [
        (max(start, since), min(end, until))
        for start, end in spans
        for since, until in windows
        if start < until and end > since
    ]


def _merged(spans: Iterable[Span]) -> list[Span]:
    """In order, apart, none empty."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


# --- counting -------------------------------------------------------------------------------


def _worked(calendar: Calendar, since: int, until: int) -> int:
    years = range(_datetime(since).year, _datetime(until).year + 1)
    return sum(
        found.worked_before(until) - found.worked_before(since)
        for found in (_year(calendar, year) for year in years)
    )


def _after(calendar: Calendar, at: int, left: int) -> int:
    if not left:
        return at
    for year in _years_from(at):
        found = _year(calendar, year)
        worked = found.worked_before(at)
        if found.total - worked >= left:
            return found.when_worked(worked + left)
        left -= found.total - worked
    raise ValueError(
        f"working_time: not reached within {_HORIZON_YEARS} years after {_datetime(at)}"
    )


def _years_from(instant: int) -> range:
    first = _datetime(instant).year
    return range(first, first + _HORIZON_YEARS + 1)


def _pauses(paused: Iterable[tuple[datetime, datetime]]) -> list[Span]:
    spans = [(_instant(start, "paused"), _instant(end, "paused")) for start, end in paused]
    if any(end < start for start, end in spans):
        raise ValueError("paused: expected intervals that end after they begin")
    return _merged(spans)


def _instant(at: datetime, name: str) -> int:
    if at.utcoffset() is None:
        raise ValueError(f"{name}: expected a time with an offset, got one without")
    return (at - _EPOCH) // _MICROSECOND


def _datetime(instant: int) -> datetime:
    return _EPOCH + instant * _MICROSECOND
