"""Reads: the account above, and those below with their sums.

`reach`: an account beyond it is not named, listed or summed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal, select
from sqlalchemy.orm import aliased

from vocapp.authoring.queries import confidential_surveys
from vocapp.collecting.models import Response
from vocapp.database import OF_WORKSPACE, scoped
from vocapp.extensions import db
from vocapp.people.models import OF_ACCOUNT, Account
from vocapp.people.parents import MOST_STEPS
from vocapp.people.reaching import accounts_within
from vocapp.succeeding.health import queries as healths
from vocapp.workspaces.reach import Reach

_MOST_LISTED = 100


@dataclass(frozen=True, slots=True)
class Child:
    """An account below another one, in however many steps."""

    external_id: str
    name: str
    mrr_minor: int | None
    currency: str | None
    answers: int
    health: healths.Standing


@dataclass(frozen=True, slots=True)
class Family:
    """parent: None: there is none, or it is beyond the reader's reach.

    children: those below, the largest revenue first; the sums are of the account and of all
    that are listed. revenue: (currency, minor units), one for each currency.
    """

    parent: Account | None
    children: Sequence[Child]
    answers: int
    revenue: Sequence[tuple[str, int]]


def family(account: Account, *, reach: Reach, answers: int) -> Family:
    """Above and below an account that the reader sees. answers: of the account alone."""
    children = _children(account, reach)
    revenue: dict[str, int] = {}
    paid = [(child.mrr_minor, child.currency) for child in children]
    for mrr_minor, currency in [(account.mrr_minor, account.currency), *paid]:
        if mrr_minor is not None and currency:
            revenue[currency] = revenue.get(currency, 0) + mrr_minor
    return Family(
        parent=_parent(account, reach),
        children=children,
        answers=answers + sum(child.answers for child in children),
        revenue=sorted(revenue.items(), key=lambda pair: -pair[1]),
    )


def parent_key(account: Account) -> str | None:
    """The key of the account above."""
    if account.parent_account_id is None:
        return None
    return db.session.get_one(
        Account, (account.workspace_id, account.parent_account_id)
    ).external_id


def _parent(account: Account, reach: Reach) -> Account | None:
    if account.parent_account_id is None:
        return None
    found: Account | None = db.session.scalar(
        scoped(Account, account.workspace_id).where(
            Account.id == account.parent_account_id, accounts_within(reach, account.workspace_id)
        )
    )
    return found


def _below() -> Any:
    """Built once: that takes longer than executing it."""
    below = (
        select(Account.id, literal(1).label("step"))
        .where(Account.workspace_id == OF_WORKSPACE, Account.parent_account_id == OF_ACCOUNT)
        .cte("below", recursive=True)
    )
    next_one = aliased(Account)
    below = below.union_all(
        select(next_one.id, below.c.step + 1).where(
            next_one.workspace_id == OF_WORKSPACE,
            next_one.parent_account_id == below.c.id,
            below.c.step < MOST_STEPS,
        )
    )
    return (
        healths.joined(select(Account, *healths.COLUMNS))
        .where(
            Account.workspace_id == OF_WORKSPACE,
            Account.id.in_(select(below.c.id)),
            Account.id != OF_ACCOUNT,  # where data from elsewhere make a ring
        )
        .order_by(Account.mrr_minor.desc().nulls_last(), func.lower(Account.name), Account.id)
        .limit(_MOST_LISTED)
    )


_BELOW = _below()


def _children(account: Account, reach: Reach) -> list[Child]:
    rows = db.session.execute(
        _BELOW.where(accounts_within(reach, account.workspace_id)),
        {"workspace_id": account.workspace_id, "account_id": account.id},
    ).all()
    counts = _answers(account.workspace_id, [row[0].id for row in rows])
    return [
        Child(
            child.external_id, child.name or child.external_id, child.mrr_minor, child.currency,
            counts.get(child.id, 0), healths.standing(*health),
        )
        for child, *health in rows
    ]  # fmt: skip


def _answers(workspace_id: UUID, ids: Sequence[UUID]) -> dict[UUID, int]:
    """Scored answers, but for those of confidential surveys."""
    if not ids:
        return {}
    found: Any = db.session.execute(
        select(Response.account_id, func.count())
        .where(
            Response.workspace_id == workspace_id,
            Response.account_id.in_(ids),
            Response.score.is_not(None),
            Response.survey_id.not_in(confidential_surveys(workspace_id)),
        )
        .group_by(Response.account_id)
    )
    return {account_id: n for account_id, n in found}
