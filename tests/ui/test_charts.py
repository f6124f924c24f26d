"""Geometry of the charts: what is drawn where, for full, empty and ugly input."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocapp.ui import axes, charts
from vocapp.ui.chart_files import wrapped, written

METRICS = sorted(charts.DOMAINS)
numbers = st.floats(-1e6, 1e6, allow_nan=False)


@given(st.lists(numbers, max_size=20), st.sampled_from(METRICS))
def test_a_round_range_holds_its_values_and_stays_in_the_domain(values, metric):
    domain, least = charts.DOMAINS[metric], charts.LEAST_SPAN[metric]
    low, high, marks = axes.nice_range(values, domain, least=least)
    assert domain[0] <= low < high <= domain[1]
    assert high - low >= least - 1e-9
    assert marks[0] == pytest.approx(low)
    assert marks[-1] == pytest.approx(high)
    assert list(marks) == sorted(set(marks))
    inside = [v for v in values if domain[0] <= v <= domain[1]]
    assert all(low - 1e-6 <= v <= high + 1e-6 for v in inside)


@given(numbers, numbers, numbers)
def test_a_scale_never_leaves_the_picture(low, span, value):
    scale = axes.Scale(low, low + abs(span))
    assert 0 <= scale(value) <= 100


def test_a_span_that_cannot_be_cut_is_refused():
    with pytest.raises(ValueError, match="span and most"):
        axes.nice_step(0, 4)


def test_a_score_stands_between_its_bounds_on_the_whole_scale():
    picture = charts.score_picture("nps", 31.3, 24.9, 37.5)
    assert (picture.low, picture.point, picture.high) == (62.45, 65.65, 68.75)
    assert picture.band_width == 6.3
    assert [tick.at for tick in picture.ticks] == [0, 25, 50, 75, 100]
    assert [tick.anchor for tick in picture.ticks][::4] == ["start", "end"]


@pytest.mark.parametrize("metric", METRICS)
def test_too_few_answers_leave_the_axis_and_no_point(metric):
    picture = charts.score_picture(metric, None, None, None)
    assert picture.point is None
    assert picture.band_width == 0
    assert picture.ticks


def test_an_unknown_metric_is_refused():
    with pytest.raises(KeyError):
        charts.score_picture("stars", 1, 1, 1)


@pytest.mark.parametrize(
    ("kind", "best", "middle", "worst"),
    [
        ("nps", [9, 10], [7, 8], [0, 1, 2, 3, 4, 5, 6]),
        ("csat", [4, 5], [3], [1, 2]),
        ("ces", [5, 6, 7], [4], [1, 2, 3]),
    ],
)
def test_every_point_of_a_scale_has_the_agreed_category(kind, best, middle, worst):
    first, *_, last = charts.BANDS[kind]
    of = {s: charts.category_of(kind, s) for s in range(first, last + 1)}
    assert [s for s in of if of[s] == "promoter"] == best
    assert [s for s in of if of[s] == "passive"] == middle
    assert [s for s in of if of[s] == "detractor"] == worst


@given(st.lists(st.integers(0, 10_000), min_size=11, max_size=11))
def test_columns_and_bands_share_out_all_answers(counts):
    picture = charts.distribution("nps", counts)
    assert picture.n == sum(counts) == sum(b.n for b in picture.bands)
    assert all(c.y + c.height == pytest.approx(charts.COLUMN_HEIGHT) for c in picture.columns)
    assert all(c.x >= 0 and c.x + c.width <= 100 for c in picture.columns)
    if picture.n:
        assert max(c.height for c in picture.columns) == charts.COLUMN_HEIGHT
        assert sum(b.width for b in picture.bands) == pytest.approx(100, abs=0.01)
    else:
        assert {b.width for b in picture.bands} == {0}


@pytest.mark.parametrize("counts", [[], [1] * 10, [-1] + [0] * 10])
def test_counts_of_another_shape_are_refused(counts):
    with pytest.raises(ValueError, match="counts"):
        charts.distribution("nps", counts)


def test_a_period_without_a_score_leaves_a_gap():
    months = [date(2026, m, 1) for m in range(1, 6)]
    values = [10.0, 12.0, None, 8.0, 9.0]
    picture = charts.trend([(d, 40, v, v, v) for d, v in zip(months, values, strict=True)], "nps")
    assert len(picture.lines) == len(picture.ribbons) == 2
    assert len(picture.placed) == 4
    assert [p.x for p in picture.placed][::3] == [0, 100]
    assert picture.last.start == date(2026, 5, 1)


def test_a_trend_is_placed_by_date_not_by_index():
    days = [date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 11)]
    picture = charts.trend([(d, 40, 50.0, 40.0, 60.0) for d in days], "csat")
    assert [p.x for p in picture.placed] == [0, 10, 100]
    assert all(p.high_y < p.y < p.low_y for p in picture.placed)


def test_one_point_stands_in_the_middle_and_draws_no_line():
    picture = charts.trend([(date(2026, 11, 1), 44, 31.0, 18.0, 44.0)], "nps")
    assert picture.lines == ()
    assert picture.placed[0].x == 50
    assert [tick.at for tick in picture.x_ticks] == [50]


@pytest.mark.parametrize("points", [[], [(date(2026, 1, 1), 2, None, None, None)]])
def test_nothing_known_draws_nothing_and_does_not_fail(points):
    picture = charts.trend(points, "ces")
    assert picture.placed == picture.lines == ()
    assert picture.last is None


def test_periods_may_come_as_mappings_or_objects():
    row = {"start": date(2026, 1, 1), "n": 9, "value": 5.0, "low": 4.0, "high": 6.0, "more": 1}
    expected = charts.TrendPoint(date(2026, 1, 1), 9, 5.0, 4.0, 6.0)
    assert charts.trend([row], "ces").points == (expected,)
    assert charts.trend([expected], "ces").points == (expected,)


def test_notes_outside_the_periods_are_left_out():
    points = [(date(2026, m, 1), 40, 10.0, 5.0, 15.0) for m in (1, 2, 3)]
    notes = [(date(2025, 12, 31), "before"), (date(2026, 2, 1), "price"), (date(2026, 4, 1), "x")]
    assert [n.label for n in charts.trend(points, "nps", notes=notes).notes] == ["price"]


@pytest.mark.parametrize(
    ("locale", "first", "january"),
    [("en", "Sep 2025", "Jan 2026"), ("ja", "2025年9月", "2026年1月")],
)
def test_dates_are_written_as_the_language_does_with_the_year_where_it_changes(
    locale, first, january
):
    days = [date(2025 + (8 + i) // 12, (8 + i) % 12 + 1, 1) for i in range(14)]
    labels = [tick.label for tick in axes.date_ticks(days, locale=locale)]
    assert labels[0] == first
    assert january in labels
    assert sum("20" in label for label in labels) == 2


@given(st.dates(date(2000, 1, 1), date(2035, 1, 1)), st.integers(0, 4000))
def test_there_are_never_many_dates_under_an_axis_and_they_are_apart(start, days):
    end = date.fromordinal(start.toordinal() + days)
    ticks = axes.date_ticks([start, end])
    assert 1 <= len(ticks) <= 8 or days > 56 * 8
    shown = [tick.at for tick in ticks if not tick.minor]
    assert shown
    assert all(b - a >= 28 for a, b in pairwise(shown))


def test_segments_come_best_first_and_the_unknown_last():
    rows = [("a", 9, 10.0, 0.0, 20.0), ("few", 2), ("b", 9, 30.0, 20.0, 40.0, True)]
    picture = charts.dots(rows, "nps", overall=15)
    assert [row.source.label for row in picture.rows] == ["b", "a", "few"]
    assert [row.side for row in picture.rows] == ["above", "same", "same"]
    assert picture.rows[2].at is None
    assert picture.rows[0].low < picture.rows[0].at < picture.rows[0].high
    assert 0 < picture.overall < 100


def test_a_segment_is_called_worse_only_when_a_test_says_so():
    rows = [("tested", 90, -5.0, -9.0, -1.0, True), ("not", 9, -20.0, -60.0, 20.0, False)]
    sides = {r.source.label: r.side for r in charts.dots(rows, "nps", overall=20).rows}
    assert sides == {"tested": "below", "not": "same"}


def test_no_segments_at_all_draw_an_axis_and_no_rows():
    picture = charts.dots([], "csat")
    assert picture.rows == ()
    assert picture.overall is None
    assert picture.ticks


def test_bars_with_losses_grow_from_a_zero_inside():
    picture = charts.bars([("up", 4.0), ("down", -6.0), ("flat", 0.0)])
    up, down, flat = picture.rows
    assert picture.zero == 60
    assert (up.x, up.width, up.sign) == (60, 40, 1)
    assert (down.x, down.width, down.sign) == (0, 60, -1)
    assert (flat.width, flat.sign) == (0, 0)


def test_bars_without_values_have_no_length():
    assert charts.bars([]).rows == ()
    assert [row.width for row in charts.bars([("none", 0.0)]).rows] == [0]


def test_a_sparkline_breaks_at_gaps_and_ends_at_the_newest_value():
    picture = charts.sparkline([1.0, 2.0, None, 3.0])
    assert len(picture.paths) == 1
    assert picture.last == (98, 3)
    assert charts.sparkline([None, None]).last is None
    assert charts.sparkline([]).paths == ()
    assert charts.sparkline([5.0]).last == (50, 12)


def test_amounts_stand_on_zero_side_by_side_and_what_is_little_can_be_seen():
    weeks = [(date(2026, 1, 5), 0), (date(2026, 1, 12), 1), (date(2026, 1, 19), 1000)]
    picture = charts.amounts(weeks)
    assert [column.height for column in picture.columns] == [0, 2, charts.AMOUNT_HEIGHT]
    assert all(c.y + c.height == charts.AMOUNT_HEIGHT for c in picture.columns)
    for left, right in pairwise(picture.columns):
        assert left.x + left.width < right.x
    assert picture.columns[-1].x + picture.columns[-1].width <= 100
    assert all(0 <= tick.at <= 100 for tick in picture.ticks)


def test_amounts_of_nothing_are_no_columns():
    assert charts.amounts([]).columns == ()
    assert charts.amounts([(date(2026, 1, 5), 0)]).columns[0].height == 0


def test_a_chance_is_never_written_as_nothing():
    assert written(0.0, "p_value", "nps") == "< 0.001"
    assert written(0.0006, "p_value", "nps") == "< 0.001"
    assert written(0.0273, "p_value", "nps") == "0.027"
    assert written(None, "p_value", "nps") == ""


@pytest.mark.parametrize(
    "text",
    ["差は偶然の範囲内で、変化したとは言えません。最低は2026年3月の −9 です。" * 3, "A b " * 90],
)
def test_lines_of_a_picture_are_no_wider_than_it_is_and_lose_nothing(text):
    lines = wrapped(text, 40)
    assert all(0 < len(line) <= 72 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert not any(line.startswith(("、", "。")) for line in lines)
