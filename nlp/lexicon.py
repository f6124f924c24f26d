"""The words that carry praise and blame, with their weights, for English and Japanese.

Kept as data (``nlp/data/sentiment_LANGUAGE.json``) so that words can be added without touching
the rules that read them. Written for this project with business software in mind.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from nlp.text import Token


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms with their weights, and what longer ones begin with: where no term goes on, a
    search may stop."""

    weights: Mapping[str, float]
    beginnings: frozenset[str]

    @classmethod
    def of(cls, weights: Mapping[str, float]) -> Terms:
        """Every beginning of every term counts, down to a single character."""
        return cls(weights, frozenset(term[:end] for term in weights for end in range(len(term))))


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Terms and what they do. English terms are words with one space between, Japanese ones
    are written as they stand with the last word in its dictionary form.

    weights: term to opinion, -1..1. negated: what a term says only under negation ("work" is
    no praise, "doesn't work" is blame). boosters: factor for the opinion they stand before.
    negators turn an opinion, reducers ("fixed", 減る) turn blame into praise.
    """

    weights: Terms
    negated: Terms
    boosters: Mapping[str, float]
    negators: frozenset[str]
    reducers: frozenset[str]


class Word(NamedTuple):
    """A token as the rules see it: normalised, lower case."""

    surface: str
    lemma: str
    pos: str
    is_punct: bool
    shouted: bool  # written in capitals


_EXPANDED = {"n't": "not", "nt": "not", "ca": "can", "wo": "will", "'ve": "have", "'re": "are"}


def words_of(tokens: Sequence[Token], *, language: str) -> list[Word]:
    """Tokens as words; in English without hyphens and with "n't" written as "not"."""
    words: list[Word] = []
    for token in tokens:
        surface, shouted = _surface(token.text)
        lemma = token.lemma or surface
        if language == "en":
            if surface in ("-", "–", "—"):
                continue
            surface = _EXPANDED.get(surface, surface)
            lemma = _EXPANDED.get(lemma, lemma)
        words.append(Word(surface, lemma, token.pos, token.is_punct, shouted))
    return words


@lru_cache(maxsize=65_536)
def _surface(text: str) -> tuple[str, bool]:
    """A word in the form of the lexicon's terms, and whether it was shouted."""
    surface = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    return surface, len(text) > 2 and text.isupper() and text.isascii()


@cache
def lexicon(language: str) -> Lexicon:
    """The lexicon of ``en`` or ``ja``. Raises ValueError for another language."""
    if language not in ("en", "ja"):
        raise ValueError(f"lexicon: expected en or ja, got {language!r}")
    source = files("nlp").joinpath("data", f"sentiment_{language}.json")
    data = json.loads(source.read_text(encoding="utf-8"))
    return Lexicon(
        weights=Terms.of(_by_term(data["entries"])),
        negated=Terms.of(_by_term(data["negated"])),
        boosters=_by_term(data["boosters"]),
        negators=frozenset(data["negators"]),
        reducers=frozenset(data["reducers"]),
    )


def _by_term(groups: Sequence[Mapping[str, object]]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for group in groups:
        terms, weight = group["terms"], group["weight"]
        if not isinstance(terms, list) or not isinstance(weight, int | float):
            raise ValueError(f"lexicon: expected terms and a weight, got {group!r}")
        for term in terms:
            if term in weights:
                raise ValueError(f"lexicon: {term!r} has two weights")
            weights[term] = float(weight)
    return weights
