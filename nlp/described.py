"""Themes known by their description alone: how near a text is to the words of a theme."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nlp.language import detect
from nlp.lending import Lent, Loan
from nlp.taxonomy import Theme

Matrix = npt.NDArray[np.float32]
FloatArray = npt.NDArray[np.float64]

# Read off the starter packs, description against examples; nearly the same for both encoders and
# both languages.
_SLOPE = 1.8  # log-odds a standard deviation that a theme is nearer than themes in general
_KEYWORD = 2.0  # log-odds when the text uses a keyword of the theme
_FLOOR = -1.4  # log-odds at the general level, before it is shared among the themes
_SHARED_BY = 12  # themes at least: with two, "in general" is hardly known and chance hits are many
_TELLING = 3.0  # log-odds by which a theme's own texts lie above others where its words tell
_TRUST_WORDS = 4.0  # labelled texts of a theme: they say as much of its words as is assumed
_FEW_THEMES = 2.0  # so many absent themes at level 0: two themes alone do not define "in general"


@dataclass(frozen=True, slots=True)
class Wording:
    """One piece of a theme's own words, in one language."""

    theme: int
    language: str
    text: str


def wordings_of(themes: Sequence[Theme]) -> list[Wording]:
    """For each theme and language: label with description, all keywords, each keyword.

    Words that stand for several languages come once, in the language they are written in.
    """
    found = []
    for number, theme in enumerate(themes):
        own: dict[str, str] = {}
        for language in sorted({*theme.label, *theme.description, *theme.keywords}):
            label = theme.label.get(language, "")
            described = f"{label}. {theme.description.get(language, '')}".strip(". ")
            keywords = [word for word in theme.keywords.get(language, ()) if word.strip()]
            for text in (described, ", ".join(keywords), *keywords):
                if text:
                    known = own.get(text)
                    own[text] = language if known is None else detect(text, hint=known) or known
        found += [Wording(number, language, text) for text, language in own.items()]
    return found


def keywords_of(themes: Sequence[Theme]) -> tuple[tuple[str, ...], ...]:
    """The normalised keywords of each theme, all languages together."""
    return tuple(
        tuple(sorted({_normal(word) for words in theme.keywords.values() for word in words} - {""}))
        for theme in themes
    )


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _needle(keyword: str) -> str:
    """What to look for in a text between spaces: whole short words, beginnings of longer ones
    ("price" is in "prices"), and anything where words are not spaced.

    >>> _needle("api"), _needle("price"), _needle("料金")
    (' api ', ' price', '料金')
    """
    if not keyword.isascii():
        return keyword
    return f" {keyword} " if len(keyword) < 4 else f" {keyword}"


def _spaced(text: str) -> str:
    """Normalised, with every character that is no letter or digit as a space."""
    return " ".join("".join(c if c.isalnum() else " " for c in _normal(text)).split())


@dataclass(frozen=True, slots=True)
class Described:
    """Prototype vectors of t themes. prototypes: (p, d) unit rows; owner: (p,) theme numbers.

    level: language → (2, t), mean and standard deviation of the nearness of unrelated sentences
    in that language ("" for others), so that a score says how far a text stands out, whatever
    the encoder and whichever language the theme was described in. trust: (t,), 0…1, how much a
    theme's words tell of it: "Team A" says nothing of what its comments are about.
    """

    prototypes: Matrix
    owner: npt.NDArray[np.intp]
    level: Mapping[str, FloatArray]
    keywords: tuple[tuple[str, ...], ...]
    trust: FloatArray
    lent: Lent | None = None

    @classmethod
    def fit(
        cls,
        prototypes: Matrix,
        owner: npt.NDArray[np.intp],
        background: Mapping[str, Matrix],
        keywords: tuple[tuple[str, ...], ...],
    ) -> Described:
        """background: language → (m, d) vectors of sentences about anything."""
        level = {}
        for name, vectors in _with_all(background).items():
            near = _nearness(vectors, prototypes, owner, len(keywords))
            level[name] = np.stack([near.mean(axis=0), np.maximum(near.std(axis=0), 1e-3)])
        return cls(prototypes, owner, level, keywords, np.ones(len(keywords)))

    def with_loan(self, loan: Loan, background: Mapping[str, Matrix]) -> Described:
        """The same, and what comments lent to the themes have in common; background as in `fit`."""
        return replace(self, lent=Lent.fit(loan, _with_all(background)))

    def tried_on(self, log_odds: FloatArray, targets: FloatArray) -> Described:
        """The same with as much trust in each theme's words as its labelled texts give.

        log_odds: (n, t) of n texts, as given with full trust; targets: (n, t) of 0 or 1.
        """
        count = targets.sum(axis=0)
        others = np.maximum(len(targets) - count, 1)
        own = (log_odds * targets).sum(axis=0) / np.maximum(count, 1)
        lift = own - (log_odds * (1 - targets)).sum(axis=0) / others
        seen = np.clip(lift / _TELLING, 0, 1)
        return replace(self, trust=(_TRUST_WORDS + count * seen) / (_TRUST_WORDS + count))

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Which themes (t,) have words of their own."""
        return np.isin(np.arange(len(self.keywords)), self.owner)

    def log_odds(
        self, vectors: Matrix, texts: Sequence[str], languages: Sequence[str | None]
    ) -> FloatArray:
        """Shape (n, t): how much nearer a text is to a theme than to themes in general.

        Customers' words are near to every theme of a product; what sets one apart counts.
        Themes without words of their own are at the floor.
        """
        known = self.known
        floor = _FLOOR - np.log(max(int(known.sum()), _SHARED_BY))
        odds = np.full((len(vectors), len(self.keywords)), floor)
        if not known.any() or not len(vectors):
            return odds
        near = _nearness(vectors, self.prototypes, self.owner, len(self.keywords))
        level = np.stack([self.level.get(name or "", self.level[""]) for name in languages])
        z = (near - level[:, 0]) / level[:, 1]
        if self.lent is not None:
            z = self.lent.join(z, vectors, languages)
        z = z[:, known]
        general = z.sum(axis=1, keepdims=True) / (z.shape[1] + _FEW_THEMES)
        odds[:, known] += _SLOPE * self.trust[known] * np.clip(z - general, -4.0, 6.0)
        return odds + _KEYWORD * self.trust * self._keyword_hits(texts)

    def _keyword_hits(self, texts: Sequence[str]) -> FloatArray:
        hits = np.zeros((len(texts), len(self.keywords)))
        heads = _heads(self.keywords)
        for row, text in enumerate(texts):
            plain = f" {_spaced(text)} "
            for place, candidates in _candidates(plain, heads):
                for needle, themes in candidates:
                    if plain.startswith(needle, place):
                        hits[row, themes] = True
        return hits


Heads = Mapping[str, list[tuple[str, list[int]]]]  # beginning → needles and their themes


@lru_cache(maxsize=8)
def _heads(keywords: tuple[tuple[str, ...], ...]) -> Heads:
    """The needles of all themes by how they begin: a space and two letters, or two characters."""
    themes: dict[str, list[int]] = {}
    for theme, words in enumerate(keywords):
        for needle in sorted({_needle(plain) for plain in map(_spaced, words) if plain}):
            themes.setdefault(needle, []).append(theme)
    heads: dict[str, list[tuple[str, list[int]]]] = {}
    for needle, own in themes.items():
        heads.setdefault(needle[: 3 if needle.isascii() else 2], []).append((needle, own))
    return heads


def _candidates(plain: str, heads: Heads) -> Iterator[tuple[int, list[tuple[str, list[int]]]]]:
    """Where needles may stand in a text between spaces, and which."""
    place = 0
    while place >= 0:
        if found := heads.get(plain[place : place + 3]):
            yield place, found
        place = plain.find(" ", place + 1)
    if not plain.isascii():
        for place in range(len(plain)):
            for length in (1, 2):
                if found := heads.get(plain[place : place + length]):
                    yield place, found


def _with_all(background: Mapping[str, Matrix]) -> dict[str, Matrix]:
    parts = {name: background[name] for name in sorted(background)}
    return {**parts, "": np.concatenate(list(parts.values()))}


def _nearness(
    vectors: Matrix, prototypes: Matrix, owner: npt.NDArray[np.intp], themes: int
) -> FloatArray:
    """Half the nearest wording, half the mean of all: (n, t)."""
    near = np.zeros((len(vectors), themes))
    if not len(prototypes) or not len(vectors):
        return near
    cosine = vectors @ prototypes.T
    for theme in np.unique(owner):
        own = cosine[:, owner == theme]
        near[:, theme] = 0.5 * own.max(axis=1) + 0.5 * own.mean(axis=1)
    return near
