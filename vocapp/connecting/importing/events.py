"""Events from a file, with the columns and the rules of the events API.

An event keeps its id, so that a second run finds it. An id that came with other content, be it
through the API, is rejected as it is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from vocapp.connecting.importing import cells
from vocapp.connecting.importing.tally import Outcome
from vocapp.database import snapshot
from vocapp.people.events.begun import begun_already
from vocapp.people.events.parsing import event_of
from vocapp.people.events.queries import known_digests
from vocapp.people.events.service import NewEvent, record_events
from vocapp.problems import BadInput


@dataclass(frozen=True, slots=True)
class Events:
    """Rows that are events. zone: of times without an offset."""

    workspace_id: UUID
    zone: ZoneInfo
    now: datetime

    def parse(self, values: Mapping[str, Any]) -> NewEvent:
        raw = dict(values)
        if "at" in raw:
            raw["at"] = self._instant(raw["at"])
        return event_of(raw, time_zone=self.zone.key, now=self.now)

    def _instant(self, text: str) -> str:
        """As it is written where it has an offset: the API knows a repetition by that."""
        try:
            if datetime.fromisoformat(text).tzinfo is not None:
                return text
        except ValueError:
            pass  # a day, or a time as people write it
        try:
            return cells.instant(text, self.zone)
        except ValueError as exc:
            raise BadInput.of("at", str(exc)) from exc

    def preview(self, items: Sequence[NewEvent]) -> list[Outcome]:
        known = known_digests(self.workspace_id, [item.id for item in items])
        new = [item for item in items if item.id not in known]
        with snapshot() as session:
            refused = begun_already(session, self.workspace_id, new)
        return [refused.get(item.id) or _outcome(known, item) for item in items]

    def store(self, items: Sequence[NewEvent]) -> list[Outcome]:
        known = known_digests(self.workspace_id, [item.id for item in items])
        expected = [_outcome(known, item) for item in items]
        problems = record_events(self.workspace_id, items, now=self.now)
        return [problem or said for problem, said in zip(problems, expected, strict=True)]


def _outcome(known: dict[str, str], item: NewEvent) -> Outcome:
    """What becomes of an event where these ids have these digests; it is known afterwards."""
    if item.id not in known:
        known[item.id] = item.digest
        return "stored"
    if known[item.id] == item.digest:
        return "unchanged"
    return BadInput.of("id", "was used with other content")
