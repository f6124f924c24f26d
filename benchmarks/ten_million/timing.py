"""Times of something done again and again, beside what they should be."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RUNS = 50
WARM_UPS = 3
_PATIENCE_S = 20.0  # what is far too slow is not measured fifty times
_LEAST_RUNS = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, in what unit, against which target (None: only told).

    at_least: the target is the least, not the most. cpu: median processor time of this process in
    milliseconds, which tells a slow query from a busy machine; a server's is not in it.
    """

    what: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False
    p50: float | None = None
    cpu: float | None = None
    runs: int | None = None

    @property
    def is_missed(self) -> bool:
        if self.target is None:
            return False
        return self.value < self.target if self.at_least else self.value > self.target


def percentile(seconds: Sequence[float], share: float) -> float:
    """The time that this share of the runs does not exceed.

    >>> percentile([1, 2, 3, 4], 0.5), percentile([1, 2, 3, 4], 0.95)
    (2, 4)
    """
    ordered = sorted(seconds)
    return ordered[max(0, -(-len(ordered) * round(share * 100) // 100) - 1)]


@dataclass(frozen=True, slots=True)
class Run:
    """How long something took, and how much of it this process was at work; seconds."""

    wall: float
    cpu: float


def runs_of(act: Callable[[], Any], *, runs: int = RUNS) -> list[Run]:
    """How long each of the runs took, after some that do not count."""
    began, found = time.perf_counter(), []
    for number in range(WARM_UPS + runs):
        start, at_work = time.perf_counter(), time.process_time()
        act()
        run = Run(time.perf_counter() - start, time.process_time() - at_work)
        if number >= WARM_UPS or run.wall > _PATIENCE_S / WARM_UPS:
            found.append(run)
        if len(found) >= _LEAST_RUNS and time.perf_counter() - began > _PATIENCE_S:
            break
    return found


def timed(
    what: str, act: Callable[[], Any], *, target_ms: float | None, runs: int = RUNS
) -> Figure:
    """The 95th percentile of the runs in milliseconds, and their median."""
    found = runs_of(act, runs=runs)
    wall = [run.wall for run in found]
    return Figure(
        what, round(percentile(wall, 0.95) * 1000, 2), "ms p95", target_ms,
        p50=round(statistics.median(wall) * 1000, 2),
        cpu=round(statistics.median(run.cpu for run in found) * 1000, 2), runs=len(found),
    )  # fmt: skip


def peak_mb(process: subprocess.Popen[bytes]) -> float | None:
    """Wait for a process; the most memory it and those it started held together, in megabytes,
    or None where nobody tells.

    Asked of the system while it runs: what is said of children afterwards counts the moment
    before they became another program, too, and so our own memory.
    """
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, held_mb(process.pid))
        time.sleep(0.1)
    return round(peak, 1) if peak else None


def held_mb(pid: int) -> float:
    """The memory that a process and those it started hold now, in megabytes."""
    return sum(map(_resident_kb, _family(pid))) / 1024


def _family(pid: int) -> list[int]:
    """A process and all that came of it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(each for child in children for each in _family(int(child)))]


def _resident_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    resident = dict(line.split(":", 1) for line in lines).get("VmRSS", "0 kB")
    return int(resident.split()[0])


def table(title: str, figures: Sequence[Figure]) -> str:
    """The figures in lines, with their targets and which are missed."""
    lines = [f"\n{title}", f"  {'':58} {'measured':>16} {'p50':>9} {'cpu':>9} {'target':>9}"]
    for each in figures:
        sign = "≥" if each.at_least else "≤"
        target = "" if each.target is None else f"{sign} {each.target:g}"
        p50, cpu = ("" if n is None else f"{n:,.1f}" for n in (each.p50, each.cpu))
        few = f"  ({each.runs} runs)" if each.runs is not None and each.runs < RUNS else ""
        missed = "  missed" if each.is_missed else ""
        measured = f"{each.value:,.3f}" if each.value < 1 else f"{each.value:,.1f}"
        figures = f"{measured:>9} {each.unit:<6} {p50:>9} {cpu:>9} {target:>9}"
        lines.append(f"  {each.what:58} {figures}{missed}{few}")
    return "\n".join(lines)
