"""Countries and their public holidays."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from babel.core import get_global
from holidays import list_supported_countries

from surveys.working_time import public_holidays

# A clock of 90 days, at the fewest hours that make sense, ends within two years.
_YEARS_AHEAD = 2


def country_of(time_zone: str) -> str:
    """Where a time zone belongs to one; empty where it does not, or its holidays are not known.

    >>> country_of("Asia/Tokyo"), country_of("UTC")
    ('JP', '')
    """
    country = get_global("zone_territories").get(time_zone, "")
    return country if country in list_supported_countries(include_aliases=False) else ""


@lru_cache(maxsize=64)
def holidays_of(country: str, subdivision: str, year: int) -> frozenset[date]:
    """Public holidays from the year before to two years after; none without a country."""
    if not country:
        return frozenset()
    years = range(year - 1, year + _YEARS_AHEAD + 1)
    return frozenset(public_holidays(country, subdivision or None, years))
