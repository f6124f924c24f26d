"""Who renews: rates of groups, such as promoters and detractors, and whether they differ.

Several renewals of one account are alike, so that they tell less than those of as many accounts.
Which account each was of need not be kept: accounts are dealt into lots by chance, once and for
all, and what happened in a lot is summed. Lots are independent of one another as accounts are, and
their sums of months add up (random groups: Wolter, Introduction to Variance Estimation, 2007).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar
from uuid import UUID

import numpy as np
import numpy.typing as npt

from surveys.inference import (
    Difference,
    against_rest,
    benjamini_hochberg,
    difference,
    estimate_clustered,
)
from surveys.ratios import Figure

LOTS = 1_000  # up to some hundred accounts most are alone in theirs


class Decided(NamedTuple):
    """How many renewals came, and how many did not."""

    renewed: int
    lost: int


Group = TypeVar("Group", bound=Hashable)
Lots = Mapping[int, Decided]  # lot → what happened in it


def lot_of(account_id: UUID) -> int:
    """The lot of an account, for ever; 0 <= lot < LOTS. Its identifier ends in what is random.

    >>> lot_of(UUID(int=1_000_007))
    7
    """
    return account_id.int % LOTS


def lots_of_keys(accounts: bytes) -> npt.NDArray[np.int64]:
    """The same of many; accounts: the 16 bytes of each identifier, after one another.

    >>> lots_of_keys(UUID(int=2**80 + 7).bytes + UUID(int=1_000_007).bytes)
    array([183,   7])
    """
    high, low = np.frombuffer(accounts, ">u8").reshape(-1, 2).T % LOTS
    return ((high * (2**64 % LOTS) + low) % LOTS).astype(np.int64)


def lots_of(decided: Iterable[tuple[UUID, bool]]) -> dict[int, Decided]:
    """Sums of lots from renewals: (account, whether it was renewed).

    >>> lots_of([(UUID(int=7), True), (UUID(int=1_007), False), (UUID(int=7), True)])
    {7: Decided(renewed=2, lost=1)}
    """
    return _summed(
        (lot_of(account_id), is_renewed, not is_renewed) for account_id, is_renewed in decided
    )


def by_lot(lots: npt.NDArray[np.int64], is_renewed: npt.NDArray[np.bool_]) -> dict[int, Decided]:
    """Sums of lots from columns of renewals: the lot of the account, and whether it was renewed.

    >>> by_lot(np.array([7, 0, 7, 7]), np.array([True, False, True, False]))
    {0: Decided(renewed=0, lost=1), 7: Decided(renewed=2, lost=1)}
    """
    renewed, lost = (
        np.bincount(lots[which], minlength=LOTS) for which in (is_renewed, ~is_renewed)
    )
    (known,) = np.nonzero(renewed + lost)
    return {
        lot: Decided(came, did_not)
        for lot, came, did_not in zip(
            known.tolist(), renewed[known].tolist(), lost[known].tolist(), strict=True
        )
    }


def added(parts: Iterable[Lots]) -> dict[int, Decided]:
    """Sums of sums, such as those of months."""
    return _summed((lot, *own) for part in parts for lot, own in part.items())


def _summed(told: Iterable[tuple[int, int, int]]) -> dict[int, Decided]:
    """Of lots: (lot, how many renewals came, how many did not)."""
    found: dict[int, list[int]] = {}
    for lot, renewed, lost in told:
        sums = found.get(lot)
        if sums is None:
            found[lot] = [renewed, lost]
        else:
            sums[0] += renewed
            sums[1] += lost
    return {lot: Decided(*sums) for lot, sums in found.items()}


@dataclass(frozen=True, slots=True)
class GroupRate:
    """How many of a group's renewals came, as a fraction; n counts renewals.

    p_value: of the group renewing like all others; None where there are none. differs: after
    Benjamini and Hochberg over the groups.
    """

    rate: Figure
    p_value: float | None
    differs: bool | None


def renewal_rates(
    groups: Mapping[Group, Lots], overall: Lots, *, level: float = 0.95
) -> dict[Group, GroupRate]:
    """Renewal rate of every group, against all that are not in it.

    groups: each a part of overall, of accounts that may be in several (ValueError where there is
    more in one than in all). The interval is cluster-robust (`estimate_clustered`), and the test
    divides by the design effect of all. Associated, not caused.

    >>> groups = {"promoter": {n: Decided(n >= 7, n < 7) for n in range(100)},
    ...           "detractor": {n: Decided(n >= 129, n < 129) for n in range(100, 200)}}
    >>> found = renewal_rates(groups, added(groups.values()))
    >>> [(name, each.rate.value, each.differs) for name, each in found.items()]
    [('promoter', 0.93, True), ('detractor', 0.71, True)]
    """
    everybody, effect = _counts(overall), _design_effect(overall)
    p_values = [
        against_rest("csat", _counts(own), everybody, design_effect=effect)
        for own in groups.values()
    ]
    verdicts = benjamini_hochberg(p_values)
    return {
        name: GroupRate(renewal_rate(own, level=level), p_value, differs)
        for (name, own), p_value, differs in zip(groups.items(), p_values, verdicts, strict=True)
    }


def renewal_rate(lots: Lots, *, level: float = 0.95) -> Figure:
    """The share of renewals that came, in 0..1, with its interval."""
    found = estimate_clustered("csat", _rows(lots), level=level)
    if found.value is None or found.low is None or found.high is None:
        return Figure(None, found.n)
    renewed = sum(each.renewed for each in lots.values())
    return Figure(renewed / found.n, found.n, found.low / 100, found.high / 100)


def renewal_difference(first: Lots, second: Lots, *, level: float = 0.95) -> Difference:
    """Renewal rate of the first group minus the second, as fractions, with interval and test.

    See `surveys.inference.difference`; each group counts as many fewer renewals as its design
    effect says. An account in both groups at different times is taken as two.
    """
    found = difference(
        "csat",
        _counts(first),
        _counts(second),
        level=level,
        design_effects=(_design_effect(first), _design_effect(second)),
    )
    value, low, high = (
        None if each is None else each / 100 for each in (found.value, found.low, found.high)
    )
    return Difference(value, low, high, found.p_value)


def _rows(lots: Lots) -> list[list[int]]:
    """As answers to "satisfied or not", so that the methods of shares serve renewals."""
    return [[lost, 0, 0, 0, renewed] for renewed, lost in lots.values()] or [[0] * 5]


def _counts(lots: Lots) -> list[int]:
    return [sum(column) for column in zip(*_rows(lots), strict=True)]


def _design_effect(lots: Lots) -> float:
    return estimate_clustered("csat", _rows(lots)).design_effect or 1.0
