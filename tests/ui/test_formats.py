"""How values are written in English and Japanese."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from babel import dates
from flask import Flask
from flask_babel import Babel, force_locale
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vocapp.ui import formats


@pytest.fixture(params=["en", "ja"])
def language(request):
    app = Flask(__name__)
    Babel(app, timezone_selector=lambda: "Asia/Tokyo")
    with app.test_request_context(), force_locale(request.param):
        yield request.param


def say(language, *, en, ja):
    return {"en": en, "ja": ja}[language]


def test_a_language_is_named_in_that_of_the_reader(language):
    assert formats.language_name("de") == say(language, en="German", ja="ドイツ語")
    assert formats.language_name("zh") == say(language, en="Chinese", ja="中国語")
    assert formats.language_name("xx-unknown") == "xx-unknown"


@pytest.mark.parametrize(
    ("value", "metric", "text"),
    [
        (31.3, "nps", "+31"),
        (-31.5, "nps", "−32"),
        (0.4, "nps", "0"),
        (-0.4, "nps", "0"),
        (0.5, "nps", "+1"),
        (100, "nps", "+100"),
        (78.25, "csat", "78%"),
        (5.449, "ces", "5.4"),
        (None, "nps", "–"),
    ],
)
def test_a_score_is_written_as_it_is_spoken(language, value, metric, text):
    assert formats.score_text(value, metric) == text


def test_a_score_may_be_written_with_more_digits(language):
    assert formats.score_text(31.25, "nps", 1) == "+31.3"
    assert formats.score_text(Decimal("78.25"), "csat", 1) == "78.3%"


def test_an_unknown_metric_is_refused(language):
    with pytest.raises(KeyError):
        formats.score_text(1, "stars")


def test_numbers_have_the_separators_of_the_language(language):
    assert formats.number(1234567) == "1,234,567"
    assert formats.number(-0.26, 1) == "−0.3"
    assert formats.number(None) == "–"
    assert formats.compact_number(9999) == "9,999"
    assert formats.compact_number(12345) == say(language, en="12.3K", ja="1.2万")


def test_a_list_has_the_marks_of_the_language(language):
    assert formats.word_list(["@Ann", "@Bo", "@愛子"]) == say(
        language, en="@Ann, @Bo, and @愛子", ja="@Ann、@Bo、@愛子"
    )
    narrow = formats.word_list(["high", "low", "none"], "standard-narrow")
    assert narrow == say(language, en="high, low, none", ja="high、low、none")


def test_a_share_becomes_a_percentage(language):
    assert formats.percent(0.125) == "13%"
    assert formats.percent(1.0824, 1) == "108.2%"
    assert formats.percent(-0.05) == "−5%"
    assert formats.percent(None) == "–"


def test_money_knows_how_many_minor_units_its_currency_has(language):
    assert formats.money_minor(1234500, "JPY") == say(language, en="¥1,234,500", ja="￥1,234,500")
    assert formats.money_minor(123450, "USD") == "$1,234.50"
    assert formats.money_minor(None, "USD") == "–"


def test_short_money_is_to_the_unit_below_ten_thousand(language):
    assert formats.money_short(666_960, "EUR") == "€6,670"
    assert formats.money_short(0, "JPY") == say(language, en="¥0", ja="￥0")
    assert formats.money_short(-850, "USD") == "−$9"
    assert formats.money_short(85_540_000, "USD") == say(language, en="$855.4K", ja="$85.5万")
    assert formats.money_short(None, "USD") == "–"


def test_a_moment_is_shown_on_the_readers_clock(language):
    moment = datetime(2026, 11, 23, 16, 5, tzinfo=UTC)
    expected = say(language, en="Nov 24, 2026, 1:05\u202fAM", ja="2026/11/24 1:05")
    assert formats.local_datetime(moment) == expected
    assert formats.local_datetime(moment.replace(tzinfo=None)) == expected
    assert formats.local_datetime(None) == "–"


def test_a_day_is_not_moved_by_a_time_zone_and_a_moment_is(language):
    assert formats.local_date(date(2026, 11, 23), "long") == say(
        language, en="November 23, 2026", ja="2026年11月23日"
    )
    assert formats.local_date(datetime(2026, 11, 23, 16, 5, tzinfo=UTC), "long") == say(
        language, en="November 24, 2026", ja="2026年11月24日"
    )


def test_time_ago_looks_both_ways(language):
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    tokyo = timezone(timedelta(hours=9))
    assert formats.time_ago((now - timedelta(hours=3)).astimezone(tokyo), now) == say(
        language, en="3 hours ago", ja="3 時間前"
    )
    assert formats.time_ago(now + timedelta(days=2), now) == say(
        language, en="in 2 days", ja="2 日後"
    )
    assert formats.time_ago(None, now) == "–"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seconds=st.integers(-(10**9), 10**9) | st.integers(-700_000, 700_000))
def test_time_ago_says_what_the_library_says(language, seconds):
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert formats.time_ago(now + timedelta(seconds=seconds), now) == dates.format_timedelta(
        timedelta(seconds=seconds), threshold=0.99, add_direction=True, locale=language
    )


def test_machines_read_times_with_their_zone():
    assert formats.iso_time(datetime(2026, 11, 23, 12)) == "2026-11-23T12:00:00+00:00"  # noqa: DTZ001
    assert formats.iso_time(date(2026, 11, 23)) == "2026-11-23"
