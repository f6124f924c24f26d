"""Parts of the theme classifier: the pieces of a comment that are judged, and who judges them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from nlp.calibration import Calibration
from nlp.features import Matrix, Unit, clauses_of, encode_unique, whole_of
from nlp.linear import Linear, Rows
from nlp.text import Document
from nlp.vectors import Encoder

FloatArray = npt.NDArray[np.float64]

_CLAUSE_SHARE = 0.6  # of the best clause, beside the whole comment


@dataclass(frozen=True, slots=True)
class Views:
    """Units of n documents: document i is row whole[i], its clauses are rows clauses[i]."""

    units: tuple[Unit, ...]
    whole: npt.NDArray[np.intp]
    clauses: tuple[npt.NDArray[np.intp], ...]


def views_of(documents: Sequence[Document], *, with_clauses: bool) -> Views:
    """Whole comments and clauses as units; a comment of one clause is one unit."""
    units: list[Unit] = []
    whole, clauses = [], []
    for document in documents:
        whole.append(len(units))
        units.append(whole_of(document))
        parts = clauses_of(document) if with_clauses and len(document.clauses) > 1 else []
        clauses.append(np.arange(len(units), len(units) + len(parts)) if parts else whole[-1:])
        units.extend(parts)
    return Views(
        tuple(units),
        np.array(whole, dtype=np.intp),
        tuple(np.asarray(index, dtype=np.intp) for index in clauses),
    )


def encode_views(
    encoder: Encoder, views: Views, others: Sequence[str] = (), *, composed: bool
) -> Matrix:
    """Vectors (u + o, d) of the units and of other texts, each distinct text encoded once.

    composed: a comment of several clauses is not encoded itself: its vector is the mean of its
    clauses', weighted by length. A mean over words is what the encoder gives anyway; only what
    a clause says about its neighbours is lost, and a third of the time is saved.
    """
    texts = [unit.text for unit in views.units]
    parts = {row: index for row, index in zip(views.whole, views.clauses, strict=True)}
    joined = {row: index for row, index in parts.items() if composed and len(index) > 1}
    own = [row for row in range(len(texts)) if row not in joined]
    found = encode_unique(encoder, [*(texts[row] for row in own), *others])
    vectors = np.zeros((len(texts) + len(others), encoder.dimensions), dtype=np.float32)
    vectors[own] = found[: len(own)]
    vectors[len(texts) :] = found[len(own) :]
    for row, index in joined.items():
        lengths = np.array([len(texts[clause]) for clause in index], dtype=np.float32)
        mean = lengths @ vectors[index]
        vectors[row] = mean / max(float(np.linalg.norm(mean)), 1e-6)
    return vectors


def pool(views: Views, mixed: FloatArray, described: FloatArray) -> FloatArray:
    """Scores (2, n, t): of the comment and its best clause together, of the best description.

    In a long comment one clause out of ten may be about a theme: its vector drowns in the whole,
    so the clause speaks too; the whole guards against what a clause says only out of context.
    The share is set, not learnt: packs teach with short comments, where both are the same.
    """
    best = _best_clause(views, mixed)
    joined = (1 - _CLAUSE_SHARE) * mixed[views.whole] + _CLAUSE_SHARE * best
    return np.stack([joined, best_of(views, described)])


def best_of(views: Views, scores: FloatArray) -> FloatArray:
    """The best score (n, t) that a comment or one of its clauses has; scores: (u, t)."""
    return np.maximum(scores[views.whole], _best_clause(views, scores))


def _best_clause(views: Views, scores: FloatArray) -> FloatArray:
    best = np.array([scores[index].max(axis=0) for index in views.clauses])
    return best.reshape(len(views.whole), scores.shape[1])


@dataclass(frozen=True, slots=True)
class Expert:
    """One of the two models: its weights, what its scores mean, and a threshold (t,) a theme.

    linear is None where nothing but descriptions is known.
    """

    linear: Linear | None
    calibration: Calibration
    thresholds: FloatArray


_KNOWN_BY = 50.0  # labels of a language: its own level counts half
_STEEPEST = 2.0


@dataclass(frozen=True, slots=True)
class Levels:
    """How scores of a language without labels compare to those of the labelled ones.

    A model taught in one language is less sure of itself in another: what speaks for a theme
    comes through weakened, and nothing would reach its threshold. Sentences that say the same in
    both tell by how much: there the scores should have the same mean and the same spread.
    maps: language → (2, t), factor and offset.
    """

    maps: Mapping[str, FloatArray]

    @classmethod
    def fit(
        cls, linear: Linear, anchored: Mapping[str, Matrix], labelled: Mapping[str, FloatArray]
    ) -> Levels:
        """anchored: language → vectors (m, d) of such sentences; labelled: language → (t,), how
        many texts of each theme have its label.
        """
        scores = {
            name: linear.decide(Rows(rows, csr_matrix((len(rows), 0), dtype=np.float32)))
            for name, rows in sorted(anchored.items())
        }
        none = np.zeros(linear.intercept.shape)
        mass = {name: labelled.get(name, none) for name in scores}
        total = sum(mass.values(), none)
        if not total.any():
            return cls({})
        told = np.maximum(total, 1e-9)  # a theme without labels stays as it is, see below
        mean = sum((mass[n] * s.mean(axis=0) for n, s in scores.items()), none) / told
        spread = sum((mass[n] * s.std(axis=0) for n, s in scores.items()), none) / told
        maps = {}
        for name, own in scores.items():
            factor = np.clip(spread / np.maximum(own.std(axis=0), 1e-6), 1.0, _STEEPEST)
            share = np.where(total > 0, _KNOWN_BY / (mass[name] + _KNOWN_BY), 0.0)
            factor = 1 + share * (factor - 1)
            middle = share * mean + (1 - share) * own.mean(axis=0)
            maps[name] = np.stack([factor, middle - factor * own.mean(axis=0)])
        return cls(maps)

    def apply(self, scores: FloatArray, languages: Sequence[str | None]) -> FloatArray:
        """Scores (n, t) as they would be in a language with labels."""
        moved = scores.copy()
        for name, (factor, offset) in self.maps.items():
            own = [row for row, language in enumerate(languages) if language == name]
            moved[own] = scores[own] * factor + offset
        return moved


def expert_arrays(expert: Expert) -> dict[str, npt.NDArray[Any]]:
    """What an expert knows, as named arrays."""
    arrays: dict[str, npt.NDArray[Any]] = {
        "shares": expert.calibration.shares,
        "offsets": expert.calibration.offsets,
        "thresholds": expert.thresholds,
    }
    if expert.linear is not None:
        arrays["dense"] = expert.linear.dense
        arrays["sparse"] = expert.linear.sparse
        arrays["intercept"] = expert.linear.intercept
    return arrays


def expert_from(arrays: Mapping[str, npt.NDArray[Any]], name: str, *, single: bool) -> Expert:
    """The reverse of `expert_arrays`; their names begin with `name`."""
    linear = None
    if f"{name}_dense" in arrays:
        linear = Linear(
            arrays[f"{name}_dense"], arrays[f"{name}_sparse"], arrays[f"{name}_intercept"]
        )
    calibration = Calibration(arrays[f"{name}_shares"], arrays[f"{name}_offsets"], single)
    return Expert(linear, calibration, arrays[f"{name}_thresholds"])
