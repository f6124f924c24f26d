"""The editor of surveys keeps what is typed, also past a server that is down, and takes it back."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.e2e

A_PAUSE_MS, ANOTHER_TRY_MS = 2_000, 15_000  # as the script waits


@pytest.fixture
def editor(signed_in: Any, live_server: Any, api: Any) -> Page:
    """The editor of a survey, its clock set forward at will."""
    api.survey()
    page: Page = signed_in("product", "en")
    page.clock.install()
    page.goto(f"{live_server.url}/surveys/nps/edit")
    return page


def name(page: Page) -> Any:
    return page.get_by_label("Name of the survey")


def status(page: Page) -> Any:
    return page.locator("[data-kept]")


def press(page: Page, words: str) -> None:
    page.get_by_role("button", name=words, exact=True).click()


def test_what_is_typed_is_saved_by_itself_and_can_be_taken_back(editor):
    first = name(editor).input_value()
    name(editor).fill("After a purchase")
    editor.clock.fast_forward(A_PAUSE_MS)
    expect(status(editor)).to_contain_text("Saved ")
    editor.reload()
    expect(name(editor)).to_have_value("After a purchase")
    press(editor, "Undo")
    expect(name(editor)).to_have_value(first)
    press(editor, "Redo")
    expect(name(editor)).to_have_value("After a purchase")


def test_undo_is_there_once_something_was_saved(editor):
    undo = editor.get_by_role("button", name="Undo", exact=True)
    expect(undo).to_be_hidden()
    first = name(editor).input_value()
    name(editor).fill("After a purchase")
    editor.clock.fast_forward(A_PAUSE_MS)
    expect(undo).to_be_visible()
    undo.click()
    expect(name(editor)).to_have_value(first)


def test_what_is_typed_while_the_server_is_down_is_saved_once_it_is_back(
    editor, live_server, violations, picture
):
    name(editor).fill("Before")
    editor.clock.fast_forward(A_PAUSE_MS)
    expect(status(editor)).to_contain_text("Saved ")
    live_server.stop()
    name(editor).fill("Typed into the dark")
    editor.clock.fast_forward(A_PAUSE_MS)
    expect(status(editor)).to_contain_text("Not saved yet")
    expect(name(editor)).to_have_value("Typed into the dark")
    assert violations(editor) == []
    picture(editor, "editor-server-down")
    live_server.start()
    editor.clock.fast_forward(ANOTHER_TRY_MS)
    expect(status(editor)).to_contain_text("Saved ")
    editor.reload()
    expect(name(editor)).to_have_value("Typed into the dark")
