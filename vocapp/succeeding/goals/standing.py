"""How far a goal is, and whether it is on track. Days are local days of the workspace."""

from __future__ import annotations

from datetime import date
from typing import Literal

Standing = Literal["open_on_track", "open_behind", "met", "missed", "dropped"]
_CLOSED: dict[str, Standing] = {"met": "met", "missed": "missed", "dropped": "dropped"}
LEEWAY = 0.15  # how much of the way may lag behind the time without worry


def share_reached(baseline: float, target: float, current: float | None) -> float | None:
    """How much of the way from baseline to target is done; None where nothing was measured.

    Not limited: below 0 it got worse, above 1 it is better than was asked for.

    >>> share_reached(40, 10, 25), share_reached(0, 50, None)
    (0.5, None)
    """
    if current is None:
        return None
    return (current - baseline) / (target - baseline)


def share_elapsed(begins_on: date, due_on: date, today: date) -> float:
    """How much of the time is over, in 0..1; all of it from the day on which it is due.

    >>> share_elapsed(date(2026, 1, 1), date(2026, 1, 31), date(2026, 1, 16))
    0.5
    """
    if today >= due_on:
        return 1.0
    return max(0, (today - begins_on).days) / max(1, (due_on - begins_on).days)


def standing(
    state: str,
    *,
    baseline: float,
    target: float,
    current: float | None,
    begins_on: date,
    due_on: date,
    today: date,
) -> Standing:
    """Closed: as it was closed. Open and behind: its day is over, or the way lags behind the time
    by more than LEEWAY; a goal that nobody measured has got nowhere.

    >>> days = {"begins_on": date(2026, 1, 1), "due_on": date(2026, 1, 31)}
    >>> [standing("open", baseline=0, target=10, current=each, **days, today=date(2026, 1, 16))
    ...  for each in (4, 3, None)]
    ['open_on_track', 'open_behind', 'open_behind']
    """
    if state != "open":
        return _CLOSED[state]
    reached = share_reached(baseline, target, current) or 0.0
    lags = reached + LEEWAY < share_elapsed(begins_on, due_on, today)
    return "open_behind" if lags or (today > due_on and reached < 1) else "open_on_track"
