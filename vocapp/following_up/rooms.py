"""The pages of the room of follow-ups, as one navigation."""

from __future__ import annotations

from flask import request, url_for
from flask_babel import LazyString

from vocapp.translating import lazy_gettext as _l
from vocapp.workspaces.navigation import may_open

_PAGES: tuple[tuple[str, LazyString], ...] = (
    ("following_up.queue", _l("Follow-ups")),
    ("closing_loop.show", _l("Closed loop")),
    ("following_up.routing", _l("Routing rules")),
    ("following_up.reply_template_list", _l("Reply templates")),
)


def follow_up_rooms() -> list[tuple[str, str, bool]]:
    """(Name, address, whether it is this page) of those that open to the reader."""
    return [
        (str(label), url_for(endpoint), request.endpoint == endpoint)
        for endpoint, label in _PAGES
        if may_open(endpoint)
    ]
