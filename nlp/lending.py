"""Comments of the starter packs lent to a theme that has hardly any of its own.

Whoever writes "Pricing: cost, fees, value for money" into a taxonomy means what the packs' theme
of that name means, and the packs hold thirty comments a language about it. Which theme of a pack
is meant is not read off the names: its comments are asked about with the words of the theme. If
these lift them clearly above the comments of the pack's other themes, they are about the same, and
a model of what sets them apart joins the words. Words alone know what a theme is called; comments
know how customers speak of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from nlp.linear import Rows, balanced_weights, fit_linear
from nlp.packs import SAMPLE, Comment, comments

Matrix = npt.NDArray[np.float32]
FloatArray = npt.NDArray[np.float64]

ENOUGH_OWN = 40  # labelled texts of a theme from which on it is lent nothing
# Lift in log-odds. A theme's own words lift the comments of the packs by 2.4 and more, mostly by
# above 3; those of another theme, near as it may be, hardly ever by 1.8.
_UNRELATED, _MEANT = 1.8, 3.0
_DOUBTFUL = 0.5  # lift from which on a comment that is lent to one theme says nothing of another
_SHARE = 2.0  # of what was lent, beside 1 for a theme's words


@dataclass(frozen=True, slots=True)
class Loan:
    """m comments lent to t themes, and some about none of them. targets, weights: (m, t), 0…1;
    vectors: (m, d).
    """

    comments: tuple[Comment, ...]
    vectors: Matrix
    targets: FloatArray
    weights: FloatArray


# Comments → their vectors (n, d), in the space of the classifier.
Encode = Callable[[Sequence[Comment]], Matrix]
# Vectors and their comments → log-odds (n, t) by the words of each theme.
Ask = Callable[[Matrix, Sequence[Comment]], FloatArray]


def lend(need: FloatArray, encode: Encode, ask: Ask, *, known: frozenset[str]) -> Loan | None:
    """Find the packs' themes that are meant, and lend their comments; None where there are none.

    need: (t,), 0…1, how much a theme lacks comments of its own. known: texts that are taught
    anyway, and are not lent again.

    1. Ask about eight comments a language of each theme of the packs.
    2. Of each theme of a pack find the theme whose words lift it most above the rest of the pack.
    3. Of several packs that know a theme, the one that knows most of the others counts most: it
       is of the same business, and its customers speak alike.
    4. Lend all comments of these themes, the more weight the clearer; themes that they may be
       about as well are left open.
    """
    if not need.any():
        return None
    sample = [c for c in comments() if c.place < SAMPLE]
    odds = ask(encode(sample), sample)
    lifts = _lifts(sample, odds)
    meant = {group: int(lift.argmax()) for group, lift in lifts.items()}
    clear = {group: _clear(lift[meant[group]]) for group, lift in lifts.items()}
    nearest = _nearest_pack(meant, clear)
    weights = {}
    for group, lift in lifts.items():
        theme = meant[group]
        weight = clear[group] * need[theme]
        if weight > 0:
            weight *= nearest(group[0], theme)
            weights[group] = weight * np.clip(1 - (lift - _DOUBTFUL), 0, 1)
            weights[group][theme] = weight
    lent = tuple(c for c in comments() if c.group in weights and c.text not in known)
    if not lent:
        return None
    # What the same customers say of other things, so that it is known what a theme is not.
    of_pack = {
        pack: max(w.max() for g, w in weights.items() if g[0] == pack) for pack, _ in weights
    }
    others = tuple(c for c in sample if c.group[0] in of_pack and c.group not in weights)
    for group in {c.group for c in others}:
        weights[group] = of_pack[group[0]] * np.clip(1 - (lifts[group] - _DOUBTFUL), 0, 1)
    targets = np.zeros((len(lent) + len(others), len(need)))
    targets[np.arange(len(lent)), [meant[c.group] for c in lent]] = 1.0
    chosen = (*lent, *others)
    return Loan(chosen, encode(chosen), targets, np.stack([weights[c.group] for c in chosen]))


def _clear(lift: float) -> float:
    """How clear it is, 0…1, that a theme of a pack is meant."""
    return float(np.clip((lift - _UNRELATED) / (_MEANT - _UNRELATED), 0, 1))


def _nearest_pack(
    meant: Mapping[tuple[str, str], int], clear: Mapping[tuple[str, str], float]
) -> Callable[[str, int], float]:
    """(pack, theme) → 1 for the pack that knows most themes among those that know this one, less
    for others.
    """
    packs = {pack for pack, _ in meant}
    known: dict[str, dict[int, float]] = {pack: {} for pack in packs}
    for group, theme in meant.items():
        of_pack = known[group[0]]
        of_pack[theme] = max(of_pack.get(theme, 0.0), clear[group])
    breadth = {pack: sum(themes.values()) for pack, themes in known.items()}

    def nearest(pack: str, theme: int) -> float:
        best = max(breadth[other] for other in packs if known[other].get(theme, 0.0) > 0)
        return (breadth[pack] / best) ** 2

    return nearest


def _lifts(sample: Sequence[Comment], odds: FloatArray) -> dict[tuple[str, str], FloatArray]:
    """By how much (t,) the comments of each theme of a pack lie above the rest of that pack."""
    packs = np.array([c.group[0] for c in sample])
    themes = np.array([c.group[1] for c in sample])
    found = {}
    for group in sorted({c.group for c in sample}):
        own = (packs == group[0]) & (themes == group[1])
        rest = (packs == group[0]) & (themes != group[1])
        found[group] = odds[own].mean(axis=0) - odds[rest].mean(axis=0)
    return found


@dataclass(frozen=True, slots=True)
class Lent:
    """What the comments lent to t themes have in common: a direction (d, t) each.

    share: (t,), how much it counts beside 1 for a theme's words; 0 where nothing was lent. level:
    language → (2, t), mean and standard deviation of unrelated sentences along the directions.
    """

    directions: Matrix
    share: FloatArray
    level: Mapping[str, FloatArray]

    @classmethod
    def fit(cls, loan: Loan, background: Mapping[str, Matrix]) -> Lent:
        """background: language → (m, d) vectors of sentences about anything, "" for all."""
        none = csr_matrix((len(loan.vectors), 0), dtype=np.float32)
        linear = fit_linear(
            Rows(loan.vectors, none),
            loan.targets,
            weights=balanced_weights(loan.targets, loan.weights),
            softmax=False,
        )
        level = {}
        for name, vectors in background.items():
            scores = vectors @ linear.dense
            level[name] = np.stack([scores.mean(axis=0), np.maximum(scores.std(axis=0), 1e-3)])
        share = _SHARE * (loan.targets * loan.weights).max(axis=0)
        return cls(linear.dense, share, level)

    def join(self, z: FloatArray, vectors: Matrix, languages: Sequence[str | None]) -> FloatArray:
        """Standard deviations (n, t) by which texts stand out, where z is by the words alone."""
        level = np.stack([self.level.get(name or "", self.level[""]) for name in languages])
        lent = (vectors @ self.directions - level[:, 0]) / level[:, 1]
        return np.asarray((z + self.share * lent) / (1 + self.share))

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """As named arrays; the levels in the order of their languages' names."""
        return {
            "lent_directions": self.directions,
            "lent_share": self.share,
            "lent_level": np.stack([self.level[name] for name in sorted(self.level)]),
        }

    @classmethod
    def from_state(
        cls, arrays: Mapping[str, npt.NDArray[Any]], languages: Sequence[str]
    ) -> Lent | None:
        """The reverse of `state`; None where nothing was lent. languages: of the levels."""
        if "lent_share" not in arrays:
            return None
        level = dict(zip(sorted(languages), arrays["lent_level"], strict=True))
        return cls(arrays["lent_directions"], arrays["lent_share"], level)
