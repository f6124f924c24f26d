"""What is known of the accounts of a workspace, from which all figures are summed.

An account with subscription events is seen by them alone. One without is seen by what was said
of it: it paid nothing before it was said to have started, or else before anything was said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from surveys.adoption import logged_in_until, set_up_in_time
from surveys.cohorts import Members, cohort_of, members_by_cohort
from surveys.exchange import StatedRates
from surveys.kept_histories import KeptBusiness, Sums
from surveys.lifecycle import OnboardingRule
from surveys.periods import day_bounds, local_day, period_start, zone
from surveys.renewals import PastRenewal, TermStep, past_renewals
from surveys.retention import Contribution, contribution
from surveys.subscriptions import Change, History, Paid, Standing, histories
from vocapp.people.events.models import Milestone, SubscriptionChange
from vocapp.people.events.subscriptions import deciding
from vocapp.people.fact_history import value_at
from vocapp.people.models import Account
from vocapp.people.money.queries import money_of
from vocapp.succeeding.onboarding import REACH_DAYS, logged_in, rule_of

_UNNAMED = ""  # the product of an account of which only revenue is known


_Known = TypeVar("_Known", bound=Paid, covariant=True)


PaidAtBoth = tuple[Sums, Sums]
MayMove = Callable[[Sums, Sums], bool]


class Accounts(Protocol[_Known]):
    """What accounts paid and how their renewals went: as it was read, or kept."""

    @property
    def histories(self) -> Mapping[UUID, _Known]: ...
    @property
    def started_at(self) -> Mapping[UUID, datetime]: ...
    @property
    def reached(self) -> Mapping[UUID, Sequence[datetime]]: ...
    @property
    def in_time(self) -> Mapping[UUID, datetime]: ...
    @property
    def renewals(self) -> Mapping[UUID, Sequence[PastRenewal]]: ...
    def decided(self, since: date, until: date) -> Iterator[tuple[UUID, PastRenewal]]: ...
    def moved(self, start: datetime, end: datetime, may: MayMove) -> Mapping[UUID, _Known]: ...
    def paid(
        self, start: datetime, end: datetime, among: Collection[UUID] | None = None
    ) -> Mapping[UUID, PaidAtBoth]: ...
    def first_paid(self, since: datetime, until: datetime) -> set[UUID]: ...
    def of(self, accounts: Collection[UUID]) -> Mapping[UUID, _Known]: ...
    def began(self, since: datetime, until: datetime) -> Mapping[UUID, datetime]: ...
    def reached_by(self, accounts: Collection[UUID]) -> Mapping[UUID, Sequence[datetime]]: ...


@dataclass(frozen=True, slots=True)
class ReadAccounts:
    """From what was told of them; see `kept_histories.KeptBusiness` for the same as kept."""

    histories: Mapping[UUID, History]
    started_at: Mapping[UUID, datetime]
    reached: Mapping[UUID, Sequence[datetime]]
    in_time: Mapping[UUID, datetime]
    renewals: Mapping[UUID, Sequence[PastRenewal]]

    def decided(self, since: date, until: date) -> Iterator[tuple[UUID, PastRenewal]]:
        """Renewals that were decided in since <= day < until, and whose."""
        for account, own in self.renewals.items():
            for past in own:
                if since <= past.decided_on < until:
                    yield account, past

    def moved(self, start: datetime, end: datetime, may: MayMove) -> Mapping[UUID, History]:
        """The histories of accounts that hold something else at the end, where `may` says of what
        they paid at both instants that they may be looked for."""
        found = {}
        for account, history in self.histories.items():
            before, after = history.before(start), history.before(end)
            if before.held != after.held and may(before.sums, after.sums):
                found[account] = history
        return found

    def paid(
        self, start: datetime, end: datetime, among: Collection[UUID] | None = None
    ) -> Mapping[UUID, PaidAtBoth]:
        """What accounts (those among some, None: all) paid at both instants, by currency, of those
        that paid at either."""
        standings = (
            (account, history.before(start), history.before(end))
            for account, history in self.histories.items()
            if among is None or account in among
        )
        return {
            account: (before.sums, after.sums)
            for account, before, after in standings
            if before.held or after.held
        }

    def of(self, accounts: Collection[UUID]) -> Mapping[UUID, History]:
        """The histories of some."""
        return {each: self.histories[each] for each in accounts if each in self.histories}

    def began(self, since: datetime, until: datetime) -> Mapping[UUID, datetime]:
        """When accounts started, of those that did in since <= at < until."""
        return {account: at for account, at in self.started_at.items() if since <= at < until}

    def reached_by(self, accounts: Collection[UUID]) -> Mapping[UUID, Sequence[datetime]]:
        """What was reached when, by some."""
        return {each: self.reached[each] for each in accounts if each in self.reached}

    def first_paid(self, since: datetime, until: datetime) -> set[UUID]:
        """Accounts that paid something for the first time in since <= at < until."""
        return {
            account
            for account, history in self.histories.items()
            if (at := history.first_paid_at) is not None and since <= at < until
        }


@dataclass(frozen=True)
class Business(Generic[_Known]):
    """What is known of the accounts of a workspace by now, read once for many months."""

    time_zone: str
    now: datetime

    accounts: Accounts[_Known]
    said: Mapping[UUID, Mapping[str, Any]]
    rates: StatedRates | None = None
    next_change: datetime | None = None  # the first that is said of an instant still to come

    _last: dict[tuple[bool, UUID], tuple[Standing, Standing, Contribution]] = field(
        default_factory=dict
    )

    @property
    def histories(self) -> Mapping[UUID, _Known]:
        return self.accounts.histories

    @property
    def started_at(self) -> Mapping[UUID, datetime]:
        return self.accounts.started_at

    @property
    def reached(self) -> Mapping[UUID, Sequence[datetime]]:
        return self.accounts.reached

    @property
    def in_time(self) -> Mapping[UUID, datetime]:
        """When onboarding was completed, by those that did in time."""
        return self.accounts.in_time

    @property
    def renewals(self) -> Mapping[UUID, Sequence[PastRenewal]]:
        return self.accounts.renewals

    def contributions(
        self, start: datetime, end: datetime, *, is_year: bool = False
    ) -> Mapping[UUID, Contribution]:
        """What each account adds to the sums, worked out once for all attributes; and of what
        did not change since the month (or year) that was asked for before, not again."""
        found = {}
        for account, history in self.histories.items():
            if not history.has_begun(end):
                continue
            before, after = history.before(start), history.before(end)
            last = self._last.get((is_year, account))
            if last is None or last[0] is not before or last[1] is not after:
                last = before, after, contribution(before, after)
                self._last[is_year, account] = last
            found[account] = last[2]
        return found

    @cached_property
    def decided(self) -> Mapping[date, Sequence[tuple[UUID, PastRenewal]]]:
        """First day of a month → the renewals that were decided in it, and whose."""
        found: dict[date, list[tuple[UUID, PastRenewal]]] = defaultdict(list)
        for account, own in self.renewals.items():
            for past in own:
                found[period_start(past.decided_on, "month")].append((account, past))
        return found

    @cached_property
    def cohort_names(self) -> Mapping[UUID, Collection[str]]:
        """Account → the month in which it first paid, of those that ever did."""
        return {
            account: (f"{month:%Y-%m}",)
            for account, history in self.histories.items()
            if (month := cohort_of(history, self.time_zone)) is not None
        }

    @cached_property
    def cohorts(self) -> Members:
        return members_by_cohort(self.histories.values(), time_zone=self.time_zone, now=self.now)


def read_business(
    session: Session,
    workspace_id: UUID,
    *,
    time_zone: str,
    now: datetime,
    account_id: UUID | None = None,
    changed_between: tuple[datetime, datetime] | None = None,
    with_renewals: bool = True,
    with_milestones: bool = True,
    as_of: Sequence[datetime] = (),
) -> Business[History]:
    """Six statements at most, whatever is asked of it afterwards, and where log-ins complete
    onboarding one for every thousand accounts.

    Of one account; or of those whose subscriptions changed in since <= at < until, and those that
    have no events; or of all. Without renewals or milestones there are none. as_of: histories are
    right before these instants and tell when all began, and need not say more.
    """
    chosen = _chosen_accounts(workspace_id, account_id, changed_between)
    rows = _event_rows(session, workspace_id, chosen, as_of)
    changes = [Change(*row[:-1]) for row in rows]
    steps = _steps(rows, zone(time_zone), now) if with_renewals else {}
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
    renewals = {account: past for account, own in steps.items() if (past := past_renewals(own))}
    reached: Mapping[UUID, Sequence[datetime]] = {}
    in_time: Mapping[UUID, datetime] = {}
    if with_milestones:
        rule = rule_of(session, workspace_id)
        milestones = _reached(session, workspace_id, rule, account_id)
        logins = _logged_in(session, workspace_id, rule, started_at, time_zone, now)
        in_time = _in_time(rule, started_at, milestones, logins, time_zone)
        reached = _both(milestones, logins)
    return Business(
        time_zone,
        now,
        ReadAccounts(found, started_at, reached, in_time, renewals),
        said,
        money_of(session, workspace_id).rates,
        _next_change(found.values(), now),
    )


def business_of(
    session: Session, workspace_id: UUID, kept: KeptBusiness, *, time_zone: str, now: datetime
) -> Business[Paid]:
    """The same from what was kept; nothing that was said of accounts is read, see `said_of`."""
    return Business(time_zone, now, kept, {}, money_of(session, workspace_id).rates)


def said_of(
    session: Session, workspace_id: UUID, accounts: Collection[UUID]
) -> Mapping[UUID, Mapping[str, Any]]:
    """What was said of these accounts over time; of many see `said.said_about`."""
    query = select(Account.id, Account.fact_history).where(
        Account.workspace_id == workspace_id, Account.id.in_(accounts)
    )
    return {account: history or {} for account, history in session.execute(query)}


def _next_change(known: Collection[History], now: datetime) -> datetime | None:
    later = (each.since for each in known if each.since[-1] > now)
    return min((at for since in later for at in since if at > now), default=None)


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


def _event_rows(
    session: Session, workspace_id: UUID, chosen: Any, as_of: Sequence[datetime]
) -> Sequence[Any]:
    """What changed, in order: the fields of a `Change`, and until when the term is."""
    query = (
        select(
            SubscriptionChange.account_id, SubscriptionChange.product, SubscriptionChange.at,
            SubscriptionChange.received, SubscriptionChange.mrr_minor, SubscriptionChange.currency,
            SubscriptionChange.action, SubscriptionChange.term_ends_on,
        )
        .where(
            SubscriptionChange.workspace_id == workspace_id,
            SubscriptionChange.is_superseded.is_(False),
        )
        .order_by(SubscriptionChange.at, SubscriptionChange.received)
    )  # fmt: skip
    if chosen is not None:
        query = query.where(SubscriptionChange.account_id.in_(chosen))
    if as_of:
        query = deciding(query, as_of=as_of)
    return session.execute(query).all()


def _steps(rows: Sequence[Any], local: ZoneInfo, now: datetime) -> Mapping[UUID, list[TermStep]]:
    """By account what became of terms until now, in order."""
    found: dict[UUID, list[TermStep]] = defaultdict(list)
    for account, product, at, _, mrr_minor, currency, action, term_ends_on in rows:
        if at <= now:
            day = at.astimezone(local).date()
            found[account].append(
                TermStep(product, action, day, mrr_minor, currency, term_ends_on)
            )  # fmt: skip
    return found


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
    session: Session, workspace_id: UUID, rule: OnboardingRule, account_id: UUID | None
) -> dict[UUID, list[datetime]]:
    if rule.milestone is None:
        return {}
    found: dict[UUID, list[datetime]] = defaultdict(list)
    for account, at in session.execute(
        select(Milestone.account_id, Milestone.at).where(
            Milestone.workspace_id == workspace_id,
            Milestone.name == rule.milestone,
            Milestone.is_superseded.is_(False),
            *([] if account_id is None else [Milestone.account_id == account_id]),
        )
    ):
        found[account].append(at)
    return found


def _logged_in(
    session: Session,
    workspace_id: UUID,
    rule: OnboardingRule,
    started_at: Mapping[UUID, datetime],
    time_zone: str,
    now: datetime,
) -> dict[UUID, datetime]:
    """When accounts had as many log-ins as complete onboarding, never before they started. Later
    than any figure looks it is not looked for."""
    if rule.logins is None:
        return {}
    starts = {account: local_day(at, time_zone) for account, at in started_at.items()}
    hours = logged_in(
        session, workspace_id, rule.logins, starts, time_zone=time_zone, now=now,
        within_days=REACH_DAYS + 1,
    )  # fmt: skip
    return {account: max(hour, started_at[account]) for account, hour in hours.items()}


def _in_time(
    rule: OnboardingRule,
    started_at: Mapping[UUID, datetime],
    milestones: Mapping[UUID, Sequence[datetime]],
    logins: Mapping[UUID, datetime],
    time_zone: str,
) -> dict[UUID, datetime]:
    """When each completed onboarding first, of those that did within the time of either way."""
    found: dict[UUID, datetime] = {}
    for account in started_at.keys() & milestones.keys():
        at = set_up_in_time(
            started_at[account], milestones[account], days=rule.milestone_days
        )  # fmt: skip
        if at is not None:
            found[account] = at
    for account, at in logins.items():
        if at < logged_in_until(started_at[account], time_zone, days=rule.login_days):
            found[account] = min(at, found.get(account, at))
    return found


def _both(
    milestones: Mapping[UUID, Sequence[datetime]], logins: Mapping[UUID, datetime]
) -> Mapping[UUID, Sequence[datetime]]:
    found = dict(milestones)
    for account, at in logins.items():
        found[account] = [*found.get(account, ()), at]
    return found
