"""What accounts add to the sums of retention between two instants, as columns of all accounts.

The same as `retention.contribution` of each account and `retention.summed` of all, to the last
bit (a property in the tests), in a fraction of the time: accounts that only ever paid in one
currency, which nearly all do, are worked out together; the others one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from math import fsum, prod

import numpy as np
import numpy.typing as npt

from surveys.kept_histories import Ints, KeptBusiness
from surveys.retention import (
    COUNTS,
    WHOLE,
    Contribution,
    Totals,
    contribution,
    converted,
)
from surveys.subscriptions import Price, Rates

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
_MOST = 2**62  # of whole numbers of 8 bytes, with room for sums of two
ByCurrency = Mapping[str | None, Totals]


@dataclass(frozen=True, slots=True)
class _Paid:
    """Of accounts that only ever paid in one currency and pay at either instant: where each
    stands, the place of its currency, what it pays before and after and, of that, for products
    that it did not have before."""

    place: Ints
    currency: Ints
    before: Ints
    after: Ints
    added: Ints
    is_upsold: Flags
    is_added: Flags
    paid: Flags
    pays: Flags
    had_paid: Flags


@dataclass(frozen=True, slots=True)
class Moves:
    """rows: by account that is worked out with others, in the order of the fields of `Totals`.
    others: place of an account → its contribution. begun: places of all of whom anything was said
    before the end."""

    begun: Ints
    others: Mapping[int, Contribution]
    _currencies: Sequence[str]
    _currency: Ints
    _row_of: Ints  # by place; -1: none
    _whole: Ints
    _floats: Floats
    _has_counts: bool = True

    def totals(self, places: Ints) -> dict[str | None, Totals]:
        """As `retention.summed` of the accounts at these places, each once."""
        rows = self._row_of[places]
        rows = rows[rows >= 0]
        own: dict[str | None, list[tuple[float, ...]]] = {}
        if self.others:
            for place in set(places.tolist()) & self.others.keys():
                for currency, row in self.others[place]:
                    own.setdefault(currency, []).append(row)
        codes, first = np.unique(self._currency[rows], return_index=True)
        parts: dict[str | None, Ints] = {}
        if self._has_counts:
            parts[None] = rows
        for place in np.argsort(first).tolist():
            code = int(codes[place])
            parts[self._currencies[code]] = rows[self._currency[rows] == code]
        for currency in own:
            parts.setdefault(currency, rows[:0])
        return {
            currency: self._total(currency, part, own.get(currency, []))
            for currency, part in parts.items()
        }

    def _total(self, currency: str | None, rows: Ints, more: Sequence[tuple[float, ...]]) -> Totals:
        is_money = currency is not None
        whole = _sums(self._whole[rows] if is_money else self._whole[rows, :COUNTS])
        floats = self._floats[rows].T.tolist() if is_money else []
        for row in more:
            whole = [one + int(other) for one, other in zip(whole, row, strict=False)]
        for number, column in enumerate(floats):
            column += [row[WHOLE + number] for row in more]
        return Totals(currency, *whole, *map(fsum, floats))


def _sums(columns: Ints) -> list[int]:
    if not columns.size:
        return [0] * columns.shape[1]
    if int(columns.max()) < _MOST // len(columns):
        found: list[int] = columns.sum(axis=0).tolist()
        return found
    return [sum(column) for column in columns.T.tolist()]


@dataclass(frozen=True, slots=True)
class Moved:
    """own: by currency. in_base: in the base of rates; None without any."""

    own: Moves
    in_base: Moves | None


def moves(
    kept: KeptBusiness, start: datetime, end: datetime, *, rates: Rates | None = None
) -> Moved:
    """What every account that was kept adds between two instants."""
    first, last = kept.steps_before(start), kept.steps_before(end)
    currency, is_plain = _currencies(kept)
    begun = np.flatnonzero(last >= 0)
    pays = _counts(kept, first) + _counts(kept, last) > 0
    paid = _paid(kept, np.flatnonzero(is_plain & pays), currency, first, last)
    histories = {place: kept.history(place) for place in np.flatnonzero(~is_plain & pays).tolist()}
    both = {
        place: (history.before(start), history.before(end)) for place, history in histories.items()
    }
    own = Moves(
        begun,
        {place: contribution(*standings) for place, standings in both.items()},
        kept.currencies,
        paid.currency,
        _row_of(len(kept.ids), paid.place),
        *_rows(paid),
    )
    if rates is None:
        return Moved(own, None)
    in_base = _in_base(paid, kept.currencies, rates)
    others = {
        place: [each for each in rows if each[0] is not None]
        if {code for code, _ in rows} <= {rates.base, None}
        else converted(*both[place], rates=rates)
        for place, rows in own.others.items()
    }
    codes = np.zeros(len(in_base.place), np.int64)
    return Moved(
        own,
        Moves(
            begun, others, [rates.base], codes, _row_of(len(kept.ids), in_base.place),
            *_rows(in_base), _has_counts=False,
        ),
    )  # fmt: skip


def _row_of(count: int, places: Ints) -> Ints:
    found = np.full(count, -1)
    found[places] = np.arange(len(places))
    return found


def _currencies(kept: KeptBusiness) -> tuple[Ints, Flags]:
    """The place of the currency of each account, and whether it only ever had that one."""
    begins = kept.first_price[kept.first_step]
    found, is_plain = np.zeros(len(kept.ids), np.int64), np.ones(len(kept.ids), bool)
    has_any = np.flatnonzero(np.diff(begins) > 0)
    if has_any.size:
        found[has_any] = np.minimum.reduceat(kept.currency, begins[has_any])
        most = np.maximum.reduceat(kept.currency, begins[has_any])
        is_plain[has_any] = found[has_any] == most
    return found, is_plain


def _counts(kept: KeptBusiness, steps: Ints) -> Ints:
    """How many prices hold in each of these steps."""
    counts = kept.first_price[steps + 1] - kept.first_price[steps]
    return np.where(steps < 0, 0, counts)


def _paid(kept: KeptBusiness, places: Ints, currency: Ints, first: Ints, last: Ints) -> _Paid:
    before, after = first[places], last[places]
    whose, product, price = _prices(kept, before)
    of_after, product_after, price_after = _prices(kept, after)
    key, other = (
        who * (len(kept.products) + 1) + which
        for who, which in ((whose, product), (of_after, product_after))
    )
    order = np.argsort(key)
    known, place = key[order], np.searchsorted(key[order], other)
    at = np.minimum(place, max(0, len(known) - 1))
    is_known = np.zeros(len(other), bool)
    if known.size:
        is_known = (place < len(known)) & (known[at] == other)
        is_more = is_known & (price_after > price[order][at])
    else:
        is_more = is_known
    count = len(places)
    added = np.zeros(count, np.int64)
    np.add.at(added, of_after[~is_known], price_after[~is_known])
    return _Paid(
        place=places,
        currency=currency[places],
        before=_added(count, whose, price),
        after=_added(count, of_after, price_after),
        added=added,
        is_upsold=np.bincount(of_after[is_more], minlength=count) > 0,
        is_added=np.bincount(of_after[~is_known], minlength=count) > 0,
        paid=_counts(kept, before) > 0,
        pays=_counts(kept, after) > 0,
        had_paid=kept.first_paying[places] <= before,
    )


def _prices(kept: KeptBusiness, steps: Ints) -> tuple[Ints, Ints, Ints]:
    """All prices of these steps: of which of them, for which product, how much."""
    counts = _counts(kept, steps)
    whose = np.repeat(np.arange(len(steps)), counts)
    within = np.arange(len(whose)) - np.repeat(np.cumsum(counts) - counts, counts)
    at = np.repeat(kept.first_price[steps], counts) + within
    return whose, kept.product[at], kept.amount[at]


def _added(count: int, whose: Ints, amounts: Ints) -> Ints:
    found = np.zeros(count, np.int64)
    np.add.at(found, whose, amounts)
    return found


def _in_base(paid: _Paid, currencies: Sequence[str], rates: Rates) -> _Paid:
    """Of accounts whose currency has a rate; what each pays is rounded once."""
    known = np.array([rates.knows(code) for code in currencies], bool)
    chosen = np.flatnonzero(known[paid.currency]) if known.size else np.zeros(0, np.int64)
    parts = {
        name: getattr(paid, name)[chosen] for name in _Paid.__slots__
    }  # fmt: skip
    for code, name in enumerate(currencies):
        is_it = parts["currency"] == code
        if name != rates.base and is_it.any():
            worth = rates.convert(Price(1, name))
            for column in ("before", "after", "added"):
                parts[column][is_it] = _worth(parts[column][is_it], worth)
    return _Paid(**parts)


def _worth(amounts: Ints, worth: Fraction) -> list[int]:
    return [round(amount * worth) for amount in amounts.tolist()]


def _rows(paid: _Paid) -> tuple[Ints, Floats]:
    """As `retention._row` has them: whole numbers, and squares and products."""
    start, end, zero = paid.before, paid.after, np.zeros(len(paid.place), np.int64)
    gain = np.where(paid.paid, np.maximum(0, end - start), zero)
    loss = np.where(paid.paid, np.maximum(0, start - end), zero)
    come = np.where(paid.paid, zero, end)
    cross_sell = np.where(paid.paid, np.minimum(gain, paid.added), zero)
    came = paid.pays & ~paid.paid
    whole = np.column_stack(
        [
            paid.paid, paid.paid & ~paid.pays, paid.paid & paid.is_upsold,
            paid.paid & paid.is_added, paid.pays, came & ~paid.had_paid, came & paid.had_paid,
            start, gain - cross_sell, cross_sell,
            np.where(paid.pays, loss, zero), np.where(paid.pays, zero, loss),
            np.where(paid.had_paid, zero, come), np.where(paid.had_paid, come, zero),
        ]
    ).astype(np.int64)  # fmt: skip
    floats = np.column_stack(
        [
            _product(start, start), _product(gain, gain), _product(loss, loss),
            _product(start, gain), _product(start, loss), _product(end, end),
            _product(end, end, end),
        ]
    )  # fmt: skip
    return whole, floats


def _product(*numbers: Ints) -> Floats:
    """Rounded once, as that of whole numbers of any size is; most of some are 0."""
    found = np.zeros(len(numbers[0]))
    (places,) = np.nonzero(np.all([each != 0 for each in numbers], axis=0))
    if not places.size:
        return found
    parts = [each[places] for each in numbers]
    if prod(int(part.max()) for part in parts) < _MOST:
        whole = parts[0]
        for part in parts[1:]:
            whole = whole * part
        found[places] = whole.astype(np.float64)
    else:
        found[places] = [
            float(prod(each)) for each in zip(*(p.tolist() for p in parts), strict=True)
        ]
    return found
