"""Where curves of those who are still there lie."""

from vocapp.ui.curves import HEIGHT, Curve, CurvePoint, picture


def test_shares_fall_in_steps_and_the_band_goes_there_and_back():
    points = [CurvePoint(0, 1, 1, 1), CurvePoint(30, 0.5, 0.25, 0.75), CurvePoint(60, 0.5, 0, 1)]
    placed = picture([Curve("a", points)])
    assert placed.curves[0].line == "M0 0H50V110H100V110"
    assert placed.curves[0].band == "M0 0H50V55H100V0L100 220V165H50V0H0Z"
    assert [tick.label for tick in placed.x_ticks] == ["0", "1", "2"]


def test_without_points_there_is_nothing_to_draw():
    placed = picture([Curve("a", [])])
    assert placed.curves[0].line == ""
    assert placed.height == HEIGHT


def test_the_axis_begins_where_the_lowest_interval_needs_it():
    high = [CurvePoint(0, 1, 1, 1), CurvePoint(30, 0.95, 0.92, 0.98)]
    placed = picture([Curve("a", high)])
    assert min(tick.value for tick in placed.y_ticks) >= 90
