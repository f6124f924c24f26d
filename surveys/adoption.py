"""Whether new accounts get going, how long it takes them, and how many people come back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import sqrt
from warnings import catch_warnings, simplefilter

import numpy as np
import numpy.typing as npt

from surveys.intervals import quantile
from surveys.ratios import Figure, share

RULES = ("milestone", "logins")


@dataclass(frozen=True, slots=True)
class OnboardingRule:
    """When an account is set up: as a workspace defines it.

    kind "milestone": `name` was reached at most `days` after the first subscription started,
    or before. kind "logins": at least `times` log-ins from the start on, in as many days. A day is
    24 hours, and the last instant counts. days, times >= 1. ValueError otherwise.
    """

    kind: str = "milestone"
    name: str = "setup_done"
    days: int = 31
    times: int = 1

    def __post_init__(self) -> None:
        if self.kind not in RULES:
            raise ValueError(f"kind: expected one of {', '.join(RULES)}, got {self.kind!r}")
        for field in ("days", "times"):
            if getattr(self, field) < 1:
                raise ValueError(f"{field}: expected at least 1, got {getattr(self, field)}")

    def is_met(self, started_at: datetime, reached: Iterable[datetime]) -> bool:
        """reached: when the milestone was reached, or the log-ins were; in any order.

        >>> start = datetime(2026, 10, 1, tzinfo=UTC)
        >>> late = start + timedelta(days=31, seconds=1)
        >>> OnboardingRule().is_met(start, [late]), OnboardingRule(days=32).is_met(start, [late])
        (False, True)
        """
        start = started_at.astimezone(UTC)
        last = self.ends_at(started_at)
        if self.kind == "milestone":
            return any(at <= last for at in reached)
        return sum(start <= at <= last for at in reached) >= self.times

    def ends_at(self, started_at: datetime) -> datetime:
        """The last instant that counts."""
        return started_at.astimezone(UTC) + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Onboarding:
    """rate: of the accounts that started, the share that is set up. open: how many of the others
    still have time, so that the rate may rise."""

    rate: Figure
    open: int


def onboarding(
    started: Iterable[tuple[datetime, Collection[datetime]]],
    rule: OnboardingRule,
    *,
    now: datetime,
    level: float = 0.95,
) -> Onboarding:
    """Completion of the accounts whose first subscription started in a month.

    started: of each, when it started, and when it reached what the rule asks for. Only what is
    not after now counts.

    >>> start = datetime(2026, 10, 1, tzinfo=UTC)
    >>> accounts = [(start, [start + timedelta(days=3)]), (start, [])]
    >>> found = onboarding(accounts, OnboardingRule(), now=start + timedelta(days=20))
    >>> found.rate.value, found.open
    (0.5, 1)
    """
    done = n = still_open = 0
    for started_at, reached in started:
        n += 1
        if rule.is_met(started_at, (at for at in reached if at <= now)):
            done += 1
        elif now < rule.ends_at(started_at):
            still_open += 1
    return Onboarding(share(done, n, level=level), still_open)


def median_time(
    days: Sequence[float], is_reached: Sequence[bool], *, level: float = 0.95
) -> Figure:
    """Median days until something is reached; who is not there yet counts as "later than".

    days: from the start until it was reached, or until now (or until the account left); finite, >=
    0. is_reached: which of both. ValueError otherwise. n: all of them. value: the first day on
    which half of all are there by Kaplan and Meier's estimate (JASA 53, 1958); None while they
    are not. low, high: where the limits of that curve cross one half (Brookmeyer and Crowley,
    Biometrics 38, 1982; limits on the log-log scale), each None where its limit does not. Who
    left without it is taken as no different from who stays.

    >>> found = median_time([3, 5, 8, 13, 21, 30, 30], [True] * 5 + [False] * 2)
    >>> found.value, found.low, found.high
    (13.0, 3.0, None)
    """
    reached = np.asarray(is_reached, dtype=bool)
    times = np.asarray(days, dtype=float)
    if times.shape != reached.shape or not np.isfinite(times).all() or (times < 0).any():
        raise ValueError("days: expected finite numbers >= 0, as many as is_reached")
    quantile(level)  # a wrong level is wrong for nobody, too
    if not reached.any():
        return Figure(None, len(times))
    # Tens of megabytes that processes which only know a rule of onboarding do without.
    from scipy.stats import CensoredData, ecdf

    sample = CensoredData(uncensored=times[reached], right=times[~reached])
    curve = ecdf(sample).sf
    with catch_warnings(), np.errstate(all="ignore"):
        # There are no limits where nobody or everybody is left, which is no limit crossed.
        simplefilter("ignore", RuntimeWarning)
        limits = curve.confidence_interval(confidence_level=level, method="log-log")
    steps = np.asarray(curve.quantiles, dtype=float)
    value, low, high = (
        _first_at_half(steps, np.asarray(part.probabilities, dtype=float))
        for part in (curve, limits.low, limits.high)
    )
    return Figure(value, len(times), low, high)


def _first_at_half(steps: npt.NDArray[np.float64], left: npt.NDArray[np.float64]) -> float | None:
    # Half of ten is 0.5 as a product of quotients only nearly.
    there = np.flatnonzero(left <= 0.5 + 1e-12)
    return float(steps[there[0]]) if len(there) else None


@dataclass(frozen=True, slots=True)
class Activity:
    """Distinct people active in a period: a day in the mean, in its last seven days, in all.

    stickiness: daily / monthly, the share of days on which an active person comes, in 0..1.
    """

    daily: float
    weekly: int
    monthly: int
    stickiness: Figure


def activity(
    active: Mapping[date, Collection[Hashable]],
    *,
    since: date,
    until: date,
    level: float = 0.95,
) -> Activity:
    """Active people of since <= day < until, such as a local month.

    active: who was active, by local day; days without anybody may be missing, other days are
    ignored. ValueError for an empty period.

    >>> days = {date(2026, 10, 1): {"ann", "bo"}, date(2026, 10, 9): {"ann"}}
    >>> found = activity(days, since=date(2026, 10, 1), until=date(2026, 10, 11))
    >>> found.daily, found.weekly, found.monthly, found.stickiness.value
    (0.3, 1, 2, 0.15)
    """
    if since >= until:
        raise ValueError(f"since: expected a day before {until}, got {since}")
    inside = {day: set(people) for day, people in active.items() if since <= day < until}
    days_of = Counter(person for people in inside.values() for person in people)
    last_week = until - timedelta(days=7)
    weekly = {person for day, people in inside.items() if day >= last_week for person in people}
    person_days = sum(days_of.values())
    days = (until - since).days
    return Activity(
        daily=person_days / days,
        weekly=len(weekly),
        monthly=len(days_of),
        stickiness=stickiness(
            len(days_of),
            person_days,
            sum(count**2 for count in days_of.values()),
            days=days,
            level=level,
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
