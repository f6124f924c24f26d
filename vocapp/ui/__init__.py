"""The design system: shells, macros, charts, static files and how values read in each language."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, flash, g
from flask_babel import get_locale

from vocapp.ui import charts, formats

blueprint = Blueprint(
    "ui",
    __name__,
    static_folder="static",
    template_folder="templates",
    static_url_path="/assets",
)

# `g` and then this letter goes to the room (see static/js/app.js and docs/design-system.md).
ROOM_LETTERS = {
    "home": "h",
    "surveys": "s",
    "results": "r",
    "themes": "t",
    "follow_ups": "f",
    "accounts": "a",
    "figures": "n",
    "success_figures": "n",
    "settings": "c",
}

# The languages the interface itself speaks, each in its own words.
LANGUAGES = (("en", "English"), ("ja", "日本語"))

FILTERS = {
    "score_text": formats.score_text,
    "number": formats.number,
    "compact_number": formats.compact_number,
    "percent": formats.percent,
    "money_minor": formats.money_minor,
    "local_datetime": formats.local_datetime,
    "local_date": formats.local_date,
    "time_ago": formats.time_ago,
    "iso_time": formats.iso_time,
}


def init_app(app: Flask) -> None:
    """Register the blueprint and what its templates call."""
    app.register_blueprint(blueprint)
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals.update(
        geometry=charts,
        get_locale=get_locale,
        metric_name=formats.metric_name,
        room_letters=ROOM_LETTERS,
        ui_languages=LANGUAGES,
        unique_id=unique_id,
    )


def notice(text: object, *, kind: str = "done", undo_url: str | None = None) -> None:
    """Say on the next page what an action did, with a button that takes it back.

    text: a sentence in the person's language (a lazy string is fine).
    kind: done | info | warning | error. undo_url: an address that undoes it on POST.
    """
    message: Any = {"text": str(text), "undo_url": undo_url} if undo_url else str(text)
    flash(message, kind)


def unique_id(prefix: str) -> str:
    """An element id that occurs once on the page being rendered."""
    count: int = g.get("ui_ids", 0) + 1
    g.ui_ids = count
    return f"{prefix}-{count}"
