"""How many mails may go out now, so that no more than a rate do in any minute.

A token bucket: it holds what the rate gives in three seconds, so that whoever looks every second
keeps to it evenly, and fills by a little less than the rate: what it holds and what a minute gives
are together no more than the rate. A new sender warms up: mail services trust an address that
begins small. On its first day 500 go out, on each day after twice as many, up to the rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

FIRST_DAY = 500
_DAY_S = 86_400.0
_HELD_S = 3.0
_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Pace:
    """per_minute: mails at most, over time. warm_up_from: the first day (UTC) of warming up, None
    for none. ValueError for a rate of less than one a minute."""

    per_minute: int
    warm_up_from: date | None = None

    def __post_init__(self) -> None:
        if self.per_minute < 1:
            raise ValueError(f"per_minute: expected 1 or more, got {self.per_minute}")

    def per_second(self, day: date) -> float:
        """The rate of a day (UTC).

        >>> warm = Pace(60, date(2026, 12, 1))
        >>> [round(warm.per_second(date(2026, 12, day)) * 86_400) for day in (1, 2, 3, 30)]
        [500, 1000, 2000, 86400]
        """
        rate = self.per_minute / 60
        if self.warm_up_from is None:
            return rate
        days = max((day - self.warm_up_from).days, 0)
        # After three weeks the power of two is beyond any rate.
        return min(rate, FIRST_DAY * 2.0 ** min(days, 40) / _DAY_S)


@dataclass(frozen=True, slots=True)
class Bucket:
    """tokens: mails that may go out; at: when that was so."""

    tokens: float
    at: datetime


def take(
    bucket: Bucket | None, wanted: int, *, rate: float, now: datetime
) -> tuple[int, Bucket, datetime]:
    """How many of the wanted mails may go out now, the bucket afterwards, and when one more may.

    rate: a second, more than 0. bucket: None where nothing was ever sent, which begins full.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 12, 1, 12, tzinfo=UTC)
    >>> granted, left, again = take(None, 50, rate=2.0, now=noon)
    >>> granted, left.tokens, round((again - noon).total_seconds(), 2)
    (6, 0.0, 0.52)
    >>> take(left, 50, rate=2.0, now=noon + timedelta(seconds=3))[0]
    5
    """
    most = max(1.0, rate * _HELD_S)
    rate -= (most - 1) / _MINUTE_S
    tokens = most
    if bucket is not None:
        # A clock that went back fills nothing.
        passed = max((now - bucket.at).total_seconds(), 0.0)
        tokens = min(most, bucket.tokens + passed * rate)
    granted = min(wanted, int(tokens))
    left = tokens - granted
    again = now + timedelta(seconds=max(1.0 - left, 0.0) / rate)
    return granted, Bucket(left, max(now, bucket.at) if bucket else now), again
