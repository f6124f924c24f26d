"""Reads: the list of accounts, one of them by its key, and the latest scores of several.

`reach`: an account beyond it is not found, counted or shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, case, func, literal, select

from surveys.exchange import comparable
from surveys.scoring import category_of
from vocapp.authoring.models import Survey
from vocapp.authoring.queries import confidential_surveys
from vocapp.collecting.models import Response
from vocapp.database import OF_WORKSPACE, WorkspaceId, scoped, utcnow
from vocapp.extensions import db
from vocapp.following_up.models import ACTIVE_STATES, FollowUp
from vocapp.people.account_names import is_called
from vocapp.people.events import queries as events
from vocapp.people.events.subscriptions import Subscription
from vocapp.people.finding import found_accounts
from vocapp.people.models import Account, Contact
from vocapp.people.money.queries import money
from vocapp.people.queries import present_account
from vocapp.people.reaching import accounts_within, of_accounts_within
from vocapp.problems import NotFound
from vocapp.succeeding.figures.of_account import account_kpis
from vocapp.succeeding.health import queries as healths
from vocapp.succeeding.parents.queries import parent_key
from vocapp.succeeding.stages import stage_of
from vocapp.succeeding.team.queries import team_of
from vocapp.workspaces.models import User
from vocapp.workspaces.reach import Reach

_MILESTONES = 100
_READERS = 256  # whose statements are kept, as building one takes longer than executing it
_IDS: BindParameter[list[UUID]] = bindparam("ids", expanding=True)
SORTS = ("name", "health", "-mrr", "renewal", "-cases")


@dataclass(frozen=True, slots=True)
class Score:
    """An answer's score with its meaning."""

    kind: str
    score: int
    category: str
    survey: str
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One line of the list; latest is None where nobody has answered."""

    account: Account
    owner: str | None
    open_cases: int
    latest: Score | None
    health: healths.Standing

    @property
    def shown(self) -> str:
        return self.account.name or self.account.external_id


# --- the list ---------------------------------------------------------------------------


def accounts(
    workspace_id: UUID,
    *,
    reach: Reach,
    search: str | None = None,
    owner: UUID | None = None,
    band: str | None = None,
    sort: str = "name",
    limit: int,
    offset: int = 0,
) -> list[AccountRow]:
    """Accounts that are found by `search`; four statements.

    band: of `healths.CHOICES`. sort: name; health (the worst first); -mrr (largest first;
    currencies compared by this month's stated rates, else by their magnitude); renewal
    (the next one first); -cases (most open first).
    """
    query = (
        healths.joined(select(Account, User.name, *healths.COLUMNS))
        .outerjoin(User, User.id == Account.owner_user_id)
        .where(Account.workspace_id == workspace_id, accounts_within(reach, workspace_id))
    )
    if search:
        query = query.where(Account.id.in_(found_accounts(workspace_id, search)))
    if owner is not None:
        query = query.where(Account.owner_user_id == owner)
    if band is not None:
        query = query.where(healths.is_in(band))
    open_cases = _open_cases(workspace_id, reach)
    if sort == "-cases":
        of_all = open_cases.subquery()
        query = query.outerjoin(of_all, of_all.c.account_id == Account.id).order_by(
            func.coalesce(of_all.c.n, 0).desc()
        )
    query = query.order_by(*_order(workspace_id, sort))
    rows = db.session.execute(query.limit(limit).offset(offset)).all()
    ids = [row[0].id for row in rows]
    # Of these alone, unless all are put in their order: a workspace has ten thousands of cases.
    counted = db.session.execute(open_cases.where(FollowUp.account_id.in_(ids)))
    cases = {account_id: count for account_id, count in counted}
    latest = latest_scores(workspace_id, Account, ids, reach=reach)
    return [
        AccountRow(
            account, owner_name, cases.get(account.id, 0), latest.get(account.id),
            healths.standing(*health),
        )
        for account, owner_name, *health in rows
    ]  # fmt: skip


def _open_cases(workspace_id: UUID, reach: Reach) -> Any:
    """Statement: account → how many of its cases are open."""
    return (
        select(FollowUp.account_id, func.count().label("n"))
        .where(
            FollowUp.workspace_id == workspace_id,
            FollowUp.state.in_(ACTIVE_STATES),
            of_accounts_within(reach, workspace_id, FollowUp.account_id),
        )
        .group_by(FollowUp.account_id)
    )


def _order(workspace_id: UUID, sort: str) -> tuple[Any, ...]:
    by_name = (func.lower(Account.name), Account.external_id)
    if sort == "health":
        return (healths.worst_first(), *by_name)
    if sort == "-mrr":
        return (_comparable_mrr(workspace_id).desc().nulls_last(), *by_name)
    if sort == "renewal":
        return (Account.renewal_on.asc().nulls_last(), *by_name)
    return by_name


def _comparable_mrr(workspace_id: UUID) -> ColumnElement[Any]:
    """Revenue in units of about a dollar, for ranking only: by this month's rates where stated."""
    currencies = db.session.scalars(
        select(Account.currency)
        .where(Account.workspace_id == workspace_id, Account.currency.is_not(None))
        .distinct()
        .limit(200)
    ).all()
    if not currencies:
        return literal(None)
    stated = money(workspace_id).rates
    rates = stated.rates_of_month(utcnow().date()) if stated else None
    sizes = {code: 1 / comparable(1, code, rates) for code in currencies if code}
    return Account.mrr_minor / case(sizes, value=Account.currency)


def accounts_count(workspace_id: UUID, *, reach: Reach) -> int:
    """How many accounts there are, whatever is searched for."""
    query = select(func.count()).where(
        Account.workspace_id == workspace_id, accounts_within(reach, workspace_id)
    )
    return db.session.scalar(query) or 0


def latest_scores(
    workspace_id: UUID, owner: type[Account] | type[Contact], ids: Sequence[UUID], *, reach: Reach
) -> dict[UUID, Score]:
    """The latest score of each of these accounts or contacts; those without one are left out.

    A person may have answered for another account before: within the reach it does not count.
    """
    if not ids:
        return {}
    found = db.session.execute(_latest_answers(workspace_id, owner, reach), {"ids": ids})
    owners = {response_id: owner_id for response_id, owner_id in found if response_id}
    rows = db.session.execute(_SCORES, {"workspace_id": workspace_id, "ids": list(owners)})
    return {owners[row.id]: score_of(row) for row in rows}


@lru_cache(_READERS)
def _latest_answers(
    workspace_id: UUID, owner: type[Account] | type[Contact], reach: Reach
) -> Select[UUID | None, UUID]:
    """Statement with the parameter `ids`: the latest answer of each that has these ids."""
    answered_by = Response.account_id if owner is Account else Response.contact_id
    # One by one, the newest by the index: ranking them would read every answer of each.
    latest = (
        select(Response.id)
        .where(
            *shown_of(workspace_id, answered_by == owner.id),
            of_accounts_within(reach, workspace_id, Response.account_id),
        )
        .order_by(Response.answered_at.desc(), Response.id.desc())
        .limit(1)
        .correlate(owner)
        .scalar_subquery()
    )
    return select(latest, owner.id).where(owner.workspace_id == workspace_id, owner.id.in_(_IDS))


def shown_of(
    workspace_id: WorkspaceId, whose: ColumnElement[bool]
) -> tuple[ColumnElement[bool], ...]:
    """Scored answers of an account or a person that may be shown: not of confidential surveys."""
    return (
        Response.workspace_id == workspace_id,
        whose,
        Response.score.is_not(None),
        Response.survey_id.not_in(confidential_surveys(workspace_id)),
    )


def scores(workspace_id: WorkspaceId) -> Select[UUID, str, str, int | None, datetime]:
    """Answers with what is shown of their survey."""
    return (
        select(Response.id, Survey.kind, Survey.name, Response.score, Response.answered_at)
        .join(
            Survey,
            (Survey.workspace_id == Response.workspace_id) & (Survey.id == Response.survey_id),
        )
        .where(Response.workspace_id == workspace_id)
    )


_SCORES = scores(OF_WORKSPACE).where(Response.id.in_(_IDS))


def score_of(row: Any) -> Score:
    return Score(
        kind=row.kind,
        score=row.score,
        category=category_of(row.kind, row.score),
        survey=row.name,
        answered_at=row.answered_at,
    )


# --- one account --------------------------------------------------------------------------


def owner_of(workspace_id: UUID, external_id: str, *, reach: Reach) -> UUID | None:
    """Who looks after an account. Raises NotFound."""
    return account_by_key(workspace_id, external_id, reach=reach).owner_user_id


def account_facts(
    workspace_id: UUID, external_id: str, *, reach: Reach, time_zone: str, now: datetime
) -> dict[str, Any]:
    """An account as the API shows it: its facts and its owner. Raises NotFound."""
    account = account_by_key(workspace_id, external_id, reach=reach)
    owner = db.session.get(User, account.owner_user_id) if account.owner_user_id else None
    subscriptions = events.current_subscriptions(workspace_id, account.id)
    return present_account(account) | {
        "owner": {"id": str(owner.id), "name": owner.name} if owner else None,
        "team": {
            duty: {"id": str(user.id), "name": user.name} if user else None
            for duty, user in team_of(workspace_id, account.id).items()
        },
        "parent": parent_key(account),
        "stage": stage_of(account, subscriptions, time_zone=time_zone, now=now),
        "health": healths.present(workspace_id, account.id),
        "kpis": account_kpis(workspace_id, account.id, time_zone=time_zone, now=now),
        **_present_events(workspace_id, account.id, subscriptions, now=now),
    }


def _present_events(
    workspace_id: UUID, account_id: UUID, subscriptions: Sequence[Subscription], *, now: datetime
) -> dict[str, Any]:
    seen = events.last_login(workspace_id, account_id)
    return {
        "subscriptions": [
            {
                "product": each.product,
                "mrr": each.mrr_minor,
                "currency": each.currency,
                "since": each.since.isoformat(),
                "term_ends_on": each.term_ends_on.isoformat() if each.term_ends_on else None,
            }
            for each in subscriptions
        ],
        "products_used": [
            {
                "product": each.product,
                "last_used_on": each.last_on.isoformat(),
                "uses_28_days": each.uses,
                "logins_28_days": each.logins,
            }
            for each in events.products_used(workspace_id, account_id, now=now)
        ],
        "milestones": [
            {"name": each.name, "at": each.at.isoformat()}
            for each in events.milestones(workspace_id, account_id, limit=_MILESTONES)
        ],
        "last_login_at": seen.isoformat() if seen else None,
    }


def account_by_key(workspace_id: UUID, external_id: str, *, reach: Reach) -> Account:
    """Raises NotFound."""
    account = db.session.scalar(
        scoped(Account, workspace_id).where(
            is_called(workspace_id, external_id), accounts_within(reach, workspace_id)
        )
    )
    if account is None:
        raise NotFound("No account with this external_id.")
    return account


def account_key(workspace_id: UUID, account_id: UUID) -> str:
    """The external id of an account that is known to be there."""
    return db.session.get_one(Account, (workspace_id, account_id)).external_id
