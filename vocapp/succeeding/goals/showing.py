"""Goals as the page of an account shows them."""

from __future__ import annotations

from typing import Any

from surveys.periods import local_day
from vocapp.database import utcnow
from vocapp.people.models import Account
from vocapp.succeeding.goals import wording
from vocapp.succeeding.goals.queries import goals_of
from vocapp.workspaces.access import current_workspace


def goals_shown(account: Account) -> dict[str, Any]:
    """What the card asks for: `goals` and `goal_words`."""
    today = local_day(utcnow(), current_workspace.time_zone)
    return {
        "goals": goals_of(current_workspace.id, account.id, today=today),
        "goal_words": wording,
    }
