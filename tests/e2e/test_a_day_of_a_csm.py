"""A success manager clears ten cases with the keyboard alone; pictures of it are kept."""

from __future__ import annotations

from typing import Any

import pytest

from vocapp import outbox
from vocapp.database import scoped, snapshot, utcnow
from vocapp.following_up.models import ACTIVE_STATES, FollowUp

pytestmark = pytest.mark.e2e

COMMENTS = (
    "The export loses rows", "請求書の金額が毎月違います", "Support never answers",
    "検索が遅くて使えません", "We will cancel", "設定が難しい", "Crashes every morning",
    "値段が高い", "No single sign-on", "通知が多すぎます",
)  # fmt: skip


@pytest.fixture
def cases(api: Any) -> None:
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
    while outbox.work_off("follow_up", now=utcnow()):
        pass


class Desk:
    """The list of what is to do, and hands on a keyboard."""

    def __init__(self, page: Any, workspace_id: Any) -> None:
        self.page, self.workspace_id = page, workspace_id

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


@pytest.mark.parametrize("language", ["en", "ja"])
def test_ten_cases_are_cleared_by_keyboard(
    cases: None, api: Any, signed_in: Any, picture: Any, language: str
) -> None:
    page = signed_in("success", language)
    desk = Desk(page, api.workspace_id)
    desk.press("g")
    desk.press_and_go("f")
    assert page.locator("tbody tr").count() == 10
    picture(page, f"csm-1-queue-{language}")

    # Somebody answered twice: found, made one case, called, and the call is written down.
    desk.press("/")
    page.keyboard.insert_text("Person 0")
    desk.press_and_go("Enter")
    assert page.locator("tbody tr").count() == 2
    desk.press("j")
    desk.press_and_go("Enter")
    desk.press_and_go("m")
    page.get_by_text(COMMENTS[9]).wait_for()
    picture(page, f"csm-2-merged-{language}")
    desk.press("c")
    _to_the_note(page)
    page.keyboard.insert_text("折り返し電話します")
    desk.press("Tab")
    desk.press_and_go("Enter")
    page.get_by_text("折り返し電話します").wait_for()
    picture(page, f"csm-3-called-{language}")
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
    picture(page, f"csm-4-undone-{language}")

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
    picture(page, f"csm-5-done-{language}")


def _to_the_note(page: Any) -> None:
    """On with Tab until the note of the call has the focus."""
    for _ in range(20):  # the field of date and time alone has seven stops
        if page.evaluate("document.activeElement.id") == "call-note":
            return
        page.keyboard.press("Tab")
    raise AssertionError("the note is not reached by Tab")
