"""A playbook that writes by itself is set up in the browser, and the mail arrives."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.succeeding.test_tech_touch import customer, set_up, work
from vocapp import outbox
from vocapp.database import utcnow

pytestmark = pytest.mark.e2e

WORDS = {
    "en": {
        "offer": "Set up: E-mails: set-up is not done", "save": "Save and see what it would do",
        "would": "1 person would be written to", "mine": "Send it to me: Set-up is still open",
        "on": "Switch on", "sent": "What went out by itself in the last 30 days",
        "greeting": "Hello 林 花子,", "story": "E-mail to 林 花子 by playbook",
    },
    "ja": {
        "offer": "設定する：メール：初期設定が終わっていない", "save": "保存して動作を確認する",
        "would": "1人に送信します", "mine": "自分に送ってみる：残りの手順のご案内",
        "on": "有効にする", "sent": "過去30日間に自動で送信したもの",
        "greeting": "林 花子 様", "story": "から林 花子さんへのメール",
    },
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_playbook_is_set_up_tried_out_and_its_mail_arrives(
    api: Any, signed_in: Any, picture: Any, live_server: Any, mail_server: Any, language: str
) -> None:
    words = WORDS[language]
    customer(api, "done")
    set_up(api, "done")
    customer(
        api, "hayashi", ("hanako", ["champion"], {"name": "林 花子", "locale": language}),
        ("kenji", ["billing"], {}),
    )  # fmt: skip
    work()
    page = signed_in("success", language)
    page.goto(f"{live_server.url}/playbooks")
    page.get_by_role("link", name=words["offer"]).click()
    page.locator(".playbook-more > summary").click()
    kind = page.locator("#kind-2")
    assert not page.locator("#most-2").is_visible()
    kind.select_option("survey")
    assert page.locator("#survey-2").is_visible()
    assert not page.locator("#subject-2-en").is_visible()
    kind.select_option("email")
    assert page.locator("#subject-2-en").is_visible()
    kind.select_option("task")
    picture(page, f"tech-touch-1-form-{language}")
    page.get_by_role("button", name=words["save"]).click()
    page.locator("#dry-run").get_by_text(words["would"]).first.wait_for()
    assert page.locator("#would-fire li").count() == 1
    picture(page, f"tech-touch-2-trial-{language}")
    page.get_by_role("button", name=words["mine"]).click()
    page.locator(".banner, [role=status]").first.wait_for()
    while outbox.work_off("staff_mail", now=utcnow() + timedelta(minutes=1)):
        pass
    assert len(mail_server.received) == 2  # one in each language
    page.get_by_role("button", name=words["on"], exact=True).click()
    page.locator("h1 .chip.good").wait_for()
    work()

    to, message = mail_server.received[-1]
    assert to == ["hanako@hayashi.example.com"]
    assert words["greeting"] in message.get_content()
    assert len(mail_server.received) == 3
    page.reload()
    page.get_by_text(words["sent"]).wait_for()
    picture(page, f"tech-touch-3-sent-{language}")
    page.goto(f"{live_server.url}/accounts/hayashi")
    assert words["story"] in page.inner_text(".timeline")
