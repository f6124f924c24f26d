"""How the categories of scores and sentiments look and are called; colours are three."""

from __future__ import annotations

from typing import NamedTuple

from flask_babel import LazyString

from vocapp.translating import lazy_gettext as _l


class Look(NamedTuple):
    """colour: the class of the badge. sign: says the same without colour."""

    colour: str
    sign: str
    word: LazyString | str


_GOOD, _MIDDLE, _BAD = ("promoter", "+"), ("passive", "="), ("detractor", "\N{MINUS SIGN}")
_LOOKS = {
    "promoter": Look(*_GOOD, _l("Promoter")),
    "passive": Look(*_MIDDLE, _l("Passive")),
    "detractor": Look(*_BAD, _l("Detractor")),
    "satisfied": Look(*_GOOD, _l("Satisfied")),
    "neutral": Look(*_MIDDLE, _l("Neutral")),
    "dissatisfied": Look(*_BAD, _l("Dissatisfied")),
    "easy": Look(*_GOOD, _l("Easy")),
    "difficult": Look(*_BAD, _l("Difficult")),
    "positive": Look(*_GOOD, _l("Positive")),
    "mixed": Look(*_MIDDLE, _l("Mixed")),
    "negative": Look(*_BAD, _l("Negative")),
}
_UNKNOWN = Look(*_MIDDLE, "")


def category_look(category: str) -> Look:
    """Of a category; in the middle and without a word where it is none."""
    return _LOOKS.get(category, _UNKNOWN)
