"""A rate is kept in every window, and used."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.mail_pace import Pace, take

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
RATES = st.floats(0.01, 50)


@given(RATES, st.lists(st.tuples(st.floats(0, 30), st.integers(0, 200)), max_size=60))
def test_no_window_lets_more_out_than_the_rate_and_what_it_holds(rate, looks):
    now, bucket, sent = NOON, None, []
    for passed, wanted in looks:
        now += timedelta(seconds=passed)
        granted, bucket, again = take(bucket, wanted, rate=rate, now=now)
        assert 0 <= granted <= wanted
        assert again >= now
        sent.append((now, granted))
    for first, (since, _) in enumerate(sent):
        total = 0
        for at, granted in sent[first:]:
            total += granted
            allowed = max(1.0, rate * 3) + rate * (at - since).total_seconds()
            assert total <= allowed + 1e-6


@given(
    st.integers(1, 3_000),
    st.lists(st.tuples(st.floats(0, 90), st.integers(0, 4_000)), max_size=60),
)
def test_no_minute_lets_more_out_than_a_minute_may(per_minute, looks):
    now, bucket, sent = NOON, None, []
    for passed, wanted in looks:
        now += timedelta(seconds=passed)
        granted, bucket, _ = take(bucket, wanted, rate=per_minute / 60, now=now)
        sent.append((now, granted))
    for since, _ in sent:
        within = [n for at, n in sent if since <= at < since + timedelta(minutes=1)]
        assert sum(within) <= per_minute


@given(st.floats(0.05, 50))
def test_who_looks_every_second_uses_the_rate(rate):
    """Up to one mail in three seconds nothing of the next is held, so that each waits for a whole
    second: 4 seconds instead of hardly more than 3 is the most that is lost. Faster rates keep the
    rest and lose the twentieth by which they are lower (`take`)."""
    bucket, total = None, 0
    seconds = int(200 / rate) + 200
    for second in range(seconds):
        now = NOON + timedelta(seconds=second)
        granted, bucket, _ = take(bucket, 10_000, rate=rate, now=now)
        total += granted
    assert total >= 0.75 * rate * (seconds - 1)


@given(RATES)
def test_when_one_more_may_go_it_may(rate):
    _, bucket, again = take(None, 10_000, rate=rate, now=NOON)
    assert take(bucket, 1, rate=rate, now=again + timedelta(milliseconds=1))[0] == 1


def test_a_clock_that_goes_back_gives_nothing():
    _, bucket, _ = take(None, 10_000, rate=1.0, now=NOON)
    granted, bucket, _ = take(bucket, 5, rate=1.0, now=NOON - timedelta(hours=1))
    assert granted == 0
    assert take(bucket, 5, rate=1.0, now=NOON + timedelta(seconds=2))[0] == 1


def test_warming_up_never_goes_beyond_the_rate_or_below_the_first_day():
    pace = Pace(60, date(2026, 12, 1))
    rates = [pace.per_second(date(2026, 11, 1) + timedelta(days=days)) for days in range(400)]
    assert rates == sorted(rates)
    assert (rates[0] * 86_400, rates[-1]) == (pytest.approx(500), 1.0)


def test_a_pace_of_nothing_is_none():
    with pytest.raises(ValueError, match="per_minute"):
        Pace(0)
