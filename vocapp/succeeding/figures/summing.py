"""Sums of months: of everybody, and by what held of accounts at the start."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from surveys.adoption import WEEK_DAYS, Usage, Waits, usage_of, waits_of
from surveys.cohorts import cells_of_month
from surveys.periods import day_bounds, months_back, period_end, period_start
from surveys.renewal_rates import Lots, lots_of
from surveys.renewals import PastRenewal
from surveys.retention import Contribution, Totals, summed
from surveys.subscriptions import Paid, month_span
from vocapp.people.events.queries import active_days, active_pairs
from vocapp.people.fact_history import value_at
from vocapp.succeeding.figures.business import Business
from vocapp.succeeding.figures.converting import cohort_in_base, in_base, summed_in_base
from vocapp.succeeding.figures.models import OVERALL
from vocapp.succeeding.figures.voice import VOICE, Voice

YEAR_MONTHS = 12
COHORT = "payment.first_month"  # an attribute of accounts like others, as they are kept
TRIANGLE = "cohorts"
_NO_VALUE: frozenset[str | None] = frozenset({None})
_Told = TypeVar("_Told")


@dataclass(frozen=True, slots=True)
class Sums:
    """Of some accounts in a month. totals: by currency, under None those of accounts in any.

    started: accounts whose first subscription started; set_up: of them in time. active: people
    who logged in or used something. year: totals from the start of the twelve months that end
    with this one, of the accounts that were so then. renewals: what was decided in the month, of
    the accounts that were so when the month began in which it was decided or due. converted,
    converted_year: totals and year in the reporting currency, by the rates of this month, of the
    accounts whose prices all have one; None: there is no such currency. usage: of the days (in UTC)
    of the month. waits: of accounts that began in these twelve months, days until they were set
    up, as it stood when the month ended.
    """

    totals: Mapping[str | None, Totals]
    started: int = 0
    set_up: int = 0
    active: int = 0
    year: Mapping[str | None, Totals] = field(default_factory=dict)
    renewals: Lots = field(default_factory=dict)
    converted: Totals | None = None
    converted_year: Totals | None = None
    usage: Usage = field(default_factory=Usage)
    waits: Waits = field(default_factory=dict)


Groups = Mapping[str | None, Sums]


def active_at(
    session: Session, workspace_id: UUID, *, since: datetime, until: datetime
) -> dict[UUID, set[UUID]]:
    """Account → its people who were active in since <= at < until."""
    found: dict[UUID, set[UUID]] = defaultdict(set)
    for account, contact in active_pairs(session, workspace_id, since=since, until=until):
        found[account].add(contact)
    return found


def days_at(session: Session, workspace_id: UUID, month: date) -> dict[UUID, dict[UUID, int]]:
    """Account → its people → on which days (in UTC) of a month each was active: `usage_of`."""
    found: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    for account, contact, mask in active_days(session, workspace_id, month):
        found[account][contact] = mask
    return found


def days_so_far(month: date, *, now: datetime) -> int:
    """How many days (in UTC) a month has, or has begun by now; at least 1."""
    until = min(period_end(month, "month"), now.astimezone(UTC).date() + timedelta(days=1))
    return max(1, (until - month).days)


def waits_at(
    business: Business[Paid], since: datetime, until: datetime
) -> dict[UUID, tuple[int, bool]]:
    """Of accounts that began in since <= at < until: whole days from then until they were set up,
    or else until the end or until they left; and which of both. Before the start counts as 0."""
    began = business.accounts.began(since, until)
    times = business.accounts.reached_by(began)
    reached = {
        account: min(before)
        for account, own in times.items()
        if (before := [at for at in own if at < until])
    }
    histories = business.accounts.of(began.keys() - reached.keys())
    left = {account: history.left_at(until) for account, history in histories.items()}
    return {
        account: (
            max(0, ((reached.get(account) or left.get(account) or until) - at).days),
            account in reached,
        )
        for account, at in began.items()
    }


def read_month(
    session: Session,
    workspace_id: UUID,
    business: Business[Paid],
    month: date,
    *,
    voice: Voice,
    time_zone: str,
    now: datetime,
) -> MonthRead:
    """What happened in a month (its first day); ValueError for one that has not begun."""
    start, end = month_span(month, time_zone, now=now)
    year_start = month_span(months_back(month, YEAR_MONTHS)[0], time_zone, now=now)[0]
    rates = business.rates.rates_of_month(month) if business.rates else None
    paying = business.contributions(start, end)
    over_year = business.contributions(year_start, end, is_year=True)
    return MonthRead(
        business=business,
        voice=voice,
        month=month,
        now=now,
        start=start,
        year_start=year_start,
        paying=paying,
        over_year=over_year,
        converted=in_base(paying, business.histories, start, end, rates),
        converted_year=in_base(over_year, business.histories, year_start, end, rates),
        base=rates.base if rates else None,
        started=[account for account, at in business.started_at.items() if start <= at < end],
        active=active_at(session, workspace_id, since=start, until=end),
        days=days_at(session, workspace_id, month),
        days_counted=days_so_far(month, now=now),
        waits=waits_at(business, year_start, end),
    )


def renewals_of_month(
    business: Business[Paid], voice: Voice, month: date, attributes: Iterable[str]
) -> dict[str, Groups]:
    """The same as `MonthRead.sums` with nothing but the renewals, and the groups that have any: all
    that rates over twelve months need of eleven of them."""
    return {
        attribute: {
            value: Sums({}, renewals=lots_of(decided))
            for value, decided in _renewals_of(business, voice, month, attribute).items()
        }
        for attribute in attributes
    }


Decisions = Mapping[str | None, Sequence[tuple[UUID, bool]]]  # value → whose, and if it came


def _renewals_of(business: Business[Paid], voice: Voice, month: date, attribute: str) -> Decisions:
    found: dict[str | None, list[tuple[UUID, bool]]] = defaultdict(list)
    for account, past in business.decided.get(month, ()):
        instant = as_of(past, business.time_zone)
        for value in values_of(business, voice, attribute, instant)(account):
            found[value].append((account, past.outcome == "renewed"))
    return found


def _triangle(business: Business[Paid], month: date) -> Groups:
    cells = cells_of_month(business.cohorts, month, time_zone=business.time_zone)
    end = day_bounds(period_end(month, "month"), business.time_zone)[0]
    rates = business.rates.rates_of_month(month) if business.rates else None
    return {
        cohort.isoformat(): Sums(
            cell.totals,
            started=cell.accounts,
            active=cell.active,
            converted=cohort_in_base(business.cohorts[cohort], end, rates),
        )
        for cohort, cell in cells.items()
    }


def as_of(past: PastRenewal, time_zone: str) -> datetime:
    """By what held when a renewal is split: when the month began in which it was decided or due,
    whichever was before. What was said later may have been said because of it."""
    return _began(period_start(min(past.due_on, past.decided_on), "month"), time_zone)


@lru_cache(maxsize=256)
def _began(month: date, time_zone: str) -> datetime:
    return day_bounds(month, time_zone)[0]


@dataclass(frozen=True, slots=True)
class MonthRead:
    """What happened in a month, account by account."""

    business: Business[Paid]
    voice: Voice
    month: date
    now: datetime
    start: datetime
    year_start: datetime
    paying: Mapping[UUID, Contribution]
    over_year: Mapping[UUID, Contribution]
    converted: Mapping[UUID, Contribution]
    converted_year: Mapping[UUID, Contribution]
    base: str | None
    started: Collection[UUID]
    active: Mapping[UUID, set[UUID]]
    days: Mapping[UUID, Mapping[UUID, int]]
    days_counted: int
    waits: Mapping[UUID, tuple[int, bool]]

    def sums(self, attributes: Iterable[str]) -> dict[str, Groups]:
        """Attribute → value at the start → sums; under `OVERALL` those of everybody.

        Under `TRIANGLE`, which is for months that are over: first day of a cohort's month → its
        cell, where started are the accounts of the cohort and active are those that pay at the
        end of this month.
        """
        return {
            attribute: _triangle(self.business, self.month)
            if attribute == TRIANGLE
            else self._sums_by(attribute)
            for attribute in attributes
        }

    def people(self) -> dict[UUID, tuple[int, int]]:
        """How many people of each account were active in the month, and in its last seven days
        so far (in UTC)."""
        before = max(0, self.days_counted - WEEK_DAYS)
        late = {
            account: sum(mask >> before > 0 for mask in own.values())
            for account, own in self.days.items()
        }
        return {
            account: (len(self.active.get(account, ())), late.get(account, 0))
            for account in {**self.active, **self.days}
        }

    def _sums_by(self, attribute: str) -> Groups:
        decided = _renewals_of(self.business, self.voice, self.month, attribute)
        now = self.now
        paying = self._split(attribute, self.paying, self.start)
        over_year = self._split(attribute, self.over_year, self.year_start)
        started = self._split(attribute, dict.fromkeys(self.started), self.start)
        active = self._split(attribute, self.active, self.start)
        days = self._split(attribute, self.days, self.start)
        waits = self._split(attribute, self.waits, self.start)
        return {
            value: Sums(
                totals=summed(paying.get(value, {}).values()),
                started=len(began := started.get(value, {})),
                set_up=sum(is_set_up(self.business, account, now=now) for account in began),
                active=len(set[UUID]().union(*active.get(value, {}).values())),
                year=summed(over_year.get(value, {}).values()),
                renewals=lots_of(decided.get(value, ())),
                converted=summed_in_base(self.converted, paying.get(value, {}), self.base),
                converted_year=summed_in_base(
                    self.converted_year, over_year.get(value, {}), self.base
                ),
                usage=usage_of(
                    _together(days.get(value, {}).values()).values(), days=self.days_counted
                ),
                waits=waits_of(waits.get(value, {}).values()),
            )
            for value in {**paying, **started, **active, **days, **waits, **over_year, **decided}
        }

    def _split(
        self, attribute: str, known: Mapping[UUID, _Told], at: datetime
    ) -> Mapping[str | None, Mapping[UUID, _Told]]:
        """By value what is known of accounts that had it."""
        if attribute == OVERALL:
            return {None: known} if known else {}
        values = values_of(self.business, self.voice, attribute, at)
        found: dict[str | None, dict[UUID, _Told]] = defaultdict(dict)
        for account, told in known.items():
            for value in values(account):
                found[value][account] = told
        return found


def _together(found: Iterable[Mapping[UUID, int]]) -> dict[UUID, int]:
    """The days of each person, at whichever of these accounts."""
    masks: dict[UUID, int] = {}
    for own in found:
        for contact, mask in own.items():
            masks[contact] = masks.get(contact, 0) | mask
    return masks


def values_of(
    business: Business[Paid], voice: Voice, attribute: str, at: datetime
) -> Callable[[UUID], Collection[str | None]]:
    """The values of an attribute that an account had at an instant; {None} where it had none."""
    if attribute == OVERALL:
        return lambda _account: _NO_VALUE
    if attribute == COHORT or attribute in VOICE:
        known = business.cohort_names if attribute == COHORT else voice.groups(attribute, at)
        return lambda account: known.get(account, _NO_VALUE)
    said = business.said

    def value(account: UUID) -> Collection[str | None]:
        found = value_at(said.get(account, {}), attribute, at)
        return _NO_VALUE if found is None else (str(found),)

    return value


def is_set_up(business: Business[Paid], account: UUID, *, now: datetime) -> bool:
    """Whether an account that has begun completed onboarding in time."""
    at = business.in_time.get(account)
    return at is not None and at <= now
