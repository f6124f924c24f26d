"""Pending work: the health of every account at night, and of one to which something happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.health import Band, Health, health
from surveys.periods import local_day
from vocapp import outbox
from vocapp.database import insert_absent, insert_into, scoped, transaction, utcnow
from vocapp.extensions import db
from vocapp.outbox import Pending
from vocapp.people.health_changes import HEALTH, HEALTH_DAILY, note_touched
from vocapp.people.models import Account
from vocapp.succeeding.health.models import AccountHealth, HealthDay
from vocapp.succeeding.health.reading import read_facts
from vocapp.succeeding.health.schemes import scheme_in_force
from vocapp.succeeding.health.segmenting import facts_by_account
from vocapp.workspaces.nights import keep_nightly, time_zone_of

Then = Callable[[Session, UUID, Collection[UUID], datetime], None]
_then: dict[str, Then] = {}
BATCH = 500  # accounts read and written in one transaction


def then(what: Then) -> None:
    """Have this done for accounts whose health was worked out, in the same transaction: at night,
    and when something happened to them."""
    # By name: `create_app` registers anew for every application of a process.
    _then[f"{what.__module__}.{what.__qualname__}"] = what


def ask_first(workspace_id: UUID, account_id: UUID, *, now: datetime) -> None:
    """Somebody looks at an account whose health was never worked out; once is enough."""
    if outbox.is_waiting(db.session(), workspace_id, HEALTH, account_id):
        return
    with transaction() as session:
        note_touched(session, workspace_id, [account_id], now=now)
    outbox.ring(HEALTH)


def compute_touched(session: Session, rows: Sequence[Pending]) -> None:
    """Outbox effect: the health of these accounts as it is now."""
    now = utcnow()
    by_workspace: dict[UUID, set[UUID]] = defaultdict(set)
    for row in rows:
        by_workspace[row.workspace_id].add(row.subject_id)
    for workspace_id in sorted(by_workspace):
        time_zone = time_zone_of(session, workspace_id)
        compute(session, workspace_id, by_workspace[workspace_id], time_zone=time_zone, now=now)
        _keep_going(session, workspace_id, now=now)


def compute_daily(session: Session, rows: Sequence[Pending]) -> None:
    """Outbox effect: the next accounts of a workspace, and a row for those after them; after the
    last of them, for the next day. Killed at any point, it goes on where it was.
    """
    now = utcnow()
    for row in rows:
        time_zone = time_zone_of(session, row.workspace_id)
        after = row.detail.get("after")
        batch = _next_accounts(session, row.workspace_id, UUID(after) if after else None)
        compute(session, row.workspace_id, batch, time_zone=time_zone, now=now)
        if len(batch) == BATCH:
            outbox.add(
                session, row.workspace_id, HEALTH_DAILY, row.workspace_id, now=now,
                detail={"after": str(batch[-1])}, priority=outbox.BACKLOG,
            )  # fmt: skip
        else:
            _keep_going(session, row.workspace_id, now=now, done=1)


def _next_accounts(session: Session, workspace_id: UUID, after: UUID | None) -> Sequence[UUID]:
    query = select(Account.id).where(Account.workspace_id == workspace_id)
    if after is not None:
        query = query.where(Account.id > after)
    return session.scalars(query.order_by(Account.id).limit(BATCH)).all()


def _keep_going(session: Session, workspace_id: UUID, *, now: datetime, done: int = 0) -> None:
    keep_nightly(session, workspace_id, HEALTH_DAILY, now=now, done=done, priority=outbox.BACKLOG)


# --- working it out -----------------------------------------------------------------------


def compute(
    session: Session,
    workspace_id: UUID,
    account_ids: Collection[UUID],
    *,
    time_zone: str,
    now: datetime,
) -> None:
    """Work the health of accounts out and keep it; doing it again changes nothing but the time."""
    ids = iter(sorted(account_ids))
    while batch := list(islice(ids, BATCH)):
        known = _known(session, workspace_id, batch, now=now)
        _compute(session, known, workspace_id, time_zone=time_zone, now=now)
        session.flush()
        for what in _then.values():
            what(session, workspace_id, known, now)


def _known(
    session: Session, workspace_id: UUID, account_ids: Sequence[UUID], *, now: datetime
) -> dict[UUID, AccountHealth]:
    """What is kept of accounts that are there, locked before any fact is read: of two that work
    on one account the later then sees what the earlier saw, and more."""
    there = session.scalars(
        select(Account.id).where(Account.workspace_id == workspace_id, Account.id.in_(account_ids))
    ).all()
    nothing = {
        "workspace_id": workspace_id, "coverage": 0.0, "components": [], "reasons": [],
        "band_since": now, "computed_at": now,
    }  # fmt: skip
    insert_absent(
        session, AccountHealth, [nothing | {"account_id": each} for each in sorted(there)]
    )
    rows = session.scalars(
        scoped(AccountHealth, workspace_id)
        .where(AccountHealth.account_id.in_(there))
        .order_by(AccountHealth.account_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.account_id: row for row in rows}


def _compute(
    session: Session,
    known: Mapping[UUID, AccountHealth],
    workspace_id: UUID,
    *,
    time_zone: str,
    now: datetime,
) -> None:
    facts = read_facts(session, workspace_id, known, time_zone=time_zone, now=now)
    scheme = scheme_in_force(session, workspace_id)
    told = facts_by_account(session, workspace_id, known)
    today = local_day(now, time_zone)
    days = []
    for account_id, own in facts.items():
        row, weights = known[account_id], scheme.weights_of(told[account_id])
        previous = cast("Band | None", row.last_band)
        found = health(own, weights=weights, bands=scheme.bands, previous=previous)
        if _is_news(row, found):
            days.append(_day(row, found, today))
        _keep(row, found, now=now)
    if days:
        offered = insert_into(session, HealthDay.__table__)
        session.connection().execute(
            offered.on_conflict_do_update(
                index_elements=["workspace_id", "account_id", "day"],
                set_={name: offered.excluded[name] for name in ("score", "band", "points")},
            ),
            days,
        )


def _is_news(row: AccountHealth, found: Health) -> bool:
    """Whether a day of the history is to be written: first of all, and for another whole score."""
    if not row.components:
        return True
    return (whole(row.score), row.band) != (whole(found.score), found.band)


def whole(score: float | None) -> int | None:
    """As it is shown: cut and not rounded, so that 39.6 is not called 40 and at risk.

    >>> whole(39.6), whole(None)
    (39, None)
    """
    return None if score is None else int(score)


def _day(row: AccountHealth, found: Health, today: date) -> dict[str, Any]:
    return {
        "workspace_id": row.workspace_id, "account_id": row.account_id, "day": today,
        "score": found.score, "band": found.band,
        "points": [each.points for each in found.components],
    }  # fmt: skip


def _keep(row: AccountHealth, found: Health, *, now: datetime) -> None:
    if found.band != row.band or not row.components:
        row.band_since = now
    row.score, row.band, row.coverage = found.score, found.band, found.coverage
    row.last_band = found.band or row.last_band
    row.components = list(_components(found))
    row.reasons = list(found.reasons)
    row.computed_at = now


def _components(found: Health) -> Iterator[dict[str, Any]]:
    for each, share in zip(found.components, found.weights.shares(), strict=True):
        yield {
            "key": each.key, "points": each.points, "weight": share, "reasons": list(each.reasons),
        }  # fmt: skip
