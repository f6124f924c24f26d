"""By what an account is found: its own key, and those of records that were merged into it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from vocapp.people.models import Account, AccountAlias


def is_called(workspace_id: UUID, external_id: Any) -> ColumnElement[bool]:
    """For statements on accounts of this workspace: the one that the key leads to.

    A key is that of an account or a former one, never both: see `former_names`.
    """
    merged_into = (
        select(AccountAlias.account_id)
        .where(AccountAlias.workspace_id == workspace_id, AccountAlias.external_id == external_id)
        .scalar_subquery()
    )
    return or_(Account.external_id == external_id, Account.id == merged_into)


def former_names(
    session: Session, workspace_id: UUID, external_ids: Collection[str]
) -> dict[str, UUID]:
    """Those of the keys that are of merged records, and the accounts that they lead to."""
    rows = session.execute(
        select(AccountAlias.external_id, AccountAlias.account_id).where(
            AccountAlias.workspace_id == workspace_id, AccountAlias.external_id.in_(external_ids)
        )
    )
    return {row.external_id: row.account_id for row in rows}
