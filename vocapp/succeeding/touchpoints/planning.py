"""Pending work: plan the contacts of the next weeks, once a day, account by account.

A batch of accounts is one row of work: its effect and the row that goes on behind it commit
together, so that an interrupted day goes on where it was. What is planned has the identity that
`surveys.touchpoints` gives it, so that planning twice plans once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from surveys import lifecycle
from surveys.periods import local_day
from surveys.touchpoints import (
    Due,
    Occurrence,
    TouchModel,
    due_touchpoints,
    working_days,
)
from vocapp import outbox
from vocapp.database import insert_absent, scoped, snapshot, transaction, utcnow, uuid7
from vocapp.outbox import Pending
from vocapp.people.events.models import Milestone
from vocapp.people.events.subscriptions import changes_of, current
from vocapp.people.models import Account
from vocapp.succeeding.attribute_lines import attributes_of
from vocapp.succeeding.onboarding import logged_in
from vocapp.succeeding.touchpoints.by_itself import ask_to_release
from vocapp.succeeding.touchpoints.model_versions import PLAN, model_in_force
from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.workspaces.nights import keep_nightly, time_zone_of

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
            ask_to_release(session, row.workspace_id, now=now)
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
    model = model_in_force(session, workspace_id).model
    zone = time_zone_of(session, workspace_id)
    today = local_day(now, zone)
    batch, last = read_batch(session, workspace_id, after, [model], zone=zone, now=now)
    new: list[dict[str, Any]] = []
    for each in batch:
        new += _apply(session, each.account, each.plans, each.due(model, today), now=now)
    insert_absent(session, TouchpointPlan, new)
    return last


@dataclass(frozen=True, slots=True)
class Known:
    """An account, what a model asks of it, and what is planned or decided."""

    account: Account
    facts: lifecycle.Account
    plans: Plans

    def due(self, model: TouchModel, today: date) -> list[Due]:
        """What a model says of the account."""
        planned = [each for each, row in self.plans.items() if row.state == "planned"]
        done = [each for each, row in self.plans.items() if row.state != "planned"]
        return due_touchpoints(
            model, self.facts, today, done, planned=planned, horizon_days=HORIZON_DAYS,
            shift=working_days(),
        )  # fmt: skip


def read_batch(
    session: Session,
    workspace_id: UUID,
    after: UUID | None,
    models: Sequence[TouchModel],
    *,
    zone: str,
    now: datetime,
) -> tuple[list[Known], UUID | None]:
    """The next accounts by id that these models may plan for; the last of them, or None where
    there are no more. A person looks after an account where it has an owner."""
    query = scoped(Account, workspace_id)
    anchors = [each.anchor for model in models for each in model.touchpoints]
    if all(each.kind in {"started_on", "renewal_on"} for each in anchors):
        query = query.where(or_(Account.started_on.is_not(None), Account.renewal_on.is_not(None)))
    if after is not None:
        query = query.where(Account.id > after)
    accounts = session.scalars(query.order_by(Account.id).limit(_BATCH)).all()
    ids = [account.id for account in accounts]
    lost = _lost_days(session, workspace_id, ids, zone)
    names = _milestones_of(models)
    reached = _reached(session, workspace_id, ids, names, zone) if names else {}
    logins = _logins(session, workspace_id, accounts, models, zone=zone, now=now)
    plans = _plans(session, workspace_id, ids)
    found = [
        Known(
            account,
            lifecycle.Account(
                key=account.external_id,
                started_on=account.started_on,
                renewal_on=account.renewal_on,
                lost_on=lost.get(account.id),
                touch="high" if account.owner_user_id else "tech",
                milestones=reached.get(account.id, {}),
                logins=logins.get(account.id, {}),
                attributes=attributes_of(account),
            ),
            plans[account.id],
        )
        for account in accounts
    ]
    return found, ids[-1] if len(ids) == _BATCH else None


def _milestones_of(models: Sequence[TouchModel]) -> set[str]:
    """Those that the models count from, and those on which stages hang."""
    names: set[str] = set()
    for model in models:
        anchors = [each.anchor for each in model.touchpoints]
        names |= {each.name for each in anchors if each.kind == "milestone" and each.name}
        if _asks_stages(models):
            lifecycle = model.lifecycle
            names |= {each for each in (lifecycle.onboarding.milestone, lifecycle.value_milestone)
                      if each}  # fmt: skip
    return names


def _asks_stages(models: Sequence[TouchModel]) -> bool:
    """Whether it matters how far accounts are: to a touchpoint, or as models differ in it."""
    return len({each.lifecycle.onboarding for each in models}) > 1 or any(
        each.anchor.kind == "stage" or {"stage", "onboarding"} & each.when.keys()
        for model in models
        for each in model.touchpoints
    )


def _logins(
    session: Session,
    workspace_id: UUID,
    accounts: Sequence[Account],
    models: Sequence[TouchModel],
    *,
    zone: str,
    now: datetime,
) -> dict[UUID, dict[date, int]]:
    """By account and day so many as make the numbers that models ask for on the days on which
    they were there; others are not read."""
    wanted = {each.lifecycle.onboarding.logins for each in models} if _asks_stages(models) else ()
    starts = {each.id: each.started_on for each in accounts if each.started_on is not None}
    found: dict[UUID, dict[date, int]] = defaultdict(dict)
    for number in sorted(each for each in wanted if each is not None):
        hours = logged_in(session, workspace_id, number, starts, time_zone=zone, now=now)
        for account, hour in hours.items():
            own, day = found[account], local_day(hour, zone)
            own[day] = own.get(day, 0) + number - sum(own.values())
    return found


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


def _reached(
    session: Session,
    workspace_id: UUID,
    account_ids: Sequence[UUID],
    names: Collection[str],
    zone: str,
) -> dict[UUID, dict[str, date]]:
    """The first day of each of these milestones."""
    rows = session.execute(
        select(
            Milestone.account_id, Milestone.name, func.min(Milestone.at, type_=Milestone.at.type)
        )
        .where(
            Milestone.workspace_id == workspace_id, Milestone.account_id.in_(account_ids),
            Milestone.name.in_(sorted(names)), Milestone.is_superseded.is_(False),
        )
        .group_by(Milestone.account_id, Milestone.name)
    )  # fmt: skip
    found: dict[UUID, dict[str, date]] = defaultdict(dict)
    for account_id, name, at in rows:
        found[account_id][name] = local_day(at, zone)
    return found
