"""A product manager goes through twenty comments without a mouse; and without script."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from vocapp.database import snapshot
from vocapp.understanding import service
from vocapp.understanding.models import Label, Review, Theme
from vocapp.workspaces.access import COOKIE

pytestmark = pytest.mark.e2e

SENTENCES = [
    "I was billed for seats that the integration had deleted.",
    "サポートに問い合わせても返信が来るまで何日もかかります。",
    "The chart says one thing and the invoice another.",
    "設定がどこにあるのか、毎回探してしまいます。",
    "Nobody told us that the export was gone.",
    "It is dear for what it does, and the phone line is always busy.",
]
WORDS = {
    "en": {
        "begin": "Begin", "at": "%d of 20", "done": "The round is done.", "keys": "No theme fits",
    },
    "ja": {
        "begin": "始める", "at": "20件中%d件目", "done": "ひと回り終わりました。",
        "keys": "該当なし",
    },
}  # fmt: skip


@pytest.fixture
def comments(api: Any, drain_outbox: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(service, "preferred_encoder", lambda: "static")
    api.survey()
    for number in range(22):
        # Two of the sentences each, no pair twice: copies would be asked about once.
        first, step = number % len(SENTENCES), 1 + number // len(SENTENCES)
        text = f"{SENTENCES[first]} {SENTENCES[(first + step) % len(SENTENCES)]}"
        assert api.respond(score=number % 11, comment=text).status_code == 201
    assert drain_outbox() == []


@pytest.fixture
def open_triage(new_page: Any, live_server: Any, staff: Any) -> Any:
    def open_page(language: str, **options: Any) -> Page:
        page: Page = new_page(locale="ja-JP" if language == "ja" else "en-US", **options)
        jar = {COOKIE: staff("product").client.get_cookie(COOKIE).value, "voc_locale": language}
        page.context.add_cookies(
            [{"name": name, "value": value, "url": live_server.url} for name, value in jar.items()]
        )
        page.goto(f"{live_server.url}/themes/triage")
        return page

    return open_page


def count(model: Any) -> int:
    with snapshot() as session:
        query = select(func.count()).select_from(model)
        return int(session.scalar(query.execution_options(voc_all_workspaces=True)) or 0)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_twenty_comments_by_keyboard_alone(comments, open_triage, language):
    words = WORDS[language]
    page = open_triage(language)
    expect(page.get_by_role("button", name=words["begin"])).to_be_visible()
    page.keyboard.press("Enter")
    for number in range(1, 21):
        expect(page.get_by_text(words["at"] % number).first).to_be_visible()
        if number == 1:
            page.keyboard.press("?")
            expect(page.get_by_role("dialog").get_by_text(words["keys"])).to_be_visible()
            page.keyboard.press("Escape")
        if number % 5 == 0:
            page.keyboard.press("x")
        elif number % 7 == 0:
            page.keyboard.press("s")
        else:
            if page.locator("[data-triage-toggles] input").count():
                page.keyboard.press("1")
            page.keyboard.press("Enter")
    expect(page.get_by_text(words["done"]).first).to_be_visible()
    assert count(Review) == 18
    page.keyboard.press("u")
    expect(page.get_by_text(words["at"] % 20).first).to_be_visible()
    assert count(Review) == 17


def test_a_theme_is_searched_by_keyboard_and_the_reader_hears_how_far_it_is(comments, open_triage):
    page = open_triage("en")
    page.keyboard.press("Enter")
    expect(page.locator("#triage-status")).to_have_text("1 of 20")
    expect(page.locator("[data-triage-focus]")).to_be_focused()
    suggested = set(
        page.locator("[data-triage-toggles] input").evaluate_all("all => all.map(x => x.value)")
    )
    wanted = "onboarding" if "onboarding" not in suggested else "documentation"
    page.keyboard.press("/")
    page.keyboard.type(wanted[:6])
    page.keyboard.press("Enter")
    box = page.locator(f'[data-triage-toggles] input[value="{wanted}"]')
    expect(box).to_be_checked()
    expect(page.locator("[data-triage-focus]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#triage-status")).to_have_text("2 of 20")
    with snapshot() as session:
        key = session.scalar(
            select(Theme.key).join(Label, Label.theme_id == Theme.id)
            .where(Label.verdict == "add").execution_options(voc_all_workspaces=True)
        )  # fmt: skip
    assert key == wanted


def test_what_cannot_be_sent_is_said_and_not_lost(comments, open_triage, live_server):
    page = open_triage("en")
    page.keyboard.press("Enter")
    expect(page.locator("#triage-status")).to_have_text("1 of 20")
    page.route("**/themes/triage/*", lambda route: route.abort())
    page.keyboard.press("x")
    expect(page.locator(".banner.error")).to_contain_text("Nothing is lost")
    page.unroute("**/themes/triage/*")
    page.keyboard.press("x")
    expect(page.locator("#triage-status")).to_have_text("2 of 20")
    assert count(Review) == 1


def test_without_script_on_a_phone(comments, open_triage):
    page = open_triage("ja", java_script_enabled=False, width=360)
    page.get_by_role("button", name="始める").click()
    page.get_by_text("ほかのテーマ").click()
    page.locator(".triage-others label.toggle").first.click()
    page.get_by_role("button", name="このテーマだけで確定").click()
    expect(page.get_by_text("20件中2件目").first).to_be_visible()
    assert count(Review) == 1


def test_the_page_is_accessible(comments, open_triage, violations):
    page = open_triage("en")
    assert violations(page) == []
    page.keyboard.press("Enter")
    expect(page.locator("#triage-status")).to_have_text("1 of 20")
    assert violations(page) == []


def test_the_quality_page_is_accessible_and_leads_back_to_teaching(
    comments, open_triage, live_server, violations
):
    page = open_triage("en")
    page.keyboard.press("Enter")
    for number in range(1, 21):
        expect(page.locator("#triage-status")).to_have_text(f"{number} of 20")
        page.keyboard.press("x" if number % 3 == 0 else "Enter")
    expect(page.get_by_text("The round is done.").first).to_be_visible()
    page.goto(f"{live_server.url}/themes/quality")
    expect(page.get_by_role("heading", level=1)).to_have_text("How good the themes are")
    assert violations(page) == []
    page.get_by_role("link", name="Teach the themes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Teach the themes")
