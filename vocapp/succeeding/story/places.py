"""Where events stand in the story of an account, and which kinds a filter shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

# In the order in which what happened at one instant is told, with the type of the ids.
_KINDS: dict[str, Callable[[str], UUID | int | str]] = {
    "answer": UUID, "case": UUID, "run": UUID, "change": int, "milestone": str,
    "departure": UUID, "note": UUID, "case_note": UUID, "letter": UUID, "touchpoint": UUID,
    "goal": UUID, "sent": UUID, "invoice": int, "health": str, "use": str,
}  # fmt: skip
_ORDER = tuple(_KINDS)
_INSTANT = timedelta(microseconds=1)

# What a filter shows. What has a card of its own on the page, or is much, is read for its
# filter alone, so that the page costs no more than what everybody looks at.
FILTERS: dict[str, tuple[str, ...]] = {
    "answers": ("answer",),
    "cases": ("case", "letter", "sent"),
    "touchpoints": ("touchpoint", "run", "sent"),
    "notes": ("note", "case_note"),
    "use": ("use", "milestone"),
    "subscriptions": ("change", "invoice"),
    "goals": ("goal",),
    "health": ("health",),
    "people": ("departure",),
}
MAIN = ("answer", "case", "run", "sent", "change", "milestone", "departure", "note", "use")

Before = tuple[datetime, Any] | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event stands in the story: newest first, of one instant by kind and id."""

    at: datetime
    kind: str
    id: UUID | int | str

    def to_json(self) -> list[str]:
        return [self.at.isoformat(), self.kind, str(self.id)]

    @classmethod
    def from_json(cls, value: Any) -> Place:
        """The place that `to_json` wrote; raises KeyError, TypeError or ValueError."""
        at, kind, given = value
        return cls(datetime.fromisoformat(at), kind, _KINDS[kind](given))


def order_of(place: Place) -> int:
    """Of events of one instant, which is told first."""
    return _ORDER.index(place.kind)


def before(place: Place | None, kind: str) -> Before:
    """From where on events of a kind follow a place: of its instant none, some, or all."""
    if place is None:
        return None
    if kind == place.kind:
        return place.at, place.id
    is_told_later = _ORDER.index(kind) > _ORDER.index(place.kind)
    return (place.at + _INSTANT if is_told_later else place.at), None
