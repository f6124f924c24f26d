"""The form of the weights: a column for all accounts, and one for each segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from surveys.health import COMPONENTS, Weights
from surveys.health_schemes import Rules, Scheme
from vocapp.succeeding.goals.forms import plain_figure, read_figure
from vocapp.succeeding.health.models import MAX_WHY
from vocapp.translating import gettext as _

OTHERS = ""  # the column of accounts without rules of their own
MAX_SEGMENTS = 8


@dataclass(slots=True)
class WeightsForm:
    """attribute: by which segments are told, None for none. typed: (column, component) → text.

    columns: the segments, that of the others first. base: the version that was looked at.
    """

    attribute: str | None
    columns: list[str]
    typed: dict[tuple[str, str], str]
    why: str = ""
    base: int = 0
    errors: dict[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    def of(cls, scheme: Scheme, base: int) -> WeightsForm:
        """What counts now."""
        rules = {OTHERS: scheme.default, **scheme.by_value}
        typed = {
            (column, key): plain_figure(getattr(each.weights, key))
            for column, each in rules.items()
            for key in COMPONENTS
        }
        return cls(scheme.attribute, list(rules), typed, base=base)

    @classmethod
    def of_post(cls, form: Mapping[str, str], columns: Sequence[str]) -> WeightsForm:
        """What was typed: fields are numbered by their column, as values may be anything."""
        base = form.get("base", "")
        names = list(dict.fromkeys([OTHERS, *columns]))[: MAX_SEGMENTS + 1]
        typed = {
            (column, key): form.get(f"w{number}.{key}", "").strip()
            for number, column in enumerate(names)
            for key in COMPONENTS
        }
        return cls(
            form.get("attribute") or None, names, typed, why=form.get("why", "").strip(),
            base=int(base) if base.isdecimal() and len(base) < 9 else 0,
        )  # fmt: skip

    def resegmented(self, attribute: str | None, values: Sequence[str]) -> WeightsForm:
        """With a column for each of these values; a new one begins as that of the others."""
        columns = [OTHERS, *values[:MAX_SEGMENTS]] if attribute else [OTHERS]
        is_same = attribute == self.attribute
        typed = {
            (column, key): self.typed[
                (column if is_same and (column, key) in self.typed else OTHERS), key
            ]
            for column in columns
            for key in COMPONENTS
        }
        return replace(self, attribute=attribute, columns=columns, typed=typed, errors={})

    def read(self, now: Scheme) -> Scheme | None:
        """The scheme, bands as they are now; None where something is wrong (see `errors`)."""
        rules = {column: self._rules(column, now) for column in self.columns}
        if len(self.why) > MAX_WHY:
            self.errors[OTHERS, "why"] = _("Write at most %(count)s characters.", count=MAX_WHY)
        if self.errors:
            return None
        known = {column: each for column, each in rules.items() if each is not None}
        default = known.pop(OTHERS)
        return Scheme(self.attribute if known else None, known, default)

    def _rules(self, column: str, now: Scheme) -> Rules | None:
        weights = {}
        for key in COMPONENTS:
            try:
                weights[key] = read_figure(self.typed[column, key])
            except ValueError:
                self.errors[column, key] = _("Enter a number, such as 12 or 3.5.")
            else:
                if weights[key] < 0:
                    self.errors[column, key] = _("Enter 0 or more.")
        if any(each == column for each, _key in self.errors):
            return None
        if not sum(weights.values()) > 0:
            self.errors[column, COMPONENTS[0]] = _("At least one has to be above 0.")
            return None
        bands = now.by_value[column].bands if column in now.by_value else now.default.bands
        return Rules(Weights(**weights), bands)
