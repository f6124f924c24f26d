"""Starter packs are complete and varied; hand-written taxonomies are read or refused clearly."""

import json
import re
from difflib import SequenceMatcher
from itertools import combinations

import pytest

from nlp.taxonomy import (
    LANGUAGES,
    LabelledText,
    Taxonomy,
    Theme,
    from_entries,
    starter_pack,
    starter_pack_names,
)

PACKS = starter_pack_names()
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


def entry(**changes: object) -> dict[str, object]:
    return {
        "key": "price",
        "label": "Price",
        "description": "What it costs.",
        "keywords": ["cheap", "expensive"],
    } | changes


def all_texts(pack: Taxonomy, language: str) -> list[str]:
    texts = [text for theme in pack.themes for text in theme.examples[language]]
    texts += pack.off_topic[language]
    return texts + [text.text for text in pack.combined if text.language == language]


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_has_enough_themes_with_words_and_examples_in_both_languages(name):
    pack = starter_pack(name)
    assert len(pack.themes) >= 14
    for theme in pack.themes:
        for language in LANGUAGES:
            assert theme.label[language]
            assert len(theme.description[language]) >= 20
            assert len(set(theme.keywords[language])) >= 10
            assert len(set(theme.examples[language])) >= 28, (theme.key, language)


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_teaches_abstention_and_several_themes_in_both_languages(name):
    pack = starter_pack(name)
    for language in LANGUAGES:
        assert len(set(pack.off_topic[language])) >= 40
        combined = [text for text in pack.combined if text.language == language]
        assert len(combined) >= 40
        assert all(2 <= len(set(text.labels)) <= 3 for text in combined)
        taught = {label for text in combined for label in text.labels}
        assert taught == set(pack.keys)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PACKS)
def test_no_two_texts_of_a_pack_are_nearly_the_same(name, language):
    texts = all_texts(starter_pack(name), language)
    assert len(set(texts)) == len(texts)
    signs = {"en": str.split, "ja": list}[language]
    parts = [(text, set(signs(text.lower()))) for text in texts if len(text) > 12]
    for (one, a), (other, b) in combinations(parts, 2):
        if len(a & b) > 0.7 * len(a | b):  # only the suspicious pairs are worth the slow look
            assert SequenceMatcher(None, one, other).ratio() < 0.85, (one, other)


@pytest.mark.parametrize("name", PACKS)
def test_examples_are_in_the_language_they_are_filed_under(name):
    pack = starter_pack(name)
    assert not [text for text in all_texts(pack, "en") if JAPANESE.search(text)]
    assert not [text for text in all_texts(pack, "ja") if not JAPANESE.search(text)]


@pytest.mark.parametrize("name", PACKS)
def test_examples_vary_in_length_and_do_not_only_repeat_the_keywords(name):
    for theme in starter_pack(name).themes:
        for language in LANGUAGES:
            examples = theme.examples[language]
            lengths = sorted(map(len, examples))
            assert lengths[-1] > 3 * lengths[0]
            words = [word.lower() for word in theme.keywords[language]]
            without = [text for text in examples if not any(w in text.lower() for w in words)]
            assert len(without) >= 3, (theme.key, language)


def test_packs_can_stand_side_by_side_in_a_workspace():
    """A key that a workspace has is not added again: packs that share one would lose a theme."""
    keys = [key for name in PACKS for key in starter_pack(name).keys]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_comment_is_taught_differently_by_two_packs(language):
    taught: dict[str, str] = {}
    for name in PACKS:
        for theme in starter_pack(name).themes:
            for text in theme.examples[language]:
                bare = text.lower().strip(" .!。！")
                assert taught.setdefault(bare, theme.key) == theme.key, text


def test_a_pack_is_read_once_and_cannot_be_changed():
    pack = starter_pack()
    assert starter_pack("b2b_saas").themes[0] == pack.themes[0]
    with pytest.raises(TypeError):
        pack.themes[0].label["en"] = "changed"  # type: ignore[index]


def test_an_unknown_pack_is_refused_by_name():
    with pytest.raises(ValueError, match="b2b_saas"):
        starter_pack("../secrets")


def test_a_theme_is_found_by_its_key_and_an_unknown_key_is_an_error():
    pack = starter_pack()
    assert [pack.theme(key).key for key in pack.keys] == list(pack.keys)
    with pytest.raises(KeyError):
        pack.theme("no_such_theme")


def test_the_digest_follows_the_content_and_nothing_else():
    one = from_entries([entry()])
    reordered = from_entries([dict(reversed(entry().items()))])
    changed = from_entries([entry(description="What it costs us.")])
    assert one.digest == reordered.digest
    assert one.digest != changed.digest
    assert re.fullmatch(r"[0-9a-f]{64}", one.digest)


def test_a_hand_written_taxonomy_keeps_both_languages():
    taxonomy = from_entries(
        [entry(label_ja="価格", description_ja="料金のこと。", keywords_ja=["高い", "安い"])]
    )
    theme = taxonomy.theme("price")
    assert (theme.label["en"], theme.label["ja"]) == ("Price", "価格")
    assert theme.keywords["ja"] == ("高い", "安い")
    assert theme.examples["ja"] == ()


def test_without_japanese_fields_the_plain_ones_stand_for_both():
    theme = from_entries([entry(label="価格")]).theme("price")
    assert theme.label["ja"] == theme.label["en"] == "価格"
    assert theme.description["ja"] == "What it costs."


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([], "at least one"),
        ("price", "list of entries"),
        ({"key": "price"}, "list of entries"),
        (["price"], "entry 1: expected an object"),
        ([entry(), entry(key="")], "entry 2, key"),
        ([entry(key="a\nb")], "entry 1, key"),
        ([entry(key="x" * 101)], "entry 1, key"),
        ([entry(), entry()], "entry 2, key: 'price' is already"),
        ([entry(label=3)], r"entry 1 \(price\), label"),
        ([entry(description=None)], r"entry 1 \(price\), description"),
        ([entry(keywords="cheap")], r"entry 1 \(price\), keywords"),
        ([entry(keywords=["cheap", 1])], r"entry 1 \(price\), keywords"),
        ([entry(label_ja="  ")], r"entry 1 \(price\), label_ja"),
        ([entry(keywords_ja="高い")], r"entry 1 \(price\), keywords_ja"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_number_and_field(entries, message):
    with pytest.raises(ValueError, match=message):
        from_entries(entries)


def test_a_taxonomy_file_survives_the_way_through_json():
    entries = [entry(), entry(key="support", label="Support", keywords=[])]
    again = json.loads(json.dumps(entries))
    assert from_entries(again).digest == from_entries(entries).digest


def test_a_combined_comment_must_use_known_themes():
    theme: Theme = from_entries([entry()]).themes[0]
    with pytest.raises(ValueError, match="unknown labels"):
        Taxonomy("x", "1", (theme,), combined=(LabelledText("both", "en", ("price", "other")),))
