"""Which comments to ask a person about: those whose labels teach most come first.

A comment is worth asking about by the product of three things:

- *uncertainty*: how little the model's probabilities say of its themes, in bits (`bits_of`). What
  the model is sure of, it need not be told. A theme that picks before were about already counts
  the less, or the most frequent theme would be asked about all the time.
- *volume*: how many other comments are like it. An odd one out teaches about itself only.
- *diversity*: none that says the same as one that was picked, so that twenty picks are not the
  same complaint twenty times.

Uncertainty by entropy and its weighing by density are in Settles, "Active learning literature
survey" (2009), 2.1 and 3.6; choosing a batch greedily by what earlier picks leave over is what
submodular batch selection does (Wei, Iyer, Bilmes, ICML 2015). `benchmarks/understanding/triage.py`
measures it against chance and against other ways, among them BADGE (Ash et al., ICLR 2020) and
k-center (Sener, Savarese, ICLR 2018).

A sample picked this way says nothing about how good the model is: it is made of its hard cases.
Whoever wants to estimate that draws some comments at random beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]

MOST_CANDIDATES = 20_000
_AUDIENCE = 1_000  # comments that volume is measured on; bounds memory: 20,000 x 1,000 floats
_MOST_DOUBTS = 6
_LEAST_CHANCE = 0.05  # below it a theme is no near miss, however low its threshold
_ALIKE = 0.5  # likeness from which on a comment repeats another, more and more up to 1


@dataclass(frozen=True, slots=True)
class Doubt:
    """A theme that a comment has or nearly has; probability and threshold 0…1.

    start, end: where the comment speaks of it most.
    """

    key: str
    probability: float
    threshold: float
    start: int
    end: int

    @property
    def is_given(self) -> bool:
        """Whether the model gives the theme."""
        return self.probability >= self.threshold


@dataclass(frozen=True, slots=True)
class Certainty:
    """How sure a model was of a comment.

    uncertainty: bits, see `uncertainty_of`. top: probability of the most probable theme.
    unseen: share of the comment's words that none of the model's examples had, None where there
    are no examples. doubts: most probable first.
    """

    uncertainty: float
    top: float
    unseen: float | None
    doubts: tuple[Doubt, ...]


def bits_of(probabilities: FloatArray) -> FloatArray:
    """Entropy of yes and no, 0…1 bit each: 1 where either is as likely. Any shape.

    >>> bits_of(np.array([0.5, 0.0, 1.0])).tolist()
    [1.0, 0.0, 0.0]
    """
    p = np.asarray(probabilities, dtype=np.float64)
    q = 1 - p
    bits = p * np.log2(np.maximum(p, 1e-12)) + q * np.log2(np.maximum(q, 1e-12))
    return np.asarray(np.abs(bits))


def uncertainty_of(probabilities: FloatArray) -> float:
    """How unsure the model is about all themes (t,) of a comment together, 0…t bits."""
    return max(float(bits_of(probabilities).sum()), 0.0)


def worth_showing(probabilities: FloatArray, thresholds: FloatArray) -> list[int]:
    """Places of the themes (t,) that a person should see beside a comment, at most six.

    Those that are assigned and near misses, most probable first.
    """
    worth = (probabilities >= thresholds) | (
        (probabilities >= _LEAST_CHANCE) & (probabilities >= thresholds / 3)
    )
    columns = np.flatnonzero(worth)
    order = np.argsort(-probabilities[columns], kind="stable")
    return [int(column) for column in columns[order][:_MOST_DOUBTS]]


def pick(probabilities: FloatArray, vectors: Matrix, *, most: int = 20) -> list[int]:
    """Places of the comments to ask about, in the order of asking.

    probabilities: (n, t) of each theme in each of at most 20,000 comments, 0 where it is out of
    the question; vectors: (n, d) of unit length or zero. Deterministic; ties go to the earlier
    place. Raises ValueError on other shapes and on more comments.

    1. Volume: the root of how like a comment is to others on average, over at most 1,000 of them.
    2. Of each comment add up the bits of all themes, divided by 1 + the bits that picks before
       had of the theme; multiply by volume, and by how little it repeats a pick.
    3. Pick the best; again from 2.
    """
    n = len(probabilities)
    if probabilities.ndim != 2 or vectors.ndim != 2 or len(vectors) != n:
        raise ValueError("probabilities and vectors: expected (n, t) and (n, d)")
    if n > MOST_CANDIDATES:
        raise ValueError(f"probabilities: expected at most {MOST_CANDIDATES} comments, got {n}")
    bits, volume = bits_of(probabilities), _volume(vectors)
    asked = np.zeros(bits.shape[1])
    likeness = np.zeros(n, dtype=np.float32)
    left = np.ones(n, dtype=bool)
    picked: list[int] = []
    while len(picked) < min(most, n):
        news = 1 - np.clip((likeness - _ALIKE) / (1 - _ALIKE), 0, 1)
        worth = (bits / (1 + asked)).sum(axis=1) * volume * news
        best = int(np.where(left, worth, -1.0).argmax())
        picked.append(best)
        left[best] = False
        asked += bits[best]
        likeness = np.maximum(likeness, vectors @ vectors[best])
    return picked


def _volume(vectors: Matrix) -> FloatArray:
    """Root of the mean likeness (n,) to an audience drawn evenly; 1 where no vector is known."""
    if not len(vectors):
        return np.zeros(0)
    audience = vectors[:: -(-len(vectors) // _AUDIENCE)]
    like = np.maximum(vectors @ audience.T, 0).mean(axis=1, dtype=np.float64)
    known = like > 0
    # A comment without a vector is taken for an average one.
    return np.sqrt(np.where(known, like, like[known].mean() if known.any() else 1.0))
