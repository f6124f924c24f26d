"""Praise, blame or neither of a piece of text, learnt from labelled comments.

The words of a dictionary miss what is only told ("it took three weeks", 何度も問い合わせた). A
linear model over n-grams, a sentence vector and what the rules found hears that too; where the
rules are sure, it has learnt to believe them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp.features import Ngrams, Unit, encode_unique
from nlp.linear import FloatArray, Linear, Rows, fit_linear
from nlp.opinion import Opinion, opinion, tokens_in
from nlp.text import Document, Span
from nlp.vectors import Encoder

SIDES = ("negative", "neutral", "positive")
Chances = tuple[float, float, float]  # of each side, in their order

_L2 = 0.4
_MAX_NGRAMS = 40_000
_EVENING = 0.5  # 0: each comment weighs the same; 1: each side does
_FULL = 2.0  # praise or blame that cannot be louder
_SOME = 0.3
_LONG = 30  # words
_SIGNS = 12  # numbers that _signs gives


@dataclass(frozen=True, slots=True)
class Piece:
    """A clause or a whole comment, and what the rules found in its clauses, in order."""

    unit: Unit
    opinions: tuple[Opinion, ...]


def clauses_in(document: Document) -> Sequence[Span]:
    """The clauses of a comment; all of its text where it has none."""
    return document.clauses or (Span(0, len(document.text)),)


def whole(document: Document) -> Span:
    """From its first clause to its last: spaces around a comment are not part of it."""
    clauses = clauses_in(document)
    return Span(clauses[0].start, clauses[-1].end)


def piece_of(document: Document, span: Span, opinions: Sequence[Opinion]) -> Piece:
    """A span of a comment as the model reads it; opinions: of the clauses in the span."""
    tokens = tokens_in(document, span)
    lemmas = tuple(t.lemma.lower() for t in tokens if not t.is_punct and t.lemma.strip())
    unit = Unit(document.text[span.start : span.end], lemmas, document.language)
    return Piece(unit, tuple(opinions))


def comment_of(document: Document) -> Piece:
    """A whole comment as the model reads it."""
    opinions = [opinion(document, clause) for clause in clauses_in(document)]
    return piece_of(document, whole(document), opinions)


def _signs(piece: Piece) -> list[float]:
    """What the rules found, as numbers from -1 to 1."""
    praise = sum(each.praise for each in piece.opinions)
    blame = sum(each.blame for each in piece.opinions)
    total = praise - blame
    last = piece.opinions[-1] if piece.opinions else Opinion(0.0, 0.0)
    wishes = any(each.wishes for each in piece.opinions)
    return [
        min(praise, _FULL) / _FULL,
        min(blame, _FULL) / _FULL,
        total / math.sqrt(total * total + 0.6),
        float(praise > _SOME),
        float(blame > _SOME),
        float(last.praise > last.blame),
        float(last.blame > last.praise),
        float(wishes),
        float(any(each.asks for each in piece.opinions)),
        float(wishes and blame > _SOME),
        min(len(piece.unit.lemmas), _LONG) / _LONG,
        float("!" in piece.unit.text or "！" in piece.unit.text),
    ]


class FeelingModel:
    """Chances of blame, neither and praise; learnt from the comments of one language.

    encoder: gives the sentence vectors. temperature: divides the log-odds; above 1 the chances
    are less sure of themselves.
    """

    def __init__(self, encoder: Encoder, *, l2: float = _L2) -> None:
        self.encoder = encoder
        self.l2 = l2
        self.temperature_ = 1.0

    def fit(self, pieces: Sequence[Piece], sides: Sequence[str]) -> FeelingModel:
        """Learn from n pieces, each with one of SIDES.

        Rare sides weigh more, by the root of how rare they are. The same pieces in the same
        order give the same model. Raises ValueError for another side or no pieces.
        """
        if not pieces or not set(sides) <= set(SIDES):
            raise ValueError(f"fit: expected pieces and sides of {SIDES}, got {set(sides)}")
        targets = np.array([[side == each for each in SIDES] for side in sides], dtype=np.float64)
        counts = targets.sum(axis=0)
        evened = (len(sides) / (len(SIDES) * np.maximum(counts, 1))) ** _EVENING
        self.ngrams_ = Ngrams().fit([p.unit for p in pieces], max_features=_MAX_NGRAMS)
        self.linear_ = fit_linear(
            self._rows(pieces), targets, weights=(targets @ evened)[:, None], softmax=True,
            l2=self.l2,
        )  # fmt: skip
        return self

    def chances(self, pieces: Sequence[Piece]) -> FloatArray:
        """Shape (n, 3), rows of sum 1. A piece has the same chances in any batch."""
        if not pieces:
            return np.zeros((0, len(SIDES)))
        scores = self._scores(self._rows(pieces)) / self.temperature_
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    def _rows(self, pieces: Sequence[Piece]) -> Rows:
        units = [piece.unit for piece in pieces]
        vectors = encode_unique(self.encoder, [unit.text for unit in units])
        signs = np.array([_signs(piece) for piece in pieces], dtype=np.float32)
        dense = np.hstack([vectors, signs.reshape(len(pieces), _SIGNS)])
        return Rows(np.asarray(dense, dtype=np.float32), self.ngrams_.transform(units))

    def _scores(self, rows: Rows) -> FloatArray:
        """Row by row: a product of matrices rounds one way in a batch, another way alone."""
        dense = [self.linear_.dense.T @ row for row in rows.dense]
        scores = np.array(dense, dtype=np.float64).reshape(len(rows), len(SIDES))
        scores += self.linear_.intercept
        if self.linear_.sparse.shape[0]:
            scores += rows.sparse @ self.linear_.sparse
        return np.asarray(np.round(scores, 6))

    def state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        """What is needed to build it again: JSON and arrays."""
        lists, idf = self.ngrams_.state()
        linear = self.linear_
        arrays = dict(idf)
        arrays["dense"] = linear.dense.astype(np.float16)
        arrays["sparse"] = linear.sparse.astype(np.float16)
        arrays["intercept"] = linear.intercept
        meta = {"ngrams": lists, "temperature": self.temperature_, "encoder": self.encoder.version}
        return meta, arrays

    @classmethod
    def from_state(
        cls, meta: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]], encoder: Encoder
    ) -> FeelingModel:
        """The reverse of `state`. Raises ValueError where it was learnt with another encoder."""
        if meta["encoder"] != encoder.version:
            raise ValueError(f"encoder: expected {meta['encoder']}, got {encoder.version}")
        self = cls(encoder)
        self.temperature_ = float(meta["temperature"])
        self.ngrams_ = Ngrams.from_state(meta["ngrams"], arrays)
        exact = {name: arrays[name].astype(np.float32) for name in ("dense", "sparse", "intercept")}
        self.linear_ = Linear(**exact)
        return self
