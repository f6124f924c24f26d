"""A kiosk in a real browser: one person after the other, with and without a network."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_answering import fits, stored
from vocapp import language_packs
from vocapp.collecting.widget import DIST

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not (DIST / "kiosk.js").exists(), reason="the widget is not built"),
]
ARABIC = Path(__file__).parents[2] / "docs" / "languages" / "ar.json"
PEOPLE = 20


@pytest.fixture
def kiosk(api: Any, live_server: Any) -> str:
    return f"{live_server.url}/kiosk/{api.survey()['public_id']}"


def answer(page: Page, score: int, comment: str = "") -> None:
    page.locator("label", has_text=re.compile(f"^{score}(,|$)")).click()
    page.get_by_role("button", name="Send", exact=True).or_(
        page.get_by_role("button", name="Next", exact=True)
    ).click()
    page.get_by_role("textbox").fill(comment)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("Thank you")).to_be_visible()


def ready(page: Page) -> None:
    expect(page.get_by_text("Also works without a connection.")).to_be_visible()


def kept(page: Page) -> int:
    return int(page.evaluate("Object.keys(localStorage).length"))


def delivered(page: Page) -> None:
    """Waits until the service has all."""
    end = time.monotonic() + 20
    while kept(page) and time.monotonic() < end:
        time.sleep(0.1)
    assert kept(page) == 0


def test_twenty_people_answer_without_a_network_and_each_arrives_once(new_page, kiosk, live_server):
    page = new_page(locale="en-US")
    page.goto(kiosk)
    ready(page)
    page.context.set_offline(True)
    live_server.stop()  # also for the worker that keeps the page
    for number in range(PEOPLE):
        if number == PEOPLE // 2:
            page.reload()
        answer(page, number % 11, f"person {number}")
        expect(page.get_by_text("kept on this device and will be sent")).to_be_visible()
        page.get_by_role("button", name="Start again").click()
        expect(page.get_by_role("radio")).to_have_count(11)
        expect(page.get_by_role("radio", checked=True)).to_have_count(0)
    assert kept(page) == PEOPLE
    assert stored(live_server) == []
    expect(page.locator("#waiting")).to_contain_text(str(PEOPLE))
    page.reload()
    live_server.start()
    page.context.set_offline(False)
    delivered(page)
    expect(page.locator("#waiting")).to_be_empty()
    wanted = [(number % 11, "web", f"person {number}") for number in range(PEOPLE)]
    assert sorted(stored(live_server)) == sorted(wanted)


def test_an_answer_whose_receipt_was_lost_is_sent_again_and_counts_once(
    new_page, kiosk, live_server
):
    page = new_page(locale="en-US")
    page.goto(kiosk)
    lost = []

    def lose(route: Any) -> None:
        if route.request.method != "POST" or lost:
            route.continue_()
            return
        lost.append(route.fetch().status)
        route.abort()

    page.route("**/kiosk/*", lose)
    answer(page, 8, "twice")
    delivered(page)
    assert lost == [201]
    assert stored(live_server) == [(8, "web", "twice")]


def test_who_walks_away_leaves_a_score_and_nothing_on_the_screen(new_page, kiosk, live_server):
    page = new_page(locale="en-US")
    page.clock.install()
    page.goto(kiosk)
    page.locator("label", has_text=re.compile("^3$")).click()
    page.get_by_role("button", name="Send", exact=True).or_(
        page.get_by_role("button", name="Next", exact=True)
    ).click()
    page.get_by_role("textbox").fill("my secret")
    page.clock.run_for(61_000)
    expect(page.get_by_role("heading", name="Are you still there?")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("textbox")).to_have_value("my secret")
    page.clock.run_for(61_000)
    page.clock.run_for(21_000)
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("radio")).to_have_count(11)
    expect(page.get_by_role("radio", checked=True)).to_have_count(0)
    delivered(page)
    assert stored(live_server) == [(3, "web", None)]


def test_the_thanks_go_by_themselves_and_stay_for_who_touches_the_screen(new_page, kiosk):
    page = new_page(locale="en-US")
    page.clock.install()
    page.goto(kiosk)
    answer(page, 9)
    page.clock.run_for(11_000)
    expect(page.get_by_role("radio")).to_have_count(11)
    answer(page, 9)
    page.mouse.click(5, 400)
    page.clock.run_for(11_000)
    expect(page.get_by_text("Thank you")).to_be_visible()
    page.clock.run_for(60_000)
    expect(page.get_by_role("radio")).to_have_count(11)


def test_each_person_begins_in_the_language_of_the_kiosk(new_page, kiosk):
    page = new_page(locale="ja-JP", width=320, height=568)
    page.goto(f"{kiosk}?lang=en")
    page.get_by_role("button", name="日本語").click()
    assert page.locator("html").get_attribute("lang") == "ja"
    expect(
        page.get_by_role("button", name="送信する").or_(page.get_by_role("button", name="次へ"))
    ).to_be_visible()
    assert fits(page)
    page.get_by_role("radio", name="7").press("Space")
    page.get_by_role("button", name="最初から").click()
    assert page.locator("html").get_attribute("lang") == "en"
    expect(page.get_by_role("radio", checked=True)).to_have_count(0)


KINDS = [
    {"key": "score", "kind": "nps", "text": {"en": "Recommend?", "ar": "هل توصي بنا؟"}},
    {"key": "stars", "kind": "stars", "text": {"en": "Stars?", "ar": "نجوم؟"}},
    {"key": "who", "kind": "contact", "text": {"en": "Who are you?", "ar": "من أنت؟"},
     "fields": ["name", "email"]},
]  # fmt: skip


def test_contact_fields_offer_nothing_that_others_wrote(new_page, api, live_server):
    survey = api.survey(languages=["en", "ar"], questions=KINDS)
    page = new_page(locale="en-US")
    page.goto(f"{live_server.url}/kiosk/{survey['public_id']}")
    page.get_by_role("radio", name="9").press("Space")
    page.keyboard.press("Enter")
    page.get_by_role("radio", name="4").press("Space")
    page.keyboard.press("Enter")
    fields = page.get_by_role("textbox")
    expect(fields).to_have_count(2)
    for field in fields.all():
        assert field.get_attribute("autocomplete") == "off"


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280, 1920])
@pytest.mark.parametrize("language", ["en", "ja", "ar"])
def test_axe_finds_nothing_at_any_step(
    new_page, api, live_server, violations, picture, language, width, colours
):
    settings = live_server.app.config["SETTINGS"]
    folder = settings.data_dir / language_packs.FOLDER
    folder.mkdir(exist_ok=True)
    shutil.copy(ARABIC, folder)
    language_packs.init_app(live_server.app, settings)
    questions = [KINDS[0] | {"text": dict.fromkeys(("en", "ja"), KINDS[0]["text"]["en"])
                             | KINDS[0]["text"]}, *KINDS[1:]]  # fmt: skip
    survey = api.survey(languages=["en", "ja", "ar"], questions=questions)
    page = new_page(width=width, color_scheme=colours, reduced_motion="reduce")
    page.clock.install()
    page.goto(f"{live_server.url}/kiosk/{survey['public_id']}?lang={language}")
    name = f"kiosk-{language}-{colours}-{width}"
    for step in ("score", "stars", "contact"):
        assert violations(page) == [], step
        assert fits(page), step
        picture(page, f"{name}-{step}")
        if step != "contact":
            page.get_by_role("radio").nth(3).press("Space")
        if step == "stars":
            page.clock.run_for(61_000)
            expect(page.get_by_role("dialog")).to_be_visible()
            assert violations(page) == [], "still there"
            picture(page, f"{name}-idle")
            page.locator("[data-go-on]").click()
        page.locator("button.primary").click()
    expect(page.locator("#after")).to_be_visible()
    assert violations(page) == [], "thanks"
    picture(page, f"{name}-thanks")


def test_the_words_of_the_page_hold_no_markup_of_an_author(new_page, api, live_server):
    text = {"en": "</script><script>window.bad = 1</script>"}
    survey = api.survey(languages=["en"], questions=[KINDS[0] | {"text": text}])
    page = new_page(locale="en-US")
    page.goto(f"{live_server.url}/kiosk/{survey['public_id']}")
    expect(page.get_by_role("radio")).to_have_count(11)
    assert page.evaluate("window.bad") is None
    assert json.loads(page.locator("#kiosk-data").text_content() or "")["first"] == "en"
