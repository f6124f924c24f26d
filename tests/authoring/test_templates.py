"""Surveys from templates: chosen in a gallery, published, and answered in both languages."""

from __future__ import annotations

import re
from html import unescape

import pytest

from surveys.survey_templates import TEMPLATES
from vocapp.authoring import queries


@pytest.fixture
def author(staff):
    return staff("product")


def start(author, template, **fields):
    form = {"name": "From a template", "kind": template, "languages": ["en", "ja"]}
    return author.post("/surveys/new", form | fields)


def test_the_gallery_shows_what_each_template_asks(author):
    page = unescape(author.get("/surveys/new").text)
    assert page.count('name="kind"') == len(TEMPLATES)
    assert "How would you feel if you could no longer use our product?" in page
    assert "Very disappointed / Somewhat disappointed" in page


def answer_to(question):
    if question.kind == "choice":
        return question.options[0].key
    return "because" if question.kind == "text" else 5


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each.key)
def test_each_template_is_published_and_answered_in_both_languages(app, author, api, template):
    assert start(author, template.key).location == "/surveys/from-a-template/edit"
    assert author.post("/surveys/from-a-template/publish").status_code == 303
    survey = queries.survey_by_key(api.workspace_id, "from-a-template")
    definition = queries.definition_of(api.workspace_id, survey.id, 1)
    assert survey.kind == template.kind
    for language in ("en", "ja"):
        page = app.test_client().get(f"/s/{survey.public_id}?lang={language}")
        assert page.status_code == 200
        assert f'lang="{language}"' in page.text
        assert definition.primary.text[language] in unescape(page.text)
        answers = {question.key: answer_to(question) for question in definition.questions}
        stored = api.respond(survey.key, answers=answers, locale=language)
        assert stored.status_code == 201, stored.text
    assert api.get("/api/v1/surveys/from-a-template").json["languages"] == ["en", "ja"]


def test_a_language_that_is_none_is_told_beside_its_field(author):
    answer = start(author, "churn", other_languages="en-x-y-z-a-b")
    assert answer.status_code == 422
    assert 'class="error-text"' in answer.text.partition('name="other_languages"')[2]


def test_a_template_that_there_is_not_is_refused(author):
    answer = start(author, "nonsense")
    assert answer.status_code == 422
    assert 'id="kind-error"' in answer.text


def test_what_was_chosen_stays_chosen_after_an_error(author):
    page = start(author, "renewal", name="").text
    assert re.search(r'<input[^>]* checked[^>]*value="renewal"|value="renewal"[^>]* checked', page)
