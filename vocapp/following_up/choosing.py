"""What of the queue is wanted, as statements that indexes answer: a list takes the first of each,
a tab counts them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select, true, union_all

from vocapp.extensions import db
from vocapp.following_up.models import ACTIVE_STATES, FOLLOW_UP_STATES, MERGED, FollowUp
from vocapp.following_up.reaching import cases_within
from vocapp.people.finding import found_accounts, found_people
from vocapp.people.models import Account, AccountName, ContactName
from vocapp.people.reaching import accounts_within, of_accounts_within
from vocapp.understanding.models import Assignment, Theme
from vocapp.workspaces.reach import OwnAccounts, Reach


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the queue is wanted.

    states: empty means all but what stands in another case; snoozed: whether what is put off,
    None means both; owner: "unassigned" or a user.
    """

    states: tuple[str, ...] = ACTIVE_STATES
    snoozed: bool | None = False
    team: str | None = None
    owner: UUID | str | None = None
    theme: str | None = None
    overdue: bool = False
    search: str | None = None


# From how many on something is looked for case by case, in the order of the list: it is then soon
# found. What is rarer is asked of its own index.
_MANY = 5_000
_MANY_NAMES = 1_000
_MANY_ACCOUNTS = 1_000


@dataclass(frozen=True, slots=True)
class Choice:
    """What filters and reach leave of a queue, whatever the state; may be asked for often."""

    workspace_id: UUID
    conditions: tuple[ColumnElement[bool], ...]
    within: tuple[ColumnElement[bool], ...]
    in_order: tuple[ColumnElement[bool], ...]
    is_overdue: bool
    now: datetime
    is_rare: bool
    is_looked_for: bool

    @property
    def are_few(self) -> bool:
        """Whether an index leads to all of them, so that they are read at once."""
        return self.is_rare or (len(self.within) > 1 and not self.is_looked_for)

    def parts(self, states: tuple[str, ...], *, snoozed: bool | None) -> list[Any]:
        """Statements on cases that together, and each case in one of them only, are what is
        wanted: of one state each, as indexes have them.

        states: empty means all but what stands in another case; snoozed: None means both.
        """
        wanted = [
            state
            for state in (ACTIVE_STATES if self.is_overdue else (*FOLLOW_UP_STATES, MERGED))
            if state in (states or FOLLOW_UP_STATES)
        ]
        of_states: list[ColumnElement[bool]] = []
        if self.is_rare:  # said so that no index by state is taken for it
            of_states = [func.coalesce(FollowUp.state, "").in_(wanted)] if wanted else []
        else:
            of_states = [FollowUp.state == state for state in wanted]
        more = [] if snoozed is None else [is_snoozed(self.now) if snoozed else is_awake(self.now)]
        return [
            part.where(state, *more) for part in self._of_any(self.in_order) for state in of_states
        ]

    def whole(self) -> list[Any]:
        """The same of all states."""
        late = [FollowUp.state.in_(ACTIVE_STATES)] if self.is_overdue else []
        return [part.where(*late) for part in self._of_any(self.within)]

    def _of_any(self, within: tuple[ColumnElement[bool], ...]) -> list[Any]:
        # Said so that what is overdue is not sorted, but met in the order of the list.
        late = [func.coalesce(FollowUp.due_at, self.now) < self.now] if self.is_overdue else []
        return [
            select(FollowUp.id).where(
                FollowUp.workspace_id == self.workspace_id, each, *self.conditions, *late
            )
            for each in within
        ]


def choice(workspace_id: UUID, filters: Filters, reach: Reach, now: datetime) -> Choice:
    """The filters but those by state; one statement where a theme is wanted, two for a search."""
    conditions: list[ColumnElement[bool]] = []
    if filters.team:
        conditions.append(FollowUp.team == filters.team)
    if filters.owner == "unassigned":
        conditions.append(FollowUp.owner_user_id.is_(None))
    elif isinstance(filters.owner, UUID):
        conditions.append(FollowUp.owner_user_id == filters.owner)
    elif filters.owner:
        conditions.append(false())
    found = []
    for asked in (
        _has_theme(workspace_id, filters.theme) if filters.theme else None,
        _is_of(workspace_id, filters.search) if filters.search else None,
    ):
        if asked:
            conditions.append(asked[0])
            found.append(asked[1])
    is_rare = any(found)
    within = (cases_within(reach, workspace_id),) if is_rare else _within(reach, workspace_id)
    in_order = within
    if len(within) > 1 and _has_many_accounts(reach, workspace_id):
        in_order = (_within_in_order(reach, workspace_id),)
    return Choice(
        workspace_id, tuple(conditions), within, in_order, filters.overdue, now, is_rare,
        is_looked_for=bool(found),
    )  # fmt: skip


def _within(reach: Reach, workspace_id: UUID) -> tuple[ColumnElement[bool], ...]:
    """The cases of `cases_within`; what was given and others of own accounts apart, as no index
    has both."""
    if not isinstance(reach, OwnAccounts):
        return (true(),)
    given = FollowUp.owner_user_id == reach.user_id
    others = FollowUp.owner_user_id.is_distinct_from(reach.user_id)
    own = of_accounts_within(reach, workspace_id, FollowUp.account_id)
    return given, and_(others, own)


def _has_many_accounts(reach: Reach, workspace_id: UUID) -> bool:
    own = select(Account.id).where(Account.workspace_id == workspace_id, accounts_within(reach))
    some = own.limit(_MANY_ACCOUNTS + 1).subquery()
    return (db.session.scalar(select(func.count()).select_from(some)) or 0) > _MANY_ACCOUNTS


def _within_in_order(reach: Reach, workspace_id: UUID) -> ColumnElement[bool]:
    """The cases of `cases_within` for somebody with many accounts: soon met in the order of the
    list, and said so that no index by owner or account is taken, whose cases would be sorted."""
    assert isinstance(reach, OwnAccounts)
    nobody = UUID(int=0)
    return or_(
        func.coalesce(FollowUp.owner_user_id, nobody) == reach.user_id,
        of_accounts_within(reach, workspace_id, func.coalesce(FollowUp.account_id, nobody)),
    )


def is_snoozed(now: datetime) -> ColumnElement[bool]:
    """For statements on cases: those that are put off."""
    return and_(FollowUp.snoozed_until.is_not(None), FollowUp.snoozed_until > now)


def is_awake(now: datetime) -> ColumnElement[bool]:
    """The counterpart of `is_snoozed`."""
    return or_(FollowUp.snoozed_until.is_(None), FollowUp.snoozed_until <= now)


def _has_theme(workspace_id: UUID, key: str) -> tuple[ColumnElement[bool], bool]:
    """The condition, and whether it holds for few. Which theme it is, is read first: of one that
    PostgreSQL does not know yet, it takes as many answers for granted as of any."""
    theme = db.session.scalar(
        select(Theme.id).where(Theme.workspace_id == workspace_id, Theme.key == key)
    )
    if theme is None:
        return false(), True
    of_theme = select(Assignment.response_id).where(
        Assignment.workspace_id == workspace_id, Assignment.theme_id == theme
    )
    some = of_theme.limit(_MANY + 1).subquery()
    if (db.session.scalar(select(func.count()).select_from(some)) or 0) > _MANY:
        return exists(of_theme.where(Assignment.response_id == FollowUp.response_id)), False
    return FollowUp.response_id.in_(of_theme), True


def _is_of(workspace_id: UUID, text: str) -> tuple[ColumnElement[bool], bool]:
    """Whether the account or the person has this in the name or the address; and the same."""
    accounts, people = found_accounts(workspace_id, text), found_people(workspace_id, text)
    some = [set(db.session.scalars(found.limit(_MANY_NAMES + 1))) for found in (accounts, people)]
    if max(map(len, some)) <= _MANY_NAMES:
        return _one_of(workspace_id, accounts=some[0], people=some[1]), True
    of_account = exists(accounts.where(AccountName.account_id == FollowUp.account_id))
    of_person = exists(people.where(ContactName.contact_id == FollowUp.contact_id))
    return or_(of_account, of_person), False


def _one_of(
    workspace_id: UUID, *, accounts: Collection[UUID], people: Collection[UUID]
) -> ColumnElement[bool]:
    """As ids of two statements: an index leads to each, none to both at once. Ids of answers, as
    SQLite would take ids of cases from the longest index that has them."""
    cases = select(FollowUp.response_id).where(FollowUp.workspace_id == workspace_id)
    found = [
        cases.where(column.in_(ids))
        for column, ids in ((FollowUp.account_id, accounts), (FollowUp.contact_id, people))
        if ids
    ]
    return FollowUp.response_id.in_(select(union_all(*found).subquery())) if found else false()
