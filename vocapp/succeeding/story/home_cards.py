"""On the first page: where colleagues mentioned this person in notes on accounts."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from vocapp.succeeding.story import queries
from vocapp.translating import gettext as _
from vocapp.workspaces.access import CurrentUser
from vocapp.workspaces.home import Card


def mentions(workspace_id: UUID, user: CurrentUser, _now: datetime) -> Card | None:
    """Until they were seen."""
    told = queries.unseen(workspace_id, user.id, reach=user.reach)
    if not told:
        return None
    return Card(_("Mentioned in notes on accounts"), "story/mentions_card.html", {"told": told})
