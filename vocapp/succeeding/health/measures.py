"""What facts of the health are counted over, for what is known now and what was known then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from vocapp.people.events.models import SubscriptionChange
from vocapp.people.events.subscriptions import current

PERIOD_DAYS, PERIODS_BEFORE = 28, 3
DOWNGRADE = timedelta(days=90)
TOUCHES = ("state", "outcome")  # and notes: what tells that somebody dealt with the customer


def before_per_period(before: int, started_on: date | None, today: date) -> float | None:
    """Of the periods before the last one, the mean of those that an account was there for. Who
    was not there for a whole one has no before."""
    if started_on is None:
        return before / PERIODS_BEFORE
    days = (today - started_on).days - PERIOD_DAYS
    periods = min(max(days / PERIOD_DAYS, 0.0), PERIODS_BEFORE)
    return before / periods if periods >= 1 else None


def days_since_start(started_on: date | None, today: date) -> int | None:
    return None if started_on is None else max(0, (today - started_on).days)


def days_since(instant: datetime, now: datetime) -> int:
    return max(0, (now - instant).days)


def pays_less(changes: Sequence[SubscriptionChange], since: datetime) -> bool:
    """In a currency less, and in none more: what moved to another currency is not told.

    changes: of one account, in order, as far as they are known.
    """
    before = _revenue([change for change in changes if change.at <= since])
    now = _revenue(changes)
    moves = [now[code] - before[code] for code in {*now, *before}]
    return min(moves, default=0) < 0 and max(moves) <= 0


def _revenue(changes: Sequence[SubscriptionChange]) -> dict[str | None, int]:
    sums: dict[str | None, int] = defaultdict(int)
    for each in current(changes):
        sums[each.currency] += each.mrr_minor
    return sums
