"""Whether new accounts get going, how long it takes them, and how many people come back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import exp, log, sqrt

from surveys.intervals import quantile
from surveys.periods import day_bounds, local_day
from surveys.ratios import Figure

# What completes onboarding is defined by the workspace: `lifecycle.OnboardingRule`.


def set_up_in_time(
    started_at: datetime, reached: Iterable[datetime], *, days: int
) -> datetime | None:
    """When the milestone was reached, if within so many times 24 hours of the first subscription's
    start, the last instant included, or before it. reached: when it was, in any order.

    >>> start = datetime(2026, 10, 1, tzinfo=UTC)
    >>> late = start + timedelta(days=31, seconds=1)
    >>> set_up_in_time(start, [late], days=31), set_up_in_time(start, [late, start], days=31)
    (None, datetime.datetime(2026, 10, 1, 0, 0, tzinfo=datetime.timezone.utc))
    """
    last = set_up_until(started_at, days=days)
    return min((at for at in reached if at <= last), default=None)


def set_up_until(started_at: datetime, *, days: int) -> datetime:
    """The last instant that counts."""
    return started_at.astimezone(UTC) + timedelta(days=days)


def logged_in_until(started_at: datetime, time_zone: str, *, days: int) -> datetime:
    """The first instant after the first so many local days, that of the start being one.

    >>> str(logged_in_until(datetime(2026, 10, 1, 15, tzinfo=UTC), "UTC", days=2))
    '2026-10-03 00:00:00+00:00'
    """
    start = local_day(started_at, time_zone)
    return day_bounds(start + timedelta(days=days), time_zone)[0]


Waits = Mapping[int, tuple[int, int]]  # day → how many are there, and how many are not yet


def waits_of(days: Iterable[tuple[int, bool]]) -> dict[int, tuple[int, int]]:
    """Counts of (days from the start until it was reached, or until now; which of both). Those of
    accounts that are not the same add up. ValueError for fewer than 0 days.

    >>> waits_of([(3, True), (3, False), (5, True)])
    {3: (1, 1), 5: (1, 0)}
    """
    found: dict[int, tuple[int, int]] = {}
    for day, is_reached in days:
        if not day >= 0:
            raise ValueError(f"days: expected a number >= 0, got {day}")
        there, waiting = found.get(day, (0, 0))
        found[day] = (there + is_reached, waiting + (not is_reached))
    return found


def median_time(waits: Waits, *, level: float = 0.95) -> Figure:
    """Median days until something is reached; who is not there yet counts as "later than".

    waits: days from the start until it was reached, or until now (or until the account left).
    n: all of them. value: the first day on which half of all are there by Kaplan and Meier's
    estimate (JASA 53, 1958); None while they are not. low, high: where the limits of that curve
    cross one half (Brookmeyer and Crowley, Biometrics 38, 1982; limits on the log-log scale, with
    Greenwood's variance), each None where its limit does not. Who left without it is taken as no
    different from who stays.

    >>> found = median_time(waits_of([(3, True), (5, True), (8, True), (13, True), (21, True),
    ...                               (30, False), (30, False)]))
    >>> found.value, found.low, found.high
    (13.0, 3.0, None)
    """
    z = quantile(level)
    n = at_risk = sum(there + waiting for there, waiting in waits.values())
    left, variance = 1.0, 0.0
    value = low = high = None
    for day, (there, waiting) in sorted(waits.items()):
        if there:
            left *= 1 - there / at_risk
            value = float(day) if value is None and _is_half(left) else value
            if there < at_risk:  # no limits where nobody is left, which is none crossed
                variance += there / (at_risk * (at_risk - there))
                half = z * sqrt(variance) / -log(left)
                low = float(day) if low is None and _is_half(left ** exp(half)) else low
                high = float(day) if high is None and _is_half(left ** exp(-half)) else high
        at_risk -= there + waiting
    return Figure(value, n, low, high)


def _is_half(left: float) -> bool:
    # Half of ten is 0.5 as a product of quotients only nearly.
    return left <= 0.5 + 1e-12


WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class Usage:
    """Sums over distinct people who were active in a period of so many days (at least 1).

    people: on any of the days; last_week: on any of its last seven. person_days: on how many days
    each, summed; person_days_squares: the squares of these, summed.
    """

    days: int = 1
    people: int = 0
    last_week: int = 0
    person_days: int = 0
    person_days_squares: int = 0


def usage_of(masks: Iterable[int], *, days: int) -> Usage:
    """Sums of people, each of whom has a number whose bit n says: active on day n (from 0).

    Who was active on none does not count. ValueError for a day outside of the period.

    >>> usage_of([0b1000000001, 0b1], days=10)
    Usage(days=10, people=2, last_week=1, person_days=3, person_days_squares=5)
    """
    if days < 1:
        raise ValueError(f"days: expected at least 1, got {days}")
    people = last_week = total = squares = 0
    for mask in masks:
        if not 0 <= mask < 1 << days:
            raise ValueError(f"masks: expected days 0 to {days - 1}, got {mask:b}")
        count = mask.bit_count()
        people += count > 0
        last_week += mask >> max(0, days - WEEK_DAYS) > 0
        total += count
        squares += count**2
    return Usage(days, people, last_week, total, squares)


@dataclass(frozen=True, slots=True)
class Activity:
    """Distinct people active in a period: a day in the mean, in its last seven days, in all.

    stickiness: daily / monthly, the share of days on which an active person comes, in 0..1.
    """

    daily: float
    weekly: int
    monthly: int
    stickiness: Figure


def activity(usage: Usage, *, level: float = 0.95) -> Activity:
    """Active people from sums, such as those of a month.

    >>> found = activity(usage_of([0b1000000001, 0b1], days=10))
    >>> found.daily, found.weekly, found.monthly, found.stickiness.value
    (0.3, 1, 2, 0.15)
    """
    return Activity(
        daily=usage.person_days / usage.days,
        weekly=usage.last_week,
        monthly=usage.people,
        stickiness=stickiness(
            usage.people, usage.person_days, usage.person_days_squares, days=usage.days, level=level
        ),
    )


def stickiness(
    people: int, person_days: int, person_days_squares: int, *, days: int, level: float = 0.95
) -> Figure:
    """Share of the days of a period on which a person comes who comes at all.

    people: active at least once. person_days: sum of their active days, person_days_squares: of
    the squares of them. days: of the period. The mean over people, with a t interval clipped to
    0..1, as their days are not independent; None for fewer than two. ValueError for sums that
    cannot be.

    >>> stickiness(2, 3, 5, days=10).value
    0.15
    """
    if not people <= person_days <= people * days or person_days**2 > people * person_days_squares:
        raise ValueError(f"person_days: expected {people} to {people * days} for so many people")
    if not people:
        return Figure(None, 0)
    value = person_days / people / days
    if people < 2:
        return Figure(value, people)
    squares = person_days_squares - person_days**2 / people
    deviation = sqrt(max(0.0, squares) / (people - 1)) / days
    half = quantile(level, degrees=people - 1) * deviation / sqrt(people)
    return Figure(value, people, max(0.0, value - half), min(1.0, value + half))
