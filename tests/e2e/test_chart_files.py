"""A reader opens the numbers behind a chart, takes it away as a picture, and prints it."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from vocapp.workspaces.access import COOKIE

pytestmark = pytest.mark.e2e


@pytest.fixture
def results(api: Any, drain_outbox: Any, new_page: Any, live_server: Any, staff: Any) -> Page:
    """The results of a survey with forty answers."""
    api.survey(name="Relationship")
    items = [{"survey": "nps", "score": score} for score in [9] * 30 + [0] * 10]
    assert api.post("/api/v1/responses/batch", {"responses": items}).status_code == 200
    assert drain_outbox() == []
    page: Page = new_page(locale="en-US")
    cookie = staff("viewer").client.get_cookie(COOKIE).value
    page.context.add_cookies([{"name": COOKIE, "value": cookie, "url": live_server.url}])
    page.goto(f"{live_server.url}/results/nps")
    return page


def test_the_numbers_behind_a_chart_open_as_a_table(results: Page) -> None:
    title = "Relationship: NPS over time"
    table = results.get_by_role("table", name=title)
    expect(table).to_be_hidden()
    results.locator("details.chart-table summary").filter(has_text=title).click()
    expect(table.get_by_role("cell", name="+50")).to_be_visible()


def test_a_chart_is_saved_as_pixels_of_its_own_picture(results: Page, tmp_path: Path) -> None:
    menu = results.locator("details.chart-menu").filter(has_text="Relationship: Distribution")
    menu.locator("summary").click()
    with results.expect_download() as saving:
        menu.get_by_role("button", name="Picture (PNG)").click()
    file = tmp_path / "picture.png"
    saving.value.save_as(file)
    assert saving.value.suggested_filename == "nps-distribution.png"
    head = file.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:24])
    assert width == 1600  # twice the picture's 800 px
    assert height > 400


def test_paper_has_charts_and_open_tables_and_no_way_around(results: Page) -> None:
    tables = results.locator("details.chart-table")
    tables.first.locator("summary").click()
    results.emulate_media(media="print")
    expect(results.locator(".topbar")).to_be_hidden()
    expect(results.locator("details.chart-menu").first).to_be_hidden()
    expect(results.locator(".trend-plot svg").first).to_be_visible()
    expect(tables.first.get_by_role("table")).to_be_visible()
    expect(tables.first.locator("summary")).to_be_hidden()
    expect(tables.nth(1)).to_be_hidden()


def test_an_open_table_and_menu_are_accessible(results: Page, axe_script: str) -> None:
    for summary in ("details.chart-table summary", "details.chart-menu summary"):
        results.locator(summary).first.click()
    results.evaluate(axe_script)
    found = results.evaluate(
        "async () => (await axe.run('.chart-frame')).violations.flatMap("
        "v => v.nodes.map(n => v.id + ': ' + n.html.slice(0, 160)))"
    )
    assert found == []
