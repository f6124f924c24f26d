"""Flask-Babel without its detours: the language of the person who reads, and their words.

The library looks the request up anew for every text, three times and through proxies, and Jinja
calls it through three functions of its own. A page has some hundred texts and numbers, so that
was a tenth of its time. What is said here is the same.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.support import NullTranslations
from flask import Flask, g, has_app_context
from flask_babel import Babel, Domain, get_locale
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

_TEXTS = 8_192  # more than there are, in both languages


def current_locale() -> Locale:
    """The language of the person who reads; English where nobody does."""
    try:
        # Where the library keeps what it found; should it do so elsewhere, it is asked again.
        kept = getattr(g._get_current_object(), "_flask_babel", None)
    except RuntimeError:  # outside of all that is asked for
        return _ENGLISH
    return getattr(kept, "babel_locale", None) or get_locale() or _ENGLISH


_ENGLISH = Locale("en")


@lru_cache
def known_locale(code: str) -> Locale:
    """A language by its code, always the same object: as keys these are compared in hundreds."""
    return Locale.parse(code)


class Catalogues(Domain):
    """The translations of all languages."""

    def __init__(self) -> None:
        super().__init__([str(Path(__file__).parent / "translations")])
        self._known: dict[Locale, NullTranslations] = {}
        self._last: tuple[Locale | None, NullTranslations] = (None, NullTranslations())

    def get_translations(self) -> NullTranslations:
        """Those of the person who reads."""
        locale = current_locale()
        last, found = self._last
        if last is locale:
            return found
        known = self._known.get(locale)
        if known is None:
            known = super().get_translations()
            if not has_app_context():
                return known
            self._known[locale] = known
        self._last = locale, known
        return known


_CATALOGUES = Catalogues()
gettext, ngettext = _CATALOGUES.gettext, _CATALOGUES.ngettext
lazy_gettext = _CATALOGUES.lazy_gettext


class Translating(Babel):
    """Flask-Babel with these catalogues, and with functions of its own for templates."""

    domain_instance = _CATALOGUES

    def init_app(self, app: Flask, *args: Any, **kwargs: Any) -> None:
        super().init_app(app, *args, **kwargs)
        app.jinja_env.globals |= {
            "_": _in_template, "gettext": _in_template, "ngettext": _counted_in_template
        }  # fmt: skip


@pass_eval_context
def _in_template(place: EvalContext, text: str, /, **variables: Any) -> str:
    found = _CATALOGUES.get_translations().ugettext(text)
    return _filled(found, variables, escape=bool(place.autoescape))


@pass_eval_context
def _counted_in_template(
    place: EvalContext, one: str, many: str, num: int, /, **variables: Any
) -> str:
    found = _CATALOGUES.get_translations().ungettext(one, many, num)
    return _filled(found, {"num": num, **variables}, escape=bool(place.autoescape))


def _filled(text: str, variables: dict[str, Any], *, escape: bool) -> str:
    """A text with its variables, as Jinja fills it: always a format, so that %% is %."""
    if not variables:
        return _alone(text, escape=escape)
    return (_marked(text) if escape else text) % variables


@lru_cache(_TEXTS)
def _alone(text: str, *, escape: bool) -> str:
    return (Markup(text) if escape else text) % {}  # noqa: S704 - translations are ours


@lru_cache(_TEXTS)
def _marked(text: str) -> Markup:
    return Markup(text)  # noqa: S704 - translations are ours; what fills them is escaped
