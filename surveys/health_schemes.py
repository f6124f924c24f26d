"""Which weights and bands count for which accounts: of all, and of segments by one attribute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from surveys.attributes import as_text
from surveys.health import DEFAULT_WEIGHTS, Bands, Weights

DEFAULT_BANDS = Bands()


@dataclass(frozen=True, slots=True)
class Rules:
    """How the score of an account is worked out and where its bands lie."""

    weights: Weights = DEFAULT_WEIGHTS
    bands: Bands = DEFAULT_BANDS


@dataclass(frozen=True, slots=True)
class Scheme:
    """Rules by the value of one attribute; `default` for the others and for those without.

    attribute: None where there are no segments, and then `by_value` is empty (ValueError).

    >>> small = Rules(Weights(relationship=0))
    >>> scheme = Scheme("plan", {"free": small})
    >>> scheme.of({"plan": "free"}) == small, scheme.of({"plan": "pro"}) == Rules()
    (True, True)
    """

    attribute: str | None = None
    by_value: Mapping[str, Rules] = field(default_factory=dict)
    default: Rules = field(default_factory=Rules)

    def __post_init__(self) -> None:
        if self.by_value and self.attribute is None:
            raise ValueError("attribute: expected one where segments have rules of their own")

    def segment_of(self, attributes: Mapping[str, Any]) -> str | None:
        """The value by which an account has rules of its own; None: those of all others."""
        if self.attribute is None:
            return None
        value = as_text(attributes.get(self.attribute))
        return value if value in self.by_value else None

    def of(self, attributes: Mapping[str, Any]) -> Rules:
        """The rules of an account with these attributes."""
        segment = self.segment_of(attributes)
        return self.default if segment is None else self.by_value[segment]

    def as_json(self) -> dict[str, Any]:
        """Plain values, to be stored; `from_json` reads them."""
        return {
            "attribute": self.attribute,
            "default": asdict(self.default),
            "by_value": {value: asdict(rules) for value, rules in self.by_value.items()},
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Scheme:
        """What `as_json` gave."""
        by_value = {value: _rules(each) for value, each in stored["by_value"].items()}
        return cls(stored["attribute"], by_value, _rules(stored["default"]))


def _rules(stored: Mapping[str, Any]) -> Rules:
    return Rules(Weights(**stored["weights"]), Bands(**stored["bands"]))
