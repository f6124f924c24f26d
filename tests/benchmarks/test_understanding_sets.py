"""The comments that we wrote for measuring are what their README says."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.understanding.sets import LANGUAGES, rows, saas_entries, share_without_keyword
from nlp.taxonomy import from_entries, starter_pack, starter_pack_names
from nlp.text import normalise
from nlp.training import assemble

SENTIMENTS = {"positive", "neutral", "negative", "mixed"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_saas_set_has_many_themes_some_comments_with_several_and_some_with_none(language):
    lines = rows(f"saas.{language}")
    assert len(lines) == len({line["id"] for line in lines}) == 150
    assert len({line["text"] for line in lines}) == 150
    assert {line["lang"] for line in lines} == {language}
    assert {line["sentiment"] for line in lines} == SENTIMENTS
    keys = set(from_entries(saas_entries()).keys)
    support = Counter(label for line in lines for label in line["labels"])
    assert len(keys) == 12
    assert set(support) == keys
    assert min(support.values()) >= 10
    assert 45 <= sum(len(line["labels"]) > 1 for line in lines) <= 60
    assert 12 <= sum(not line["labels"] for line in lines) <= 18


@pytest.mark.parametrize("language", LANGUAGES)
def test_most_comments_use_no_keyword_of_their_themes(language):
    lines, entries = rows(f"saas.{language}"), saas_entries()
    assert share_without_keyword(lines, entries) >= 0.5
    spoken = {"text": "Too EXPENSIVE!", "labels": ["pricing"]}
    assert share_without_keyword([spoken], entries) == 0.0
    assert share_without_keyword([{"text": "a rapid build", "labels": ["usability"]}], entries) == 1


def test_the_taught_themes_are_in_no_pack_and_taught_by_ten_examples_each():
    taught, asked = rows("taught.en"), rows("taught.ja")
    themes = {label for line in taught for label in line["labels"]}
    known = {key for name in starter_pack_names() for key in starter_pack(name).keys}
    assert not themes & (known | set(from_entries(saas_entries()).keys))
    assert len(themes) == 3
    for theme in themes:
        assert sum(theme in line["labels"] for line in taught) == 10
        assert sum(theme in line["labels"] for line in asked) == 15
    assert sum(not line["labels"] for line in taught) == 10
    assert sum(not line["labels"] for line in asked) == 60


def test_no_comment_is_one_that_a_pack_teaches():
    ours = {
        _bare(line["text"])
        for name in ("saas.en", "saas.ja", "taught.en", "taught.ja")
        for line in rows(name)
    }
    for pack in map(starter_pack, starter_pack_names()):
        assert not ours & {_bare(text) for text in assemble(pack).texts}


def _bare(text: str) -> str:
    return normalise(text).text.strip(" .!。")
