"""Surveys for common moments: each is valid, speaks both languages, and means what it says."""

import pytest

from surveys.definition_leaves import texts_of
from surveys.definitions import DefinitionError, from_json, to_json
from surveys.survey_templates import TEMPLATES, definition_of, find


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each.key)
def test_each_template_is_a_survey_with_words_of_its_own_in_both_languages(template):
    both = to_json(definition_of(template, ["en", "ja"]))
    assert from_json(both) == definition_of(template, ["en", "ja"])
    assert both["kind"] == template.kind
    for path, texts in texts_of(both).items():
        assert set(texts) == {"en", "ja"}, path
        assert texts["en"].isascii() or "“" in texts["en"] or "’" in texts["en"], path
        assert not texts["ja"].isascii(), path
    assert set(template.name) == set(template.about) == {"en", "ja"}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each.key)
def test_a_language_of_which_we_have_no_words_comes_in_english(template):
    french = definition_of(template, ["fr"])
    english = definition_of(template, ["en"])
    assert french.primary.text["fr"] == english.primary.text["en"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each.key)
def test_no_template_asks_for_more_than_can_be_answered_in_two_minutes(template):
    assert len(definition_of(template, ["en"]).questions) <= 6


def test_keys_are_unique_and_found():
    assert len({template.key for template in TEMPLATES}) == len(TEMPLATES)
    assert all(find(template.key) is template for template in TEMPLATES)
    assert find("nothing") is None


def test_a_wrong_language_is_refused():
    with pytest.raises(DefinitionError):
        definition_of(TEMPLATES[3], ["not a tag"])


def test_the_question_of_the_fit_is_a_single_choice_that_has_to_be_answered():
    fit = definition_of(find("fit"), ["en"])
    question = fit.questions[0]
    assert (question.kind, question.required) == ("choice", True)
    assert [option.key for option in question.options][:3] == ["very", "somewhat", "not_at_all"]
    assert not fit.primary.required
