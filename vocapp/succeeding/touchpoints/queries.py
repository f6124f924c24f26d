"""Reads: contacts that are planned, and those that took place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, bindparam, case, func, select
from sqlalchemy.orm import aliased

from vocapp.database import scoped_statement
from vocapp.extensions import db
from vocapp.people.models import OF_ACCOUNT, Account
from vocapp.problems import NotFound
from vocapp.succeeding.playbooks.models import PlaybookSending
from vocapp.succeeding.playbooks.sent_queries import LetterRow, letters_by_sending
from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.workspaces.models import User

SHOWS = ("due", "overdue", "upcoming", "done")
_OWNER, _DECIDER = aliased(User), aliased(User)


@dataclass(frozen=True, slots=True)
class Row:
    """One contact with its account, who looks after it, and who decided. sending: what went out by
    itself, or was to."""

    plan: TouchpointPlan
    account: Account
    sending: PlaybookSending | None
    owner: str | None
    decided_by: str | None

    @property
    def who(self) -> str:
        return self.account.name or self.account.external_id


def _rows(workspace_id: UUID) -> Any:
    query: Any = (
        select(TouchpointPlan, Account, PlaybookSending, _OWNER.name, _DECIDER.name)
        .join(
            Account,
            (Account.workspace_id == TouchpointPlan.workspace_id)
            & (Account.id == TouchpointPlan.account_id),
        )
        .outerjoin(
            PlaybookSending,
            (PlaybookSending.workspace_id == TouchpointPlan.workspace_id)
            & (PlaybookSending.plan_id == TouchpointPlan.id),
        )
        .outerjoin(_OWNER, _OWNER.id == Account.owner_user_id)
        .outerjoin(_DECIDER, _DECIDER.id == TouchpointPlan.decided_by_user_id)
        .where(TouchpointPlan.workspace_id == workspace_id)
    )
    return query


def _of_show(show: str, today: date) -> ColumnElement[bool]:
    if show == "done":
        return TouchpointPlan.state != "planned"
    days = {
        "due": TouchpointPlan.due_on <= today,
        "overdue": TouchpointPlan.due_on < today,
        "upcoming": TouchpointPlan.due_on > today,
    }
    return (TouchpointPlan.state == "planned") & days[show]


def touchpoints(
    workspace_id: UUID,
    show: str,
    *,
    owner: UUID | None = None,
    today: date,
    limit: int,
    offset: int = 0,
) -> list[Row]:
    """The first due on top; of those that took place, the latest. One statement."""
    query = _rows(workspace_id).where(_of_show(show, today))
    if owner is not None:
        query = query.where(Account.owner_user_id == owner)
    if show == "done":
        query = query.order_by(TouchpointPlan.decided_at.desc(), TouchpointPlan.id.desc())
    else:
        query = query.order_by(TouchpointPlan.due_on, TouchpointPlan.id)
    return _read(query.limit(limit).offset(offset))


def first_due(
    workspace_id: UUID, user_id: UUID, *, today: date, until: date, limit: int
) -> list[Row]:
    """What is to be done until a day: of this person's accounts first. One statement."""
    query = _rows(workspace_id).where(
        TouchpointPlan.state == "planned", TouchpointPlan.due_on <= max(today, until)
    )
    own_first = case((Account.owner_user_id == user_id, 0), else_=1)
    return _read(query.order_by(own_first, TouchpointPlan.due_on, TouchpointPlan.id).limit(limit))


def _read(query: Any) -> list[Row]:
    return [Row(*row) for row in db.session.execute(query)]


def counts(workspace_id: UUID, *, owner: UUID | None = None, today: date) -> dict[str, int]:
    """How many there are of each; one statement."""
    columns = [func.sum(case((_of_show(show, today), 1), else_=0)) for show in SHOWS]
    query = (
        select(*columns)
        .select_from(TouchpointPlan)
        .where(TouchpointPlan.workspace_id == workspace_id)
    )
    if owner is not None:
        mine = select(Account.id).where(
            Account.workspace_id == workspace_id, Account.owner_user_id == owner
        )
        query = query.where(TouchpointPlan.account_id.in_(mine))
    found = db.session.execute(query).one()
    return {show: int(number or 0) for show, number in zip(SHOWS, found, strict=True)}


def touchpoint(workspace_id: UUID, plan_id: UUID) -> Row:
    """Raises NotFound."""
    rows = _read(_rows(workspace_id).where(TouchpointPlan.id == plan_id))
    if not rows:
        raise NotFound("No such contact is planned.")
    return rows[0]


def letters_of(workspace_id: UUID, row: Row) -> list[LetterRow]:
    """Whom a contact wrote to by itself, and whom it left out."""
    if row.sending is None:
        return []
    found = letters_by_sending(db.session(), workspace_id, [row.sending.id])
    return found[row.sending.id]


_MINE = scoped_statement(TouchpointPlan).where(TouchpointPlan.account_id == OF_ACCOUNT)
_PLANNED = _MINE.where(TouchpointPlan.state == "planned").order_by(
    TouchpointPlan.due_on, TouchpointPlan.id
)
_NEXT = _PLANNED.limit(1)
_DECIDED = (
    _MINE.where(TouchpointPlan.state != "planned")
    .order_by(TouchpointPlan.decided_at.desc(), TouchpointPlan.id.desc())
    .limit(bindparam("limit", type_=Integer))
)


def of_account(
    workspace_id: UUID, account_id: UUID, *, past: int = 5
) -> tuple[Sequence[TouchpointPlan], Sequence[TouchpointPlan]]:
    """Planned ones, the first due on top, and the last that took place or were called off."""
    mine = {"workspace_id": workspace_id, "account_id": account_id}
    return (
        db.session.scalars(_PLANNED, mine).all(),
        db.session.scalars(_DECIDED, mine | {"limit": past}).all(),
    )


def next_of_account(workspace_id: UUID, account_id: UUID) -> TouchpointPlan | None:
    """The contact with an account that is due first, or None where nothing is planned."""
    mine = {"workspace_id": workspace_id, "account_id": account_id}
    found: TouchpointPlan | None = db.session.scalar(_NEXT, mine)
    return found


def soon(today: date) -> date:
    """The last day that the first page looks ahead to."""
    return today + timedelta(days=7)
