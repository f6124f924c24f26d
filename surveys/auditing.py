"""Whether a small group follows from sums over months of two attributes: solves the equations.

Over several months, a combination that is told to be empty is empty in each of them. That joins
with the monthly sums of each attribute to more than a minimum cut over one table can see; so a
stretch of several parts is checked by solving all of its equations.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt

from surveys.suppression import Key

Value = Hashable
Cell = tuple[int, Value, Value]  # part, row, column
Floats = npt.NDArray[np.float64]
_MOST_UNKNOWN = 1200
_NOTHING = 1e-7  # what is left of a group that follows


def gives_away(
    tables: Sequence[Mapping[Key, int]],
    rows: Sequence[frozenset[Value]],
    columns: Sequence[frozenset[Value]],
    hidden: Collection[Key],
    *,
    floor: int = 5,
) -> bool:
    """Whether a group of 1..floor-1 answers follows: values of one or both, parts in a row.

    tables: answers of each part per (row, column). rows, columns: values that are held back, at
    each of the len(tables) + 1 borders. hidden: combinations that are not told over all parts.
    True, too, where there are too many unknowns to say.

    >>> first, second = {("a", "x"): 4, ("a", "y"): 23, ("b", "x"): 9}, {("a", "x"): 9}
    >>> free = [frozenset()] * 3
    >>> gives_away([first, second], free, free, set())  # (b, y) is empty: x less b in the first
    True
    """
    keys = sorted({key for table in tables for key in table if table[key]}, key=str)
    empty = _told_empty(tables, rows, columns)
    unknown: list[Cell] = [
        (part, key[0], key[1])
        for part in range(len(tables))
        for key in {*keys, *hidden}
        if (part, 0, key[0]) not in empty and (part, 1, key[1]) not in empty
    ]
    if len(unknown) > _MOST_UNKNOWN:
        return True
    counts = np.array([tables[part].get((row, column), 0) for part, row, column in unknown])
    groups = [each for each in _groups(unknown, len(tables)) if 0 < counts @ each < floor]
    if not groups:
        return False
    known = _spanned(_told(unknown, len(tables), rows, columns, hidden), len(unknown))
    small = np.array(groups)
    apart = np.abs(small - (small @ known.T) @ known).max(axis=1)
    return bool(apart.min() < _NOTHING)


def _told_empty(
    tables: Sequence[Mapping[Key, int]],
    rows: Sequence[frozenset[Value]],
    columns: Sequence[frozenset[Value]],
) -> set[tuple[int, int, Value]]:
    """(Part, side, value) of which it is told that it has no answers in this part."""
    found = set()
    for side, held in enumerate((rows, columns)):
        for value in {key[side] for table in tables for key in table}:
            for start, end in _blocks(value, held):
                parts = range(start, end)
                if not any(
                    n for part in parts for key, n in tables[part].items() if key[side] == value
                ):
                    found |= {(part, side, value) for part in parts}
    return found


def _blocks(value: Value, held: Sequence[frozenset[Value]]) -> Iterator[tuple[int, int]]:
    """Parts over which the sum of a value is told: between borders where it is not held back."""
    return pairwise(place for place, values in enumerate(held) if value not in values)


def _told(
    unknown: Sequence[Cell],
    parts: int,
    rows: Sequence[frozenset[Value]],
    columns: Sequence[frozenset[Value]],
    hidden: Collection[Key],
) -> list[Floats]:
    place = np.array([cell[0] for cell in unknown])
    told = [place == part for part in range(parts)]
    for side, held in ((1, rows), (2, columns)):
        values = {cell[side] for cell in unknown}
        of = {value: np.array([cell[side] == value for cell in unknown]) for value in values}
        told += [
            (place >= start) & (place < end) & of[value]
            for value in values
            for start, end in _blocks(value, held)
        ]
    for key in {cell[1:] for cell in unknown} - set(hidden):
        told.append(np.array([cell[1:] == key for cell in unknown]))
    return [each.astype(float) for each in told]


def _groups(unknown: Sequence[Cell], parts: int) -> Iterator[Floats]:
    place = np.array([cell[0] for cell in unknown])
    insides = [
        np.array([cell[side] == value for cell in unknown])
        for side in (1, 2)
        for value in {cell[side] for cell in unknown}
    ] + [np.array([cell[1:] == key for cell in unknown]) for key in {c[1:] for c in unknown}]
    for start, end in combinations(range(parts + 1), 2):
        for inside in insides:
            yield ((place >= start) & (place < end) & inside).astype(float)


def _spanned(lines: Sequence[Floats], size: int) -> Floats:
    """An orthonormal basis of all that follows from these sums."""
    matrix = np.array(lines, dtype=float).reshape(-1, size)
    _, sizes, directions = np.linalg.svd(matrix, full_matrices=False)
    return np.asarray(directions[sizes > _NOTHING])
