"""Clocks that run in working hours."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.working_time import (
    Calendar,
    due_at,
    next_opening,
    public_holidays,
    working_time_between,
)

HOUR = timedelta(hours=1)
WEEK = range(5)
JAPAN = frozenset(public_holidays("JP", None, [2026, 2027]))


def office(time_zone, begins=9, ends=17, days=WEEK, **more):
    return Calendar(time_zone, {day: [(time(begins), time(ends))] for day in days}, **more)


def local(text, calendar):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(calendar.time_zone))


TOKYO = office("Asia/Tokyo", holidays=JAPAN)
BERLIN = office("Europe/Berlin")
AT_NIGHT = Calendar("America/New_York", {day: [(time(22), time(6))] for day in range(7)})
AT_NIGHT_IN_BERLIN = Calendar("Europe/Berlin", {day: [(time(22), time(6))] for day in range(7)})
AROUND_THE_CLOCK = Calendar("America/New_York", {day: [(time(), time())] for day in range(7)})
YEAR_END = (date(2026, 12, 29), date(2027, 1, 4))
IN_AUGUST = (date(2026, 8, 10), date(2026, 8, 13))
COLLEAGUE = office("Europe/Berlin", 12, 16)


@pytest.mark.parametrize(
    ("calendar", "opened", "hours", "due"),
    [
        # within a day; to its very end; into the next
        (BERLIN, "2026-06-10T10:00", 4, "2026-06-10T14:00"),
        (BERLIN, "2026-06-10T13:00", 4, "2026-06-10T17:00"),
        (BERLIN, "2026-06-10T15:30", 4, "2026-06-11T11:30"),
        # a weekend; opened before, after and outside working hours
        (BERLIN, "2026-06-12T16:00", 4, "2026-06-15T12:00"),
        (BERLIN, "2026-06-13T12:00", 8, "2026-06-15T17:00"),
        (BERLIN, "2026-06-15T05:00", 1, "2026-06-15T10:00"),
        (BERLIN, "2026-06-15T20:00", 1, "2026-06-16T10:00"),
        (BERLIN, "2026-06-13T12:00", 0, "2026-06-13T12:00"),
        # Golden Week 2026: Wednesday 29 April; Monday 4 to Wednesday 6 May, the 6th a substitute
        (TOKYO, "2026-04-28T16:00", 4, "2026-04-30T12:00"),
        (TOKYO, "2026-05-01T16:00", 4, "2026-05-07T12:00"),
        # Silver Week 2026: the 22nd lies between two holidays and becomes one
        (TOKYO, "2026-09-18T15:00", 4, "2026-09-24T11:00"),
        # the end of the year is closed, though most of it is no holiday
        (office("Asia/Tokyo", holidays=JAPAN, closures=(YEAR_END,)), "2026-12-28T16:00", 4,
         "2027-01-04T12:00"),
        (TOKYO, "2026-12-28T16:00", 4, "2026-12-29T12:00"),
        # clocks change on a Sunday, between two working days
        (BERLIN, "2026-03-27T16:00", 4, "2026-03-30T12:00"),
        (BERLIN, "2026-10-23T16:00", 4, "2026-10-26T12:00"),
        (office("America/New_York"), "2026-03-06T16:00", 4, "2026-03-09T12:00"),
        (office("America/New_York"), "2026-10-30T16:00", 4, "2026-11-02T12:00"),
        # a night has 7 hours in spring and 9 in autumn
        (AT_NIGHT, "2026-03-07T22:00", 7, "2026-03-08T06:00"),
        (AT_NIGHT, "2026-03-07T22:00", 8, "2026-03-08T23:00"),
        (AT_NIGHT, "2026-10-31T22:00", 8, "2026-11-01T05:00"),
        (AT_NIGHT, "2026-10-31T22:00", 9, "2026-11-01T06:00"),
        (AT_NIGHT_IN_BERLIN, "2026-03-28T22:00", 8, "2026-03-29T23:00"),
        (AT_NIGHT_IN_BERLIN, "2026-10-24T22:00", 8, "2026-10-25T05:00"),
        # the year turns earlier in UTC than in New York, and later than in Tokyo
        (AT_NIGHT, "2026-12-31T21:00", 8, "2027-01-01T06:00"),
        (office("Asia/Tokyo", 0, 23, range(7)), "2026-12-31T22:00", 2, "2027-01-01T01:00"),
        # opened in the second of two hours that are called one o'clock
        (AT_NIGHT, "2026-11-01T06:30+00:00", 2, "2026-11-01T03:30"),
        # a whole day of 23 or 25 hours
        (AROUND_THE_CLOCK, "2026-03-08T00:00", 24, "2026-03-09T01:00"),
        (AROUND_THE_CLOCK, "2026-11-01T00:00", 24, "2026-11-01T23:00"),
        # the owner is away from Monday to Wednesday
        (office("Europe/Berlin", absences=(IN_AUGUST,)), "2026-08-07T16:00", 4,
         "2026-08-10T12:00"),
        (office("Europe/Berlin", absences=(IN_AUGUST,), absence="pauses"), "2026-08-07T16:00", 4,
         "2026-08-13T12:00"),
        (office("Europe/Berlin", absences=(IN_AUGUST,), stand_in=COLLEAGUE), "2026-08-07T16:00", 4,
         "2026-08-10T15:00"),
        (office("Europe/Berlin", absences=(IN_AUGUST,), stand_in=COLLEAGUE), "2026-08-12T15:00", 4,
         "2026-08-13T12:00"),
    ],
)  # fmt: skip
def test_a_case_is_due_when_so_many_working_hours_are_over(calendar, opened, hours, due):
    opened, expected = datetime.fromisoformat(opened), local(due, calendar)
    opened = opened if opened.tzinfo else opened.replace(tzinfo=ZoneInfo(calendar.time_zone))
    found = due_at(opened, hours * HOUR, calendar)
    assert (found, found.tzinfo) == (expected, UTC)
    assert working_time_between(opened, found, calendar) == hours * HOUR


def test_a_night_belongs_to_the_day_on_which_it_begins():
    wednesday = date(2026, 6, 10)
    nights = Calendar(
        "Europe/Berlin",
        {day: [(time(22), time(6))] for day in range(7)},
        holidays=frozenset({wednesday}),
    )
    since, until = local("2026-06-09T21:00", nights), local("2026-06-11T23:00", nights)
    assert working_time_between(since, until, nights) == 9 * HOUR  # Tuesday's, and an hour
    assert next_opening(local("2026-06-10T06:00", nights), nights) == local(
        "2026-06-11T22:00", nights
    )


@pytest.mark.parametrize(
    ("interval", "day", "hours"),
    [
        # Clocks jump from 2 to 3 on 8 March, and from 2 back to 1 on 1 November.
        ((time(2, 30), time(10)), date(2026, 3, 8), 7),
        ((time(0), time(2, 30)), date(2026, 3, 8), 2),
        ((time(2, 15), time(2, 45)), date(2026, 3, 8), 0),
        ((time(1, 30), time(4)), date(2026, 11, 1), 3.5),
        ((time(0), time(1, 30)), date(2026, 11, 1), 1.5),
    ],
)
def test_hours_that_begin_or_end_where_clocks_change(interval, day, hours):
    calendar = Calendar("America/New_York", {6: [interval]})
    noon = datetime.combine(day, time(12), tzinfo=UTC)
    assert working_time_between(noon - 18 * HOUR, noon + 18 * HOUR, calendar) == hours * HOUR


def test_a_day_that_a_country_skipped_has_no_hours():
    samoa = office("Pacific/Apia", days=range(7))
    since, until = local("2011-12-29T09:00", samoa), local("2011-12-31T17:00", samoa)
    assert working_time_between(since, until, samoa) == 16 * HOUR


def test_overlapping_hours_count_once():
    calendar = Calendar(
        "UTC",
        {
            0: [(time(20), time(8)), (time(7), time(12)), (time(11), time(13))],
            1: [(time(6), time(9))],
        },
    )
    monday = datetime(2026, 6, 8, tzinfo=UTC)
    assert working_time_between(monday, monday + 48 * HOUR, calendar) == (6 + 13) * HOUR


def test_waiting_for_the_customer_stops_the_clock():
    opened = local("2026-06-10T10:00", BERLIN)
    paused = [
        (local("2026-06-10T15:00", BERLIN), local("2026-06-11T10:00", BERLIN)),
        (local("2026-06-10T12:00", BERLIN), local("2026-06-10T13:00", BERLIN)),
        (local("2026-06-10T16:00", BERLIN), local("2026-06-10T23:00", BERLIN)),  # within another
        (local("2026-06-09T10:00", BERLIN), local("2026-06-09T11:00", BERLIN)),  # before it opened
    ]
    assert due_at(opened, 4 * HOUR, BERLIN, paused=paused) == local("2026-06-10T15:00", BERLIN)
    assert due_at(opened, 5 * HOUR, BERLIN, paused=paused) == local("2026-06-11T11:00", BERLIN)
    until = local("2026-06-11T11:00", BERLIN)
    assert working_time_between(opened, until, BERLIN, paused=paused) == 5 * HOUR


def test_a_calendar_in_which_nobody_ever_works_is_refused():
    for hours in ({}, {0: []}):
        with pytest.raises(ValueError, match=r"^hours: "):
            Calendar("Asia/Tokyo", hours)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"hours": {7: [(time(9), time(17))]}}, "hours"),
        ({"hours": {0: [(time(9, tzinfo=UTC), time(17))]}}, "hours"),
        ({"closures": ((date(2026, 1, 2), date(2026, 1, 1)),)}, "closures"),
        ({"absences": ((date(2026, 1, 2), date(2026, 1, 2)),)}, "absences"),
        ({"absence": "stops"}, "absence"),
    ],
)
def test_a_wrong_calendar_names_its_field(wrong, field):
    right = {"time_zone": "Asia/Tokyo", "hours": {0: [(time(9), time(17))]}}
    with pytest.raises(ValueError, match=f"^{field}: "):
        Calendar(**(right | wrong))


def test_wrong_times_are_refused():
    now = datetime(2026, 6, 10, tzinfo=UTC)
    with pytest.raises(ValueError, match=r"^until: "):
        working_time_between(now, now - HOUR, BERLIN)
    with pytest.raises(ValueError, match=r"^opened_at: "):
        due_at(datetime(2026, 6, 10), HOUR, BERLIN)  # noqa: DTZ001
    with pytest.raises(ValueError, match=r"^working_time: "):
        due_at(now, -HOUR, BERLIN)
    with pytest.raises(ValueError, match=r"^paused: "):
        due_at(now, HOUR, BERLIN, paused=[(now, now - HOUR)])


def test_a_clock_that_stands_still_for_decades_is_an_error_and_not_a_long_search():
    closed = office("Asia/Tokyo", closures=((date(2026, 1, 1), date(2999, 1, 1)),))
    now = datetime(2026, 6, 10, tzinfo=UTC)
    with pytest.raises(ValueError, match=r"^working_time: not reached"):
        due_at(now, HOUR, closed)
    with pytest.raises(ValueError, match=r"^calendar: no working time"):
        next_opening(now, closed)


# Properties

ZONES = ("America/New_York", "Europe/Berlin", "Asia/Tokyo", "Australia/Lord_Howe", "Asia/Kolkata")
DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))
TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
RANGES = st.lists(
    st.builds(
        lambda day, length: (day, day + timedelta(days=length)), DAYS, st.integers(1, 20)
    ),
    max_size=3,
)  # fmt: skip
HOURS = st.dictionaries(
    st.integers(0, 6),
    st.lists(st.tuples(TIMES, TIMES), min_size=1, max_size=3),
    min_size=1,
)
STAND_INS = st.none() | st.builds(Calendar, st.sampled_from(ZONES), HOURS)
CALENDARS = st.builds(
    Calendar,
    st.sampled_from(ZONES),
    HOURS,
    holidays=st.frozensets(DAYS, max_size=8),
    closures=RANGES,
    absences=RANGES,
    absence=st.sampled_from(["continues", "pauses"]),
    stand_in=STAND_INS,
)
INSTANTS = st.builds(
    lambda day, after: datetime.combine(day, time(), tzinfo=UTC) + after,
    DAYS,
    st.timedeltas(timedelta(), timedelta(days=1)),
)
AMOUNTS = st.timedeltas(timedelta(), 40 * HOUR)  # six years at a quarter of an hour a week
LENGTHS = st.timedeltas(timedelta(), timedelta(days=40))
PAUSES = st.lists(st.builds(lambda at, length: (at, at + length), INSTANTS, LENGTHS), max_size=4)


@given(INSTANTS, AMOUNTS, CALENDARS, PAUSES)
def test_at_the_due_time_just_the_working_time_has_passed(opened, amount, calendar, paused):
    due = due_at(opened, amount, calendar, paused=paused)
    assert working_time_between(opened, due, calendar, paused=paused) == amount
    if amount:
        before = due - timedelta(microseconds=1)  # the first such instant, so within working time
        worked = working_time_between(opened, before, calendar, paused=paused)
        assert worked == amount - timedelta(microseconds=1)
    else:
        assert due == opened


@given(INSTANTS, AMOUNTS, AMOUNTS, CALENDARS)
def test_more_time_is_due_no_sooner_and_a_later_case_no_earlier(opened, amount, more, calendar):
    due = due_at(opened, amount, calendar)
    assert due_at(opened, amount + more, calendar) >= due
    assert due_at(opened + more, amount, calendar) >= due


@given(st.tuples(INSTANTS, INSTANTS, INSTANTS), CALENDARS, PAUSES)
def test_working_time_adds_up(instants, calendar, paused):
    first, middle, last = sorted(instants)
    parts = [
        working_time_between(since, until, calendar, paused=paused)
        for since, until in ((first, middle), (middle, last), (first, last))
    ]
    assert parts[0] + parts[1] == parts[2]
    assert timedelta() <= parts[2] <= last - first


@given(INSTANTS, CALENDARS)
def test_nothing_is_worked_until_the_next_opening_and_something_right_after(at, calendar):
    opening = next_opening(at, calendar)
    moment = timedelta(microseconds=1)
    assert working_time_between(at, opening, calendar) == timedelta()
    assert working_time_between(opening, opening + moment, calendar) == moment


@given(
    st.sampled_from(["America/New_York", "Europe/Berlin", "Asia/Kolkata"]),
    st.sampled_from([date(2026, 3, 6), date(2026, 3, 27), date(2026, 10, 23), date(2026, 10, 30)]),
    # Not at the hours that clocks lose or double, where a clock's reading alone is not enough.
    st.tuples(*[st.sampled_from([0, 4, 6, 9, 12, 17, 22])] * 2),
    st.integers(0, 24 * 4 - 1),
    st.sets(st.integers(0, 6), min_size=1),
)
def test_counting_quarters_of_an_hour_by_the_clock_on_the_wall_gives_the_same(
    time_zone, day, hours, quarters, days
):
    begins, ends = hours
    calendar = office(time_zone, begins, ends, days=days, holidays=frozenset({day}))
    since = datetime.combine(day, time(12), tzinfo=UTC)
    quarter = timedelta(minutes=15)

    def works(at):
        wall = at.astimezone(ZoneInfo(time_zone))
        yesterday = wall.date() - timedelta(days=1)
        if begins < ends:
            belongs = wall.date() if begins <= wall.hour < ends else None
        elif wall.hour >= begins:
            belongs = wall.date()
        else:
            belongs = yesterday if wall.hour < ends else None
        return belongs is not None and belongs != day and belongs.weekday() in days

    counted = sum(works(since + number * quarter) for number in range(quarters * 5))
    until = since + quarters * 5 * quarter
    assert working_time_between(since, until, calendar) == counted * quarter


# Public holidays


def test_the_holidays_of_japan_are_those_that_the_cabinet_office_lists():
    # www8.cao.go.jp/chosei/shukujitsu, 2026
    named = {
        date(2026, 1, 1): "元日",
        date(2026, 1, 12): "成人の日",
        date(2026, 2, 11): "建国記念の日",
        date(2026, 2, 23): "天皇誕生日",
        date(2026, 3, 20): "春分の日",
        date(2026, 4, 29): "昭和の日",
        date(2026, 5, 3): "憲法記念日",
        date(2026, 5, 4): "みどりの日",
        date(2026, 5, 5): "こどもの日",
        date(2026, 5, 6): "振替休日",
        date(2026, 7, 20): "海の日",
        date(2026, 8, 11): "山の日",
        date(2026, 9, 21): "敬老の日",
        date(2026, 9, 22): "国民の休日",
        date(2026, 9, 23): "秋分の日",
        date(2026, 10, 12): "スポーツの日",
        date(2026, 11, 3): "文化の日",
        date(2026, 11, 23): "勤労感謝の日",
    }
    assert public_holidays("JP", None, [2026], language="ja") == named


def test_a_part_of_a_country_has_its_own_holidays_and_names_have_a_language():
    corpus_christi = date(2026, 6, 4)
    assert corpus_christi not in public_holidays("DE", None, [2026])
    assert public_holidays("DE", "BY", [2026])[corpus_christi] == "Fronleichnam"
    christmas = date(2026, 12, 25)
    names = [
        public_holidays("DE", None, [2026], language=language)[christmas]
        for language in ("de", "en", "ja", None)  # none in Japanese: the country's own
    ]
    assert names == ["Erster Weihnachtstag", "Christmas Day", *["Erster Weihnachtstag"] * 2]


@pytest.mark.parametrize(
    ("country", "subdivision", "years", "field"),
    [
        ("Japan", None, [2026], "country"),
        ("DE", "XX", [2026], "subdivision"),
        ("JP", None, [2026, 1900], "years"),
    ],
)
def test_unknown_places_and_years_are_refused(country, subdivision, years, field):
    with pytest.raises(ValueError, match=f"^{field}: "):
        public_holidays(country, subdivision, years)
