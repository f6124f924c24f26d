"""Which answers are marked as perhaps not given with care, or not by a person, and why.

A mark is a reason to look, never a verdict: a marked answer is stored, shown and counted like any
other, and the score is said with and without those that are marked.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime, timedelta

from surveys.holding import FASTEST, Visit

# In the order in which they are said.
MARKS = (
    "hidden_field",  # wrote into a field that people do not see
    "altered_form",  # came without what the page had put into its form
    "too_fast",  # pressed before a page can be seen
    "straight_line",  # the same on every scale, or in every row of a table
    "same_person",  # had answered the same survey within a day
)
SCALES_OF_A_LINE = 4  # fewer that are alike say nothing: who is content says so
SAME_PERSON_WITHIN = timedelta(days=1)


def marks_of_press(
    visit: Visit | None, *, hidden_field: str, pressed_at: datetime
) -> tuple[str, ...]:
    """What is to be said of a press on a page that everybody may open.

    visit: None where the form does not tell. hidden_field: what came in the field that people do
    not see.

    >>> from datetime import UTC, timedelta
    >>> noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    >>> visit = Visit("v", noon, noon)
    >>> marks_of_press(visit, hidden_field="", pressed_at=noon + timedelta(seconds=3))
    ()
    >>> marks_of_press(visit, hidden_field="http://x", pressed_at=noon)
    ('hidden_field', 'too_fast')
    >>> marks_of_press(None, hidden_field="", pressed_at=noon)
    ('altered_form',)
    """
    found = {
        "hidden_field": bool(hidden_field),
        "altered_form": visit is None,
        "too_fast": visit is not None and pressed_at - visit.made_at < FASTEST,
    }
    return tuple(mark for mark in MARKS if found.get(mark))


def is_straight_line(points: Sequence[Hashable]) -> bool:
    """Whether somebody gave one answer throughout, and there were enough of them.

    points: of every scale that was answered, or the column of every row of a table.

    >>> is_straight_line([5, 5, 5, 5]), is_straight_line([5, 5, 5]), is_straight_line([5, 5, 5, 6])
    (True, False, False)
    """
    return len(points) >= SCALES_OF_A_LINE and len(set(points)) == 1


def answered_before(at: datetime, others: Iterable[datetime]) -> bool:
    """Whether one of a person's other answers to the survey came within a day before, or with it.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    >>> answered_before(noon, [noon - timedelta(hours=23)]), answered_before(noon, [])
    (True, False)
    >>> answered_before(noon, [noon + timedelta(minutes=1)])
    False
    """
    return any(timedelta(0) <= at - other <= SAME_PERSON_WITHIN for other in others)
