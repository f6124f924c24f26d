"""Reads: renewals that come, with chance and category.

`reach`: accounts beyond it are not read, and no chance is worked out from them either, so that
nothing of others shows through in a rate.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    bindparam,
    case,
    extract,
    func,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session, load_only

from surveys.renewals import (
    WORD_HOLDS_DAYS,
    Category,
    Chance,
    Counts,
    category_of,
    chance_of,
    word_holds,
)
from vocapp.database import (
    OF_WORKSPACE,
    days_between,
    json_within,
    listed,
    newer_than,
    read_json,
    text_within,
    trimmed,
)
from vocapp.people.models import Account
from vocapp.people.reaching import accounts_within, of_accounts_within
from vocapp.succeeding.health.models import BANDS, AccountHealth
from vocapp.succeeding.health.queries import Standing, joined, standing
from vocapp.succeeding.health.segmenting import FACTS
from vocapp.succeeding.renewals.models import RenewalOutcome, RenewalWord
from vocapp.workspaces.models import User
from vocapp.workspaces.reach import OwnAccounts, Reach

PAST_DAYS = 3 * 365  # older renewals tell of another product
OVERDUE_DAYS = 30  # a term that is over with nothing told is looked at for so long


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
class Segment:
    """Accounts with one value of an attribute; value None: without any."""

    attribute: str
    value: str | None

    @classmethod
    def named(cls, attribute: str, text: str) -> Segment:
        """As an address names it: empty for those without any. No value has a NUL, which PostgreSQL
        cannot even look for."""
        return cls(attribute, text.replace("\0", " ").strip() or None)


def can_split(attribute: str) -> bool:
    """Whether accounts can be told apart by an attribute of this name; see `json_path`."""
    return bool(attribute) and not set('"\\\0') & set(attribute)


def value_of(session: Session, attribute: str) -> ColumnElement[str]:
    """Of a statement on accounts; attribute: one that `can_split`."""
    if attribute in FACTS:
        return _fact(getattr(Account, attribute))
    return text_within(session, Account.attributes, attribute)


def _fact(said: Any) -> ColumnElement[str]:
    return func.nullif(trimmed(said), "")


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which accounts: of an owner, of a plan, with a value of an attribute; None: all."""

    owner: UUID | None = None
    plan: str | None = None
    segment: Segment | None = None

    def conditions(self, session: Session) -> list[Any]:
        found: list[Any] = []
        if self.owner is not None:
            found.append(Account.owner_user_id == self.owner)
        if self.plan is not None:
            found.append(Account.plan == self.plan)
        if self.segment is not None:
            value = value_of(session, self.segment.attribute)
            wanted = self.segment.value
            found.append(value.is_(None) if wanted is None else value == wanted)
        return found


EVERYBODY = Narrowed()


@dataclass(frozen=True, slots=True)
class Asked:
    """Which renewals: with since <= day < until, of which accounts, for whom, as of which day."""

    since: date
    until: date
    today: date
    reach: Reach
    narrowed: Narrowed = EVERYBODY

    def conditions(self, session: Session, workspace_id: UUID) -> list[Any]:
        """Of a statement on accounts; who pays nothing has nothing to renew."""
        return [
            Account.workspace_id == workspace_id,
            Account.renewal_on >= self.since,
            Account.renewal_on < self.until,
            or_(Account.mrr_minor.is_(None), Account.mrr_minor > 0),
            *self._within(workspace_id),
            *self.narrowed.conditions(session),
        ]

    def _within(self, workspace_id: UUID) -> list[Any]:
        """Who asks for what they own themselves is within reach, and not asked about twice."""
        is_own = self.reach == OwnAccounts(self.narrowed.owner) if self.narrowed.owner else False
        return [] if is_own else [accounts_within(self.reach, workspace_id)]


@dataclass(frozen=True, slots=True)
class AtStake:
    """Renewals of a month (its first day) that are alike in currency, health and category: what
    each pays, None where it is not known. value: that of the attribute they are split by."""

    month: date
    currency: str | None
    band: str | None
    category: Category
    amounts: Sequence[int | None]
    value: str | None = None


Chances = Mapping[str | None, Chance]  # by band of the health
Place = tuple[date, UUID]  # in a list of renewals, by day and account


def chances_of(session: Session, workspace_id: UUID, *, reach: Reach, today: date) -> Chances:
    """The chance of a renewal by the band of the health, from past ones within reach."""
    past = _past_counts(session, workspace_id, reach=reach, today=today)
    return {band: chance_of(band, past) for band in (None, *BANDS)}


_PAST = (
    select(RenewalOutcome.band, RenewalOutcome.outcome, func.count())
    .where(
        RenewalOutcome.workspace_id == OF_WORKSPACE,
        RenewalOutcome.due_on >= bindparam("since", type_=Date),
        RenewalOutcome.decided_on <= bindparam("today", type_=Date),
    )
    .group_by(RenewalOutcome.band, RenewalOutcome.outcome)
)


def _past_counts(
    session: Session, workspace_id: UUID, *, reach: Reach, today: date
) -> dict[str | None, Counts]:
    """Band of the health some weeks before → past renewals, kept and lost."""
    rows = session.execute(
        _PAST.where(of_accounts_within(reach, workspace_id, RenewalOutcome.account_id)),
        {
            "workspace_id": workspace_id, "since": today - timedelta(days=PAST_DAYS),
            "today": today,
        },
    )  # fmt: skip
    found: dict[str | None, Counts] = {}
    for band, outcome, n in rows:
        renewed, lost = found.get(band, Counts(0, 0))
        more = (n, 0) if outcome == "renewed" else (0, n)
        found[band] = Counts(renewed + more[0], lost + more[1])
    return found


def at_stake(
    session: Session, workspace_id: UUID, asked: Asked, chances: Chances, *, by: str | None = None
) -> list[AtStake]:
    """All renewals that come, as sums and shares are made of them, split by an attribute where one
    is named: no account is read by itself, as a large business has twenty thousand a year.

    They are summed by what is said, as it is kept: the value that it is, is asked once of each."""
    said, as_value = _said(session, by)
    each = _joined(
        select(
            extract("year", Account.renewal_on).label("year"),
            extract("month", Account.renewal_on).label("month"),
            Account.currency,
            AccountHealth.band,
            _category(session, chances).label("category"),
            said.label("said"),
            Account.mrr_minor,
        )
    ).where(*asked.conditions(session, workspace_id)).subquery()  # fmt: skip
    *alike, amount = each.c
    groups = select(*alike, listed(session, amount)).group_by(*alike).subquery()
    *alike, of_all, amounts = groups.c
    rows: Any = session.execute(select(*alike, as_value(of_all), amounts))
    return [
        AtStake(date(int(year), int(month), 1), currency, band, category, read_json(amounts), value)
        for year, month, currency, band, category, value, amounts in rows
    ]


def _said(session: Session, by: str | None) -> tuple[ColumnElement[Any], Callable[[Any], Any]]:
    """What is said of an account, as it is kept, and what makes a value of that as `value_of`."""
    if by is None:
        return null(), lambda said: said
    if by in FACTS:
        return getattr(Account, by), _fact
    return json_within(session, Account.attributes, by), partial(text_within, session)


def coming(
    session: Session,
    workspace_id: UUID,
    asked: Asked,
    chances: Chances,
    *,
    accounts: Collection[UUID] | None = None,
    category: Category | None = None,
    after: Place | None = None,
    limit: int | None = None,
) -> list[Renewal]:
    """Account by account, the first on top, so many after a place; of some accounts, of one
    category, or of all."""
    query = _COMING.where(*asked.conditions(session, workspace_id)).limit(limit)
    if accounts is not None:
        query = query.where(Account.id.in_(accounts))
    if category is not None:
        query = query.where(_category(session, chances) == category)
    if after is not None:
        query = query.where(newer_than(Account.renewal_on, Account.id, after))
    return [
        _renewal(
            account, owner, health, word, chances[health.band if health else None], asked.today
        )
        for account, owner, health, word in session.execute(query)
    ]


def first_accounts(
    session: Session, workspace_id: UUID, asked: Sequence[Asked], *, limit: int
) -> list[UUID]:
    """So many accounts of each that is asked, whose renewals come first: one statement, and the
    index by day leads to them."""
    firsts = [
        select(Account.id)
        .where(*each.conditions(session, workspace_id))
        .order_by(Account.renewal_on, Account.id)
        .limit(limit)
        .subquery()
        for each in asked
    ]
    if not firsts:
        return []
    return list(session.scalars(union_all(*(select(each.c.id) for each in firsts))))


def _joined(query: Any) -> Any:
    """A statement on accounts, with the health and the last word on each."""
    return joined(query).outerjoin(
        RenewalWord,
        (RenewalWord.workspace_id == Account.workspace_id) & (RenewalWord.account_id == Account.id),
    )


_COMING = (
    _joined(select(Account, User.name, AccountHealth, RenewalWord))
    .outerjoin(User, User.id == Account.owner_user_id)
    .order_by(Account.renewal_on, Account.id)
    .options(
        load_only(
            Account.external_id, Account.name, Account.mrr_minor, Account.currency,
            Account.renewal_on,
        ),
        load_only(AccountHealth.score, AccountHealth.band, AccountHealth.reasons),
    )
)  # fmt: skip


def _category(session: Session, chances: Chances) -> ColumnElement[str]:
    """Of a statement that is `_joined`: as `_renewal` has it."""
    apart = days_between(session, RenewalWord.due_on, Account.renewal_on)
    own = case(
        *(
            (AccountHealth.band == band, category_of(chance, band))
            for band, chance in chances.items()
            if band is not None
        ),
        else_=category_of(chances[None], None),
    )
    return func.coalesce(
        case((apart.between(-WORD_HOLDS_DAYS, WORD_HOLDS_DAYS), RenewalWord.category)), own
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
