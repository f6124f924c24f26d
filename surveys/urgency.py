"""Which case first: points from 0 to 100, and the reasons for them.

A sum of six parts, each of which only ever rises with what it measures, so that a person can
follow why one case stands above another. The weights are ours, to be checked against which cases
turned out to matter. They are chosen so that of two equal scores an urgent case of a customer of
middling revenue (1,000 US dollars a month) stands above a normal one of the largest customer.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log1p

from surveys.scoring import is_low, scale
from surveys.segments import magnitude, minor_units_per_major

RULE_PRIORITIES = {"urgent": 20.0, "high": 12.0, "normal": 6.0, "low": 0.0}

_SCORE_POINTS = 35.0
_REVENUE_POINTS = 20.0
_RENEWAL_POINTS = 15.0
_CONTACT_POINTS = 5.0
_AGE_POINTS = 5.0
_RENEWAL_HORIZON_DAYS = 180
_FULL_AGE_DAYS = 14
_FULL_REVENUE = 10_000  # a month, in units of the magnitude of one US dollar


@dataclass(frozen=True, slots=True)
class Priority:
    """points: 0..100, more is sooner. reasons: codes with their numbers, largest part first.

    ``score_low:2`` or ``score:7``; ``revenue:120000:JPY`` (a month, minor units);
    ``renewal_in_days:41``; ``rule_priority:urgent``; ``wants_contact``; ``waiting_days:3``.
    A part that adds nothing gives no reason.
    """

    points: float
    reasons: tuple[str, ...]


def priority(
    *,
    score: int | None,
    kind: str,
    mrr_minor: int | None,
    currency: str | None,
    days_to_renewal: int | None,
    outcome_priority: str,
    wants_contact: bool,
    age_days: float,
) -> Priority:
    """How urgent a case is, explained.

    Points rise as the score falls (35, linear over the scale), with monthly revenue (20,
    logarithmic up to about 10,000 US dollars), as the renewal comes near (15, linear over the
    last 180 days; a past one counts nothing), with the priority of the rule (urgent 20, high
    12, normal 6), with a wish to be contacted (5) and with days of waiting (5, over 14 days).
    Unknown facts (None) add nothing. ValueError for an unknown kind, score or rule priority.

    >>> priority(score=2, kind="nps", mrr_minor=120_000, currency="JPY", days_to_renewal=41,
    ...          outcome_priority="normal", wants_contact=False, age_days=0)
    Priority(points=56.7, reasons=('score_low:2', 'renewal_in_days:41', 'revenue:120000:JPY', \
'rule_priority:normal'))
    """
    if outcome_priority not in RULE_PRIORITIES:
        expected = ", ".join(RULE_PRIORITIES)
        raise ValueError(f"outcome_priority: expected one of {expected}, got {outcome_priority!r}")
    parts = [
        _from_score(kind, score),
        _from_revenue(mrr_minor, currency),
        _from_renewal(days_to_renewal),
        (RULE_PRIORITIES[outcome_priority], f"rule_priority:{outcome_priority}"),
        (_CONTACT_POINTS if wants_contact else 0.0, "wants_contact"),
        _from_age(age_days),
    ]
    telling = sorted((part for part in parts if part[0] > 0), key=lambda part: -part[0])
    points = round(min(100.0, sum(part for part, _ in telling)), 1)
    return Priority(points=points, reasons=tuple(reason for _, reason in telling))


def _from_score(kind: str, score: int | None) -> tuple[float, str]:
    points = scale(kind)
    if score is None:
        return 0.0, ""
    code = "score_low" if is_low(kind, score) else "score"
    fallen = (points[-1] - score) / (points[-1] - points[0])
    return _SCORE_POINTS * fallen, f"{code}:{score}"


def _from_revenue(mrr_minor: int | None, currency: str | None) -> tuple[float, str]:
    if not currency or mrr_minor is None or mrr_minor <= 0:
        return 0.0, ""
    comparable = mrr_minor / minor_units_per_major(currency) / magnitude(currency)
    share = log1p(comparable / 100) / log1p(_FULL_REVENUE / 100)
    return _REVENUE_POINTS * min(1.0, share), f"revenue:{mrr_minor}:{currency}"


def _from_renewal(days: int | None) -> tuple[float, str]:
    if days is None or days < 0:
        return 0.0, ""
    share = max(0.0, 1 - days / _RENEWAL_HORIZON_DAYS)
    return _RENEWAL_POINTS * share, f"renewal_in_days:{days}"


def _from_age(days: float) -> tuple[float, str]:
    share = min(1.0, max(0.0, days / _FULL_AGE_DAYS))
    return _AGE_POINTS * share, f"waiting_days:{int(days)}"
