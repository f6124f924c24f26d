"""The standard questions in the product's languages and in those of interface packs."""

from __future__ import annotations

from collections.abc import Mapping

from surveys import standard_wording
from vocapp.language_packs import register_words, words_in

_ENGLISH = standard_wording.WORDS["en"]
register_words("questions", _ENGLISH)


def standard_words(tag: str) -> Mapping[str, str]:
    """By name; what a language lacks is said in English."""
    return words_in("questions", tag, standard_wording.WORDS)


def has_standard_words(tag: str) -> bool:
    """Whether none of them is said in English for want of another."""
    if tag.partition("-")[0].lower() in standard_wording.LANGUAGES:
        return True
    words = standard_words(tag)
    return all(words[name] != english for name, english in _ENGLISH.items())
