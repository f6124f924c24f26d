"""Which cases a reader sees."""

from __future__ import annotations

from typing import assert_never
from uuid import UUID

from sqlalchemy import ColumnElement, or_, true

from vocapp.following_up.models import FollowUp
from vocapp.people.reaching import of_accounts_within
from vocapp.workspaces.reach import OwnAccounts, Reach, WholeWorkspace


def cases_within(reach: Reach, workspace_id: UUID) -> ColumnElement[bool]:
    """For statements on cases: those that the reader sees.

    Of somebody who is limited to own accounts these are the cases of their accounts, whoever
    works on them, and those that a colleague or a rule gave them: without seeing these they
    could not do what they were asked to. Such a case opens neither the page of its account nor
    other answers of it.
    """
    match reach:
        case WholeWorkspace():
            return true()
        case OwnAccounts(user_id):
            return or_(
                FollowUp.owner_user_id == user_id,
                of_accounts_within(reach, workspace_id, FollowUp.account_id),
            )
        case _:
            assert_never(reach)
