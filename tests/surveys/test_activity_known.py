"""What accounts did, as it was known at a past instant."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from surveys.activity_known import ActivityKnown, LedgerEvent, known_until
from surveys.health_months import months_of
from surveys.health_observations import Observation, rows_of

START = datetime(2026, 3, 1, tzinfo=UTC)
PERIODS = {"days": 28, "periods_before": 3}


def at(days: float) -> datetime:
    return START + timedelta(days=days)


def an_event(id, type_="usage", *, day=0.0, came=None, received=0, supersedes=None, **more):
    values = {"account": 0, "contact": -1, "count": 1} | more
    received_at = at(day if came is None else came)
    return LedgerEvent(
        id=id, type=type_, at=at(day), received=received, received_at=received_at,
        supersedes=supersedes, **values,
    )  # fmt: skip


def test_what_came_in_later_was_not_known_then():
    known = ActivityKnown.of(
        [an_event("a", day=1, count=3), an_event("b", day=2, came=20, count=10)], accounts=1
    )
    assert known.uses(at(10), **PERIODS).now.tolist() == [3]
    assert known.uses(at(20), **PERIODS).now.tolist() == [13]
    assert known.uses(at(1) - timedelta(hours=2), **PERIODS).now.tolist() == [0]


def test_a_corrected_event_counts_until_its_correction_came_in():
    events = [
        an_event("a", day=1, count=3, received=1),
        an_event("b", day=1, came=10, count=7, received=2, supersedes="a"),
        an_event("c", day=1, came=15, count=9, received=3, supersedes="a"),
    ]
    assert known_until(events) == [at(10), at(15), None]
    known = ActivityKnown.of(events, accounts=1)
    seen = [int(known.uses(at(day), **PERIODS).now[0]) for day in (9, 10, 14, 15)]
    assert seen == [3, 7, 7, 9]


def test_a_correction_that_came_first_leaves_nothing_of_what_it_corrects():
    events = [
        an_event("b", day=1, came=2, count=7, received=1, supersedes="a"),
        an_event("a", day=1, came=5, count=3, received=2),
    ]
    known = ActivityKnown.of(events, accounts=1)
    assert [int(known.uses(at(day), **PERIODS).now[0]) for day in (3, 6)] == [7, 7]


def test_people_count_once_a_period_and_log_ins_tell_their_hour():
    events = [
        an_event("a", "login", day=100.3, contact=4),
        an_event("b", day=101, contact=4),
        an_event("c", day=101, contact=5, account=1),
        an_event("d", "login", day=60, contact=4),
        an_event("e", "login", day=61, contact=6),
        an_event("f", "milestone", day=30, account=1),
    ]
    known = ActivityKnown.of(events, accounts=2)
    people = known.people(at(110), **PERIODS)
    assert (people.now.tolist(), people.before.tolist()) == ([1, 1], [2, 0])
    assert known.last_login_hours(at(110)) == [at(100) + timedelta(hours=7), None]
    assert known.last_login_hours(at(99))[0] == at(61)
    assert known.reached(at(29)).tolist() == [False, False]
    assert known.reached(at(30)).tolist() == [False, True]


@given(
    st.lists(
        st.tuples(st.floats(0, 200), st.floats(0, 50), st.integers(1, 9), st.integers(0, 2)),
        max_size=30,
    ),
    st.floats(0, 250),
)
def test_sums_are_those_of_counting_one_by_one(rows, day):
    events = [
        an_event(str(n), day=when, came=when + late, count=times, account=account, received=n)
        for n, (when, late, times, account) in enumerate(rows)
    ]
    found = ActivityKnown.of(events, accounts=3).uses(at(day), **PERIODS)
    hour = timedelta(hours=1)
    end = at(day).replace(minute=0, second=0, microsecond=0) + hour
    for account in range(3):
        own = [e for e in events if e.account == account and e.at <= at(day) >= e.received_at]
        ages = [(end - e.at.replace(minute=0, second=0, microsecond=0) - hour, e) for e in own]
        period = timedelta(days=28)
        assert found.now[account] == sum(e.count for age, e in ages if age < period)
        assert found.before[account] == sum(
            e.count for age, e in ages if period <= age < 4 * period
        )


def test_months_say_what_was_judged():
    seen = [
        Observation(account, date(2026, month, 1), score, {}, left, None, None)
        for account, month, score, left in (
            ("a", 1, 20.0, True), ("b", 1, 60.0, False), ("c", 1, 80.0, False),
            ("d", 1, None, True), ("b", 2, None, False),
        )
    ]  # fmt: skip
    rows, _ = rows_of(seen, until=date(2027, 1, 1))
    first, second = months_of(rows)
    assert (first.month, first.n, first.scored, first.left) == (date(2026, 1, 1), 4, 3, 1)
    assert (first.of_left, first.of_others) == (20.0, 70.0)
    assert (second.n, second.scored, second.of_left, second.of_others) == (1, 0, None, None)
    assert months_of(rows.where(np.zeros(len(rows), bool))) == ()
