"""A language that is dropped in: Arabic, as the example in docs/languages has it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from config import Settings
from surveys.definitions import standard_definition
from tests.collecting.test_pages import press
from vocapp import create_app, language_packs
from vocapp.authoring import drafting
from vocapp.cli import main
from vocapp.distributing.mail import unsubscribe_url

ARABIC = Path(__file__).parents[2] / "docs" / "languages" / "ar.json"
QUESTIONS = [
    {"key": "score", "kind": "nps",
     "text": {"en": "Would you recommend us?", "ar": "هل توصي بنا؟"},
     "low_label": {"en": "Never", "ar": "أبدًا"},
     "high_label": {"en": "Surely", "ar": "بالتأكيد"}},
    {"key": "why", "kind": "text", "text": {"en": "Why?", "ar": "لماذا؟"}},
]  # fmt: skip


@pytest.fixture
def arabic(app: Any) -> None:
    """The application as it starts with the pack in its data folder."""
    settings = app.config["SETTINGS"]
    folder = settings.data_dir / language_packs.FOLDER
    folder.mkdir()
    shutil.copy(ARABIC, folder)
    language_packs.init_app(app, settings)


def test_the_example_has_every_word_and_no_mistake():
    (pack,) = language_packs.read_folder(ARABIC.parent)
    assert (pack.language, pack.missing, pack.problems) == ("ar", (), ())


def test_pages_widget_and_mail_speak_a_language_that_was_dropped_in(app, arabic, api):
    survey = api.survey(languages=["en", "ar"], questions=QUESTIONS)
    path = f"/s/{survey['public_id']}?lang=ar"
    page = api.client.get(path)
    assert '<html lang="ar" dir="rtl"' in page.text
    assert "إرسال" in page.text
    assert 'aria-label="0, أبدًا"' in page.text
    second = press(api.client, path, page, "score", score="9")
    assert "تم حفظ إجابتك 9." in second.text
    assert "شكرًا لك" in press(api.client, path, second, "rest").text
    asked = api.client.get(
        f"/public/v1/surveys/{survey['public_id']}",
        query_string={"key": api.workspace.public_key, "locale": "ar-EG"},
    ).json
    assert (asked["direction"], asked["texts"]["send"]) == ("rtl", "إرسال")
    invited = {"survey": "nps", "contact": {"email": "a@example.com", "locale": "ar"}}
    link = api.post("/api/v1/invitations", invited).json["link"]
    mailed = api.client.get("/e/" + link.split("/e/")[1] + "?score=3&lang=ar")
    assert "اخترت 3." in mailed.text


def test_a_mail_is_read_from_right_to_left_in_every_part(arabic, api, staff):
    api.survey(languages=["en", "ar"], questions=QUESTIONS)
    mail = staff("product").get("/surveys/nps/invitations/preview/html?lang=ar").text
    assert "هل توصي بنا؟" in mail
    assert set(re.findall(r"direction:(\w+)", mail)) == {"rtl"}


def test_a_survey_is_asked_in_the_words_of_the_pack(arabic, api, staff):
    api.survey(languages=["ar", "en"])
    questions = api.get("/api/v1/surveys/nps").json["questions"]
    assert questions[0]["text"]["ar"].endswith("صديقًا أو زميلًا؟")
    assert questions[1]["wording_by_category"]["promoter"]["ar"] == "ما أكثر ما تقدّره لدينا؟"
    client = staff("product")
    form = {"kind": "csat", "name": "New", "key": "new", "other_languages": "ar"}
    assert client.post("/surveys/new", data=form).status_code == 303
    assert "ما مدى رضاك عن خدمتنا؟" in client.get("/surveys/new/edit").text


def test_a_language_that_is_added_comes_in_the_words_of_the_pack(arabic, app):
    with app.app_context():
        draft = drafting.draft_from(standard_definition("ces", ["ja"]), name="Support")
        drafting.add_language(draft, "ar-EG")
        drafting.add_language(draft, "fr")
    score, comment = draft.questions
    assert score.low_label["ar-EG"] == "لا أوافق بشدة"
    assert comment.by_category["easy"]["ar-EG"] == "ما الذي جعل الأمر سهلًا؟"
    assert "fr" not in score.text  # nobody worded it


def test_without_the_pack_the_page_is_whole_in_english(api):
    survey = api.survey(languages=["en", "ar"], questions=QUESTIONS)
    page = api.client.get(f"/s/{survey['public_id']}?lang=ar")
    assert 'dir="rtl"' in page.text
    assert "هل توصي بنا؟" in page.text
    assert ">Send<" in page.text


def test_the_command_says_what_a_pack_lacks_and_what_is_wrong(tmp_path, monkeypatch):
    folder = tmp_path / "languages"
    folder.mkdir()
    whole = json.loads(ARABIC.read_text())
    del whole["mail"]["how"]
    whole["respondents"]["preselected"] = "{points}"
    (folder / "ar.json").write_text(json.dumps(whole))
    (folder / "fr.json").write_text("{")
    monkeypatch.setenv("VOC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("VOC_ENV", "test")
    said = CliRunner().invoke(main, ["languages"]).output
    assert "in English: mail.how" in said
    assert "wrong: respondents.preselected: expected the gaps {score}, got {points}" in said
    assert "wrong: cannot be read as JSON" in said
    create_app(Settings(environment="test", data_dir=tmp_path))  # it starts all the same


def test_a_pack_of_a_region_goes_before_that_of_its_language(app, arabic):
    packs = app.extensions["language_packs"]
    document = {"language": "ar-EG", "respondents": {"send": "ابعت"}}
    region = language_packs.read_pack("ar-EG", document, language_packs._english)
    packs["ar-eg"] = region
    words = language_packs.words_in("respondents", "ar-EG", {"en": {"send": "Send", "x": "X"}})
    assert (words["send"], words["next"], words["x"]) == ("ابعت", "التالي", "X")


def test_pages_that_belong_to_no_survey_speak_it_to_who_reads_it(app, arabic, api):
    reader = {"Accept-Language": "ar-EG,ar;q=0.9"}
    nowhere = api.client.get("/e/nonsense", headers=reader)
    assert '<html lang="ar" dir="rtl"' in nowhere.text
    with app.test_request_context():
        stop = unsubscribe_url(api.workspace.workspace_id, "a@example.com")
    asked = api.client.get(stop[stop.index("/u/") :], headers=reader).text
    assert '<html lang="ar" dir="rtl"' in asked
    assert "إيقاف هذه الرسائل" in asked
