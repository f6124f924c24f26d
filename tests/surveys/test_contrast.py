"""Colours that can be told apart, and the nearest ones that can."""

from math import cos, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.contrast import (
    BLACK,
    CONTROL_RATIO,
    TEXT_RATIO,
    WHITE,
    contrast,
    hue_and_chroma,
    luminance,
    read_colour,
    repaired,
    text_on,
)
from surveys.look import DARK_GROUND, LIGHT_GROUND

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
GROUNDS = st.sampled_from([LIGHT_GROUND, DARK_GROUND, BLACK])
RATIOS = st.sampled_from([CONTROL_RATIO, TEXT_RATIO])


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#777777", "#ffffff", 4.478),
        ("#767676", "#ffffff", 4.542),
        ("#949494", "#ffffff", 3.033),
        ("#ff0000", "#ffffff", 3.998),
        ("#0000ff", "#ffffff", 8.592),
        ("#00ff00", "#000000", 15.304),
    ],
)
def test_the_ratios_are_those_that_others_find(one, other, ratio):
    """By the definition of WCAG, as the WebAIM contrast checker shows them."""
    assert contrast(one, other) == pytest.approx(ratio, abs=0.001)
    assert contrast(other, one) == contrast(one, other)


def test_luminance_weighs_the_three_lights():
    assert luminance("#ff0000") == pytest.approx(0.2126)
    assert luminance("#00ff00") == pytest.approx(0.7152)
    assert luminance("#0000ff") == pytest.approx(0.0722)


@given(COLOURS)
def test_one_of_black_and_white_can_be_read_on_any_colour(colour):
    assert contrast(text_on(colour), colour) >= TEXT_RATIO


@given(COLOURS, GROUNDS, RATIOS)
def test_what_is_repaired_can_be_seen_and_stays_as_it_is(colour, ground, ratio):
    found = repaired(colour, on=ground, ratio=ratio)
    assert contrast(found, ground) >= ratio
    assert repaired(found, on=ground, ratio=ratio) == found
    if contrast(colour, ground) >= ratio:
        assert found == colour


@given(COLOURS, GROUNDS, RATIOS)
def test_it_goes_no_further_than_it_has_to(colour, ground, ratio):
    """Eight bits say so few dark colours that a step is a tenth of the contrast at most."""
    found = repaired(colour, on=ground, ratio=ratio)
    if found != colour:
        assert contrast(found, ground) < ratio * 1.05


@given(COLOURS, GROUNDS, RATIOS)
def test_the_hue_stays(colour, ground, ratio):
    """As points of one length, so that greys, whose hue is noise, may differ."""
    found = repaired(colour, on=ground, ratio=ratio)
    (one, _), (other, chroma) = hue_and_chroma(colour), hue_and_chroma(found)
    apart = chroma * ((cos(one) - cos(other)) ** 2 + (sin(one) - sin(other)) ** 2) ** 0.5
    assert apart < 0.012  # a just noticeable difference is about 0.02


@given(COLOURS)
def test_a_grey_ground_leaves_both_ways_and_the_nearer_is_taken(colour):
    ground = "#808080"
    found = repaired(colour, on=ground, ratio=CONTROL_RATIO)
    assert contrast(found, ground) >= CONTROL_RATIO


def test_what_nothing_reaches_is_an_error():
    with pytest.raises(ValueError, match="nothing has a contrast of 7"):
        repaired("#ff0000", on="#777777", ratio=7)


def test_the_ends_are_black_and_white():
    assert repaired("#0000ff", on=BLACK, ratio=20.99) == WHITE
    assert repaired("#ffff00", on=WHITE, ratio=20.99) == BLACK


@pytest.mark.parametrize(
    "written", ["", "#", "#ff", "#ffff", "yellow", "#ggg000", "#１２３456", "rgb(0,0,0)"]
)
def test_what_is_no_colour_is_none(written):
    assert read_colour(written) is None
