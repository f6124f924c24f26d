"""Who may be asked when: limits by days, hours of the recipient, and the next possible day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.fatigue import (
    MAX_DAYS,
    WAITS,
    History,
    Limits,
    may_be_asked,
    reachable_hours,
)
from surveys.periods import day_bounds, local_day
from surveys.working_time import public_holidays

FIRST = date(2026, 4, 20)
JAPAN = frozenset(public_holidays("JP", None, range(2025, 2030)))
ZONES = ("UTC", "Asia/Tokyo", "America/New_York", "Pacific/Kiritimati", "Europe/Berlin")

days = st.integers(-80, 80).map(lambda n: FIRST + timedelta(days=n))
moments = st.integers(0, 100 * 24 * 60).map(
    lambda minutes: datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
limits = st.builds(
    Limits,
    person_days=st.none() | st.integers(1, 60),
    account_a_day=st.none() | st.integers(1, 3),
)
histories = st.builds(
    History,
    person=st.lists(days, max_size=6),
    account=st.dictionaries(days, st.integers(0, 4), max_size=20),
)
windows = st.tuples(st.integers(0, 23), st.integers(0, 23)).filter(lambda pair: pair[0] < pair[1])
calendars = st.none() | st.builds(
    lambda zone, window, working: reachable_hours(
        zone, time(window[0]), time(window[1]), working_days_only=working, holidays=JAPAN
    ),
    st.sampled_from(ZONES), windows, st.booleans(),
)  # fmt: skip
zones = st.sampled_from(ZONES)


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def day_is_free(day: date, history: History, rules: Limits) -> bool:
    """Said once more, in the plainest way."""
    if rules.person_days and any(
        abs((day - asked).days) < rules.person_days for asked in history.person
    ):
        return False
    return not rules.account_a_day or history.account.get(day, 0) < rules.account_a_day


@given(moments, histories, limits, zones, calendars)
def test_at_the_next_moment_the_person_may_be_asked(wanted, history, rules, zone, hours):
    found = may_be_asked(wanted, history, rules, time_zone=zone, hours=hours)
    assert found.next_at is not None
    assert found.next_at >= wanted
    then = may_be_asked(found.next_at, history, rules, time_zone=zone, hours=hours)
    assert (then.reason, then.next_at, then.next_day) == (None, found.next_at, found.next_day)
    assert found.next_day == local_day(found.next_at, zone)


@given(moments, histories, limits, zones, calendars)
def test_nothing_earlier_is_possible(wanted, history, rules, zone, hours):
    """Against a walk over every hour until then."""
    found = may_be_asked(wanted, history, rules, time_zone=zone, hours=hours)
    hour = wanted
    while hour < found.next_at:
        local = hour.astimezone(ZoneInfo(hours.time_zone)) if hours else None
        open_then = local is None or (
            any(start <= local.time() < end for start, end in hours.hours.get(local.weekday(), ()))
            and local.date() not in hours.holidays
        )
        assert not (open_then and day_is_free(local_day(hour, zone), history, rules)), hour
        hour += timedelta(hours=1)


@given(moments, histories, limits, zones, calendars)
def test_may_be_asked_now_means_that_every_rule_allows_it(wanted, history, rules, zone, hours):
    found = may_be_asked(wanted, history, rules, time_zone=zone, hours=hours)
    assert (found.reason is None) == (found.next_at == wanted)
    if found.can_wait:
        assert day_is_free(found.next_day, history, rules)
    if found.reason in WAITS:
        assert hours is not None


@given(moments, histories, limits, zones, calendars, days)
def test_one_asking_more_never_brings_the_day_nearer(wanted, history, rules, zone, hours, more):
    before = may_be_asked(wanted, history, rules, time_zone=zone, hours=hours)
    fuller = History([*history.person, more], history.account)
    after = may_be_asked(wanted, fuller, rules, time_zone=zone, hours=hours)
    assert after.next_at >= before.next_at


@given(moments, histories, limits, zones, calendars)
def test_whoever_is_barred_has_no_next_day(wanted, history, rules, zone, hours):
    barred = History(history.person, history.account, "unsubscribed")
    found = may_be_asked(wanted, barred, rules, time_zone=zone, hours=hours)
    assert (found.reason, found.next_at, found.next_day) == ("unsubscribed", None, None)
    assert not found.can_wait


@given(st.lists(moments, max_size=12), limits.filter(lambda rule: rule.person_days), zones)
def test_askings_that_were_let_through_keep_their_distance(wanted, rules, zone):
    asked: list[date] = []
    for moment in wanted:
        found = may_be_asked(moment, History(asked), Limits(rules.person_days), time_zone=zone)
        if found.reason is None:
            asked.append(found.next_day)
    asked.sort()
    gaps = [(later - earlier).days for earlier, later in pairwise(asked)]
    assert all(gap >= rules.person_days for gap in gaps)


# --- cases ----------------------------------------------------------------------------------

TOKYO = reachable_hours("Asia/Tokyo", time(9), time(18), working_days_only=True, holidays=JAPAN)
BERLIN = reachable_hours("Europe/Berlin", time(8), time(20))


@pytest.mark.parametrize(
    ("wanted", "hours", "reason", "then"),
    [
        # Golden Week 2026: holidays from Sunday 3 to Wednesday 6 May
        (at("2026-05-01T17:00", "Asia/Tokyo"), TOKYO, None, "2026-05-01T17:00"),
        (at("2026-05-01T18:00", "Asia/Tokyo"), TOKYO, "quiet_hours", "2026-05-07T09:00"),
        (at("2026-05-04T10:00", "Asia/Tokyo"), TOKYO, "day_off", "2026-05-07T09:00"),
        (at("2026-05-02T10:00", "Asia/Tokyo"), TOKYO, "day_off", "2026-05-07T09:00"),
        (at("2026-05-07T08:59", "Asia/Tokyo"), TOKYO, "quiet_hours", "2026-05-07T09:00"),
        # every day, but not at night; on the day that clocks go forward there
        (at("2026-03-28T21:00", "Europe/Berlin"), BERLIN, "quiet_hours", "2026-03-29T08:00"),
        (at("2026-03-29T08:00", "Europe/Berlin"), BERLIN, None, "2026-03-29T08:00"),
    ],
)  # fmt: skip
def test_hours_are_those_of_the_recipient(wanted, hours, reason, then):
    found = may_be_asked(wanted, History(), Limits(), time_zone="America/New_York", hours=hours)
    assert (found.reason, found.next_at) == (reason, at(then, hours.time_zone))


def test_days_are_those_of_the_workspace():
    asked = History([date(2026, 11, 1)])
    late = datetime(2026, 11, 7, 16, tzinfo=UTC)  # the 8th in Tokyo
    verdicts = [
        may_be_asked(late, asked, Limits(7), time_zone=zone).reason
        for zone in ("Asia/Tokyo", "UTC")
    ]
    assert verdicts == [None, "asked_lately"]


def test_what_is_planned_ahead_counts_as_well_as_what_was():
    planned = History([date(2026, 11, 20)])
    found = may_be_asked(at("2026-11-10T12:00"), planned, Limits(14), time_zone="UTC")
    assert (found.reason, found.next_day) == ("asked_lately", date(2026, 12, 4))


def test_who_waits_for_the_morning_is_judged_by_the_morning():
    """At 22:00 there is room for the account today; tomorrow, when the mail would go, there is
    none."""
    hours = reachable_hours("UTC", time(9), time(18))
    full = History(account={date(2026, 11, 11): 2})
    found = may_be_asked(
        at("2026-11-10T22:00"), full, Limits(None, 2), time_zone="UTC", hours=hours
    )
    assert (found.reason, found.next_at) == ("account_full", at("2026-11-12T09:00"))


def test_a_person_asked_lately_is_said_so_before_the_account():
    both = History([date(2026, 11, 9)], {date(2026, 11, 10): 1})
    found = may_be_asked(at("2026-11-10T12:00"), both, Limits(3, 1), time_zone="UTC")
    assert (found.reason, found.next_day) == ("asked_lately", date(2026, 11, 12))


def test_where_every_day_is_off_no_day_is_promised():
    off = frozenset(date(2026, 1, 1) + timedelta(days=number) for number in range(366 * 34))
    never = reachable_hours("UTC", time(9), time(18), working_days_only=True, holidays=off)
    found = may_be_asked(at("2026-11-10T12:00"), History(), Limits(), time_zone="UTC", hours=never)
    assert (found.reason, found.next_at, found.next_day) == ("day_off", None, None)


def test_a_day_that_is_promised_lies_within_the_horizon():
    full = {date(2026, 1, 1) + timedelta(days=number): 1 for number in range(4 * MAX_DAYS)}
    found = may_be_asked(
        at("2026-11-10T12:00"), History(account=full), Limits(None, 1), time_zone="UTC"
    )
    assert (found.reason, found.next_day) == ("account_full", None)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Limits(person_days=0), "person_days"),
        (lambda: Limits(person_days=MAX_DAYS + 1), "person_days"),
        (lambda: Limits(account_a_day=0), "account_a_day"),
        (lambda: reachable_hours("UTC", time(18), time(9)), "until"),
        (lambda: reachable_hours("Nowhere", time(9), time(18)), "time_zone"),
        (lambda: may_be_asked(datetime(2026, 1, 1), History(), Limits(), time_zone="UTC"), "wanted"),  # noqa: DTZ001, E501
        (lambda: may_be_asked(at("2026-01-01T00:00"), History(), Limits(), time_zone="X"), "time_zone"),  # noqa: E501
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(make, field):
    with pytest.raises(ValueError, match=field):
        make()


def test_a_day_begins_at_its_first_moment():
    """Who may be asked again tomorrow may be from midnight on, where hours do not matter."""
    found = may_be_asked(
        at("2026-11-10T12:00"), History([date(2026, 11, 10)]), Limits(1), time_zone="Asia/Tokyo"
    )
    assert found.next_at == day_bounds(date(2026, 11, 11), "Asia/Tokyo")[0]
