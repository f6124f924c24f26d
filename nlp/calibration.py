"""From scores to probabilities that mean what they say, and to a threshold per theme."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax

FloatArray = npt.NDArray[np.float64]

# Share of what was learnt, and of the description by itself, in the log-odds of a theme before
# there are enough labels to learn them.
DEFAULT_SHARES = (1.0, 0.0)
_GRID = np.arange(0.05, 0.951, 0.025)
_RIDGE = 1.0  # on the offsets of single themes: few examples stay near the common curve
_PRIOR_POSITIVES = 10.0  # so many examples of "themes in general" stand behind each threshold


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt scaling shared by all themes, with an offset for each.

    log-odds = shares · (scores) + offsets. shares: (k,), offsets: (t,).
    """

    shares: FloatArray
    offsets: FloatArray
    single: bool

    def odds(self, scores: FloatArray) -> FloatArray:
        """Log-odds (single: log-probabilities) (n, t) of scores (k, n, t)."""
        odds = np.tensordot(self.shares, scores, axes=1) + self.offsets
        return np.asarray(log_softmax(odds, axis=1) if self.single else odds)

    def apply(self, scores: FloatArray) -> FloatArray:
        """Probabilities (n, t) of scores (k, n, t)."""
        return to_probabilities(self.odds(scores), single=self.single)


def to_probabilities(odds: FloatArray, *, single: bool) -> FloatArray:
    """Log-odds (n, t) as probabilities; single: those of a row sum to one."""
    return np.asarray(softmax(odds, axis=1) if single else expit(odds))


def fit_calibration(
    scores: FloatArray, targets: FloatArray, weights: FloatArray, *, single: bool
) -> Calibration:
    """Learn shares and offsets from scores (k, n, t) of texts the model had not seen.

    targets: (n, t) of 0 or 1. weights: (n,) or (n, t). Shares are never negative: evidence
    for a theme cannot speak against it. Source of the smoothing of targets: Platt (1999).
    """
    k, _, t = scores.shape
    mass = _by_theme(weights)
    positive, negative = (mass * targets).sum(axis=0), (mass * (1 - targets)).sum(axis=0)
    soft = targets
    if not single:
        soft = np.where(targets > 0, (positive + 1) / (positive + 2), 1 / (negative + 2))

    def objective(flat: FloatArray) -> tuple[float, FloatArray]:
        shares, common, own = flat[:k], flat[k], flat[k + 1 :]
        odds = np.tensordot(shares, scores, axes=1) + common + own
        if single:
            logs = log_softmax(odds, axis=1)
            value, slope = -(mass * soft * logs).sum(), mass * (np.exp(logs) - soft)
        else:
            value = (mass * (np.logaddexp(0.0, odds) - soft * odds)).sum()
            slope = mass * (expit(odds) - soft)
        by_theme = slope.sum(axis=0)
        gradient = np.empty_like(flat)
        gradient[:k] = np.tensordot(scores, slope, axes=((1, 2), (0, 1)))
        gradient[k] = by_theme.sum()
        gradient[k + 1 :] = by_theme + _RIDGE * own
        return float(value + 0.5 * _RIDGE * (own**2).sum()), gradient

    start = np.concatenate([np.full(k, 0.5), np.zeros(t + 1)])
    bounds = [(0.0, None)] * k + [(None, None)] * (t + 1)
    found = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return Calibration(found[:k], found[k] + found[k + 1 :], single)


def fit_thresholds(
    probabilities: FloatArray, targets: FloatArray, weights: FloatArray, *, single: bool
) -> FloatArray:
    """The probability (t,) from which on each theme is assigned: where its F1 is best.

    The counts of a theme are joined by those of all themes together, scaled to ten examples:
    with three examples the common threshold holds, with three hundred its own.
    single: only the most probable theme of a text can be assigned.
    """
    chance = probabilities
    if single:
        top = probabilities.argmax(axis=1)[:, None] == np.arange(probabilities.shape[1])
        chance = np.where(top, probabilities, -1.0)
    mass = _by_theme(weights)
    hit = np.stack([(mass * targets * (chance >= cut)).sum(axis=0) for cut in _GRID])
    given = np.stack([(mass * (chance >= cut)).sum(axis=0) for cut in _GRID])
    positive = (mass * targets).sum(axis=0)
    scale = _PRIOR_POSITIVES / max(positive.sum(), 1e-9)
    f1 = (2 * (hit + scale * hit.sum(axis=1, keepdims=True))) / (
        given + positive + scale * (given.sum(axis=1, keepdims=True) + positive.sum())
    )
    # The mean of five neighbouring cuts: one lucky text must not decide. Between equally good
    # ones the nearest to an even chance: it moves least with new data.
    padded = np.pad(f1, ((2, 2), (0, 0)), mode="edge")
    smooth = np.mean([padded[i : i + len(f1)] for i in range(5)], axis=0)
    rank = smooth - 1e-6 * np.abs(_GRID - 0.5)[:, None]
    return np.asarray(_GRID[rank.argmax(axis=0)])


def _by_theme(weights: FloatArray) -> FloatArray:
    """Weights of texts (n,) as a column; those of texts and themes (n, t) as they are."""
    return weights if weights.ndim == 2 else weights[:, None]


def folds(
    targets: FloatArray, groups: npt.NDArray[Any], *, count: int, seed: int
) -> npt.NDArray[np.intp]:
    """A fold (n,) for each text, so that rare themes are spread evenly.

    Texts of one group (the same words) share a fold: a copy would tell the answer.
    """
    generator = np.random.default_rng(seed)
    support = targets.sum(axis=0)
    rarity = np.where(targets > 0, support, np.inf)
    key = np.where(targets.any(axis=1), rarity.argmin(axis=1), -1)
    first: dict[Any, int] = {}
    for place, group in enumerate(groups):
        first.setdefault(group, place)
    leaders = np.array(sorted(first.values()), dtype=np.intp)
    leaders = leaders[generator.permutation(len(leaders))]
    leaders = leaders[np.argsort(key[leaders], kind="stable")]
    fold_of = {int(place): turn % count for turn, place in enumerate(leaders)}
    return np.array([fold_of[first[group]] for group in groups], dtype=np.intp)
