"""Local days and the periods made of them.

Times are UTC instants, days are local days of a workspace's time zone, and every range is
half-open: ``since <= x < until``.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

INTERVALS = ("day", "week", "month", "quarter")


def zone(time_zone: str) -> ZoneInfo:
    """The IANA time zone of this name; ValueError where there is none.

    >>> zone("Asia/Tokyo").key
    'Asia/Tokyo'
    """
    try:
        return ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError) as exc:
        message = f"time_zone: expected an IANA name such as Asia/Tokyo, got {time_zone!r}"
        raise ValueError(message) from exc


def local_day(instant: datetime, time_zone: str) -> date:
    """The calendar day on which an instant falls; ValueError for an instant without offset.

    >>> local_day(datetime(2026, 11, 1, 15, 0, tzinfo=UTC), "Asia/Tokyo")
    datetime.date(2026, 11, 2)
    """
    if instant.utcoffset() is None:
        raise ValueError("instant: expected a time with an offset, got one without")
    return instant.astimezone(zone(time_zone)).date()


def day_bounds(day: date, time_zone: str) -> tuple[datetime, datetime]:
    """First instant of a local day and first instant of the next, in UTC.

    23 or 25 hours apart where clocks change; 0 for a day that a country skipped (Samoa,
    30 December 2011).

    >>> start, end = day_bounds(date(2026, 3, 8), "America/New_York")
    >>> start.isoformat(), (end - start) / timedelta(hours=1)
    ('2026-03-08T05:00:00+00:00', 23.0)
    """
    return _midnight(day, time_zone), _midnight(day + timedelta(days=1), time_zone)


def period_start(day: date, interval: str) -> date:
    """First day of the day's period; weeks begin on Monday (ISO 8601).

    interval: one of INTERVALS, ValueError otherwise.

    >>> day = date(2026, 11, 25)
    >>> [period_start(day, interval).isoformat() for interval in INTERVALS]
    ['2026-11-25', '2026-11-23', '2026-11-01', '2026-10-01']
    """
    if interval == "day":
        return day
    if interval == "week":
        return day - timedelta(days=day.weekday())
    if interval == "month":
        return day.replace(day=1)
    if interval == "quarter":
        return day.replace(month=3 * ((day.month - 1) // 3) + 1, day=1)
    raise ValueError(f"interval: expected one of {', '.join(INTERVALS)}, got {interval!r}")


def period_end(day: date, interval: str) -> date:
    """First day of the period after the day's own.

    >>> [period_end(date(2026, 12, 31), interval).isoformat() for interval in INTERVALS]
    ['2027-01-01', '2027-01-04', '2027-01-01', '2027-01-01']
    """
    start = period_start(day, interval)
    # A little more than the longest period of the kind, and less than two of the shortest.
    beyond = {"day": 1, "week": 7, "month": 31, "quarter": 92}[interval]
    return period_start(start + timedelta(days=beyond), interval)


def period_before(since: date, until: date) -> tuple[date, date]:
    """The period of equal length that ends where this one begins; half-open, since < until.

    Whole months are compared with as many whole months, or February would be short of March;
    else with as many days. ValueError for an empty or reversed period.

    >>> [str(day) for day in period_before(date(2026, 3, 1), date(2026, 4, 1))]
    ['2026-02-01', '2026-03-01']
    >>> [str(day) for day in period_before(date(2026, 3, 2), date(2026, 4, 1))]
    ['2026-01-31', '2026-03-02']
    """
    if since >= until:
        raise ValueError(f"since: expected a day before {until}, got {since}")
    months = whole_months_between(since, until)
    if months:
        before = since.year * 12 + since.month - 1 - months
        return date(before // 12, before % 12 + 1, 1), since
    return since - (until - since), since


def whole_months_between(since: date, until: date) -> int:
    """How many whole months a half-open period is made of; 0 where it has days besides.

    >>> whole_months_between(date(2025, 12, 1), date(2026, 3, 1))
    3
    """
    if since.day != 1 or until.day != 1:
        return 0
    return (until.year - since.year) * 12 + until.month - since.month


def month_range(month: str) -> tuple[date, date]:
    """First day of a month written YYYY-MM, and first day of the next; ValueError otherwise.

    >>> month_range("2026-12")
    (datetime.date(2026, 12, 1), datetime.date(2027, 1, 1))
    """
    try:
        first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC).date()
        until = period_end(first, "month")
    except (ValueError, OverflowError, TypeError) as exc:
        raise ValueError(f"month: expected a month such as 2026-10, got {month!r}") from exc
    if month != first.isoformat()[:7]:
        raise ValueError(f"month: expected a month such as 2026-10, got {month!r}")
    return first, until


def _midnight(day: date, time_zone: str) -> datetime:
    # fold=0: where midnight comes twice the day begins with the first; where clocks jump over
    # it, the offset before the jump gives the very instant of the jump.
    return datetime.combine(day, time(), tzinfo=zone(time_zone)).astimezone(UTC)


def months_back(last: date, count: int) -> list[date]:
    """First days of months, the oldest first, the last being that of `last`.

    >>> [str(month) for month in months_back(date(2026, 2, 9), 3)]
    ['2025-12-01', '2026-01-01', '2026-02-01']
    """
    months = [period_start(last, "month")]
    while len(months) < count:
        months.append(period_start(months[-1] - timedelta(days=1), "month"))
    return months[::-1]
