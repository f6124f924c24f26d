"""Pending work: every night what became of renewals, and at a month's beginning its forecast.

A batch of accounts is one row of work, as that of contacts (see touchpoints/planning.py). The
forecast of a month is recorded once, within its first days, and never again: what it was worth
can only be told from what was said beforehand.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
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
from vocapp.succeeding.renewals.deciding import decided_of
from vocapp.succeeding.renewals.models import RenewalOutcome, RenewalSnapshot
from vocapp.succeeding.renewals.past_health import bands_before
from vocapp.succeeding.renewals.reading import PAST_DAYS, Asked, chances_of, coming
from vocapp.workspaces.nights import keep_nightly, time_zone_of
from vocapp.workspaces.reach import WHOLE_WORKSPACE

RENEWALS = "renewals"
BEGINNING_DAYS = 3  # later in a month its forecast would know too much
_BATCH = 500
# Accounts of a batch whose bands are worked out from all their events: the database is held
# while it lasts, and whoever answers a survey waits.
_MOST_RECALLED = 50


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
    is_last = len(ids) < _BATCH
    zone = time_zone_of(session, workspace_id)
    past = decided_of(session, workspace_id, ids, time_zone=zone, until=now)
    bands, missing = _bands_then(session, workspace_id, past, today=local_day(now, zone))
    if missing:
        ids, is_last = _up_to(ids, {account_id for account_id, _ in missing}, is_last)
        past = {account_id: past[account_id] for account_id in ids if account_id in past}
        missing = {key: who for key, who in missing.items() if key[0] in past}
        found = bands_before(session, workspace_id, set(missing.values()), time_zone=zone)
        bands |= {key: found[who] for key, who in missing.items()}
    session.execute(
        delete(RenewalOutcome).where(
            RenewalOutcome.workspace_id == workspace_id, RenewalOutcome.account_id.in_(ids)
        )
    )
    insert_absent(
        session,
        RenewalOutcome,
        [
            _row(workspace_id, account_id, each, bands[account_id, each.due_on])
            for account_id, own in past.items()
            for each in own
        ],
    )
    return None if is_last else ids[-1]


def _up_to(
    ids: Sequence[UUID], recalled: Collection[UUID], is_last: bool
) -> tuple[Sequence[UUID], bool]:
    """As many of a batch as hold few enough accounts whose past is read; whether no more follow."""
    places = [place for place, account_id in enumerate(ids) if account_id in recalled]
    if len(places) <= _MOST_RECALLED:
        return ids, is_last
    return ids[: places[_MOST_RECALLED]], False


_Renewal = tuple[UUID, date]  # account, due day


def _bands_then(
    session: Session,
    workspace_id: UUID,
    past: Mapping[UUID, Sequence[PastRenewal]],
    *,
    today: date,
) -> tuple[dict[_Renewal, str | None], dict[_Renewal, tuple[UUID, date]]]:
    """The band BAND_DAYS_BEFORE a renewal was decided, as it was kept then or worked out before;
    and those whose band has yet to be worked out, with the account and month that tell it."""
    kept = _days_of(session, workspace_id, past)
    known = {
        (account_id, due_on): band
        for account_id, due_on, band in session.execute(
            select(RenewalOutcome.account_id, RenewalOutcome.due_on, RenewalOutcome.band).where(
                RenewalOutcome.workspace_id == workspace_id, RenewalOutcome.account_id.in_(past)
            )
        )
    }
    found: dict[_Renewal, str | None] = {}
    missing: dict[_Renewal, tuple[UUID, date]] = {}
    for account_id, own in past.items():
        days = kept.get(account_id, [])
        for each in own:
            key = account_id, each.due_on
            then = min(each.due_on, each.decided_on) - timedelta(days=BAND_DAYS_BEFORE)
            place = bisect_right([day for day, _ in days], then)
            found[key] = days[place - 1][1] if place else known.get(key)
            if not place and key not in known and (today - each.due_on).days <= PAST_DAYS:
                missing[key] = account_id, period_start(then, "month")
    return found, missing


def _days_of(
    session: Session, workspace_id: UUID, account_ids: Collection[UUID]
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
    band: str | None,
) -> dict[str, Any]:
    currency = next(iter(past.due)) if len(past.due) == 1 else None
    return {
        "workspace_id": workspace_id, "account_id": account_id, "due_on": past.due_on,
        "decided_on": past.decided_on, "outcome": past.outcome,
        "band": band,
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
    asked = Asked(today, period_end(today, "month"), today, WHOLE_WORKSPACE)
    chances = chances_of(session, workspace_id, reach=WHOLE_WORKSPACE, today=today)
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
            for each in coming(session, workspace_id, asked, chances)
        ],
    )  # fmt: skip
