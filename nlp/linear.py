"""Regularised logistic models for many themes at once, over dense and sparse features.

One joint optimisation replaces one solver call a theme: with 77 or 150 themes the time goes into
a few large matrix products, and the result is the same whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.special import expit, log_softmax

FloatArray = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Rows:
    """Features of n texts: a dense block (n, d) and a sparse block (n, f)."""

    dense: Matrix
    sparse: csr_matrix

    def __len__(self) -> int:
        return int(self.dense.shape[0])

    def take(self, index: npt.NDArray[np.intp]) -> Rows:
        """The rows at `index`, in that order."""
        return Rows(self.dense[index], self.sparse[index])


@dataclass(frozen=True, slots=True)
class Linear:
    """Weights of a linear model: dense (d, t), sparse (f, t), intercept (t,)."""

    dense: Matrix
    sparse: Matrix
    intercept: Matrix

    def decide(self, rows: Rows) -> FloatArray:
        """Scores in log-odds (sigmoid) or unnormalised log-probability (softmax), shape (n, t)."""
        scores = rows.dense @ self.dense + self.intercept
        if self.sparse.shape[0]:
            scores = scores + rows.sparse @ self.sparse
        return np.asarray(scores, dtype=np.float64)


Loss = Callable[[FloatArray], tuple[float, FloatArray]]


def _sigmoid_loss(targets: FloatArray, weights: FloatArray) -> Loss:
    def loss(scores: FloatArray) -> tuple[float, FloatArray]:
        value = np.logaddexp(0.0, scores) - targets * scores
        return float((weights * value).sum()), weights * (expit(scores) - targets)

    return loss


def _softmax_loss(targets: FloatArray, weights: FloatArray) -> Loss:
    def loss(scores: FloatArray) -> tuple[float, FloatArray]:
        logs = log_softmax(scores, axis=1)
        return float(-(weights * targets * logs).sum()), weights * (np.exp(logs) - targets)

    return loss


def fit_linear(
    rows: Rows,
    targets: FloatArray,
    *,
    weights: FloatArray,
    softmax: bool,
    l2: float = 1.0,
    max_iterations: int = 100,
) -> Linear:
    """Minimise weighted log loss + l2/2 · ‖w‖² (intercepts are free) with L-BFGS.

    targets: (n, t) in 0…1. weights: (n, t), or (n, 1) for softmax; >= 0.
    Starts at zero, so the result depends on the data alone.
    """
    loss = _softmax_loss(targets, weights) if softmax else _sigmoid_loss(targets, weights)
    d, f, t = rows.dense.shape[1], rows.sparse.shape[1], targets.shape[1]
    sparse_t = rows.sparse.T.tocsr()

    def objective(flat: FloatArray) -> tuple[float, FloatArray]:
        w = flat.reshape(d + f + 1, t)
        w32 = w.astype(np.float32)
        scores = np.asarray(rows.dense @ w32[:d] + w32[-1], dtype=np.float64)
        if f:
            scores += rows.sparse @ w32[d:-1]
        value, slope = loss(scores)
        slope32 = slope.astype(np.float32)
        gradient = np.empty_like(w)
        gradient[:d] = rows.dense.T @ slope32
        if f:
            gradient[d:-1] = sparse_t @ slope32
        gradient[:-1] += l2 * w[:-1]
        gradient[-1] = slope.sum(axis=0)
        return value + 0.5 * l2 * float((w[:-1] ** 2).sum()), gradient.ravel()

    # Five stored pairs, not ten: the weights of 150 themes are megabytes a pair.
    options = {"maxiter": max_iterations, "maxcor": 5, "ftol": 1e-5, "gtol": 1e-3}
    found = minimize(
        objective, np.zeros((d + f + 1) * t), jac=True, method="L-BFGS-B", options=options
    )
    w = found.x.reshape(d + f + 1, t).astype(np.float32)
    return Linear(dense=w[:d], sparse=w[d:-1], intercept=w[-1])


def balanced_weights(targets: FloatArray, row_weights: FloatArray) -> FloatArray:
    """Row weights scaled so that each theme's examples and counter-examples weigh the same.

    targets: (n, t) of 0 or 1; row_weights: (n,), or (n, t) where a row is surer of one theme than
    of another. A theme lacking one side gets plain weights.
    """
    rows = row_weights if row_weights.ndim == 2 else row_weights[:, None]
    weights = rows * np.ones_like(targets)
    totals = weights.sum(axis=0)
    positive = (rows * targets).sum(axis=0)
    for column, (mass, total) in enumerate(zip(positive, totals, strict=True)):
        if 0 < mass < total:
            share = np.where(targets[:, column] > 0, mass, total - mass)
            weights[:, column] *= total / (2 * share)
    return weights
