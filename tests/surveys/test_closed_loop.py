"""Comparing people who were contacted with like people who were not, and how soon they are."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.closed_loop_simulations import measured
from surveys.closed_loop import LEAST_COMPARED, OUTCOMES, Next, compare, outcome_of, timing
from surveys.scoring import categories, category_of, scale

answers = st.lists(
    st.builds(
        Next, outcome=st.sampled_from(OUTCOMES), contacted=st.booleans(), like=st.integers(0, 3),
        count=st.integers(1, 40),
    ),
    max_size=40,
)  # fmt: skip


@given(answers)
def test_shares_and_limits_lie_where_they_can_and_around_what_they_belong_to(drawn):
    found = compare(drawn)
    for figure in (found.like_contacted, found.like_others):
        if figure.value is not None:
            assert 0 <= figure.low <= figure.value <= figure.high <= 1
    if found.difference.value is None:
        assert found.difference.n < LEAST_COMPARED
    else:
        assert -1 <= found.difference.low <= found.difference.value <= found.difference.high <= 1
    assert found.contacted.n + found.others.n == sum(each.count for each in drawn)


@given(answers)
def test_who_is_like_nobody_of_the_other_group_changes_no_comparison(drawn):
    alone = [Next("recovered", True, "unlike all", 500)]
    assert compare([*drawn, *alone]).difference == compare(drawn).difference


@given(answers)
def test_changing_the_groups_turns_the_difference_round(drawn):
    turned = [Next(each.outcome, not each.contacted, each.like, each.count) for each in drawn]
    ours, theirs = compare(drawn).difference, compare(turned).difference
    if ours.value is not None:
        assert (ours.value, ours.low) == pytest.approx((-theirs.value, -theirs.high))


def test_the_difference_is_that_of_mantel_and_haenszel():
    """Against the textbook formula, by another way of adding up."""
    rng = np.random.default_rng(3)
    tables = [(*rng.integers(10, 90, 2), *rng.random(2)) for _ in range(6)]
    counts = [(n1, int(n1 * p1), n0, int(n0 * p0)) for n1, n0, p1, p0 in tables]
    above = sum((a * n0 - b * n1) / (n1 + n0) for n1, a, n0, b in counts)
    below = sum(n1 * n0 / (n1 + n0) for n1, _a, n0, _b in counts)
    drawn = chain.from_iterable(
        (
            Next("recovered", True, like, a), Next("worse", True, like, n1 - a),
            Next("recovered", False, like, b), Next("unchanged", False, like, n0 - b),
        )
        for like, (n1, a, n0, b) in enumerate(counts)
    )  # fmt: skip
    assert compare(drawn).difference.value == pytest.approx(above / below)


def test_few_answers_are_said_to_be_too_few():
    drawn = [Next("recovered", True, 1, LEAST_COMPARED - 1), Next("worse", False, 1, 900)]
    found = compare(drawn)
    assert (found.difference.value, found.difference.n) == (None, LEAST_COMPARED - 1)
    assert compare([*drawn, Next("worse", True, 1, 1)]).difference.value is not None


def test_recovering_is_leaving_the_lowest_category_and_nothing_less():
    for kind in ("nps", "csat", "ces"):
        worst = categories(kind)[-1]
        low = [point for point in scale(kind) if category_of(kind, point) == worst]
        for before in low:
            for after in scale(kind):
                is_out = category_of(kind, after) != worst
                assert (outcome_of(kind, before, after) == "recovered") is is_out
                assert (outcome_of(kind, before, after) == "worse") is (after < before)
    with pytest.raises(ValueError, match="before"):
        outcome_of("nps", 7, 9)


def test_where_contact_does_nothing_the_interval_says_so_and_before_and_after_does_not():
    """A small run; the full one is `python -m benchmarks.closed_loop_simulations`."""
    found = {row.what: row.measured for row in measured(200, 7)}
    assert found["no effect: the interval covers 0"] >= 0.9
    assert found["15 points: the interval covers them"] >= 0.9
    assert found["no effect: before and after alone says none"] <= 0.05
    assert found["no effect: all others, unlike ones too, covers 0"] <= 0.8


# how soon


def test_a_case_that_waits_says_that_it_takes_longer():
    done = timing([5], [True], [10])
    with_waiting = timing([5, 80], [True, False], [10, 30])
    assert done.within(24).value == 1
    assert with_waiting.within(24).value == 0.25
    assert with_waiting.median.value is None
    assert (with_waiting.n, with_waiting.done) == (40, 10)


def test_what_nobody_was_watched_for_is_not_told():
    found = timing([5, 30], [True, False], [1, 1])
    assert found.within(24).value == 0.5
    assert found.within(48) is None
    assert timing([], [], []).within(1) is None


@given(st.lists(st.tuples(st.integers(1, 50), st.booleans(), st.integers(0, 5)), max_size=30))
def test_counts_stand_for_so_many_cases(rows):
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    one_by_one = [(hours, done, 1) for hours, done, n in rows for _ in range(n)]
    singles = list(zip(*one_by_one, strict=True)) or [(), (), ()]
    assert timing(*columns) == timing(*singles)


def test_answers_that_were_asked_for_change_no_comparison_and_stand_apart():
    """Half of those contacted are asked again, and all of these recover."""
    people = [
        Next("recovered", True, 3, 20), Next("unchanged", True, 3, 20),
        Next("recovered", False, 3, 15), Next("worse", False, 3, 25),
    ]  # fmt: skip
    asked = [Next("recovered", True, 3, 40, asked_for=True)]
    alone, both = compare(people), compare(people + asked)
    assert (both.difference, both.like_contacted) == (alone.difference, alone.like_contacted)
    assert (both.contacted.n, both.asked_for.n, both.of_themselves.n) == (80, 40, 40)
    assert both.asked_difference.value == pytest.approx(0.5)
    assert both.asked_difference.low > 0
    assert (alone.caveats, both.caveats) == (
        ("not_an_experiment",), ("not_an_experiment", "asked_for_apart"),
    )  # fmt: skip


def test_nobody_is_asked_for_an_answer_who_was_not_contacted():
    with pytest.raises(ValueError, match="asked_for"):
        compare([Next("worse", False, 3, asked_for=True)])
