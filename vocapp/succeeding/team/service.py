"""Use case: give a duty for an account to a colleague."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from vocapp.database import scoped, transaction
from vocapp.people.account_names import is_called
from vocapp.people.account_stores import AccountMerge, move_rows_where_free
from vocapp.people.colleagues import DUTIES, AccountColleague
from vocapp.people.models import Account
from vocapp.people.reaching import accounts_within
from vocapp.problems import BadInput, NotFound
from vocapp.succeeding.service import OwnerChange
from vocapp.workspaces.models import Membership
from vocapp.workspaces.reach import Reach
from vocapp.workspaces.service import audit


def give_duty(
    workspace_id: UUID,
    external_id: str,
    duty: str,
    user_id: UUID | None,
    *,
    reach: Reach,
    actor_user_id: UUID,
    now: datetime,
) -> OwnerChange:
    """A colleague, or nobody, has a duty from now on. Raises NotFound, and BadInput by field."""
    if duty not in DUTIES:
        raise BadInput.of("duty", f"expected one of {', '.join(DUTIES)}")
    with transaction() as session:
        account = session.scalar(
            scoped(Account, workspace_id)
            .where(is_called(workspace_id, external_id), accounts_within(reach, workspace_id))
            .with_for_update()
        )
        if account is None:
            raise NotFound("No account with this external_id.")
        held = session.get(AccountColleague, (workspace_id, account.id, duty))
        before = held.user_id if held else None
        if before == user_id:
            return OwnerChange(before, changed=False)
        if user_id is not None and session.get(Membership, (workspace_id, user_id)) is None:
            raise BadInput.of("user", "not a member of this workspace")
        if held is not None:
            session.delete(held)
            session.flush()
        if user_id is not None:
            session.add(
                AccountColleague(
                    workspace_id=workspace_id, account_id=account.id, duty=duty, user_id=user_id,
                    since=now,
                )
            )  # fmt: skip
        audit(
            session, workspace_id, "account.duty_changed", subject=account, now=now,
            actor_user_id=actor_user_id,
            detail={"duty": duty, "user_id": str(user_id) if user_id else None},
        )  # fmt: skip
        return OwnerChange(before, changed=True)


def hand_over(session: Session, merge: AccountMerge) -> None:
    """Who had a duty for the merged account has it for the kept one, where nobody has."""
    move_rows_where_free(session, merge, AccountColleague, ("duty",))
