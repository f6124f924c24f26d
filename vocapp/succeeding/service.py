"""Use cases: who looks after an account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from vocapp.database import scoped, transaction
from vocapp.people.account_names import is_called
from vocapp.people.health_changes import note_touched
from vocapp.people.models import Account
from vocapp.problems import BadInput, NotFound
from vocapp.workspaces.models import Membership
from vocapp.workspaces.service import audit

OWNER_ROLES = ("admin", "success")


@dataclass(frozen=True, slots=True)
class OwnerChange:
    """The owner before; changed is False where it was the same already."""

    before: UUID | None
    changed: bool


def change_owner(
    workspace_id: UUID,
    external_id: str,
    owner_user_id: UUID | None,
    *,
    actor_user_id: UUID,
    now: datetime,
) -> OwnerChange:
    """Give an account to a colleague, or to nobody. Raises NotFound, BadInput.

    Cases that are open already stay with whom they are; new ones go to the new owner.
    """
    with transaction() as session:
        account = session.scalar(
            scoped(Account, workspace_id)
            .where(is_called(workspace_id, external_id))
            .with_for_update()
        )
        if account is None:
            raise NotFound("No account with this external_id.")
        before = account.owner_user_id
        if before == owner_user_id:
            return OwnerChange(before, changed=False)
        if owner_user_id is not None:
            member = session.get(Membership, (workspace_id, owner_user_id))
            if member is None or member.role not in OWNER_ROLES:
                raise BadInput.of("owner", "not a member of the success team or an admin")
        account.owner_user_id, account.updated_at = owner_user_id, now
        note_touched(session, workspace_id, [account.id], now=now)
        audit(
            session, workspace_id, "account.owner_changed", subject=account,
            actor_user_id=actor_user_id, now=now,
            detail={"owner_user_id": str(owner_user_id) if owner_user_id else None},
        )  # fmt: skip
    return OwnerChange(before, changed=True)
