"""What the classifier sees of a text: n-grams of words and characters, and a sentence vector."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack

from nlp.anchors import ANCHORS
from nlp.packs import SAMPLE, comments
from nlp.taxonomy import STARTER_PACK
from nlp.text import Document
from nlp.vectors import Encoder

Matrix = npt.NDArray[np.float32]

# So many anchor sentences' worth of trust in "a language's centre lies where the anchors say".
_CENTRE_PRIOR = 50.0
_KINSHIP = 8.0  # by how much themes of the same business count more than others
_DIRECTIONS = 8  # along which translations differ most, taken out of every vector


_KNOWN_WORDS = 50_000  # whose character grams are remembered
_COMES_BACK = 16  # characters


class Unit(NamedTuple):
    """A piece of text that is judged by itself: a whole comment or one clause of it."""

    text: str
    lemmas: tuple[str, ...]
    language: str | None


def whole_of(document: Document) -> Unit:
    """The whole comment as one unit."""
    lemmas = tuple(t.lemma.lower() for t in document.tokens if not t.is_punct and t.lemma.strip())
    return Unit(document.text, lemmas, document.language)


def clauses_of(document: Document) -> list[Unit]:
    """The clauses of a comment; the whole comment where it has none."""
    if len(document.clauses) < 2:
        return [whole_of(document)]
    units = []
    tokens = [t for t in document.tokens if not t.is_punct and t.lemma.strip()]
    for span in document.clauses:
        lemmas = (t.lemma.lower() for t in tokens if span.start <= t.start < span.end)
        text = document.text[span.start : span.end]
        units.append(Unit(text, tuple(lemmas), document.language))
    return units


def _words(unit: Unit) -> list[str]:
    lemmas = unit.lemmas
    return [*lemmas, *(f"{a} {b}" for a, b in pairwise(lemmas))]


def _characters(unit: Unit) -> list[str]:
    """Two to four characters; word by word where words are spaced, so that no gram spans two."""
    return [gram for word in _spelt(unit.text) for gram in _grams(word)]


def _spelt(text: str) -> list[str]:
    return unicodedata.normalize("NFKC", text).lower().split()


def _grams(word: str) -> list[str]:
    padded = f" {word} "
    length = len(padded)
    return [padded[i : i + size] for size in (2, 3, 4) for i in range(length - size + 1)]


class Block:
    """TF-IDF of one kind of n-grams, rows of unit length.

    What scikit-learn's TfidfVectorizer gives with sublinear_tf, which learns it; asking is done
    here, because words come back and their character grams need not be looked up again.
    """

    def __init__(self, kind: str, vocabulary: dict[str, int], idf: npt.NDArray[np.float64]) -> None:
        self.kind = kind
        self.vocabulary = vocabulary
        self.idf = idf
        self._columns = {"words": self._of_words, "characters": self._of_characters}[kind]
        self._of_word = lru_cache(maxsize=_KNOWN_WORDS)(self._known)

    @classmethod
    def fit(cls, kind: str, units: Sequence[Unit], *, min_df: int, max_features: int) -> Block:
        """Raises ValueError where no unit has an n-gram of this kind."""
        from sklearn.feature_extraction.text import TfidfVectorizer  # only who teaches pays

        analyser = {"words": _words, "characters": _characters}[kind]
        learnt = TfidfVectorizer(
            analyzer=analyser, sublinear_tf=True, min_df=min_df, max_features=max_features
        )
        try:
            learnt.fit(units)
        except ValueError:  # nothing occurs twice: then every n-gram counts
            learnt.set_params(min_df=1).fit(units)
        return cls(kind, dict(learnt.vocabulary_), np.asarray(learnt.idf_, dtype=np.float64))

    def transform(self, units: Sequence[Unit]) -> csr_matrix:
        """Shape (n, number of n-grams)."""
        found: list[int] = []
        ends = [0]
        for unit in units:
            self._columns(unit, found)
            ends.append(len(found))
        columns = np.array(found, dtype=np.int32)
        ones = np.ones(len(found), dtype=np.float32)
        rows = csr_matrix((ones, columns, np.array(ends)), shape=(len(units), len(self.vocabulary)))
        rows.sum_duplicates()
        rows.data = (1 + np.log(rows.data)) * self.idf.astype(np.float32)[rows.indices]
        norms = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1))).ravel()
        rows.data /= np.repeat(np.maximum(norms, 1e-12), np.diff(rows.indptr))
        return rows

    def _of_words(self, unit: Unit, found: list[int]) -> None:
        get = self.vocabulary.get
        found.extend(column for gram in _words(unit) if (column := get(gram)) is not None)

    def _of_characters(self, unit: Unit, found: list[int]) -> None:
        for word in _spelt(unit.text):
            # A sentence without spaces is one word that never comes back.
            found.extend(self._of_word(word) if len(word) <= _COMES_BACK else self._known(word))

    def _known(self, word: str) -> tuple[int, ...]:
        get = self.vocabulary.get
        return tuple(column for gram in _grams(word) if (column := get(gram)) is not None)


class Ngrams:
    """TF-IDF of word and character n-grams, each block of unit length; fitted once."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []

    def fit(self, units: Sequence[Unit], *, max_features: int) -> Ngrams:
        """Learn which n-grams count. max_features: bound for both blocks together."""
        common = 2 if len(units) >= 200 else 1
        self._blocks = []
        for kind, analyser, share in (("words", _words, 0.4), ("characters", _characters, 0.6)):
            room = max(1, int(max_features * share))
            if any(analyser(unit) for unit in units):
                self._blocks.append(Block.fit(kind, units, min_df=common, max_features=room))
        return self

    def transform(self, units: Sequence[Unit]) -> csr_matrix:
        """Shape (n, number of n-grams)."""
        if not self._blocks or not units:
            return csr_matrix((len(units), self.size), dtype=np.float32)
        parts = [block.transform(units) for block in self._blocks]
        return hstack(parts, format="csr", dtype=np.float32)

    @property
    def size(self) -> int:
        """How many n-grams are known."""
        return sum(len(block.vocabulary) for block in self._blocks)

    @property
    def words(self) -> frozenset[str]:
        """The single words (lemmas) that are known."""
        words = (block.vocabulary for block in self._blocks if block.kind == "words")
        return frozenset(term for vocabulary in words for term in vocabulary if " " not in term)

    def state(self) -> tuple[list[dict[str, Any]], dict[str, npt.NDArray[Any]]]:
        """What is needed to build it again: JSON (terms in column order) and arrays."""
        lists, arrays = [], {}
        for number, block in enumerate(self._blocks):
            terms = sorted(block.vocabulary, key=block.vocabulary.__getitem__)
            lists.append({"kind": block.kind, "terms": terms})
            arrays[f"idf_{number}"] = block.idf
        return lists, arrays

    @classmethod
    def from_state(
        cls, lists: Sequence[Mapping[str, Any]], arrays: Mapping[str, npt.NDArray[Any]]
    ) -> Ngrams:
        """The reverse of `state`."""
        self = cls()
        for number, entry in enumerate(lists):
            vocabulary = {str(term): column for column, term in enumerate(entry["terms"])}
            self._blocks.append(Block(str(entry["kind"]), vocabulary, arrays[f"idf_{number}"]))
        return self


def encode_unique(encoder: Encoder, texts: Sequence[str]) -> Matrix:
    """Vectors (n, d) of texts; each distinct text is encoded once."""
    places: dict[str, int] = {}
    index = [places.setdefault(text, len(places)) for text in texts]
    if not index:
        return np.zeros((0, encoder.dimensions), dtype=np.float32)
    return np.asarray(encoder.encode(list(places)), dtype=np.float32)[index]


class Anchor(NamedTuple):
    """A sentence that tells how languages differ.

    parallel: whether it is one of the sentences that say the same in each language; group: the
    pack and theme it is about otherwise.
    """

    language: str
    text: str
    parallel: bool
    group: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Kin:
    """What customers say of k themes of all packs, in every language about the same.

    means: language → (k, d), mean vector of each theme's comments; groups: their packs and themes;
    comments: language → pack → (m, d).
    """

    means: Mapping[str, Matrix]
    groups: tuple[tuple[str, str], ...]
    comments: Mapping[str, Mapping[str, Matrix]]


@dataclass(frozen=True, slots=True)
class Anchors:
    """Vectors that tell how languages differ. parallel: language → (m, d), row i of each says
    the same; alike: language → (k, d), about the same things, together with kin.
    """

    parallel: Mapping[str, Matrix]
    alike: Mapping[str, Matrix]
    kin: Kin


def anchor_texts() -> list[Anchor]:
    """Every sentence used as an anchor.

    Comments of the packs join the parallel sentences: together they lie nearer to what
    customers write than either alone.
    """
    texts = [Anchor(language, text, True) for language, row in ANCHORS.items() for text in row]
    for comment in comments():
        if comment.place < SAMPLE and comment.language in ANCHORS:
            texts.append(Anchor(comment.language, comment.text, False, comment.group))
    return texts


def anchors_from(texts: Sequence[Anchor], vectors: Matrix) -> Anchors:
    """Sort the vectors (n, d) of `anchor_texts` by language."""
    names = sorted(ANCHORS)
    languages = np.array([entry.language for entry in texts])
    places = {entry.group: number for number, entry in enumerate(texts)}
    about = np.array([-1 if e.parallel else places[e.group] for e in texts])
    packs = np.array(["" if entry.group is None else entry.group[0] for entry in texts])
    groups = tuple(sorted(group for group in places if group is not None))

    def rows(name: str, wanted: npt.NDArray[np.bool_]) -> Matrix:
        return vectors[(languages == name) & wanted]

    means = {n: [rows(n, about == places[g]).mean(axis=0) for g in groups] for n in names}
    of_packs = {name: {pack: rows(name, packs == pack) for pack, _ in groups} for name in names}
    return Anchors(
        {name: rows(name, about < 0) for name in names},
        {name: rows(name, packs == STARTER_PACK) for name in names},
        Kin({name: np.stack(own) for name, own in means.items()}, groups, of_packs),
    )


def nearness_to_kin(
    vectors: Matrix, languages: Sequence[str | None], kin: Kin
) -> npt.NDArray[np.float64]:
    """How much each theme (k,) of the packs is of the business that texts (n, d) are about, sum 1.

    Texts are compared with themes in their own language. Without texts all themes count alike.
    """
    weights = np.zeros(len(kin.groups))
    for name, means in kin.means.items():
        own = vectors[[language == name for language in languages]]
        if len(own):
            middle = means.mean(axis=0)
            apart, away = own.mean(axis=0) - middle, means - middle
            length = np.linalg.norm(apart) * np.linalg.norm(away, axis=1)
            weights += len(own) * np.exp(_KINSHIP * (away @ apart) / np.maximum(length, 1e-9))
    return weights / weights.sum() if weights.any() else np.full(len(weights), 1 / len(weights))


def nearest_pack(weights: npt.NDArray[np.float64], kin: Kin) -> str:
    """The pack whose themes weigh most on average; weights as `nearness_to_kin` gives them."""
    packs = np.array([pack for pack, _ in kin.groups])
    return max(sorted(set(packs.tolist())), key=lambda pack: float(weights[packs == pack].mean()))


class LanguageCentre:
    """Moves the vectors of each language to a common centre.

    Sentence vectors carry what language they are in; a model taught in one language would take
    that for meaning. The centre of a language with labelled texts is their mean; of one without,
    the anchors tell where it lies relative to the others: those that are about the same business
    most, because languages differ otherwise in what is said of hotels than of software. The
    directions in which translations differ most are taken out.
    """

    def __init__(self, centres: Mapping[str, Matrix], directions: Matrix) -> None:
        self.centres = dict(centres)  # "" is for every language without an own centre
        self.directions = directions  # (r, d), orthonormal

    @classmethod
    def fit(
        cls, vectors: Matrix, languages: Sequence[str | None], anchors: Anchors
    ) -> LanguageCentre:
        """vectors: (n, d) of the texts with labels, in these languages."""
        names = sorted(anchors.parallel)
        base = {
            name: np.concatenate([anchors.parallel[name], anchors.alike[name]]).mean(axis=0)
            for name in names
        }
        base[""] = np.mean([base[name] for name in names], axis=0)
        known = [language if language in base else "" for language in languages]
        shift = np.zeros(vectors.shape[1], dtype=np.float32)
        if len(vectors):
            where = np.stack([base[language or ""] for language in known])
            shift = (vectors - where).sum(axis=0) / (len(vectors) + _CENTRE_PRIOR)
        centres = {}
        for language, anchor in base.items():
            own = vectors[[place for place, name in enumerate(known) if name == language]]
            prior = _CENTRE_PRIOR * (anchor + shift)
            centre = (own.sum(axis=0) + prior) / (len(own) + _CENTRE_PRIOR)
            centres[language] = np.asarray(centre, dtype=np.float32)
        centres |= _centres_by_kin(vectors, languages, anchors.kin)
        return cls(centres, _translation_directions([anchors.parallel[name] for name in names]))

    def apply(self, vectors: Matrix, languages: Iterable[str | None]) -> Matrix:
        """Centred rows of unit length; rows of zeros (texts without content) stay zero."""
        if not len(vectors):
            return vectors
        fallback = self.centres[""]
        centres = np.stack([self.centres.get(name or "", fallback) for name in languages])
        moved = np.where(vectors.any(axis=1, keepdims=True), vectors - centres, 0.0)
        moved = moved - (moved @ self.directions.T) @ self.directions
        length = np.linalg.norm(moved, axis=1, keepdims=True)
        return np.asarray(moved / np.maximum(length, 1e-6), dtype=np.float32)


def _centres_by_kin(
    vectors: Matrix, languages: Sequence[str | None], kin: Kin
) -> dict[str, Matrix]:
    """Centres (d,) of the languages of which others have texts (n, d) with labels."""
    weights = nearness_to_kin(vectors, languages, kin)
    base = {name: weights @ means for name, means in kin.means.items()}
    own = {name: vectors[[language == name for language in languages]] for name in base}
    centres = {}
    for name in base:
        others = [rows - base[other] for other, rows in own.items() if other != name and len(rows)]
        if others:
            moved = np.concatenate(others)
            prior = base[name] + moved.sum(axis=0) / (len(moved) + _CENTRE_PRIOR)
            centre = (own[name].sum(axis=0) + _CENTRE_PRIOR * prior) / (
                len(own[name]) + _CENTRE_PRIOR
            )
            centres[name] = np.asarray(centre, dtype=np.float32)
    return centres


def _translation_directions(parallel: Sequence[Matrix]) -> Matrix:
    """Orthonormal rows (r, d): the strongest directions of the differences of translations."""
    middle = np.mean(parallel, axis=0)
    apart = np.concatenate([rows - middle for rows in parallel])
    strength, directions = np.linalg.svd(apart, full_matrices=False)[1:]
    room = min(_DIRECTIONS, apart.shape[1] // 16)
    return np.asarray(directions[:room][strength[:room] > 1e-6], dtype=np.float32)
