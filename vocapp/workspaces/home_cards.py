"""Cards of the first page that need no other package: the demo, and work that failed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask import url_for

from vocapp import outbox
from vocapp.translating import gettext as _
from vocapp.workspaces import queries
from vocapp.workspaces.access import CurrentUser
from vocapp.workspaces.home import Card


def demo_card(
    workspace_id: UUID,  # noqa: ARG001 - the signature of every card
    user: CurrentUser,  # noqa: ARG001
    now: datetime,  # noqa: ARG001
) -> Card | None:
    """A way into the demo workspace, where there is one."""
    if not queries.demo_exists():
        return None
    return Card(_("Look at the demo"), "workspaces/demo_card.html")


def work_card(workspace_id: UUID, user: CurrentUser, now: datetime) -> Card:  # noqa: ARG001
    """For administrators: what failed and waits for a decision, and how much is waiting."""
    backlog = outbox.backlog(now=now, workspace_id=workspace_id)
    return Card(
        _("Background work"),
        "workspaces/work_card.html",
        {
            "set_aside": [row for row in backlog if row.set_aside],
            "due": sum(row.due for row in backlog),
        },
        more_url=url_for("workspaces.work"),
    )
