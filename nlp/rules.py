"""Phrases that decide about a theme by themselves, whatever the classifier says.

A *rule* gives a theme to every comment that uses its phrase; an *exclusion* takes it from every
clause that uses its phrase, from the classifier and from rules alike. Phrases only: there is no
pattern language, so no phrase can take more than time linear in the text (times the length of
the longest phrase). The script of a phrase says how it is looked for, not the language of the
comment, because both mix:

* in letters with spaces between words ("late fee"): whole words in this order, each in any
  simple inflection of English ("late fees", "refund" in "refunded"), whatever spaces, hyphens
  or quotes stand between, but not from one sentence into the next;
* otherwise (返品, API連携): anywhere in the text without its spaces, and, where it ends in a verb
  or adjective, in other forms of it, too (遅い in 遅かった).

Full and half width, capitals and zero-width characters make no difference anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from nlp.taxonomy import Taxonomy
from nlp.text import Document, Normalised, Span, Token, normalise, read

# Scripts written without spaces: kana, ideographs, Thai, Lao, Khmer, Burmese; ー and 々 with them.
_UNSPACED: Final = (
    "ぁ-ゖァ-ヺー一-鿿㐀-䶿々\U00020000-\U0003ffff\u0e00-\u0eff\u1780-\u17ff\u1000-\u109f"
)
_HAS_UNSPACED: Final = re.compile(f"[{_UNSPACED}]")
_WORD: Final = re.compile(rf"(?:(?![{_UNSPACED}_])\w)+")
_SENTENCE_ENDS: Final = re.compile(r"[\n!?;。]|\.(?=\s)")
_INFLECTED: Final = frozenset({"VERB", "ADJ", "AUX"})
_END: Final = ""  # no unit of a text is empty


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase that was found: text[start:end] of the original speaks for (or against) a theme."""

    theme: str
    phrase: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Fired:
    """What the phrases of a taxonomy say of one comment, in the order of the text."""

    rules: tuple[Hit, ...] = ()
    exclusions: tuple[Hit, ...] = ()


class Rules:
    """The rules and exclusions of a taxonomy, ready to be looked for.

    >>> from nlp.taxonomy import from_entries
    >>> taxonomy = from_entries([{"key": "fees", "label": "Fees", "description": "What it costs.",
    ...                           "keywords": [], "rules": ["late fee"]}])
    >>> Rules(taxonomy).find(read("They charged two LATE  FEES!", language="en")).rules
    (Hit(theme='fees', phrase='late fee', start=17, end=27),)
    """

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._rules = _Phrases((t.key, phrase) for t in taxonomy.themes for phrase in _all(t.rules))
        self._exclusions = _Phrases(
            (t.key, phrase) for t in taxonomy.themes for phrase in _all(t.exclusions)
        )

    def __bool__(self) -> bool:
        return bool(self._rules) or bool(self._exclusions)

    def find(self, document: Document) -> Fired:
        """All hits in a comment; of hits of one theme that overlap the first and longest."""
        if not self:
            return Fired()
        seen = _Seen(document)
        return Fired(tuple(self._rules.find(seen)), tuple(self._exclusions.find(seen)))


def _all(phrases: Mapping[str, Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(phrase for each in phrases.values() for phrase in each))


# --- a text as it is looked at ------------------------------------------------------------------


class _Seen:
    """One comment in the three ways in which phrases are looked for, each made when needed."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.normal: Normalised = normalise(document.text)
        self._words: list[tuple[int, int]] | None = None
        self._places: list[int] | None = None

    @property
    def words(self) -> list[tuple[int, int]]:
        """Where in the normalised text its spaced words stand."""
        if self._words is None:
            self._words = [match.span() for match in _WORD.finditer(self.normal.text)]
        return self._words

    @property
    def places(self) -> list[int]:
        """Where in the normalised text its characters stand that are no space."""
        if self._places is None:
            self._places = [i for i, c in enumerate(self.normal.text) if not c.isspace()]
        return self._places

    @property
    def tokens(self) -> list[Token]:
        return [token for token in self.document.tokens if not token.is_punct]


class _Phrases:
    """Phrases of one kind, in three tries: by words, by characters, by dictionary forms."""

    def __init__(self, phrases: Iterable[tuple[str, str]]) -> None:
        self.by_words: dict[str, Any] = {}
        self.by_characters: dict[str, Any] = {}
        self.by_lemmas: dict[str, Any] = {}
        for theme, phrase in phrases:
            normal = normalise(phrase).text
            if not _HAS_UNSPACED.search(normal):
                words = [_base(word) for word in _WORD.findall(normal)]
                _put(self.by_words, words, (theme, phrase))
                continue
            _put(self.by_characters, [c for c in normal if not c.isspace()], (theme, phrase))
            if lemmas := _inflecting(phrase):
                _put(self.by_lemmas, lemmas, (theme, phrase))

    def __bool__(self) -> bool:
        return bool(self.by_words or self.by_characters)

    def find(self, seen: _Seen) -> list[Hit]:
        found: list[Hit] = []
        if self.by_words:
            found += self._in_words(seen)
        if self.by_characters:
            found += self._in_characters(seen)
        if self.by_lemmas and seen.document.language == "ja":
            found += self._in_lemmas(seen)
        return _first_and_longest(found)

    def _in_words(self, seen: _Seen) -> Iterator[Hit]:
        text = seen.normal.text
        places: list[tuple[int, int]] = []
        forms: list[tuple[str, ...]] = []
        for start, end in seen.words:
            if places and _SENTENCE_ENDS.search(text, places[-1][1], start):
                places.append((start, start))
                forms.append(())  # no phrase goes on across it
            places.append((start, end))
            forms.append(_forms(text[start:end]))
        for first, last, payload in _matches(self.by_words, forms):
            span = seen.normal.original_span(places[first][0], places[last][1])
            yield Hit(*payload, span.start, span.end)

    def _in_characters(self, seen: _Seen) -> Iterator[Hit]:
        text, places = seen.normal.text, seen.places
        units = [(text[place],) for place in places]
        for first, last, payload in _matches(self.by_characters, units):
            start, end = places[first], places[last] + 1
            if _cuts_a_word(text, start) or _cuts_a_word(text, end):
                continue
            span = seen.normal.original_span(start, end)
            yield Hit(*payload, span.start, span.end)

    def _in_lemmas(self, seen: _Seen) -> Iterator[Hit]:
        tokens = seen.tokens
        for first, last, payload in _matches(self.by_lemmas, [(t.lemma,) for t in tokens]):
            yield Hit(*payload, tokens[first].start, tokens[last].end)


def _first_and_longest(hits: Iterable[Hit]) -> list[Hit]:
    kept: list[Hit] = []
    until: dict[str, int] = {}
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end, hit.theme, hit.phrase)):
        if hit.start >= until.get(hit.theme, 0):
            kept.append(hit)
            until[hit.theme] = max(hit.end, hit.start + 1)
    return kept


def _cuts_a_word(text: str, at: int) -> bool:
    """Whether a spaced word goes on across this place ("api" in "rapid")."""
    return 0 < at < len(text) and bool(_WORD.fullmatch(text[at - 1 : at + 1]))


# --- tries --------------------------------------------------------------------------------------


def _put(trie: dict[str, Any], units: Sequence[str], payload: tuple[str, str]) -> None:
    if not units:
        return
    node = trie
    for unit in units:
        node = node.setdefault(unit, {})
    node.setdefault(_END, []).append(payload)


def _matches(
    trie: Mapping[str, Any], units: Sequence[Sequence[str]]
) -> Iterator[tuple[int, int, tuple[str, str]]]:
    """(first, last, payload) of every phrase; a unit may be read in a few ways.

    From each place the tries are walked at most as deep as the longest phrase.
    """
    for first, forms in enumerate(units):
        nodes = [trie[form] for form in forms if form in trie]
        at = first
        while nodes:
            for node in nodes:
                for payload in node.get(_END, ()):
                    yield first, at, payload
            at += 1
            if at == len(units):
                break
            nodes = [node[form] for node in nodes for form in units[at] if form in node]


# --- words and their forms ----------------------------------------------------------------------


@lru_cache(maxsize=65_536)
def _lemma(word: str) -> str:
    import simplemma  # its dictionary is only loaded by who looks for words

    return str(simplemma.lemmatize(word, lang="en")).lower()


@lru_cache(maxsize=65_536)
def _forms(word: str) -> tuple[str, ...]:
    """A word of a text as written, in the singular, and in its dictionary form."""
    return tuple(dict.fromkeys((word, _base(word), _lemma(word) if word.isascii() else word)))


@lru_cache(maxsize=65_536)
def _base(word: str) -> str:
    """A word of a phrase without its plural: other inflections stand for themselves, so that
    "pricing" does not mean "price".

    >>> [_base(word) for word in ("invoices", "fees", "pricing", "sso", "status", "address")]
    ['invoice', 'fee', 'pricing', 'sso', 'status', 'address']
    """
    if not (word.isascii() and len(word) > 3 and word.endswith("s")):
        return word
    lemma = _lemma(word)
    endings = {"s": "", "es": "", "ies": "y", "ves": "f"}
    plural = any(
        word.endswith(ending) and lemma == word[: -len(ending)] + instead
        for ending, instead in endings.items()
    )
    return lemma if plural else word


def _inflecting(phrase: str) -> list[str]:
    """Dictionary forms of a phrase that ends in a verb or adjective; [] of any other.

    A single character is left out: its dictionary form would stand for too much.
    """
    tokens = [token for token in read(phrase, language="ja").tokens if not token.is_punct]
    if not tokens or tokens[-1].pos not in _INFLECTED or len("".join(t.text for t in tokens)) < 2:
        return []
    return [token.lemma for token in tokens]


def clause_of(clauses: Sequence[Span], hit: Hit) -> int:
    """Number of the clause in which a hit begins; the nearest before it where none does."""
    inside = [number for number, span in enumerate(clauses) if span.start <= hit.start]
    return inside[-1] if inside else 0


def given_by_rules(fired: Fired, clauses: Sequence[Span]) -> list[str]:
    """Themes that rules give, without those that an exclusion closes in every clause of theirs."""
    closed = {(hit.theme, clause_of(clauses, hit)) for hit in fired.exclusions}
    return list(
        dict.fromkeys(
            hit.theme for hit in fired.rules if (hit.theme, clause_of(clauses, hit)) not in closed
        )
    )
