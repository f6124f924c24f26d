"""The pages about themes, as one navigation for whoever may change something."""

from __future__ import annotations

from flask import request, url_for
from flask_babel import LazyString

from vocapp.translating import lazy_gettext as _l
from vocapp.workspaces.navigation import may_open

_PAGES: tuple[tuple[str, LazyString], ...] = (
    ("understanding.themes", _l("Themes")),
    ("discovery.show", _l("What is new")),
    ("triage.show", _l("Teach the themes")),
    ("learning.show", _l("Learning from corrections")),
    ("theme_quality.show", _l("How good the themes are")),
    ("taxonomy.show_tree", _l("Edit themes")),
)


def theme_rooms() -> list[tuple[str, str, bool]]:
    """(Name, address, whether it is this page) of those that are there and open to the reader."""
    return [
        (str(label), url_for(endpoint), request.endpoint == endpoint)
        for endpoint, label in _PAGES
        if may_open(endpoint)
    ]
