"""Which weights count for which accounts: segments in their order, and all others; and the bands,
which are those of all, so that a score means the same everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from surveys.filters import Condition, Filter, attributes_of, holds, parse_json, to_json
from surveys.health import DEFAULT_WEIGHTS, Bands, Weights

DEFAULT_BANDS = Bands()


@dataclass(frozen=True, slots=True)
class Segment:
    """Accounts of which a filter holds, and the weights that they have of their own."""

    filter: Filter
    weights: Weights


@dataclass(frozen=True, slots=True)
class Scheme:
    """weights: of accounts in no segment. An account is in the first of which the filter holds.

    >>> from surveys.filters import parse_compact
    >>> big = Segment(parse_compact("plan:in(pro);region:in(jp)"), Weights(usage=50))
    >>> pro = Segment(parse_compact("plan:in(pro)"), Weights(usage=10))
    >>> scheme = Scheme(segments=(big, pro))
    >>> [scheme.place_of({"plan": plan, "region": "jp"}) for plan in ("pro", "free")]
    [0, None]
    >>> scheme.weights_of({"plan": "pro", "region": "us"}) == pro.weights
    True
    """

    weights: Weights = DEFAULT_WEIGHTS
    segments: tuple[Segment, ...] = ()
    bands: Bands = DEFAULT_BANDS

    def place_of(self, facts: Mapping[str, Any]) -> int | None:
        """Which of the segments an account is in, counted from 0; None: in none of them."""
        found = (place for place, each in enumerate(self.segments) if holds(each.filter, facts))
        return next(found, None)

    def weights_of(self, facts: Mapping[str, Any]) -> Weights:
        """The weights of an account with these attributes."""
        place = self.place_of(facts)
        return self.weights if place is None else self.segments[place].weights

    @property
    def attributes(self) -> tuple[str, ...]:
        """By which accounts are told apart, each once."""
        named = (name for each in self.segments for name in attributes_of(each.filter))
        return tuple(dict.fromkeys(named))

    def as_json(self) -> dict[str, Any]:
        """Plain values, to be stored; `from_json` reads them."""
        return {
            "weights": asdict(self.weights),
            "segments": [
                {"filter": to_json(each.filter), "weights": asdict(each.weights)}
                for each in self.segments
            ],
            "bands": asdict(self.bands),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Scheme:
        """What `as_json` gives, or gave while segments were the values of one attribute."""
        if "by_value" in stored:
            return cls._of_values(stored)
        segments = (
            Segment(parse_json(each["filter"]), Weights(**each["weights"]))
            for each in stored["segments"]
        )
        return cls(Weights(**stored["weights"]), tuple(segments), Bands(**stored["bands"]))

    @classmethod
    def _of_values(cls, stored: Mapping[str, Any]) -> Scheme:
        """{"attribute", "default": rules, "by_value": {value: rules}}, rules being {"weights",
        "bands"}; bands could not be changed then and were alike."""
        segments = (
            Segment(Condition(stored["attribute"], "in", (value,)), Weights(**each["weights"]))
            for value, each in stored["by_value"].items()
        )
        default = stored["default"]
        return cls(Weights(**default["weights"]), tuple(segments), Bands(**default["bands"]))
