"""A reader's reach as conditions of statements: which accounts, and rows of which accounts.

Who owns an account is read by the statement itself, so that an account that changes hands is
seen by its new owner, and no longer by the former one, from the next request on. An account
whose parent somebody owns is not thereby theirs: each account has an owner of its own.
"""

from __future__ import annotations

from typing import Any, assert_never
from uuid import UUID

from sqlalchemy import ColumnElement, select, true

from vocapp.people.models import Account
from vocapp.workspaces.reach import OwnAccounts, Reach, WholeWorkspace


def accounts_within(reach: Reach) -> ColumnElement[bool]:
    """For statements on accounts: those that the reader sees."""
    match reach:
        case WholeWorkspace():
            return true()
        case OwnAccounts(user_id):
            return Account.owner_user_id == user_id
        case _:
            assert_never(reach)


def of_accounts_within(reach: Reach, workspace_id: UUID, account_id: Any) -> ColumnElement[bool]:
    """For rows with an account: those of accounts that the reader sees.

    account_id: the column. A row without an account belongs to no account of anybody's own.
    """
    match reach:
        case WholeWorkspace():
            return true()
        case OwnAccounts():
            own = select(Account.id).where(
                Account.workspace_id == workspace_id, accounts_within(reach)
            )
            found: ColumnElement[bool] = account_id.in_(own)
            return found
        case _:
            assert_never(reach)
