"""Languages of a survey in the browser: side by side, complete or not, as files out and in."""

from __future__ import annotations

import io
import re

import pytest

from surveys.definition_leaves import texts_of
from vocapp.authoring import queries
from vocapp.authoring.string_files import csv_of, read_strings
from vocapp.problems import BadInput

PAGE = "/surveys/nps/languages"
QUESTIONS = [
    {"key": "score", "kind": "nps", "text": {"en": "Recommend {account.name}?"},
     "low_label": {"en": "=No"}, "high_label": {"en": "Yes"}},
    {"key": "why", "kind": "text", "text": {"en": "Why,\n\"really\"?", "ja": "なぜですか。"}},
]  # fmt: skip


@pytest.fixture
def author(api, staff):
    api.survey(languages=["en", "ja"], questions=QUESTIONS)
    return staff("product")


@pytest.fixture
def texts(api):
    def read():
        found = queries.survey_by_key(api.workspace_id, "nps")
        draft = queries.draft_of(found.workspace_id, found.id)
        return {".".join(path): each for path, each in texts_of(draft).items()}

    return read


def upload(person, content, *, name="texts.csv"):
    file = {"file": (io.BytesIO(content), name), "do": "preview"}
    return person.post(f"{PAGE}/import", file, content_type="multipart/form-data")


def hidden(page):
    return {
        name: re.search(rf'name="{name}" value="([^"]*)"', page).group(1)
        for name in ("seen", "content")
    } | {"do": "import"}


def test_the_list_the_editor_and_the_page_say_how_complete_each_language_is(author):
    assert re.search(r'Japanese <span class="muted small">25', author.get("/surveys").text)
    assert "1 of 4" in author.get("/surveys/nps/edit").text
    page = author.get(PAGE).text
    assert "1 of 4" in page
    assert "✓ complete" in page


def test_words_are_written_beside_the_main_language(author, texts):
    form = {"language": "ja", "t.questions.score.text": "{account.name}をすすめますか。",
            "t.questions.score.low_label": "いいえ", "t.questions.why.text": ""}  # fmt: skip
    assert author.post(PAGE, form).location == f"{PAGE}?language=ja"
    assert texts()["questions.score.low_label"] == {"en": "=No", "ja": "いいえ"}
    assert texts()["questions.why.text"] == {"en": 'Why,\n"really"?'}


def test_a_lost_placeholder_is_told_beside_its_field_and_nothing_typed_is_lost(author, texts):
    before = texts()
    form = {"language": "ja", "t.questions.score.text": "すすめますか。",
            "t.questions.score.low_label": "書きかけ"}  # fmt: skip
    answer = author.post(PAGE, form)
    assert answer.status_code == 422
    assert "{account.name} is missing in the translation." in answer.text
    assert 'id="t.questions.score.text-error"' in answer.text
    assert "書きかけ" in answer.text
    assert texts() == before


def test_the_csv_opens_in_excel_and_defuses_formulas(author):
    answer = author.get(f"{PAGE}/texts.csv")
    assert answer.data.startswith(b"\xef\xbb\xbfkey,en,ja\r\n")
    assert "'=No" in answer.text
    assert 'filename="nps.csv"' in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("encoding", "separator"),
    [("utf-8-sig", ","), ("cp932", ","), ("utf-16", "\t"), ("utf-8", ";")],
)
def test_a_csv_is_read_as_excel_saves_it(encoding, separator):
    text = "key,en,ja\r\nquestions.why.text,Why?,何故ですか。\r\n".replace(",", separator)
    lines = read_strings(text.encode(encoding))
    assert [(line.line, line.language, line.text) for line in lines] == [
        (2, "en", "Why?"), (2, "ja", "何故ですか。"),
    ]  # fmt: skip


def test_a_file_goes_out_and_comes_back_byte_for_byte(author, texts, api):
    written = author.get(f"{PAGE}/texts.csv").data
    assert "Nothing would change" in upload(author, written).text
    translated = written.replace(b"questions.score.high_label,Yes,",
                                 "questions.score.high_label,Yes,'=はい".encode())  # fmt: skip
    page = upload(author, translated).text
    assert "1 text changes" in page
    assert texts()["questions.score.high_label"] == {"en": "Yes"}
    assert author.post(f"{PAGE}/import", hidden(page)).location == PAGE
    assert texts()["questions.score.high_label"] == {"en": "Yes", "ja": "=はい"}
    assert author.get(f"{PAGE}/texts.csv").data == translated


def test_wrong_lines_are_named_and_the_rest_goes_in(author, texts):
    file = (
        "key,ja,fr\n"
        "questions.score.text,すすめますか。,Oui ?\n"
        "questions.gone.text,消えた,\n"
        "questions.score.low_label,いいえ,\n"
    )
    page = upload(author, file.encode()).text
    for words in ("{account.name} is missing", "no such text", "not asked in fr", "Take 1 text"):
        assert words in page
    author.post(f"{PAGE}/import", hidden(page))
    assert texts()["questions.score.low_label"]["ja"] == "いいえ"
    assert "ja" not in texts()["questions.score.text"]


def test_what_was_changed_meanwhile_is_shown_again_before_it_is_taken(author, texts):
    page = upload(author, b"key,ja\nquestions.score.low_label,A\n").text
    author.post(PAGE, {"language": "ja", "t.questions.score.low_label": "B"})
    again = author.post(f"{PAGE}/import", hidden(page))
    assert "changed meanwhile" in again.text
    assert texts()["questions.score.low_label"]["ja"] == "B"
    author.post(f"{PAGE}/import", hidden(again.text))
    assert texts()["questions.score.low_label"]["ja"] == "A"


def test_xliff_goes_to_a_translator_and_back(author, texts):
    written = author.get(f"{PAGE}/ja.xlf").data
    assert b'version="2.1" srcLang="en" trgLang="ja"' in written
    name = '<ph id="p1" equiv="{account.name}" disp="{account.name}"/>'
    source = f"<source>Recommend {name}?</source>"
    translated = written.decode().replace(
        source, f"{source}<target>{name}をすすめますか。</target>"
    )
    page = upload(author, translated.encode(), name="x.xlf").text
    author.post(f"{PAGE}/import", hidden(page))
    assert texts()["questions.score.text"]["ja"] == "{account.name}をすすめますか。"
    assert author.get(f"{PAGE}/en.xlf").status_code == 404
    assert author.get(f"{PAGE}/fr.xlf").status_code == 404


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\x01", b"nothing", b"key,ja\n\"" + b"x" * 200_000, b"\x81\xff\xff", b"<xliff>",
     b"<!DOCTYPE x [<!ENTITY a 'b'>]><xliff version='1.2'>&a;</xliff>", b"x" * 1_000_001],
)  # fmt: skip
def test_what_cannot_be_read_is_told_beside_the_file(author, texts, content):
    before = texts()
    answer = upload(author, content)
    assert answer.status_code == 422
    assert 'id="file-error"' in answer.text
    assert texts() == before


def test_a_language_is_added_with_our_words_and_removed(author, texts, api):
    author.post(f"{PAGE}/add", {"new_language": "fr"})
    assert queries.survey_by_key(api.workspace_id, "nps").languages == ("en", "ja", "fr")
    assert author.post(f"{PAGE}/add", {"new_language": "no code"}).status_code == 422
    author.post(f"{PAGE}/remove", {"language": "ja"})
    assert queries.survey_by_key(api.workspace_id, "nps").languages == ("en", "fr")
    assert author.post(f"{PAGE}/remove", {"language": "xx"}).status_code == 404
    author.post(f"{PAGE}/remove", {"language": "en"})
    assert "cannot go" in author.get(PAGE).text
    api.survey("plain", languages=["en"])
    author.post("/surveys/plain/languages/add", {"new_language": "ja"})
    assert "✓ complete" in author.get("/surveys/plain/languages").text.partition("日本語")[2]


def test_viewers_write_no_words(author, staff):
    viewer = staff("viewer")
    assert viewer.get(PAGE).status_code == 403
    assert viewer.post(f"{PAGE}/add", {"new_language": "fr"}).status_code == 403


def test_a_file_that_is_too_large_is_refused_by_the_reader():
    with pytest.raises(BadInput):
        read_strings(b"x" * 1_000_001)


def test_the_csv_of_a_survey_is_read_as_it_was_written():
    data = {"languages": ["en"], "questions": [{"key": "a", "text": {"en": '@x,\r\n"y"'}}]}
    assert [line.text for line in read_strings(csv_of(data).encode())] == ['@x,\r\n"y"']


def test_words_written_while_somebody_saved_the_draft_replace_nothing_unseen(author, texts):
    seen = re.search(r'name="seen" value="([^"]*)"', author.get(PAGE).text).group(1)
    author.post(PAGE, {"language": "ja", "t.questions.why.text": "どうしてですか。"})
    form = {"language": "ja", "seen": seen, "t.questions.why.text": "なぜですか。",
            "t.questions.score.low_label": "書きかけ"}  # fmt: skip
    answer = author.post(PAGE, form)
    assert answer.status_code == 409
    assert "saved this draft while you were writing" in answer.text
    assert "書きかけ" in answer.text
    assert texts()["questions.why.text"]["ja"] == "どうしてですか。"
    again = re.search(r'name="seen" value="([^"]*)"', answer.text).group(1)
    assert author.post(PAGE, form | {"seen": again}).status_code == 303
    assert texts()["questions.score.low_label"]["ja"] == "書きかけ"
