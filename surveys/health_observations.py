"""What a back-test of the health score reads: accounts, month by month, and whether they left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from surveys.health import DEFAULT_WEIGHTS, Weights
from surveys.health_facts import COMPONENTS

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]

HORIZON_DAYS = 90


@dataclass(frozen=True, slots=True)
class Observation:
    """An account at the start of a month in which it had revenue; as was known then.

    month: its first day. score: 0..100, None below the least coverage. components: points 0..100
    by key; None, or absent: not known. churned: its revenue was 0 at some moment of the
    HORIZON_DAYS from `month` on; of no matter where they are not over. last_nps: 0..10, its
    last answer then. tenure_days: since its first subscription. weights: those of the score.

    Whoever makes it reads facts through `surveys.known.as_known` and leaves out accounts without
    revenue at the start of the month.
    """

    account: str
    month: date
    score: float | None
    components: Mapping[str, float | None]
    churned: bool
    last_nps: int | None
    tenure_days: int | None
    weights: Weights = DEFAULT_WEIGHTS


@dataclass(frozen=True, slots=True)
class Rows:
    """Observations in columns, each of length n; nan where not known.

    account: numbers, equal for rows of one account. month: days, as `date.toordinal`. points,
    weights: shape (n, 7), in the order of COMPONENTS.
    """

    account: Numbers
    month: Numbers
    score: Floats
    points: Floats
    weights: Floats
    churned: Flags
    last_nps: Floats
    tenure: Floats

    def __len__(self) -> int:
        return len(self.account)

    def where(self, chosen: Flags) -> Rows:
        """Only the rows chosen; shape (n,)."""
        return Rows(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @property
    def churned_accounts(self) -> int:
        """Accounts with a row that is followed by churn."""
        return len(np.unique(self.account[self.churned]))

    @property
    def staying_accounts(self) -> int:
        """Accounts with a row that is not."""
        return len(np.unique(self.account[~self.churned]))


def rows_of(observations: Sequence[Observation], *, until: date) -> tuple[Rows, int]:
    """Observations as columns, and how many were left out as their days are not over by `until`.

    until: the first day of which nothing is known yet. ValueError for a month that does not begin
    on a first, an account twice in a month, and numbers out of range.
    """
    over = []
    seen = set()
    for one in observations:
        _check(one)
        if (one.account, one.month) in seen:
            raise ValueError(f"{one.account}: expected every month once, got {one.month} again")
        seen.add((one.account, one.month))
        if one.month + timedelta(days=HORIZON_DAYS) <= until:
            over.append(one)
    return _columns(over), len(observations) - len(over)


def _columns(over: Sequence[Observation]) -> Rows:
    numbers: dict[str, int] = {}
    return Rows(
        account=np.array([numbers.setdefault(o.account, len(numbers)) for o in over], np.int64),
        month=np.array([o.month.toordinal() for o in over], np.int64),
        score=np.array([o.score for o in over], float),
        points=np.array(
            [[o.components.get(key) for key in COMPONENTS] for o in over], float
        ).reshape(-1, len(COMPONENTS)),
        weights=_weights(over),
        churned=np.array([o.churned for o in over], bool),
        last_nps=np.array([o.last_nps for o in over], float),
        tenure=np.array([o.tenure_days for o in over], float),
    )


def _weights(over: Sequence[Observation]) -> Floats:
    shares = {each: each.shares() for each in {o.weights for o in over}}
    return np.array([shares[o.weights] for o in over], float).reshape(-1, len(COMPONENTS))


def _check(one: Observation) -> None:
    if one.month.day != 1:
        raise ValueError(f"month: expected the first day of one, got {one.month}")
    if unknown := set(one.components) - set(COMPONENTS):
        raise ValueError(f"components: expected some of {', '.join(COMPONENTS)}, got {unknown}")
    for name, value, most in (
        ("score", one.score, 100.0),
        ("last_nps", one.last_nps, 10.0),
        ("tenure_days", one.tenure_days, float("inf")),
        *((key, points, 100.0) for key, points in one.components.items()),
    ):
        if value is not None and not 0 <= value <= most:
            raise ValueError(f"{name}: expected 0 to {most:g}, got {value!r}")
