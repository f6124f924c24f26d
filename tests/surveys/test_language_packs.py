"""Interface packs: any file is read, good words are used, everything else is named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.language_packs import read_pack

ENGLISH = {"respondents": {"send": "Send", "chose": "You chose {score}."}, "mail": {"hi": "Hello"}}
FULL = {
    "language": "fr",
    "respondents": {"send": "Envoyer", "chose": "Vous avez choisi {score}."},
    "mail": {"hi": "Bonjour"},
}
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["language", "respondents", "mail", "send", "chose", "x"]), inner
    ),
    max_leaves=20,
)  # fmt: skip


def test_a_whole_pack_lacks_nothing():
    pack = read_pack("fr", FULL, ENGLISH)
    assert (pack.missing, pack.problems) == ((), ())
    assert pack.words["mail"] == {"hi": "Bonjour"}


@pytest.mark.parametrize(
    ("name", "part", "changed", "problem"),
    [
        ("fr", "respondents", {"chose": "Choisi {points}"}, "respondents.chose: expected the gaps"),
        ("fr", "respondents", {"chose": "Choisi {score} {"}, "respondents.chose: expected the gap"),
        ("fr", "respondents", {"send": ""}, "respondents.send: expected a text"),
        ("fr", "respondents", {"send": 3}, "respondents.send: expected a text"),
        ("fr", "respondents", {"send": "x" * 1001}, "respondents.send: at most 1000"),
        ("fr", "respondents", {"sned": "Envoyer"}, "respondents.sned: no such word"),
        ("fr", "posters", {}, "posters: no such part"),
        ("de", "mail", {}, "language: expected 'de'"),
        ("../fr", "mail", {}, "the file is to be called by a language's code"),
    ],
)
def test_what_is_wrong_is_named_and_the_rest_serves(name, part, changed, problem):
    document: dict[str, Any] = {**FULL, part: {**FULL.get(part, {}), **changed}}
    pack = read_pack(name, document, ENGLISH)
    assert any(each.startswith(problem) for each in pack.problems), pack.problems
    if name == "fr":
        assert pack.words["mail"] == {"hi": "Bonjour"}


@given(ANY_JSON)
def test_whatever_stands_in_the_file_every_word_is_usable_or_missing(document):
    pack = read_pack("fr", document, ENGLISH)
    found = {f"{part}.{key}" for part, words in pack.words.items() for key in words}
    if isinstance(document, dict):
        assert found | set(pack.missing) == {"respondents.send", "respondents.chose", "mail.hi"}
        assert not found & set(pack.missing)
    for word in pack.words.get("respondents", {}).values():
        word.format(score=9)
