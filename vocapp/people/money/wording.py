"""Rates in words."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from surveys.exchange import StatedRate
from vocapp.translating import gettext as _
from vocapp.ui.formats import local_date, number, word_list


def rate_text(rate: Decimal) -> str:
    """All digits that were stated."""
    exponent = rate.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return number(rate, max(0, -exponent))


def rates_text(base: str, rates: Sequence[StatedRate]) -> str:
    """Which rates were used, and since when each holds."""
    return word_list(
        [
            _(
                "1 %(currency)s = %(rate)s %(base)s (from %(day)s)",
                currency=each.currency, rate=rate_text(each.rate), base=base,
                day=local_date(each.since),
            )
            for each in rates
        ]
    )  # fmt: skip
