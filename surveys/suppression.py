"""Which groups of a confidential survey to hide, so that none can be had by subtraction.

What an outsider may know of a table: every group that is shown, the totals of each attribute
alone that are shown when asked for alone, the grand total where it is not small, and which
groups are hidden. Hidden cells then are the unknowns of linear equations, one per shown total.
With two attributes these form a bipartite graph: totals are nodes, hidden cells are edges
(Gusfield, "A graph theoretic approach to statistical data security", SIAM Journal on Computing
17(3), 1988). Some union of hidden cells can be computed if and only if it is a cut of that graph
whose edges all point the same way, so the smallest group that gives a cell away is a minimum cut.

This guards against subtraction, not against bounds (a hidden group cannot be larger than the
total it is in), and against one table at one moment: the caller shows closed months only.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

SMALL = "small"
COMPLEMENT = "complement"

Key = tuple[Hashable, ...]
Node = tuple[str, Hashable]
Arc = tuple[Node, Node]

_MERGED = object()  # stands for all rows (or columns) whose total is hidden
_MOST_TO_PRUNE = 4_000


def suppress(groups: Mapping[Key, int], *, floor: int = 5) -> dict[Key, str]:
    """Which groups to hide, and why: "small" or "complement".

    groups: answers per combination of attribute values; keys are tuples of the same length, of
    none (the whole survey), one or two values. ValueError otherwise. A group with 1..floor-1
    answers is small. Complements are the smallest further groups such that no group, nor union
    of groups, with fewer than floor answers follows from what is shown. Groups without answers
    are not hidden as small; yet in a cross table the result may name combinations that nobody
    is in: they, too, have to be shown as suppressed, or the gap would tell.

    >>> suppress({("free",): 40, ("pro",): 20, ("team",): 3})
    {('team',): 'small', ('pro',): 'complement'}
    >>> suppress({(): 4}), suppress({(): 5})
    ({(): 'small'}, {})
    """
    sizes = {len(key) for key in groups}
    if len(sizes) > 1 or max(sizes, default=0) > 2:
        raise ValueError("groups: expected keys of the same length, at most two values each")
    if any(n < 0 for n in groups.values()):
        raise ValueError("groups: expected numbers of answers, got one below 0")
    if max(sizes, default=0) == 2:
        return _suppress_table(groups, floor)
    return _suppress_line(groups, floor)


def _suppress_line(groups: Mapping[Key, int], floor: int) -> dict[Key, str]:
    """One attribute: what all hidden groups have together follows from the grand total."""
    hidden = {key: SMALL for key, n in groups.items() if 0 < n < floor}
    together = sum(groups[key] for key in hidden)
    shown = [key for key, n in groups.items() if n >= floor]
    if 0 < together < floor and shown:
        hidden[min(shown, key=lambda key: _order(key, groups[key]))] = COMPLEMENT
    return hidden


def _suppress_table(groups: Mapping[Key, int], floor: int) -> dict[Key, str]:
    """Two attributes.

    1. Hide the small cells, and merge the rows (columns) whose own total is hidden: of them
       only the sum is known.
    2. For each small cell find the smallest union with it that can be computed; while that has
       fewer than floor answers, hide the smallest further cell that breaks the equation. Hiding
       more never exposes a cell that was safe, so one pass is enough.
    3. Show complements again, largest first, that turn out not to be needed.
    """
    table = _Table.of(groups, floor)
    cells = sorted(groups, key=lambda key: _order(key, groups[key]))
    small = [key for key in cells if 0 < groups[key] < floor]
    table.hide(small)
    if sum(groups.values()) < floor:
        return dict.fromkeys(small, SMALL)
    needed = _complements(table, small)
    return dict.fromkeys(small, SMALL) | dict.fromkeys(needed, COMPLEMENT)


def suppress_cross(
    groups: Mapping[Key, int],
    rows: Mapping[Hashable, Hashable],
    columns: Mapping[Hashable, Hashable],
    *,
    floor: int = 5,
) -> dict[Key, str]:
    """Two attributes, where it is known from elsewhere which totals are not told.

    groups: as for `suppress`. rows, columns: the values whose total is not told, each with the
    name of the group of values of which the sum may be. All other totals are taken as told, and
    have to be 0 or at least floor. All cells of a row or column without a total are hidden, also
    those that nobody is in.
    """
    table = _Table(
        groups=groups,
        floor=floor,
        row_node=_nodes("row", {key[0] for key in groups} | rows.keys(), rows),
        column_node=_nodes("column", {key[1] for key in groups} | columns.keys(), columns),
    )
    apart = [
        (row, column)
        for row in table.row_node
        for column in table.column_node
        if row in rows or column in columns
    ]
    small = [key for key in groups if 0 < groups[key] < floor]
    small.sort(key=lambda key: _order(key, groups[key]))
    table.hide(set(apart) | set(small))
    complements = dict.fromkeys([*apart, *_complements(table, small)], COMPLEMENT)
    return complements | dict.fromkeys(small, SMALL)


def _nodes(
    side: str, values: Iterable[Hashable], merged: Mapping[Hashable, Hashable]
) -> dict[Hashable, Node]:
    return {
        value: (side, (_MERGED, merged[value]) if value in merged else value) for value in values
    }


def _complements(table: _Table, small: list[Key]) -> list[Key]:
    """Steps 2 and 3 of a table whose small cells are hidden already."""
    complements: list[Key] = []
    for cell in small:
        while exposed := table.exposing_set(cell):
            chosen = table.cheapest_breaking(exposed)
            table.hide([chosen])
            complements.append(chosen)
    return _pruned(table, small, complements)


def _pruned(table: _Table, small: list[Key], complements: list[Key]) -> list[Key]:
    if len(small) * len(complements) > _MOST_TO_PRUNE:
        return complements  # still safe, a few groups more than needed
    needed = list(complements)
    by_size = sorted(complements, key=lambda key: _order(key, table.count(key)), reverse=True)
    for candidate in by_size:
        table.show(candidate)
        if any(table.exposing_set(cell) for cell in small):
            table.hide([candidate])
        else:
            needed.remove(candidate)
    return needed


@dataclass(slots=True)
class _Table:
    """A cross table with its hidden cells as a graph; rows and columns are its nodes."""

    groups: Mapping[Key, int]
    floor: int
    row_node: dict[Hashable, Node]
    column_node: dict[Hashable, Node]
    hidden: set[Key] = field(default_factory=set)
    capacity: dict[Arc, int] = field(default_factory=lambda: defaultdict(int))
    parallel: dict[Node, dict[Node, int]] = field(default_factory=lambda: defaultdict(dict))

    @classmethod
    def of(cls, groups: Mapping[Key, int], floor: int) -> _Table:
        nodes = []
        for side, name in enumerate(("row", "column")):
            totals: dict[Key, int] = defaultdict(int)
            for key, n in groups.items():
                totals[(key[side],)] += n
            unknown = _suppress_line(totals, floor)
            nodes.append({key[0]: (name, _MERGED if key in unknown else key[0]) for key in totals})
        return cls(groups=groups, floor=floor, row_node=nodes[0], column_node=nodes[1])

    def count(self, cell: Key) -> int:
        return self.groups.get(cell, 0)

    def hide(self, cells: Iterable[Key]) -> None:
        for cell in cells:
            self.hidden.add(cell)
            self._change_edge(cell, 1)

    def show(self, cell: Key) -> None:
        self.hidden.discard(cell)
        self._change_edge(cell, -1)

    def exposing_set(self, cell: Key) -> set[Node]:
        """Nodes whose totals give away fewer than floor answers with this cell; empty if none.

        A minimum cut between row and column of the cell. An edge may be cut from row to column
        at the price of its answers and never the other way round: such an equation would hold
        a difference of groups, not a group.
        """
        spent: dict[Arc, int] = defaultdict(int)
        source, sink = self._ends(cell)
        flow = 0
        while flow < self.floor:
            reached = self._reach(source, sink, spent)
            if sink not in reached:
                return set(reached)
            path = _path(reached, sink)
            amount = min(self.capacity[arc] - spent[arc] for arc in path if arc in self.capacity)
            for start, end in path:
                if (start, end) in self.capacity:
                    spent[start, end] += amount
                else:
                    spent[end, start] -= amount
            flow += amount
        return set()

    def cheapest_breaking(self, exposed: set[Node]) -> Key:
        """The smallest shown cell that, once hidden, spoils the equation of these totals.

        A cell with answers does, on either side of the cut. Where there is none left, a
        combination that nobody is in does, if it would have to be subtracted.
        """
        crossing: list[Key] = []
        empty: list[Key] = []
        for row, row_node in self.row_node.items():
            for column, column_node in self.column_node.items():
                inside = row_node in exposed, column_node in exposed
                cell = (row, column)
                if inside[0] == inside[1] or cell in self.hidden:
                    continue
                if self.count(cell):
                    crossing.append(cell)
                elif inside[1]:
                    empty.append(cell)
        return min(crossing or empty, key=lambda cell: _order(cell, self.count(cell)))

    def _ends(self, cell: Key) -> tuple[Node, Node]:
        return self.row_node[cell[0]], self.column_node[cell[1]]

    def _change_edge(self, cell: Key, by: int) -> None:
        row, column = self._ends(cell)
        self.capacity[row, column] += by * self.count(cell)
        for start, end in ((row, column), (column, row)):
            self.parallel[start][end] = self.parallel[start].get(end, 0) + by
            if not self.parallel[start][end]:
                del self.parallel[start][end]

    def _reach(self, source: Node, sink: Node, spent: Mapping[Arc, int]) -> dict[Node, Node | None]:
        """Nodes that more flow can reach, each with the one before it; stops at the sink."""
        before: dict[Node, Node | None] = {source: None}
        if self._is_open(source, sink, spent):
            return before | {sink: source}
        waiting = deque([source])
        while waiting:
            node = waiting.popleft()
            for following in self.parallel[node]:
                if following in before or not self._is_open(node, following, spent):
                    continue
                before[following] = node
                if self._is_open(following, sink, spent):  # do not wait until its turn comes
                    before[sink] = following
                    return before
                waiting.append(following)
        return before

    def _is_open(self, start: Node, end: Node, spent: Mapping[Arc, int]) -> bool:
        if end not in self.parallel[start]:
            return False
        arc = (start, end)
        return arc not in self.capacity or self.capacity[arc] > spent.get(arc, 0)


def _path(before: Mapping[Node, Node | None], sink: Node) -> list[Arc]:
    arcs = []
    node = sink
    while (previous := before[node]) is not None:
        arcs.append((previous, node))
        node = previous
    return arcs[::-1]


def _order(key: Key, n: int) -> tuple[int, list[tuple[bool, str]]]:
    """Smaller groups first; a stable order among equals, in which None may stand, too."""
    return n, [(value is not None, str(value)) for value in key]
