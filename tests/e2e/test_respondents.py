"""What respondents see, on every surface: examined by axe-core, gone through with the keyboard, and
read as a screen reader has it.

Three languages (Arabic is one that was dropped in), light and dark, 320 and 1280 pixels: every
combination. A page is opened once in a language and then looked at in each colour and width, so
that it stays quick. To see the trees of the scales:

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
from playwright.sync_api import Browser, Locator, Page, expect

from config import Settings
from tests.collecting.test_language_packs import ARABIC
from tests.e2e.test_accessibility import text_message
from tests.e2e.test_kinds import QUESTIONS as OTHER_KINDS
from vocapp import create_app, language_packs
from vocapp.authoring.queries import survey_by_key
from vocapp.collecting.widget import _FILE
from vocapp.distributing.mail import unsubscribe_url
from vocapp.distributing.sms.trial import code_of
from vocapp.extensions import db

pytestmark = pytest.mark.e2e

LANGUAGES = {"en": "en-US", "ja": "ja-JP", "ar": "ar-EG"}
LOOKS: list[tuple[Any, int]] = [
    (colours, width) for colours in ("light", "dark") for width in (320, 1280)
]
DISPLAYS = ["popover", "inline", "modal", "tab"]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_EXAMINE = """async (tags) => (await axe.run(document, {
  runOnly: {type: 'tag', values: tags}, resultTypes: ['violations'], iframes: false,
})).violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.html.slice(0, 160)))"""
_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Controls too small to be hit; those of the widget are in its shadow.
_SMALL = """() => {
  const root = document.querySelector('voc-widget')?.shadowRoot || document
  return [...root.querySelectorAll('input, select, textarea, button')]
    .filter(e => e.type !== 'hidden' && !e.closest('[hidden]') && e.checkVisibility())
    .map(e => [e.name || e.className, (e.closest('label') || e).getBoundingClientRect()])
    .filter(([, box]) => box.width < 24 || box.height < 24).map(([name]) => name)
}"""
_DIRECTION = "place => getComputedStyle(document.querySelector(place)).direction"
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
    {"key": "comment", "kind": "text", "text": {"en": "Why?", "ja": "理由は？", "ar": "لماذا؟"}},
]  # fmt: skip
POINTS = {"nps": range(11), "csat": range(1, 6), "ces": range(1, 8), "stars": range(1, 6),
          "faces": range(1, 6)}  # fmt: skip
SCALES = {kind: QUESTIONS[0] | {"key": kind, "kind": kind} for kind in POINTS}
# What of a question is heard as what; several rankings are moved by the buttons of each option.
_ROLES = {
    "choice": {"options": "radio"}, "multiple": {"options": "checkbox"},
    "ranking": {"options": "button"}, "matrix": {"rows": "group", "columns": "radio"},
}  # fmt: skip
MAIN = ["nps", "csat", "ces"]  # a survey may be about these
EVERY_KIND = [*OTHER_KINDS, *QUESTIONS[1:], SCALES["csat"]]


@dataclass
class Site:
    """Addresses of every surface that a GET shows, and what the widget needs."""

    server: Any
    public_key: str
    survey: str
    every_kind: str
    scales: dict[str, str]  # public id by the kind that the survey is about
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
    text_message(link, "abcdefghijk")
    trial = code_of(survey_by_key(api.workspace_id, "nps"))
    every_kind = api.survey("every-kind", languages=languages, questions=EVERY_KIND)["public_id"]
    scales = {
        kind: api.survey(
            f"about-{kind}", kind=kind, languages=languages,
            questions=[SCALES[kind], *(SCALES[other] for other in POINTS if other != kind)],
        )["public_id"]
        for kind in MAIN
    }  # fmt: skip
    return Site(server, api.workspace.public_key, survey["public_id"], every_kind, scales, {
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
        "text message": "/t/abcdefghijk",
        "trial of a text message": f"/t/{trial}",
        "stop text messages": "/t/abcdefghijk/stop",
        "stop a trial": f"/t/{trial}/stop",
        "no text message": "/t/nothing",
        "no text message to stop": "/t/nothing/stop",
    })  # fmt: skip


@dataclass
class Examiner:
    """A window; `faults` gathers what is wrong, each with the surface and the look it is on."""

    page: Page
    script: str
    language: str
    faults: list[str]
    seen: int = 0

    def examine(self, surface: str) -> None:
        """Look at what the window shows now in each colour and width."""
        page = self.page
        if not page.evaluate("'axe' in window"):
            page.evaluate(self.script)
        if (spoken := page.locator("html").get_attribute("lang")) != self.language:
            self.faults.append(f"{surface}: {spoken} instead of {self.language}")
        for colours, width in LOOKS:
            page.emulate_media(color_scheme=colours)
            page.set_viewport_size({"width": width, "height": 800})
            found = page.evaluate(_EXAMINE, RULES)
            found += [f"{name} is too small" for name in page.evaluate(_SMALL)]
            if (wide := page.evaluate(_WIDE)) > 0:
                found.append(f"{wide} px wider than the window")
            look = f"{self.language} {colours} {width}"
            self.faults += [f"{look} {surface}: {each}" for each in found]
        self.seen += 1


def _in(language: str, address: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}lang={language}"


@pytest.fixture
def windows(chromium: Browser, axe_script: str) -> Iterator[Any]:
    """A window of its own: `windows("ar")`."""
    contexts = []

    def open_one(language: str, width: int = 1280) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 800}, locale=LANGUAGES[language],
            reduced_motion="reduce", bypass_csp=True,
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        return page

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def window(windows: Any, axe_script: str, request: pytest.FixtureRequest) -> Iterator[Examiner]:
    """A window in the test's `language`, whose faults fail the test at its end."""
    language = request.getfixturevalue("language")
    found = Examiner(windows(language), axe_script, language, [])
    yield found
    assert found.faults == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_on_any_page(site, window, language):
    page = window.page
    for surface, address in site.pages.items():
        page.goto(site.server.url + _in(language, address))
        window.examine(surface)
    page.goto(_in(language, site.hosted))
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
    assert window.seen == len(site.pages) + 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_on_the_page_with_every_kind(site, window, language):
    page = window.page
    page.goto(_in(language, f"{site.server.url}/s/{site.every_kind}"))
    assert page.evaluate(_DIRECTION, ".sender") == page.evaluate(_DIRECTION, "html")
    window.examine("the first question")
    page.locator("input[value='9']").check(force=True)
    page.locator("button[value=score]").click()
    page.locator("#q-parts").wait_for()
    window.examine("every kind")
    page.locator("form").evaluate("form => { form.noValidate = true }")
    page.locator("button[value=rest]").click()
    page.locator("#q-mood-error").wait_for()
    window.examine("every kind with errors")


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_once_messages_are_stopped(site, window, language):
    page = window.page
    for surface in ("unsubscribe", "stop text messages"):
        page.goto(site.server.url + _in(language, site.pages[surface]))
        page.locator("button").click()
        expect(page.locator("button")).to_have_count(0)
        window.examine(f"{surface}: done")


# --- the widget, on a page of somebody else ------------------------------------------------------

built = pytest.mark.skipif(not _FILE.exists(), reason="the widget is not built (widget/dist)")


@built
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_in_the_widget(site, window, widget_of, language):
    for display in DISPLAYS:
        widget = widget_of(window.page, site.survey, language, display)
        window.examine(f"widget {display}")
        widget.locator("button.primary").click()
        expect(widget.locator(".error")).not_to_be_empty()
        window.examine(f"widget {display} with an error")
        widget.locator("input[value='3']").check(force=True)
        for _ in ("the score", "what may be left out", "what may be left out"):
            widget.locator("button.primary").click()
        expect(widget.locator("textarea")).to_be_visible()
        window.examine(f"widget {display}: comment")
        widget.locator("button.primary").click()
        expect(widget.locator(".status")).not_to_be_empty()
        window.examine(f"widget {display}: thanks")


@built
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_in_the_widget_with_any_kind(site, window, widget_of, language):
    widget = widget_of(window.page, site.every_kind, language)
    for question in EVERY_KIND:
        expect(widget.locator("#question")).to_contain_text(question["text"][language])
        window.examine(f"widget: {question['kind']}")
        if question.get("required"):
            widget.locator("button.primary").click()
            expect(widget.locator(".error")).not_to_be_empty()
            window.examine(f"widget: {question['kind']} with an error")
        field = widget.locator("input[type=radio], input[type=checkbox]")
        if field.count():
            field.last.check(force=True)
            window.examine(f"widget: {question['kind']}, chosen")
        widget.locator("button.primary").click()
    assert window.seen == len(EVERY_KIND) + 3 + 9


@pytest.fixture
def widget_of(site: Site, other_site: Any) -> Any:
    """The open widget of a survey: `widget_of(page, public_id, "ja", "modal")`."""

    def open_it(page: Page, survey: str, language: str, display: str = "popover") -> Locator:
        tag = (
            f'<script async src="{site.server.url}/widget.js" data-key="{site.public_key}" '
            f'data-survey="{survey}" data-display="{display}" data-target="#here"></script>'
        )
        page.goto(
            other_site(f'<main><h1>Shop</h1><div id="here"></div></main>{tag}', lang=language)
        )
        widget = page.locator("voc-widget")
        if display == "tab":
            widget.locator("button").first.click()
        expect(widget.locator("#question")).to_be_visible()
        return widget

    return open_it


# --- the keyboard -------------------------------------------------------------------------------


@pytest.mark.parametrize("surface", ["hosted", "embed", "single use", "e-mail"])
def test_the_keyboard_alone_answers(site, windows, surface):
    page = windows("en")
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
    page = windows("en", 320)
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


def _hear(group: Locator, kind: str, language: str, where: str) -> list[str]:
    """The names of the options of a scale, once its tree is as it has to be: a group that is named
    by the question, the words of each end at its end, and what is chosen said so."""
    before = group.aria_snapshot()
    group.locator("input[value='3']").check(force=True)
    tree = group.aria_snapshot()
    print(f"\n{where}, {language}\n{tree}")
    low, high = ENDS[language]
    points = POINTS[kind]
    assert re.search(rf'- group "{re.escape(SCALES[kind]["text"][language])}', tree)
    names: list[str] = re.findall(r'- radio "([^"]+)"', tree)
    assert len(names) == len(set(names)) == len(points)
    assert "[checked]" not in before
    assert re.findall(r'- radio "([^"]+)" \[checked\]', tree) == [names[points.index(3)]]
    if kind != "faces":  # each has words of its own
        assert all(str(point) in name for point, name in zip(points, names, strict=True))
        assert names[0].endswith(f", {low}")
        assert names[-1].endswith(f", {high}")
    return names


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("about", MAIN)
def test_a_screen_reader_hears_a_group_and_the_ends_of_each_scale(site, windows, language, about):
    page = windows(language)
    page.goto(_in(language, f"{site.server.url}/s/{site.scales[about]}"))
    assert page.locator("html").get_attribute("lang") == language
    names = _hear(page.locator("fieldset"), about, language, f"page, {about} first")
    low, high = ENDS[language]
    assert (names[0], names[-1]) == (
        f"{POINTS[about][0]}, {low}", f"{POINTS[about][-1]}, {high}"
    )  # fmt: skip
    assert {low, high} <= {
        text.strip() for text in page.locator(".scale-ends span").all_inner_texts()
    }
    page.locator("button[name=step]").click()
    for kind in POINTS:
        if kind != about:
            _hear(page.locator(f"#q-{kind}"), kind, language, f"page, {kind} after {about}")


@built
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_screen_reader_hears_the_same_in_the_widget(site, windows, widget_of, language):
    widget = widget_of(windows(language), site.scales["nps"], language)
    for kind in POINTS:
        group = widget.get_by_role("group")
        expect(widget.locator(f"input[name={kind}]")).to_have_count(len(POINTS[kind]))
        _hear(group, kind, language, f"widget, {kind}")
        widget.locator("button.primary").click()


@built
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_screen_reader_hears_every_other_kind_in_the_widget(site, windows, widget_of, language):
    widget = widget_of(windows(language), site.every_kind, language)
    for question in EVERY_KIND:
        wording = question["text"][language]
        expect(widget.locator("#question")).to_have_text(wording)
        if question["kind"] not in POINTS:
            tree = widget.locator("form").aria_snapshot()
            print(f"\nwidget, {question['kind']}, {language}\n{tree}")
            assert f'- {"textbox" if question["kind"] == "text" else "group"} "{wording}"' in tree
            heard = [
                (role, each["label"][language])
                for part, role in _ROLES.get(question["kind"], {}).items()
                for each in question[part]
            ]
            for role, name in heard:
                assert f'{role} "{name}' in tree
        for each in widget.locator("input").all():
            if each.get_attribute("value") in {"3", "good"}:
                each.check(force=True)
        if question["kind"] in {"multiple", "consent", "choice", "faces", "nps"}:
            chosen = widget.locator("input").last
            chosen.check(force=True)
            assert widget.locator("form").aria_snapshot().count("[checked]") == 1
        widget.locator("button.primary").click()


@pytest.mark.parametrize(
    ("language", "begins_at"), [("en", "left"), ("ja", "left"), ("ar", "right")]
)
def test_a_scale_begins_where_its_readers_begin(site, windows, language, begins_at):
    page = windows(language)
    page.goto(_in(language, site.hosted))
    boxes = [
        page.locator(f"label:has(input[type=radio][value='{point}'])").first.bounding_box()
        for point in (0, 10)
    ]
    first, last = (box["x"] for box in boxes)
    assert (first < last) == (begins_at == "left")
