"""Attributes as segments: numbers in bands.

Band labels are values of attributes (stored, filtered by, exported), so they are short, the
same in every language, and stable: an edge belongs to the band above it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isnan

from surveys.suppression import suppress

__all__ = [
    "band",
    "minor_units_per_major",
    "revenue_band",
    "suggested_edges",
    "suppress",
    "tenure_band",
]

_TENURE = ((90, "<3m"), (365, "3-12m"), (730, "1-2y"))

# ISO 4217: currencies whose minor unit is not a hundredth.
_NO_MINOR_UNIT = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
_UNITS = dict.fromkeys(_NO_MINOR_UNIT.split(), 1) | dict.fromkeys(_THOUSANDTHS.split(), 1_000)

# Orders of magnitude of one US dollar, only so that bands of different currencies hold customers
# of a similar size. They are not rates: nothing is converted by them.
_MAGNITUDES = {
    10: "CNY HKD SEK NOK DKK MXN ZAR CZK THB TRY MAD EGP UAH TWD",
    100: "JPY INR PHP RUB HUF ISK PKR BDT LKR KES NPR",
    1_000: "KRW CLP NGN ARS COP MMK IQD",
    10_000: "VND IDR IRR LAK UZS PYG",
}
_MAGNITUDE_OF = {code: size for size, codes in _MAGNITUDES.items() for code in codes.split()}
_REVENUE_EDGES = (100, 1_000, 10_000)  # a month, in units of the magnitude above


def band(value: float | int | None, edges: Sequence[float]) -> str | None:
    """The half-open band of a number, or None for no number.

    edges: ascending, at least one; ValueError otherwise.

    >>> [band(n, [10, 50]) for n in (9, 10, 49.5, 50, None)]
    ['<10', '10-<50', '10-<50', '>=50', None]
    """
    if not edges or any(low >= high for low, high in pairwise(edges)):
        raise ValueError(f"edges: expected ascending numbers, at least one, got {list(edges)}")
    if value is None or isnan(value):
        return None
    if value < edges[0]:
        return f"<{edges[0]}"
    for low, high in pairwise(edges):
        if value < high:
            return f"{low}-<{high}"
    return f">={edges[-1]}"


def suggested_edges(values: Sequence[float]) -> list[float]:
    """Edges that put about a quarter of the values into each band, rounded to one digit.

    values: finite numbers, in any order. Fewer than two distinct ones give no edges.

    >>> suggested_edges(range(1, 1001)), suggested_edges([0, 0, 0, 7]), suggested_edges([3, 3])
    ([300, 500, 800], [7], [])
    """
    ordered = sorted(values)
    if not ordered or ordered[0] == ordered[-1]:
        return []
    quartiles = (ordered[len(ordered) * part // 4] for part in (1, 2, 3))
    rounded = {_one_digit(value) for value in quartiles}
    return sorted(edge for edge in rounded if ordered[0] < edge <= ordered[-1])


def _one_digit(value: float) -> float:
    number = float(f"{value:.1g}")
    return int(number) if number.is_integer() else number


def tenure_band(days: int | None) -> str | None:
    """How long someone has been a customer; None where unknown or not begun.

    >>> [tenure_band(days) for days in (0, 90, 364, 365, 730, -1, None)]
    ['<3m', '3-12m', '3-12m', '1-2y', '>=2y', None, None]
    """
    if days is None or days < 0:
        return None
    return next((label for end, label in _TENURE if days < end), ">=2y")


def revenue_band(mrr_minor: int | None, currency: str | None) -> str | None:
    """Monthly revenue in a band of its own currency; None where either is unknown.

    mrr_minor: in minor units of the currency (ISO 4217). Bands of different currencies are
    different segments: to merge them would need rates.

    >>> revenue_band(120_000, "JPY"), revenue_band(120_000, "USD"), revenue_band(0, "EUR")
    ('JPY 100000-<1000000', 'USD 1000-<10000', 'EUR 0')
    """
    if mrr_minor is None or not currency:
        return None
    if mrr_minor <= 0:
        return f"{currency} 0"
    major = mrr_minor / minor_units_per_major(currency)
    scale = magnitude(currency)
    return f"{currency} {band(major, [edge * scale for edge in _REVENUE_EDGES])}"


def minor_units_per_major(currency: str) -> int:
    """How many minor units make one unit of a currency.

    >>> minor_units_per_major("JPY"), minor_units_per_major("EUR"), minor_units_per_major("KWD")
    (1, 100, 1000)
    """
    return _UNITS.get(currency, 100)


def magnitude(currency: str) -> int:
    """Power of ten of one US dollar in a currency; 1 where unknown. Not a rate.

    >>> magnitude("JPY"), magnitude("GBP")
    (100, 1)
    """
    return _MAGNITUDE_OF.get(currency, 1)
