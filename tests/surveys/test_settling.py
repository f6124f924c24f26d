"""What may be told of a confidential survey, against an attacker who solves all the equations."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.settling import held_back, settled_borders, stretches

FLOOR = 5
ROWS, COLUMNS, DEPTHS = "abc", "xy", "pq"
COUNTS = st.one_of(st.integers(0, 7), st.integers(0, 40), st.just(0))


# --- what is told -----------------------------------------------------------------------
# A data set: answers per month and combination of values of two or three attributes. What is
# told of a set of attributes: whether a sum from border to border is, and of which values.


def summed(months, attributes):
    """Per month answers by the values of these attributes."""
    tables = []
    for month in months:
        table = Counter()
        for key, n in month.items():
            table[tuple(key[place] for place in attributes)] += n
        tables.append(table)
    return tables


class Told:
    def __init__(self, months):
        self.months = months
        self.borders = settled_borders([sum(month.values()) for month in months])

    def parts(self, attributes):
        tables = summed(self.months, attributes)
        return [
            sum(tables[start:end], Counter())
            for start, end in zip(self.borders, self.borders[1:], strict=False)
        ]

    def held(self, attribute):
        return held_back(
            [{key[0]: n for key, n in part.items()} for part in self.parts([attribute])]
        )

    def stretches(self, a, b):
        return stretches(self.parts([a, b]), self.held(a), self.held(b))

    def figures(self, values):
        """(first month, last month + 1, attributes, values) of every figure that is told."""
        borders, places = self.borders, range(len(values))
        for start, end in combinations(range(len(borders)), 2):
            yield borders[start], borders[end], (), ()
        for attribute in places:
            held = self.held(attribute)
            for start, end in combinations(range(len(borders)), 2):
                for value in values[attribute]:
                    if value not in held[start] | held[end]:
                        yield borders[start], borders[end], (attribute,), (value,)
        for a, b in combinations(places, 2):
            for each in self.stretches(a, b):  # sums over several are sums of these
                for key in product(values[a], values[b]):
                    if key not in each.hidden:
                        yield borders[each.start], borders[each.end], (a, b), key


def recoverable(months, values, figures, *, zeros=True):
    """Groups by up to two attributes of any months in a row, 1..4 answers, that follow."""
    cells = list(product(range(len(months)), *values))
    counts = np.array([months[cell[0]].get(cell[1:], 0) for cell in cells])
    place = np.array(cells, dtype=object)

    def line(since, until, attributes, key):
        inside = (place[:, 0] >= since) & (place[:, 0] < until)
        for attribute, value in zip(attributes, key, strict=True):
            inside &= place[:, attribute + 1] == value
        return inside.astype(float)

    told = [line(*figure) for figure in figures]
    if zeros:  # where nobody is in a group, nobody is in any part of it
        empty = np.any([each for each in told if counts @ each == 0] or [counts < 0], axis=0)
        told += list(np.eye(len(cells))[empty])
    known = spanned(told, len(cells))
    for since, until in combinations(range(len(months) + 1), 2):
        for size in range(3):
            for attributes in combinations(range(len(values)), size):
                for key in product(*(values[attribute] for attribute in attributes)):
                    group = line(since, until, attributes, key)
                    if 0 < counts @ group < FLOOR and follows(group, known):
                        yield since, until, attributes, key


def spanned(lines, size):
    """An orthonormal basis of all that follows from these equations."""
    matrix = np.array(lines, dtype=float).reshape(-1, size)
    _, sizes, directions = np.linalg.svd(matrix, full_matrices=False)
    return directions[sizes > 1e-7]


def follows(group, known):
    return np.abs(group - known.T @ (known @ group)).max() < 1e-7


def data_sets(*values, months=5):
    cells = list(product(*values))
    month = st.lists(COUNTS, min_size=len(cells), max_size=len(cells)).map(
        lambda counts: Counter(dict(zip(cells, counts, strict=True)))
    )
    return st.lists(month, min_size=1, max_size=months)


@settings(max_examples=150, deadline=None)
@given(data_sets(ROWS, COLUMNS))
def test_no_small_group_follows_from_all_sums_of_two_attributes(months):
    values = (ROWS, COLUMNS)
    assert not list(recoverable(months, values, Told(months).figures(values)))


@settings(max_examples=60, deadline=None)
@given(data_sets(COLUMNS, COLUMNS, DEPTHS, months=4))
def test_nor_from_those_of_three_attributes_two_at_a_time(months):
    values = (COLUMNS, COLUMNS, DEPTHS)
    figures = Told(months).figures(values)
    assert not list(recoverable(months, values, figures, zeros=False))


@settings(max_examples=300, deadline=None)
@given(data_sets(ROWS, months=7))
def test_no_union_of_groups_follows_from_sums_of_one_attribute(months):
    """Stronger: not only one value for months in a row, but any set of values by months."""
    told = Told(months)
    cells = [(month, value) for month in range(len(told.borders) - 1) for value in ROWS]
    counts = [told.parts([0])[month][(value,)] for month, value in cells]
    index = {border: place for place, border in enumerate(told.borders)}
    lines = []
    for since, until, _, key in told.figures((ROWS,)):
        inside = range(index[since], index[until])
        lines.append([month in inside and key in ((), (value,)) for month, value in cells])
    known = spanned(lines, max(1, len(cells)))
    light = [place for place, n in enumerate(counts) if 0 < n < FLOOR]
    for size in range(1, 5):
        for union in combinations(light, size):
            if sum(counts[place] for place in union) < FLOOR:
                group = np.isin(np.arange(len(cells)), union).astype(float)
                assert not follows(group, known), union


def test_the_attacker_of_these_tests_wins_where_ranges_are_hidden_one_by_one():
    """A control: each range by itself is safe, and yet the third month is had from two of them."""
    months = [Counter({("a", "x"): 40}), Counter({("a", "x"): 20}), Counter({("a", "x"): 3})]
    figures = [(0, 3, (), ()), (0, 2, (), ())]
    assert (2, 3, (), ()) in set(recoverable(months, ("a", "x"), figures))
    assert not list(recoverable(months, ("a", "x"), Told(months).figures(("a", "x"))))


# --- and yet it is of use ---------------------------------------------------------------


@settings(deadline=None)
@given(data_sets(ROWS, COLUMNS, months=6), data_sets(ROWS, COLUMNS, months=3))
def test_what_was_told_stays_however_it_goes_on(months, more):
    before, after = Told(months), Told(months + more)
    n = len(before.borders)
    assert after.borders[:n] == before.borders
    for attribute in (0, 1):
        assert after.held(attribute)[:n] == before.held(attribute)
    k = len(before.stretches(0, 1))
    assert after.stretches(0, 1)[:k] == before.stretches(0, 1)


def test_a_small_month_waits_for_the_next_ones():
    assert settled_borders([]) == (0,)
    assert settled_borders([4]) == (0,)
    assert settled_borders([3, 2, 0, 9]) == (0, 2, 3, 4)


def test_of_one_month_is_hidden_what_is_hidden_of_a_table_by_itself():
    assert held_back([{"free": 40, "pro": 20, "team": 3}])[-1] == {"pro", "team"}
    assert held_back([{"free": 40, "pro": 20, None: 9}])[-1] == set()


def test_values_held_back_come_back_when_all_of_them_have_enough():
    part = {"free": 40, "pro": 20, "team": 3}
    assert [len(held) for held in held_back([part] * 4)] == [0, 2, 0, 2, 0]


def test_those_held_back_first_wait_for_answers_since_another_joined():
    # a and b could go; but since c joined, they have two answers, told from the sums before it.
    parts = [{"a": 3, "b": 20, "c": 30}, {"a": 2, "b": 0, "c": 4}, {"a": 0, "b": 3, "c": 9}]
    assert [sorted(held) for held in held_back(parts)] == [[], ["a", "b"], ["a", "b", "c"], []]


def test_a_sparse_table_waits_until_half_of_it_can_be_told():
    table = Counter({("a", "x"): 2, ("a", "y"): 9, ("b", "x"): 9, ("b", "y"): 40})
    free = [frozenset()] * 4
    first, *rest = stretches([table] * 3, free, free)
    assert (first.start, first.end, first.hidden) == (0, 3, frozenset())
    assert rest == []


@pytest.mark.parametrize("n", [0, 1])
def test_where_nobody_answered_nothing_is_held_back(n):
    assert held_back([{}] * n) == (frozenset(),) * (n + 1)
    assert (
        stretches([{}] * n, held_back([{}] * n), held_back([{}] * n))
        == tuple(stretches([{}], [frozenset()] * 2, [frozenset()] * 2)) * n
    )
