"""The success manager's first page: whom to call now and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request, url_for

from vocapp.api_documents import read_cursor
from vocapp.database import utcnow
from vocapp.following_up import queries, wording
from vocapp.following_up.choosing import Choice, Filters, choice
from vocapp.following_up.merged_cases import joined_counts
from vocapp.following_up.models import ACTIVE_STATES, FOLLOW_UP_STATES, TEAMS
from vocapp.following_up.queries import SNOOZED
from vocapp.following_up.writing.wording import NEWS
from vocapp.signing import sign
from vocapp.translating import gettext as _
from vocapp.ui.addresses import address_of_each
from vocapp.ui.formats import number
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.queries import colleagues

blueprint = Blueprint("following_up", __name__, template_folder="templates")

_PAGE = 50
_SORTS = ("-priority", "due_at")
_FILTER_NAMES = ("state", "owner", "team", "theme", "overdue", "q", "sort")


# --- reading the address ------------------------------------------------------------------


def filters_of_address() -> Filters:
    """The filters that stand in the address; what is not understood is left out."""
    args = request.args
    state = args.get("state", "active")
    states = {"active": ACTIVE_STATES, SNOOZED: ACTIVE_STATES, "all": ()}.get(
        state, (state,) if state in wording.STATES else ACTIVE_STATES
    )
    team = args.get("team")
    return Filters(
        states=states,
        snoozed={"all": None, SNOOZED: True}.get(state, False),
        team=team if team in TEAMS else None,
        owner=_owner(args.get("owner", "")),
        theme=args.get("theme") or None,
        overdue=bool(args.get("overdue")),
        search=args.get("q", "").strip()[:100] or None,
    )


def _owner(text: str) -> UUID | str | None:
    if text == "mine":
        return current_user.id
    return text if text == "unassigned" else uuid_or_none(text)


def uuid_or_none(text: str) -> UUID | None:
    """The identifier that a text is, if it is one."""
    try:
        return UUID(text)
    except ValueError:
        return None


def sort_of_address() -> str:
    """The order that stands in the address, else the usual one."""
    wanted = request.args.get("sort", "")
    return wanted if wanted in _SORTS else "-priority"


def kept(**changed: Any) -> dict[str, Any]:
    """The filters of this address, some of them changed; empty ones are left out."""
    given = request.args.to_dict()
    kept = {name: given.get(name) for name in _FILTER_NAMES} | changed
    return {name: value for name, value in kept.items() if value}


# --- pages --------------------------------------------------------------------------------


@blueprint.get("/follow-ups")
@signed_in(within_own_accounts=True)
def queue() -> str:
    """Whom do I call now, and why."""
    filters, sort, now = filters_of_address(), sort_of_address(), utcnow()
    after = read_cursor(request.args.get("cursor"), lambda value: queries.after_of(value, sort))
    wanted = choice(current_workspace.id, filters, current_user.reach)
    rows = queries.queue(
        current_workspace.id, filters, reach=current_user.reach, now=now, sort=sort,
        limit=_PAGE + 1, after=after, wanted=wanted,
    )  # fmt: skip
    shown = rows[:_PAGE]
    cursor = sign("cursor", queries.cursor_of(shown[-1], sort)) if len(rows) > _PAGE else None
    return render_template(
        "following_up/queue.html",
        rows=shown,
        next_url=url_for(".queue", **kept(cursor=cursor)) if cursor else None,
        first_url=url_for(".queue", **kept()) if after else None,
        tabs_of=_tabs(filters, wanted, now),
        news_words=NEWS,
        joined=joined_counts(current_workspace.id, [row.id for row in shown]),
        case_url=address_of_each(".case", "follow_up_id", **kept()),
        snooze_url=address_of_each(".case", "follow_up_id", open="snooze", **kept()),
        call_url=address_of_each(".case", "follow_up_id", open="call", **kept()),
        change_url=address_of_each(".change", "follow_up_id"),
        **shared_values(filters, now),
    )


def shared_values(filters: Filters, now: datetime) -> dict[str, Any]:
    """What the list and the case both show."""
    themes = queries.theme_labels(current_workspace.id)
    names = queries.rule_names(current_workspace.id)
    people = [(str(each.user_id), each.name) for each in colleagues(current_workspace.id)]
    return {
        "filters": filters,
        "sort": sort_of_address(),
        "now": now,
        "kept": kept,
        "is_filtered": any(
            (filters.team, filters.owner, filters.theme, filters.overdue, filters.search)
        ),
        "people": people,
        "owner_choices": [
            ("", _("Everybody")), ("mine", _("Mine")), ("unassigned", _("Nobody yet")), *people,
        ],
        "team_choices": [("", _("All teams")), *choices_of(wording.TEAMS)],
        "theme_choices": [
            ("", _("All themes")), *((key, wording.theme_label(key, themes)) for key in themes),
        ],
        "states": dict(choices_of(wording.STATES)),
        "teams": dict(choices_of(wording.TEAMS)),
        "reason": lambda row: wording.reason_in_words(row.reasons, themes),
        "who": lambda row: row.who or _("Anonymous"),
        "rule": lambda key: wording.rule_name(key, names.get(key)),
        "rule_names": names,
        "may_act": current_user.role in {"admin", "success", "product"},
    }  # fmt: skip


def _tabs(filters: Filters, wanted: Choice, now: datetime) -> list[tuple[Any, ...]]:
    counts = queries.counts_by_state(
        current_workspace.id, filters, reach=current_user.reach, now=now, wanted=wanted
    )
    active = sum(counts.get(state, 0) for state in ACTIVE_STATES)
    chosen, most = request.args.get("state", "active"), queries.most_counted(filters)
    shown = [("active", _("To do"), active)]
    tabs = [(state, wording.STATES[state]) for state in FOLLOW_UP_STATES]
    tabs.insert(len(ACTIVE_STATES), (SNOOZED, _("Snoozed")))
    shown += [(key, str(label), counts.get(key, 0)) for key, label in tabs]
    return [
        (label, url_for(".queue", **kept(state=key)), key == chosen, _count_shown(count, most))
        for key, label, count in shown
    ]


def _count_shown(count: int, most: int) -> int | str:
    """Counting goes no further; that there are more is said."""
    return count if count <= most else f"{number(most)}+"


def choices_of(words: Any) -> list[tuple[str, str]]:
    """Codes and their words, for a list to choose from."""
    return [(key, str(text)) for key, text in words.items()]


def workspace_zone() -> ZoneInfo:
    """The clock on which people of this workspace read and write times."""
    return ZoneInfo(current_workspace.time_zone)
