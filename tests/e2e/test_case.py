"""A success manager works a case off in the browser: opens, notes, resolves, undoes."""

from __future__ import annotations

from typing import Any

import pytest

from vocapp import outbox
from vocapp.database import transaction, utcnow
from vocapp.workspaces.models import Membership
from vocapp.workspaces.service import find_or_create_user

pytestmark = pytest.mark.e2e

EMAIL, PASSWORD = "aiko@example.com", "correct horse battery"
WORDS = {
    "en": {
        "add": "Add the note", "resolve": "Resolve", "outcome": "Agreed on a plan",
        "undo": "Undo", "open": "Not contacted yet", "resolved": "Resolved",
    },
    "ja": {
        "add": "メモを追加", "resolve": "解決にする", "outcome": "対応方針に合意",
        "undo": "元に戻す", "open": "未連絡", "resolved": "解決済み",
    },
}  # fmt: skip


@pytest.fixture
def csm(api: Any) -> None:
    """A workspace with one low score, and somebody who takes care of it."""
    api.survey()
    api.respond(
        score=1, comment="The export loses rows. 毎回困っています。",
        account={"external_id": "acme", "name": "Acme"},
        contact={"external_id": "u1", "name": "Mika Sato"},
    )  # fmt: skip
    api.respond(score=5, account={"external_id": "other", "name": "Other"})
    with transaction() as session:
        user = find_or_create_user(
            session, email=EMAIL, name="Aiko", password=PASSWORD, locale="en", now=utcnow()
        )
        session.add(
            Membership(
                workspace_id=api.workspace_id, user_id=user.id, role="success",
                created_at=utcnow(),
            )
        )  # fmt: skip
    while outbox.work_off("follow_up", now=utcnow()):
        pass


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_top_case_is_opened_noted_resolved_and_taken_back(
    csm: None, live_server: Any, new_page: Any, violations: Any, language: str
) -> None:
    words = WORDS[language]
    page = new_page(locale={"en": "en-US", "ja": "ja-JP"}[language])
    page.context.add_cookies([{"name": "voc_locale", "value": language, "url": live_server.url}])
    page.goto(f"{live_server.url}/follow-ups")
    page.fill("[name=email]", EMAIL)
    page.fill("[name=password]", PASSWORD)
    page.click("form:has([name=password]) button")
    page.wait_for_url("**/follow-ups*")
    assert violations(page) == []

    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/follow-ups/*-*")
    assert "Acme · Mika Sato" in page.inner_text("h1")
    assert violations(page) == []

    page.fill("#note", "Called; 来週また話します")
    page.get_by_role("button", name=words["add"]).click()
    page.get_by_text("Called; 来週また話します").wait_for()

    page.select_option("[name=outcome]", label=words["outcome"])
    page.get_by_role("button", name=words["resolve"], exact=True).click()
    page.locator("header .chip", has_text=words["resolved"]).wait_for()

    page.locator("body").press("z")
    page.locator("header .chip", has_text=words["open"]).wait_for()
    assert page.locator(".timeline > li").count() >= 4
