"""Reads: two accounts side by side, and what would hold of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from vocapp.database import scoped, snapshot
from vocapp.people.account_merging.service import FIELDS, known_of
from vocapp.people.account_names import former_names, is_called
from vocapp.people.account_stores import account_stores, count_of_account
from vocapp.people.events.models import SubscriptionChange
from vocapp.people.events.subscriptions import current, facts_of, in_order
from vocapp.people.merging.facts import Known, combined
from vocapp.people.merging.queries import Line, Side
from vocapp.people.models import Account
from vocapp.problems import BadInput
from vocapp.ui.formats import local_date, money_minor

_MOST_FOUND = 20


@dataclass(frozen=True, slots=True)
class AccountPair:
    """Two records that may be one customer. left: the one that would be kept.

    shared_products: those that both have events of; as one account, the newest holds.
    """

    left: Side
    right: Side
    left_key: str
    right_key: str
    lines: tuple[Line, ...]
    shared_products: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """An account that may be chosen."""

    external_id: str
    name: str


def account_pair(workspace_id: UUID, keep: str, merge: str) -> AccountPair:
    """Both by their keys. Raises BadInput naming keep or merge."""
    with snapshot() as session:
        left = _account(session, workspace_id, "keep", keep)
        right = _account(session, workspace_id, "merge", merge)
        if left.id == right.id:
            raise BadInput.of("merge", "is the same account as keep")
        changes = session.scalars(
            scoped(SubscriptionChange, workspace_id).where(
                SubscriptionChange.account_id.in_((left.id, right.id))
            )
        ).all()
        products = [
            {change.product for change in changes if change.account_id == each.id}
            for each in (left, right)
        ]
        return AccountPair(
            _side(session, left), _side(session, right), left.external_id, right.external_id,
            _lines(left, right, changes), tuple(sorted(products[0] & products[1])),
        )  # fmt: skip


def account_id_of(workspace_id: UUID, field: str, external_id: str) -> tuple[UUID, bool]:
    """The account that a key leads to, and whether it is that of a merged record.

    Raises BadInput naming the field.
    """
    with snapshot() as session:
        found = _account(session, workspace_id, field, external_id)
        return found.id, external_id in former_names(session, workspace_id, [external_id])


def choices(workspace_id: UUID, search: str, *, without: str) -> list[Choice]:
    """Up to 20 accounts whose name or key contains the search, but for one."""
    escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    with snapshot() as session:
        rows = session.execute(
            select(Account.external_id, Account.name)
            .where(
                Account.workspace_id == workspace_id,
                Account.external_id != without,
                or_(
                    Account.name.ilike(f"%{escaped}%", escape="\\"),
                    Account.external_id.ilike(f"%{escaped}%", escape="\\"),
                ),
            )
            .order_by(func.lower(Account.name), Account.external_id)
            .limit(_MOST_FOUND)
        )
        return [Choice(row.external_id, row.name or row.external_id) for row in rows]


def _account(session: Session, workspace_id: UUID, field: str, external_id: str) -> Account:
    found = session.scalar(
        scoped(Account, workspace_id).where(is_called(workspace_id, external_id))
    )
    if found is None:
        raise BadInput.of(field, "no such account")
    return found


def _side(session: Session, account: Account) -> Side:
    counts = tuple(
        (words, count_of_account(session, model, account.workspace_id, account.id))
        for words, model in (store.counted for store in account_stores() if store.counted)
    )
    return Side(account.id, account.name or account.external_id, account.created_at, counts)


def _lines(
    left: Account, right: Account, changes: Sequence[SubscriptionChange]
) -> tuple[Line, ...]:
    ours, theirs = known_of(left), known_of(right)
    both = _with_subscriptions(combined(ours, theirs), changes)
    found = [Line("external_id", left.external_id, right.external_id, left.external_id)]
    for name in FIELDS:
        if name != "currency":
            found.append(Line(name, *(_text(name, known) for known in (ours, theirs, both))))
    products = (
        [change for change in changes if change.account_id in ids]
        for ids in ({left.id}, {right.id}, {left.id, right.id})
    )
    found.append(Line("subscriptions", *(_products(each) for each in products)))
    for name in sorted(both.attributes):
        values = (known.attributes.get(name) for known in (ours, theirs, both))
        texts = ("" if value is None else str(value) for value in values)
        found.append(Line(f"attributes.{name}", *texts))
    return tuple(line for line in found if line.left or line.right)


def _with_subscriptions(both: Known, changes: Sequence[SubscriptionChange]) -> Known:
    """Revenue and term as the events of both tell, unless something newer was said."""
    if not changes:
        return both
    facts, _ = facts_of(changes)
    as_of = max(change.at for change in changes)
    news = {name: value for name, value in facts.items() if both.as_of(name) <= as_of}
    return Known({**both.fields, **news}, both.attributes, both.since)


def _products(changes: Sequence[SubscriptionChange]) -> str:
    counted = in_order(change for change in changes if not change.is_superseded)
    return ", ".join(
        f"{each.product} {money_minor(each.mrr_minor, each.currency)}" if each.currency
        else each.product for each in current(counted)
    )  # fmt: skip


def _text(name: str, known: Known) -> str:
    value: Any = known.fields.get(name)
    if value is None or value == "":
        return ""
    if name == "mrr_minor":
        currency = known.fields.get("currency")
        return money_minor(value, currency) if currency else ""
    return local_date(value) if isinstance(value, date) else str(value)
