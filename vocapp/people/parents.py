"""Accounts that belong to others: a group and its companies, in any number of steps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from vocapp.database import scoped
from vocapp.people.account_names import is_called
from vocapp.people.models import Account
from vocapp.problems import BadInput
from vocapp.workspaces.models import Workspace

MOST_STEPS = 10  # from an account to the one above all
_FACT = "parent"


def ancestors_of(session: Session, workspace_id: UUID, account_id: UUID) -> Sequence[UUID]:
    """The parent of an account, the parent's parent and so on; the nearest first.

    It ends after so many steps, also where data from elsewhere make a ring.
    """
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


def lock_families(session: Session, workspace_id: UUID) -> None:
    """One change after the other: two at once could make a ring that neither sees."""
    session.execute(select(Workspace.id).where(Workspace.id == workspace_id).with_for_update())


def put_under(
    session: Session, account: Account, parent: str, *, as_of: datetime, now: datetime
) -> bool:
    """Have an account belong to another one by its key, or with "" to none; whether it changed.

    What is older than what is known changes nothing. Raises BadInput naming parent: there is no
    such account, it is this one or belongs to it, or there would be more than ten steps.
    """
    known = account.fact_as_of.get(_FACT)
    if known is not None and datetime.fromisoformat(known) > as_of:
        return False
    above = _parent(session, account, parent) if parent else None
    account.fact_as_of = {**account.fact_as_of, _FACT: as_of.isoformat()}
    if account.parent_account_id == above:
        return False
    account.parent_account_id, account.updated_at = above, now
    return True


def _parent(session: Session, account: Account, parent: str) -> UUID:
    """The account of a key that another one may belong to."""
    lock_families(session, account.workspace_id)
    found = session.scalar(
        scoped(Account, account.workspace_id)
        .where(is_called(account.workspace_id, parent))
        .with_only_columns(Account.id)
    )
    if found is None:
        raise BadInput.of("parent", "no such account")
    above = [found, *ancestors_of(session, account.workspace_id, found)]
    if account.id in above:
        raise BadInput.of("parent", "belongs to this account, or is it")
    if len(above) >= MOST_STEPS:
        raise BadInput.of("parent", f"more than {MOST_STEPS} accounts above one another")
    return found
