"""What says nothing is told from what is short."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.content import content_of

NOTHING = [
    "特になし", "特にありません。", "特に無し", "とくにないです", "なし", "無し",
    "ありません", "なしです", "今のところ特にありません", "特にございません",
    "特に意見はありません", "該当なし", "別にない", "ナシ", "ﾅｼ", "何もありません", "特に",
    "n/a", "N/A", "NA", "none", "None.", "nothing", "no", "No.", "nope", "no comment",
    "No comments", "nothing to add", "Nothing really", "no suggestions", "-", "ー", ".",
    "…", "。", "---", "?", "!!!", "", "  ", "\n", "n.a.", "not applicable", "／", "・",
]  # fmt: skip
GIBBERISH = [
    "asdfgh", "asdf", "ASDFGHJKL", "qwerty", "qwertyuiop", "asdfasdf", "lkjhgf", "ああああ",
    "あああああああ", "aaaa", "xxxxxx", "1111", "sdfghjk", "dfgdfgdfg", "xkjrtq", "ｱｱｱｱｱ",
    "んんんん", "zxcvbnm", "hjkl hjkl",
]  # fmt: skip
SPAM = [
    "https://example.com/",
    "http://a.example/x?y=1 https://b.example",
    "www.example.com",
    "https://a.example https://b.example https://c.example buy now",
    "Buy cheap watches! " * 6,
    "今すぐ登録してください。" * 7,
]
SAID = [
    "遅い", "高い", "使いにくい", "すごい", "最高", "普通", "良い", "OK", "ok", "good",
    "price", "slow", "bad", "UI", "API", "SSO", "NPS", "HTTPS", "👍", "😡😡", "!?😡",
    "なしでは困る", "機能がない", "時間がない", "特に検索が遅い", "特になし、ただ高い",
    "問題なし", "返事なし", "文句なし", "意味がない", "使えない", "no support",
    "none of it works", "nothing works", "no dark mode", "no export", "N/A in reports",
    "wwww", "笑", "hahaha", "nonono", "だめだめだめだめ", "いろいろ", "まあまあ", "hmm",
    "were", "tree", "power", "property", "typewriter", "poor",
    "see https://example.com/bug", "10", "0", "5/10", "A", "価格", "速度", "料金体系",
    "thx", "pls fix", "slow slow slow", "Sooooo slow", "CSV", "MRR", "html", "rhythm", "不",
    "难用", "très bien", "gut", "lento", "느려요", "遅い遅い遅い", "無理", "ないない",
    "ログインできない", "ありがとうございません", "バグなしで助かる", "nope, too slow",
]  # fmt: skip


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_is_said(text):
    assert content_of(text) == "nothing"


@pytest.mark.parametrize("text", GIBBERISH)
def test_keys_were_hit(text):
    assert content_of(text) == "gibberish"


@pytest.mark.parametrize("text", SPAM)
def test_links_alone_and_a_sentence_over_and_over_are_spam(text):
    assert content_of(text) == "spam"


@pytest.mark.parametrize("text", SAID)
def test_what_is_short_is_said_all_the_same(text):
    assert content_of(text) == "said"


@given(st.text(max_size=80))
def test_any_text_has_a_kind_and_a_space_changes_nothing(text):
    assert content_of(text) in {"said", "nothing", "gibberish", "spam"}
    assert content_of(f" {text} ") == content_of(text)
