"""Use case: have an account belong to another one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from vocapp.database import scoped, transaction
from vocapp.people.account_names import is_called
from vocapp.people.models import Account
from vocapp.people.parents import put_under
from vocapp.problems import NotFound
from vocapp.workspaces.service import audit


@dataclass(frozen=True, slots=True)
class ParentChange:
    """The key of the parent before, "" for none, and whether it is another one now."""

    before: str
    changed: bool


def change_parent(
    workspace_id: UUID, external_id: str, parent: str, *, actor_user_id: UUID, now: datetime
) -> ParentChange:
    """Put an account under another one, or with "" under none. Raises NotFound, BadInput."""
    with transaction() as session:
        account = session.scalar(
            scoped(Account, workspace_id)
            .where(is_called(workspace_id, external_id))
            .with_for_update()
        )
        if account is None:
            raise NotFound("No account with this external_id.")
        above = account.parent_account_id
        before = session.get_one(Account, (workspace_id, above)).external_id if above else ""
        changed = put_under(session, account, parent.strip(), as_of=now, now=now)
        if changed:
            audit(
                session, workspace_id, "account.parent_changed", subject=account,
                actor_user_id=actor_user_id, now=now, detail={"parent": parent.strip() or None},
            )  # fmt: skip
        return ParentChange(before, changed)
