"""Planned contacts as the page of an account and the first page show them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import url_for

from surveys.periods import local_day
from vocapp.database import utcnow
from vocapp.people.models import Account
from vocapp.succeeding.touchpoints import queries, wording
from vocapp.succeeding.touchpoints.planning import see_to_planning
from vocapp.translating import gettext as _
from vocapp.workspaces.access import CurrentUser, current_workspace
from vocapp.workspaces.home import Card

_TOP = 5


def touchpoints_shown(account: Account) -> dict[str, Any]:
    """What the card of an account asks for: `touches`."""
    planned, decided = queries.of_account(current_workspace.id, account.id)
    return {
        "touches": {
            "planned": planned,
            "decided": decided,
            "today": local_day(utcnow(), current_workspace.time_zone),
            "words": wording,
        }
    }


def due_card(workspace_id: UUID, user: CurrentUser, now: datetime) -> Card:
    """Contacts of this week: those of this person's accounts first."""
    see_to_planning(workspace_id, now=now)
    today = local_day(now, current_workspace.time_zone)
    rows = queries.first_due(
        workspace_id, user.id, today=today, until=queries.soon(today), limit=_TOP
    )
    return Card(
        _("Touchpoints due"),
        "succeeding/touchpoints/home_card.html",
        {"rows": rows, "words": wording, "today": today},
        more_url=url_for("touchpoints.list_touchpoints"),
    )
