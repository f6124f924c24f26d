"""Weeks of work against what a person has time for."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.workload import Task, weekly_load

MONDAY = date(2026, 12, 21)
TASKS = st.lists(
    st.builds(
        Task,
        st.sampled_from([None, "ann", "bob", "kei"]),
        st.dates(date(2026, 11, 1), date(2027, 2, 1)),
        st.integers(0, 90),
    ),
    max_size=20,
)


def test_weeks_run_over_the_end_of_the_year_and_empty_ones_are_there():
    tasks = [Task("ann", date(2027, 1, 4), 50), Task("ann", MONDAY, 200)]
    found = weekly_load(tasks, {"ann": 120}, today=MONDAY)
    assert [(each.week, each.planned, each.over) for each in found] == [
        ("2026-W52", 200, 80),
        ("2026-W53", 0, 0),
        ("2027-W01", 50, 0),
    ]


def test_what_is_late_is_work_of_this_week():
    tasks = [Task("ann", MONDAY - timedelta(days=40), 30), Task("ann", MONDAY, 10)]
    (found,) = weekly_load(tasks, {}, today=MONDAY + timedelta(days=3))
    assert (found.planned, found.capacity, found.over) == (40, None, None)


def test_a_holiday_leaves_no_room_and_nobody_stands_last():
    tasks = [Task(None, MONDAY, 5), Task("bob", MONDAY, 10)]
    away = {("bob", MONDAY): 0}
    found = weekly_load(tasks, {"bob": 300, "ann": 60}, today=MONDAY, exceptions=away)
    assert [(each.csm, each.planned, each.capacity, each.over) for each in found] == [
        ("ann", 0, 60, 0),
        ("bob", 10, 0, 10),
        (None, 5, None, None),
    ]


@given(TASKS, st.randoms())
def test_every_minute_is_in_one_week_whatever_the_order(tasks, random):
    found = weekly_load(tasks, {"ann": 60}, today=MONDAY)
    assert sum(each.planned for each in found) == sum(task.minutes for task in tasks)
    assert len({(each.csm, each.week) for each in found}) == len(found)
    assert all(each.monday >= MONDAY and each.monday.weekday() == 0 for each in found)
    random.shuffle(tasks)
    assert weekly_load(tasks, {"ann": 60}, today=MONDAY) == found


def test_wrong_numbers_are_refused():
    with pytest.raises(ValueError, match="minutes"):
        weekly_load([Task("ann", MONDAY, -1)], {}, today=MONDAY)
    with pytest.raises(ValueError, match="Monday"):
        weekly_load([], {}, today=MONDAY, exceptions={("ann", MONDAY + timedelta(days=1)): 0})
