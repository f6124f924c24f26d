"""Reads: who looks after an account beside its owner."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select

from vocapp.database import OF_WORKSPACE
from vocapp.extensions import db
from vocapp.people.colleagues import DUTIES, AccountColleague
from vocapp.people.models import OF_ACCOUNT
from vocapp.workspaces.models import Membership, User

_TEAM = (
    select(AccountColleague.duty, User)
    .join(User, User.id == AccountColleague.user_id)
    .join(
        Membership,
        (Membership.workspace_id == AccountColleague.workspace_id)
        & (Membership.user_id == AccountColleague.user_id),
    )
    .where(AccountColleague.workspace_id == OF_WORKSPACE, AccountColleague.account_id == OF_ACCOUNT)
)


def team_of(workspace_id: UUID, account_id: UUID) -> Mapping[str, User | None]:
    """Duty → who has it, of those who are members still; None: nobody."""
    rows = db.session.execute(_TEAM, {"workspace_id": workspace_id, "account_id": account_id})
    found = {duty: user for duty, user in rows}
    return {duty: found.get(duty) for duty in DUTIES}
