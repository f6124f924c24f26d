"""Reads: one account with its people, what it has and what it does, as its page shows them.

That the reader sees the account is known here; what its people answered for others is not theirs
to see (`reach`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, and_, bindparam, case, func, select

from vocapp.collecting.models import Response
from vocapp.database import OF_WORKSPACE, scoped_statement
from vocapp.extensions import db
from vocapp.following_up.models import ACTIVE_STATES, FollowUp
from vocapp.people.events import queries as events
from vocapp.people.events.subscriptions import Subscription
from vocapp.people.merging.queries import shown_name
from vocapp.people.models import OF_ACCOUNT, Account, Contact
from vocapp.people.roles import has_role, is_champion
from vocapp.succeeding.contacts.queries import Cover
from vocapp.succeeding.queries import Score, latest_scores, score_of, scores, shown_of
from vocapp.workspaces.models import User
from vocapp.workspaces.reach import Reach

_RECENTLY = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Person:
    contact: Contact
    latest: Score | None

    @property
    def shown(self) -> str:
        return shown_name(self.contact)


@dataclass(frozen=True, slots=True)
class AccountDetail:
    account: Account
    owner: User | None
    people: Sequence[Person]
    people_count: int
    cover: Cover
    answers: int
    open_cases: int
    latest: Score | None


@dataclass(frozen=True, slots=True)
class Activity:
    """What an account has and does; last_login None: nobody was ever seen. products: those that
    it uses, where events name them. since: what happened from then on is of late."""

    subscriptions: Sequence[Subscription]
    products: Sequence[events.ProductUsed]
    weeks: Sequence[events.ActiveWeek]
    active: int
    last_login: datetime | None
    since: datetime

    def is_idle(self, subscription: Subscription) -> bool:
        """Whether a product that they have was not used of late; never where no event names any,
        nor of a product that they have not had for so long."""
        used = {each.product for each in self.products if each.is_recent}
        had = subscription.since < self.since
        return bool(self.products) and had and subscription.product not in used


def _count(*conditions: ColumnElement[bool]) -> Any:
    return select(func.count()).where(*conditions).scalar_subquery()


# Built once: that takes as long as executing them does.
_ANSWERED = shown_of(OF_WORKSPACE, Response.account_id == OF_ACCOUNT)
_COUNTS = select(
    func.count(),
    func.count(case((Contact.left_at.is_(None), 1))),
    func.count(case((is_champion(), 1))),
    _count(*_ANSWERED),
    _count(
        FollowUp.workspace_id == OF_WORKSPACE,
        FollowUp.account_id == OF_ACCOUNT,
        FollowUp.state.in_(ACTIVE_STATES),
    ),
).where(Contact.workspace_id == OF_WORKSPACE, Contact.account_id == OF_ACCOUNT)
_LATEST = (
    scores(OF_WORKSPACE)
    .where(*_ANSWERED)
    .order_by(Response.answered_at.desc(), Response.id.desc())
    .limit(1)
)


def account_detail(account: Account, *, reach: Reach, people: int = 30) -> AccountDetail:
    """One account with the people who matter most to it."""
    mine = {"workspace_id": account.workspace_id, "account_id": account.id}
    people_count, there, champions, answers, open_cases = db.session.execute(_COUNTS, mine).one()
    latest = db.session.execute(_LATEST, mine).one_or_none()
    return AccountDetail(
        account=account,
        owner=db.session.get(User, account.owner_user_id) if account.owner_user_id else None,
        people=_people(account, reach=reach, limit=people),
        people_count=people_count,
        cover=Cover(there, champions),
        answers=answers,
        open_cases=open_cases,
        latest=score_of(latest) if latest else None,
    )


def _contacts() -> Any:
    # Materialised: else SQLite reads the answers of everybody in the order of their people.
    answers = (
        select(Response.contact_id, Response.answered_at)
        .where(*_ANSWERED)
        .cte("answers_of_account")
        .prefix_with("MATERIALIZED")
    )
    answered = (
        select(answers.c.contact_id, func.max(answers.c.answered_at).label("last"))
        .group_by(answers.c.contact_id)
        .subquery()
    )
    is_there = Contact.left_at.is_(None)
    has_answered = answered.c.last.is_not(None)
    group = case((and_(is_there, has_role()), 0), (and_(is_there, has_answered), 1), else_=2)
    return (
        scoped_statement(Contact)
        .outerjoin(answered, answered.c.contact_id == Contact.id)
        .where(Contact.account_id == OF_ACCOUNT)
        .order_by(
            group,
            case((group == 1, answered.c.last)).desc(),
            Contact.left_at.desc().nulls_first(),
            func.lower(Contact.name),
            Contact.id,
        )
        .limit(bindparam("limit", type_=Integer))
    )


_CONTACTS = _contacts()


def _people(account: Account, *, reach: Reach, limit: int) -> list[Person]:
    """Contacts of the account: who has a role first, then who answered last, then by name; at the
    end those who have left."""
    workspace_id = account.workspace_id
    asked = {"workspace_id": workspace_id, "account_id": account.id, "limit": limit}
    contacts = db.session.scalars(_CONTACTS, asked).all()
    latest = latest_scores(workspace_id, Contact, [each.id for each in contacts], reach=reach)
    return [Person(contact, latest.get(contact.id)) for contact in contacts]


def activity(workspace_id: UUID, account_id: UUID, *, time_zone: str, now: datetime) -> Activity:
    """Subscriptions and use of an account; active: people of the last 28 days."""
    since = now - _RECENTLY
    return Activity(
        subscriptions=events.current_subscriptions(workspace_id, account_id),
        products=events.products_used(workspace_id, account_id, now=now),
        weeks=events.weekly_activity(workspace_id, account_id, time_zone=time_zone, now=now),
        active=events.active_people(workspace_id, since=since, until=now, account_id=account_id),
        last_login=events.last_login(workspace_id, account_id),
        since=since,
    )
