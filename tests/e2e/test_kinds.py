"""Every kind of question in a browser, without script and by keyboard; and the editor.

How they look and what axe-core says of them: `test_respondents`.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from vocapp.collecting.models import Response
from vocapp.collecting.queries import answers_of
from vocapp.database import snapshot
from vocapp.extensions import db

pytestmark = pytest.mark.e2e

LANGUAGES = ["en", "ja", "ar"]


def words(en: str, ja: str, ar: str) -> dict[str, str]:
    return dict(zip(LANGUAGES, (en, ja, ar), strict=True))


OPTIONS = [
    {"key": "fast", "label": words("It is fast", "速い", "سريع")},
    {"key": "simple", "label": words("It is simple to learn", "覚えやすい", "سهل التعلم")},
    {"key": "cheap", "label": words("The price is fair", "価格が手ごろ", "السعر عادل")},
]
GRADES = [
    {"key": "bad", "label": words("Bad", "悪い", "سيئ")},
    {"key": "fair", "label": words("Fair", "ふつう", "مقبول")},
    {"key": "good", "label": words("Good", "良い", "جيد")},
]
QUESTIONS = [
    {"key": "hello", "kind": "statement",
     "text": words("It takes a minute. Thank you.", "1分ほどで終わります。", "يستغرق دقيقة.")},
    {"key": "score", "kind": "nps", "text": words("Would you recommend us?",
     "私たちをすすめたいですか。", "هل توصي بنا؟"),
     "low_label": words("Not at all", "まったく", "أبداً"),
     "high_label": words("Very likely", "ぜひ", "بالتأكيد")},
    {"key": "look", "kind": "stars",
     "text": words("How do you like the look?", "見た目はいかがですか。", "ما رأيك في المظهر؟")},
    {"key": "mood", "kind": "faces", "required": True,
     "text": words("How was today?", "今日はいかがでしたか。", "كيف كان اليوم؟")},
    {"key": "why", "kind": "multiple", "options": OPTIONS,
     "text": words("Why us?", "選んだ理由は何ですか。", "لماذا نحن؟")},
    {"key": "order", "kind": "ranking", "options": OPTIONS,
     "text": words("What matters most?", "何が大切ですか。", "ما الأهم؟")},
    {"key": "parts", "kind": "matrix", "columns": GRADES, "rows": [
        {"key": "help", "label": words("Support", "サポート", "الدعم")},
        {"key": "speed", "label": words("Speed", "速さ", "السرعة")}],
     "text": words("How are these?", "それぞれいかがですか。", "كيف تجد هذه؟")},
    {"key": "agree", "kind": "consent", "required": True,
     "text": words("You may quote me.", "引用に同意します。", "أوافق على الاقتباس.")},
    {"key": "reach", "kind": "contact", "fields": ["name", "email", "phone"],
     "text": words("Where may we write?", "ご連絡先をお聞かせください。", "كيف نتواصل معك؟")},
]  # fmt: skip
_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def survey(api):
    return api.survey(languages=LANGUAGES, questions=QUESTIONS)


def test_every_kind_is_answered_with_the_keyboard_alone_and_without_script(
    live_server, api, survey, new_page
):
    page = new_page(java_script_enabled=False)
    page.goto(f"{live_server.url}/s/{survey['public_id']}?lang=en")
    page.locator("input[value='9']").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.locator("#q-look input").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")  # the first face
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")  # the second of several options
    page.keyboard.press("Tab")
    for place in "312":
        page.keyboard.press("Tab")
        page.keyboard.press(place)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.type("Aiko")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Thank you")
    (stored,) = _answers(api)
    assert stored == {
        "score": 9, "look": 2, "mood": 1, "why": ["simple"], "order": ["simple", "cheap", "fast"],
        "parts": {"help": "bad"}, "agree": True, "reach": {"name": "Aiko"},
    }  # fmt: skip


def _answers(api):
    db.session.rollback()  # the server wrote since this thread last read
    with snapshot() as session:
        ids = session.scalars(select(Response.id)).all()
    return [each.values for each in answers_of(api.workspace_id, ids).values()]


@pytest.mark.parametrize(
    ("language", "colours", "width"), [("en", "light", 1280), ("ja", "dark", 360)]
)
def test_an_author_adds_kinds_and_branches_and_sees_the_map(
    live_server, api, signed_in, violations, picture, language, colours, width
):
    api.survey(publish=False)
    page = signed_in("product", language)
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=colours)
    page.goto(f"{live_server.url}/surveys/nps/edit")
    for kind in ("matrix", "contact", "faces", "ranking"):
        page.locator(f"button[value='add:{kind}']").click()
        page.wait_for_load_state()
    page.locator("#q0 summary").last.click()
    page.locator("[id='q0.branch0.when']").select_option('score:category:"promoter"')
    page.locator("[id='q0.branch0.to']").select_option("faces")
    page.locator("button[value='add:statement']").click()
    expect(page.locator("#map li li")).to_have_count(8)
    assert page.evaluate(_WIDE) == 0
    picture(page, f"editor-kinds-{language}-{colours}-{width}")
    assert violations(page) == []
