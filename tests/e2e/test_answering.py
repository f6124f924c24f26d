"""Answering in a real browser: from an e-mail, on the hosted page, with and without script."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from vocapp.collecting.models import Answer, Response
from vocapp.database import snapshot

pytestmark = pytest.mark.e2e


def stored(live_server: Any) -> list[tuple[int | None, str, str | None]]:
    """Score, channel and comment of every response."""
    with live_server.app.app_context(), snapshot() as session:
        rows = session.scalars(select(Response).order_by(Response.received_at))
        return [
            (row.score, row.channel, session.scalar(
                select(Answer.text).where(Answer.response_id == row.id, Answer.text.is_not(None))
            ))
            for row in rows
        ]  # fmt: skip


LOOKING_MS = 2_100  # so long people look at a page at least


@pytest.fixture
def hosted(api: Any, live_server: Any) -> str:
    return f"{live_server.url}/s/{api.survey()['public_id']}"


@pytest.fixture
def mailed(api: Any, live_server: Any) -> str:
    api.survey()
    body = {"survey": "nps", "contact": {"email": "aiko@example.com", "name": "愛子"}}
    return str(api.post("/api/v1/invitations", body).json["link"])


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize("script", [True, False])
def test_a_link_in_a_mail_chooses_and_only_the_button_counts(new_page, mailed, live_server, script):
    page = new_page(java_script_enabled=script, locale="en-US", width=360)
    page.goto(f"{mailed}?score=9")
    expect(page.get_by_role("radio", name="9")).to_be_checked()
    expect(page.locator("[data-preselected]")).to_contain_text("counts once you press")
    assert stored(live_server) == []
    page.wait_for_timeout(LOOKING_MS)
    page.get_by_role("button", name="Send my answer").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("9 is saved")
    assert stored(live_server) == [(9, "email", None)]
    page.get_by_label(re.compile("What do you value most")).fill("Quick answers")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    assert stored(live_server) == [(9, "email", "Quick answers")]
    page.goto(f"{mailed}?score=2")
    expect(page.get_by_text("You answered 9 before.")).to_be_visible()
    page.wait_for_timeout(LOOKING_MS)
    page.get_by_role("button", name="Send my answer").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("2 is saved")
    assert stored(live_server) == [(2, "email", "Quick answers")]


@pytest.mark.parametrize("script", [True, False])
def test_who_presses_before_the_page_could_be_read_is_thanked_and_held(
    new_page, mailed, live_server, script
):
    page = new_page(java_script_enabled=script, locale="en-US")
    page.goto(f"{mailed}?score=9")
    page.get_by_role("button", name="Send my answer").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("9 is saved")
    assert stored(live_server) == []
    page.wait_for_timeout(LOOKING_MS)
    page.get_by_label(re.compile("What do you value most")).fill("It is quick")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    assert stored(live_server) == [(9, "email", "It is quick")]


@pytest.mark.parametrize(
    ("locale", "score", "asked", "thanks"),
    [("en-US", 2, "What went wrong", "Thank you"), ("ja-JP", 2, "改善すべき点", "ありがとう")],
)
def test_the_hosted_page_is_answered_by_keyboard_alone_on_a_narrow_screen(
    new_page, hosted, live_server, locale, score, asked, thanks
):
    page = new_page(locale=locale, width=320, height=568)
    page.goto(hosted)
    assert page.locator("html").get_attribute("lang") == locale[:2]
    assert fits(page)
    page.keyboard.press("Tab")
    expect(page.locator("input[type=radio]:focus")).to_have_count(1)
    page.keyboard.press("Space")
    for _ in range(score):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("label", has_text=asked)).to_be_visible()
    assert fits(page)
    assert stored(live_server) == [(score, "web", None)]
    page.keyboard.press("Tab")
    page.keyboard.type("遅い。 slow")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(thanks)
    assert fits(page)
    assert stored(live_server) == [(score, "web", "遅い。 slow")]


def test_an_iframe_on_another_site_is_answered_without_cookies(
    new_page, hosted, live_server, other_site
):
    page = new_page(locale="en-US")
    framed = hosted.replace("/s/", "/embed/")
    page.goto(other_site(f'<iframe src="{framed}" width="400" height="600"></iframe>'))
    frame = page.frame_locator("iframe")
    frame.locator("label", has_text=re.compile("^7$")).click()
    frame.get_by_role("button", name="Send").click()
    expect(frame.get_by_role("heading", level=1)).to_contain_text("7 is saved")
    assert stored(live_server) == [(7, "embed", None)]
    assert page.context.cookies() == []


def test_a_comment_survives_an_accidental_reload(new_page, mailed):
    page = new_page(locale="en-US")
    page.goto(f"{mailed}?score=9")
    page.get_by_role("button", name="Send my answer").click()
    page.get_by_role("textbox").fill("half a thought")
    page.goto("about:blank")
    page.goto(f"{mailed}?score=9")
    page.get_by_role("button", name="Send my answer").click()
    expect(page.get_by_role("textbox")).to_have_value("half a thought")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en-US", "ja-JP"])
def test_respondent_pages_have_no_accessibility_violations(
    new_page, mailed, violations, scheme, locale
):
    page = new_page(locale=locale, color_scheme=scheme, width=320, bypass_csp=True)
    page.goto(f"{mailed}?score=9")
    assert violations(page) == []
    page.locator("button[value=score]").click()
    page.locator("textarea").wait_for()
    assert violations(page) == []
    page.locator("button[value=rest]").click()
    page.locator("[data-draft-done]").wait_for()
    assert violations(page) == []
