"""What the demo's customers do: subscriptions, log-ins, use, and the end of their set-up.

A pure function of seed, customers, answers and instant. Who leaves uses less and less before;
who was glad in the last answers uses more and buys more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from vocapp.demo.answers import PlannedAnswer, third_of
from vocapp.demo.company import PLANS, Customer, Person
from vocapp.people.events.service import NewEvent, Terms
from vocapp.signing import digest_of_json

_WEEKS = 170  # as long as a back-test looks back, and the weeks before that it compares with
_FADE_WEEKS = (3, 15)  # how long before leaving use declines, from and to
_FEATURES = ("report_created", "data_imported", "dashboard_viewed", "ticket_linked")
# How many use it in their first weeks, of those who stay and of those who leave later.
_FIRST_USES = {
    "report_created": (0.78, 0.34),
    "data_imported": (0.66, 0.38),
    "dashboard_viewed": (0.7, 0.64),
    "ticket_linked": (0.42, 0.4),
}
_FIRST_DAYS = 28
# Weeks of the year in which offices are empty: turn of the year, Golden Week, mid-August.
_QUIET = {1: 0.45, 18: 0.6, 19: 0.75, 33: 0.55, 34: 0.8, 52: 0.5, 53: 0.4}


@dataclass(frozen=True, slots=True)
class _Course:
    """How an account goes: gladness -1..1, its people, when it leaves, if it does, and how many
    weeks before its use begins to decline."""

    customer: Customer
    people: tuple[Person, ...]
    gladness: float
    leaves_at: datetime | None
    fade_weeks: float

    @property
    def key(self) -> str:
        return self.customer.facts.external_id


def planned(
    rng: Random, among: Sequence[Person], plan: Sequence[PlannedAnswer], *, now: datetime
) -> list[NewEvent]:
    """All events of all accounts, newest first: then each person is moved only once."""
    courses = _courses(rng, among, plan)
    events = [
        event
        for course in courses
        for event in (*_subscriptions(rng, course, now=now), *_use(rng, course, now=now))
    ]
    events += [event for course in courses for event in _first_uses(rng, course, now=now)]
    return sorted(events, key=lambda event: (event.at, event.id), reverse=True)


def _courses(rng: Random, among: Sequence[Person], plan: Sequence[PlannedAnswer]) -> list[_Course]:
    people: dict[str, list[Person]] = defaultdict(list)
    answers: dict[str, list[PlannedAnswer]] = defaultdict(list)
    for person in among:
        people[person.customer.facts.external_id].append(person)
    for answer in plan:
        answers[answer.person.customer.facts.external_id].append(answer)
    return [
        _Course(
            those[0].customer, tuple(those), _gladness(answers[key][-4:]),
            those[0].customer.leaves_at, rng.uniform(*_FADE_WEEKS),
        )
        for key, those in people.items()
    ]  # fmt: skip


def _gladness(answers: Sequence[PlannedAnswer]) -> float:
    """-1 (all low scores) to 1 (all good ones); 0 where nobody answered."""
    if not answers:
        return 0.0
    return sum(1 - third_of(each.survey, each.score) for each in answers) / len(answers)


# --- subscriptions ----------------------------------------------------------------------


def _subscriptions(rng: Random, course: _Course, *, now: datetime) -> Iterator[NewEvent]:
    """Start, yearly renewals, a change now and then, an added product, perhaps the end."""
    facts = course.customer.facts
    start = facts.started_on or now.date()
    ends = course.leaves_at or now
    mrr = _rounded((facts.mrr_minor or 0) * rng.uniform(0.55, 0.95), facts.currency)
    day, number = start, 0
    while _morning(day) < ends:
        term_ends_on = day + timedelta(days=365)
        action = "renewed" if number else "started"
        yield _change(course, "core", action, mrr, _morning(day), term_ends_on)
        changed_at = _morning(day + timedelta(days=rng.randrange(60, 330)))
        if changed_at < ends and rng.random() < 0.45:
            mrr = _rounded(mrr * _growth(rng, course.gladness), facts.currency)
            yield _change(course, "core", "changed", mrr, changed_at, term_ends_on)
        day, number = term_ends_on, number + 1
        mrr = _rounded(mrr * 1.04, facts.currency)
    if facts.plan in ("business", "enterprise") and rng.random() < 0.35 + 0.25 * course.gladness:
        added_at = now - timedelta(days=rng.uniform(30, 420))
        if _morning(start) < added_at < ends:
            extra = _rounded(mrr * 0.25, facts.currency)
            yield _change(course, "analytics", "started", extra, added_at, day)
            if course.leaves_at:
                yield _change(course, "analytics", "cancelled", 0, course.leaves_at, None)
    if course.leaves_at:
        yield _change(course, "core", "cancelled", 0, course.leaves_at, None)


def _growth(rng: Random, gladness: float) -> float:
    """More for those who are glad, less for those who are not."""
    return 1 + rng.uniform(0.1, 0.4) * (1 if rng.random() < 0.5 + 0.45 * gladness else -0.8)


def _rounded(minor: float, currency: str | None) -> int:
    step = 100 if currency == "JPY" else 1000
    return max(step, round(minor / step) * step)


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(1), tzinfo=UTC)


def _change(
    course: _Course,
    product: str,
    action: str,
    mrr: int,
    at: datetime,
    term_ends_on: date | None,
) -> NewEvent:
    terms = Terms(product, action, mrr, course.customer.facts.currency, term_ends_on)
    name = f"{product}-{action}-{at:%Y%m%d}"
    return _event(course, name, "subscription", at, terms=terms)


# --- use --------------------------------------------------------------------------------


def _use(rng: Random, course: _Course, *, now: datetime) -> Iterator[NewEvent]:
    """A few people a week log in and use something; the set-up ends once, late or never."""
    start = _morning(course.customer.facts.started_on or now.date())
    done_at = start + timedelta(days=rng.triangular(3, 60, 14 - 6 * course.gladness))
    if done_at < min(now, course.leaves_at or now) and rng.random() < 0.9:
        yield _event(course, "setup", "milestone", done_at, name="setup_done")
    weight = PLANS[course.customer.facts.plan or "team"][2]
    for week in range(_WEEKS):
        monday = now - timedelta(days=now.weekday(), weeks=week)
        level = _level(course, monday)
        if monday < start or level <= 0:
            continue
        # A person a week uses it for all; every other week somebody, perhaps the same, logs in.
        kinds = ("usage", "login")[: 1 + week % 2]
        seen = rng.sample(course.people, k=min(len(course.people), len(kinds)))
        for kind, person in zip(kinds, (seen[0], seen[-1]), strict=False):
            at = _at_work(rng, monday)
            if at < min(now, course.leaves_at or now):
                uses = max(1, round(weight * 4 * level * rng.uniform(0.8, 1.25)))
                said = {"name": rng.choice(_FEATURES), "count": uses} if kind == "usage" else {}
                said["product"] = "core"
                yield _event(course, f"{kind}-{at:%G%V}", kind, at, contact=person, **said)


def _first_uses(rng: Random, course: _Course, *, now: datetime) -> Iterator[NewEvent]:
    """What was tried out in the first weeks, also before the weeks of `_use`: who creates reports
    and imports data early stays longer, as a rule."""
    start = _morning(course.customer.facts.started_on or now.date())
    for feature, (staying, leaving) in _FIRST_USES.items():
        at = start + timedelta(days=rng.uniform(0.2, _FIRST_DAYS))
        is_tried = rng.random() < (leaving if course.leaves_at else staying)
        if is_tried and at < min(now, course.leaves_at or now):
            yield _event(course, f"first-{feature}", "usage", at, name=feature, count=3)


def _level(course: _Course, monday: datetime) -> float:
    """How much a week is used, about 0..1.3: by season, by gladness, and fading before leaving."""
    level = (0.85 + 0.3 * course.gladness) * _QUIET.get(monday.isocalendar().week, 1.0)
    if course.leaves_at is None:
        return level
    left = (course.leaves_at - monday) / timedelta(weeks=course.fade_weeks)
    return level * min(1.0, max(0.0, left))


def _at_work(rng: Random, monday: datetime) -> datetime:
    midnight = monday.replace(hour=0, minute=0, second=0, microsecond=0)
    day = rng.choices(range(5), weights=(5, 6, 6, 5, 4))[0]
    return midnight + timedelta(days=day, seconds=rng.randrange(12 * 3600))


def _event(
    course: _Course,
    name_of_it: str,
    kind: str,
    at: datetime,
    *,
    contact: Person | None = None,
    **more: Any,
) -> NewEvent:
    event_id = f"{course.key}-{name_of_it}"
    return NewEvent(
        id=event_id, digest=digest_of_json([event_id, at.isoformat()]), type=kind,
        account=course.key, at=at, contact=contact.facts.external_id if contact else None, **more,
    )  # fmt: skip
