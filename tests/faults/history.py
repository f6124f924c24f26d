"""What a client saw, what the service stored, and whether the two agree.

The idea is the set test of Jepsen: every write has an outcome. `ok` was acknowledged,
`fail` was refused for good, `unknown` got no answer that says either. Afterwards every
acknowledged id is stored exactly once, a refused one never, an unknown one at most once,
and nothing is stored that nobody sent.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Outcome = Literal["ok", "fail", "unknown"]


@dataclass(frozen=True, slots=True)
class Sent:
    """One answer a client sent, and what it learned of it in the end."""

    id: str
    score: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Stored:
    """One answer as the database has it."""

    id: str
    score: int | None
    is_counted: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What does not agree; all empty when the service kept its word."""

    acknowledged: int
    unknown: int
    stored: int
    counted: int
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    phantom: list[str] = field(default_factory=list)
    refused_but_stored: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    not_counted: list[str] = field(default_factory=list)
    miscounted: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        return not any(
            (
                self.lost, self.doubled, self.phantom, self.refused_but_stored, self.changed,
                self.not_counted, self.miscounted,
            )
        )  # fmt: skip


def read_journal(lines: Iterable[str]) -> list[Sent]:
    """The history of a client's journal: what began and never ended is `unknown`.

    One JSON object a line: {"id", "score"} when an answer is first sent, then
    {"id", "outcome"}. A last line that was cut off is left out.
    """
    scores: dict[str, int] = {}
    outcomes: dict[str, Outcome] = {}
    for line in lines:
        if not line.endswith("\n"):
            break
        entry = json.loads(line)
        if "score" in entry:
            if entry["id"] in scores:
                raise ValueError(f"{entry['id']} begins twice")
            scores[entry["id"]] = entry["score"]
        else:
            outcomes[entry["id"]] = entry["outcome"]
    return [Sent(id, score, outcomes.get(id, "unknown")) for id, score in scores.items()]


def read_journal_file(path: Path) -> list[Sent]:
    with path.open(encoding="utf-8", newline="\n") as lines:
        return read_journal(lines)


def check(sent: Sequence[Sent], stored: Sequence[Stored], counted: Mapping[int, int]) -> Verdict:
    """Compare a history with what was stored and with the counts by score."""
    by_id = {entry.id: entry for entry in sent}
    times = Counter(row.id for row in stored)
    scores = Counter(row.score for row in stored if row.score is not None)
    return Verdict(
        acknowledged=sum(entry.outcome == "ok" for entry in sent),
        unknown=sum(entry.outcome == "unknown" for entry in sent),
        stored=len(stored),
        counted=sum(counted.values()),
        lost=[e.id for e in sent if e.outcome == "ok" and times[e.id] == 0],
        doubled=[id for id, count in times.items() if count > 1],
        phantom=[id for id in times if id not in by_id],
        refused_but_stored=[e.id for e in sent if e.outcome == "fail" and times[e.id]],
        changed=[r.id for r in stored if r.id in by_id and r.score != by_id[r.id].score],
        not_counted=[row.id for row in stored if not row.is_counted],
        miscounted={
            score: (scores[score], counted.get(score, 0))
            for score in sorted(set(scores) | set(counted))
            if scores[score] != counted.get(score, 0)
        },
    )


def upper_bound(kills: int) -> float:
    """The 95 % upper bound for the share of kills that lose something, when none was seen.

    The rule of three (Hanley & Lippman-Hand, JAMA 1983).

    >>> upper_bound(300)
    0.01
    """
    return min(1.0, 3 / kills) if kills else 1.0


def as_json(verdict: Verdict, *, most: int = 5) -> dict[str, Any]:
    """A verdict for a report: counts, and some of the ids that do not agree."""
    lists = {
        name: getattr(verdict, name)
        for name in (
            "lost", "doubled", "phantom", "refused_but_stored", "changed", "not_counted",
        )
    }  # fmt: skip
    return {
        "holds": verdict.holds,
        "acknowledged": verdict.acknowledged,
        "unknown": verdict.unknown,
        "stored": verdict.stored,
        "counted": verdict.counted,
        **{name: len(found) for name, found in lists.items()},
        "miscounted": {str(score): pair for score, pair in verdict.miscounted.items()},
        "examples": {name: found[:most] for name, found in lists.items() if found},
    }
