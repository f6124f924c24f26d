"""A playbook fires on a stalled onboarding and its task is done, in the browser, by two people.

Pictures of the way stand in `screenshots/` beside this file.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from surveys.periods import local_day
from vocapp import outbox
from vocapp.database import scoped, transaction, utcnow
from vocapp.people.health_changes import HEALTH
from vocapp.people.models import Account
from vocapp.succeeding.playbooks.evaluating import BEGIN
from vocapp.workspaces.models import Membership
from vocapp.workspaces.service import find_or_create_user

pytestmark = pytest.mark.e2e

PICTURES = Path(__file__).parent / "screenshots"
EMAIL, PASSWORD = "aiko@example.com", "correct horse battery"
WORDS = {
    "en": {
        "offer": "Set up: Onboarding has stalled", "save": "Save and see what it would do",
        "would": "It would fire for 1 account now.", "on": "Switch on",
        "task": "Call: what keeps them from finishing set-up?",
        "why": "Onboarding not complete 40 days after the start", "done": "Mark as done",
        "said": "The task is done.", "recovered": "Well again since", "account": "What they said",
    },
    "ja": {
        "offer": "設定する：導入が滞っている", "save": "保存して動作を確認する",
        "would": "今有効にすると、1社で発動します。", "on": "有効にする",
        "task": "電話する：初期設定を終えられない理由を聞く",
        "why": "開始から40日たっても導入が完了していません", "done": "完了にする",
        "said": "タスクを完了しました。", "recovered": "に回復", "account": "いただいた声",
    },
}  # fmt: skip


@pytest.fixture
def csm(api: Any) -> None:
    """Two customers of one who looks after them: one is set up, the other one is not."""
    for external_id, name in (("hayashi", "林商事 Hayashi"), ("ready", "Ready Ltd")):
        started = (local_day(utcnow(), "UTC") - timedelta(days=40)).isoformat()
        account = {"external_id": external_id, "name": name, "started_on": started}
        assert api.post("/api/v1/accounts", account).status_code == 201
    api.survey()
    api.respond(score=8, account={"external_id": "ready"})
    _set_up(api, "ready")
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
        for account in session.scalars(scoped(Account, api.workspace_id)):
            account.owner_user_id = user.id
    _work()


def _set_up(api: Any, external_id: str) -> None:
    at = (utcnow() - timedelta(minutes=1)).isoformat()
    event = {
        "id": f"setup-{external_id}", "type": "milestone", "name": "setup_done",
        "account": external_id, "at": at,
    }  # fmt: skip
    assert api.post("/api/v1/events", {"events": [event]}).json["accepted"] == 1


def _work() -> None:
    for kind in (HEALTH, BEGIN):
        while outbox.work_off(kind, now=utcnow()):
            pass


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_playbook_fires_on_a_stalled_onboarding_and_the_task_is_done(
    csm: None, api: Any, live_server: Any, new_page: Any, violations: Any, language: str
) -> None:
    words = WORDS[language]
    page = new_page(locale={"en": "en-US", "ja": "ja-JP"}[language])
    page.context.add_cookies([{"name": "voc_locale", "value": language, "url": live_server.url}])

    def picture(name: str) -> None:
        assert violations(page) == []
        PICTURES.mkdir(exist_ok=True)
        page.screenshot(path=PICTURES / f"playbook-{name}-{language}.png", full_page=True)

    page.goto(f"{live_server.url}/playbooks")
    page.fill("[name=email]", EMAIL)
    page.fill("[name=password]", PASSWORD)
    page.click("form:has([name=password]) button")
    page.wait_for_url("**/playbooks")
    picture("1-offered")
    page.get_by_role("link", name=words["offer"]).click()
    page.get_by_role("button", name=words["save"]).wait_for()
    picture("2-form")
    page.get_by_role("button", name=words["save"]).click()
    page.get_by_text(words["would"]).wait_for()
    assert page.locator("#would-fire li").count() == 1
    picture("3-dry-run")
    page.get_by_role("button", name=words["on"]).click()
    page.locator("h1 .chip.good").wait_for()
    _work()

    page.goto(live_server.url)
    page.get_by_text(words["task"]).wait_for()
    picture("4-home")
    page.goto(f"{live_server.url}/tasks")
    assert words["why"] in page.inner_text("table")
    picture("5-tasks")
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.get_by_text(words["said"]).wait_for()
    page.locator("body").press("z")
    page.get_by_text(words["task"]).wait_for()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.fill("#note", "管理者の権限が必要でした。They lacked an administrator.")
    picture("6-task")
    page.get_by_role("button", name=words["done"], exact=True).click()
    page.get_by_text(words["said"]).wait_for()

    _set_up(api, "hayashi")
    _work()
    page.goto(f"{live_server.url}/accounts/hayashi")
    assert "They lacked an administrator." in page.inner_text("#tasks")
    assert words["recovered"] in page.inner_text(".timeline")
    picture("7-account")
    page.goto(f"{live_server.url}/playbooks")
    counts = page.locator("tbody tr td.number").all_inner_texts()
    assert [each.strip() for each in counts] == ["1", "1", "1", "0", "1"]
    picture("8-came-of-it")
    page.goto(f"{live_server.url}/capacity")
    picture("9-coming-weeks")
