"""Which parts of a space of vectors hold more of one period than chance explains.

A scan statistic (Kulldorff, Communications in Statistics 26, 1997) over balls around clumps that
were found without looking at the periods. For each ball: how much likelier its comments are if
it has a share of its own of the current period. Clumps are tried with a prior weight by their
density (weighted multiple testing: Genovese, Roeder and Wasserman, Biometrika 93, 2006), since a
theme is by nature dense. What is large is told by permuting the periods among the comments: the
largest value of all balls is compared with the largest of each permutation, which keeps the
chance of any false finding (hence of a false discovery, too) under the level, whatever the
shape of the data and however the balls overlap. Found balls are taken out and the rest is
scanned again (Zhang, Assunção and Kulldorff, Statistica Sinica 20, 2010).

Permuted is within languages, where there are enough comments: that a survey went out in another
language does not make all its themes new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nlp.clumps import Clumps, Matrix, Places, nearest, unit

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

LEVEL = 0.02  # chance of saying anything where nothing changed
DRAWS = 999
_FEWEST_NEW = 4  # comments of the current period in a ball
_SMALLEST_BALL = 5
_STEP = 1.25  # from the size of a ball to the next
_LARGEST = 0.1  # of all comments; what is larger is no theme but a change of everything
_MOST_NEAR = 3_000  # neighbours looked at in permutations
_RATIO = 1.5  # of the odds, under which a growth is not worth a word, however sure
_RANK_OFFSET = 2.0  # weight of a clump: 1 / (rank + 2)
_OWN_STRATUM = 30  # comments of a language in each period, to be permuted by itself
_MOST_BALLS = 20
_SAME = 1e-5  # similarities that differ by less are those of equal texts


@dataclass(frozen=True, slots=True)
class Ball:
    """members: places of all comments in it, of both periods, the most central first."""

    centre: Matrix
    members: Places
    p_value: float


def emerging_balls(
    vectors: Matrix,
    languages: Sequence[str | None],
    is_current: Flags,
    clumps: Clumps,
    random: np.random.Generator,
    *,
    level: float = LEVEL,
) -> list[Ball]:
    """Disjoint balls that hold more of the current period than chance explains, surest first.

    vectors: (n, d), unit length; clumps: of the same vectors. level: chance of saying anything
    where nothing changed, at least 1 / (DRAWS + 1).
    """
    if not len(clumps.centres):
        return []
    largest = max(2 * _SMALLEST_BALL, int(_LARGEST * len(vectors)))
    near = nearest(clumps.centres, vectors, min(largest, _MOST_NEAR))[0]
    scan = _Scan(near, _weights(clumps), is_current, _strata(languages, is_current))
    found: list[Ball] = []
    surest = 0.0
    while len(found) < _MOST_BALLS:
        best, p_value = scan.strongest(random, level)
        if p_value > level:
            break
        surest = max(surest, p_value)
        centre, members = _shape(vectors, clumps.centres[best], scan, largest)
        scan.alive[members] = False
        found.append(Ball(centre, members, surest))
    return found


def _weights(clumps: Clumps) -> Floats:
    """Logarithms; those of a group add up to 1."""
    weight = 1 / (clumps.rank + _RANK_OFFSET)
    total = np.bincount(clumps.group, weights=weight)
    return np.asarray(np.log(weight / total[clumps.group]))


def _strata(languages: Sequence[str | None], is_current: Flags) -> list[Places]:
    """Places by language; languages with few comments in a period stand together."""
    names = np.array([language or "" for language in languages])
    own, rest = [], np.ones(len(names), dtype=bool)
    for name in np.unique(names):
        of_it = names == name
        if min(int((of_it & is_current).sum()), int((of_it & ~is_current).sum())) >= _OWN_STRATUM:
            own.append(np.flatnonzero(of_it))
            rest &= ~of_it
    if not rest.any():
        return own
    left = np.flatnonzero(rest)
    if own and len(left) < 2 * _OWN_STRATUM:
        # With too few to compare among themselves they are news beside the largest language.
        largest = max(range(len(own)), key=lambda place: len(own[place]))
        own[largest] = np.sort(np.concatenate([own[largest], left]))
        return own
    return [*own, left]


class _Scan:
    """Counts of balls of several sizes around each clump, for any assignment of periods."""

    def __init__(
        self, near: Places, weights: Floats, is_current: Flags, strata: Sequence[Places]
    ) -> None:
        self.alive = np.ones(len(is_current), dtype=bool)
        self._near, self._weights = near, weights
        self._is_current, self._strata = is_current, strata
        self._ends = _ball_sizes(near.shape[1])

    def strongest(self, random: np.random.Generator, level: float) -> tuple[int, float]:
        """The clump around which the strongest ball lies, and its p-value.

        Drawing ends when the verdict cannot change any more (Besag and Clifford 1991).
        """
        expected_share = self.expected_share()
        size = self._counts(self.alive)
        expected = self._counts(expected_share)
        current = (self._is_current & self.alive).astype(np.float64)
        values = self._values(current, size, expected)
        best = int(values.max(axis=1).argmax())
        observed = values[best].max()
        if not np.isfinite(observed):
            return best, 1.0
        strata = [stratum[self.alive[stratum]] for stratum in self._strata]
        enough = round(level * (DRAWS + 1))
        beaten = 0
        for _ in range(DRAWS):
            for stratum in strata:
                current[stratum] = random.permutation(current[stratum])
            beaten += bool(self._values(current, size, expected).max() >= observed - 1e-9)
            if 1 + beaten > enough:
                return best, 1.0
        return best, (1 + beaten) / (DRAWS + 1)

    def expected_share(self) -> Floats:
        """For each comment the share of the current period in its stratum; 0 if taken out."""
        share = np.zeros(len(self.alive))
        for stratum in self._strata:
            there = stratum[self.alive[stratum]]
            if len(there):
                share[there] = self._is_current[there].mean()
        return share

    def current(self) -> Floats:
        """1 for each comment of the current period that was not taken out."""
        return (self._is_current & self.alive).astype(np.float64)

    def _counts(self, values: npt.NDArray[np.generic]) -> Floats:
        """Sums over the balls of each clump: (c, sizes)."""
        starts = np.concatenate([[0], self._ends[:-1]])
        return np.cumsum(np.add.reduceat(values.astype(float)[self._near], starts, axis=1), axis=1)

    def _values(self, current: Floats, size: Floats, expected: Floats) -> Floats:
        value = likelihood_gain(self._counts(current), size, expected)
        return np.asarray(value + self._weights[:, None])


def _ball_sizes(largest: int) -> Places:
    sizes = []
    size = float(_SMALLEST_BALL)
    while round(size) <= largest:
        sizes.append(round(size))
        size = max(size * _STEP, size + 1)
    return np.array(sizes or [largest], dtype=np.int64)


def likelihood_gain(current: Floats, size: Floats, expected: Floats) -> Floats:
    """Log likelihood ratio of balls with `current` of `size` comments where `expected` were to be.

    -inf where there are too few, or no more than expected.

    >>> likelihood_gain(np.array([10.0]), np.array([10.0]), np.array([5.0])).round(2)
    array([6.93])
    """
    old, old_expected = size - current, size - expected
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = current * np.log(current / expected)
        gain = gain + np.where(old > 0, old * np.log(old / old_expected), 0.0)
    grown = current * old_expected >= _RATIO * old * expected
    return np.where((current >= _FEWEST_NEW) & (current > expected) & grown, gain, -np.inf)


def _shape(vectors: Matrix, centre: Matrix, scan: _Scan, largest: int) -> tuple[Matrix, Places]:
    """The ball of the best size around a clump; then once more around its own mean."""
    current, share = scan.current(), scan.expected_share()
    gain, members = _best_size(vectors, centre, scan.alive, current, share, largest)
    mean = unit(vectors[members].mean(axis=0, keepdims=True))[0]
    second_gain, second = _best_size(vectors, mean, scan.alive, current, share, largest)
    return (mean, second) if second_gain > gain else (centre, members)


def _best_size(
    vectors: Matrix, centre: Matrix, alive: Flags, current: Floats, share: Floats, largest: int
) -> tuple[float, Places]:
    places = np.flatnonzero(alive)
    similarity = vectors[places] @ centre
    order = np.argsort(-similarity, kind="stable")
    places, similarity = places[order], similarity[order]
    taken = np.arange(1, min(largest, len(places)) + 1)
    gain = likelihood_gain(
        np.cumsum(current[places])[: len(taken)], taken.astype(float),
        np.cumsum(share[places])[: len(taken)],
    )  # fmt: skip
    best = int(gain.argmax())
    end = int(np.searchsorted(-similarity, -(similarity[best] - _SAME), side="right"))
    return float(gain[best]), places[:end]
