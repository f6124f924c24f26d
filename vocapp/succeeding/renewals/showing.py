"""Renewals as the page of an account and the first page show them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import url_for

from vocapp.database import utcnow
from vocapp.people.models import Account
from vocapp.succeeding.renewals import queries, wording
from vocapp.translating import gettext as _
from vocapp.translating import ngettext
from vocapp.ui.formats import money_minor
from vocapp.workspaces.access import CurrentUser, current_user, current_workspace
from vocapp.workspaces.home import Card

_TOP, _DAYS = 5, 90


def renewal_shown(account: Account) -> dict[str, Any]:
    """What the card of an account asks for: `renewal` (None where none comes) and its words."""
    found = queries.of_account(
        account, reach=current_user.reach, time_zone=current_workspace.time_zone, now=utcnow()
    )
    return {
        "renewal": found,
        "renewal_words": wording,
        "speakers": queries.speakers([found]) if found else {},
    }


def at_risk_card(workspace_id: UUID, user: CurrentUser, now: datetime) -> Card | None:
    """Renewals of this person's accounts in the next 90 days that are at risk; None for none."""
    rows, total, amounts = queries.at_risk_of(
        workspace_id, user.id, days=_DAYS, limit=_TOP, reach=user.reach,
        time_zone=current_workspace.time_zone, now=now,
    )  # fmt: skip
    if not rows:
        return None
    n = ngettext("%(num)d renewal", "%(num)d renewals", total)
    money = [money_minor(amount, code) for code, amount in sorted(amounts.items())]
    return Card(
        _("Renewals at risk in the next 90 days"),
        "succeeding/renewals/home_card.html",
        {"rows": rows, "words": wording, "summary": " · ".join([n, *money])},
        more_url=url_for("renewals.show", owner=user.id),
    )
