"""On the first page: what waits for this person."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from uuid import UUID

from flask import url_for

from vocapp.following_up import escalating, mentioning, queries, wording
from vocapp.following_up.choosing import Filters
from vocapp.following_up.news import news_for
from vocapp.following_up.writing.wording import NEWS
from vocapp.translating import gettext as _
from vocapp.workspaces.access import CurrentUser
from vocapp.workspaces.home import Card

_TOP = 5


def mentions(workspace_id: UUID, user: CurrentUser, _now: datetime) -> Card | None:
    """What colleagues said to this person by name."""
    told = mentioning.unseen(workspace_id, user.id, reach=user.reach)
    if not told:
        return None
    return Card(_("Colleagues mentioned you"), "following_up/mentions_card.html", {"told": told})


def news(workspace_id: UUID, user: CurrentUser, _now: datetime) -> Card | None:
    """What happened in this person's cases by itself: replies, e-mails that did not arrive."""
    told = news_for(workspace_id, user.id, reach=user.reach)
    if not told:
        return None
    context = {"news": told, "news_words": NEWS}
    return Card(_("New in your follow-ups"), "following_up/news_card.html", context)


def passed_on(workspace_id: UUID, user: CurrentUser, _now: datetime) -> Card | None:
    """What is overdue for long and was passed on to this person."""
    cases = escalating.passed_on_to(workspace_id, user.id, reach=user.reach)
    if not cases:
        return None
    return Card(
        _("Overdue, passed on to you"), "following_up/passed_on_card.html", {"cases": cases}
    )


def my_queue(workspace_id: UUID, user: CurrentUser, now: datetime) -> Card:
    """The five most urgent cases of this person; of all they see while there is none."""
    top = partial(queries.queue, workspace_id, reach=user.reach, now=now, limit=_TOP)
    mine = top(Filters(owner=user.id))
    rows = mine or top(Filters())
    themes = queries.theme_labels(workspace_id)
    others = _("Follow-ups of your accounts") if user.only_own_accounts else None
    return Card(
        _("Your follow-ups") if mine or not rows else others or _("Follow-ups of everybody"),
        "following_up/home_card.html",
        {
            "rows": [(row, wording.reason_in_words(row.reasons, themes)) for row in rows],
            "now": now,
        },
        more_url=url_for("following_up.queue", owner="mine" if mine else None),
        wide=True,
    )
