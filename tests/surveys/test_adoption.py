"""Set-up, time to value, active people."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from surveys.adoption import (
    activity,
    median_time,
    set_up_in_time,
    stickiness,
    usage_of,
    waits_of,
)

START = datetime(2026, 10, 1, tzinfo=UTC)
DAY = timedelta(days=1)


# --- set up ------------------------------------------------------------------------------------


def test_set_up_is_who_reached_it_by_the_last_instant_or_before_the_start():
    last = START + 31 * DAY
    assert set_up_in_time(START, [START - DAY], days=31)
    assert set_up_in_time(START, [last + DAY, last], days=31)
    assert not set_up_in_time(START, [last + timedelta(microseconds=1)], days=31)
    assert not set_up_in_time(START, [], days=31)


# --- time to value -----------------------------------------------------------------------------


def test_by_hand_the_median_allows_for_who_is_not_there_yet():
    """2, 4, 4+, 6, 9+: left are 4/5, 3/5, and at 6 3/5 · 1/2 = .3, so the median is 6."""
    found = median_of([2, 4, 4, 6, 9], [True, True, False, True, False])
    assert (found.value, found.n) == (6, 5)


def test_the_median_is_open_while_half_are_not_there():
    found = median_of([3, 9, 9, 9], [True, False, False, False])
    assert (found.value, found.high) == (None, None)
    assert median_of([9, 9], [False, False]).value is None
    assert median_of([], []).n == 0


def median_of(days, reached):
    return median_time(waits_of(zip(days, reached, strict=True)))


@st.composite
def waits(draw):
    size = draw(st.integers(1, 40))
    days = draw(st.lists(st.integers(0, 30), min_size=size, max_size=size))
    return days, draw(st.lists(st.booleans(), min_size=size, max_size=size))


@given(waits())
def test_median_and_limits_are_those_of_others(drawn):
    days, reached = drawn
    found = median_of(days, reached)
    if not any(reached):
        assert (found.value, found.low, found.high) == (None, None, None)
        return
    # statsmodels takes the first time at which less than half is left: a median between two.
    curve = SurvfuncRight(np.array(days, float), np.array(reached, float))
    left = curve.surv_times[curve.surv_prob <= 0.5 + 1e-12]
    assert found.value == (left[0] if len(left) else None)
    if found.low is not None and found.value is not None:
        assert found.low <= found.value
    if found.high is not None:
        assert found.value <= found.high
    # Time 0 is in no limit of theirs, and a curve at 0 has none.
    if min(days) > 0 and found.value is not None and curve.surv_prob[-1] > 0:
        low, high = curve.quantile_ci(0.5, method="cloglog")
        if found.low is not None and np.isfinite(low):
            assert found.low == pytest.approx(low)
        if found.high is not None and np.isfinite(high):
            assert found.high == pytest.approx(high)


def test_the_median_is_covered_when_a_third_are_not_there_yet():
    rng = np.random.default_rng(20261103)
    hits = []
    for _ in range(600):
        days, limit = rng.exponential(20, size=60), rng.uniform(10, 60, size=60)
        found = median_of(np.minimum(days, limit), days <= limit)
        high = np.inf if found.high is None else found.high
        hits.append(found.low <= 20 * np.log(2) <= high)
    assert np.mean(hits) >= 0.93


@pytest.mark.parametrize("day", [-1, np.nan])
def test_impossible_waits_are_refused(day):
    with pytest.raises(ValueError, match="days"):
        median_of([day], [True])


# --- active people -----------------------------------------------------------------------------


def test_by_hand_active_people():
    """Ann on 31 days, Bo on one in the last week, Cy on the 3rd: 33 days in all.

    Daily 33 / 31, weekly 2, monthly 3, stickiness 33 / 31 / 3.
    """
    found = activity(usage_of([2**31 - 1, 1 << 28, 1 << 2, 0], days=31))
    assert (found.daily, found.weekly, found.monthly) == (33 / 31, 2, 3)
    assert found.stickiness.value == pytest.approx(33 / 31 / 3)
    assert (found.stickiness.low, found.stickiness.high) == (0, 1)


def test_the_last_seven_days_of_a_shorter_period_are_all_of_it():
    assert usage_of([0b1, 0b100], days=3).last_week == 2
    assert usage_of([0b1, 0b10], days=8).last_week == 1


def test_nobody_active_has_no_stickiness():
    found = activity(usage_of([], days=31))
    assert (found.daily, found.weekly, found.monthly) == (0, 0, 0)
    assert (found.stickiness.value, found.stickiness.low) == (None, None)


@given(st.lists(st.sets(st.integers(1, 31), min_size=1), min_size=2, max_size=20))
def test_activity_is_what_is_counted_from_sets_of_people(people):
    """The same from day sets, from sums, and from the shares of each person."""
    found = activity(usage_of((sum(1 << day - 1 for day in days) for days in people), days=31))
    came = {day: {n for n, days in enumerate(people) if day in days} for day in range(1, 32)}
    assert found.daily == pytest.approx(np.mean([len(who) for who in came.values()]))
    assert found.weekly == len(set().union(*(came[day] for day in range(25, 32))))
    shares = [len(days) / 31 for days in people]
    sums = [sum(len(days) ** power for days in people) for power in (0, 1, 2)]
    assert found.stickiness == stickiness(*sums, days=31)
    assert found.stickiness.value == pytest.approx(np.mean(shares))
    assert found.stickiness.value == pytest.approx(found.daily / found.monthly)
    assert found.stickiness.low <= found.stickiness.value + 1e-12
    assert found.stickiness.value <= found.stickiness.high + 1e-12


@pytest.mark.parametrize(("masks", "days"), [([8], 3), ([-1], 3), ([], 0)])
def test_days_outside_of_the_period_are_refused(masks, days):
    with pytest.raises(ValueError, match="days"):
        usage_of(masks, days=days)


@pytest.mark.parametrize("sums", [(2, 1, 1), (1, 11, 121), (2, 8, 10)])
def test_impossible_sums_are_refused(sums):
    with pytest.raises(ValueError, match="person_days"):
        stickiness(*sums, days=10)
