"""Surveys of other products in the browser: a file, a look at it, a draft."""

from __future__ import annotations

import io
import json
import re
from html import unescape

import pytest

from tests.surveys.test_imported_surveys import BOMB, NEW, SURVEYJS
from vocapp.authoring import queries

PAGE = "/surveys/import"


@pytest.fixture
def author(staff):
    return staff("product")


def upload(person, content, name="survey.lss"):
    file = {"file": (io.BytesIO(content), name), "do": "preview"}
    return person.post(PAGE, file, content_type="multipart/form-data")


def create(person, page):
    content = re.search(r'name="content" value="([^"]*)"', page.text).group(1)
    return person.post(PAGE, {"content": content, "do": "create"})


@pytest.mark.parametrize(
    ("content", "key", "languages"),
    [(NEW, "title-en", ("en", "ja")), (json.dumps(SURVEYJS).encode(), "survey", ("ja", "en"))],
)
def test_a_file_is_looked_at_and_becomes_a_draft_in_its_languages(
    author, api, content, key, languages
):
    page = upload(author, content)
    assert page.status_code == 200
    assert "Nothing is created yet." in page.text
    assert queries.list_surveys(api.workspace_id) == []
    assert create(author, page).location == f"/surveys/{key}/edit"
    found = queries.survey_by_key(api.workspace_id, key)
    assert (found.state, found.languages) == ("draft", languages)
    assert author.post(f"/surveys/{key}/publish").status_code == 303


def test_what_is_not_taken_is_told_with_its_reason(author):
    page = unescape(upload(author, NEW).text)
    assert "there is no such kind of question (date)" in page
    assert "Taken without its condition" in page


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"<document/>", BOMB, b" " * 2_000_001 + b"{}", b"\xff\xfe\x00"]
)
def test_what_is_no_survey_is_told_beside_the_file_and_nothing_is_created(author, api, content):
    answer = upload(author, content)
    assert answer.status_code == 422
    assert 'id="file-error"' in answer.text
    assert queries.list_surveys(api.workspace_id) == []


def test_the_same_file_twice_makes_two_surveys_with_keys_of_their_own(author, api):
    create(author, upload(author, NEW))
    assert create(author, upload(author, NEW)).location == "/surveys/title-en-2/edit"


def test_viewers_import_nothing(staff):
    assert staff("viewer").get(PAGE).status_code == 403
    assert upload(staff("viewer"), NEW).status_code == 403


def test_a_survey_with_placeholders_of_its_product_can_be_created(author, api):
    element = {"type": "comment", "name": "q", "title": "Why, {firstName}?"}
    page = upload(author, json.dumps({"title": "Own", "elements": [element]}).encode())
    assert "{firstName} is no placeholder here" in unescape(page.text)
    assert create(author, page).location == "/surveys/own/edit"
    found = queries.survey_by_key(api.workspace_id, "own")
    draft = queries.draft_of(found.workspace_id, found.id)
    assert draft["questions"][0]["text"] == {"en": "Why, [firstName]?"}
