"""The health that accounts had before health was kept, from what is dated before that day.

Unlike the back-test of the score this counts what came in later too: a history that is imported
on the first day says at once how renewals of good and of bad health went.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from surveys.health import Band, health
from surveys.periods import day_bounds
from vocapp.succeeding.backtest.recalling import read_past, told_at
from vocapp.succeeding.health.schemes import scheme_in_force
from vocapp.succeeding.health.segmenting import facts_by_account

BATCH = 100  # accounts whose events are held at once

Asked = tuple[UUID, date]


def bands_before(
    session: Session, workspace_id: UUID, asked: Collection[Asked], *, time_zone: str
) -> Mapping[Asked, Band | None]:
    """(account, first day of a month) → the band when that month began, by the weights and limits
    of today; None where too little is known for a score."""
    moments = {}
    for month in sorted({month for _, month in asked}):
        instant = day_bounds(month, time_zone)[0]
        moments[month] = instant, told_at(session, workspace_id, instant, by_date=True)
    months_of: dict[UUID, set[date]] = defaultdict(set)
    for account_id, month in asked:
        months_of[account_id].add(month)
    scheme = scheme_in_force(session, workspace_id)
    found: dict[Asked, Band | None] = {}
    ids = sorted(months_of)
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        told = facts_by_account(session, workspace_id, batch)
        past = read_past(session, workspace_id, batch, time_zone=time_zone, kept_since=None)
        for month in sorted(set().union(*(months_of[each] for each in batch))):
            facts = past.facts(*moments[month])
            for account_id in batch:
                if month in months_of[account_id]:
                    weights = scheme.weights_of(told[account_id])
                    known = health(facts[account_id], weights=weights, bands=scheme.bands)
                    found[account_id, month] = known.band
    return found
