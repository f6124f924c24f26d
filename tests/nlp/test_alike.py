"""Copies of a comment are known for such, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.alike import likeness_of
from nlp.redact import redact

LONG = "The nightly export has been failing since the last release and nobody answers"
COPIES = [
    ("Too slow", "too  slow!!"),
    ("Too slow", "ＴＯＯ　ＳＬＯＷ。"),
    ("サポートが遅い。", "ｻﾎﾟｰﾄが遅い"),
    ("サポートが遅い", "サポートが\u200b 遅い…\n"),
    ("It's slow", "It’s slow"),
    ("👍", "👍 !"),
    (f"{LONG}, ticket 4711.", f"{LONG}, ticket 99."),
    (f"{LONG}. Call 090-1234-5678", f"{LONG}. Call 080-8765-4321"),
    (f"{LONG}. Mail jane@example.com", f"{LONG}. Mail joe@example.org"),
]
OTHERS = [
    ("Not slow", "So slow"),
    ("I can log in", "I cannot log in"),
    ("Waited 2 days", "Waited 20 days"),
    ("使える", "使えない"),
    ("👍", "👎"),
    (f"{LONG}.", f"{LONG} to me."),
    ("ประหยัด", "ประหยด"),
    ("C", "C++ is missing"),
]


@pytest.mark.parametrize(("one", "other"), COPIES)
def test_copies_have_one_likeness(one, other):
    assert likeness_of(redact(one)) == likeness_of(redact(other)) is not None


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_another_word_is_another_comment(one, other):
    assert likeness_of(redact(one)) != likeness_of(redact(other))


@pytest.mark.parametrize("text", ["", " \n", "…", "!?", "\ud800"])
def test_what_has_nothing_to_read_is_like_nothing(text):
    assert likeness_of(text) is None


@given(st.text(max_size=60), st.sampled_from([" ", "!", "。", "\u3000", "\n", "\u200b"]))
def test_signs_and_spaces_around_change_nothing(text, sign):
    assert likeness_of(sign + text + sign) == likeness_of(text)
