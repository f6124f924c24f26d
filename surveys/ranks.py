"""Ranks of numbers; that of `scipy.stats` would bring tens of megabytes into every process."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def average_ranks(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """From 1 for the lowest; equal numbers share the mean of their places. shape (n,), finite.

    >>> average_ranks(np.array([20.0, 10.0, 20.0, 30.0])).tolist()
    [2.5, 1.0, 2.5, 4.0]
    """
    _, place, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[place], dtype=float)
