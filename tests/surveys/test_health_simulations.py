"""The simulations of `python -m benchmarks.health_simulations`, small and with a fixed seed."""

import numpy as np
import pytest

from benchmarks.health_simulations import (
    WORLDS,
    World,
    columns,
    covered,
    draw,
    leaks,
    month_of,
    observations,
    offered,
    peeking,
    read,
    simulate,
    truth_of,
)
from surveys.health_backtest import backtest, backtest_rows
from surveys.known import last_known


def drawn_of(world, seed=1):
    return draw(world, np.random.default_rng(seed), world.accounts)


def test_a_workspace_in_columns_is_the_one_of_its_observations():
    drawn = drawn_of(WORLDS["signal"])
    one_by_one = backtest(observations(drawn, drawn.seen), until=month_of(24))
    at_once = backtest_rows(columns(drawn, drawn.seen), not_over=one_by_one.not_over)
    assert at_once.auc.low == pytest.approx(one_by_one.auc.low)
    assert (at_once.n, at_once.accounts) == (one_by_one.n, one_by_one.accounts)
    assert at_once.verdict == one_by_one.verdict
    assert one_by_one.not_over > 0


def test_what_a_reader_sees_is_what_was_known():
    drawn = drawn_of(WORLDS["signal"])
    present = drawn.present[:, :, None]
    for leak in (False, True):
        seen = read(drawn, last_known, leak=leak)
        assert np.array_equal(seen[drawn.present], drawn.seen[drawn.present], equal_nan=True)
    peeked = read(drawn, peeking, leak=True)
    assert np.count_nonzero((peeked != drawn.points) & present & ~np.isnan(peeked)) > 50


def test_in_a_world_without_a_signal_the_score_tells_nothing():
    almost = World(signal=1e-12)
    assert truth_of(almost, 50_000) == (pytest.approx(0.5, abs=0.01), pytest.approx(1, abs=0.05))
    assert truth_of(WORLDS["no signal"], 1000) == (0.5, 1.0)


@pytest.mark.parametrize("name", ["signal", "no signal, few", "one month"])
def test_intervals_hold_the_truth_and_noise_is_called_noise(name):
    # 80 workspaces; less three standard errors of the simulation for bounds of 0.93 and 0.95.
    coverage, lift, *others = covered(name, WORLDS[name], 80, seed=2, population=60_000)
    assert coverage.workspaces >= 60
    assert coverage.measured >= 0.93 - 3 * 0.029
    assert lift.measured >= 0.93 - 3 * 0.029
    if name == "no signal, few":
        assert others[-1].measured >= 0.95 - 3 * 0.025


@pytest.mark.parametrize("name", ["signal", "no signal"])
def test_a_planted_leak_does_not_raise_the_auc(name):
    rows = {row.what.split(": ")[1]: row for row in leaks(name, WORLDS[name], 12, seed=3)}
    assert rows["largest change of an AUC"].measured == 0.0
    honest = rows["mean AUC with it"].measured
    assert rows["mean AUC, were one to peek"].measured > honest + 0.2
    if name == "no signal":
        assert rows["'no signal' is said"].measured >= 0.8
        assert rows["the same, were one to peek"].measured == 0.0


def test_learnt_weights_are_offered_where_the_hand_set_ones_are_wrong():
    wrong = World(signal=0.9, shown="elsewhere", accounts=600)
    assert offered("", wrong, 10, seed=4).measured >= 0.7
    noise = World(signal=0.0, accounts=600)
    assert offered("", noise, 10, seed=4).measured <= 0.2


def test_every_claim_is_simulated():
    rows = simulate(3, seed=5, population=5_000)
    assert sum(row.least is not None or row.most is not None for row in rows) == 13
