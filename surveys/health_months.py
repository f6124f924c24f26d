"""A back-test of the health score month by month, so that a person can follow what was counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from surveys.health_observations import Floats, Rows


@dataclass(frozen=True, slots=True)
class Month:
    """Accounts with revenue at the start of a month.

    n: accounts. scored: of them with a score. left: of the scored, followed by churn. of_left,
    of_others: mean scores of those and of the rest, None where there is nobody.
    """

    month: date
    n: int
    scored: int
    left: int
    of_left: float | None
    of_others: float | None


def months_of(rows: Rows) -> tuple[Month, ...]:
    """Every month that has rows, the oldest first."""
    found = []
    for ordinal in np.unique(rows.month).tolist():
        own = rows.where(rows.month == ordinal)
        scored = own.where(~np.isnan(own.score))
        found.append(
            Month(
                month=date.fromordinal(ordinal),
                n=len(own),
                scored=len(scored),
                left=int(scored.churned.sum()),
                of_left=_mean(scored.score[scored.churned]),
                of_others=_mean(scored.score[~scored.churned]),
            )
        )
    return tuple(found)


def _mean(scores: Floats) -> float | None:
    return float(scores.mean()) if len(scores) else None
