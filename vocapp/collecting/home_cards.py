"""On the first page: answers that wait until somebody has looked."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask import url_for

from vocapp.collecting.held_queries import held_counts
from vocapp.translating import gettext as _
from vocapp.workspaces.access import CurrentUser
from vocapp.workspaces.home import Card


def held_card(workspace_id: UUID, user: CurrentUser, _now: datetime) -> Card | None:
    """How many answers are held, if any are."""
    held = held_counts(workspace_id, reach=user.reach)["held"]
    if not held:
        return None
    return Card(
        _("Held answers"), "collecting/held_card.html", {"held": held},
        more_url=url_for("held.answers"), more_label=_("Look at them"),
    )  # fmt: skip
