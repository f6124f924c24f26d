"""Accounts that belong to others: a group and its companies, in any number of steps."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from vocapp.people.models import Account

MOST_STEPS = 10  # from an account to the one above all


def ancestors_of(session: Session, workspace_id: UUID, account_id: UUID) -> Sequence[UUID]:
    """The parent of an account, the parent's parent and so on; the nearest first."""
    found: list[UUID] = []
    at: UUID | None = account_id
    while at is not None and len(found) <= MOST_STEPS:
        at = session.scalar(
            select(Account.parent_account_id).where(
                Account.workspace_id == workspace_id, Account.id == at
            )
        )
        if at is not None:
            found.append(at)
    return found
