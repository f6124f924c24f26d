"""How long customers stay: from what they pay to when they began and when they left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from surveys.subscriptions import History

GAP = timedelta(days=31)  # who pays again within so many days never left
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stay:
    """From the first payment on; left_at: None of who is still there."""

    began_at: datetime
    left_at: datetime | None

    def days(self, until: datetime) -> float:
        """Days until they left, or until an instant where they did not."""
        return ((self.left_at or until) - self.began_at) / _DAY


def stay_of(history: History, *, now: datetime) -> Stay | None:
    """The first stay of an account; None of who paid nothing before now.

    Left is who pays for nothing any more, and does not pay again within GAP. Whoever ended within
    GAP before now may come back, but is taken as gone: most do not. What comes later is not read.

    >>> from datetime import UTC
    >>> from surveys.subscriptions import Change, history_of
    >>> day = datetime(2026, 1, 1, tzinfo=UTC)
    >>> paid = [Change("a", "core", day, 1, 900, "EUR"),
    ...         Change("a", "core", day + 100 * _DAY, 2, 0, None, "cancelled"),
    ...         Change("a", "core", day + 120 * _DAY, 3, 900, "EUR")]
    >>> stay_of(history_of(paid), now=day + 300 * _DAY).left_at is None
    True
    >>> stay_of(history_of(paid), now=day + 110 * _DAY).days(day + 110 * _DAY)
    100.0
    """
    steps = [
        (at, bool(standing.held))
        for at, standing in zip(history.since, history.standings, strict=True)
        if at < now
    ]
    began_at = next((at for at, pays in steps if pays), None)
    if began_at is None:
        return None
    left_at = None
    for at, pays in steps:
        if at < began_at:
            continue
        if pays and left_at is not None:
            if at - left_at > GAP:
                break
            left_at = None
        elif not pays and left_at is None:
            left_at = at
    return Stay(began_at, left_at)
