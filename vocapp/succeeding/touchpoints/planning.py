"""Pending work: plan the contacts of the next weeks, once a day, account by account.

A batch of accounts is one row of work: its effect and the row that goes on behind it commit
together, so that an interrupted day goes on where it was. What is planned has the identity that
`surveys.touchpoints` gives it, so that planning twice plans once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, update
from sqlalchemy.orm import Session

from surveys import lifecycle
from surveys.periods import local_day
from surveys.touchpoints import (
    Due,
    Occurrence,
    TouchModel,
    default_model,
    due_touchpoints,
    working_days,
)
from vocapp import outbox
from vocapp.database import insert_absent, scoped, snapshot, transaction, utcnow, uuid7
from vocapp.outbox import Pending
from vocapp.people.events.subscriptions import changes_of, current
from vocapp.people.models import Account
from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.workspaces.nights import keep_nightly, time_zone_of

PLAN = "touchpoints"
HORIZON_DAYS = 30
_BATCH = 200
Plans = Mapping[Occurrence, TouchpointPlan]


def plan_daily(session: Session, rows: Sequence[Pending]) -> None:
    """Outbox effect: plan for a batch of accounts, then go on with the next, or wait a day.

    detail: {"after": the account that the batch before ended with}, or nothing.
    """
    now = utcnow()
    for row in rows:
        after = row.detail.get("after")
        last = plan_batch(
            session, row.workspace_id, UUID(after) if after else None, now=now
        )  # fmt: skip
        if last is None:
            keep_planning(session, row.workspace_id, now=now, done=1)
        else:
            outbox.add(
                session, row.workspace_id, PLAN, row.workspace_id, now=now,
                detail={"after": str(last)}, priority=outbox.BACKLOG,
            )  # fmt: skip


def keep_planning(session: Session, workspace_id: UUID, *, now: datetime, done: int = 0) -> None:
    """See to it that contacts are planned when the next day begins; see `keep_nightly`."""
    keep_nightly(session, workspace_id, PLAN, now=now, done=done, priority=outbox.BACKLOG)


def see_to_planning(workspace_id: UUID, *, now: datetime) -> None:
    """Begin to plan where nobody has begun; from then on it goes on by itself."""
    with snapshot() as session:
        if outbox.is_waiting(session, workspace_id, PLAN, workspace_id):
            return
    with transaction() as session:
        if outbox.is_waiting(session, workspace_id, PLAN, workspace_id):
            return
        outbox.add(session, workspace_id, PLAN, workspace_id, now=now, priority=outbox.BACKLOG)
    outbox.ring(PLAN)


def begin_planning(
    session: Session, workspace_id: UUID, _accounts: Collection[UUID], now: datetime
) -> None:
    """The same for accounts to which something happened, in the caller's transaction."""
    if not outbox.pending_count(session, workspace_id, PLAN):
        outbox.add(session, workspace_id, PLAN, workspace_id, now=now, priority=outbox.BACKLOG)


def plan_all(workspace_id: UUID, *, now: datetime) -> None:
    """Plan for all accounts now, a transaction a batch."""
    after: UUID | None = None
    while True:
        with transaction() as session:
            after = plan_batch(session, workspace_id, after, now=now)
        if after is None:
            return


def plan_batch(
    session: Session, workspace_id: UUID, after: UUID | None, *, now: datetime
) -> UUID | None:
    """Plan for the next accounts by id; the last of them, or None where there are no more."""
    zone = time_zone_of(session, workspace_id)
    query = scoped(Account, workspace_id).where(
        or_(Account.started_on.is_not(None), Account.renewal_on.is_not(None))
    )
    if after is not None:
        query = query.where(Account.id > after)
    accounts = session.scalars(query.order_by(Account.id).limit(_BATCH)).all()
    ids = [account.id for account in accounts]
    lost = _lost_days(session, workspace_id, ids, zone)
    plans = _plans(session, workspace_id, ids)
    today, model = local_day(now, zone), default_model()
    new: list[dict[str, Any]] = []
    for account in accounts:
        found = _due(model, account, lost.get(account.id), plans[account.id], today)
        new += _apply(session, account, plans[account.id], found, now=now)
    insert_absent(session, TouchpointPlan, new)
    return ids[-1] if len(ids) == _BATCH else None


def _due(
    model: TouchModel, account: Account, lost_on: date | None, plans: Plans, today: date
) -> list[Due]:
    """What the model says of an account: a person looks after it where it has an owner."""
    known = lifecycle.Account(
        key=account.external_id,
        started_on=account.started_on,
        renewal_on=account.renewal_on,
        lost_on=lost_on,
        touch="high" if account.owner_user_id else "tech",
    )
    planned = [each for each, row in plans.items() if row.state == "planned"]
    done = [each for each, row in plans.items() if row.state != "planned"]
    return due_touchpoints(
        model, known, today, done, planned=planned, horizon_days=HORIZON_DAYS,
        shift=working_days(),
    )  # fmt: skip


def _apply(
    session: Session, account: Account, plans: Plans, found: Sequence[Due], *, now: datetime
) -> list[dict[str, Any]]:
    """Move and withdraw what is planned; the values of what is new.

    What the model skips (too late, before the start) is not stored: it says so again each day.
    """
    new: list[dict[str, Any]] = []
    for due in found:
        before = plans.get(due.moves or due.occurrence)
        if due.state == "withdrawn":
            _withdraw(session, account, due)
        elif due.state != "skipped" and due.due_on is not None and due.kind is not None:
            values = {
                "anchor_on": due.occurrence.anchor_on, "due_on": due.due_on, "kind": due.kind,
            }  # fmt: skip
            if before is None:
                new.append(_new_row(account, due.occurrence.touchpoint, values, now))
            elif any(getattr(before, name) != value for name, value in values.items()):
                _move(session, before, values, now=now)
    return new


def _new_row(account: Account, key: str, values: dict[str, Any], now: datetime) -> dict[str, Any]:
    return values | {
        "workspace_id": account.workspace_id, "id": uuid7(), "account_id": account.id,
        "touch_key": key, "state": "planned", "version": 1, "created_at": now, "updated_at": now,
    }  # fmt: skip


# Only what still is planned: somebody may have done it since it was read.


def _withdraw(session: Session, account: Account, due: Due) -> None:
    session.execute(
        delete(TouchpointPlan).where(
            TouchpointPlan.workspace_id == account.workspace_id,
            TouchpointPlan.account_id == account.id,
            TouchpointPlan.touch_key == due.occurrence.touchpoint,
            TouchpointPlan.anchor_on == due.occurrence.anchor_on,
            TouchpointPlan.state == "planned",
        )
    )


def _move(
    session: Session, row: TouchpointPlan, values: Mapping[str, Any], *, now: datetime
) -> None:
    session.execute(
        update(TouchpointPlan)
        .where(
            TouchpointPlan.workspace_id == row.workspace_id,
            TouchpointPlan.id == row.id,
            TouchpointPlan.state == "planned",
        )
        .values(**values, updated_at=now)
    )


# --- reading ------------------------------------------------------------------------------


def _plans(
    session: Session, workspace_id: UUID, account_ids: Sequence[UUID]
) -> dict[UUID, dict[Occurrence, TouchpointPlan]]:
    found: dict[UUID, dict[Occurrence, TouchpointPlan]] = defaultdict(dict)
    for row in session.scalars(
        scoped(TouchpointPlan, workspace_id).where(TouchpointPlan.account_id.in_(account_ids))
    ):
        found[row.account_id][Occurrence(row.touch_key, row.anchor_on)] = row
    return found


def _lost_days(
    session: Session, workspace_id: UUID, account_ids: Sequence[UUID], zone: str
) -> dict[UUID, date]:
    """When accounts that had subscriptions and have none any more cancelled the last."""
    return {
        account_id: local_day(changes[-1].at, zone)
        for account_id, changes in changes_of(session, workspace_id, account_ids).items()
        if not current(changes)
    }
