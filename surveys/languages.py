"""Tags of languages; which of a survey's a person reads, and in which direction it is written."""

from __future__ import annotations

import re
from collections.abc import Sequence

# `ja`, `pt-BR`, `zh-Hant-TW`: language, script, region, variant.
LANGUAGE_TAG = r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}"
# As systems name what their user reads: `ja_JP`, `ca_ES_valencia`. `fitting_language` takes both.
LOCALE = r"[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*"
_RIGHT_TO_LEFT = {"ar", "fa", "he", "ur", "ps", "sd", "ug", "yi", "dv"}


def is_language_tag(text: str) -> bool:
    """
    >>> [is_language_tag(each) for each in ("ja", "pt-BR", "pt_BR", "ja ", "")]
    [True, True, False, False, False]
    """
    return re.fullmatch(LANGUAGE_TAG, text) is not None


def fitting_language(wanted: str | None, offered: Sequence[str]) -> str | None:
    """The offered language that a tag asks for (exactly, else its base language), or None.

    >>> fitting_language("ja_JP", ["en", "ja"]), fitting_language("pt", ["pt-BR"])
    ('ja', 'pt-BR')
    >>> fitting_language("fr", ["en"]) is None
    True
    """
    tag = (wanted or "").replace("_", "-").lower()
    base = tag.partition("-")[0]
    by_tag = {language.lower(): language for language in offered}
    by_base = {language.lower().partition("-")[0]: language for language in reversed(offered)}
    return by_tag.get(tag) or by_tag.get(base) or by_base.get(base)


def best_language(wanted: str | None, offered: Sequence[str]) -> str:
    """The offered language that fits best; the survey's first one when none does.

    >>> best_language("ja-JP", ["en", "ja"]), best_language("fr", ["en", "ja"])
    ('ja', 'en')
    """
    return fitting_language(wanted, offered) or next(iter(offered), "en")


def first_fitting(wanted: Sequence[str], offered: Sequence[str]) -> str:
    """The offered language for a reader's list of languages, best liked first.

    >>> first_fitting(["fr", "ja", "en"], ["en", "ja"]), first_fitting([], ["de", "en"])
    ('ja', 'de')
    """
    found = (fitting_language(tag, offered) for tag in wanted)
    return next((language for language in found if language), None) or best_language(None, offered)


def direction(language: str) -> str:
    """`rtl` for languages written from the right.

    >>> direction("ar-EG"), direction("ja")
    ('rtl', 'ltr')
    """
    return "rtl" if language.split("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"
