"""The language of a comment, however short."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.language import _BY_SCRIPT, _identifier, detect, is_less_certain


def short_texts():
    """(Language or None, text, whether it is known to be missed) of each line."""
    for line in Path(__file__).with_name("short_texts.tsv").read_text("utf-8").splitlines():
        language, text, *missed = line.split("\t")
        yield None if language == "-" else language, text, bool(missed)


@pytest.mark.parametrize(("language", "text", "is_missed"), short_texts())
def test_the_language_of_a_short_text(language, text, is_missed):
    """In thirteen languages, Japanese also in Latin letters, and in several at once: then it is
    that of the sentence, and not of the words that it names."""
    assert (detect(text) == language) != is_missed


@pytest.mark.parametrize(
    ("language", "text"), [(language, text) for language, text, _ in short_texts()]
)
def test_themes_are_less_certain_in_other_languages_than_those_taught(language, text):
    in_latin_letters = language == "ja" and text.isascii()
    assert is_less_certain(text, language) == (
        language not in ("en", "ja", None) or in_latin_letters
    )


@pytest.mark.parametrize(
    "text", ["", " \n", "123", "👍", "!!!", "\ud800", "\x00", "https://example.com/a"]
)
def test_nothing_to_decide_on_gives_the_hint_or_none(text):
    assert detect(text) is None
    assert detect(text, hint="ja") == "ja"


@pytest.mark.parametrize("text", ["ok", "OK!", "NPS", "UI", "ok 👍"])
def test_words_of_no_language_leave_it_to_the_survey(text):
    assert detect(text) is None
    assert detect(text, hint="ja-JP") == "ja"
    assert detect(text, hint="en") == "en"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("UIがいい", "ja"),
        ("ｱﾌﾟﾘ遅い", "ja"),
        ("対応最悪", "ja"),
        ("新しい Kubernetes Dashboard integration が使いやすい", "ja"),
        ("good", "en"),
        ("Too slow", "en"),
        ("LOGIN BROKEN", "en"),
        ("Bugs", "en"),
        ('The button "設定" does nothing when I click it', "en"),
        ("价格太贵", "zh"),
        ("너무 느려요", "ko"),
        ("الخدمة بطيئة جدا", "ar"),
        ("Отлично", "ru"),
        ("Sehr langsam beim Laden", "de"),
        ("très bien", "fr"),
        ("Non funziona niente", "it"),
        ("ช้ามาก", "th"),
    ],
)
def test_short_comments_are_recognised_by_script_and_words(text, language):
    assert detect(text) == language


@pytest.mark.parametrize(
    ("text", "language"), [("Too slow to load", "en"), ("サポートが遅い", "ja")]
)
def test_a_hint_never_overrules_a_text_that_is_clear(text, language):
    assert {detect(text, hint=hint) for hint in (None, "en", "ja", "fr", "xx")} == {language}


def test_kanji_alone_is_what_the_survey_is_in():
    assert detect("最高", hint="zh") == "zh"
    assert detect("最高", hint="en") == "ja"


@settings(max_examples=60, deadline=None)  # the first call of a kind loads a model
@given(st.text(max_size=200), st.sampled_from([None, "ja", "en-GB", ""]))
def test_any_text_gives_a_two_letter_code_or_none(text, hint):
    found = detect(text, hint=hint)
    assert found is None or (len(found) == 2 and found.isalpha() and found.islower())


def test_the_languages_of_a_script_rank_as_they_would_alone():
    """The tables are shared by all scripts, and the other languages' weights left out."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    texts = ["", "ok", "Der Dienst ist gut", "c'est très lent", "это хорошо", "बहुत अच्छा", "\x00é"]
    alone = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    for candidates in _BY_SCRIPT.values():
        alone.set_languages(list(candidates))
        assert [_identifier(candidates).rank(t) for t in texts] == [alone.rank(t) for t in texts]
