"""Which words a PDF of a poster can set, in which font, and where its lines end."""

from __future__ import annotations

import pytest

from vocapp.authoring.poster_words import lines, not_settable, runs, tidied


@pytest.mark.parametrize(
    ("text", "language", "lacking"),
    [
        ("How likely are you – “really” – to tell a friend? Café, Straße, €", "en", ""),
        ("髙﨑支店①〜③、㈱サンプル…“はい”か「いいえ」", "ja", ""),
        ("Cafe\u0301 and か\u3099", "ja", ""),
        ("Fragen Sie 株式会社サンプル", "de", ""),
        ("Spróbuj źdźbła", "pl", "źł"),
        ("Скажите", "ru", "Скажите"),
        ("您会推荐我们吗", "zh-Hans", "您会推荐我们吗"),
        ("東京", "zh-TW", "東京"),
        ("هل", "ar", "هل"),
        ("😀 gut 😀", "de", "😀"),
    ],
)
def test_what_cannot_be_set_is_named_once(text, language, lacking):
    assert not_settable(text, language) == lacking


def test_each_piece_of_a_line_has_its_font():
    assert runs("Acme社の“製品”", "ja") == [("latin", "Acme"), ("japanese", "社の“製品”")]
    assert runs("“Acme” 東京", "en") == [("latin", "“Acme” "), ("japanese", "東京")]


def test_japanese_is_broken_between_phrases_and_evenly():
    text = "当社の製品を友人や同僚にすすめる可能性は、どのくらいありますか？"
    assert lines(text, len, 24) == [
        "当社の製品を友人や同僚にすすめる",
        "可能性は、どのくらいありますか？",
    ]
    assert lines("ご意見をお聞かせください", len, 9) == ["ご意見を", "お聞かせください"]


def test_no_line_begins_with_a_sign_that_ends_a_phrase():
    text = "（お客様センター）「はい」、または、「いいえ」。ありがとうございましたっ、ね。"
    for limit in range(4, 30):
        broken = lines(text, len, limit)
        assert "".join(broken) == text
        assert [each for each in broken if each[0] in "）」、。っー"] == []
        assert [each for each in broken if each[-1] in "（「"] == []


def test_latin_is_broken_between_words_and_within_what_is_wider_than_a_line():
    assert lines("Please tell us what you think", len, 20) == ["Please tell us", "what you think"]
    assert lines("a " + "x" * 12, len, 5) == ["a xxx", "xxxxx", "xxxx"]


def test_white_space_is_single_and_characters_are_whole():
    assert tidied(" e\u0301  e\n") == "é e"
