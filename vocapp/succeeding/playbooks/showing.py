"""Tasks as the page of an account and the first page show them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import url_for

from surveys.periods import local_day
from vocapp.database import utcnow
from vocapp.people.models import Account
from vocapp.succeeding.playbooks import queries, wording
from vocapp.succeeding.touchpoints.wording import due_words
from vocapp.translating import gettext as _
from vocapp.workspaces.access import CurrentUser, current_user, current_workspace
from vocapp.workspaces.home import Card

_TOP = 5


def tasks_shown(account: Account) -> dict[str, Any]:
    """What the card of an account asks for: `todo`."""
    is_open, decided = queries.of_account(
        current_workspace.id, account.id, reach=current_user.reach
    )
    return {
        "todo": {
            "open": is_open,
            "decided": decided,
            "today": local_day(utcnow(), current_workspace.time_zone),
            "words": wording,
            "due_words": due_words,
        }
    }


def tasks_card(workspace_id: UUID, user: CurrentUser, now: datetime) -> Card | None:
    """This person's tasks that are due; None where no playbook ever gave them one."""
    today = local_day(now, current_workspace.time_zone)
    of: dict[str, Any] = {"reach": user.reach, "owner": user.id, "today": today}
    rows = queries.tasks(workspace_id, "due", limit=_TOP, **of)
    if not rows and not any(queries.counts(workspace_id, **of).values()):
        return None
    return Card(
        _("My tasks"),
        "succeeding/playbooks/home_card.html",
        {"rows": rows, "words": wording, "due_words": due_words, "today": today},
        more_url=url_for("tasks.list_tasks"),
    )
