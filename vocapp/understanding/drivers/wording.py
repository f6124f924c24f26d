"""Drivers and their effects in the reader's words."""

from __future__ import annotations

from typing import Any

from surveys.drivers import Driver, Effect
from vocapp.translating import gettext as _
from vocapp.ui.attribute_names import attribute_name, value_name
from vocapp.ui.formats import number, percent

_MOST_LEVELS = 2  # of a category, in the words beside a bar


def driver_name(key: str) -> str:
    """What is not a theme; themes are named by the workspace."""
    kind, _colon, name = key.partition(":")
    return attribute_name(name) if kind == "attribute" else _("Wrote a comment")


def percent_of(share: float) -> str:
    """A share, with a digit where it is small."""
    return percent(share, 1 if share < 0.1 else 0)


def percent_range(low: float, high: float) -> str:
    return _("%(low)s to %(high)s", low=percent_of(low), high=percent_of(high))


def direction(driver: Driver, kind: str) -> str:
    """Which way a driver goes, and how far."""
    first = driver.effects[0]
    if first.level is None:
        return _against_the_rest(first, kind)
    clear = [effect for effect in driver.effects if not effect.low <= 0 <= effect.high]
    if not clear:
        return _("no clear direction")
    ranked = sorted(clear, key=lambda effect: -abs(effect.points))[:_MOST_LEVELS]
    return _(", ").join(
        f"{_level(driver.key, effect)} ({signed(effect.points, kind)})" for effect in ranked
    )


def _against_the_rest(effect: Effect, kind: str) -> str:
    size = number(abs(effect.points), _digits(kind))
    if effect.low <= 0 <= effect.high:
        return _("no clear direction")
    if effect.points < 0:
        return _("%(points)s points lower with it", points=size)
    return _("%(points)s points higher with it", points=size)


def effect_row(key: str, effect: Effect, kind: str) -> dict[str, Any]:
    """One line of the table of effects."""
    return {
        "level": None if effect.level is None else _level(key, effect),
        "n": effect.n,
        "points": signed(effect.points, kind),
        "range": _(
            "%(low)s to %(high)s", low=signed(effect.low, kind), high=signed(effect.high, kind)
        ),
    }


def _level(key: str, effect: Effect) -> str:
    return value_name(key.partition(":")[2], effect.level or None)


def signed(points: float, kind: str) -> str:
    """Points of the score with a sign; a mean of seven points needs two digits."""
    text = number(abs(points), _digits(kind))
    if text == number(0, _digits(kind)):
        return text
    return f"+{text}" if points > 0 else f"−{text}"


def _digits(kind: str) -> int:
    return 2 if kind == "ces" else 1
