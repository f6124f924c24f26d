"""Every table that names an account: how its rows go over when two accounts become one.

The packages that keep something of accounts come after this one, so they register what they
keep (`vocapp/registry.py`). A test walks all tables: one that names an account and stands in
no store fails it, so that nothing is left behind or lost with the record that goes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import LazyString
from sqlalchemy import and_, delete, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from vocapp.people.models import AccountName, Contact


@dataclass(frozen=True, slots=True)
class AccountMerge:
    """Two records of one customer: what is of `merged` becomes that of `kept`."""

    workspace_id: UUID
    kept: UUID
    merged: UUID
    now: datetime


Mover = Callable[[Session, AccountMerge], None]


@dataclass(frozen=True, slots=True)
class AccountStore:
    """Where something is kept of accounts.

    hand_over(session, merge) runs inside the transaction that merges, while both accounts are
    there and locked; afterwards no row of `tables` names the merged one. counted: what of it
    stands on the page before merging, in words, with the model that is counted. settle: what
    follows from the facts of both, once the kept account has them and the merged one is gone.
    """

    name: str
    tables: tuple[str, ...]
    hand_over: Mover
    counted: tuple[LazyString, type[Any]] | None = None
    settle: Mover | None = None


_registry: dict[str, AccountStore] = {}


def register_account_store(store: AccountStore) -> None:
    _registry[store.name] = store


def account_stores() -> tuple[AccountStore, ...]:
    """In the order of their registration, in which they are handed over."""
    return tuple(_registry.values())


def count_of_account(
    session: Session, model: type[Any], workspace_id: UUID, account_id: UUID
) -> int:
    """How many rows of a table are of an account."""
    query = select(func.count()).where(
        model.workspace_id == workspace_id, model.account_id == account_id
    )
    return session.scalar(query) or 0


def move_rows(session: Session, merge: AccountMerge, *models: type[Any]) -> None:
    """Rows of the merged account become the kept one's."""
    for model in models:
        session.execute(
            update(model)
            .where(model.workspace_id == merge.workspace_id, model.account_id == merge.merged)
            .values(account_id=merge.kept)
            .execution_options(synchronize_session=False)
        )


def move_rows_where_free(
    session: Session, merge: AccountMerge, model: type[Any], key: Sequence[str]
) -> None:
    """The same for rows of which an account has one of each key: that of the kept one stays."""
    theirs = aliased(model)
    session.execute(
        delete(model)
        .where(
            model.workspace_id == merge.workspace_id,
            model.account_id == merge.merged,
            exists().where(
                and_(
                    theirs.workspace_id == model.workspace_id,
                    theirs.account_id == merge.kept,
                    *(getattr(theirs, name) == getattr(model, name) for name in key),
                )
            ),
        )
        .execution_options(synchronize_session=False)
    )
    move_rows(session, merge, model)


def hand_over_contacts(session: Session, merge: AccountMerge) -> None:
    """People of the merged account are at the kept one."""
    move_rows(session, merge, Contact)


def drop_names(session: Session, merge: AccountMerge) -> None:
    """By what the merged account was found; the kept one is found by its own name."""
    drop_rows(session, merge, AccountName)


def drop_rows(session: Session, merge: AccountMerge, *models: type[Any]) -> None:
    """What was worked out from the merged account alone goes; it is worked out anew of both."""
    for model in models:
        session.execute(
            delete(model)
            .where(model.workspace_id == merge.workspace_id, model.account_id == merge.merged)
            .execution_options(synchronize_session=False)
        )
