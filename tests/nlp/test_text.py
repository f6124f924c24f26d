"""Reading comments: offsets, tokens, sentences, clauses."""

import re
import subprocess
import sys
import time
import unicodedata
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp import text as reading
from nlp.text import Document, Span, normalise, read, read_many

ROOT = Path(__file__).parent.parent.parent
UGLY = [
    "",
    " \n\u3000",
    "a\x00b",
    "\ud800 と \udfff",
    "👨‍👩‍👧‍👦すごい👍🏽",
    "ﷺ" * 50,
    "か\u3099き ｶﾞｷﾞ",
    "e" + "\u0301" * 200,
    "İstanbul ŉ ß ǅ",
    "a\u200bb\ufeffc\u00add",
    "\r\n\r\n。。",
    "각",
]
MIXED = "がのに、。けどUI良い遅一方もabut ;.!?\n゙ﾞﾟ゛\u0301\u200bｶﾊＡ１İ가👍🏽\u200d\ud800\x00"
letters = st.one_of(st.text(max_size=80), st.text(st.sampled_from(MIXED), max_size=60))


def test_several_spaces_are_one_that_stands_for_all_of_them():
    normal = normalise("Ａ \t\u3000 b\u200b \n  c")
    assert normal.text == "a b \n c"
    assert normal.original_span(1, 2) == Span(1, 5)
    assert normal.original_span(0, 3) == Span(0, 6)
    assert normal.original_span(6, 7) == Span(11, 12)


def clauses(text: str) -> list[str]:
    return [text[span.start : span.end] for span in read(text).clauses]


def sentences(text: str) -> list[str]:
    return [text[span.start : span.end] for span in read(text).sentences]


def lemmas(text: str) -> list[str]:
    return [token.lemma for token in read(text).tokens]


def check_offsets(document: Document) -> None:
    text = document.text
    last = 0
    for token in document.tokens:
        assert 0 <= token.start < token.end <= len(text)
        assert text[token.start : token.end] == token.text
        assert token.start >= last
        last = token.start
        assert token.lemma
    for spans in (document.sentences, document.clauses):
        for before, after in pairwise(spans):
            assert before.end <= after.start
        assert all(0 <= span.start < span.end <= len(text) for span in spans)
    for clause in document.clauses:
        assert any(s.start <= clause.start and clause.end <= s.end for s in document.sentences)


@pytest.mark.parametrize("text", UGLY)
@pytest.mark.parametrize("language", [None, "ja", "en", "zh", "fr", "xx"])
def test_ugly_text_is_read_with_true_offsets(text, language):
    check_offsets(read(text, language=language))


@settings(max_examples=100, deadline=None)
@given(letters, st.sampled_from([None, "ja", "en"]))
def test_offsets_always_point_into_the_original(text, language):
    check_offsets(read(text, language=language))


@settings(max_examples=100, deadline=None)
@given(letters)
def test_every_normalised_character_comes_from_its_own_place(text):
    normal = normalise(text)
    assert len(normal.starts) == len(normal.ends) == len(normal.text)
    for at in range(len(normal.text)):
        span = normal.original_span(at, at + 1)
        assert 0 <= span.start < span.end <= len(text)
        assert normal.text[at] in normalise(text[span.start : span.end]).text
    assert list(normal.starts) == sorted(normal.starts)
    assert list(normal.ends) == sorted(normal.ends)


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30))
def test_normalising_piece_by_piece_equals_nfkc_of_the_whole_with_single_spaces(text):
    visible = "".join(c for c in text if c not in "\u00ad\u200b\u2060\ufeff")
    whole = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).lower())
    single_spaced = re.sub(" {2,}", " ", whole)
    assert unicodedata.normalize("NFKC", normalise(text).text) == single_spaced


def test_width_and_case_do_not_matter():
    normal = normalise("ｶﾞｰﾄﾞのＡＰＩ　①")
    assert normal.text == "ガードのapi 1"
    assert normal.original_span(0, 1) == Span(0, 2)
    assert normal.original_span(4, 7) == Span(6, 9)


def test_an_empty_piece_has_an_empty_span_and_a_wrong_one_is_refused():
    assert normalise("").original_span(0, 0) == Span(0, 0)
    assert normalise("abc").original_span(3, 3) == Span(3, 3)
    with pytest.raises(ValueError, match="span"):
        normalise("abc").original_span(2, 4)


def test_japanese_words_come_in_dictionary_form_with_part_of_speech():
    words = {token.text: token for token in read("管理画面が使いづらかったです。").tokens}
    assert words["使い"].lemma == "使う"
    assert words["づらかっ"].lemma == "づらい"
    assert (words["画面"].pos, words["が"].is_stop, words["。"].is_punct) == ("NOUN", True, True)


def test_half_width_japanese_reads_like_full_width():
    assert lemmas("ｱﾌﾟﾘｶﾞ遅ｲ") == lemmas("アプリガ遅イ")
    assert lemmas("ＡＰＩの制限") == lemmas("APIの制限")


def test_english_words_come_as_lower_case_lemmas():
    assert lemmas("Dashboards crashed") == ["dashboard", "crash"]
    assert [token.text for token in read("Dashboards crashed").tokens] == ["Dashboards", "crashed"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("UIは良いがサポートが遅い", ["UIは良いが", "サポートが遅い"]),
        ("価格が高い", ["価格が高い"]),
        ("操作は簡単ですけど、重いです", ["操作は簡単ですけど、", "重いです"]),
        ("ｱﾌﾟﾘは軽いｹﾄﾞ､ｻﾎﾟｰﾄが遅い", ["ｱﾌﾟﾘは軽いｹﾄﾞ､", "ｻﾎﾟｰﾄが遅い"]),
        ("使いやすいけれど高い", ["使いやすいけれど", "高い"]),
        ("重いのに高い", ["重いのに", "高い"]),
        ("払っているのに繋がらない", ["払っているのに", "繋がらない"]),
        ("資料を作るのに便利", ["資料を作るのに便利"]),
        ("直せばいいのにと思います", ["直せばいいのにと思います"]),
        ("安いものの中では良い", ["安いものの中では良い"]),
        ("高かったものの早く届いた", ["高かったものの", "早く届いた"]),
        ("対応が一方的な会社です", ["対応が一方的な会社です"]),
        ("機能は多い。一方、高い", ["機能は多い。", "一方、高い"]),
        ("値段は高いものの、満足です", ["値段は高いものの、", "満足です"]),
        ("導入が簡単な一方で、設定が難しい", ["導入が簡単な一方で、", "設定が難しい"]),
        ("速い。しかし高い", ["速い。", "しかし高い"]),
        ("The UI is good but support is slow", ["The UI is good", "but support is slow"]),
        ("Although it is good, it is slow", ["Although it is good,", "it is slow"]),
        ("It is fast; it is cheap", ["It is fast;", "it is cheap"]),
        ("It crashes, even though I updated", ["It crashes,", "even though I updated"]),
        ("Fast, however expensive", ["Fast,", "however expensive"]),
        ("But why", ["But why"]),
        ("Not yet while loading", ["Not yet while loading"]),
    ],
)
def test_clauses_are_cut_where_the_sentence_turns(text, expected):
    assert clauses(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("速い。安い！最高？", ["速い。", "安い！", "最高？"]),
        ("「速い。」と言う", ["「速い。」", "と言う"]),
        ("速い\n安い", ["速い", "安い"]),
        ("It works. It is v2.0, e.g. fast.", ["It works.", "It is v2.0, e.g. fast."]),
        ("Dr. Smith agreed! Yes", ["Dr. Smith agreed!", "Yes"]),
        ("See example.com/a?b=c now", ["See example.com/a?b=c now"]),
        ("Wait... what?!", ["Wait...", "what?!"]),
        ("It broke...I was sad", ["It broke...", "I was sad"]),
        ("ｻﾎﾟｰﾄが遅い｡改善希望", ["ｻﾎﾟｰﾄが遅い｡", "改善希望"]),
    ],
)
def test_sentences_end_where_a_reader_stops(text, expected):
    assert sentences(text) == expected


@pytest.mark.parametrize("unit", ["が", "word ", "。", "'", "👍", "a\u0301", "重いのに"])
def test_very_long_text_is_read_whole_and_quickly(unit):
    text = unit * (20_000 // len(unit))
    started = time.perf_counter()
    document = read(text, language="ja" if ord(unit[0]) > 0x3000 else "en")
    assert document.tokens[-1].end == len(text.rstrip())
    assert time.perf_counter() - started < 30  # quadratic would be minutes


def test_many_texts_are_read_as_one_by_one():
    texts = ["UIが良い", "Too slow", "ok", ""]
    assert read_many(texts) == [read(text) for text in texts]
    assert [d.language for d in read_many(texts, languages=["ja", None, "en", None])] == [
        "ja",
        "en",
        "en",
        None,
    ]
    with pytest.raises(ValueError, match="zip"):
        read_many(texts, languages=["ja"])


def test_importing_the_module_does_not_load_spacy():
    code = "import sys, nlp.text, nlp.vectors, nlp.redact; print('spacy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("language", ["en", "de", "tr", "ru", "ja", None])
def test_stop_words_are_those_of_spacy(language):
    import spacy

    known = spacy.blank(language or "xx").vocab
    words = ["The", "not", "N't", "und", "Der", "ve", "не", "И", "こと", "する", "printer", "42"]
    stops = [reading._facts(word, word.lower(), language)[1] for word in words]
    assert stops == [known[word].is_stop for word in words]


def test_words_never_seen_before_do_not_pile_up(monkeypatch):
    texts = [f"word{n}x of report{n}y, again" for n in range(200)]
    before = [read(text, language="pt").tokens for text in texts]
    monkeypatch.setattr(reading, "_MOST_WORDS", len(reading._pipeline("pt").vocab) + 50)
    assert [read(text, language="pt").tokens for text in texts] == before
    for n in range(2_000):
        read(f"outra{n}", language="pt")
    assert len(reading._pipeline("pt").vocab) <= reading._MOST_WORDS + 10


@pytest.mark.parametrize(("word", "language"), [("Häuser", "de"), ("cuentas", "es")])
def test_a_language_without_lessons_keeps_its_words_as_written(word, language):
    (token,) = read(word, language=language).tokens
    assert token.lemma == word.lower()
