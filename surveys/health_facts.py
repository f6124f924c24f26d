"""What is known of one account at one instant, and what each kind of fact says of its health.

A part turns one fact into points: 0 is as bad as it gets, 100 as good; between stated places it is
linear, so that a better fact never gives fewer points. The places are ours; whether they tell
who leaves is for `surveys.health_backtest` to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from math import isfinite

import numpy as np

from surveys.scoring import is_low, scale

COMPONENTS = ("survey", "usage", "onboarding", "support", "relationship", "goals", "payment")

ANSWER_FRESH_DAYS = 90
ANSWER_STALE_DAYS = 365
MOST_GROWTH = 10.0  # times as much as before; more is not told apart

# (value, points) from left to right; outside of them the points of the nearest end.
Places = tuple[tuple[float, float], ...]

# The lowest score of a category stands clearly above the highest of the one below.
_SCORE: dict[str, Places] = {
    "nps": ((0, 0), (6, 35), (7, 55), (8, 65), (9, 90), (10, 100)),
    "csat": ((1, 0), (2, 20), (3, 50), (4, 80), (5, 100)),
    "ces": ((1, 0), (3, 30), (4, 50), (5, 75), (7, 100)),
}
_SCORE_CHANGE: Places = ((-0.4, 0), (0, 50), (0.4, 100))  # as a share of the scale
_NEGATIVE_COMMENTS: Places = ((0, 100), (1, 0))
_AGAINST_BEFORE: Places = ((-0.6, 0), (-0.3, 25), (0, 70), (0.25, 100))
_DAYS_SINCE_LOGIN: Places = ((7, 100), (14, 70), (30, 30), (60, 0))
_ACTIVE_SEATS: Places = ((0, 0), (0.3, 40), (0.8, 100))
_DAYS_NOT_SET_UP: Places = ((0, 70), (31, 50), (90, 0))
_OPEN_CASES: Places = ((0, 100), (1, 70), (3, 35), (6, 0))
_OVERDUE_CASES: Places = ((0, 100), (1, 40), (3, 0))
_OLDEST_CASE_DAYS: Places = ((1, 100), (7, 60), (30, 0))
_SHARE: Places = ((0, 0), (1, 100))
_DAYS_SINCE_TOUCH: Places = ((30, 100), (60, 60), (90, 35), (180, 0))
_GOAL_BEHIND = 30.0  # points: it may still be met
_OVERDUE_INVOICE_DAYS: Places = ((0, 100), (7, 75), (30, 25), (60, 0))


@dataclass(frozen=True, slots=True)
class LastScore:
    """The last answer of an account to one kind of survey, or its mean, rounded.

    kind: nps, csat or ces. score: on its scale. change: in points of the scale against the one
    before, None where there is none. days_ago: whole days since, >= 0.
    """

    kind: str
    score: int
    days_ago: int
    change: int | None = None

    def __post_init__(self) -> None:
        points = scale(self.kind)
        if self.score not in points:
            raise ValueError(f"score: expected {points[0]} to {points[-1]}, got {self.score!r}")
        if self.days_ago < 0:
            raise ValueError(f"days_ago: expected a number >= 0, got {self.days_ago!r}")
        if self.change is not None and abs(self.change) > points[-1] - points[0]:
            raise ValueError(f"change: expected one within the scale, got {self.change!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthFacts:
    """One account as known at one instant; None: not known, which is never taken as good.

    last_scores: at most one of each kind. negative_comment_share: of late comments, 0..1.
    active_28_days, uses_28_days: people and uses in the last 28 days; …_before: the same per 28
    days in the three months before. active_seat_share: of the seats paid for, 0..1 (more count
    as 1). days_since_…: whole days. resolved_share: of late cases, 0..1. goals_…: success goals
    by their state; all four or none are known. overdue_invoice_days: of the oldest unpaid
    invoice, 0 where all are paid.
    ValueError for a negative or infinite number, a share above 1, or a kind given twice.
    """

    last_scores: tuple[LastScore, ...] = ()
    negative_comment_share: float | None = None
    active_28_days: float | None = None
    active_before: float | None = None
    uses_28_days: float | None = None
    uses_before: float | None = None
    days_since_login: int | None = None
    active_seat_share: float | None = None
    days_since_start: int | None = None
    is_set_up: bool | None = None
    open_cases: int | None = None
    overdue_cases: int | None = None
    oldest_open_days: int | None = None
    resolved_share: float | None = None
    days_since_touch: int | None = None
    has_owner: bool | None = None
    champion_left: bool | None = None
    goals_met: int | None = None
    goals_on_track: int | None = None
    goals_behind: int | None = None
    goals_missed: int | None = None
    overdue_invoice_days: int | None = None
    downgraded_lately: bool | None = None

    def __post_init__(self) -> None:
        for field in fields(self)[1:]:
            value = getattr(self, field.name)
            if value is not None and not (isfinite(value) and value >= 0):
                raise ValueError(f"{field.name}: expected a number >= 0, got {value!r}")
        for name in ("negative_comment_share", "resolved_share"):
            if (getattr(self, name) or 0) > 1:
                raise ValueError(f"{name}: expected 0 to 1, got {getattr(self, name)!r}")
        if len({last.kind for last in self.last_scores}) < len(self.last_scores):
            raise ValueError("last_scores: expected every kind once")


@dataclass(frozen=True, slots=True)
class Part:
    """One fact as points 0..100, its weight within the component, and its code with its number."""

    points: float
    weight: float
    reason: str


def parts_of(facts: HealthFacts) -> dict[str, tuple[Part, ...]]:
    """The parts of every component that are known; an empty tuple: nothing is known of it.

    >>> parts_of(HealthFacts(days_since_login=41))["usage"]
    (Part(points=19.0, weight=1.0, reason='no_login_days:41'),)
    """
    return {key: tuple(_PARTS[key](facts)) for key in COMPONENTS}


def _survey(facts: HealthFacts) -> Iterator[Part]:
    """An answer says less as it ages and nothing after a year: its weight falls, not its points."""
    for last in facts.last_scores:
        fresh = float(np.interp(last.days_ago, [ANSWER_FRESH_DAYS, ANSWER_STALE_DAYS], [1, 0]))
        if not fresh:
            continue
        code = "score_low" if is_low(last.kind, last.score) else "score"
        points = _points(last.score, _SCORE[last.kind])
        yield Part(points, fresh, f"{code}:{last.kind}:{last.score}")
        if last.change is not None:
            ends = scale(last.kind)
            points = _points(last.change / (ends[-1] - ends[0]), _SCORE_CHANGE)
            yield Part(points, fresh / 2, f"score_change:{last.kind}:{last.change:+d}")
    if facts.negative_comment_share is not None:
        share = facts.negative_comment_share
        yield Part(_points(share, _NEGATIVE_COMMENTS), 0.5, f"negative_comments:{_percent(share)}")


def _usage(facts: HealthFacts) -> Iterator[Part]:
    yield from _against_before("active_people", facts.active_28_days, facts.active_before)
    yield from _against_before("usage", facts.uses_28_days, facts.uses_before)
    if facts.days_since_login is not None:
        days = facts.days_since_login
        yield Part(_points(days, _DAYS_SINCE_LOGIN), 1.0, f"no_login_days:{days}")
    if facts.active_seat_share is not None:
        share = min(1.0, facts.active_seat_share)
        yield Part(_points(share, _ACTIVE_SEATS), 0.5, f"seats_used:{_percent(share)}")


def _against_before(name: str, now: float | None, before: float | None) -> Iterator[Part]:
    if now is None or before is None:
        return
    if before == 0:
        yield Part(100.0, 1.0, f"{name}_new") if now else Part(0.0, 1.0, f"{name}_none")
        return
    change = min(now / before, MOST_GROWTH) - 1
    code = "down" if change < 0 else "up"
    yield Part(_points(change, _AGAINST_BEFORE), 1.0, f"{name}_{code}:{_percent(change)}")


def _onboarding(facts: HealthFacts) -> Iterator[Part]:
    if facts.is_set_up:
        yield Part(100.0, 1.0, "set_up")
    elif facts.is_set_up is False and facts.days_since_start is not None:
        days = facts.days_since_start
        yield Part(_points(days, _DAYS_NOT_SET_UP), 1.0, f"not_set_up_days:{days}")


def _support(facts: HealthFacts) -> Iterator[Part]:
    yield from _number(facts.open_cases, _OPEN_CASES, "open_cases")
    yield from _number(facts.overdue_cases, _OVERDUE_CASES, "overdue_cases")
    yield from _number(facts.oldest_open_days, _OLDEST_CASE_DAYS, "oldest_case_days")
    if facts.resolved_share is not None:
        share = facts.resolved_share
        yield Part(_points(share, _SHARE), 0.5, f"resolved:{_percent(share)}")


def _relationship(facts: HealthFacts) -> Iterator[Part]:
    yield from _number(facts.days_since_touch, _DAYS_SINCE_TOUCH, "no_touch_days")
    if facts.has_owner is not None:
        yield Part(100.0, 0.5, "has_owner") if facts.has_owner else Part(20.0, 0.5, "no_owner")
    if facts.champion_left is not None:
        left = facts.champion_left
        yield Part(0.0, 2.0, "champion_left") if left else Part(100.0, 2.0, "champion_stays")


def _goals(facts: HealthFacts) -> Iterator[Part]:
    counts = (facts.goals_met, facts.goals_on_track, facts.goals_behind, facts.goals_missed)
    met, on_track, behind, missed = (each or 0 for each in counts)
    fine, total = met + on_track, met + on_track + behind + missed
    if None in counts or not total:
        return
    code = "goals_missed" if missed else "goals_behind" if behind else "goals_fine"
    points = (100 * fine + _GOAL_BEHIND * behind) / total
    yield Part(points, 1.0, f"{code}:{missed or behind or fine}:{total}")


def _payment(facts: HealthFacts) -> Iterator[Part]:
    yield from _number(facts.overdue_invoice_days, _OVERDUE_INVOICE_DAYS, "invoice_overdue_days")
    if facts.downgraded_lately is not None:
        down = facts.downgraded_lately
        yield Part(0.0, 1.0, "downgraded") if down else Part(100.0, 1.0, "not_downgraded")


def _number(value: int | None, places: Places, code: str) -> Iterator[Part]:
    if value is not None:
        yield Part(_points(value, places), 1.0, f"{code}:{value}")


def _points(value: float, places: Places) -> float:
    at, points = zip(*places, strict=True)
    return float(np.interp(value, at, points))


def _percent(share: float) -> int:
    return round(100 * share)


_PARTS: dict[str, Callable[[HealthFacts], Iterator[Part]]] = {
    "survey": _survey,
    "usage": _usage,
    "onboarding": _onboarding,
    "support": _support,
    "relationship": _relationship,
    "goals": _goals,
    "payment": _payment,
}
