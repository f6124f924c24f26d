"""Who posts to the service during a flood, and what is looked at meanwhile."""

from __future__ import annotations

import statistics
import threading
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks.flood.comments import answers
from benchmarks.ten_million.timing import held_mb, percentile
from tests.faults.running import Service
from vocapp.database import sqlite_module

_TRIES = 5  # of a batch that was not answered; its ids make that safe


@dataclass
class Client:
    """Posts to a service, and remembers what was acknowledged."""

    service: Service
    key: str
    acknowledged: list[str] = field(default_factory=list)
    refused: int = 0
    sent_again: int = 0  # batches

    def post(self, batch: Sequence[dict[str, Any]]) -> None:
        """Send a batch; again, where no answer came. Raises OSError after some tries."""
        body = {"responses": list(batch)}
        for tries in range(1, _TRIES + 1):
            try:
                answer = self.service.call("POST", "/api/v1/responses/batch", self.key, body)
                break
            except OSError:
                if tries == _TRIES:
                    raise
                self.sent_again += 1
                time.sleep(1)
        taken = [item["id"] for item in answer["items"] if item["status"] in (200, 201)]
        self.acknowledged += taken
        self.refused += len(batch) - len(taken)

    def found(self, response_id: str) -> dict[str, Any]:
        return dict(self.service.call("GET", f"/api/v1/responses/{response_id}", self.key))


@dataclass
class Fresh:
    """Posts a comment every few seconds, however long the ones before wait.

    They are asked for in their order: one that overtakes another is seen with it. meanwhile: what
    the service is busy with; waits are kept by it.
    """

    client: Client
    every_s: float
    seed: int
    meanwhile: str = "themes"
    waits: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    still: deque[tuple[str, float, str]] = field(default_factory=deque)  # id, since, meanwhile

    def run(self, stopping: threading.Event) -> None:
        comments, next_at = answers(self.seed), time.monotonic()
        while not stopping.wait(0.1):
            if time.monotonic() >= next_at:
                next_at = max(next_at + self.every_s, time.monotonic())
                comment = next(comments)
                self.client.post([comment])
                self.still.append((comment["id"], time.monotonic(), self.meanwhile))
            while self.still and self.client.found(self.still[0][0])["analysis"] == "done":
                _, since, meanwhile = self.still.popleft()
                self.waits[meanwhile].append(time.monotonic() - since)

    def figures(self, meanwhile: str) -> dict[str, Any]:
        """Seconds; comments that still wait count with what they have waited."""
        now = time.monotonic()
        still = [now - since for _, since, then in self.still if then == meanwhile]
        waits = self.waits[meanwhile] + still
        if not waits:
            return {"comments": 0}
        return {
            "comments": len(waits),
            "still_waiting": len(still),
            "median_s": round(statistics.median(waits), 2),
            "p95_s": round(percentile(waits, 0.95), 2),
            "max_s": round(max(waits), 2),
        }


@dataclass(frozen=True)
class Stored:
    """The service's database, read beside it."""

    path: Path

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        address = f"file:{self.path}?mode=ro"
        with closing(sqlite_module().connect(address, uri=True, timeout=30)) as connection:
            return list(connection.execute(query))

    def waiting(self, *kinds: str) -> int:
        """Work of these kinds that is still to be done, of the flood and fresh."""
        query = "SELECT kind, count(*) FROM outbox WHERE set_aside_at IS NULL GROUP BY kind"
        found = dict(self.ask(query))
        return sum(found.get(kind, 0) for kind in kinds)

    def at_the_end(self, acknowledged: Sequence[str]) -> dict[str, Any]:
        """Acknowledged responses that are missing, rows beyond one for each, who judged them."""
        there = [UUID(found) for (found,) in self.ask("SELECT id FROM response")]
        told = {UUID(each) for each in acknowledged}
        by_encoder = "SELECT coalesce(encoder, 'none'), count(*) FROM analysis GROUP BY 1"
        set_aside = "SELECT count(*) FROM outbox WHERE set_aside_at IS NOT NULL"
        return {
            "acknowledged": len(told),
            "missing": len(told.difference(there)),
            "doubled": len(there) - len(told.intersection(there)),
            "analysed_by": dict(self.ask(by_encoder)),
            "work_set_aside": self.ask(set_aside)[0][0],
        }


@dataclass
class Memory:
    """The most that the workers held at one look, each with the processes it started."""

    service: Service
    most_mb: dict[str, float] = field(default_factory=dict)

    def look(self) -> None:
        held = {
            name: held_mb(part.process.pid)
            for name, part in self.service.parts.items()
            if name.startswith("worker") and part.process is not None
        }
        held["together"] = sum(held.values())
        for name, megabytes in held.items():
            self.most_mb[name] = round(max(megabytes, self.most_mb.get(name, 0)), 1)
