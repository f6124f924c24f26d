"""Places where sentence vectors lie close together, found without asking when or by whom.

Mean shift among nearest neighbours (Fukunaga and Hostetler 1975; a fixed number of neighbours
in place of a radius, because distances mean different things to different encoders): from every
vector to the mean of its m nearest, a few times over. Of the places where this ends the densest
is kept, then the densest that shares little with it, and so on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]

MOST_SEEDS = 4_000
_SMALLEST = 8  # neighbours; of fewer, chance decides what is dense
_SHARE = 0.02  # of the vectors: no larger clump is looked for
_STEPS = 3  # after which the centres hardly move
_OVERLAP = 1 / 3  # of its neighbours may belong to denser clumps
_ROWS = 500  # of similarities at once, which bounds memory


@dataclass(frozen=True, slots=True)
class Clumps:
    """c clumps. centres: (c, d), unit length; density: mean similarity to the m nearest.

    rank: 0 for the densest among those of as many neighbours and mostly in the same language.
    group: equal where they are ranked together.
    """

    centres: Matrix
    density: npt.NDArray[np.float64]
    rank: Places
    group: Places


def find_clumps(
    vectors: Matrix, languages: Sequence[str | None], random: np.random.Generator
) -> Clumps:
    """Clumps of n vectors of unit length (n, d); of many vectors, those of a sample."""
    chosen = np.arange(len(vectors))
    if len(vectors) > MOST_SEEDS:
        chosen = np.sort(random.choice(len(vectors), MOST_SEEDS, replace=False))
    sample = vectors[chosen]
    names = sorted({language or "" for language in languages})
    tongue = np.array(
        [names.index(languages[place] or "") for place in chosen.tolist()], dtype=np.int64
    )
    centres, density, rank, group = [], [], [], []
    for level, size in enumerate(_sizes(len(sample))):
        moved = sample
        for _ in range(_STEPS):
            near = nearest(moved, sample, size)[0]
            moved = unit(sample[near].mean(axis=1))
        near, similarity = nearest(moved, sample, size)
        kept = _apart(near, similarity.mean(axis=1), len(sample))
        seen: dict[int, int] = {}
        for place in kept:
            mostly = int(np.bincount(tongue[near[place]]).argmax())
            rank.append(seen.setdefault(mostly, 0))
            seen[mostly] += 1
            group.append(level * len(names) + mostly)
        centres.append(moved[kept])
        density.append(similarity[kept].mean(axis=1))
    if not centres:
        none = np.zeros(0, dtype=np.int64)
        return Clumps(vectors[:0], none.astype(np.float64), none, none)
    return Clumps(
        np.concatenate(centres),
        np.concatenate(density).astype(np.float64),
        np.array(rank, dtype=np.int64),
        np.array(group, dtype=np.int64),
    )


def _sizes(n: int) -> list[int]:
    """Numbers of neighbours that are tried among n vectors: 8, 16, 32, …"""
    sizes = []
    size = _SMALLEST
    while size <= max(_SMALLEST, _SHARE * n) and size < n:
        sizes.append(size)
        size *= 2
    return sizes


def _apart(near: Places, density: npt.NDArray[np.float32], n: int) -> list[int]:
    """Rows in order of density, without those that share much with a denser one."""
    taken = np.zeros(n, dtype=bool)
    kept = []
    for place in np.argsort(-density, kind="stable"):
        if taken[near[place]].mean() <= _OVERLAP:
            taken[near[place]] = True
            kept.append(int(place))
    return kept


def nearest(centres: Matrix, vectors: Matrix, count: int) -> tuple[Places, Matrix]:
    """Places (c, count) of the vectors most similar to each centre, nearest first; and how
    similar they are. count is cut to the number of vectors.
    """
    count = min(count, len(vectors))
    places = np.empty((len(centres), count), dtype=np.int64)
    similar = np.empty((len(centres), count), dtype=np.float32)
    for start in range(0, len(centres), _ROWS):
        block = centres[start : start + _ROWS] @ vectors.T
        near = np.argpartition(-block, count - 1, axis=1)[:, :count]
        value = np.take_along_axis(block, near, axis=1)
        order = np.argsort(-value, axis=1, kind="stable")
        places[start : start + _ROWS] = np.take_along_axis(near, order, axis=1)
        similar[start : start + _ROWS] = np.take_along_axis(value, order, axis=1)
    return places, similar


def unit(rows: Matrix) -> Matrix:
    """Rows scaled to length 1; rows of zeros stay."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-9), dtype=np.float32)
