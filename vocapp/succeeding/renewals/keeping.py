"""Pending work: every night what became of renewals, and at a month's beginning its forecast.

A batch of accounts is one row of work, as that of contacts (see touchpoints/planning.py). The
forecast of a month is recorded once, within its first days, and never again: what it was worth
can only be told from what was said beforehand.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from surveys.periods import local_day, period_end, period_start
from surveys.renewals import BAND_DAYS_BEFORE, PastRenewal
from vocapp import outbox
from vocapp.database import insert_absent, snapshot, transaction, utcnow
from vocapp.outbox import Pending
from vocapp.people.models import Account
from vocapp.succeeding.health.models import HealthDay
from vocapp.succeeding.renewals.models import RenewalOutcome, RenewalSnapshot
from vocapp.succeeding.renewals.reading import coming, decided_of
from vocapp.workspaces.nights import keep_nightly, time_zone_of
from vocapp.workspaces.reach import WHOLE_WORKSPACE

RENEWALS = "renewals"
BEGINNING_DAYS = 3  # later in a month its forecast would know too much
_BATCH = 500


def keep_daily(session: Session, rows: Sequence[Pending]) -> None:
    """Outbox effect: a batch of accounts, then the next; after the last of them the forecast."""
    now = utcnow()
    for row in rows:
        after = row.detail.get("after")
        last = keep_batch(session, row.workspace_id, UUID(after) if after else None, now=now)
        if last is not None:
            outbox.add(
                session, row.workspace_id, RENEWALS, row.workspace_id, now=now,
                detail={"after": str(last)}, priority=outbox.BACKLOG,
            )  # fmt: skip
            continue
        record_month(session, row.workspace_id, now=now)
        keep_nightly(session, row.workspace_id, RENEWALS, now=now, done=1, priority=outbox.BACKLOG)


def see_to_keeping(workspace_id: UUID, *, now: datetime) -> None:
    """Begin where nobody has begun; from then on it goes on by itself."""
    with snapshot() as session:
        if outbox.is_waiting(session, workspace_id, RENEWALS, workspace_id):
            return
    with transaction() as session:
        outbox.add(session, workspace_id, RENEWALS, workspace_id, now=now, priority=outbox.BACKLOG)
    outbox.ring(RENEWALS)


def keep_batch(
    session: Session, workspace_id: UUID, after: UUID | None, *, now: datetime
) -> UUID | None:
    """What became of the renewals of the next accounts by id; the last of them, or None."""
    query = select(Account.id).where(Account.workspace_id == workspace_id)
    if after is not None:
        query = query.where(Account.id > after)
    ids = session.scalars(query.order_by(Account.id).limit(_BATCH)).all()
    zone = time_zone_of(session, workspace_id)
    bands = _bands(session, workspace_id, ids)
    past = decided_of(session, workspace_id, ids, time_zone=zone, until=now)
    session.execute(
        delete(RenewalOutcome).where(
            RenewalOutcome.workspace_id == workspace_id, RenewalOutcome.account_id.in_(ids)
        )
    )
    insert_absent(
        session,
        RenewalOutcome,
        [
            _row(workspace_id, account_id, each, bands.get(account_id, []))
            for account_id, own in past.items()
            for each in own
        ],
    )
    return ids[-1] if len(ids) == _BATCH else None


def _bands(
    session: Session, workspace_id: UUID, account_ids: Sequence[UUID]
) -> Mapping[UUID, list[tuple[date, str | None]]]:
    found: dict[UUID, list[tuple[date, str | None]]] = defaultdict(list)
    for account_id, day, band in session.execute(
        select(HealthDay.account_id, HealthDay.day, HealthDay.band)
        .where(HealthDay.workspace_id == workspace_id, HealthDay.account_id.in_(account_ids))
        .order_by(HealthDay.day)
    ):
        found[account_id].append((day, band))
    return found


def _row(
    workspace_id: UUID,
    account_id: UUID,
    past: PastRenewal,
    bands: Sequence[tuple[date, str | None]],
) -> dict[str, Any]:
    then = min(past.due_on, past.decided_on) - timedelta(days=BAND_DAYS_BEFORE)
    place = bisect_right([day for day, _ in bands], then)
    currency = next(iter(past.due)) if len(past.due) == 1 else None
    return {
        "workspace_id": workspace_id, "account_id": account_id, "due_on": past.due_on,
        "decided_on": past.decided_on, "outcome": past.outcome,
        "band": bands[place - 1][1] if place else None,
        "mrr_minor": past.due[currency] if currency else None,
        "kept_minor": past.kept[currency] if currency else None, "currency": currency,
    }  # fmt: skip


def record_month(session: Session, workspace_id: UUID, *, now: datetime) -> None:
    """Record what is forecast of this month's renewals, if it has just begun; once."""
    today = local_day(now, time_zone_of(session, workspace_id))
    month = period_start(today, "month")
    is_recorded = exists().where(
        RenewalSnapshot.workspace_id == workspace_id, RenewalSnapshot.month == month
    )
    if (today - month).days >= BEGINNING_DAYS or session.scalar(select(is_recorded)):
        return
    found = coming(
        session, workspace_id, since=today, until=period_end(today, "month"), today=today,
        reach=WHOLE_WORKSPACE,
    )  # fmt: skip
    insert_absent(
        session,
        RenewalSnapshot,
        [
            {
                "workspace_id": workspace_id, "month": month, "account_id": each.account.id,
                "due_on": each.due_on, "chance": each.chance.value, "category": each.category,
                "is_word": each.word is not None, "mrr_minor": each.account.mrr_minor,
                "currency": each.account.currency, "taken_at": now,
            }
            for each in found
        ],
    )  # fmt: skip
