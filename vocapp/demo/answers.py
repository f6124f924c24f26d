"""What the demo's customers answer over a year and a half: scores with reasons.

A pure function of seed and instant. What an answer complains or is glad about moves its
score, and what goes well or badly depends on the month, the plan and the region, so that
every page has something to find:

* an outage ten months ago, and slowness at each fiscal year's end (March, April),
* a price increase a year ago, felt most on the small plans,
* documentation and screens in Japanese that have become better over the year,
* `EMERGING`, a theme hardly mentioned before, in the last five weeks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Protocol
from uuid import UUID

from vocapp.demo import company, sentences_en, sentences_ja
from vocapp.demo.company import Customer, Person

MONTHS = 18
DAYS = 548
EMERGING = "notifications"
EMERGING_DAYS = 35
_WILLING = 0.55  # of the people: who answers once tends to answer again
_OUTAGE_DAYS_AGO = (296, 310)
_PRICE_DAYS_AGO = (330, 390)

SURVEYS = {"nps": "relationship", "csat": "support", "ces": "onboarding"}
_SHARES = {"nps": 0.46, "csat": 0.36, "ces": 0.18}
_COMMENTS = {"nps": 0.62, "csat": 0.48, "ces": 0.52}
_CHANNELS = {
    "nps": {"email": 0.58, "widget": 0.22, "embed": 0.12, "web": 0.08},
    "csat": {"email": 0.66, "widget": 0.24, "web": 0.10},
    "ces": {"widget": 0.62, "email": 0.30, "web": 0.08},
}
_PLAN_MOOD = {"starter": -0.25, "team": 0.05, "business": 0.15, "enterprise": 0.30}
_REGION_MOOD = {"jp": -0.20, "us": 0.30, "eu": 0.05, "apac": 0.10}

# How often each theme comes up, how well it goes (log odds), how hard it moves a score.
_THEMES: dict[str, tuple[float, float, float]] = {
    "usability": (1.5, 0.4, 0.7),
    "onboarding": (0.6, 0.2, 0.7),
    "performance": (1.1, 0.3, 0.9),
    "reliability": (1.0, 0.5, 1.5),
    "support": (1.5, 0.9, 1.0),
    "pricing": (1.0, -0.7, 0.9),
    "billing": (0.5, -0.4, 0.7),
    "integrations": (1.0, 0.0, 0.8),
    "reporting": (1.1, -0.1, 0.7),
    "mobile": (0.7, 0.1, 0.7),
    "security": (0.4, 0.5, 0.8),
    "feature_requests": (1.2, -0.8, 0.5),
    "documentation": (0.7, 0.0, 0.5),
    "data_import_export": (0.6, -0.1, 0.6),
    "notifications": (0.25, 0.0, 1.1),
    "search": (0.6, -0.2, 0.6),
    "localisation": (0.5, -0.1, 0.7),
    "account_management": (0.6, 0.6, 0.9),
}
_MORE_OFTEN: dict[str, dict[str, float]] = {
    "nps": {},
    "csat": {"support": 4.0, "reliability": 1.6, "performance": 1.4, "billing": 1.8},
    "ces": {"onboarding": 6.0, "documentation": 2.5, "usability": 2.0, "data_import_export": 2.5},
}


@dataclass(frozen=True, slots=True)
class PlannedAnswer:
    """One answer to come: who, when, what."""

    id: UUID
    survey: str  # its kind
    person: Person
    answered_at: datetime
    score: int
    comment: str | None
    channel: str


class Listener(Protocol):
    """Somebody who does something about answers, and so moves those that come after."""

    def lift(self, person: Person, at: datetime) -> float:
        """How much better than otherwise the person's mood is then."""

    def hear(self, answer: PlannedAnswer) -> None:
        """Take note of an answer; they come in the order of time."""


def planned(
    rng: Random, among: Sequence[Person], *, count: int, now: datetime, team: Listener
) -> list[PlannedAnswer]:
    """`count` answers of the last 18 months, oldest first."""
    numbers = {kind: round(count * share) for kind, share in _SHARES.items()}
    numbers["nps"] += count - sum(numbers.values())
    willing = rng.sample(list(among), k=max(1, round(_WILLING * len(among))))
    asked = [
        *(("nps", *each) for each in _relationship(rng, willing, numbers["nps"], now=now)),
        *(("csat", *each) for each in _after_support(rng, willing, numbers["csat"], now=now)),
        *(("ces", *each) for each in _after_onboarding(rng, among, numbers["ces"], now=now)),
    ]
    asked.sort(key=lambda each: (each[2], each[1].facts.external_id, each[0]))
    answers = []
    for kind, person, at in asked:
        answers.append(_answer(rng, kind, person, at, lift=team.lift(person, at), now=now))
        team.hear(answers[-1])
    return sorted(answers, key=lambda answer: (answer.answered_at, answer.id))


def _relationship(
    rng: Random, among: Sequence[Person], count: int, *, now: datetime
) -> list[tuple[Person, datetime]]:
    """Everybody is asked twice a year, each in their own week; some answer."""
    asked = [
        (person, phase + 182 * wave)
        for person in among
        for phase in [rng.randrange(1, 182)]
        for wave in range(3)
        if person.customer.is_there(now - timedelta(days=phase + 182 * wave))
    ]
    chosen = rng.sample(asked, k=min(count, len(asked)))
    return [(person, _at_work(rng, person, days, now=now)) for person, days in chosen]


def _after_support(
    rng: Random, among: Sequence[Person], count: int, *, now: datetime
) -> list[tuple[Person, datetime]]:
    """Tickets come when things go wrong: more in the weeks of trouble."""
    days = range(DAYS)
    weights = [2.2 if _in(day, _OUTAGE_DAYS_AGO) else _season(now, day) for day in days]
    return [
        (person, _at_work(rng, person, day, now=now))
        for day in rng.choices(days, weights=weights, k=count)
        for person in [_somebody_there(rng, among, now - timedelta(days=day))]
    ]


def _somebody_there(rng: Random, among: Sequence[Person], instant: datetime) -> Person:
    """One of those whose company is a customer then; there always is one."""
    return next(
        person
        for person in iter(lambda: rng.choice(among), None)
        if person.customer.is_there(instant)
    )


def _after_onboarding(
    rng: Random, among: Sequence[Person], count: int, *, now: datetime
) -> list[tuple[Person, datetime]]:
    """Once a person, a few weeks after they began to work with it."""
    chosen = rng.sample(list(among), k=min(count, len(among)))
    return [
        (person, _at_work(rng, person, rng.randrange(*_days_ago(person, now)), now=now))
        for person in chosen
    ]


def _days_ago(person: Person, now: datetime) -> tuple[int, int]:
    """The days, counted backwards, on which the company is a customer: from, and before which."""
    left, started = person.customer.leaves_at, person.customer.facts.started_on
    first = 1 if left is None else (now - left).days + 1
    since = DAYS if started is None else (now.date() - started).days
    return first, max(first + 1, min(DAYS, since))


def _season(now: datetime, days_ago: int) -> float:
    """Busy ends of fiscal years, quiet Augusts and turns of the year."""
    month = (now - timedelta(days=days_ago)).month
    return {3: 1.6, 4: 1.5, 8: 0.7, 12: 0.8, 1: 0.8}.get(month, 1.0)


def _in(days_ago: int, period: tuple[int, int]) -> bool:
    return period[0] <= days_ago <= period[1]


def _at_work(rng: Random, person: Person, days_ago: int, *, now: datetime) -> datetime:
    """An instant of that day in the person's working hours, never at a weekend or to come."""
    offset = company.REGIONS[person.customer.region][2]
    local = (now - timedelta(days=days_ago)).replace(
        hour=rng.choices(range(8, 20), weights=(2, 5, 6, 5, 3, 3, 5, 6, 5, 4, 2, 1))[0],
        minute=rng.randrange(60), second=rng.randrange(60), microsecond=0,
    )  # fmt: skip
    while local.weekday() >= 5 or local - timedelta(hours=offset) > now - timedelta(minutes=10):
        local -= timedelta(days=1)
    return local - timedelta(hours=offset)


# --- what they say ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Point:
    theme: str
    is_good: bool


def _answer(
    rng: Random, kind: str, person: Person, at: datetime, *, lift: float, now: datetime
) -> PlannedAnswer:
    days_ago = (now - at).days
    mood = _mood(person, at) + lift
    points = _points(rng, kind, person.customer, mood, days_ago, at, language=person.language)
    score = _score(rng, kind, mood + sum(_weight(point) for point in points))
    comment = None
    if rng.random() < _COMMENTS[kind]:
        comment = _comment(rng, kind, points, score, language=person.language)
    channels = _CHANNELS[kind]
    return PlannedAnswer(
        id=_time_ordered(rng, at),
        survey=kind,
        person=person,
        answered_at=at,
        score=score,
        comment=comment,
        channel=rng.choices(list(channels), weights=list(channels.values()))[0],
    )


def _mood(person: Person, at: datetime) -> float:
    facts = person.customer.facts
    plan, region = _PLAN_MOOD[facts.plan or "team"], _REGION_MOOD[person.customer.region]
    busy = -0.25 if at.month in (3, 4) else 0.0
    return plan + region + person.customer.mood + person.mood + busy


def _points(
    rng: Random,
    kind: str,
    customer: Customer,
    mood: float,
    days_ago: int,
    at: datetime,
    *,
    language: str,
) -> list[_Point]:
    """One or two themes that come to mind, each going well or badly."""
    often = {
        theme: often * _MORE_OFTEN[kind].get(theme, 1.0) * _topical(theme, days_ago, at, customer)
        for theme, (often, _, _) in _THEMES.items()
    }
    first = rng.choices(list(often), weights=list(often.values()))[0]
    chosen = [first]
    if rng.random() < 0.34:
        del often[first]
        chosen.append(rng.choices(list(often), weights=list(often.values()))[0])
    return [
        _Point(theme, rng.random() < _chance(theme, mood, days_ago, at, language))
        for theme in chosen
    ]


def _topical(theme: str, days_ago: int, at: datetime, customer: Customer) -> float:
    """How much more a theme is on people's minds at a time."""
    if theme == EMERGING and days_ago <= EMERGING_DAYS:
        large = customer.facts.plan in ("business", "enterprise")
        return (26.0 if large else 14.0) * (1.3 - days_ago / EMERGING_DAYS)
    if theme == "reliability" and _in(days_ago, _OUTAGE_DAYS_AGO):
        return 9.0
    if theme == "pricing" and _in(days_ago, _PRICE_DAYS_AGO):
        return 5.0 if customer.facts.plan in ("starter", "team") else 2.0
    if theme == "performance" and at.month in (3, 4):
        return 2.5
    if theme == "localisation" and customer.region == "us":
        return 0.2
    return 1.0


def _chance(theme: str, mood: float, days_ago: int, at: datetime, language: str) -> float:
    """How likely a theme is named with praise."""
    odds = _THEMES[theme][1] + 1.5 * mood
    if theme == EMERGING and days_ago <= EMERGING_DAYS:
        odds -= 3.0
    if theme == "reliability" and _in(days_ago, _OUTAGE_DAYS_AGO):
        odds -= 3.0
    if theme == "pricing" and _in(days_ago, _PRICE_DAYS_AGO):
        odds -= 2.0
    if theme == "performance" and at.month in (3, 4):
        odds -= 1.5
    if theme in ("documentation", "localisation") and language == "ja":
        odds += 1.2 - 2.4 * days_ago / DAYS
    return 1 / (1 + math.exp(-odds))


def _weight(point: _Point) -> float:
    strength = _THEMES[point.theme][2]
    return 0.55 * strength if point.is_good else -0.85 * strength


_SCALES: Mapping[str, tuple[float, float, float, int, int]] = {
    # centre, spread of the mood, noise, lowest, highest
    "nps": (8.3, 1.9, 0.9, 0, 10),
    "csat": (4.15, 0.85, 0.5, 1, 5),
    "ces": (5.5, 1.15, 0.7, 1, 7),
}


def _score(rng: Random, kind: str, mood: float) -> int:
    centre, spread, noise, lowest, highest = _SCALES[kind]
    return min(highest, max(lowest, round(centre + spread * mood + rng.gauss(0, noise))))


# --- in words ---------------------------------------------------------------------------


def _comment(rng: Random, kind: str, points: Sequence[_Point], score: int, *, language: str) -> str:
    """One or two sentences of the stock, or a brief remark."""
    stock = sentences_ja if language == "ja" else sentences_en
    if rng.random() < 0.16:
        return rng.choice(stock.GENERAL[third_of(kind, score)])
    said = [_opener(rng, kind, language)]
    for position, point in enumerate(points):
        if position and point.is_good != points[0].is_good:
            said.append(rng.choice(stock.TURNS[0 if point.is_good else 1]))
            said.append("" if language == "ja" else " ")
        elif position:
            said.append("" if language == "ja" else " ")
        good, bad = stock.STOCK[point.theme]
        said.append(rng.choice(good if point.is_good else bad))
    text = "".join(said).replace("{team}", rng.choice(stock.TEAMS))
    text = text.replace("{ticket}", str(rng.randrange(41_000, 62_000)))
    return text[:1].upper() + text[1:]


def _opener(rng: Random, kind: str, language: str) -> str:
    stock = sentences_ja if language == "ja" else sentences_en
    if kind == "csat":
        return rng.choice(stock.SUPPORT_OPENERS)
    return rng.choice(stock.ONBOARDING_OPENERS) if kind == "ces" else ""


def third_of(kind: str, score: int) -> int:
    """0 for a good score, 1 for a middling, 2 for a low one."""
    _, _, _, lowest, highest = _SCALES[kind]
    share = (score - lowest) / (highest - lowest)
    return 0 if share >= 0.85 else 1 if share >= 0.65 else 2


def _time_ordered(rng: Random, at: datetime) -> UUID:
    """A UUID of version 7 whose random part comes from the seed."""
    value = int(at.timestamp() * 1000) << 80 | rng.getrandbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)
