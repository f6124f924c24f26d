"""Reading a comment: normalised text, tokens, sentences and clauses.

Everything is found in normalised text and given back as offsets into the ORIGINAL text, so that
a page can mark the words that decided something, and a cut removes exactly what was meant.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from nlp.clauses import Word, clause_bounds, sentence_bounds
from nlp.language import detect

if TYPE_CHECKING:
    from spacy.language import Language


class Span(NamedTuple):
    """A piece of the original text; end is exclusive."""

    start: int
    end: int


class Token(NamedTuple):
    """A word. text is the original's own letters, lemma the lower-case dictionary form.

    pos: universal part of speech ("NOUN", "VERB", …), "" where no tagger knows the language.
    """

    text: str
    lemma: str
    start: int
    end: int
    is_stop: bool
    is_punct: bool
    pos: str


@dataclass(frozen=True, slots=True)
class Document:
    """A comment as read. Sentences hold clauses; neither begins or ends with a space."""

    text: str
    language: str | None
    tokens: tuple[Token, ...]
    sentences: tuple[Span, ...]
    clauses: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Normalised:
    """Normalised text and where each of its characters came from."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def original_span(self, start: int, end: int) -> Span:
        """Where text[start:end] stands in the original; an empty piece gives an empty span."""
        if not 0 <= start <= end <= len(self.text):
            raise ValueError(f"span: expected 0 <= start <= end <= {len(self.text)}")
        if start == end:
            at = self.starts[start] if start < len(self.text) else (self.ends or [0])[-1]
            return Span(at, at)
        return Span(self.starts[start], self.ends[end - 1])


# --- normalised text and the way back -------------------------------------------------------

_INVISIBLE = "\u00ad\u200b\u2060\ufeff"  # soft hyphen, zero-width space, word joiner, byte order
_SPACES = re.compile(r"[ \t]{2,}")
_LONGEST_CLUSTER = 32  # characters; keeps a heap of accents on one letter linear
# Each of these is NFKC as it is and takes nothing in from the character before it.
_INERT = re.compile(r"[\n\t -~À-ÿ‘’“”–—、。「」ぁ-ゖァ-ヺー一-鿿]+")


def normalise(text: str) -> Normalised:
    """NFKC (half and full width become one), lower case, single spaces, nothing invisible; with
    offsets.

    >>> n = normalise("ｶﾞｰﾄﾞのＡＰＩ")
    >>> n.text, n.original_span(0, 3)
    ('ガードのapi', Span(start=0, end=5))
    """
    return fold(text, lower=True)


def fold(text: str, *, lower: bool) -> Normalised:
    """NFKC with an offset map, character cluster by character cluster.

    Zero-width characters vanish (they split words to hide them); NUL, other control characters
    and lone surrogates become spaces, because C libraries end or fail there. Several spaces
    become one: the Japanese dictionary has words with a space in them ("new look").
    """
    if _INERT.fullmatch(text):
        normal = text.lower() if lower else text
        return _single_spaced(Normalised(normal, range(len(text)), range(1, len(text) + 1)))
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end, inert in _clusters(text):
        cluster = text[start:end]
        if inert:
            pieces.append(cluster.lower() if lower else cluster)
            starts.extend(range(start, end))
            ends.extend(range(start + 1, end + 1))
            continue
        piece = _fold_one(cluster, lower) if end == start + 1 else _fold_cluster(cluster, lower)
        pieces.append(piece)
        starts.extend([start] * len(piece))
        ends.extend([end] * len(piece))
    return _single_spaced(Normalised("".join(pieces), starts, ends))


def _single_spaced(normal: Normalised) -> Normalised:
    """With one space, which stands for all of them, in the place of several."""
    runs = list(_SPACES.finditer(normal.text))
    if not runs:
        return normal
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    kept = 0
    for run in runs:
        pieces += [normal.text[kept : run.start()], " "]
        starts += [*normal.starts[kept : run.start()], normal.starts[run.start()]]
        ends += [*normal.ends[kept : run.start()], normal.ends[run.end() - 1]]
        kept = run.end()
    pieces.append(normal.text[kept:])
    return Normalised(
        "".join(pieces), [*starts, *normal.starts[kept:]], [*ends, *normal.ends[kept:]]
    )


def _clusters(text: str) -> Iterator[tuple[int, int, bool]]:
    """(start, end, inert) of pieces that normalise on their own.

    A run of inert characters is one piece, any other character with its marks another.
    """
    at, length = 0, len(text)
    while at < length:
        run = _INERT.match(text, at)
        end = run.end() if run else at + 1
        if end < length and _joins(text[end]):
            if end - 1 > at:
                yield at, end - 1, True
                at = end - 1
            run = None
            limit = min(length, at + _LONGEST_CLUSTER)
            while end < limit and _joins(text[end]):
                end += 1
        yield at, end, run is not None
        at = end


@functools.lru_cache(maxsize=65_536)
def _joins(character: str) -> bool:
    """Whether a character may merge with the one before it: accents, ﾞ, Hangul vowels."""
    if character.isascii():
        return False
    first = unicodedata.normalize("NFKC", character)[:1]
    return any(
        unicodedata.combining(c) != 0
        or unicodedata.category(c) in ("Mn", "Mc", "Me")
        or "\u1160" <= c <= "\u11ff"
        for c in (character, first)
        if c
    )


def _fold_cluster(cluster: str, lower: bool) -> str:
    usable = "".join(_visible(c) for c in cluster)
    normal = unicodedata.normalize("NFKC", usable)
    # Again after lower case: it takes İ apart into what NFKC would have composed.
    return unicodedata.normalize("NFKC", normal.lower()) if lower else normal


# Of single characters only, so that the cache has an end.
_fold_one = functools.lru_cache(maxsize=65_536)(_fold_cluster)


def _visible(character: str) -> str:
    if character in _INVISIBLE:
        return ""
    if character in "\n\t\r":
        return character
    return " " if unicodedata.category(character) in ("Cc", "Cs") else character


# --- tokens -----------------------------------------------------------------------------------

# Characters. Sudachi takes 49,149 bytes; spaCy's rules are quadratic in a heap of quotes.
_CHUNK_SUDACHI = 8_000
_CHUNK_RULES = 500
_BREAK = re.compile(r"[\n。!?]|[、,. ]")
_MOST_WORDS = 100_000  # spaCy keeps every word it ever saw; then it begins anew


def read(text: str, *, language: str | None = None) -> Document:
    """Read one comment; language None means: find out."""
    language = language or detect(text)
    folded = fold(text, lower=False)
    words = list(_words(folded.text, language))
    sentences = sentence_bounds(folded.text)
    clauses = clause_bounds(folded.text, sentences, words)
    if isinstance(folded.starts, range):  # every character is its own: nothing to lead back
        tokens = [Token(w.text, w.lemma, w.start, w.end, w.is_stop, w.is_punct, w.pos)
                  for w in words]  # fmt: skip
        return Document(
            text, language, tuple(tokens),
            tuple(Span(*span) for span in sentences), tuple(Span(*span) for span in clauses),
        )  # fmt: skip
    return Document(
        text=text,
        language=language,
        tokens=tuple(_token(text, folded, word) for word in words),
        sentences=tuple(_disjoint(folded.original_span(*span) for span in sentences)),
        clauses=tuple(_disjoint(folded.original_span(*span) for span in clauses)),
    )


def _disjoint(spans: Iterable[Span]) -> Iterator[Span]:
    """Spans without overlap: one character may become two (… is ...) with a cut between."""
    last = 0
    for span in spans:
        if span.end > last:
            yield Span(max(span.start, last), span.end)
            last = span.end


def read_many(
    texts: Sequence[str], *, languages: Sequence[str | None] | None = None
) -> list[Document]:
    """Read comments; languages: one for each text, None where it is to be found out."""
    known = [None] * len(texts) if languages is None else languages
    return [read(text, language=language) for text, language in zip(texts, known, strict=True)]


def _token(text: str, folded: Normalised, word: Word) -> Token:
    span = folded.original_span(word.start, word.end)
    return Token(
        text=text[span.start : span.end],
        lemma=word.lemma,
        start=span.start,
        end=span.end,
        is_stop=word.is_stop,
        is_punct=word.is_punct,
        pos=word.pos,
    )


@functools.cache
def _pipeline(language: str | None) -> Language:
    """A blank spaCy pipeline: a tokeniser with its stop words and nothing learned."""
    import spacy  # costs seconds, so only who reads text pays

    if language == "ja":
        # Short units: with thirty comments to learn from, 管理 and 画面 are seen more often
        # than 管理画面; what belongs together comes back as n-grams.
        return spacy.blank("ja", config={"nlp": {"tokenizer": {"split_mode": "A"}}})
    found = spacy.blank(language if language in ("zh", "en") or language in _SPACED else "xx")
    # Shapes, prefixes and the like of every word: nobody asks, and they are half of its cost.
    vocab: Any = found.vocab
    vocab.lex_attr_getters = {}
    return found


# Languages whose spaCy tokeniser needs nothing else installed.
_SPACED = frozenset((
    "ar", "bg", "cs", "da", "de", "el", "es", "fa", "fi", "fr", "he", "hi", "hu", "id", "it",
    "mr", "ms", "ne", "nl", "pl", "pt", "ro", "ru", "sr", "sv", "tr", "uk", "ur",
))  # fmt: skip


def _words(text: str, language: str | None) -> Iterator[Word]:
    """The tokens of normalised text in order, none of them blank."""
    find = _japanese_words if language == "ja" else _spaced_words
    size = _CHUNK_SUDACHI if language == "ja" else _CHUNK_RULES
    for offset, chunk in _chunks(text, size):
        yield from find(chunk, offset, language)


def _spaced_words(text: str, offset: int, language: str | None) -> Iterator[Word]:
    if len(_pipeline(language).vocab) > _MOST_WORDS:
        _pipeline.cache_clear()
    for token in _pipeline(language).make_doc(text):
        word = token.text
        if word and not word.isspace():
            start = offset + token.idx
            lemma, is_stop, is_punct = _facts(word, word.lower(), language)
            yield Word(word, start, start + len(word), lemma, "", "", is_stop, is_punct)


def _japanese_words(text: str, offset: int, language: str | None) -> Iterator[Word]:
    """What spaCy's Japanese tokeniser finds, without its document: that takes three times as
    long as finding the words.
    """
    found = [m for m in _sudachi().tokenize(text) if (w := m.surface()) and not w.isspace()]
    tags = [_tag(m.part_of_speech_id(), m) for m in found]
    foreseen = None  # part of speech that a pair of tags gave the second word
    for at, morpheme in enumerate(found):
        word, tag = morpheme.surface(), tags[at]
        start, end = morpheme.begin(), morpheme.end()
        beside = at + 1 < len(found) and text[end : found[at + 1].begin()] in ("", " ")
        if foreseen is not None:
            pos, foreseen = foreseen, None
        else:
            pos, foreseen = _part_of_speech(word, tag, tags[at + 1] if beside else None)
        lemma, is_stop, is_punct = _facts(word, morpheme.dictionary_form() or word, language)
        yield Word(word, offset + start, offset + end, lemma, tag, pos, is_stop, is_punct)


def _sudachi() -> Any:
    tokenizer: Any = _pipeline("ja").tokenizer
    return tokenizer.tokenizer


_TAGS: dict[int, str] = {}


def _tag(number: int, morpheme: Any) -> str:
    """Sudachi's part of speech without the empty fields and without inflection."""
    tag = _TAGS.get(number)
    if tag is None:
        tag = "-".join(part for part in morpheme.part_of_speech()[:4] if part != "*")
        _TAGS[number] = tag
    return tag


@functools.lru_cache(maxsize=65_536)
def _part_of_speech(word: str, tag: str, after: str | None) -> tuple[str, str | None]:
    """Universal part of speech of a word, and of the one after it where the pair decides."""
    from spacy.lang.ja import resolve_pos
    from spacy.parts_of_speech import NAMES

    own, following = resolve_pos(word, tag, after)
    return NAMES[own], None if following is None else NAMES[following]


@functools.lru_cache(maxsize=65_536)
def _facts(word: str, form: str, language: str | None) -> tuple[str, bool, bool]:
    """(lemma, is_stop, is_punct) of a word; form: its dictionary form or lower case."""
    is_punct = all(unicodedata.category(c)[0] in "PZ" for c in word)
    is_stop = word.lower() in _pipeline(language).Defaults.stop_words
    return _lemma(form, language), is_stop, is_punct


def _chunks(text: str, size: int) -> Iterator[tuple[int, str]]:
    """Cut long text at the last full stop, comma or space within reach."""
    start = 0
    while len(text) - start > size:
        breaks = list(_BREAK.finditer(text, start + size // 2, start + size))
        strong = [match for match in breaks if match.group() in "\n。!?"]
        reach = strong or breaks
        end = reach[-1].end() if reach else start + size
        yield start, text[start:end]
        start = end
    if start < len(text):
        yield start, text[start:]


def _lemma(form: str, language: str | None) -> str:
    """Dictionary form in the languages that comments are taught in.

    The packs and the sentiment model are taught by English and Japanese comments alone, so another
    language's lemma would meet nothing; its dictionary takes seconds to load, up to 350 MB.
    """
    if language == "ja":
        return unicodedata.normalize("NFKC", form).lower()
    if language != "en":
        return form
    import simplemma

    return str(simplemma.lemmatize(form, lang="en")).lower()
