"""How an explained variance is shared out among correlated drivers.

Everything here works on cross-product matrices, with any number of leading axes: so that a
thousand bootstrap replicates cost a few array operations. A driver may be a group of columns
(the dummies of a categorical attribute); the last row and column belong to the outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# A column of which less than this share of its variance is left is told by the others.
COLLINEAR = 1e-9


def correlations(cross: Floats) -> Floats:
    """Cross-products of centred columns, scaled to unit diagonal; 0 where a column is constant.

    cross: shape (..., m, m), symmetric. Returns the same shape.

    >>> correlations(np.array([[4.0, 3.0], [3.0, 9.0]])).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    variance = np.diagonal(cross, axis1=-2, axis2=-1)
    size = np.sqrt(np.where(variance > 0, variance, 1.0))
    return np.asarray(cross / size[..., :, None] / size[..., None, :])


def shapley_shares(matrix: Floats, groups: Sequence[Sequence[int]]) -> Floats:
    """Each driver's exact Shapley (LMG) share of R²: its gain averaged over all orders.

    matrix: correlations of the columns and, last, the outcome; shape (..., m + 1, m + 1).
    groups: the columns of each driver, together all m, each once (ValueError otherwise).
    Returns shape (..., p), shares of the outcome's variance, each >= 0; they sum to the R² of
    all drivers together. Meant for up to about a dozen drivers: 2^p models are fitted.

    1. Fit all 2^p subsets of drivers: each driver in turn doubles the fits at hand, once left
       alone and once swept out (Beaton 1964; Goodnight, The American Statistician 33(3), 1979).
    2. A driver's share is the sum over subsets S without it of
       |S|! (p - |S| - 1)! / p! times what it adds to the R² of S.

    A column that others determine adds nothing beside them, and half of the orders to each.
    Sources: Lindeman, Merenda and Gold 1980; Grömping, J. Stat. Softw. 17(1), 2006; Lipovetsky
    and Conklin, Appl. Stoch. Models Bus. Ind. 17, 2001.

    >>> matrix = np.array([[1, 0, 0.6], [0, 1, 0.3], [0.6, 0.3, 1]])
    >>> shapley_shares(matrix, [[0], [1]]).round(2).tolist()
    [0.36, 0.09]
    """
    _check(matrix, groups)
    # The largest driver is handled while there are few fits: it needs the largest matrices.
    order = sorted(range(len(groups)), key=lambda at: len(groups[at]))
    explained = matrix[..., -1:, -1] - _unexplained(matrix, [groups[at] for at in order])
    shares = np.empty((*matrix.shape[:-2], len(groups)))
    shares[..., order] = explained @ _order_weights(len(groups))
    return shares


def cells_at_once(groups: Sequence[Sequence[int]]) -> int:
    """How many numbers `shapley_shares` holds at its widest, per matrix.

    >>> cells_at_once([[0], [1]])
    18
    """
    sizes = sorted((len(group) for group in groups), reverse=True)
    left = [sum(sizes[at:]) + 1 for at in range(len(sizes))]
    return max(2 ** (at + 1) * columns**2 for at, columns in enumerate(left))


def _unexplained(matrix: Floats, groups: Sequence[Sequence[int]]) -> Floats:
    """Variance of the outcome left by each subset, shape (..., 2^p); bit j: driver j is in."""
    order = [column for group in reversed(groups) for column in group]
    left = matrix[..., None, :, :][..., [*order, -1], :][..., [*order, -1]]
    for group in reversed(groups):
        swept = left
        for place in range(len(group)):
            swept = _sweep(swept, place)
        # The first driver handled gets the highest bit: every later one doubles inside.
        both = np.stack([left, swept], axis=-3)
        both = both.reshape(*left.shape[:-3], -1, *left.shape[-2:])
        left = both[..., len(group) :, len(group) :]
    return left[..., 0, 0]


def _sweep(matrix: Floats, place: int) -> Floats:
    """What is left of all columns once this one is taken out of them."""
    column = matrix[..., place]
    pivot = column[..., place]
    usable = pivot > COLLINEAR
    factor = np.where(usable, 1.0 / np.where(usable, pivot, 1.0), 0.0)
    return matrix - column[..., :, None] * (column * factor[..., None])[..., None, :]


def _order_weights(drivers: int) -> Floats:
    """By what each subset's R² enters each driver's share, shape (2^p, p)."""
    subsets = np.arange(2**drivers)
    inside = (subsets[:, None] >> np.arange(drivers)) & 1 == 1
    sizes = inside.sum(axis=1)
    orders = [factorial(s) * factorial(drivers - s - 1) for s in range(drivers)]
    weight = np.array([count / factorial(drivers) for count in orders])
    gained = weight[np.maximum(sizes - 1, 0)][:, None]
    lost = weight[np.minimum(sizes, drivers - 1)][:, None]
    return np.where(inside, gained, -lost)


def relative_weights(matrix: Floats, groups: Sequence[Sequence[int]]) -> Floats:
    """Each driver's relative weight: close to its Shapley share, at the cost of one fit.

    Arguments and result as for `shapley_shares`; also these sum to the R² of all together.

    1. Rotate the columns of each driver so that they are uncorrelated among themselves: a
       result then does not depend on how a category was coded.
    2. Regress the outcome on the orthonormal columns closest to all of these, R^(-1/2) X.
    3. Give each coefficient's square to the drivers by how strongly they make up its column.

    With a column a driver this is Johnson's method, Multivariate Behavioral Research 35(1),
    2000; for groups the squares of single entries become squared lengths of blocks.

    >>> matrix = np.array([[1, 0, 0.6], [0, 1, 0.3], [0.6, 0.3, 1]])
    >>> relative_weights(matrix, [[0], [1]]).round(2).tolist()
    [0.36, 0.09]
    """
    _check(matrix, groups)
    rotated = _whiten_groups(matrix, groups)
    root, inverse = _square_roots(rotated[..., :-1, :-1])
    part = (inverse @ rotated[..., :-1, -1:])[..., 0]
    # Column h of `seen`: what driver h's part of the fit contributes to each column.
    seen = np.stack(
        [(root[..., group] @ part[..., group, None])[..., 0] for group in groups], axis=-1
    )
    lengths = (seen**2).sum(axis=-1)
    return np.stack([lengths[..., group].sum(axis=-1) for group in groups], axis=-1)


def _whiten_groups(matrix: Floats, groups: Sequence[Sequence[int]]) -> Floats:
    """The correlations once each driver's own columns are orthonormal (or 0 where redundant)."""
    change = np.zeros_like(matrix)
    change[..., -1, -1] = 1.0
    for group in groups:
        rows, columns = np.ix_(group, group)
        change[..., rows, columns] = _square_roots(matrix[..., rows, columns])[1]
    return np.asarray(change @ matrix @ change)


def _square_roots(matrix: Floats) -> tuple[Floats, Floats]:
    """R^(1/2) and its (pseudo-)inverse."""
    values, vectors = np.linalg.eigh(matrix)
    usable = values > COLLINEAR
    size = np.sqrt(np.where(usable, values, 1.0))
    up, down = np.where(usable, size, 0.0), np.where(usable, 1.0 / size, 0.0)
    turned = np.swapaxes(vectors, -1, -2)
    return (vectors * up[..., None, :]) @ turned, (vectors * down[..., None, :]) @ turned


def coefficients(matrix: Floats) -> Floats:
    """Least-squares coefficients of all columns at once, shape (..., m); the shortest if many.

    matrix: as for `shapley_shares`. In standard deviations of outcome per one of the column.

    >>> coefficients(np.array([[1, 0.5, 0.5], [0.5, 1, 0.7], [0.5, 0.7, 1]])).round(2).tolist()
    [0.2, 0.6]
    """
    inverse = np.linalg.pinv(matrix[..., :-1, :-1], rcond=COLLINEAR, hermitian=True)
    return np.asarray((inverse @ matrix[..., :-1, -1:])[..., 0])


def _check(matrix: Floats, groups: Sequence[Sequence[int]]) -> None:
    columns = sorted(column for group in groups for column in group)
    if columns != list(range(matrix.shape[-1] - 1)) or not all(groups):
        raise ValueError(f"groups: expected every column but the last once, got {groups}")
