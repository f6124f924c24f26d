"""Reads: renewals that come with chance and category, and what became of past ones.

`reach`: accounts beyond it are not read, and no chance is worked out from them either, so that
nothing of others shows through in a rate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, false, func, or_, select
from sqlalchemy.orm import Session, defer, load_only

from surveys.periods import day_bounds, local_day, zone
from surveys.renewals import (
    Category,
    Chance,
    Counts,
    PastRenewal,
    TermStep,
    category_of,
    chance_of,
    past_renewals,
    word_holds,
)
from vocapp.people.events.models import SubscriptionChange
from vocapp.people.models import Account
from vocapp.people.reaching import accounts_within, of_accounts_within
from vocapp.succeeding.health.models import BANDS, AccountHealth
from vocapp.succeeding.health.queries import Standing, joined, standing
from vocapp.succeeding.renewals.models import RenewalOutcome, RenewalWord
from vocapp.workspaces.models import User
from vocapp.workspaces.reach import Reach

PAST_DAYS = 3 * 365  # older renewals tell of another product
OVERDUE_DAYS = 30  # a term that is over with nothing told is looked at for so long
RECENT_DAYS = 60
MOST = 5_000


@dataclass(frozen=True, slots=True)
class Renewal:
    """A renewal that comes, or is over with nothing told.

    own_category: as the figures have it; category: the word of a person, if there is one.
    reason: the first of the health's, a code.
    """

    account: Account
    owner: str | None
    due_on: date
    days_left: int
    health: Standing
    reason: str | None
    chance: Chance
    own_category: Category
    category: Category
    word: RenewalWord | None

    @property
    def shown(self) -> str:
        return self.account.name or self.account.external_id


@dataclass(frozen=True, slots=True)
class Decided:
    """A renewal that was decided of late."""

    account: Account
    past: PastRenewal


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which accounts: of an owner, of a plan; None: all."""

    owner: UUID | None = None
    plan: str | None = None

    def conditions(self) -> list[Any]:
        found: list[Any] = []
        if self.owner is not None:
            found.append(Account.owner_user_id == self.owner)
        if self.plan is not None:
            found.append(Account.plan == self.plan)
        return found


EVERYBODY = Narrowed()


def past_counts(
    session: Session, workspace_id: UUID, *, reach: Reach, today: date
) -> dict[str | None, Counts]:
    """Band of the health some weeks before → past renewals, kept and lost."""
    rows = session.execute(
        select(RenewalOutcome.band, RenewalOutcome.outcome, func.count())
        .where(
            RenewalOutcome.workspace_id == workspace_id,
            RenewalOutcome.due_on >= today - timedelta(days=PAST_DAYS),
            RenewalOutcome.decided_on <= today,
            of_accounts_within(reach, workspace_id, RenewalOutcome.account_id),
        )
        .group_by(RenewalOutcome.band, RenewalOutcome.outcome)
    )
    found: dict[str | None, Counts] = {}
    for band, outcome, n in rows:
        renewed, lost = found.get(band, Counts(0, 0))
        more = (n, 0) if outcome == "renewed" else (0, n)
        found[band] = Counts(renewed + more[0], lost + more[1])
    return found


def coming(
    session: Session,
    workspace_id: UUID,
    *,
    since: date,
    until: date,
    today: date,
    reach: Reach,
    narrowed: Narrowed = EVERYBODY,
    account_id: UUID | None = None,
    category: Category | None = None,
) -> list[Renewal]:
    """Renewals with since <= day < until of accounts that pay, the first on top; of one category
    or of all."""
    past = past_counts(session, workspace_id, reach=reach, today=today)
    chances = {band: chance_of(band, past) for band in (None, *BANDS)}
    query = (
        joined(select(Account, User.name, AccountHealth, RenewalWord))
        .outerjoin(User, User.id == Account.owner_user_id)
        .outerjoin(
            RenewalWord,
            (RenewalWord.workspace_id == Account.workspace_id)
            & (RenewalWord.account_id == Account.id),
        )
        .where(
            Account.workspace_id == workspace_id,
            Account.renewal_on >= since,
            Account.renewal_on < until,
            or_(Account.mrr_minor.is_(None), Account.mrr_minor > 0),
            accounts_within(reach, workspace_id),
            *narrowed.conditions(),
        )
        .order_by(Account.renewal_on, Account.id)
        .limit(MOST)
        .options(
            defer(Account.attributes), defer(Account.fact_as_of), defer(Account.fact_history),
            defer(AccountHealth.components),
        )
    )  # fmt: skip
    if account_id is not None:
        query = query.where(Account.id == account_id)
    if category is not None:
        query = query.where(_may_be(category, chances))
    found = [
        _renewal(account, owner, health, word, chances[health.band if health else None], today)
        for account, owner, health, word in session.execute(query)
    ]
    return [each for each in found if category in {None, each.category}]


def _may_be(category: Category, chances: Mapping[str | None, Chance]) -> ColumnElement[bool]:
    """Of a statement on accounts with health and word: whose own category it is, or the word."""
    own = [band for band, chance in chances.items() if category_of(chance, band) == category]
    return or_(
        RenewalWord.category == category,
        AccountHealth.band.in_([band for band in own if band]),
        AccountHealth.band.is_(None) if None in own else false(),
    )


def _renewal(
    account: Account,
    owner: str | None,
    health: AccountHealth | None,
    word: RenewalWord | None,
    chance: Chance,
    today: date,
) -> Renewal:
    band = health.band if health else None
    own = category_of(chance, band)
    holds = word is not None and word.category and word_holds(word.due_on, account.renewal_on)
    held = word if holds else None
    assert account.renewal_on is not None
    return Renewal(
        account=account,
        owner=owner,
        due_on=account.renewal_on,
        days_left=(account.renewal_on - today).days,
        health=standing(health.score if health else None, band),
        reason=next(iter(health.reasons), None) if health else None,
        chance=chance,
        own_category=own,
        category=cast("Category", held.category) if held else own,
        word=held,
    )


# --- what became of them ------------------------------------------------------------------


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


def decided_of_late(
    session: Session,
    workspace_id: UUID,
    *,
    time_zone: str,
    now: datetime,
    reach: Reach,
    narrowed: Narrowed = EVERYBODY,
) -> list[Decided]:
    """What was decided in the last RECENT_DAYS, the latest first; up to date, not of the night."""
    since = local_day(now, time_zone) - timedelta(days=RECENT_DAYS)
    touched = select(SubscriptionChange.account_id).where(
        SubscriptionChange.workspace_id == workspace_id,
        SubscriptionChange.at >= day_bounds(since, time_zone)[0],
        SubscriptionChange.action.in_(("renewed", "cancelled")),
        SubscriptionChange.is_superseded.is_(False),
    )
    query = select(Account).where(
        Account.workspace_id == workspace_id,
        Account.id.in_(touched),
        accounts_within(reach, workspace_id),
        *narrowed.conditions(),
    )
    # Nothing but names is shown of them, and there may be thousands.
    named = load_only(Account.id, Account.external_id, Account.name)
    accounts = {account.id: account for account in session.scalars(query.options(named))}
    chosen = query.with_only_columns(Account.id)
    past = decided_of(session, workspace_id, chosen, time_zone=time_zone, until=now)
    found = [
        Decided(accounts[account_id], each)
        for account_id, own in past.items()
        for each in own
        if each.decided_on >= since and account_id in accounts
    ]
    return sorted(found, key=lambda each: (each.past.decided_on, each.account.id), reverse=True)
