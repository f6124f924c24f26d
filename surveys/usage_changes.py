"""Weeks in which use was much less or much more than was usual before: a line, not every use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from surveys.playbooks import usual

WEEKS_BEFORE = 4
LEAST_USUAL = 5
DOWN, UP = -30, 50


@dataclass(frozen=True, slots=True)
class UsageChange:
    """week: its place in what was given. percent: against the usual, such as -42."""

    week: int
    percent: int


def usage_changes(weeks: Sequence[int]) -> list[UsageChange]:
    """The whole weeks that begin a drop by 30 % or more, or a rise by 50 % or more, against the
    median of the four weeks before them; of several in a row the first. Where fewer than five a
    week are usual nothing is said.

    >>> usage_changes([20, 22, 20, 18, 10, 9, 20, 20, 60])
    [UsageChange(week=4, percent=-50), UsageChange(week=8, percent=300)]
    """
    found: list[UsageChange] = []
    direction = 0
    for week in range(WEEKS_BEFORE, len(weeks)):
        normal = usual([float(each) for each in weeks[week - WEEKS_BEFORE : week]])
        if normal < LEAST_USUAL:
            direction = 0
            continue
        percent = round(100 * (weeks[week] / normal - 1))
        now = -1 if percent <= DOWN else 1 if percent >= UP else 0
        if now and now != direction:
            found.append(UsageChange(week, percent))
        direction = now
    return found
