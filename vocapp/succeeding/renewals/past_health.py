"""The health that accounts had before health was kept, from what is dated before that day.

Unlike the back-test of the score this counts what came in later too: a history that is imported
on the first day says at once how renewals of good and of bad health went.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from surveys.health import Band, health
from surveys.periods import day_bounds, period_start
from vocapp.succeeding.backtest.recalling import read_past, told_at
from vocapp.succeeding.health.keeping import rules_of

BATCH = 100  # accounts whose events are held at once

Asked = tuple[UUID, date]


def bands_before(
    session: Session, workspace_id: UUID, asked: set[Asked], *, time_zone: str
) -> Mapping[Asked, Band | None]:
    """(account, day) → the band at the beginning of the day's month, by the weights of today;
    None where too little is known for a score."""
    found: dict[Asked, Band | None] = {}
    months = sorted({period_start(day, "month") for _, day in asked})
    instants = {month: day_bounds(month, time_zone)[0] for month in months}
    told = {
        month: told_at(session, workspace_id, instant, by_date=True)
        for month, instant in instants.items()
    }
    ids = sorted({account_id for account_id, _ in asked})
    for start in range(0, len(ids), BATCH):
        batch = set(ids[start : start + BATCH])
        rules = rules_of(session, workspace_id, batch)
        past = read_past(session, workspace_id, sorted(batch), time_zone=time_zone, kept_since=None)
        for month, instant in instants.items():
            here = [each for each in asked if each[0] in batch and _month_of(each) == month]
            facts = past.facts(instant, told[month]) if here else {}
            for account_id, day in here:
                by = rules[account_id]
                known = health(facts[account_id], weights=by.weights, bands=by.bands)
                found[account_id, day] = known.band
    return found


def _month_of(asked: Asked) -> date:
    return period_start(asked[1], "month")
