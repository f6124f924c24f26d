"""On the first page: whose health fell."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask import url_for

from vocapp.succeeding.health import queries, wording
from vocapp.translating import gettext as _
from vocapp.workspaces.access import CurrentUser, current_workspace
from vocapp.workspaces.home import Card

_TOP = 5


def health_fell(workspace_id: UUID, user: CurrentUser, now: datetime) -> Card | None:
    """Accounts of this person whose band is worse than a week ago; None where there is none."""
    rows = queries.fallen(
        workspace_id, user.id, time_zone=current_workspace.time_zone, now=now, limit=_TOP
    )
    if not rows:
        return None
    return Card(
        _("Health fell this week"),
        "succeeding/fallen_card.html",
        {"rows": rows, "words": wording},
        more_url=url_for("succeeding.accounts", owner=user.id, sort="health"),
    )
