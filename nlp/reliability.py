"""Whether probabilities mean what they say, and how sure a share of a few cases is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.special import ndtri

_Z = float(ndtri(0.975))


@dataclass(frozen=True, slots=True)
class Share:
    """hits of n with the 95 % interval of their share, all 0…1."""

    hits: int
    n: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.hits / self.n


def share_of(hits: int, n: int) -> Share | None:
    """A share with Wilson's interval (JASA 22, 1927); None of no cases.

    >>> found = share_of(8, 10)
    >>> round(found.low, 2), found.value, round(found.high, 2)
    (0.49, 0.8, 0.94)
    """
    if not n:
        return None
    share, room = hits / n, _Z * _Z / n
    middle = (share + room / 2) / (1 + room)
    half = _Z * sqrt(share * (1 - share) / n + room / (4 * n)) / (1 + room)
    # At the ends rounding alone would move the border.
    low = 0.0 if hits == 0 else middle - half
    high = 1.0 if hits == n else middle + half
    return Share(hits, n, low, high)


@dataclass(frozen=True, slots=True)
class Bin:
    """Claims of like probability: the mean that was said (0…1), and how many came true."""

    said: float
    true: Share


def reliability(
    said: Sequence[float], true: Sequence[bool], *, most: int = 10, fewest: int = 10
) -> tuple[Bin, ...]:
    """Bins of equal size by what was said, lowest first; none where there are too few claims.

    said: (n,) probabilities; true: (n,) whether each came true. most: bins at most; fewest:
    claims in each at least. The order of the claims decides nothing. Raises ValueError on
    unequal lengths. After Niculescu-Mizil and Caruana, "Predicting good probabilities with
    supervised learning" (ICML 2005), with bins of equal mass.
    """
    if len(said) != len(true):
        raise ValueError(f"true: expected {len(said)} entries, got {len(true)}")
    count = min(most, len(said) // fewest)
    if not count:
        return ()
    chances, came = np.asarray(said, dtype=np.float64), np.asarray(true, dtype=bool)
    order = np.lexsort((came, chances))
    bins = []
    for part in np.array_split(order, count):
        found = share_of(int(came[part].sum()), len(part))
        assert found is not None
        bins.append(Bin(float(chances[part].mean()), found))
    return tuple(bins)


def calibration_gap(bins: Sequence[Bin]) -> float | None:
    """Expected calibration error: mean of |said - true| over claims, 0…1; None without bins."""
    n = sum(each.true.n for each in bins)
    if not n:
        return None
    return sum(each.true.n * abs(each.said - each.true.value) for each in bins) / n
