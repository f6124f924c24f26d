"""Awkward brand colours: a yellow, a near-white and a near-black, on light and on dark pages."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from vocapp.collecting.widget import _FILE

pytestmark = pytest.mark.e2e

AWKWARD = {"#ffd400": "yellow", "#fdfdfd": "near-white", "#050505": "near-black"}
_CHOSEN = """label => {
  const [own, page] = [label, document.body].map((each) => getComputedStyle(each));
  return [own.backgroundColor, own.borderTopColor, own.color, page.backgroundColor];
}"""


@pytest.mark.parametrize("colour", AWKWARD, ids=AWKWARD.get)
def test_an_awkward_colour_can_be_seen_and_read(
    new_page, live_server, api, violations, picture, colour
):
    """By axe, which knows of text, and by the edge of what is chosen, of which it does not."""
    survey = api.survey()
    look = {"colour": colour, "corners": "round", "font": "rounded"}
    assert api._call("PUT", "/api/v1/look", json=look).status_code == 200
    for scheme in ("light", "dark"):
        page = new_page(width=360, color_scheme=scheme, reduced_motion="reduce")
        page.goto(f"{live_server.url}/s/{survey['public_id']}")
        page.locator("input[value='9']").check(force=True)
        fill, edge, words, ground = page.locator("label:has(input:checked)").evaluate(_CHOSEN)
        assert fill == _rgb(colour)
        assert _contrast(words, fill) >= 4.5
        assert _contrast(edge, ground) >= 3
        assert violations(page) == []
        picture(page, f"look-{AWKWARD[colour]}-{scheme}")
        page.locator("button[name=step]").click()
        expect(page.locator("textarea")).to_be_visible()
        assert violations(page) == []


def test_a_device_that_wants_its_own_colours_gets_them(new_page, live_server, api):
    survey = api.survey()
    assert api._call("PUT", "/api/v1/look", json={"colour": "#ffd400"}).status_code == 200
    page = new_page(forced_colors="active", reduced_motion="reduce")
    page.goto(f"{live_server.url}/s/{survey['public_id']}")
    page.locator("input[value='9']").check(force=True)
    fill, *_ = page.locator("label:has(input:checked)").evaluate(_CHOSEN)
    assert fill != _rgb("#ffd400")
    moves = "e => getComputedStyle(e).transitionDuration"
    assert page.locator(".scale label").first.evaluate(moves) in {"0s", ""}


def test_the_examples_follow_what_is_typed(signed_in, live_server, violations, picture):
    for language in ("en", "ja"):
        page = signed_in("admin", language)
        page.goto(f"{live_server.url}/settings/look")
        button = page.locator(".look-light .look-button")
        usual = button.evaluate("e => getComputedStyle(e).backgroundColor")
        page.locator("#colour").fill("#ffd400")
        expect(page.locator(".look-notes").first).to_contain_text("#8d7400")
        expect(button).to_have_css("background-color", _rgb("#ffd400"))
        assert page.locator(".colour-picker").first.input_value() == "#ffd400"
        picture(page, f"look-settings-{language}")
        page.locator("#colour").fill("")
        expect(button).to_have_css("background-color", usual)
        expect(page.locator(".look-notes")).to_have_count(0)
        assert violations(page) == []


@pytest.mark.skipif(not _FILE.exists(), reason="the widget has not been built")
def test_the_widget_has_the_look_from_its_one_request(
    new_page, other_site, live_server, api, picture
):
    survey = api.survey()
    look = {"colour": "#ffd400", "corners": "square", "font": "serif"}
    assert api._call("PUT", "/api/v1/look", json=look).status_code == 200
    for scheme, display in (("light", "tab"), ("dark", "inline")):
        edge = _rgb("#b19200" if scheme == "light" else "#ffd400")
        tag = (
            f'<script async src="{live_server.url}/widget.js" data-survey="{survey["public_id"]}" '
            f'data-key="{api.workspace.public_key}" data-display="{display}"></script>'
        )
        page = new_page(color_scheme=scheme)
        asked: list[str] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto(other_site(f"<h1>Shop</h1><main>{tag}</main>"))
        if display == "tab":
            handle = page.locator("voc-widget .handle")
            expect(handle).to_have_css("border-top-color", edge)
            handle.click()
        page.locator("voc-widget input[value='9']").check(force=True)
        chosen = page.locator("voc-widget input:checked + span")
        expect(chosen).to_have_css("background-color", _rgb("#ffd400"))
        expect(chosen).to_have_css("outline-color", edge)
        expect(chosen).to_have_css("border-top-left-radius", "0px")
        assert len([url for url in asked if "/public/" in url or "look.css" in url]) == 1
        picture(page, f"look-widget-{scheme}")


def _rgb(colour: str) -> str:
    """As a browser says it."""
    return f"rgb({', '.join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))})"


def _contrast(one: str, other: str) -> float:
    """Of two colours as a browser says them; written out here to check the product's own."""
    darker, lighter = sorted(map(_luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(said: str) -> float:
    parts: list[Any] = [int(part) / 255 for part in said[4:-1].split(", ")]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
