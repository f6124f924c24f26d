"""The simulations of `python -m benchmarks.simulations`, small and with a fixed seed."""

import numpy as np
import pytest

from benchmarks.simulations import (
    Row,
    agreement,
    clustered_answers,
    covered,
    csat_shares,
    nps_shares,
    references,
    weighting,
)


@pytest.mark.parametrize(
    ("kind", "shares", "n", "least"),
    [
        ("nps", nps_shares(0.98, 0.01, 0.01), 5, 0.90),
        ("nps", nps_shares(0.5, 0.3, 0.2), 30, 0.94),
        ("csat", csat_shares(0.98), 5, 0.90),
        ("ces", [0.01, 0.01, 0.01, 0.01, 0, 0.01, 0.95], 10, 0.94),
    ],
)
def test_intervals_hold_the_truth_as_often_as_they_say(kind, shares, n, least):
    # Less three standard errors of the simulation: CSAT at 98 % and n = 5 has 0.98^5 = 0.904.
    noise = 3 * 0.003
    assert covered(kind, shares, n, 10_000, np.random.default_rng(1)) >= least - noise


@pytest.mark.parametrize("simulate", [references, agreement])
def test_intervals_and_verdicts_are_those_of_others(simulate):
    assert all(row.met for row in simulate(0, np.random.default_rng(1)))


def test_weights_take_most_of_the_bias_away():
    assert all(row.met for row in weighting(20, np.random.default_rng(1)))


def test_simulated_clusters_are_as_alike_as_asked():
    # Pairs: the correlation of the two answers is the intra-cluster correlation.
    random = np.random.default_rng(1)
    table = clustered_answers(csat_shares(0.7), np.full(50_000, 2), 0.1, random)
    satisfied = table[:, 4]
    excess = satisfied.var() / (2 * 0.7 * 0.3) - 1
    assert excess == pytest.approx(0.1, abs=0.02)


def test_a_missed_target_is_called_missed():
    verdicts = [Row("", 0.5, target).met for target in ((">=", 0.6), ("<=", 0.6), None)]
    assert verdicts == [False, True, True]
