"""The design system: shells, macros, charts, static files and how values read in each language."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, flash, g, request
from jinja2 import pass_eval_context
from jinja2.filters import do_xmlattr
from jinja2.nodes import EvalContext

from surveys.phone_numbers import readable
from vocapp.translating import current_locale
from vocapp.ui import charts, formats
from vocapp.ui.addresses import address_of_each
from vocapp.ui.categories import category_look

STATIC = Path(__file__).resolve().parent / "static"
YEAR_S = 365 * 24 * 3600


class Assets(Blueprint):
    """A blueprint whose files a browser keeps: their addresses change with their content."""

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """A year for an address that names its content, else ask again each time."""
        return YEAR_S if "v" in request.args else super().get_send_file_max_age(filename)


blueprint = Assets(
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
    "settings": "c",
}

# The languages the interface itself speaks, each in its own words.
LANGUAGES = (("en", "English"), ("ja", "日本語"))


@pass_eval_context
def attributes(place: EvalContext, values: dict[str, Any]) -> str:
    """What a macro was given for its tag: `aria_label="x"` is written aria-label="x"."""
    named = {name.replace("_", "-"): value for name, value in values.items()}
    return do_xmlattr(place, named)


FILTERS = {
    "attributes": attributes,
    "score_text": formats.score_text,
    "language_name": formats.language_name,
    "word_list": formats.word_list,
    "number": formats.number,
    "compact_number": formats.compact_number,
    "percent": formats.percent,
    "difference_text": formats.difference_text,
    "money_minor": formats.money_minor,
    "money_short": formats.money_short,
    "local_datetime": formats.local_datetime,
    "month_name": formats.month_name,
    "local_date": formats.local_date,
    "phone_number": readable,
    "weekday_date": formats.weekday_date,
    "time_ago": formats.time_ago,
    "iso_time": formats.iso_time,
}


def init_app(app: Flask) -> None:
    """Register the blueprint and what its templates call."""
    app.register_blueprint(blueprint)
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals.update(
        address_of_each=address_of_each,
        category_look=category_look,
        geometry=charts,
        get_locale=current_locale,
        metric_name=formats.metric_name,
        room_letters=ROOM_LETTERS,
        ui_languages=LANGUAGES,
        unique_id=unique_id,
    )


@blueprint.app_url_defaults
def _name_content(endpoint: str, values: dict[str, Any]) -> None:
    """Give every address of our own files the fingerprint of what is in them."""
    if endpoint == "ui.static" and "v" not in values:  # other addresses are asked for in hundreds
        path = STATIC / values.get("filename", "")
        if path.is_file():
            values["v"] = _fingerprint(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _fingerprint(path: Path, changed_ns: int) -> str:  # noqa: ARG001 - part of the cache's key
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


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
