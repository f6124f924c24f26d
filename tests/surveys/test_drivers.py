"""Shares of what is explained: exact, fair, and honest about noise."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from surveys.drivers import Candidate, analyse_drivers
from surveys.shares import correlations, relative_weights, shapley_shares

METHODS = (shapley_shares, relative_weights)
_MOST_ALIKE = 1e6  # condition of the correlations; shares leave out directions from 1e9 on


def r_squared(matrix, columns):
    """By least squares on these columns of a correlation matrix; independent of what is tested."""
    if not columns:
        return 0.0
    inside, beside = matrix[np.ix_(columns, columns)], matrix[columns, -1]
    return float(beside @ np.linalg.lstsq(inside, beside, rcond=1e-9)[0])


def by_all_orders(matrix, groups):
    """LMG by its definition: the gain in R² averaged over every order of the drivers."""
    shares = np.zeros(len(groups))
    orders = list(permutations(range(len(groups))))
    for order in orders:
        known = []
        for at in order:
            gain = r_squared(matrix, [*known, *groups[at]]) - r_squared(matrix, known)
            shares[at] += gain / len(orders)
            known += groups[at]
    return shares


@st.composite
def problems(draw, most=4):
    """Correlated columns in groups, and an outcome that depends on them.

    Not so nearly the same that rounding alone moves the ninth digit; copies have tests of their
    own.
    """
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    width = sum(sizes)
    table = rng.normal(size=(60, width)) @ rng.normal(size=(width, width))
    assume(np.linalg.cond(np.atleast_2d(np.corrcoef(table, rowvar=False))) < _MOST_ALIKE)
    outcome = table @ rng.normal(size=width) + draw(st.floats(0.1, 30)) * rng.normal(size=60)
    table = np.column_stack([table, outcome])
    table -= table.mean(axis=0)
    ends = np.cumsum(sizes)
    groups = [list(range(end - size, end)) for size, end in zip(sizes, ends, strict=True)]
    return correlations(table.T @ table), groups


@given(problems())
def test_shapley_shares_are_the_mean_gain_over_all_orders(problem):
    matrix, groups = problem
    assert shapley_shares(matrix, groups) == pytest.approx(by_all_orders(matrix, groups), abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
@given(problems(most=8))
@settings(max_examples=50)
def test_shares_are_never_negative_and_sum_to_what_all_drivers_explain(method, problem):
    matrix, groups = problem
    shares = method(matrix, groups)
    assert shares.min() > -1e-9
    assert shares.sum() == pytest.approx(r_squared(matrix, list(range(len(matrix) - 1))), abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
@given(problems(most=6), st.randoms())
@settings(max_examples=50)
def test_the_order_of_drivers_and_of_columns_is_irrelevant(method, problem, random):
    matrix, groups = problem
    at = list(range(len(groups)))
    random.shuffle(at)
    order = [column for each in at for column in random.sample(groups[each], len(groups[each]))]
    moved = matrix[np.ix_([*order, -1], [*order, -1])]
    ends = np.cumsum([len(groups[each]) for each in at])
    mixed = [list(range(end - len(groups[i]), end)) for i, end in zip(at, ends, strict=True)]
    found = method(moved, mixed)
    assert found == pytest.approx(method(matrix, groups)[at], abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
@given(problems(most=5))
@settings(max_examples=50)
def test_two_copies_of_one_driver_get_equal_shares_and_explain_no_more(method, problem):
    matrix, groups = problem
    width = len(matrix) - 1
    twice = [*range(width), *groups[0], width]
    copied = [*groups, list(range(width, width + len(groups[0])))]
    shares = method(matrix[np.ix_(twice, twice)], copied)
    assert shares[-1] == pytest.approx(shares[0], abs=1e-9)
    assert shares.sum() == pytest.approx(method(matrix, groups).sum(), abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_many_matrices_at_once_are_the_same_as_one_after_the_other(method):
    rng = np.random.default_rng(2)
    tables = rng.normal(size=(5, 40, 6))
    tables -= tables.mean(axis=1, keepdims=True)
    matrices = correlations(np.swapaxes(tables, 1, 2) @ tables)
    groups = [[0, 3], [1], [2, 4]]
    single = [method(matrix, groups) for matrix in matrices]
    assert method(matrices, groups) == pytest.approx(np.array(single), abs=1e-12)


def test_relative_weights_come_close_to_shapley_shares():
    rng = np.random.default_rng(4)
    table = rng.normal(size=(500, 5)) + rng.normal(size=(500, 1))
    table = np.column_stack([table, table @ [3, 2, 1, 0.5, 0] + 4 * rng.normal(size=500)])
    table -= table.mean(axis=0)
    matrix, groups = correlations(table.T @ table), [[at] for at in range(5)]
    assert relative_weights(matrix, groups) == pytest.approx(
        shapley_shares(matrix, groups), abs=0.01
    )


def test_the_coding_of_a_category_is_irrelevant():
    """All levels, all but one, or differences of them: the same share."""
    rng = np.random.default_rng(5)
    level = rng.integers(0, 3, size=300)
    levels = (level[:, None] == np.arange(3)).astype(float)
    other = rng.normal(size=300) + level
    outcome = levels @ [1, 4, 2] + other + rng.normal(size=300)
    codings = (levels, levels[:, 1:], levels @ [[1, 0], [-1, 2], [3, 1]])
    for method in METHODS:
        found = []
        for columns in codings:
            table = np.column_stack([columns, other, outcome])
            table -= table.mean(axis=0)
            width = columns.shape[1]
            groups = [list(range(width)), [width]]
            found.append(method(correlations(table.T @ table), groups))
        assert found[1] == pytest.approx(found[0], abs=1e-9)
        assert found[2] == pytest.approx(found[0], abs=1e-9)


def test_columns_that_are_in_no_group_are_an_error():
    with pytest.raises(ValueError, match="every column"):
        shapley_shares(np.eye(4), [[0], [1]])


# --- answers in, drivers out -----------------------------------------------------------------


def survey(n, *, seed=0, drivers=3):
    """Scores in points that fall with the first theme, rise with plan "pro"; the rest is noise."""
    rng = np.random.default_rng(seed)
    themes = rng.random((n, drivers)) < 0.3
    plan = rng.choice(["free", "pro", "team"], size=n)
    liking = 0.4 - 1.5 * themes[:, 0] + 0.8 * (plan == "pro") + rng.normal(size=n)
    candidates = [Candidate(f"theme{at}", themes[:, at]) for at in range(drivers)]
    return 100 * np.sign(liking.round()), [*candidates, Candidate("plan", plan)]


def test_what_was_planted_is_found_with_its_direction():
    scores, candidates = survey(1500)
    found = analyse_drivers(scores, candidates, seed=1)
    assert (found.method, found.n, found.minimum_n) == ("shapley", 1500, 100)
    assert [driver.key for driver in found.drivers[:2]] == ["theme0", "plan"]
    assert all(driver.low > 0 for driver in found.drivers[:2])
    assert all(driver.low == 0 for driver in found.drivers[2:])
    (bad,) = found.drivers[0].effects
    assert bad.level is None
    assert bad.high < 0
    pro = {effect.level: effect for effect in found.drivers[1].effects}["pro"]
    assert pro.low > 0
    assert sum(driver.share for driver in found.drivers) == pytest.approx(found.r_squared)


def test_an_effect_is_the_least_squares_difference_in_points():
    scores, candidates = survey(400)
    themes = [candidate.values.astype(float) for candidate in candidates[:-1]]
    plan = candidates[-1].values
    design = np.column_stack([*themes, *(plan == each for each in ("free", "pro", "team"))])
    fitted = np.linalg.lstsq(design, scores, rcond=None)[0]
    found = {driver.key: driver for driver in analyse_drivers(scores, candidates, seed=1).drivers}
    for at in range(3):
        assert found[f"theme{at}"].effects[0].points == pytest.approx(fitted[at])
    effects = {effect.level: effect for effect in found["plan"].effects}
    assert effects["pro"].points - effects["free"].points == pytest.approx(fitted[4] - fitted[3])
    assert sum(effect.n * effect.points for effect in effects.values()) == pytest.approx(
        0, abs=1e-6
    )


def test_the_same_seed_gives_the_same_intervals_and_intervals_hold_their_shares():
    scores, candidates = survey(300)
    found = analyse_drivers(scores, candidates, seed=3)
    assert found == analyse_drivers(scores, candidates, seed=3)
    assert found != analyse_drivers(scores, candidates, seed=4)
    for driver in found.drivers:
        assert 0 <= driver.low <= driver.share <= driver.high <= 1
        for effect in driver.effects:
            assert effect.low <= effect.points <= effect.high


def test_blocks_of_many_answers_give_the_intervals_of_single_ones(monkeypatch):
    scores, candidates = survey(6000)
    in_blocks = analyse_drivers(scores, candidates, seed=5)
    monkeypatch.setattr("surveys.drivers._BLOCKS", 6000)
    one_by_one = analyse_drivers(scores, candidates, seed=5)
    for found, exact in zip(in_blocks.drivers, one_by_one.drivers, strict=True):
        assert found.high - found.low == pytest.approx(exact.high - exact.low, rel=0.15, abs=5e-4)


def test_above_twelve_drivers_the_weights_are_relative_and_still_sum_up():
    scores, candidates = survey(800, drivers=15)
    found = analyse_drivers(scores, candidates, seed=1, replicates=200)
    assert found.method == "relative_weights"
    assert found.drivers[0].key == "theme0"
    assert sum(driver.share for driver in found.drivers) == pytest.approx(found.r_squared)


@pytest.mark.parametrize(("n", "drivers", "reason"), [(99, 3, "too_few"), (100, 3, None),
                                                      (149, 14, "too_few")])  # fmt: skip
def test_below_a_hundred_or_ten_a_driver_it_says_too_few(n, drivers, reason):
    scores, candidates = survey(n, drivers=drivers)
    found = analyse_drivers(scores, candidates, seed=1, replicates=50)
    assert found.reason == reason
    assert (found.drivers == ()) == (reason is not None)
    assert found.minimum_n == max(100, 10 * (drivers + 1))


def test_constant_and_rare_candidates_are_left_out_in_words_and_copies_are_marked():
    scores, candidates = survey(400)
    rare = np.arange(400) < 9
    more = [
        Candidate("always", np.ones(400, dtype=bool)),
        Candidate("one_region", np.full(400, "eu")),
        Candidate("seldom", rare),
        Candidate("names", np.array([f"n{at}" for at in range(400)])),
        Candidate("copy", candidates[0].values),
    ]
    found = analyse_drivers(scores, [*candidates, *more], seed=1, replicates=100)
    assert dict(found.left_out) == {
        "always": "constant", "one_region": "constant", "seldom": "rare", "names": "rare",
    }  # fmt: skip
    by_key = {driver.key: driver for driver in found.drivers}
    assert {key for key, driver in by_key.items() if driver.overlaps} == {"copy", "theme0"}
    assert by_key["copy"].share == pytest.approx(by_key["theme0"].share, abs=1e-9)


def test_rare_values_of_a_category_are_put_together():
    rng = np.random.default_rng(3)
    values = np.array(["a"] * 150 + ["b"] * 120 + ["c"] * 8 + ["d"] * 7 + [""] * 15)
    few = np.array(["a"] * 150 + ["b"] * 135 + ["c"] * 11 + ["d"] * 4)
    found = analyse_drivers(
        rng.normal(size=300), [Candidate("plan", values)], seed=1, replicates=50
    )
    effects = {effect.level: effect.n for effect in found.drivers[0].effects}
    assert effects == {"a": 150, "b": 120, "": 15, "(other)": 15}
    found = analyse_drivers(rng.normal(size=300), [Candidate("plan", few)], seed=1, replicates=50)
    effects = {effect.level: effect.n for effect in found.drivers[0].effects}
    assert effects == {"a": 150, "b": 135, "(other)": 15}  # "d" alone could be told apart


def test_nothing_is_said_where_nothing_can_be():
    _, candidates = survey(200)
    assert analyse_drivers(np.full(200, 100.0), candidates, seed=1).reason == "same_scores"
    assert analyse_drivers(np.zeros(0), [], seed=1).reason == "no_drivers"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"outcome": [1.0, float("nan")]}, "finite"),
        ({"level": 1.0}, "level"),
        ({"candidates": [Candidate("a", np.zeros(3, dtype=bool))]}, "a: expected 2"),
        ({"candidates": [Candidate("a", np.zeros(2))]}, "bool or text"),
        ({"candidates": [Candidate("a", np.zeros(2, dtype=bool))] * 2}, "once"),
    ],
)
def test_wrong_input_is_named(change, words):
    values = {"outcome": [1.0, 2.0], "candidates": [], "seed": 1} | change
    with pytest.raises(ValueError, match=words):
        analyse_drivers(**values)


def test_the_interval_of_noise_begins_at_zero_and_that_of_a_planted_driver_does_not():
    noise = planted = 0
    for seed in range(60):
        scores, candidates = survey(300, seed=seed)
        by_key = {
            driver.key: driver
            for driver in analyse_drivers(scores, candidates, seed=seed, replicates=200).drivers
        }
        noise += by_key["theme1"].low == 0
        planted += by_key["theme0"].low > 0
    assert noise >= 57
    assert planted >= 57


def test_a_fact_of_accounts_whose_answers_are_alike_is_not_taken_for_a_driver():
    touched = {"accounts": 0, "answers": 0}
    for seed in range(40):
        rng = np.random.default_rng(seed)
        account = np.repeat(np.arange(60), 8)
        scores = rng.normal(size=60)[account] + rng.normal(size=480)
        noise = Candidate("noise", (rng.random(60) < 0.4)[account])
        for name, clusters in (("accounts", account), ("answers", None)):
            found = analyse_drivers(scores, [noise], clusters=clusters, seed=1, replicates=200)
            (effect,) = found.drivers[0].effects
            touched[name] += effect.low <= 0 <= effect.high
    assert touched["accounts"] >= 36
    assert touched["answers"] <= 30  # taken as independent, a quarter would be called real


def test_clusters_of_one_answer_are_answers_and_their_numbers_do_not_matter():
    rng = np.random.default_rng(2)
    scores = rng.normal(size=200)
    candidates = [Candidate("theme", rng.random(200) < 0.5)]
    plain = analyse_drivers(scores, candidates, seed=3)
    assert analyse_drivers(scores, candidates, clusters=np.arange(200) * 7, seed=3) == plain
    with pytest.raises(ValueError, match="clusters"):
        analyse_drivers(scores, candidates, clusters=np.arange(199), seed=3)
