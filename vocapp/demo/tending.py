"""What the demo's success team did about unhappy answers of the past.

A pure function of the answers and a seed. Not everybody is reached, the team gets quicker over the
year, and whoever was really helped thinks better of the vendor by the next answer: so that the page
on closed loops has something to measure, and measures what is true here.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from surveys.scoring import is_low
from vocapp.demo.answers import PlannedAnswer
from vocapp.demo.company import Person

DAYS = 500  # so long ago the team began
UNTIL = timedelta(days=30)  # of later answers the service itself opens cases
_REACHED = 0.58
# On average in hours until somebody calls, when the team began and now.
_HOURS_TO_CONTACT = (120.0, 36.0)
_SPREAD = 0.9  # of its logarithm
# End of a case that was contacted: how often, and how much better the person's mood is after it.
_ENDS = {
    "solved": (0.40, 0.75),
    "plan_agreed": (0.25, 0.50),
    "explained": (0.20, 0.25),
    "no_reply": (0.15, 0.0),
}
_CAUSES = (
    "defect", "missing_feature", "usability", "reliability", "support", "onboarding", "pricing",
    "expectations", "change_at_customer", "unclear",
)  # fmt: skip
_MORNING, _WORKDAY = timedelta(minutes=10), timedelta(hours=9)  # 9 to 18 in Tokyo, on UTC


@dataclass(frozen=True, slots=True)
class Tended:
    """The course of a case. contacted_at, outcome and root_cause: None where nobody was reached
    and the case was closed without."""

    answer: UUID
    ended_at: datetime
    contacted_at: datetime | None = None
    outcome: str | None = None
    root_cause: str | None = None


class Team:
    """Hears the answers in the order of time, and remembers whom it has helped."""

    def __init__(self, rng: Random, *, now: datetime) -> None:
        self._rng, self._now = rng, now
        self._helped: dict[str, list[tuple[datetime, float]]] = defaultdict(list)
        self.tended: list[Tended] = []

    def lift(self, person: Person, at: datetime) -> float:
        """How much better than otherwise this person's mood is at `at`."""
        return max((lift for since, lift in self._helped[_key(person)] if since <= at), default=0.0)

    def hear(self, answer: PlannedAnswer) -> None:
        """Decide what becomes of an answer, if it is one to do something about."""
        age = self._now - answer.answered_at
        if not UNTIL <= age <= timedelta(days=DAYS) or not is_low(answer.survey, answer.score):
            return
        self.tended.append(self._course(answer, begun=1 - age / timedelta(days=DAYS)))

    def _course(self, answer: PlannedAnswer, *, begun: float) -> Tended:
        """begun: share of the time since the team began, 0..1."""
        at = answer.answered_at
        if self._rng.random() > _REACHED:
            ended_at = _in_office_hours(at + timedelta(days=self._rng.uniform(21, 29)))
            return Tended(answer.id, ended_at)
        first, last = map(math.log, _HOURS_TO_CONTACT)
        hours = math.exp(self._rng.gauss(first + (last - first) * begun, _SPREAD))
        contacted_at = _in_office_hours(at + timedelta(hours=min(hours, 24 * 20)))
        ended_at = _in_office_hours(contacted_at + timedelta(days=self._rng.triangular(0.1, 9, 2)))
        outcome = self._rng.choices(list(_ENDS), weights=[share for share, _ in _ENDS.values()])[0]
        self._helped[_key(answer.person)].append((ended_at, _ENDS[outcome][1]))
        return Tended(answer.id, ended_at, contacted_at, outcome, self._rng.choice(_CAUSES))


def _key(person: Person) -> str:
    return person.facts.external_id or ""


def _in_office_hours(at: datetime) -> datetime:
    """That moment, or the next working morning where nobody is in the office then."""
    day = at.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC)
    if day.weekday() < 5 and at - day < _WORKDAY:
        return at
    day += timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return day + _MORNING
