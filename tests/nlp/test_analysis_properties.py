"""What must not matter does not: order, batch, repetition, spaces, width of letters."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlp.analysis import Analyser, Analysis, train_analyser
from nlp.language import detect
from nlp.sentiment import sentiment
from nlp.taxonomy import Taxonomy, starter_pack
from nlp.text import read

_THEMES = ("pricing", "support", "performance")
_PIECES = (
    "The price is too high",
    "support never answers",
    "it is slow, very slow",
    "but I love the new look",
    "No complaints!",
    "not bad at all",
    "Ｗｈｙ so expensive？",
    "mail me at jane@example.com",
    "料金が高い。",
    "サポートは親切ですが、",
    "動作が遅くて仕事になりません",
    "特になし",
    "使いやすいです！",
    "ｻﾎﾟｰﾄの返信が早い",
    "😡",
    "…",
    "\n",
    "",
)
comments = st.lists(st.sampled_from(_PIECES), min_size=0, max_size=4).map(" ".join) | st.text(
    max_size=12
)
in_one_language = st.sampled_from([True, False]).flatmap(
    lambda ascii_only: st.lists(
        st.sampled_from([piece for piece in _PIECES if piece.isascii() == ascii_only]), max_size=4
    ).map(" ".join)
)
some = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    pack = starter_pack()
    small = Taxonomy("small", "1", tuple(map(pack.theme, _THEMES)), pack.off_topic, ())
    return train_analyser(small, encoder="static")


@some
@given(texts=st.lists(comments, max_size=8), seed=st.integers(0, 99))
def test_the_order_of_comments_changes_nothing(analyser, texts, seed):
    order = list(range(len(texts)))
    random.Random(seed).shuffle(order)
    straight = analyser.analyse(texts)
    assert _same(analyser.analyse([texts[place] for place in order]), [straight[p] for p in order])


@some
@given(texts=st.lists(comments, max_size=8), size=st.integers(1, 4))
def test_the_size_of_batches_changes_nothing(analyser, texts, size):
    batches = [texts[start : start + size] for start in range(0, len(texts), size)]
    assert _same(
        [found for batch in batches for found in analyser.analyse(batch)], analyser.analyse(texts)
    )


@some
@given(texts=st.lists(comments, max_size=6))
def test_asking_again_and_asking_twice_at_once_change_nothing(analyser, texts):
    first = analyser.analyse(texts)
    assert analyser.analyse(texts) == first
    assert _same(analyser.analyse(texts + texts), first + first)


@some
@given(text=comments, space=st.sampled_from([" ", "  ", "\u3000", "\n", " \u3000 "]))
def test_a_space_before_or_after_a_comment_changes_nothing(analyser, text, space):
    plain, before, after = analyser.analyse([text, space + text, text + space])
    for spaced in (before, after):
        assert spaced.language == plain.language
        assert spaced.sentiment == plain.sentiment
        assert spaced.sentiment_score == pytest.approx(plain.sentiment_score)
        assert _plain(spaced)[-1] == _themes(plain)
        assert [theme.evidence for theme in spaced.themes] == [t.evidence for t in plain.themes]


@some
@given(text=in_one_language, repeats=st.integers(2, 4))
def test_doubled_spaces_within_a_comment_change_nothing(analyser, text, repeats):
    plain, doubled = analyser.analyse([text, text.replace(" ", " " * repeats)])
    assert doubled.sentiment == plain.sentiment
    assert _plain(doubled)[-1] == _themes(plain)


def test_doubled_spaces_in_english_words_of_a_japanese_comment_change_nothing(analyser):
    text = "but I love the new look ｻﾎﾟｰﾄの返信が早い"
    plain, doubled = analyser.analyse([text, text.replace(" ", "  ")])
    assert _plain(doubled)[-1] == _themes(plain)


@some
@given(text=comments)
def test_the_width_of_letters_changes_nothing_in_the_sentiment(text):
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    found = [sentiment(read(each, language=detect(each))) for each in (text, wide)]
    assert found[0] == found[1]


def test_a_space_does_not_change_the_language_of_a_short_text():
    assert detect(" 0\U0005779e0ËÔý") == detect("0\U0005779e0ËÔý")


def test_the_properties_are_not_empty_ones(analyser):
    texts = ["The price is too high.", "サポートは親切ですが、料金が高い。"]
    for analysis in analyser.analyse(texts):
        assert analysis.themes
        assert analysis.sentiment != "neutral"


def _themes(analysis: Analysis) -> list[tuple[str, object, str]]:
    """Keys, confidences and sentiments; sums of another batch differ in the seventh digit."""
    return [(t.key, pytest.approx(t.confidence, abs=1e-5), t.sentiment) for t in analysis.themes]


def _same(found: list[Analysis], wanted: list[Analysis]) -> bool:
    """Equal, but for the last digits of confidences."""
    return [_plain(analysis) for analysis in found] == [
        (*_plain(analysis)[:-1], _themes(analysis)) for analysis in wanted
    ]


def _plain(analysis: Analysis) -> tuple[object, ...]:
    themes = [(t.key, t.confidence, t.sentiment) for t in analysis.themes]
    score = round(analysis.sentiment_score, 6)
    return (analysis.language, analysis.sentiment, score, analysis.redacted, themes)
