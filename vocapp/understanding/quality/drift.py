"""Reads: whether what customers write moves away from what the model knows, by month.

Read off a random sample of all comments (the lowest lots), so that a million of them take no
longer than a few thousand. Each comment stands with what the version of the model said that read
it last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import sqrt
from uuid import UUID

import numpy as np
from scipy.special import stdtrit
from sqlalchemy import select

from nlp.reliability import share_of
from surveys.periods import local_day
from vocapp.collecting.models import Response
from vocapp.extensions import db
from vocapp.understanding.models import Doubt

SAMPLE = 6_000
MONTHS = 12
ENOUGH = 10  # comments of a month from which on something is told of it


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean with its 95 % interval, all 0…1; None: too few to tell."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class DriftMonth:
    """A month's comments in the sample. top: probability of the likeliest theme; silent: share
    without any theme; unseen: share of words that none of the model's examples had."""

    start: date
    n: int
    top: Mean
    silent: Mean
    unseen: Mean


_UNKNOWN = Mean(None, None, None)


def drift(workspace_id: UUID, *, time_zone: str, now: datetime) -> tuple[DriftMonth, ...]:
    """The last twelve months that have comments, oldest first."""
    sample = (
        select(Doubt.response_id, Doubt.top, Doubt.unseen, Doubt.themes)
        .where(Doubt.workspace_id == workspace_id)
        .order_by(Doubt.lot)
        .limit(SAMPLE)
        .subquery()
    )
    rows = db.session.execute(
        select(Response.answered_at, sample.c.top, sample.c.unseen, sample.c.themes)
        .join(sample, sample.c.response_id == Response.id)
        .where(Response.workspace_id == workspace_id)
    )
    first = _months_before(local_day(now, time_zone).replace(day=1), MONTHS - 1)
    months: dict[date, list[tuple[float, bool, float | None]]] = defaultdict(list)
    for answered_at, top, unseen, themes in rows:
        month = local_day(answered_at, time_zone).replace(day=1)
        if month >= first:
            months[month].append((top, not any(each[1] >= each[2] for each in themes), unseen))
    return tuple(_month(start, months[start]) for start in sorted(months))


def _months_before(start: date, months: int) -> date:
    """
    >>> _months_before(date(2026, 3, 1), 11)
    datetime.date(2025, 4, 1)
    """
    count = start.year * 12 + start.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


def _month(start: date, found: Sequence[tuple[float, bool, float | None]]) -> DriftMonth:
    silent = share_of(sum(each[1] for each in found), len(found))
    enough = len(found) >= ENOUGH
    return DriftMonth(
        start=start,
        n=len(found),
        top=mean_of([each[0] for each in found]),
        silent=Mean(silent.value, silent.low, silent.high) if silent and enough else _UNKNOWN,
        unseen=mean_of([each[2] for each in found if each[2] is not None]),
    )


def mean_of(values: Sequence[float]) -> Mean:
    """The mean of shares with a t interval, cut at 0 and 1."""
    n = len(values)
    if n < ENOUGH:
        return _UNKNOWN
    mean = float(np.mean(values))
    half = float(stdtrit(n - 1, 0.975)) * float(np.std(values, ddof=1)) / sqrt(n)
    return Mean(mean, max(mean - half, 0.0), min(mean + half, 1.0))
