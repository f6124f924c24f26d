"""Whom a campaign asks on which day: each once a period, evenly, and never who is held out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from surveys.campaigns import (
    GRACE_DAYS,
    MAX_PERIOD,
    MIN_PERIOD,
    Moment,
    Person,
    Plan,
    WorkingDays,
    begins_at,
    day_in_period,
    draw,
    free_day,
    is_held_out,
    is_sampled,
    problems_of,
    turn_in_period,
    turn_once,
    turns_after,
)
from surveys.periods import local_day

FIRST = date(2027, 11, 1)  # a leap day lies within the first period of a half year
DAY = timedelta(days=1)
days_of_campaign = st.integers(0, 1_000).map(lambda n: FIRST + n * DAY)
periods = st.integers(MIN_PERIOD, MAX_PERIOD)
keys = st.text(min_size=1, max_size=8)
people = st.builds(Person, keys, st.none() | keys, st.integers(0, 500))


def recurring(days=90, **more):
    return Plan(more.pop("key", "campaign"), "recurring", FIRST, period_days=days, **more)


# --- over and over ------------------------------------------------------------------------


@given(people, periods)
def test_who_is_there_from_the_beginning_is_asked_once_a_period_always_on_the_same_day(who, n):
    plan, last, turns = recurring(n), None, []
    for number in range(4):
        turn = turn_in_period(plan, who, FIRST + number * n * DAY, last_asked=last)
        assert turn.occasion == f"period-{number}"
        assert FIRST + number * n * DAY <= turn.day <= turn.last_day
        last = turn.day
        turns.append(turn.day)
    assert {(b - a).days for a, b in pairwise(turns)} == {n}


@given(people, periods, days_of_campaign)
def test_who_comes_in_the_middle_has_a_day_in_what_is_left_and_not_soon_another(who, n, joined):
    plan = recurring(n)
    first = turn_in_period(plan, who, joined)
    assert joined <= first.day <= first.last_day
    next_begin = first.last_day + DAY
    second = turn_in_period(plan, who, next_begin, last_asked=first.day)
    assert next_begin <= second.day <= second.last_day
    assert (second.day - first.day).days >= n // 2
    assert second.occasion != first.occasion


@given(people, periods, days_of_campaign, st.integers(0, 400))
def test_nobody_is_planned_for_a_day_behind_or_after_the_end(who, n, today, length):
    plan = recurring(n, ends_on=FIRST + length * DAY)
    turn = turn_in_period(plan, who, today)
    if turn is None:
        assert today > plan.ends_on
    else:
        assert today <= turn.day <= turn.last_day <= plan.ends_on


@given(periods, keys)
def test_people_of_one_account_are_spread_over_all_days_of_a_period(n, account):
    plan = recurring(n)
    counts = Counter(
        day_in_period(plan, Person(str(place), account, place)) for place in range(2 * n + 3)
    )
    assert len(counts) == n
    assert max(counts.values()) - min(counts.values()) == 1


@pytest.mark.parametrize("n", [7, 30, 90, 366])
@pytest.mark.parametrize("sizes", [[1], [1, 2, 3, 5, 8, 40]], ids=["single", "accounts"])
def test_days_of_a_period_are_even(n, sizes):
    plan, counts, total = recurring(n), Counter(), 0
    for number in range(20_000 // sum(sizes)):
        for size in sizes:
            for place in range(size):
                who = Person(f"{number}-{size}-{place}", f"{number}-{size}", place)
                counts[day_in_period(plan, who)] += 1
                total += 1
    expected = total / n
    chi_square = sum((counts[day] - expected) ** 2 / expected for day in range(n))
    assert chi_square < chi2.ppf(0.9999, n - 1)


@pytest.mark.parametrize("n", [7, 30, 90, 366])
def test_where_working_days_alone_are_asked_on_each_has_the_same_share(n):
    holidays = frozenset({FIRST + 2 * DAY, FIRST + 16 * DAY})
    working = WorkingDays(holidays)
    plan, counts, total = recurring(n), Counter(), 6_000
    for number in range(total // 3):
        for place in range(3):
            who = Person(f"{number}-{place}", f"{number}", place)
            counts[turn_in_period(plan, who, FIRST, working=working).day] += 1
    opened = [day for day in (FIRST + k * DAY for k in range(n)) if day in working]
    assert set(counts) <= set(opened)
    expected = total / len(opened)
    chi_square = sum((counts[day] - expected) ** 2 / expected for day in opened)
    assert chi_square < chi2.ppf(0.9999, len(opened) - 1)


@given(people, periods, days_of_campaign, st.frozensets(days_of_campaign, max_size=60))
def test_nobody_is_planned_for_a_closed_day_while_there_is_another(who, n, today, holidays):
    plan, working = recurring(n), WorkingDays(holidays)
    turn = turn_in_period(plan, who, today, working=working)
    assert today <= turn.day <= turn.last_day
    left = [day for day in (today + k * DAY for k in range(n)) if day <= turn.last_day]
    if any(day in working for day in left):
        assert turn.day in working


@given(people, st.integers(28, MAX_PERIOD))
def test_from_period_to_period_a_working_day_moves_by_a_few_days_at_most(who, n):
    plan, last, found = recurring(n), None, []
    for number in range(4):
        turn = turn_in_period(plan, who, FIRST + number * n * DAY, last_asked=last,
                              working=WorkingDays())  # fmt: skip
        last = turn.day
        found.append(turn.day)
    assert all(abs((b - a).days - n) <= 4 for a, b in pairwise(found))


@given(st.integers(1, 40), st.integers(0, 8))
def test_no_room_of_a_weekend_is_given_away(a_day, ahead):
    working, planned = WorkingDays(), Counter()
    for _ in range(5 * a_day):
        planned[free_day(planned, a_day, FIRST + ahead * DAY, None, working)] += 1
    assert set(planned.values()) == {a_day}
    assert all(day in working for day in planned)
    assert len(planned) == 5


def test_other_people_change_nobodys_day():
    plan = recurring()
    alone = turn_in_period(plan, Person("aiko", "acme", 0), FIRST)
    for other in range(50):
        turn_in_period(plan, Person(f"other-{other}", "acme", other + 1), FIRST)
    assert turn_in_period(plan, Person("aiko", "acme", 0), FIRST) == alone


def test_two_campaigns_have_days_of_their_own():
    one = [day_in_period(recurring(key="one"), Person(str(n))) for n in range(200)]
    two = [day_in_period(recurring(key="two"), Person(str(n))) for n in range(200)]
    assert sum(a == b for a, b in zip(one, two, strict=True)) < 12  # 2 by chance


# --- samples, and who is held out -----------------------------------------------------------


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_shares_are_as_large_as_they_say(share):
    plan = recurring(sample=share, held_out=share)
    everybody = [Person(str(n)) for n in range(20_000)]
    spread = 4 * (share * (1 - share) / 20_000) ** 0.5
    assert sum(is_sampled(plan, each, "once") for each in everybody) / 20_000 == pytest.approx(
        share, abs=spread
    )
    assert sum(is_held_out(plan, each) for each in everybody) / 20_000 == pytest.approx(
        share, abs=spread
    )


@given(people, st.floats(0, 0.999))
def test_who_is_held_out_is_so_on_every_occasion_and_under_any_larger_share(who, share):
    plan = recurring(held_out=share)
    assert is_held_out(plan, who) == (draw("held_out", plan.key, who.account or who.key) < share)
    if is_held_out(plan, who):
        assert is_held_out(replace(plan, held_out=0.9999), who)


@given(keys, st.lists(keys, min_size=2, max_size=6, unique=True))
def test_people_of_an_account_are_held_out_together(account, names):
    plan = recurring(held_out=0.5)
    assert len({is_held_out(plan, Person(each, account, i)) for i, each in enumerate(names)}) == 1


@given(people)
def test_without_shares_everybody_is_asked(who):
    assert is_sampled(recurring(), who, "once")
    assert not is_held_out(recurring(), who)


def test_the_sample_of_each_period_is_another():
    plan = recurring(sample=0.5)
    both = sum(
        is_sampled(plan, Person(str(n)), "period-0")
        and is_sampled(plan, Person(str(n)), "period-1")
        for n in range(4_000)
    )
    assert both / 4_000 == pytest.approx(0.25, abs=0.03)


def test_draws_stay_as_they_were():
    """Or an upgrade would give everybody another day, and ask who was held out."""
    assert [round(draw("day", "a", each), 12) for each in "xyz"] == [
        0.875789088351,
        0.138557397185,
        0.268250736757,
    ]


# --- once ---------------------------------------------------------------------------------


@given(days_of_campaign, st.none() | st.integers(0, 400))
def test_once_is_on_its_day_or_as_soon_as_possible_and_never_after_the_end(today, length):
    ends_on = None if length is None else FIRST + length * DAY
    turn = turn_once(Plan("a", "once", FIRST, ends_on), today)
    if turn is None:
        assert ends_on is not None
        assert today > ends_on
    else:
        assert turn.day == max(FIRST, today)


# --- after a moment -----------------------------------------------------------------------

offsets = st.integers(0, 60)


@given(st.lists(days_of_campaign, max_size=8), offsets, days_of_campaign, st.integers(1, 200))
def test_moments_are_asked_about_once_each_and_never_late(moments, offset, today, repeat):
    plan = Plan("a", "moment", FIRST, moment=Moment("event", offset, "x"), repeat_days=repeat)
    turns = turns_after(plan, moments, [], today)
    anchors = [date.fromisoformat(turn.occasion) for turn in turns]
    assert set(anchors) <= set(moments)
    assert all((b - a).days >= repeat for a, b in pairwise(anchors))
    for turn, anchor in zip(turns, anchors, strict=True):
        assert turn.day == max(anchor + offset * DAY, today) <= turn.last_day
        assert (today - anchor).days <= offset + GRACE_DAYS
    assert turns_after(plan, moments, anchors, today) == []  # asked again it plans nothing new


def test_a_renewal_that_moves_a_little_is_the_same_and_the_next_one_is_another():
    plan = Plan("a", "moment", FIRST, moment=Moment("renewal", -90), repeat_days=180)
    renewal = FIRST + 200 * DAY
    assert [turn.day for turn in turns_after(plan, [renewal], [], FIRST)] == [renewal - 90 * DAY]
    assert turns_after(plan, [renewal + 20 * DAY], [renewal], FIRST) == []
    assert len(turns_after(plan, [renewal + 365 * DAY], [renewal], FIRST)) == 1


def test_days_that_no_calendar_has_are_passed_over():
    plan = Plan("a", "moment", FIRST, moment=Moment("renewal", -90))
    assert turns_after(plan, [date.min, date.max], [], FIRST)[0].occasion == "9999-12-31"
    on_the_day = replace(plan, moment=Moment("renewal", 0))
    assert turns_after(on_the_day, [date.max, FIRST], [], FIRST)[0].occasion == str(FIRST)


def test_an_end_on_the_last_day_of_all_is_no_end():
    who = Person("aiko", "acme")
    assert turn_in_period(recurring(ends_on=date.max), who, FIRST) == turn_in_period(
        recurring(), who, FIRST
    )


# --- full days, hours ---------------------------------------------------------------------


@given(
    st.dictionaries(days_of_campaign, st.integers(0, 5), max_size=30),
    st.integers(1, 5), days_of_campaign, st.integers(0, 40),
)  # fmt: skip
def test_a_free_day_is_the_first_with_room(planned, a_day, since, length):
    last = since + length * DAY
    found = free_day(planned, a_day, since, last)
    until = found if found is not None else last + DAY
    assert all(planned.get(since + n * DAY, 0) >= a_day for n in range((until - since).days))
    assert found is None or (planned.get(found, 0) < a_day and found <= last)


@given(
    days_of_campaign, st.integers(0, 23),
    st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York", "Europe/Berlin", "Asia/Kolkata",
                     "Pacific/Kiritimati", "Australia/Lord_Howe"]),
)  # fmt: skip
def test_asking_begins_on_the_day_itself_whatever_clocks_do(day, hour, time_zone):
    begins = begins_at(day, hour, time_zone)
    assert local_day(begins, time_zone) == day
    assert abs(begins.astimezone(ZoneInfo(time_zone)).hour - hour) <= 1


def test_a_leap_day_is_a_day_like_any_other():
    begins = begins_at(date(2028, 2, 29), 9, "Asia/Tokyo")
    assert begins == datetime(2028, 2, 29, 0, tzinfo=UTC)
    plan = recurring(366)
    assert {turn_in_period(plan, Person(str(n)), FIRST).day for n in range(4_000)} >= {
        date(2028, 2, 29)
    }


# --- what is wrong with a plan --------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({}, []),
        ({"kind": "weekly"}, ["kind"]),
        ({"period_days": None}, ["period_days"]),
        ({"period_days": 731}, ["period_days"]),
        ({"ends_on": FIRST - DAY}, ["ends_on"]),
        ({"sample": 0.0}, ["sample"]),
        ({"sample": float("nan")}, ["sample"]),
        ({"held_out": 1.0}, ["held_out"]),
        ({"a_day": 0}, ["a_day"]),
        ({"kind": "moment"}, ["moment"]),
        ({"kind": "moment", "moment": Moment("started", -1)}, ["moment_days"]),
        ({"kind": "moment", "moment": Moment("renewal", -90)}, []),
        ({"kind": "moment", "moment": Moment("event", 1, " ")}, ["moment_name"]),
    ],
)
def test_each_wrong_field_is_named(changed, fields):
    assert [field for field, _ in problems_of(replace(recurring(), **changed))] == fields
