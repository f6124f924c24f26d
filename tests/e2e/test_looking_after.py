"""Looking after an account in the browser: who is who there, its story and notes, the weights of
its health, and a letter to a customer.

Pictures of the way stand in `screenshots/` beside this file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from surveys.health import COMPONENTS, band
from vocapp import outbox
from vocapp.database import snapshot, transaction, utcnow
from vocapp.following_up.models import FollowUp
from vocapp.people.models import Account
from vocapp.succeeding.health.models import AccountHealth
from vocapp.workspaces.access import COOKIE

pytestmark = pytest.mark.e2e

WORDS = {
    "en": {
        "champion": "Champion", "own": "Other roles, in your words", "save": "Save",
        "undo": "Undo", "write": "Write a note", "note": "Note for colleagues", "notes": "Notes",
        "said": "What they say", "segment": "Add a segment", "condition": "Add a condition",
        "use": "Use these conditions", "look": "See what would change",
        "would": "would be in another band", "why": "Why are they changed?",
        "counts": "What you saved counts from now on.", "send": "Send",
    },
    "ja": {
        "champion": "推進役", "own": "その他の役割（自由入力）", "save": "保存",
        "undo": "取り消す", "write": "メモを書く", "note": "社内メモ", "notes": "メモ",
        "said": "お客様の声", "segment": "セグメントを追加", "condition": "条件を追加",
        "use": "この条件を使う", "look": "変わる内容を見る", "would": "区分が変わります",
        "why": "変更の理由",
        "counts": "保存した内容が使われるようになりました。", "send": "送信する",
    },
}  # fmt: skip
both = pytest.mark.parametrize("language", ["en", "ja"])


@pytest.fixture
def acme(api: Any) -> Any:
    """Two customers, at one of which somebody is unhappy and has an address."""
    api.survey()
    account = {"external_id": "acme", "name": "Acme 商事", "plan": "pro", "region": "jp"}
    api.post("/api/v1/accounts", {"external_id": "birch", "name": "Birch", "plan": "free"})
    answer = api.respond(
        score=1, comment="The export loses rows. 毎回困っています。", account=account,
        contact={"external_id": "u1", "name": "Mika Sato", "email": "mika@example.jp"},
    )  # fmt: skip
    assert answer.status_code == 201
    while outbox.work_off("follow_up", now=utcnow()):
        pass
    with transaction() as session:
        for place, account_id in enumerate(session.scalars(select(Account.id))):
            known = {"survey": 90.0, "usage": 15.0 + 60 * place}
            score = (20 * known["survey"] + 30 * known["usage"]) / 50
            session.merge(
                AccountHealth(
                    workspace_id=api.workspace_id, account_id=account_id, score=score,
                    band=band(score), last_band=band(score), band_since=utcnow(), coverage=0.5,
                    components=[
                        {"key": each, "points": known.get(each), "weight": 0.1, "reasons": []}
                        for each in COMPONENTS
                    ],
                    reasons=[], computed_at=utcnow(),
                )
            )  # fmt: skip
    return api


@pytest.fixture
def looks(picture: Any, violations: Any) -> Callable[[Page, str], None]:
    """Nothing is wrong with the page, also on a phone, and what it looks like is kept."""

    def look(page: Page, name: str) -> None:
        assert violations(page) == []
        picture(page, name)
        page.set_viewport_size({"width": 360, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        picture(page, f"{name}-phone")
        page.set_viewport_size({"width": 1280, "height": 800})

    return look


@both
def test_a_person_becomes_the_champion_and_it_is_taken_back(
    acme: Any, live_server: Any, signed_in: Any, looks: Any, language: str
) -> None:
    words, page = WORDS[language], signed_in("success", language)
    page.goto(f"{live_server.url}/accounts/acme")
    page.locator('a[href*="/contacts/"]', has_text="Mika Sato").click()
    page.wait_for_url("**/contacts/*")
    page.get_by_label(words["champion"], exact=True).check()
    page.get_by_label(words["own"]).fill("works council、情報システム室")
    roles = page.locator("form", has=page.get_by_label(words["champion"], exact=True))
    roles.get_by_role("button", name=words["save"], exact=True).click()
    page.locator(".flashes").get_by_role("button", name=words["undo"]).wait_for()
    assert page.get_by_label(words["champion"], exact=True).is_checked()
    looks(page, f"person-roles-{language}")
    with page.expect_navigation():
        page.locator("body").press("z")
    assert not page.get_by_label(words["champion"], exact=True).is_checked()


@both
def test_a_note_reaches_a_colleague_and_the_story_shows_what_is_asked_for(
    acme: Any, live_server: Any, signed_in: Any, staff: Any, looks: Any, language: str
) -> None:
    words, page = WORDS[language], signed_in("success", language)
    ben = staff("product", email="ben@example.com")
    page.goto(f"{live_server.url}/accounts/acme")
    page.get_by_text(words["write"], exact=True).click()
    page.get_by_label(words["note"]).fill("@Product 来週の会議で export を見ましょう。")
    page.locator("#story form").get_by_role("button", name=words["save"], exact=True).click()
    story = page.locator("#story .timeline")
    story.get_by_text("来週の会議で").wait_for()
    looks(page, f"story-{language}")
    filters = page.locator("#story nav")
    filters.get_by_role("link", name=words["notes"], exact=True).click()
    page.wait_for_url("**story=notes*")
    assert "来週の会議で" in story.inner_text()
    assert "The export loses rows" not in story.inner_text()
    filters.get_by_role("link", name=words["said"], exact=True).click()
    page.wait_for_url("**story=answers*")
    assert "The export loses rows" in story.inner_text()
    assert "来週の会議で" not in story.inner_text()
    page.context.clear_cookies()
    jar = {COOKIE: ben.client.get_cookie(COOKIE).value, "voc_locale": language}
    page.context.add_cookies(
        [{"name": name, "value": value, "url": live_server.url} for name, value in jar.items()]
    )
    page.goto(live_server.url)
    page.get_by_text("来週の会議で").wait_for()
    looks(page, f"mention-{language}")


@both
def test_weights_by_plan_and_region_are_looked_at_saved_and_taken_back(
    acme: Any, live_server: Any, signed_in: Any, looks: Any, language: str
) -> None:
    words, page = WORDS[language], signed_in("admin", language)
    page.goto(f"{live_server.url}/health-score/weights")
    page.get_by_role("button", name=words["segment"]).click()
    page.locator("[name='f.0.attribute']").select_option("plan")
    page.get_by_label("pro 1").check()
    page.get_by_role("button", name=words["condition"]).click()
    page.locator("[name='f.1.attribute']").select_option("region")
    page.get_by_label("jp 1").check()
    looks(page, f"weights-segment-{language}")
    page.get_by_role("button", name=words["use"]).click()
    survey = page.locator("input[name$='.survey']")
    survey.nth(1).wait_for()
    for place in range(survey.count()):
        survey.nth(place).fill("0")
    page.get_by_label(words["why"]).fill("Use tells more 利用を重視")
    page.get_by_role("button", name=words["look"]).click()
    page.get_by_text(words["would"]).wait_for()
    assert survey.nth(0).input_value() == "0"
    looks(page, f"weights-preview-{language}")
    page.get_by_role("button", name=words["save"], exact=True).click()
    page.get_by_text(words["counts"]).wait_for()
    looks(page, f"weights-saved-{language}")
    page.locator(".flashes").get_by_role("button", name=words["undo"]).click()
    page.get_by_text(words["counts"]).wait_for(state="detached")
    assert page.locator("input[name$='.survey']").first.input_value() != "0"


@both
def test_a_letter_is_written_from_a_case_and_taken_back(
    acme: Any, live_server: Any, signed_in: Any, looks: Any, language: str
) -> None:
    words, page = WORDS[language], signed_in("success", language)
    with snapshot() as session:
        case_id = session.scalar(select(FollowUp.id))
    page.goto(f"{live_server.url}/follow-ups/{case_id}?open=mail")
    page.locator("#mail-subject").fill("Your answer ご回答について")
    page.locator("#mail-body").fill("Dear Mika,\n\nthe export is mended on Friday.\n\nAiko")
    looks(page, f"letter-form-{language}")
    page.get_by_role("button", name=words["send"], exact=True).click()
    page.locator(".timeline", has_text="the export is mended").wait_for()
    looks(page, f"letter-{language}")
    with page.expect_navigation():
        page.locator("body").press("z")
    assert "the export is mended" in page.locator("#mail-body").input_value()
