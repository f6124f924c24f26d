"""What of the queue is wanted, as statements that indexes answer: a list takes the first of each,
a tab counts them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, exists, false, func, or_, select, true

from vocapp.database import UtcDateTime
from vocapp.extensions import db
from vocapp.following_up.models import ACTIVE_STATES, FOLLOW_UP_STATES, MERGED, FollowUp
from vocapp.following_up.reaching import cases_within
from vocapp.people.finding import found_accounts, found_people
from vocapp.people.models import AccountName, ContactName
from vocapp.people.reaching import has_more_accounts, of_accounts_within
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
# Of so many readers and filters statements are kept: building one takes longer than executing it.
_KEPT = 256

_NOBODY = UUID(int=0)  # no id of anything

# The parameter of all statements here: when it is.
NOW = bindparam("now", type_=UtcDateTime())

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What filters and reach leave of a queue, whatever the state; may be asked for often.

    Its statements have the parameter `now`.
    """

    workspace_id: UUID
    conditions: tuple[ColumnElement[bool], ...]
    within: tuple[ColumnElement[bool], ...]
    in_order: tuple[ColumnElement[bool], ...]
    is_overdue: bool
    are_few: bool  # an index leads to all of them, so that they are read at once
    are_of_many: bool  # of so many accounts that all that has not ended is passed over instead
    is_rare: bool  # the same, whoever reads
    is_of_team: bool  # an index has those of one team in order
    is_by_due: bool  # an index has the first of `within` by due time
    _built: dict[Hashable, Any] = field(default_factory=dict)

    def once(self, key: Hashable, build: Callable[[], T]) -> T:
        """What is built of this choice, built at the first time; `key` names it."""
        if key not in self._built:
            self._built[key] = build()
        found: T = self._built[key]
        return found

    def parts(
        self, states: tuple[str, ...], *, snoozed: bool | None, first_due_first: bool = False
    ) -> list[Any]:
        """Statements on cases that together, and each case in one of them only, are what is
        wanted: of one state each, as indexes have them in order.

        states: empty means all but what stands in another case; snoozed: None means both.
        """
        wanted = self._states(states)
        of_states: list[ColumnElement[bool]] = []
        if self.is_rare:  # said so that no index by state is taken for it
            of_states = [func.coalesce(FollowUp.state, "").in_(wanted)] if wanted else []
        else:
            of_states = [FollowUp.state == state for state in wanted]
        more = [*self._late(by_index=first_due_first), *self._put_off(snoozed)]
        return [self._of(each, state, *more) for each in self.in_order for state in of_states]

    def awake(self, state: str) -> list[Any]:
        """The same of one state, what is put off left out, in no order, for who goes no further
        than a number."""
        return [
            self._of(each, FollowUp.state == wanted, is_awake(NOW), *self._late(by_index=by_index))
            for wanted in self._states((state,))
            for each, by_index in self._counted()
        ]

    def put_off(self, states: tuple[str, ...]) -> list[Any]:
        """The counterpart of `awake`, of several states at once; empty means as for `parts`.

        Those are few, and an index has them and no others. SQLite would not take it: it holds
        every index for as large as its table.
        """
        if not (wanted := self._states(states)):
            return []
        late = self._late(by_index=False)
        parts = [
            self._of(each, FollowUp.state.in_(wanted), is_snoozed(NOW), *late)
            for each in self.in_order
        ]
        if self.is_rare or self.is_of_team:  # another index leads to less
            return parts
        return [
            part.with_hint(FollowUp, "INDEXED BY ix_follow_up_snoozed", "sqlite") for part in parts
        ]

    def whole(self) -> list[Any]:
        """The same of all states, put off or not."""
        late = [FollowUp.state.in_(ACTIVE_STATES)] if self.is_overdue else []
        return [self._of(each, *late, *self._late(by_index=False)) for each in self.within]

    def active(self) -> Any:
        """Statement: all that have not ended, put off or not, met in the order of the list."""
        (each,) = self.in_order
        return self._of(each, FollowUp.state.in_(ACTIVE_STATES), *self._late(by_index=False))

    def _counted(self) -> list[tuple[ColumnElement[bool], bool]]:
        """The parts of `within`, and of which an index has what is overdue."""
        return [(each, self.is_by_due and not number) for number, each in enumerate(self.within)]

    def _of(self, *more: ColumnElement[bool]) -> Any:
        return select(FollowUp.id).where(
            FollowUp.workspace_id == self.workspace_id, *more, *self.conditions
        )

    def _late(self, *, by_index: bool) -> list[ColumnElement[bool]]:
        """by_index: what is overdue is a stretch of the index by due times. Else it is said so
        that another index is taken, and what is overdue met in the order of the list."""
        due = FollowUp.due_at if by_index else func.coalesce(FollowUp.due_at, NOW)
        return [due < NOW] if self.is_overdue else []

    def _states(self, states: tuple[str, ...]) -> list[str]:
        known = ACTIVE_STATES if self.is_overdue else (*FOLLOW_UP_STATES, MERGED)
        return [state for state in known if state in (states or FOLLOW_UP_STATES)]

    def _put_off(self, snoozed: bool | None) -> list[ColumnElement[bool]]:
        if snoozed is None:
            return []
        return [is_snoozed(NOW) if snoozed else is_awake(NOW)]


# What a theme or a search leaves, and whether these are few.
_Found = tuple[ColumnElement[bool], bool]


class _Theme(NamedTuple):
    """id: None where there is none of this name."""

    id: UUID | None
    is_rare: bool


def choice(workspace_id: UUID, filters: Filters, reach: Reach) -> Choice:
    """The filters but those by state; one statement where a theme is wanted, two for a search,
    one more for somebody who is limited to own accounts."""
    plain = replace(filters, states=(), snoozed=None, theme=None, search=None)
    theme = _theme(workspace_id, filters.theme) if filters.theme else None
    named = _is_of(workspace_id, filters.search) if filters.search else None
    is_rare = (theme is not None and theme.is_rare) or (named is not None and named[1])
    own = _by_accounts(filters, reach)
    has_many_accounts = (
        own is not None and not is_rare and has_more_accounts(own, workspace_id, _MANY_ACCOUNTS)
    )
    # Each account of a case is looked up: PostgreSQL does it in a hash, SQLite in a tree, which
    # takes it longer than to be led by the accounts.
    is_hashed = has_many_accounts and db.engine.dialect.name == "postgresql"
    build = _kept_choice if named is None else _choice
    return build(workspace_id, plain, reach, has_many_accounts, is_hashed, theme, named)


def _by_accounts(filters: Filters, reach: Reach) -> OwnAccounts | None:
    """The reach whose accounts lead to the cases; not where one's own cases are asked for."""
    return reach if isinstance(reach, OwnAccounts) and filters.owner != reach.user_id else None


def _choice(
    workspace_id: UUID,
    filters: Filters,
    reach: Reach,
    has_many_accounts: bool,
    is_hashed: bool,
    theme: _Theme | None,
    named: _Found | None,
) -> Choice:
    found = [_has_theme(workspace_id, theme)] if theme else []
    found += [named] if named else []
    conditions = [condition for condition, _ in found]
    is_rare = any(is_rare for _, is_rare in found)
    if filters.team:
        conditions.append(FollowUp.team == filters.team)
    if filters.owner == "unassigned":
        conditions.append(FollowUp.owner_user_id.is_(None))
    elif isinstance(filters.owner, UUID):
        conditions.append(FollowUp.owner_user_id == filters.owner)
    elif filters.owner:  # an index is told below, which SQLite refuses where nothing is asked of it
        conditions.append(FollowUp.owner_user_id == _NOBODY)
    by_account = _by_accounts(filters, reach) is not None
    # Of one team, and of what nobody has, so few are left that the accounts lead to them sooner.
    are_of_many = is_hashed and not (found or filters.team or filters.owner)
    are_few = is_rare or (by_account and not found and not are_of_many)
    within = (
        (cases_within(reach, workspace_id),)
        if is_rare
        else _within(reach, workspace_id, filters.owner)
    )
    in_order = within
    if has_many_accounts:
        in_order = (_within_in_order(reach, workspace_id, filters.owner),)
    if is_hashed and not are_few:
        within = _within_counted(reach, workspace_id, filters.owner)
    return Choice(
        workspace_id, tuple(conditions), within, in_order, filters.overdue,
        are_few=are_few, are_of_many=are_of_many, is_rare=is_rare,
        is_of_team=bool(filters.team),
        is_by_due=len(within) > 1
        or filters.owner is not None
        or not (by_account or conditions),
    )  # fmt: skip


# Which choices are kept: a search is another one nearly every time.
_kept_choice = lru_cache(_KEPT)(_choice)


def _within(
    reach: Reach, workspace_id: UUID, owner: UUID | str | None
) -> tuple[ColumnElement[bool], ...]:
    """The cases of `cases_within` that may have this owner; what was given and others of own
    accounts apart, as no index has both."""
    if not isinstance(reach, OwnAccounts):
        return (true(),)
    given = FollowUp.owner_user_id == reach.user_id
    own = of_accounts_within(reach, workspace_id, FollowUp.account_id)
    if owner is not None:
        return (given if owner == reach.user_id else own,)
    return given, and_(FollowUp.owner_user_id.is_distinct_from(reach.user_id), own)


def _within_in_order(
    reach: Reach, workspace_id: UUID, owner: UUID | str | None
) -> ColumnElement[bool]:
    """The cases of `_within` for somebody with many accounts: soon met in the order of the list,
    and said so that no index by account, and none by owner unless one is asked for, is taken,
    whose cases would be sorted."""
    assert isinstance(reach, OwnAccounts)
    if owner is not None:
        return _of_own_accounts(reach, workspace_id)
    own = of_accounts_within(reach, workspace_id, func.coalesce(FollowUp.account_id, _NOBODY))
    return or_(func.coalesce(FollowUp.owner_user_id, _NOBODY) == reach.user_id, own)


def _within_counted(
    reach: Reach, workspace_id: UUID, owner: UUID | str | None
) -> tuple[ColumnElement[bool], ...]:
    """The parts of `_within` for who has many accounts and counts no further than to a number:
    that is often reached by what was given. An index by account would be asked once for each
    account, which takes longer than to pass over the cases of others."""
    assert isinstance(reach, OwnAccounts)
    own = _of_own_accounts(reach, workspace_id)
    if owner is not None:
        return (own,)
    not_given = func.coalesce(FollowUp.owner_user_id, _NOBODY) != reach.user_id
    return FollowUp.owner_user_id == reach.user_id, and_(not_given, own)


def _of_own_accounts(reach: Reach, workspace_id: UUID) -> ColumnElement[bool]:
    """Said so that PostgreSQL looks each up in a hash; a join of it would compare all with all."""
    own = of_accounts_within(reach, workspace_id, func.coalesce(FollowUp.account_id, _NOBODY))
    return own.is_(true())


def is_snoozed(now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """For statements on cases: those that are put off."""
    return FollowUp.snoozed_until > now


def is_awake(now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """The counterpart of `is_snoozed`."""
    return or_(FollowUp.snoozed_until.is_(None), FollowUp.snoozed_until <= now)


def _theme(workspace_id: UUID, key: str) -> _Theme:
    """Which theme it is, is read first: of one that PostgreSQL does not know yet, it takes as many
    answers for granted as of any."""
    theme = db.session.scalar(
        select(Theme.id).where(Theme.workspace_id == workspace_id, Theme.key == key)
    )
    if theme is None:
        return _Theme(None, is_rare=True)
    some = _answers_with(workspace_id, theme).limit(_MANY + 1).subquery()
    found = db.session.scalar(select(func.count()).select_from(some)) or 0
    return _Theme(theme, is_rare=found <= _MANY)


def _has_theme(workspace_id: UUID, theme: _Theme) -> _Found:
    """The condition, and whether it holds for few."""
    if theme.id is None:
        return false(), True
    answers = _answers_with(workspace_id, theme.id)
    if theme.is_rare:
        return FollowUp.response_id.in_(answers), True
    # With an offset PostgreSQL asks case by case, and does not join all comments first.
    of_case = answers.where(Assignment.response_id == FollowUp.response_id).offset(0)
    return exists(of_case), False


def _answers_with(workspace_id: UUID, theme_id: UUID) -> Any:
    return select(Assignment.response_id).where(
        Assignment.workspace_id == workspace_id, Assignment.theme_id == theme_id
    )


def _is_of(workspace_id: UUID, text: str) -> _Found:
    """Whether the account or the person has this in the name or the address; and the same."""
    accounts, people = found_accounts(workspace_id, text), found_people(workspace_id, text)
    some = [set(db.session.scalars(found.limit(_MANY_NAMES + 1))) for found in (accounts, people)]
    if max(map(len, some)) <= _MANY_NAMES:
        cases = _cases_of(workspace_id, accounts=some[0], people=some[1])
        if len(cases) <= _MANY:
            return _one_of(cases), True
    of_account = exists(accounts.where(AccountName.account_id == FollowUp.account_id))
    of_person = exists(people.where(ContactName.contact_id == FollowUp.contact_id))
    return or_(of_account, of_person), False


def _cases_of(
    workspace_id: UUID, *, accounts: Collection[UUID], people: Collection[UUID]
) -> dict[UUID, UUID | None]:
    """Id → the answer's, None where a reply opened it. Read first, each by its own index: of a
    statement that asks for either, none leads to both. More than `_MANY` where there are."""
    found: dict[UUID, UUID | None] = {}
    for column, named in ((FollowUp.account_id, accounts), (FollowUp.contact_id, people)):
        if named and len(found) <= _MANY:
            cases = select(FollowUp.id, FollowUp.response_id).where(
                FollowUp.workspace_id == workspace_id, column.in_(named)
            )
            rows = db.session.execute(cases.limit(_MANY + 1))
            found.update({case_id: response_id for case_id, response_id in rows})
    return found


def _one_of(cases: Mapping[UUID, UUID | None]) -> ColumnElement[bool]:
    """By their answers where all have one: SQLite would look for ids of cases in the longest index
    that has them."""
    if not cases:
        return false()
    answers = [each for each in cases.values() if each is not None]
    if len(answers) == len(cases):
        return FollowUp.response_id.in_(answers)
    return FollowUp.id.in_(cases)
