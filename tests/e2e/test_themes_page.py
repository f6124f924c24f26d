"""A product manager reads themes and corrects one; a viewer only reads."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from vocapp.database import snapshot
from vocapp.understanding import service
from vocapp.understanding.models import Label, Theme

pytestmark = pytest.mark.e2e

COMMENTS = {
    "en": "Your support is terribly slow: four days until somebody replied to my ticket.",
    "ja": "サポートに問い合わせても返信が来るまで何日もかかります。",
}
WORDS = {
    "en": {
        "room": "Themes", "remove": "Remove %s", "removed": "The theme was removed",
        "none": "No comments here", "undo": "Undo", "undone": "Undone", "menu": "Add a theme",
        "add": "Add", "added": "The theme was added", "person": "by a person",
    },
    "ja": {
        "room": "テーマ", "remove": "「%s」を外す", "removed": "テーマを外し、学習用に記録しました",
        "none": "該当するコメントはありません", "undo": "取り消す", "undone": "元に戻しました",
        "menu": "テーマを追加", "add": "追加", "added": "テーマを追加し、学習用に記録しました",
        "person": "人が設定",
    },
}  # fmt: skip


@pytest.fixture
def labels(api: Any, drain_outbox: Any, monkeypatch: Any) -> dict[str, dict[str, str]]:
    """Themes by key with their names, after one comment in each language was understood."""
    monkeypatch.setattr(service, "preferred_encoder", lambda: "static")
    api.survey()
    for comment in COMMENTS.values():
        assert api.respond(score=2, comment=comment).status_code == 201
    assert drain_outbox() == []
    with snapshot() as session:
        rows = session.scalars(select(Theme).where(Theme.workspace_id == api.workspace_id))
        return {row.key: dict(row.label) for row in rows}


def sentence(page: Page, language: str) -> Locator:
    """The entry of the list that quotes the comment in this language."""
    return page.locator("main li").filter(has=page.locator("blockquote")).filter(
        has_text=COMMENTS[language]
    )  # fmt: skip


def verdicts() -> dict[str, str]:
    with snapshot() as session:
        rows = session.execute(
            select(Theme.key, Label.verdict)
            .join(Theme, Theme.id == Label.theme_id)
            .execution_options(voc_all_workspaces=True)
        )
        return {key: verdict for key, verdict in rows}


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_wrong_theme_is_removed_put_back_and_another_added(
    signed_in, labels, drain_outbox, language
):
    words, name = WORDS[language], labels["support"][language]
    page = signed_in("product", language)
    page.get_by_role("navigation").get_by_role("link", name=words["room"], exact=True).click()
    page.locator("main table[data-list]").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    expect(sentence(page, language).locator("blockquote")).to_be_visible()

    sentence(page, language).get_by_role("button", name=words["remove"] % name).click()
    expect(page.get_by_text(words["removed"])).to_be_visible()
    expect(sentence(page, language)).to_have_count(0)
    assert verdicts() == {"support": "remove"}

    page.get_by_role("button", name=words["undo"], exact=True).click()
    expect(page.get_by_text(words["undone"])).to_be_visible()
    assert verdicts() == {}
    assert drain_outbox() == []
    page.reload()
    expect(sentence(page, language)).to_have_count(1)

    entry = sentence(page, language)
    entry.get_by_text(words["menu"], exact=True).first.click()
    entry.get_by_role("combobox").select_option("pricing")
    entry.get_by_role("button", name=words["add"], exact=True).click()
    expect(page.get_by_text(words["added"])).to_be_visible()
    expect(sentence(page, language)).to_contain_text(labels["pricing"][language])
    expect(sentence(page, language)).to_contain_text(words["person"])
    assert verdicts() == {"pricing": "add"}


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_viewer_reads_and_has_nothing_to_press(signed_in, labels, live_server, language):
    page = signed_in("viewer", language)
    page.goto(f"{live_server.url}/themes/support")
    expect(sentence(page, language)).to_have_count(1)
    expect(page.locator("main form[method=post]")).to_have_count(0)
    expect(page.get_by_text(WORDS[language]["menu"])).to_have_count(0)
