"""What became of renewals: of some accounts by their events, and of all of late.

In a large business those of late come from what is kept with the figures (ADR 17), as all events
of thousands of accounts are read for them otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from surveys.periods import day_bounds, local_day, zone
from surveys.renewals import OUTCOMES, Outcome, PastRenewal, TermStep, past_renewals
from vocapp.people.events.models import SubscriptionChange
from vocapp.people.models import Account
from vocapp.people.reaching import accounts_within
from vocapp.succeeding.figures.kept import is_large, kept_business
from vocapp.succeeding.renewals.reading import EVERYBODY, Narrowed
from vocapp.workspaces.reach import WHOLE_WORKSPACE, Reach

RECENT_DAYS = 60


@dataclass(frozen=True, slots=True)
class Decided:
    """A renewal that was decided of late, and whose."""

    external_id: str
    name: str
    past: PastRenewal

    @property
    def shown(self) -> str:
        return self.name or self.external_id


@dataclass(frozen=True, slots=True)
class OfLate:
    """By outcome the latest and how many there are in all. as_of: a change since then is being
    worked in; None: it is all there."""

    latest: Mapping[Outcome, Sequence[Decided]]
    totals: Mapping[Outcome, int]
    as_of: datetime | None = None


def decided_of(
    session: Session, workspace_id: UUID, account_ids: Any, *, time_zone: str, until: datetime
) -> Mapping[UUID, list[PastRenewal]]:
    """Account → its decided renewals, as events up to an instant tell them.

    account_ids: what the id has to be in.
    """
    rows = session.execute(
        select(
            SubscriptionChange.account_id, SubscriptionChange.product, SubscriptionChange.action,
            SubscriptionChange.at, SubscriptionChange.mrr_minor, SubscriptionChange.currency,
            SubscriptionChange.term_ends_on,
        )
        .where(
            SubscriptionChange.workspace_id == workspace_id,
            SubscriptionChange.account_id.in_(account_ids),
            SubscriptionChange.is_superseded.is_(False),
            SubscriptionChange.at <= until,
        )
        .order_by(SubscriptionChange.at, SubscriptionChange.received)
    )  # fmt: skip
    local = zone(time_zone)
    steps: dict[UUID, list[TermStep]] = defaultdict(list)
    for account_id, product, action, at, mrr_minor, currency, term_ends_on in rows:
        day = at.astimezone(local).date()
        steps[account_id].append(TermStep(product, action, day, mrr_minor, currency, term_ends_on))
    return {account_id: past_renewals(own) for account_id, own in steps.items()}


_Known = list[tuple[UUID, PastRenewal]]


def decided_of_late(
    session: Session,
    workspace_id: UUID,
    *,
    time_zone: str,
    now: datetime,
    reach: Reach,
    limit: int,
    narrowed: Narrowed = EVERYBODY,
) -> OfLate:
    """What was decided in the last RECENT_DAYS, the latest first, so many of each outcome."""
    since = local_day(now, time_zone) - timedelta(days=RECENT_DAYS)
    whose = select(Account.id).where(
        Account.workspace_id == workspace_id,
        accounts_within(reach, workspace_id),
        *narrowed.conditions(session),
    )
    found, as_of = None, None
    if is_large(session, workspace_id):
        of_all = reach == WHOLE_WORKSPACE and narrowed == EVERYBODY
        found, as_of = _as_kept(
            session, workspace_id, since, None if of_all else whose, time_zone=time_zone, now=now
        )
    if found is None:
        found = _as_told(session, workspace_id, since, whose, time_zone=time_zone, now=now)
    found.sort(key=lambda each: (each[1].decided_on, each[0].int), reverse=True)
    by_outcome: dict[Outcome, _Known] = {
        outcome: [each for each in found if each[1].outcome == outcome] for outcome in OUTCOMES
    }
    shown = {outcome: own[:limit] for outcome, own in by_outcome.items()}
    names = _names(session, workspace_id, shown)
    past = (
        _with_amounts(session, workspace_id, shown, time_zone=time_zone, now=now)
        if any(not each.due for own in shown.values() for _, each in own)
        else {}
    )
    return OfLate(
        {
            outcome: [
                Decided(*names[account], past.get((account, each.due_on), each))
                for account, each in own
                if account in names
            ]
            for outcome, own in shown.items()
        },
        {outcome: len(own) for outcome, own in by_outcome.items()},
        as_of,
    )


def _as_kept(
    session: Session,
    workspace_id: UUID,
    since: date,
    whose: Select[UUID] | None,
    *,
    time_zone: str,
    now: datetime,
) -> tuple[_Known | None, datetime | None]:
    """None: nothing is kept yet. whose: None for all."""
    today = local_day(now, time_zone)
    kept, as_of = kept_business(session, workspace_id, today, time_zone=time_zone)
    if kept is None:
        return None, None
    found = list(kept.decided(since, today + timedelta(days=1)))
    if whose is not None:
        chosen = set(session.scalars(whose))
        found = [each for each in found if each[0] in chosen]
    return found, as_of


def _as_told(
    session: Session,
    workspace_id: UUID,
    since: date,
    whose: Select[UUID],
    *,
    time_zone: str,
    now: datetime,
) -> _Known:
    touched = select(SubscriptionChange.account_id).where(
        SubscriptionChange.workspace_id == workspace_id,
        SubscriptionChange.at >= day_bounds(since, time_zone)[0],
        SubscriptionChange.action.in_(("renewed", "cancelled")),
        SubscriptionChange.is_superseded.is_(False),
    )
    past = decided_of(
        session, workspace_id, whose.where(Account.id.in_(touched)), time_zone=time_zone, until=now
    )
    return [(account, each) for account, own in past.items() for each in own
            if each.decided_on >= since]  # fmt: skip


def _names(
    session: Session, workspace_id: UUID, shown: Mapping[Outcome, _Known]
) -> dict[UUID, tuple[str, str]]:
    ids = {account for own in shown.values() for account, _ in own}
    rows = session.execute(
        select(Account.id, Account.external_id, Account.name).where(
            Account.workspace_id == workspace_id, Account.id.in_(ids)
        )
    )
    return {account: (external_id, name) for account, external_id, name in rows}


def _with_amounts(
    session: Session,
    workspace_id: UUID,
    shown: Mapping[Outcome, _Known],
    *,
    time_zone: str,
    now: datetime,
) -> dict[tuple[UUID, date], PastRenewal]:
    """Of what was kept nothing but days and outcomes is known: with what was due and is paid."""
    ids = {account for own in shown.values() for account, _ in own}
    past = decided_of(session, workspace_id, ids, time_zone=time_zone, until=now)
    return {(account, each.due_on): each for account, own in past.items() for each in own}
