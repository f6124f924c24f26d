"""What an empty workspace offers that needs no other package: a look at the demo."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask_babel import gettext as _

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
