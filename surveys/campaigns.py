"""Whom a campaign asks on which day: once, over and over, or after a moment of each person.

Nothing is drawn by chance and nothing has to be kept for it: who is in a sample, who is held out
and which day of a period is somebody's follow from a hash of the campaign and the person, so that
two machines, or one that was ended in the middle, come to the same. Days are local days of the
workspace.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from hashlib import blake2b
from math import gcd, isfinite
from typing import Any

from surveys.periods import zone

KINDS = ("once", "recurring", "moment")
MOMENTS = ("started", "event", "renewal", "touchpoint")
NAMED = frozenset({"event", "touchpoint"})
ONCE = "once"
_PERIOD = "period-"
MIN_PERIOD, MAX_PERIOD = 7, 730
MAX_OFFSET = 365
MAX_A_DAY = 1_000_000
# A moment that was heard of so many days too late is over.
GRACE_DAYS = 14
HELD_OUT, SAMPLED_OUT, DAY_FULL = "held_out", "sampled_out", "day_full"
_DAY = timedelta(days=1)
_GOLDEN = 0.6180339887498949
# So many days in a row may be closed; more are no holidays but a mistake.
_MOST_CLOSED = 60


@dataclass(frozen=True, slots=True)
class Moment:
    """days: after the moment, below 0 before it (of a renewal alone). name: of the event, or the
    key of the touchpoint."""

    kind: str
    days: int
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """When a campaign asks, and what part of its audience.

    key: by which it is told from others. ends_on: its last day. period_days: of a recurring one,
    everyone is asked once in so many days, counted from starts_on. moment, repeat_days: of one
    that follows moments; two of them fewer than repeat_days apart are one, moved. sample: share of
    people who are asked, redrawn for each period. held_out: share that is never asked. a_day: at
    most so many on one day.
    """

    key: str
    kind: str
    starts_on: date
    ends_on: date | None = None
    period_days: int | None = None
    moment: Moment | None = None
    repeat_days: int = 90
    sample: float = 1.0
    held_out: float = 0.0
    a_day: int | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """account: None for somebody without one. place: which of the account's people, from 0."""

    key: str
    account: str | None = None
    place: int = 0


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """Monday to Friday without holidays. In their place None stands for every day."""

    holidays: frozenset[date] = frozenset()

    def __contains__(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.holidays


@dataclass(frozen=True, slots=True, order=True)
class Turn:
    """That somebody is asked once: never twice with the same occasion. last_day: after it this
    occasion is over; None where it is never."""

    day: date
    occasion: str
    last_day: date | None = None


def problems_of(plan: Plan) -> list[tuple[str, str]]:
    """What is wrong with a plan: names of fields and what they should be.

    >>> problems_of(Plan("a", "recurring", date(2026, 1, 1), period_days=3))
    [('period_days', 'expected 7 to 730, got 3')]
    """
    found: list[tuple[str, str]] = []
    if plan.kind not in KINDS:
        found.append(("kind", f"expected one of {', '.join(KINDS)}"))
    if plan.ends_on is not None and plan.ends_on < plan.starts_on:
        found.append(("ends_on", f"expected {plan.starts_on} or later"))
    if plan.kind == "recurring":
        found += _outside("period_days", plan.period_days, MIN_PERIOD, MAX_PERIOD)
    if plan.kind == "moment":
        found += _moment_problems(plan.moment)
        found += _outside("repeat_days", plan.repeat_days, 1, MAX_PERIOD)
    if not (isfinite(plan.sample) and 0 < plan.sample <= 1):
        found.append(("sample", "expected a share above 0, at most 1"))
    if not (isfinite(plan.held_out) and 0 <= plan.held_out < 1):
        found.append(("held_out", "expected a share from 0, below 1"))
    if plan.a_day is not None:
        found += _outside("a_day", plan.a_day, 1, MAX_A_DAY)
    return found


def _outside(field: str, value: int | None, least: int, most: int) -> list[tuple[str, str]]:
    if value is not None and least <= value <= most:
        return []
    return [(field, f"expected {least} to {most}, got {value}")]


def _moment_problems(moment: Moment | None) -> list[tuple[str, str]]:
    if moment is None or moment.kind not in MOMENTS:
        return [("moment", f"expected one of {', '.join(MOMENTS)}")]
    least = -MAX_OFFSET if moment.kind == "renewal" else 0
    found = _outside("moment_days", moment.days, least, MAX_OFFSET)
    if moment.kind in NAMED and not (moment.name or "").strip():
        found.append(("moment_name", "expected a name"))
    return found


# --- the one draw -----------------------------------------------------------------------


def draw(*parts: str) -> float:
    """A number from 0, below 1, that is always the same for the same parts, and even over many.

    >>> draw("a", "b") == draw("a", "b"), draw("ab", "") == draw("a", "b")
    (True, False)
    """
    text = "".join(f"{len(part)}:{part}" for part in parts)
    digest = blake2b(text.encode(), digest_size=8).digest()
    # 53 bits: what a float holds, or the highest draws would round up to 1.
    return (int.from_bytes(digest) >> 11) / 2**53


def is_held_out(plan: Plan, person: Person) -> bool:
    """Whether this campaign never asks somebody, to compare with. People of one account are held
    out together: what they say of each other, and whether the account stays, is one."""
    return draw("held_out", plan.key, person.account or person.key) < plan.held_out


def is_sampled(plan: Plan, person: Person, occasion: str) -> bool:
    """Whether somebody is in the sample of an occasion."""
    return draw("sample", plan.key, person.key, occasion) < plan.sample


def last_day_of(plan: Plan, occasion: str) -> date | None:
    """After which an occasion is over, as the plan says now: its end may have been moved since the
    turn was planned. None where it is never. Raises OverflowError for a moment near the year 9999.

    >>> plan = Plan("a", "recurring", date(2026, 1, 1), date(2026, 5, 1), period_days=90)
    >>> str(last_day_of(plan, "period-0")), str(last_day_of(plan, "period-1"))
    ('2026-03-31', '2026-05-01')
    """
    if plan.kind == "once":
        return plan.ends_on
    if plan.kind == "recurring":
        assert plan.period_days is not None
        periods = int(occasion.removeprefix(_PERIOD)) + 1
        day = plan.starts_on + timedelta(days=periods * plan.period_days - 1)
    else:
        assert plan.moment is not None
        day = date.fromisoformat(occasion) + timedelta(days=plan.moment.days + GRACE_DAYS)
    return day if plan.ends_on is None else min(day, plan.ends_on)


# --- once, and over and over --------------------------------------------------------------


def turn_once(plan: Plan, today: date) -> Turn | None:
    """The day of everybody; from today on where it is behind; None where all is over."""
    day = max(plan.starts_on, today)
    if plan.ends_on is not None and day > plan.ends_on:
        return None
    return Turn(day, ONCE, plan.ends_on)


def turn_in_period(
    plan: Plan,
    person: Person,
    today: date,
    *,
    last_asked: date | None = None,
    working: WorkingDays | None = None,
) -> Turn | None:
    """When somebody is asked in the period that today belongs to; None outside the campaign.

    last_asked: by this campaign, in an earlier period. working: the days on which anybody is asked.

    1. Each account has a day of the period by its hash, and its people follow in strides that meet
       every day before one comes again: days of one account differ by at most one person.
    2. It is the same day of each period, so that exactly a period lies between two askings.
    3. Where only working days are asked on, a person's place in the period is the same part of its
       working days: each has the same share, none has that of a weekend before it, and from one
       period to the next a day moves by as much as weekends and holidays lie elsewhere.
    4. Who came when their day was behind has one in what is left of the period; then half a
       period lies before the next at least.

    >>> plan = Plan("a", "recurring", date(2026, 1, 1), period_days=90)
    >>> turn = turn_in_period(plan, Person("aiko", "acme"), date(2026, 1, 1))
    >>> again = turn_in_period(plan, Person("aiko", "acme"), date(2026, 4, 1))
    >>> (again.day - turn.day).days, turn.occasion, str(turn.last_day)
    (90, 'period-0', '2026-03-31')
    """
    assert plan.period_days is not None
    days = plan.period_days
    today = max(today, plan.starts_on)
    number = (today - plan.starts_on).days // days
    begin = plan.starts_on + timedelta(days=number * days)
    occasion = f"{_PERIOD}{number}"
    last_day = last_day_of(plan, occasion)
    assert last_day is not None
    least = today
    if last_asked is not None:
        least = max(least, last_asked + timedelta(days=days // 2))
    if least > last_day:
        return None
    if working is None:
        day = begin + timedelta(days=day_in_period(plan, person))
    else:
        of_period = open_days(begin, begin + timedelta(days=days - 1), working)
        day = _at(of_period, _place_in_period(plan, person) / days)
    if not least <= day <= last_day:
        day = _at(open_days(least, last_day, working), draw("rest", plan.key, person.key))
    return Turn(day, occasion, last_day)


@lru_cache(maxsize=256)
def open_days(since: date, last: date, working: WorkingDays | None) -> Sequence[date]:
    """The days on which people are asked, the last one included; all of them where none is one.

    >>> [day.day for day in open_days(date(2026, 5, 1), date(2026, 5, 5), WorkingDays())]
    [1, 4, 5]
    """
    every = [since + timedelta(days=n) for n in range((last - since).days + 1)]
    return [day for day in every if working is None or day in working] or every


def _at(days: Sequence[date], part: float) -> date:
    """The day at a part, from 0, below 1, of some days."""
    return days[min(int(part * len(days)), len(days) - 1)]


def first_open(day: date, working: WorkingDays | None) -> date:
    """This day, or the next on which people are asked; the day itself where none comes.

    >>> str(first_open(date(2026, 5, 2), WorkingDays()))
    '2026-05-04'
    """
    for ahead in range(_MOST_CLOSED):
        try:
            then = day + timedelta(days=ahead)
        except OverflowError:
            break
        if working is None or then in working:
            return then
    return day


def day_in_period(plan: Plan, person: Person) -> int:
    """Which day of each period is somebody's, from 0."""
    assert plan.period_days is not None
    first = int(draw("day", plan.key, person.account or person.key) * plan.period_days)
    return (first + person.place * _stride(plan.period_days)) % plan.period_days


def _place_in_period(plan: Plan, person: Person) -> float:
    """The same to a part of a day, as days of the period are fewer where some are closed."""
    assert plan.period_days is not None
    first = draw("day", plan.key, person.account or person.key) * plan.period_days
    return day_in_period(plan, person) + first % 1


def _stride(days: int) -> int:
    """About the golden part of a period, without a common divisor with it.

    >>> _stride(90), gcd(_stride(90), 90)
    (53, 1)
    """
    wanted = round(days * _GOLDEN)
    return next(
        stride
        for distance in range(days)
        for stride in (wanted - distance, wanted + distance)
        if stride > 0 and gcd(stride, days) == 1
    )


# --- after a moment -----------------------------------------------------------------------


def turns_after(
    plan: Plan, moments: Iterable[date], known: Collection[date], today: date
) -> list[Turn]:
    """What is to be planned for somebody because of the days of their moments.

    known: moments that have their turn already. One that is less than repeat_days from such, or
    from an earlier one of these, is the same. Before the start of the campaign, after its end and
    more than GRACE_DAYS late nobody is asked.

    >>> plan = Plan("a", "moment", date(2026, 1, 1), moment=Moment("started", 7))
    >>> [str(turn.day) for turn in turns_after(plan, [date(2026, 2, 1)], [], date(2026, 2, 2))]
    ['2026-02-08']
    """
    assert plan.moment is not None
    taken, found = list(known), []
    for anchor in sorted(set(moments)):
        try:
            day = anchor + timedelta(days=plan.moment.days)
            last_day = last_day_of(plan, anchor.isoformat())
        except OverflowError:  # of the year 1 or 9999
            continue
        late = (today - day).days
        over = plan.ends_on is not None and max(day, today) > plan.ends_on
        if day < plan.starts_on or late > GRACE_DAYS or over:
            continue
        if any(abs((anchor - each).days) < plan.repeat_days for each in taken):
            continue
        taken.append(anchor)
        found.append(Turn(max(day, today), anchor.isoformat(), last_day))
    return found


# --- days that are full, hours ------------------------------------------------------------


def free_day(
    planned: Mapping[date, int],
    a_day: int | None,
    since: date,
    last_day: date | None,
    working: WorkingDays | None = None,
) -> date | None:
    """The first day from `since` on that has room for one more; None where none has. working: the
    days on which anybody is asked: what a weekend had room for would all come on Monday.

    >>> str(free_day({date(2026, 1, 2): 5}, 5, date(2026, 1, 2), None))
    '2026-01-03'
    """
    day = first_open(since, working)
    while last_day is None or day <= last_day:
        if a_day is None or planned.get(day, 0) < a_day:
            return day
        day = first_open(day + _DAY, working)
    return None


def begins_at(day: date, hour: int, time_zone: str) -> datetime:
    """When asking begins on a local day, in UTC. An hour that clocks leave out is the one after.

    >>> begins_at(date(2026, 3, 8), 2, "America/New_York").isoformat()
    '2026-03-08T07:00:00+00:00'
    """
    return datetime.combine(day, time(hour), tzinfo=zone(time_zone)).astimezone(UTC)


def plan_values(plan: Plan) -> dict[str, Any]:
    """A plan as columns of a table and fields of an API: its moment is three of them."""
    moment = plan.moment if plan.kind == "moment" else None
    return {
        "kind": plan.kind, "starts_on": plan.starts_on, "ends_on": plan.ends_on,
        "period_days": plan.period_days if plan.kind == "recurring" else None,
        "moment": moment.kind if moment else None,
        "moment_days": moment.days if moment else None,
        "moment_name": moment.name if moment and moment.kind in NAMED else None,
        "repeat_days": plan.repeat_days, "sample": plan.sample, "held_out": plan.held_out,
        "a_day": plan.a_day,
    }  # fmt: skip
