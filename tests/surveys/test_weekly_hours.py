"""Hours of a weekday as people write them."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.weekly_hours import hours_a_week, read_hours, written

CLOCKS = st.times().map(lambda at: at.replace(second=0, microsecond=0))


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("9-18", [(9, 18)]),
        (" 9:00 – 12:00 , 13:00—18:00 ", [(9, 12), (13, 18)]),
        ("９：００〜１８：００", [(9, 18)]),
        ("13:00-18:00、9:00-12:00", [(9, 12), (13, 18)]),
        ("9-12 13-18", [(9, 12), (13, 18)]),
        ("22-6", [(22, 6)]),
        ("12-24", [(12, 0)]),
        ("", []),
        ("  ", []),
    ],
)
def test_hours_are_read_as_people_write_them(text, hours):
    assert read_hours(text) == tuple((time(since), time(until)) for since, until in hours)


@pytest.mark.parametrize("text", ["9", "9-", "9-25", "9:60-10", "nine-five", "9-12-13", "24:30-3"])
def test_what_cannot_be_read_is_refused_with_the_piece(text):
    with pytest.raises(ValueError, match=r"expected (hours|a time) such as"):
        read_hours(text)


@given(st.lists(st.tuples(CLOCKS, CLOCKS), max_size=4))
def test_what_is_written_is_read_again(hours):
    assert read_hours(written(hours)) == tuple(sorted(hours))


@given(since=CLOCKS, until=CLOCKS)
def test_a_span_and_its_opposite_make_a_day(since, until):
    both = hours_a_week({0: [(since, until)], 3: [(until, since)]})
    assert both == pytest.approx(48 if since == until else 24)


def test_a_week_without_hours_has_none():
    assert hours_a_week({}) == 0
