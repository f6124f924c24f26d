"""On the first page: what is new in the comments of the week."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from flask import url_for

from vocapp.translating import gettext as _
from vocapp.understanding.discovery import queries, wording
from vocapp.workspaces.access import CurrentUser
from vocapp.workspaces.home import Card

_WEEK, _MOST = timedelta(days=7), 3


def new_themes_card(workspace_id: UUID, user: CurrentUser, now: datetime) -> Card | None:  # noqa: ARG001
    """The groups of comments that were seen this week and wait for a decision, if there are any."""
    groups = queries.waiting_since(workspace_id, now - _WEEK, limit=_MOST)
    if not groups:
        return None
    return Card(
        _("New in the comments this week"),
        "understanding/new_themes_card.html",
        {
            "groups": [
                (group, wording.name(group.labels), wording.how_often(group), wording.growth(group))
                for group in groups
            ]
        },
        more_url=url_for("discovery.show"),
        more_label=_("See what is new"),
    )
