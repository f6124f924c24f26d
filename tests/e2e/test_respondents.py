"""What respondents see, on every surface: examined by axe-core, gone through with the keyboard, and
read as a screen reader has it.

Three languages (Arabic is one that was dropped in), light and dark, 320 and 1280 pixels: every
combination, on one window for each, so that it stays quick. To see the trees of the scales:

    pytest tests/e2e/test_respondents.py -k screen_reader -s
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from config import Settings
from tests.collecting.test_language_packs import ARABIC
from vocapp import create_app, language_packs
from vocapp.collecting.widget import _FILE
from vocapp.distributing.mail import unsubscribe_url
from vocapp.extensions import db

pytestmark = pytest.mark.e2e

LANGUAGES = {"en": "en-US", "ja": "ja-JP", "ar": "ar-EG"}
COLOURS = ["light", "dark"]
WIDTHS = [320, 1280]
DISPLAYS = ["popover", "inline", "modal", "tab"]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_EXAMINE = """async (tags) => (await axe.run(document, {
  runOnly: {type: 'tag', values: tags}, resultTypes: ['violations'], iframes: false,
})).violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.html.slice(0, 160)))"""
_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
ENDS = {
    "en": ("Not at all", "Very likely"),
    "ja": ("まったく思わない", "とてもそう思う"),
    "ar": ("غير محتمل إطلاقًا", "محتمل جدًا"),
}
QUESTIONS = [
    {"key": "score", "kind": "nps", "required": True,
     "text": {"en": "Would you recommend us?", "ja": "すすめたいですか。", "ar": "هل توصي بنا؟"},
     "low_label": {tag: low for tag, (low, _) in ENDS.items()},
     "high_label": {tag: high for tag, (_, high) in ENDS.items()}},
    {"key": "ease", "kind": "ces",
     "text": {"en": "Was it easy?", "ja": "簡単でしたか。", "ar": "هل كان سهلًا؟"},
     "low_label": {tag: low for tag, (low, _) in ENDS.items()},
     "high_label": {tag: high for tag, (_, high) in ENDS.items()}},
    {"key": "part", "kind": "choice",
     "text": {"en": "Which part?", "ja": "どの部分ですか。", "ar": "أي جزء؟"},
     "options": [
         {"key": "app", "label": {"en": "The app", "ja": "アプリ", "ar": "التطبيق"}},
         {"key": "help", "label": {"en": "The help", "ja": "ヘルプ", "ar": "المساعدة"}},
     ]},
    {"key": "why", "kind": "text", "text": {"en": "Why?", "ja": "理由は？", "ar": "لماذا؟"}},
]  # fmt: skip


@dataclass
class Site:
    """Addresses of every surface that a GET shows, and what the widget needs."""

    server: Any
    public_key: str
    survey: str
    pages: dict[str, str]

    @property
    def hosted(self) -> str:
        return f"{self.server.url}/s/{self.survey}"


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: Any, migrated_sqlite: Path, serve_app: Any, new_workspace: Any, api_of: Any
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("respondents")
    shutil.copy(migrated_sqlite, folder / "voc.sqlite3")
    (folder / language_packs.FOLDER).mkdir()
    shutil.copy(ARABIC, folder / language_packs.FOLDER)
    app = create_app(Settings(environment="test", data_dir=folder))
    server = serve_app(app)
    with app.app_context():
        found = _fill(server, api_of(app.test_client(), new_workspace("Acme 株式会社")))
    yield found
    server.stop()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def _fill(server: Any, api: Any) -> Site:
    languages = list(LANGUAGES)
    survey = api.survey("nps", languages=languages, questions=QUESTIONS)
    closed, personal = (
        api.survey(key, languages=languages, questions=QUESTIONS) for key in ("old", "personal")
    )
    for key, limits in (
        ("nps", {"last_day": "2099-12-31"}),
        ("old", {"last_day": "2020-01-01", "closing_words": {"en": "Bye.", "ar": "إلى اللقاء."}}),
        ("personal", {"only_single_use": True}),
    ):
        assert api._call("PUT", f"/api/v1/surveys/{key}/limits", json=limits).status_code == 200
    made = api.post("/api/v1/surveys/nps/single-use-links", {"name": "Fair", "count": 2}).json["id"]
    links = api.get(f"/api/v1/surveys/nps/single-use-links/{made}").json["items"]
    fresh, used = (each["url"].split("/once/")[1] for each in links)
    assert api.respond(score=9, single_use=used).status_code == 201
    link = api.post(
        "/api/v1/invitations", {"survey": "nps", "contact": {"email": "aiko@example.com"}}
    ).json["link"]
    invited = link.removeprefix(server.url)
    return Site(server, api.workspace.public_key, survey["public_id"], {
        "hosted": f"/s/{survey['public_id']}",
        "embed": f"/embed/{survey['public_id']}",
        "single use": f"/once/{fresh}",
        "used link": f"/once/{used}",
        "only by link": f"/s/{personal['public_id']}",
        "closed": f"/s/{closed['public_id']}",
        "closed embed": f"/embed/{closed['public_id']}",
        "nowhere": "/s/none",
        "e-mail": invited,
        "e-mail with a score": f"{invited}?score=3",
        "unsubscribe": unsubscribe_url(api.workspace_id, "aiko@example.com").removeprefix(
            server.url
        ),
    })  # fmt: skip


@dataclass
class Examiner:
    """A window; `faults` gathers what is wrong, each with the surface that it is on."""

    page: Page
    script: str
    look: str
    faults: list[str]
    seen: int = 0

    def examine(self, surface: str) -> None:
        page = self.page
        page.evaluate(self.script)
        found = page.evaluate(_EXAMINE, RULES)
        if (wide := page.evaluate(_WIDE)) > 0:
            found.append(f"{wide} px wider than the window")
        self.faults += [f"{self.look} {surface}: {each}" for each in found]
        self.seen += 1


def _in(language: str, address: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}lang={language}"


@pytest.fixture
def windows(chromium: Browser, axe_script: str) -> Iterator[Any]:
    """One window for each look: `windows("ar", "dark", 320)`."""
    contexts = []

    def open_one(language: str, colours: Any, width: int, **more: Any) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 800}, locale=LANGUAGES[language],
            color_scheme=colours, reduced_motion="reduce", bypass_csp=True, **more,
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        return page

    yield open_one
    for context in contexts:
        context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_on_any_surface(site, windows, axe_script, other_site, language):
    faults: list[str] = []
    for colours in COLOURS:
        for width in WIDTHS:
            page = windows(language, colours, width)
            window = Examiner(page, axe_script, f"{language} {colours} {width}", faults)
            for surface, address in site.pages.items():
                page.goto(site.server.url + _in(language, address))
                window.examine(surface)
            _go_through(window, _in(language, site.hosted))
            assert window.seen == len(site.pages) + 3
            if _FILE.exists():
                _widgets(window, site, other_site, language)
    assert faults == []


def _go_through(window: Examiner, address: str) -> None:
    """The error, the second step and the thanks."""
    page = window.page
    page.goto(address)
    page.locator("form").evaluate("form => { form.noValidate = true }")
    page.locator("button[name=step]").click()
    expect(page.locator(".error-text")).to_be_visible()
    window.examine("error")
    page.locator("input[type=radio][value='3']").check(force=True)
    page.locator("button[name=step]").click()
    expect(page.locator("textarea")).to_be_visible()
    window.examine("second step")
    page.locator("button[value=rest]").click()
    expect(page.locator("[data-draft-done]")).to_be_visible()
    window.examine("thanks")


def _widgets(window: Examiner, site: Site, other_site: Any, language: str) -> None:
    page = window.page
    for display in DISPLAYS:
        tag = (
            f'<script async src="{site.server.url}/widget.js" data-key="{site.public_key}" '
            f'data-survey="{site.survey}" data-display="{display}" data-target="#here"></script>'
        )
        html = f'<main><h1>Shop</h1><div id="here"></div></main>{tag}'
        page.goto(other_site(html, lang=language))
        if display == "tab":
            page.locator("voc-widget button").first.click()
        radios = page.locator("voc-widget input[type=radio]")
        expect(radios).to_have_count(11)
        window.examine(f"widget {display}")
        page.evaluate("localStorage.clear(); sessionStorage.clear()")


# --- the keyboard -------------------------------------------------------------------------------


@pytest.mark.parametrize("surface", ["hosted", "embed", "single use", "e-mail"])
def test_the_keyboard_alone_answers(site, windows, surface):
    page = windows("en", "light", 1280)
    page.goto(site.server.url + site.pages[surface])
    _tab_to(page, "input[type=radio]")
    page.keyboard.press("Space")
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    expect(page.locator("input[type=radio][value='2']")).to_be_checked()
    expect(page.locator("[data-draft]")).to_be_visible()  # arrows send nothing (WCAG 3.2.2)
    _tab_to(page, "button[name=step]")
    page.keyboard.press("Enter")
    expect(page.locator("textarea")).to_be_visible()
    _tab_to(page, "textarea")
    page.keyboard.type("By keyboard")
    _tab_to(page, "button[value=rest]")
    page.keyboard.press("Enter")
    expect(page.locator("[data-draft-done]")).to_be_visible()


def test_the_keyboard_alone_unsubscribes(site, windows):
    page = windows("en", "light", 320)
    page.goto(site.server.url + site.pages["unsubscribe"])
    _tab_to(page, "button")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Done.")


def _tab_to(page: Page, selector: str) -> None:
    """Tab until the focus is there; what cannot be reached so fails, and so does one unseen."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            outline = page.evaluate(
                "() => { const e = document.activeElement, l = e.closest('label') || e;"
                "return [e, l].map(x => getComputedStyle(x).outlineStyle + "
                "getComputedStyle(x).boxShadow).join() }"
            )
            assert outline != "nonenone,nonenone", f"the focus on {selector} cannot be seen"
            return
    raise AssertionError(f"the keyboard does not come to {selector}")


# --- the screen reader --------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_screen_reader_hears_a_group_and_the_ends_of_its_scale(site, windows, language):
    page = windows(language, "light", 1280)
    page.goto(_in(language, site.hosted))
    tree = page.locator("fieldset").aria_snapshot()
    print(f"\n{language}\n{tree}")
    low, high = ENDS[language]
    assert page.locator("html").get_attribute("lang") == language
    assert re.search(r"- group ", tree)
    names = re.findall(r'- radio "([^"]+)"', tree)
    assert len(names) == 11
    assert names[0] == f"0, {low}"
    assert names[-1] == f"10, {high}"
    for point in range(1, 10):
        assert names[point].startswith(f"{point}")
    assert {low, high} <= {
        text.strip() for text in page.locator(".scale-ends span").all_inner_texts()
    }


@pytest.mark.parametrize(
    ("language", "begins_at"), [("en", "left"), ("ja", "left"), ("ar", "right")]
)
def test_a_scale_begins_where_its_readers_begin(site, windows, language, begins_at):
    page = windows(language, "light", 1280)
    page.goto(_in(language, site.hosted))
    boxes = [
        page.locator(f"label:has(input[type=radio][value='{point}'])").first.bounding_box()
        for point in (0, 10)
    ]
    first, last = (box["x"] for box in boxes)
    assert (first < last) == (begins_at == "left")
