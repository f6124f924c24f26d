"""The sums of months, from what is stored of accounts: of everybody and by what held at the start.

An account with subscription events is seen by them alone. One without is seen by what was said
of it: it paid nothing before it was said to have started, or else before anything was said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from surveys.adoption import OnboardingRule
from surveys.cohorts import Members, cells_of_month, cohort_of, members_by_cohort
from surveys.exchange import StatedRates
from surveys.periods import day_bounds, local_day, months_back, period_end, period_start
from surveys.renewal_rates import Lots, lots_of
from surveys.renewals import PastRenewal, TermStep, past_renewals
from surveys.retention import Contribution, Totals, contribution, summed
from surveys.subscriptions import Change, History, histories, month_span
from vocapp.people.events.models import Milestone, SubscriptionChange
from vocapp.people.events.queries import active_pairs
from vocapp.people.fact_history import value_at
from vocapp.people.models import Account
from vocapp.people.money.queries import money_of
from vocapp.succeeding.figures.converting import in_base, summed_in_base
from vocapp.succeeding.figures.models import OVERALL
from vocapp.succeeding.figures.voice import VOICE, Voice

RULE = OnboardingRule()
YEAR_MONTHS = 12
COHORT = "payment.first_month"  # an attribute of accounts like others, as they are kept
TRIANGLE = "cohorts"
_NO_VALUE: frozenset[str | None] = frozenset({None})
_UNNAMED = ""  # the product of an account of which only revenue is known


@dataclass(frozen=True, slots=True)
class Sums:
    """Of some accounts in a month. totals: by currency, under None those of accounts in any.

    started: accounts whose first subscription started; set_up: of them in time. active: people
    who logged in or used something. year: totals from the start of the twelve months that end
    with this one, of the accounts that were so then. renewals: what was decided in the month, of
    the accounts that were so when the month began in which it was decided or due. converted,
    converted_year: totals and year in the reporting currency, by the rates of this month, of the
    accounts whose prices all have one; None: there is no such currency.
    """

    totals: Mapping[str | None, Totals]
    started: int = 0
    set_up: int = 0
    active: int = 0
    year: Mapping[str | None, Totals] = field(default_factory=dict)
    renewals: Lots = field(default_factory=dict)
    converted: Totals | None = None
    converted_year: Totals | None = None


Groups = Mapping[str | None, Sums]


@dataclass(frozen=True)
class Business:
    """What is known of the accounts of a workspace by now, read once for many months."""

    time_zone: str
    now: datetime

    histories: Mapping[UUID, History]
    started_at: Mapping[UUID, datetime]
    reached: Mapping[UUID, Sequence[datetime]]
    said: Mapping[UUID, Mapping[str, Any]]
    renewals: Mapping[UUID, Sequence[PastRenewal]]
    rates: StatedRates | None = None

    @cached_property
    def cohorts(self) -> Members:
        return members_by_cohort(self.histories.values(), time_zone=self.time_zone, now=self.now)

    @property
    def latest_change(self) -> datetime | None:
        return max((each.since[-1] for each in self.histories.values() if each.since), default=None)


def read_business(
    session: Session,
    workspace_id: UUID,
    *,
    time_zone: str,
    now: datetime,
    account_id: UUID | None = None,
    changed_between: tuple[datetime, datetime] | None = None,
) -> Business:
    """Five statements at most, whatever is asked of it afterwards.

    Of one account; or of those whose subscriptions changed in since <= at < until, and those that
    have no events; or of all.
    """
    chosen = _chosen_accounts(workspace_id, account_id, changed_between)
    changes, steps = _event_changes(session, workspace_id, chosen, time_zone, now)
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
    return Business(
        time_zone,
        now,
        found,
        started_at,
        _reached(session, workspace_id, account_id),
        said,
        {account: past for account, own in steps.items() if (past := past_renewals(own))},
        money_of(session, workspace_id).rates,
    )


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


def _event_changes(
    session: Session, workspace_id: UUID, chosen: Any, time_zone: str, now: datetime
) -> tuple[list[Change], Mapping[UUID, list[TermStep]]]:
    """What changed, and by account what became of terms until now, in order."""
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
    changes: list[Change] = []
    steps: dict[UUID, list[TermStep]] = defaultdict(list)
    for row in session.execute(query):
        change = Change(*row[:-1])
        changes.append(change)
        if change.at <= now:
            steps[row.account_id].append(
                TermStep(
                    change.product, change.action, local_day(change.at, time_zone),
                    change.mrr_minor, change.currency, row.term_ends_on,
                )
            )  # fmt: skip
    return changes, steps


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
    voice: Voice,
    time_zone: str,
    now: datetime,
) -> dict[str, Groups]:
    """Attribute → value at the start → sums; under `OVERALL` those of everybody.

    month: its first day; ValueError for one that has not begun. Under `TRIANGLE`, which is for
    months that are over: first day of a cohort's month → its cell, where started are the accounts
    of the cohort and active are those that pay at the end of this month.
    """
    start, end = month_span(month, time_zone, now=now)
    year_start = month_span(months_back(month, YEAR_MONTHS)[0], time_zone, now=now)[0]
    rates = business.rates.rates_of_month(month) if business.rates else None
    paying = _contributions(business, start, end)
    over_year = _contributions(business, year_start, end)
    found = _Month(
        business=business,
        voice=voice,
        start=start,
        year_start=year_start,
        paying=paying,
        over_year=over_year,
        converted=in_base(paying, business.histories, start, end, rates),
        converted_year=in_base(over_year, business.histories, year_start, end, rates),
        base=rates.base if rates else None,
        started={account: at for account, at in business.started_at.items() if start <= at < end},
        active=active_at(session, workspace_id, since=start, until=end),
        decided=[
            (account, as_of(past, time_zone), past.outcome)
            for account, own in business.renewals.items()
            for past in own
            if month <= past.decided_on < period_end(month, "month")
        ],
    )
    return {
        attribute: _triangle(business, month)
        if attribute == TRIANGLE
        else found.sums_by(attribute, now=now)
        for attribute in attributes
    }


def _triangle(business: Business, month: date) -> Groups:
    cells = cells_of_month(business.cohorts, month, time_zone=business.time_zone)
    return {
        cohort.isoformat(): Sums(cell.totals, started=cell.accounts, active=cell.active)
        for cohort, cell in cells.items()
    }


def as_of(past: PastRenewal, time_zone: str) -> datetime:
    """By what held when a renewal is split: when the month began in which it was decided or due,
    whichever was before. What was said later may have been said because of it."""
    first = period_start(min(past.due_on, past.decided_on), "month")
    return day_bounds(first, time_zone)[0]


def _contributions(
    business: Business, start: datetime, end: datetime
) -> Mapping[UUID, Contribution]:
    """What each account adds to the sums, worked out once for all attributes."""
    return {
        account: contribution(history.before(start), history.before(end))
        for account, history in business.histories.items()
        if history.since[0] < end
    }


@dataclass(frozen=True, slots=True)
class _Month:
    """What happened in a month, account by account. decided: (account, as of when it is split,
    outcome) of each renewal."""

    business: Business
    voice: Voice
    start: datetime
    year_start: datetime
    paying: Mapping[UUID, Contribution]
    over_year: Mapping[UUID, Contribution]
    converted: Mapping[UUID, Contribution]
    converted_year: Mapping[UUID, Contribution]
    base: str | None
    started: Mapping[UUID, datetime]
    active: Mapping[UUID, set[UUID]]
    decided: Sequence[tuple[UUID, datetime, str]]

    def sums_by(self, attribute: str, *, now: datetime) -> Groups:
        everybody = {*self.paying, *self.started, *self.active}
        now_in = self._split(attribute, everybody, self.start)
        then_in = self._split(attribute, self.over_year.keys(), self.year_start)
        decided: dict[str | None, list[tuple[UUID, bool]]] = defaultdict(list)
        for account, instant, outcome in self.decided:
            for value in values_at(self.business, self.voice, attribute, account, instant):
                decided[value].append((account, outcome == "renewed"))
        nobody: set[UUID] = set()
        return {
            value: self._sums(
                now_in.get(value, nobody), then_in.get(value, nobody), decided[value], now=now
            )
            for value in {**now_in, **then_in, **decided}
        }

    def _split(
        self, attribute: str, accounts: Iterable[UUID], at: datetime
    ) -> Mapping[str | None, set[UUID]]:
        found: dict[str | None, set[UUID]] = defaultdict(set)
        for account in accounts:
            for value in values_at(self.business, self.voice, attribute, account, at):
                found[value].add(account)
        return found

    def _sums(
        self,
        own: set[UUID],
        own_then: set[UUID],
        decided: Iterable[tuple[UUID, bool]],
        *,
        now: datetime,
    ) -> Sums:
        began = own & self.started.keys()
        people = (self.active[account] for account in own & self.active.keys())
        return Sums(
            totals=summed(self.paying[account] for account in own & self.paying.keys()),
            started=len(began),
            set_up=sum(is_set_up(self.business, account, now=now) for account in began),
            active=len(set[UUID]().union(*people)),
            year=summed(self.over_year[account] for account in own_then),
            renewals=lots_of(decided),
            converted=summed_in_base(self.converted, own & self.converted.keys(), self.base),
            converted_year=summed_in_base(self.converted_year, own_then, self.base),
        )


def values_at(
    business: Business, voice: Voice, attribute: str, account: UUID, at: datetime
) -> Collection[str | None]:
    """The values of an attribute that an account had at an instant; {None} where it had none."""
    if attribute == OVERALL:
        return _NO_VALUE
    if attribute == COHORT:
        history = business.histories.get(account)
        month = cohort_of(history, business.time_zone) if history else None
        return _NO_VALUE if month is None else (f"{month:%Y-%m}",)
    if attribute in VOICE:
        return voice.groups(attribute, at).get(account, _NO_VALUE)
    value = value_at(business.said.get(account, {}), attribute, at)
    return _NO_VALUE if value is None else (str(value),)


def is_set_up(business: Business, account: UUID, *, now: datetime) -> bool:
    """Whether an account that has begun was set up in time."""
    reached = (at for at in business.reached.get(account, ()) if at <= now)
    return RULE.is_met(business.started_at[account], reached)
