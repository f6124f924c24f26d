"""Which sums over months of a confidential survey may be told, so that no two differ by a few.

Inside of one table `suppression` hides what could be had by subtraction. Two tables of different
months can be subtracted, too: January to March less January to February is March. So what may be
told is decided once, month by month, from what was known at the end of that month, and never
from the question; each answer is then a sum of what was decided.

1. A *settled border* is a place between two months where sums over all answers may begin or end:
   from one to the next lie 0 or at least `floor` answers. A small month waits for the next.
2. Of one attribute, a value is *held back* at a border when its answers so far are not told
   there. A sum from border to border is told of the values that are held back at neither.
3. Two attributes are told in *stretches* of months, each with its hidden cells. A sum is told
   over whole stretches, of the cells that are hidden in none of them.

Why nothing smaller follows: take the counts of all combinations of month and values as unknown
numbers, and each figure that is told as a linear equation.

* One attribute: what is told falls into parts that share no unknown (single cells of at least
  `floor`, and episodes of values held back together), so a group that follows from all of it is
  a union of groups that follow from one part each; `held_back` says why those are large enough.
* Two attributes: a group of one or two attributes that follows from any figures, of whatever
  attributes, follows from those of its own attributes alone, because interactions of other
  attributes would have to cancel (in an analysis of variance the parts are unique). In a stretch
  the sums of an attribute are known only where its value is not held back at either end; all
  cells of other rows and columns are hidden, so cells add nothing about those. What is left is
  one table, and a minimum cut (`suppression`).

This takes as unknown also what others may know from elsewhere: that a country lies in one region
only, or that a plan did not exist in May. Against that, and against guesses from bounds, it does
not guard; and late answers to a month that was told before change what was told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from surveys.auditing import gives_away
from surveys.suppression import Key, suppress_cross

Value = Hashable
Joined = tuple[set[Value], list[Mapping[Value, int]]]  # values, and the parts until the next join
_MOST_SMALL = 400  # cells in one table; a finer one waits for more answers


def settled_borders(months: Sequence[int], *, floor: int = 5) -> tuple[int, ...]:
    """Places where sums over months may begin or end: 0 is before the first month.

    months: answers of each. From one place to the next there are 0 or at least floor answers.

    >>> settled_borders([40, 3, 1, 9, 0, 2])
    (0, 1, 4, 5)
    """
    borders, waiting = [0], 0
    for place, n in enumerate(months, 1):
        waiting += n
        if waiting == 0 or waiting >= floor:
            borders.append(place)
            waiting = 0
    return tuple(borders)


def held_back(
    parts: Sequence[Mapping[Value, int]], *, floor: int = 5
) -> tuple[frozenset[Value], ...]:
    """Values that are held back at each border of the parts: len(parts) + 1 sets.

    parts: answers per value, between settled borders (so each sums to 0 or at least floor).

    1. A value with 1..floor-1 answers in a part is held back from here on.
    2. What all held back have in a part follows from its sum: where that is 1..floor-1, the
       smallest other value with answers is held back, too.
    3. All are let go together, when each has 0 or at least floor answers since it was first held
       back, and those held back first have so since others joined them (`_may_go`).

    From the first to the last part of such an episode the unknowns are values by parts, known
    are the sums of each part and, at its end, of each value. A group that follows is made of
    whole values less whole parts of the time before a later value joined: 0 or at least floor.

    >>> [sorted(held) for held in held_back([{"a": 40, "b": 20, "c": 3}, {"a": 9, "b": 9, "c": 2}])]
    [[], ['b', 'c'], []]
    """
    episode: list[Joined] = []
    found: list[frozenset[Value]] = [frozenset()]
    for part in parts:
        held = set().union(*(joined for joined, _ in episode))
        joining = _joining(part, held, floor)
        if joining:
            episode.append((joining, []))
        if episode:
            episode[-1][1].append(part)
            if _may_go(episode, floor):
                episode = []
        found.append(frozenset().union(*(joined for joined, _ in episode)))
    return tuple(found)


def _joining(part: Mapping[Value, int], held: set[Value], floor: int) -> set[Value]:
    joining = {value for value, n in part.items() if 0 < n < floor} - held
    together = sum(part.get(value, 0) for value in held | joining)
    others = [value for value, n in part.items() if n >= floor and value not in held]
    if 0 < together < floor and others:
        joining.add(min(others, key=lambda value: (part[value], value is not None, str(value))))
    return joining


def _may_go(episode: Sequence[Joined], floor: int) -> bool:
    sums: list[int] = []
    early: set[Value] = set()
    for place, (joined, _) in enumerate(episode):
        since = [part for _, parts in episode[place:] for part in parts]
        sums.append(_answers(since, early))
        sums += [_answers(since, {value}) for value in joined]
        early |= joined
    return all(n == 0 or n >= floor for n in sums)


def _answers(parts: Sequence[Mapping[Value, int]], values: set[Value]) -> int:
    return sum(part.get(value, 0) for part in parts for value in values)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Parts start <= part < end as one table of two attributes, and its hidden cells."""

    start: int
    end: int
    hidden: frozenset[Key]


def stretches(
    tables: Sequence[Mapping[Key, int]],
    rows: Sequence[frozenset[Value]],
    columns: Sequence[frozenset[Value]],
    *,
    floor: int = 5,
) -> tuple[Stretch, ...]:
    """Two attributes: months put together until at least half of the answers can be told.

    tables: answers per (row, column), between settled borders. rows, columns: what `held_back`
    says of each attribute alone. Parts after the last stretch are not told yet.

    >>> table = {("a", "x"): 20, ("a", "y"): 20, ("b", "x"): 3, ("b", "y"): 9}
    >>> free = [frozenset()] * 3
    >>> [(each.start, each.end) for each in stretches([table, table], free, free)]
    [(0, 2)]
    """
    found: list[Stretch] = []
    start, waiting = 0, Counter[Key]()
    for end, table in enumerate(tables, 1):
        waiting.update(table)
        hidden = _hidden(waiting, _apart(rows, start, end), _apart(columns, start, end), floor)
        if hidden is not None and (
            end - start == 1  # one table: a minimum cut has said it all
            or not gives_away(
                tables[start:end], rows[start : end + 1], columns[start : end + 1], hidden,
                floor=floor,
            )
        ):  # fmt: skip
            found.append(Stretch(start, end, hidden))
            start, waiting = end, Counter()
    return tuple(found)


def _apart(held: Sequence[frozenset[Value]], start: int, end: int) -> dict[Value, int]:
    """Values whose sum is not known over these parts, by what they can be told from.

    Of those held back at the beginning only the sum may be known, and of those at the end; where
    a value is among both, only the sum of all.
    """
    both = held[start] & held[end]
    return dict.fromkeys(held[start], 0) | dict.fromkeys(held[end], 0 if both else 1)


def _hidden(
    table: Mapping[Key, int], rows: Mapping[Value, int], columns: Mapping[Value, int], floor: int
) -> frozenset[Key] | None:
    """Hidden cells; None where more than half of the answers would be in them."""
    total = sum(table.values())
    small = {key for key, n in table.items() if 0 < n < floor}
    apart = {key for key in table if key[0] in rows or key[1] in columns}
    if len(small) > _MOST_SMALL or 2 * sum(table[key] for key in small | apart) > total:
        return None
    hidden = frozenset(suppress_cross(table, rows, columns, floor=floor))
    return None if 2 * sum(table.get(key, 0) for key in hidden) > total else hidden
