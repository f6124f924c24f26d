"""What the data set is: how many answers, over how many workspaces, from which days.

Equal specs give equal data: all chance comes from the seed. What the loader is told by the
database (ids of workspaces, surveys, questions, themes) is no part of it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

LARGEST = 0.4  # of all answers belong to one survey of the first workspace
ZONES = ("Asia/Tokyo", "America/New_York", "Europe/Berlin", "UTC")
# Shares of a workspace's answers by survey; the first workspace has one survey only.
SURVEYS = (("nps", 0.7), ("csat", 0.2), ("ces", 0.1))


@dataclass(frozen=True, slots=True)
class Spec:
    """The size of the data set, its chance, and the day before which it ends."""

    answers: int = 10_000_000
    workspaces: int = 50
    seed: int = 1
    days: int = 730
    until: date = date(2026, 11, 1)

    @property
    def since(self) -> date:
        return self.until - timedelta(days=self.days)

    @property
    def sizes(self) -> list[int]:
        """Answers of each workspace: the largest, then by Zipf's law with the exponent 1.

        >>> Spec(answers=1000, workspaces=4).sizes
        [400, 327, 164, 109]
        """
        if self.workspaces == 1:
            return [self.answers]
        largest = round(LARGEST * self.answers)
        weights = [1 / rank for rank in range(1, self.workspaces)]
        rest, total = self.answers - largest, sum(weights)
        sizes = [int(rest * weight / total) for weight in weights]
        sizes[0] += rest - sum(sizes)
        return [largest, *sizes]

    def zone(self, workspace: int) -> str:
        """The time zone of the nth workspace, from 0."""
        return ZONES[workspace % len(ZONES)]

    def surveys(self, workspace: int) -> tuple[tuple[str, float], ...]:
        """(Kind, share of the workspace's answers); a survey's key is its kind."""
        return (("nps", 1.0),) if workspace == 0 else SURVEYS

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"until": self.until.isoformat()}


def first_of_month(now: datetime | None = None) -> date:
    """Where the data end unless it is said: pages that show the last days then have some."""
    return (now or datetime.now(UTC)).date().replace(day=1)
