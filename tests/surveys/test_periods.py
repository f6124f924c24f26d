from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.periods import INTERVALS, day_bounds, local_day, month_range, period_end, period_start

# Whole and odd offsets, both hemispheres, clocks that change at midnight (Cairo, Beirut,
# Havana, Santiago), and a date line that moved (Apia).
ZONES = [
    *("UTC", "Asia/Tokyo", "America/New_York", "Europe/Berlin", "Pacific/Chatham"),
    *("Asia/Kolkata", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Beirut", "America/Havana"),
    *("America/Santiago", "Pacific/Apia", "Pacific/Kiritimati"),
]
DAYS = st.dates(date(2011, 12, 1), date(2040, 1, 1))


@given(st.sampled_from(ZONES), DAYS)
def test_a_day_holds_exactly_the_instants_that_fall_on_it(time_zone, day):
    start, end = day_bounds(day, time_zone)
    just_before = timedelta(microseconds=1)
    if start == end:
        assert (time_zone, day) == ("Pacific/Apia", date(2011, 12, 30))
        return
    assert local_day(start, time_zone) == day == local_day(end - just_before, time_zone)
    assert local_day(start - just_before, time_zone) < day < local_day(end, time_zone)


@given(st.sampled_from(ZONES), DAYS)
def test_days_leave_no_gap_between_them(time_zone, day):
    assert day_bounds(day, time_zone)[1] == day_bounds(day + timedelta(days=1), time_zone)[0]


@pytest.mark.parametrize(
    ("time_zone", "day", "hours"),
    [
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Africa/Cairo", date(2026, 4, 24), 23),
        ("Asia/Tokyo", date(2026, 3, 29), 24),
        ("Pacific/Apia", date(2011, 12, 30), 0),
    ],
)
def test_a_day_on_which_clocks_change_is_as_long_as_it_is(time_zone, day, hours):
    start, end = day_bounds(day, time_zone)
    assert (end - start) / timedelta(hours=1) == hours


def test_the_last_millisecond_belongs_to_the_old_day():
    last = datetime(2026, 10, 31, 14, 59, 59, 999_000, tzinfo=UTC)
    assert local_day(last, "Asia/Tokyo") == date(2026, 10, 31)
    assert local_day(last + timedelta(milliseconds=1), "Asia/Tokyo") == date(2026, 11, 1)


@given(st.sampled_from(INTERVALS), DAYS)
def test_periods_tile_the_calendar(interval, day):
    start, end = period_start(day, interval), period_end(day, interval)
    assert start <= day < end
    assert period_start(start, interval) == start == period_start(end - timedelta(1), interval)
    assert period_start(end, interval) == end
    longest = {"day": 1, "week": 7, "month": 31, "quarter": 92}[interval]
    assert (end - start).days <= longest


@pytest.mark.parametrize("time_zone", ["", "Mars/Olympus", "../etc/passwd", "Asia", "a\x00b", None])
def test_an_unknown_time_zone_is_an_error(time_zone):
    with pytest.raises(ValueError, match="time_zone"):
        day_bounds(date(2026, 1, 1), time_zone)


def test_a_time_without_offset_is_an_error():
    with pytest.raises(ValueError, match="offset"):
        local_day(datetime(2026, 1, 1), "Asia/Tokyo")  # noqa: DTZ001


@pytest.mark.parametrize("interval", ["year", "", "Day"])
def test_an_unknown_interval_is_an_error(interval):
    with pytest.raises(ValueError, match="interval"):
        period_start(date(2026, 1, 1), interval)


def test_a_month_is_half_open():
    assert month_range("2024-02") == (date(2024, 2, 1), date(2024, 3, 1))


@pytest.mark.parametrize(
    "month", ["2026-13", "2026-1", "26-01", "2026", "", "2026-01-01", " 2026-01", "9999-12", None]
)
def test_what_is_not_a_month_is_an_error(month):
    with pytest.raises(ValueError, match="month"):
        month_range(month)
