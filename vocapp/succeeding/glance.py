"""An account at a glance, as it stands beside a case: whom somebody is about to call."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from surveys.periods import local_day
from vocapp.database import OF_WORKSPACE
from vocapp.extensions import db
from vocapp.following_up.beside import Glance
from vocapp.people.events.queries import last_login, products_used
from vocapp.people.models import OF_ACCOUNT, Account
from vocapp.succeeding.goals import wording as goal_words
from vocapp.succeeding.goals.queries import goals_of
from vocapp.succeeding.health import queries as healths
from vocapp.succeeding.health import wording as health_words
from vocapp.succeeding.touchpoints import queries as touchpoints
from vocapp.succeeding.touchpoints import wording as touch_words
from vocapp.workspaces.access import current_workspace
from vocapp.workspaces.models import User

_STANDING = (
    healths.joined(select(Account.external_id, User.name, *healths.COLUMNS).select_from(Account))
    .outerjoin(User, User.id == Account.owner_user_id)
    .where(Account.workspace_id == OF_WORKSPACE, Account.id == OF_ACCOUNT)
)


def look(workspace_id: UUID, account_id: UUID, now: datetime) -> Glance:
    """Health, owner, use, open goals and the next contact, in a fixed number of statements."""
    today = local_day(now, current_workspace.time_zone)
    key, owner, *health = db.session.execute(
        _STANDING, {"workspace_id": workspace_id, "account_id": account_id}
    ).one()
    goals = goals_of(workspace_id, account_id, today=today)
    return Glance(
        "succeeding/glance.html",
        {
            "key": key,
            "owner": owner,
            "health": healths.standing(*health),
            "health_words": health_words,
            "last_login": last_login(workspace_id, account_id),
            "products": products_used(workspace_id, account_id, now=now),
            "goals": [each for each in goals if each.goal.state == "open"],
            "goal_words": goal_words,
            "next_touch": touchpoints.next_of_account(workspace_id, account_id),
            "touch_words": touch_words,
            "today": today,
        },
    )
