"""A reader's reach as conditions of statements: which accounts, and rows of which accounts.

Own are the accounts that somebody owns, and those for which they are the account manager or the
support of the team. Who that is, is read by the statement itself, so that an account that changes
hands is seen by who looks after it now, and no longer by who did, from the next request on. An
account whose parent somebody owns is not thereby theirs: each account has a team of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, assert_never
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    exists,
    func,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from vocapp.database import scoped
from vocapp.extensions import db
from vocapp.people.colleagues import AccountColleague
from vocapp.people.models import Account, Contact, ContactAlias
from vocapp.problems import NotFound
from vocapp.workspaces.reach import OwnAccounts, Reach, WholeWorkspace

# Of so many it is kept: it stands in most statements of a page, and building it takes a while.
_READERS = 256


def accounts_within(reach: Reach, workspace_id: UUID) -> ColumnElement[bool]:
    """For statements on accounts: those that the reader sees."""
    return of_accounts_within(reach, workspace_id, Account.id)


def of_accounts_within(reach: Reach, workspace_id: UUID, account_id: Any) -> ColumnElement[bool]:
    """For rows with an account: those of accounts that the reader sees.

    account_id: the column. A row without an account belongs to no account of anybody's own.
    """
    match reach:
        case WholeWorkspace():
            return true()
        case OwnAccounts(user_id):
            found: ColumnElement[bool] = account_id.in_(_own(workspace_id, user_id))
            return found
        case _:
            assert_never(reach)


def sees_account(reach: Reach, workspace_id: UUID, account_id: UUID) -> bool:
    """Whether an account of the workspace is one that the reader sees."""
    account = exists().where(
        Account.workspace_id == workspace_id,
        Account.id == account_id,
        accounts_within(reach, workspace_id),
    )
    return bool(db.session.scalar(select(account)))


def contact_of_id(workspace_id: UUID, contact_id: UUID) -> Select[Contact]:
    """Statement: the person of this id, also where it is that of a record merged into another."""
    into = (
        select(ContactAlias.contact_id)
        .where(ContactAlias.workspace_id == workspace_id, ContactAlias.former_id == contact_id)
        .scalar_subquery()
    )
    return scoped(Contact, workspace_id).where(Contact.id == func.coalesce(into, contact_id))


def contact_within(
    session: Session, workspace_id: UUID, contact_id: UUID, *, reach: Reach
) -> Contact:
    """A person whom the reader sees, also by the id of a record merged into another.

    Raises NotFound.
    """
    return _found(session.scalar(_contact_of_id(workspace_id, contact_id, reach)))


def contact_held(
    session: Session, workspace_id: UUID, contact_id: UUID, *, reach: Reach
) -> Contact:
    """The same, and nobody else changes them until the transaction ends. Raises NotFound."""
    statement = _contact_of_id(workspace_id, contact_id, reach)
    return _found(session.scalar(statement.with_for_update()))


def contacts_held(
    session: Session, workspace_id: UUID, contact_ids: Collection[UUID], *, reach: Reach
) -> Sequence[Contact]:
    """Those of some people whom the reader sees, held alike; by ids that records have now."""
    return session.scalars(
        scoped(Contact, workspace_id)
        .where(
            Contact.id.in_(contact_ids), of_accounts_within(reach, workspace_id, Contact.account_id)
        )
        .order_by(Contact.id)
        .with_for_update()
    ).all()


def _contact_of_id(workspace_id: UUID, contact_id: UUID, reach: Reach) -> Select[Contact]:
    return contact_of_id(workspace_id, contact_id).where(
        of_accounts_within(reach, workspace_id, Contact.account_id)
    )


def _found(contact: Contact | None) -> Contact:
    if contact is None:
        raise NotFound("No such contact.")
    return contact


def has_more_accounts(reach: OwnAccounts, workspace_id: UUID, count: int) -> bool:
    """Whether more accounts than that are somebody's own."""
    some = _own(workspace_id, reach.user_id).limit(count + 1).subquery()
    return (db.session.scalar(select(func.count()).select_from(some)) or 0) > count


@lru_cache(_READERS)
def _own(workspace_id: UUID, user_id: UUID) -> CompoundSelect[tuple[UUID]]:
    """Two reads of an index each: joined by `or`, PostgreSQL would look at every account."""
    owned = aliased(Account)
    return union_all(
        select(owned.id).where(owned.workspace_id == workspace_id, owned.owner_user_id == user_id),
        select(AccountColleague.account_id).where(
            AccountColleague.workspace_id == workspace_id, AccountColleague.user_id == user_id
        ),
    )
