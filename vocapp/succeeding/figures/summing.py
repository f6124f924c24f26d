"""The sums of months, from what is stored of accounts: of everybody and by what held at the start.

An account with subscription events is seen by them alone. One without is seen by what was said
of it: it paid nothing before it was said to have started, or else before anything was said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from surveys.adoption import OnboardingRule
from surveys.periods import day_bounds
from surveys.retention import Totals, totals
from surveys.subscriptions import Change, History, Standing, histories, month_span
from vocapp.people.events.models import Milestone, SubscriptionChange
from vocapp.people.events.queries import active_pairs
from vocapp.people.fact_history import value_at
from vocapp.people.models import Account
from vocapp.succeeding.figures.models import OVERALL

RULE = OnboardingRule()
_UNNAMED = ""  # the product of an account of which only revenue is known


@dataclass(frozen=True, slots=True)
class Sums:
    """Of some accounts in a month. totals: by currency, under None those of accounts in any.

    started: accounts whose first subscription started; set_up: of them in time. active: people
    who logged in or used something.
    """

    totals: Mapping[str | None, Totals]
    started: int = 0
    set_up: int = 0
    active: int = 0


Groups = Mapping[str | None, Sums]


@dataclass(frozen=True, slots=True)
class Business:
    """What is known of the accounts of a workspace, read once for many months."""

    histories: Mapping[UUID, History]
    started_at: Mapping[UUID, datetime]
    reached: Mapping[UUID, Sequence[datetime]]
    said: Mapping[UUID, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def latest_change(self) -> datetime | None:
        return max((each.since[-1] for each in self.histories.values() if each.since), default=None)


def read_business(
    session: Session,
    workspace_id: UUID,
    *,
    time_zone: str,
    account_id: UUID | None = None,
    changed_between: tuple[datetime, datetime] | None = None,
) -> Business:
    """Three statements, whatever is asked of it afterwards.

    Of one account; or of those whose subscriptions changed in since <= at < until, and those that
    have no events; or of all.
    """
    chosen = _chosen_accounts(workspace_id, account_id, changed_between)
    changes = _event_changes(session, workspace_id, chosen)
    with_events: set[UUID] = {change.account for change in changes}  # type: ignore[misc]
    started_at: dict[UUID, datetime] = {}
    said: dict[UUID, Mapping[str, Any]] = {}
    for row in _account_rows(session, workspace_id, chosen, only_one=account_id is not None):
        said[row.id] = row.fact_history or {}
        if row.id not in with_events:
            start = day_bounds(row.started_on, time_zone)[0] if row.started_on else None
            changes += _told_changes(row.id, said[row.id], start)
            if start is not None:
                started_at[row.id] = start
    found: dict[UUID, History] = histories(changes)  # type: ignore[assignment]
    for account in with_events:
        began = found[account].started_at
        if began is not None:
            started_at[account] = began
    return Business(found, started_at, _reached(session, workspace_id, account_id), said)


def _chosen_accounts(
    workspace_id: UUID,
    account_id: UUID | None,
    changed_between: tuple[datetime, datetime] | None,
) -> Any:
    """What the id of an account has to be in; None: any."""
    if account_id is not None:
        return [account_id]
    if changed_between is None:
        return None
    since, until = changed_between
    return select(SubscriptionChange.account_id).where(
        SubscriptionChange.workspace_id == workspace_id,
        SubscriptionChange.at >= since,
        SubscriptionChange.at < until,
    )


def _account_rows(session: Session, workspace_id: UUID, chosen: Any, *, only_one: bool) -> Any:
    query = select(Account.id, Account.started_on, Account.fact_history).where(
        Account.workspace_id == workspace_id
    )
    if only_one:
        query = query.where(Account.id.in_(chosen))
    elif chosen is not None:
        has_events = exists().where(
            SubscriptionChange.workspace_id == Account.workspace_id,
            SubscriptionChange.account_id == Account.id,
            SubscriptionChange.is_superseded.is_(False),
        )
        query = query.where(or_(Account.id.in_(chosen), ~has_events))
    return session.execute(query)


def _event_changes(session: Session, workspace_id: UUID, chosen: Any) -> list[Change]:
    query = select(
        SubscriptionChange.account_id, SubscriptionChange.product, SubscriptionChange.at,
        SubscriptionChange.received, SubscriptionChange.mrr_minor, SubscriptionChange.currency,
        SubscriptionChange.action,
    ).where(
        SubscriptionChange.workspace_id == workspace_id,
        SubscriptionChange.is_superseded.is_(False),
    )  # fmt: skip
    if chosen is not None:
        query = query.where(SubscriptionChange.account_id.in_(chosen))
    return [Change(*row) for row in session.execute(query)]


def _told_changes(
    account: UUID, said: Mapping[str, Sequence[Sequence[Any]]], start: datetime | None
) -> list[Change]:
    """What an account without events pays, by what was said of it."""
    instants = sorted(
        datetime.fromisoformat(since)
        for name in ("mrr_minor", "currency")
        for since, _ in said.get(name, ())
    )
    if not instants or "mrr_minor" not in said:
        return []
    if start is not None:
        instants = [start, *(at for at in instants if at > start)]
    told = []
    for number, at in enumerate(instants):
        mrr, currency = value_at(said, "mrr_minor", at), value_at(said, "currency", at)
        if mrr is not None and (currency or not mrr):
            told.append(Change(account, _UNNAMED, at, number, mrr, currency))
    return told


def _reached(
    session: Session, workspace_id: UUID, account_id: UUID | None
) -> dict[UUID, list[datetime]]:
    found: dict[UUID, list[datetime]] = defaultdict(list)
    for account, at in session.execute(
        select(Milestone.account_id, Milestone.at).where(
            Milestone.workspace_id == workspace_id,
            Milestone.name == RULE.name,
            Milestone.is_superseded.is_(False),
            *([] if account_id is None else [Milestone.account_id == account_id]),
        )
    ):
        found[account].append(at)
    return found


def active_at(
    session: Session, workspace_id: UUID, *, since: datetime, until: datetime
) -> dict[UUID, set[UUID]]:
    """Account → its people who were active in since <= at < until."""
    found: dict[UUID, set[UUID]] = defaultdict(set)
    for account, contact in active_pairs(session, workspace_id, since=since, until=until):
        found[account].add(contact)
    return found


def sum_month(
    session: Session,
    workspace_id: UUID,
    business: Business,
    month: date,
    attributes: Iterable[str],
    *,
    time_zone: str,
    now: datetime,
) -> dict[str, Groups]:
    """Attribute → value at the start of the month → sums; under `OVERALL` those of everybody.

    month: its first day; ValueError for one that has not begun.
    """
    start, end = month_span(month, time_zone, now=now)
    paying = {
        account: (history.before(start), history.before(end))
        for account, history in business.histories.items()
        if history.since[0] < end
    }
    started = {
        account: at for account, at in business.started_at.items() if start <= at < end
    }  # fmt: skip
    active = active_at(session, workspace_id, since=start, until=end)
    return {
        attribute: {
            value: _sums(own, business, paying, started, active, now=now)
            for value, own in _split(
                business, attribute, {*paying, *started, *active}, start
            ).items()
        }
        for attribute in attributes
    }


def _split(
    business: Business, attribute: str, accounts: set[UUID], at: datetime
) -> Mapping[str | None, set[UUID]]:
    if attribute == OVERALL:
        return {None: accounts}
    found: dict[str | None, set[UUID]] = defaultdict(set)
    for account in accounts:
        value = value_at(business.said.get(account, {}), attribute, at)
        found[None if value is None else str(value)].add(account)
    return found


def _sums(
    own: set[UUID],
    business: Business,
    paying: Mapping[UUID, tuple[Standing, Standing]],
    started: Mapping[UUID, datetime],
    active: Mapping[UUID, set[UUID]],
    *,
    now: datetime,
) -> Sums:
    began = own & started.keys()
    return Sums(
        totals=totals(paying[account] for account in own & paying.keys()),
        started=len(began),
        set_up=sum(is_set_up(business, account, now=now) for account in began),
        active=len(set[UUID]().union(*(active[account] for account in own & active.keys()))),
    )


def is_set_up(business: Business, account: UUID, *, now: datetime) -> bool:
    """Whether an account that has begun was set up in time."""
    reached = (at for at in business.reached.get(account, ()) if at <= now)
    return RULE.is_met(business.started_at[account], reached)
