"""The rooms of the product: one navigation, each role's own rooms first.

A room is shown when its page exists in this application and the person may open it; who may
is read from the page's own definition, so that no link leads to a refusal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app, g, has_request_context, request, url_for
from flask_babel import LazyString

from vocapp.translating import lazy_gettext as _l
from vocapp.workspaces.access import CurrentUser, access_of

_HOME = "workspaces.home"
_ENDPOINTS = {
    "home": _HOME,
    "surveys": "authoring.list_surveys",
    "results": "measuring.results",
    "themes": "understanding.themes",
    "follow_ups": "following_up.queue",
    "accounts": "succeeding.accounts",
    "figures": "figures.show",
    "settings": "workspaces.settings",
}
_LABELS: dict[str, LazyString] = {
    "home": _l("Home"),
    "surveys": _l("Surveys"),
    "results": _l("Results"),
    "themes": _l("Themes"),
    "follow_ups": _l("Follow-ups"),
    "accounts": _l("Accounts"),
    "figures": _l("Success figures"),
    "settings": _l("Settings"),
}
_ORDER = {
    "admin": ("surveys", "results", "themes", "follow_ups", "accounts", "figures", "settings"),
    "product": ("themes", "results", "surveys", "follow_ups", "accounts", "figures"),
    "success": ("follow_ups", "accounts", "figures", "results", "themes", "surveys"),
    "viewer": ("results", "themes", "surveys", "follow_ups", "accounts", "figures"),
}
_ROOM_OF_BLUEPRINT = {
    "authoring": "surveys",
    "distributing": "surveys",
    "own_mails": "surveys",
    "sms": "surveys",
    "posters": "surveys",
    "versions": "surveys",
    "strings": "surveys",
    "drafts": "surveys",
    "survey_imports": "surveys",
    "limiting": "surveys",
    "look": "surveys",
    "asking": "accounts",
    "campaigns": "surveys",
    "targeting": "settings",
    "touch_model": "settings",
    "measuring": "results",
    "looking_into": "results",
    "held": "results",
    "marked": "results",
    "weighting": "results",
    "comparing": "results",
    "journey": "results",
    "noting": "results",
    "segments": "results",
    "understanding": "themes",
    "learning": "themes",
    "taxonomy": "themes",
    "triage": "themes",
    "discovery": "themes",
    "theme_quality": "themes",
    "following_up": "follow_ups",
    "closing_loop": "follow_ups",
    "asking_again": "follow_ups",
    "succeeding": "accounts",
    "goals": "accounts",
    "goal_templates": "settings",
    "touchpoints": "accounts",
    "playbooks": "accounts",
    "tasks": "accounts",
    "capacity": "accounts",
    "renewals": "accounts",
    "merging": "accounts",
    "account_merging": "accounts",
    "parents": "accounts",
    "contacts": "accounts",
    "personal_data": "accounts",
    "story": "accounts",
    "team": "accounts",
    "backtest": "accounts",
    "health_weights": "accounts",
    "figures": "figures",
    "cohorts": "figures",
    "lifetime": "figures",
    "features": "figures",
}
# Pages of this package that belong to no room.
_PERSONAL = frozenset({"account", "choose_workspace"})


@dataclass(frozen=True, slots=True)
class Room:
    """A place in the navigation; `current` is the one this page lies in."""

    key: str
    label: str
    url: str
    current: bool


def rooms_of(user: CurrentUser) -> list[Room]:
    """The rooms that somebody may enter, those of their role first."""
    here = _current_key(user)
    return [
        Room(key, str(_LABELS[key]), url_for(_ENDPOINTS[key]), key == here)
        for key in ("home", *_ORDER[user.role])
        if _opens_to(user, _ENDPOINTS[key])
    ]


def may_open(endpoint: str) -> bool:
    """Whether a page exists and opens to the reader of this one, so that a link leads on."""
    return _opens_to(g.user, endpoint)


def _opens_to(user: CurrentUser, endpoint: str) -> bool:
    if not page_exists(endpoint):
        return False
    access = access_of(current_app, endpoint)
    return access is not None and access.opens_to(user)


def _current_key(user: CurrentUser) -> str:
    if request.path.startswith("/settings") and _opens_to(user, _ENDPOINTS["settings"]):
        return "settings"
    if request.blueprint == "workspaces":
        view = (request.endpoint or "").partition(".")[2]
        if view == "home":
            return "home"
        return "" if view in _PERSONAL else "settings"
    return _ROOM_OF_BLUEPRINT.get(request.blueprint or "", "")


def page_exists(endpoint: str) -> bool:
    """Whether a page of another package is part of this application, so that a link leads on."""
    return endpoint in current_app.view_functions


def shell_values() -> dict[str, Any]:
    """What the staff shell shows on every page: who, where, which rooms."""
    if not has_request_context():
        return {}  # a mail
    user, workspace = g.get("user"), g.get("workspace")
    return {
        "current_user": user,
        "current_workspace": workspace,
        "rooms": rooms_of(user) if user is not None else [],
        "account_url": url_for("workspaces.account") if user is not None else None,
        "workspaces_url": url_for("workspaces.choose_workspace") if user is not None else None,
    }
