"""Suppression against an attacker who solves the equations by linear algebra."""

import time
from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from surveys.suppression import suppress

FLOOR = 5
COUNTS = st.one_of(st.integers(0, 7), st.integers(0, 60))


def subsets(items):
    return chain.from_iterable(combinations(items, size) for size in range(1, len(items) + 1))


def margins(groups, side):
    totals = {}
    for key, n in groups.items():
        totals[(key[side],)] = totals.get((key[side],), 0) + n
    return totals


def shown_lines(groups, floor):
    """All lines of cells whose total an outsider sees: grand total, each attribute alone."""
    lines = [list(groups)] if sum(groups.values()) >= floor else []
    for side in range(len(next(iter(groups)))) if len(next(iter(groups))) == 2 else []:
        totals = margins(groups, side)
        hidden = suppress(totals, floor=floor)
        for value, n in totals.items():
            if value not in hidden and n:
                lines.append([key for key in groups if (key[side],) == value])
    return lines


def recoverable(groups, hidden, floor):
    """Unions of groups with 1..floor-1 answers that follow from what is shown."""
    unknown = [key for key in groups if key in hidden]
    lines = shown_lines(groups, floor)
    matrix = np.array([[key in line for key in unknown] for line in lines], dtype=float)
    matrix = matrix.reshape(len(lines), len(unknown))
    rank = np.linalg.matrix_rank(matrix) if matrix.size else 0
    light = [key for key in unknown if groups[key] < floor]
    for union in subsets(light):
        if 0 < sum(groups[key] for key in union) < floor:
            row = np.array([[key in union for key in unknown]], dtype=float)
            if np.linalg.matrix_rank(np.vstack([matrix, row])) == rank:
                yield union


def full(groups):
    """The table with every combination, also those that nobody is in."""
    if not groups or len(next(iter(groups))) < 2:
        return dict(groups)
    rows, columns = ({key[side] for key in groups} for side in (0, 1))
    return {(row, column): groups.get((row, column), 0) for row in rows for column in columns}


def check(groups, floor=FLOOR):
    hidden = suppress(groups, floor=floor)
    everything = full(groups)
    assert set(hidden) <= set(everything)
    for key, n in everything.items():
        assert (hidden.get(key) == "small") == (0 < n < floor)
    assert not list(recoverable(everything, hidden, floor))
    return hidden


@given(st.dictionaries(st.tuples(st.sampled_from([*"abcdef", None])), COUNTS, min_size=1))
def test_one_attribute_gives_nobody_away(groups):
    check(groups)


@st.composite
def cross_tables(draw):
    rows = draw(st.integers(1, 4))
    columns = draw(st.integers(1, 12 // rows if rows > 2 else 4))
    cells = [(row, column) for row in range(rows) for column in range(columns)]
    counts = draw(st.lists(COUNTS, min_size=len(cells), max_size=len(cells)))
    sparse = draw(st.booleans())
    return {cell: n for cell, n in zip(cells, counts, strict=True) if n or not sparse}


@settings(max_examples=300)
@given(cross_tables().filter(bool))
@example({("a", "x"): 20, ("b", "x"): 3, ("b", "y"): 30})
@example({("a", "x"): 3, ("a", "y"): 3, ("b", "x"): 3, ("b", "y"): 3})
@example({("a", "x"): 2, ("b", "y"): 2, ("a", "y"): 9, ("b", "x"): 9})
@example({("a", "x"): 50, ("a", "y"): 2, ("b", "x"): 3, ("b", "y"): 1})
def test_two_attributes_give_nobody_away_with_their_totals_known(groups):
    check(groups)


@settings(max_examples=60)
@given(cross_tables().filter(bool), st.integers(1, 10))
def test_any_floor_is_kept(groups, floor):
    check(groups, floor=floor)


@settings(max_examples=100)
@given(cross_tables().filter(bool))
def test_no_complement_is_hidden_in_vain(groups):
    hidden = suppress(groups, floor=FLOOR)
    everything = full(groups)
    for key, reason in hidden.items():
        if reason == "complement":
            fewer = {other: why for other, why in hidden.items() if other != key}
            assert list(recoverable(everything, fewer, FLOOR))


@given(cross_tables().filter(bool), st.randoms())
def test_the_same_table_is_hidden_alike_whatever_its_order(groups, random):
    order = list(groups)
    random.shuffle(order)
    assert suppress({key: groups[key] for key in order}) == suppress(groups)


def test_the_attacker_of_these_tests_can_win():
    """A control: hiding only the small cell leaves it to be had from its row."""
    groups = {("a", "x"): 3, ("a", "y"): 20, ("b", "x"): 20, ("b", "y"): 20}
    assert list(recoverable(groups, {("a", "x"): "small"}, FLOOR)) == [(("a", "x"),)]


def test_a_single_small_group_takes_the_smallest_other_with_it():
    assert suppress({("a",): 50, ("b",): 20, ("c",): 3}) == {("c",): "small", ("b",): "complement"}


def test_two_small_groups_that_are_few_even_together_take_a_third_with_them():
    hidden = suppress({("a",): 50, ("b",): 20, ("c",): 2, ("d",): 1})
    assert hidden == {("c",): "small", ("d",): "small", ("b",): "complement"}


def test_two_small_groups_that_are_enough_together_need_no_third():
    assert suppress({("a",): 50, ("c",): 4, ("d",): 3}) == {("c",): "small", ("d",): "small"}


def test_a_small_cell_of_a_cross_table_takes_a_rectangle_with_it():
    groups = {(row, column): 20 for row in "abc" for column in "xyz"} | {("a", "x"): 3}
    hidden = suppress(groups)
    assert hidden[("a", "x")] == "small"
    assert sorted(hidden.values()) == ["complement"] * 3 + ["small"]


def test_an_empty_combination_is_hidden_where_the_gap_would_tell():
    groups = {("a", "x"): 20, ("b", "x"): 3, ("b", "y"): 30}
    assert suppress(groups)[("a", "y")] == "complement"


@pytest.mark.parametrize("groups", [{}, {(): 0}, {("a",): 0}, {("a", "x"): 0}])
def test_where_nobody_answered_nothing_is_hidden(groups):
    assert suppress(groups) == {}


@pytest.mark.parametrize("groups", [{("a",): 1, ("a", "b"): 1}, {(1, 2, 3): 9}, {("a",): -1}])
def test_tables_of_another_shape_are_an_error(groups):
    with pytest.raises(ValueError, match="groups"):
        suppress(groups)


def test_a_table_of_a_hundred_by_hundred_values_is_done_in_seconds():
    rng = np.random.default_rng(5)
    counts = rng.poisson(rng.gamma(0.7, 12, size=(100, 100)))
    groups = {(i, j): int(n) for (i, j), n in np.ndenumerate(counts) if n}
    began = time.process_time()
    hidden = suppress(groups)
    assert set(hidden.values()) <= {"small", "complement"}
    assert time.process_time() - began < 30
