"""A success manager clears ten cases with the keyboard alone; pictures of it are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vocapp import outbox
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.following_up.models import ACTIVE_STATES, FollowUp
from vocapp.workspaces.models import Membership
from vocapp.workspaces.service import find_or_create_user

pytestmark = pytest.mark.e2e

EMAIL, PASSWORD = "aiko@example.com", "correct horse battery"
PICTURES = Path(__file__).parent / "screenshots"
COMMENTS = (
    "The export loses rows", "請求書の金額が毎月違います", "Support never answers",
    "検索が遅くて使えません", "We will cancel", "設定が難しい", "Crashes every morning",
    "値段が高い", "No single sign-on", "通知が多すぎます",
)  # fmt: skip


@pytest.fixture
def csm(api: Any) -> None:
    """Ten cases of nine people: Mika answered twice."""
    api.survey()
    api.survey("support")
    for number, comment in enumerate(COMMENTS[:9]):
        api.respond(
            score=number % 6, comment=comment,
            account={"external_id": f"a{number}", "name": f"Company {number}"},
            contact={"external_id": f"u{number}", "name": f"Person {number}"},
        )  # fmt: skip
    api.respond("support", score=5, comment=COMMENTS[9], contact={"external_id": "u0"})
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


class Desk:
    """The list of what is to do, and hands on a keyboard."""

    def __init__(self, page: Any, workspace_id: Any, language: str) -> None:
        self.page, self.workspace_id, self.language = page, workspace_id, language

    def left(self) -> int:
        """Cases that are still to be done, as they are stored."""
        waiting = (FollowUp.state.in_(ACTIVE_STATES), FollowUp.snoozed_until.is_(None))
        with snapshot() as session:
            return len(session.scalars(scoped(FollowUp, self.workspace_id).where(*waiting)).all())

    def press(self, *keys: str) -> None:
        """Keys that stay on the page."""
        for key in keys:
            self.page.keyboard.press(key)

    def press_and_go(self, key: str) -> None:
        """A key that sends a form or follows a link."""
        with self.page.expect_navigation():
            self.page.keyboard.press(key)

    def picture(self, name: str) -> None:
        PICTURES.mkdir(exist_ok=True)
        self.page.screenshot(path=PICTURES / f"csm-{name}-{self.language}.png", full_page=True)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_ten_cases_are_cleared_by_keyboard(
    csm: None, api: Any, live_server: Any, new_page: Any, language: str
) -> None:
    page = new_page(locale={"en": "en-US", "ja": "ja-JP"}[language])
    page.context.add_cookies([{"name": "voc_locale", "value": language, "url": live_server.url}])
    page.goto(f"{live_server.url}/follow-ups")
    page.fill("[name=email]", EMAIL)
    page.fill("[name=password]", PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    desk = Desk(page, api.workspace_id, language)
    assert page.locator("tbody tr").count() == 10
    desk.picture("1-queue")

    # Somebody answered twice: found, made one case, called, and the call is written down.
    desk.press("/")
    page.keyboard.insert_text("Person 0")
    desk.press_and_go("Enter")
    assert page.locator("tbody tr").count() == 2
    desk.press("j")
    desk.press_and_go("Enter")
    desk.press_and_go("m")
    page.get_by_text(COMMENTS[9]).wait_for()
    desk.picture("2-merged")
    desk.press("c")
    _to_the_note(page)
    page.keyboard.insert_text("折り返し電話します")
    desk.press("Tab")
    desk.press_and_go("Enter")
    page.get_by_text("折り返し電話します").wait_for()
    desk.picture("3-called")
    desk.press_and_go("e")
    assert desk.left() == 8

    # Seven are solved from the list, the last of them by mistake and taken back.
    desk.press("g")
    desk.press_and_go("f")
    for _ in range(7):
        desk.press("j")
        desk.press_and_go("e")
    assert desk.left() == 1
    desk.press_and_go("z")
    assert desk.left() == 2
    desk.picture("4-undone")

    # That one waits until tomorrow; the last one is solved from its own page.
    desk.press("j")
    desk.press_and_go("s")
    desk.press_and_go("Enter")
    desk.press("j")
    desk.press_and_go("Enter")
    desk.press_and_go("e")
    desk.press("g")
    desk.press_and_go("f")
    assert desk.left() == 0
    desk.picture("5-done")


def _to_the_note(page: Any) -> None:
    """On with Tab until the note of the call has the focus."""
    for _ in range(20):  # the field of date and time alone has seven stops
        if page.evaluate("document.activeElement.id") == "call-note":
            return
        page.keyboard.press("Tab")
    raise AssertionError("the note is not reached by Tab")
