"""Where an account stands in its life: from its dates and what happened, to a stage.

Days are local days of the workspace. What counts as set up is defined by the workspace.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

STAGES = ("prospect", "onboarding", "adoption", "value", "renewal", "lost")

Touch = Literal["high", "tech"]
OnboardingStatus = Literal["open", "complete", "late", "overdue"]


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of an account; None where it is not known or did not happen.

    touch: who looks after it: "high", a person; "tech", the system. milestones: the first day
    that each was reached. logins: how many there were on each day.
    """

    key: str
    started_on: date | None = None
    renewal_on: date | None = None
    lost_on: date | None = None
    touch: Touch | None = None
    milestones: Mapping[str, date] = field(default_factory=dict)
    logins: Mapping[date, int] = field(default_factory=dict)
    attributes: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OnboardingRule:
    """Complete with the milestone within so many days of the start, or with so many log-ins
    within the first login_days days, whichever comes first. Either may be None, not both."""

    milestone: str | None = "setup_done"
    milestone_days: int = 31
    logins: int | None = None
    login_days: int = 31


@dataclass(frozen=True, slots=True)
class Onboarding:
    """status: open (there is time left), complete, late (done, but after the time), overdue.

    day: on which it was done, else None.
    """

    status: OnboardingStatus
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What ends onboarding, how long adoption takes, and from when on a renewal is near.

    value_milestone: reached, an account gets value from the product; without it adoption ends
    adoption_days after the start. renewal_days: 0 for short terms, which have no such stage.
    """

    onboarding: OnboardingRule = OnboardingRule()
    adoption_days: int = 90
    value_milestone: str | None = None
    renewal_days: int = 90


def onboarding(rule: OnboardingRule, account: Account, today: date) -> Onboarding | None:
    """Is the account set up, and was it in time? None before its start, or where that is unknown.

    Within N days: on day start + N it still counts, on the next it is late. The first M days
    are start to start + M - 1. What happened before the start counts as on the start.

    >>> account = Account("acme", started_on=date(2026, 10, 1), logins={date(2026, 10, 20): 12})
    >>> onboarding(OnboardingRule(logins=10), account, date(2026, 10, 25))
    Onboarding(status='complete', day=datetime.date(2026, 10, 20))
    >>> onboarding(OnboardingRule(), account, date(2026, 11, 2)).status
    'overdue'
    """
    start = account.started_on
    if start is None or start > today:
        return None
    ways = []  # (day it was done, last day on which it is in time)
    if rule.milestone is not None:
        in_time = start + timedelta(days=rule.milestone_days)
        ways.append((account.milestones.get(rule.milestone), in_time))
    if rule.logins is not None:
        in_time = start + timedelta(days=rule.login_days - 1)
        ways.append((_login_day(account, rule.logins), in_time))
    done = [(max(day, start), until) for day, until in ways if day is not None and day <= today]
    timely = [day for day, until in done if day <= until]
    if timely:
        return Onboarding("complete", min(timely))
    if done:
        return Onboarding("late", min(day for day, _ in done))
    return Onboarding("open" if today <= max(until for _, until in ways) else "overdue")


def stage_entries(lifecycle: Lifecycle, account: Account, today: date) -> dict[str, date]:
    """The day on which each stage began, of those that began, and that of a renewal to come.

    >>> account = Account("acme", started_on=date(2026, 1, 1), renewal_on=date(2027, 1, 1))
    >>> entries = stage_entries(Lifecycle(), account, date(2026, 5, 1))
    >>> [(stage, str(day)) for stage, day in entries.items()]
    [('onboarding', '2026-01-01'), ('renewal', '2026-10-03')]
    """
    start = account.started_on
    entries: dict[str, date] = {}
    if start is not None and start <= today:
        entries["onboarding"] = start
        found = onboarding(lifecycle.onboarding, account, today)
        if found is not None and found.day is not None:
            entries["adoption"] = found.day
            value = max(found.day, _value_day(lifecycle, account, start))
            if value <= today:
                entries["value"] = value
        if account.renewal_on is not None and lifecycle.renewal_days:
            near = account.renewal_on - timedelta(days=lifecycle.renewal_days)
            entries["renewal"] = max(start, near)
    if account.lost_on is not None and account.lost_on <= today:
        entries["lost"] = account.lost_on
    return entries


def stage(lifecycle: Lifecycle, account: Account, today: date) -> str | None:
    """One of STAGES, or None where the start is unknown.

    Lost comes before all else; a renewal that is near (until its day) before how far the
    account is in the use of the product. Onboarding lasts until it is done, however late.

    >>> account = Account("acme", started_on=date(2026, 1, 1), renewal_on=date(2027, 1, 1))
    >>> [stage(Lifecycle(), account, date(2026, month, 15)) for month in (6, 11)]
    ['onboarding', 'renewal']
    """
    entries = stage_entries(lifecycle, account, today)
    if "lost" in entries:
        return "lost"
    if account.started_on is None:
        return None
    if account.started_on > today:
        return "prospect"
    near = entries.get("renewal")
    if near is not None and account.renewal_on is not None and near <= today <= account.renewal_on:
        return "renewal"
    return next(each for each in ("value", "adoption", "onboarding") if each in entries)


def _value_day(lifecycle: Lifecycle, account: Account, start: date) -> date:
    by_time = start + timedelta(days=lifecycle.adoption_days)
    if lifecycle.value_milestone is None:
        return by_time
    return account.milestones.get(lifecycle.value_milestone, date.max)


def _login_day(account: Account, wanted: int) -> date | None:
    """The day of the log-in that makes them that many, from the start on."""
    assert account.started_on is not None
    so_far = 0
    for day in sorted(account.logins):
        if day >= account.started_on:
            so_far += account.logins[day]
        if so_far >= wanted:
            return day
    return None
