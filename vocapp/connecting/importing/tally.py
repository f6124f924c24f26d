"""What became of the rows of a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from vocapp.problems import Problem

# stored: what the row is about is new; changed: it was known, and something of it is not as it was.
# erased: the row is of a person who asked to be forgotten, and was left out.
Outcome = Literal["stored", "changed", "unchanged", "erased"] | Problem
OUTCOMES = ("stored", "changed", "unchanged", "erased", "rejected")


@dataclass(slots=True)
class Tally:
    """How many rows came to which end."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, outcomes: Iterable[Outcome]) -> None:
        self.counts.update(
            outcome if isinstance(outcome, str) else "rejected" for outcome in outcomes
        )

    @property
    def done(self) -> int:
        return self.counts.total()
