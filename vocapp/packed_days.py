"""Counts of each day of a month, packed into one row of bytes.

A month of a theme is then one row where thirty-one were, and a page reads a year of them in
milliseconds. Each count takes as many bytes as the largest of its month needs, little-endian:
how many that is follows from the length.
"""

from __future__ import annotations

from typing import Any

import numpy as np

DAYS = 31  # whatever the month: days that it has not are 0
_TYPES = tuple(np.dtype(f"<i{width}") for width in (1, 2, 4, 8))

Counts = np.ndarray[Any, Any]


def no_counts(places: int) -> Counts:
    """A month without any, shape (31, places)."""
    return np.zeros((DAYS, places), dtype=np.int64)


def pack(counts: Counts) -> bytes:
    """Counts of shape (31, places) as bytes.

    >>> counts = no_counts(4)
    >>> len(pack(counts))
    124
    >>> counts[30, 3] = 70_000
    >>> len(pack(counts)), int(unpack(pack(counts), 4)[30, 3])
    (496, 70000)
    """
    least, most = counts.min(), counts.max()
    found = next(
        each for each in _TYPES if np.iinfo(each).min <= least and most <= np.iinfo(each).max
    )
    return counts.astype(found).tobytes()


def unpack(data: bytes, places: int) -> Counts:
    """Bytes as counts of shape (31, places), to be read only."""
    width = len(data) // (DAYS * places)
    return np.frombuffer(data, dtype=f"<i{width}").reshape(DAYS, places)
