"""How much each customer success manager has to do in each of the coming weeks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from surveys.periods import period_start


@dataclass(frozen=True, slots=True)
class Task:
    """csm: who does it, None where nobody was named. minutes: >= 0."""

    csm: str | None
    due_on: date
    minutes: int


@dataclass(frozen=True, slots=True)
class Load:
    """Planned work of a person in an ISO week, in minutes.

    week: such as "2026-W48". capacity: None where it is not known, and for what nobody was named
    for. over: planned beyond it, 0 where there is room, None where capacity is.
    """

    csm: str | None
    week: str
    monday: date
    planned: int
    capacity: int | None
    over: int | None


def weekly_load(
    tasks: Sequence[Task],
    capacity: Mapping[str, int],
    *,
    today: date,
    exceptions: Mapping[tuple[str, date], int] | None = None,
) -> list[Load]:
    """Per person and ISO week, from this week to that of the last task, planned against capacity.

    capacity: minutes a week of each person. exceptions: other capacities, by person and Monday,
    such as 0 in a holiday. What was due before today is work of this week. People with a capacity
    come in every week, others only where they have tasks; in order of person (nobody last), then
    week. ValueError for minutes or capacities below 0.

    >>> tasks = [Task("ann", date(2026, 11, 24), 90), Task("ann", date(2026, 11, 2), 60)]
    >>> weekly_load(tasks, {"ann": 120}, today=date(2026, 11, 25))
    [Load(csm='ann', week='2026-W48', monday=datetime.date(2026, 11, 23), planned=150, \
capacity=120, over=30)]
    """
    special = exceptions or {}
    if min([0, *(task.minutes for task in tasks), *capacity.values(), *special.values()]) < 0:
        raise ValueError("minutes, capacity: expected numbers >= 0")
    if any(monday.weekday() for _, monday in special):
        raise ValueError("exceptions: expected the Monday of a week")
    planned: Counter[tuple[str | None, date]] = Counter()
    for task in tasks:
        planned[task.csm, period_start(max(task.due_on, today), "week")] += task.minutes
    this_week = period_start(today, "week")
    last = max((monday for _, monday in planned), default=this_week)
    weeks = [
        this_week + timedelta(weeks=ahead) for ahead in range((last - this_week).days // 7 + 1)
    ]
    cells = {(csm, monday) for csm in capacity for monday in weeks} | set(planned)
    ordered = sorted(cells, key=lambda cell: (cell[0] is None, cell[0] or "", cell[1]))
    return [_load(csm, monday, planned[csm, monday], capacity, special) for csm, monday in ordered]


def _load(
    csm: str | None,
    monday: date,
    planned: int,
    capacity: Mapping[str, int],
    special: Mapping[tuple[str, date], int],
) -> Load:
    usual = None if csm is None else capacity.get(csm)
    room = usual if csm is None else special.get((csm, monday), usual)
    year, week, _ = monday.isocalendar()
    over = None if room is None else max(0, planned - room)
    return Load(csm, f"{year}-W{week:02}", monday, planned, room, over)
