"""What was known when: a past moment may be judged only by what was known then.

Facts come late: a cancellation, a corrected sum, an answer that lay in a mailbox. Whoever asks what
a score would have been in March must not see what was written in May about March.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Known(Generic[Value]):
    """A fact: what, since when it holds, and when it was written down. Times with a zone."""

    value: Value
    at: datetime
    known_at: datetime


def as_known(series: Iterable[Known[Value]], instant: datetime) -> tuple[Known[Value], ...]:
    """The entries that had happened and were known at an instant, the oldest first.

    Of entries for one moment the one known last is the correction of the others: it comes last.

    >>> day = datetime.fromisoformat
    >>> series = [Known(9, day("2026-03-01T00:00Z"), day("2026-03-01T00:00Z")),
    ...           Known(0, day("2026-03-20T00:00Z"), day("2026-05-02T00:00Z"))]
    >>> [entry.value for entry in as_known(series, day("2026-04-01T00:00Z"))]
    [9]
    """
    seen = [entry for entry in series if entry.at <= instant and entry.known_at <= instant]
    return tuple(sorted(seen, key=lambda entry: (entry.at, entry.known_at)))


def last_known(series: Iterable[Known[Value]], instant: datetime) -> Known[Value] | None:
    """The newest of `as_known`; None where nothing was known."""
    seen = as_known(series, instant)
    return seen[-1] if seen else None


def rewound(
    values: Mapping[str, Any],
    changes: Iterable[tuple[datetime, Mapping[str, Any]]],
    instant: datetime,
) -> dict[str, Any]:
    """What fields held at an instant, by what they hold now and what each change replaced.

    changes: when, and of each field that was changed what it held before; the oldest first. Other
    fields than those of `values` are passed over.

    >>> day = datetime.fromisoformat
    >>> changes = [(day("2026-03-01T00:00Z"), {"state": "open"}),
    ...            (day("2026-03-20T00:00Z"), {"state": "contacted"})]
    >>> rewound({"state": "resolved"}, changes, day("2026-03-10T00:00Z"))
    {'state': 'contacted'}
    """
    found = dict(values)
    for at, before in reversed(list(changes)):
        if at > instant:
            found |= {name: value for name, value in before.items() if name in found}
    return found
