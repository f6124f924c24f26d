"""What a colour, corners and a font become in style sheets and addresses."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vocapp.ui
from surveys.contrast import contrast
from surveys.look import (
    CORNERS_PX,
    DARK_GROUND,
    FONTS,
    LIGHT_GROUND,
    USUAL,
    Look,
    LookError,
    checked,
    from_query,
    page_css,
    preview_css,
    to_query,
    used_shades,
    widget_css,
)

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
LOOKS = st.builds(
    Look,
    COLOURS,
    st.none() | COLOURS,
    st.sampled_from(list(CORNERS_PX)),
    st.sampled_from(list(FONTS)),
)
ROOT = Path(vocapp.ui.__file__).parents[2]


@given(LOOKS)
def test_every_look_can_be_seen_and_read_on_light_and_on_dark(look):
    for used, ground in zip(used_shades(look), (LIGHT_GROUND, DARK_GROUND), strict=True):
        assert contrast(used.on_fill, used.fill) >= 4.5
        assert contrast(used.edge, ground) >= 3
        assert contrast(used.text, ground) >= 4.5


@given(LOOKS)
def test_an_address_tells_all_of_a_look(look):
    assert from_query(to_query(look)) == look


def test_the_usual_look_changes_nothing():
    assert page_css(USUAL) == widget_css(USUAL) == preview_css(USUAL) == ""
    assert to_query(USUAL) == {}
    assert used_shades(USUAL) is None


def test_a_colour_fills_as_it_is_and_is_repaired_where_it_has_to_be_seen():
    css = page_css(Look("#ffd400"))
    light, dark = css.split("@media")
    assert "--brand:#ffd400;--on-brand:#000000;--brand-edge:#b19200;--brand-text:#8d7400" in light
    assert "--brand-edge:#ffd400;--brand-text:#ffd400" in dark


def test_dark_may_have_a_colour_of_its_own():
    _, dark = page_css(Look("#0b1f4d", "#9db8ff")).split("@media")
    assert "--brand:#9db8ff;--on-brand:#000000" in dark


def test_corners_and_fonts_alone_leave_the_colours():
    css = widget_css(Look(corners="square", font="serif"))
    assert css.startswith(".box,.handle{--corner:0px;font-family:ui-serif, Georgia,")
    assert "--accent" not in css
    assert "@media" not in css


@pytest.mark.parametrize(
    ("look", "field"),
    [
        (Look("red"), "colour"),
        (Look("#12345"), "colour"),
        (Look("#123456", "}body{display:none"), "dark_colour"),
        (Look(None, "#123456"), "dark_colour"),
        (Look(corners="pill"), "corners"),
        (Look(font="Comic Sans"), "font"),
    ],
)
def test_what_cannot_be_names_its_field(look, field):
    with pytest.raises(LookError) as caught:
        checked(look)
    assert caught.value.field == field


def test_the_grounds_are_the_ones_that_things_stand_on():
    """The pages', the widget's and the mail's: the dark one is the lightest of theirs."""
    tokens = (ROOT / "vocapp/ui/static/css/tokens.css").read_text()
    widget = (ROOT / "widget/src/style.css").read_text()
    mail = (ROOT / "vocapp/distributing/templates/distributing/invitation.mjml.xml").read_text()
    light, dark = re.findall(r"--surface: (#\w+);", tokens)[:2]
    assert (light, dark) == (LIGHT_GROUND, DARK_GROUND)
    assert re.findall(r"--surface: (#\w+);", widget) == ["#fff", "#171c23"]
    grounds = {"#171c23", *re.findall(r"(?:\.page > div|\.cell) \{ background: (#\w+)", mail)}
    assert grounds == {"#171c23", "#101418", "#181d23"}
    for ground in grounds:
        assert contrast(ground, "#ffffff") >= contrast(DARK_GROUND, "#ffffff")
