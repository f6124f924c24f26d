"""What was said of an account over time: enough to tell what held on a past day.

A history is JSON, kept with the account: name of a fact → [[since, value], …], oldest first,
with an entry only where the value changed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

# The facts that figures are split by or come from; attributes are `attributes.<name>`.
KEPT_FACTS = frozenset({"plan", "region", "mrr_minor", "currency"})
EVER = datetime.min.replace(tzinfo=UTC)
MOST_CHANGES = 200  # of one fact; then its oldest go

History = Mapping[str, Sequence[Sequence[Any]]]


def noted(history: History, name: str, value: Any, *, as_of: datetime) -> History:
    """The history with what is said now; the same object where it says nothing new.

    What is said later of the same instant holds. Statements may come in any order.

    >>> may, june = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    >>> history = noted(noted({}, "plan", "pro", as_of=june), "plan", "free", as_of=may)
    >>> value_at(history, "plan", may), value_at(history, "plan", june)
    ('free', 'pro')
    >>> noted(history, "plan", "pro", as_of=datetime(2026, 7, 1, tzinfo=UTC)) is history
    True
    """
    entries = [list(entry) for entry in history.get(name, ())]
    instants = [datetime.fromisoformat(since) for since, _ in entries]
    place = bisect_left(instants, as_of)
    if place and entries[place - 1][1] == value and as_of not in instants:
        return history
    if place < len(entries) and instants[place] == as_of:
        if entries[place][1] == value:
            return history
        entries[place] = [as_of.isoformat(), value]
    else:
        entries.insert(place, [as_of.isoformat(), value])
    return {**history, name: _changes_only(entries)[-MOST_CHANGES:]}


def _changes_only(entries: Sequence[list[Any]]) -> list[list[Any]]:
    kept: list[list[Any]] = []
    for entry in entries:
        if not kept or kept[-1][1] != entry[1]:
            kept.append(entry)
    return kept


def value_at(history: History, name: str, instant: datetime) -> Any:
    """What held at an instant: the last that was said of then or before, else the first of all
    (nothing else was ever known); None where nothing was said."""
    entries = history.get(name)
    if not entries:
        return None
    if len(entries) == 1:
        return entries[0][1]
    place = bisect_right([datetime.fromisoformat(since) for since, _ in entries], instant)
    return entries[max(0, place - 1)][1]


def changed_since(before: History, after: History) -> datetime | None:
    """From when on an account is seen otherwise by the history after than by the one before.

    None where it is seen as before. What was said first reaches back over all time.
    """
    first: datetime | None = None
    for name, entries in after.items():
        known = before.get(name, ())
        place = next(
            (n for n, entry in enumerate(entries) if n >= len(known) or list(known[n]) != entry),
            len(entries) if len(known) > len(entries) else None,
        )
        if place is None:
            continue
        if place == 0:
            return EVER
        since = datetime.fromisoformat(_at(entries, known, place))
        first = since if first is None else min(first, since)
    return first


def _at(entries: Sequence[Sequence[Any]], known: Sequence[Sequence[Any]], place: int) -> str:
    """When the first entry that differs began, in whichever of the two it began earlier."""
    return min(
        (each[place][0] for each in (entries, known) if place < len(each)),
        key=datetime.fromisoformat,
    )
