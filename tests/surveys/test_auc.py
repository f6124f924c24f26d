"""AUC: equal to its definition and to others', with intervals that count accounts, not rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t
from sklearn.metrics import roc_auc_score

from surveys.auc import auc, auc_difference


@st.composite
def rows(draw, most=40):
    n = draw(st.integers(4, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    events = rng.random(n) < draw(st.floats(0.1, 0.9))
    events[:2] = True, False
    ties = draw(st.sampled_from([2, 5, 1000]))
    risk = np.round(ties * (rng.random(n) + draw(st.floats(0, 1)) * events))
    return risk, events, rng.integers(0, draw(st.integers(1, n)), size=n)


@given(rows())
def test_the_value_is_that_of_scikit_learn(sample):
    risk, events, clusters = sample
    assert auc(risk, events, clusters).value == pytest.approx(roc_auc_score(events, risk))


@given(rows())
def test_the_interval_holds_the_value_and_stays_within_0_to_1(sample):
    found = auc(*sample)
    assert 0 <= found.low <= found.value <= found.high <= 1


@given(rows())
def test_turning_the_risk_round_mirrors_everything(sample):
    risk, events, clusters = sample
    one, other = auc(risk, events, clusters), auc(-risk, events, clusters)
    mirrored = (1 - one.value, 1 - one.high, 1 - one.low)
    assert (other.value, other.low, other.high) == pytest.approx(mirrored)


@given(rows())
def test_only_the_order_of_risks_counts(sample):
    risk, events, clusters = sample
    found = auc(np.exp(risk / 300), events, clusters)
    assert found == auc(risk, events, clusters)


def delong_by_hand(risk, events):
    """DeLong's variance by all pairs, as in the paper."""
    x, y = risk[events], risk[~events]
    wins = (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])
    return wins.mean(axis=1).var(ddof=1) / len(x) + wins.mean(axis=0).var(ddof=1) / len(y)


def obuchowski_by_hand(risk, events, clusters):
    """Obuchowski's variance by all pairs, as in the paper."""
    x, y = risk[events], risk[~events]
    wins = (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])
    theta, m, n = wins.mean(), len(x), len(y)
    names = np.unique(clusters)
    a = np.array([(wins.mean(axis=1) - theta)[clusters[events] == c].sum() for c in names])
    b = np.array([(wins.mean(axis=0) - theta)[clusters[~events] == c].sum() for c in names])
    i10, i01 = len(np.unique(clusters[events])), len(np.unique(clusters[~events]))
    s10 = i10 / ((i10 - 1) * m) * (a**2).sum()
    s01 = i01 / ((i01 - 1) * n) * (b**2).sum()
    s11 = len(names) / (len(names) - 1) * (a * b).sum()
    return s10 / m + s01 / n + 2 * s11 / (m * n)


def error_of(found, degrees):
    """The standard error of an AUC, from its interval."""
    logits = np.log([found.low / (1 - found.low), found.high / (1 - found.high)])
    return np.diff(logits)[0] / 2 / t.ppf(0.975, degrees) * found.value * (1 - found.value)


def sample_of(rng, accounts, months, signal):
    """Rows of accounts that stay of one mind; half of the accounts may have the event."""
    clusters = np.repeat(np.arange(accounts), months)
    mind = rng.normal(size=accounts)[clusters]
    chance = 1 / (1 + np.exp(1.5 - signal * mind))
    return mind + rng.normal(size=len(mind)), rng.random(len(mind)) < chance, clusters


def test_the_error_with_one_row_an_account_is_delongs():
    risk, events, clusters = sample_of(np.random.default_rng(1), 150, 1, 1.0)
    degrees = min(events.sum(), (~events).sum()) - 1
    error = error_of(auc(risk, events, clusters), degrees)
    assert error == pytest.approx(np.sqrt(delong_by_hand(risk, events)))


def test_the_error_with_several_rows_an_account_is_obuchowskis():
    risk, events, clusters = sample_of(np.random.default_rng(2), 60, 5, 1.0)
    degrees = min(len(np.unique(clusters[events])), len(np.unique(clusters[~events]))) - 1
    error = error_of(auc(risk, events, clusters), degrees)
    by_hand = np.sqrt(obuchowski_by_hand(risk, events, clusters))
    assert error == pytest.approx(by_hand)


def resampled(rng, clusters, replicates):
    """Rows of bootstrap samples of whole clusters."""
    names, number = np.unique(clusters, return_inverse=True)
    rows_of = [np.flatnonzero(number == at) for at in range(len(names))]
    for _ in range(replicates):
        yield np.concatenate([rows_of[at] for at in rng.integers(0, len(names), len(names))])


@pytest.mark.parametrize(("accounts", "months"), [(300, 1), (120, 6)])
def test_the_error_is_that_of_a_bootstrap_of_whole_accounts(accounts, months):
    rng = np.random.default_rng(3)
    risk, events, clusters = sample_of(rng, accounts, months, 1.0)
    other = risk + rng.normal(size=len(risk))
    drawn = np.array(
        [
            (roc_auc_score(events[at], risk[at]), roc_auc_score(events[at], other[at]))
            for at in resampled(rng, clusters, 1000)
        ]
    )
    degrees = min(len(np.unique(clusters[events])), len(np.unique(clusters[~events]))) - 1
    assert error_of(auc(risk, events, clusters), degrees) == pytest.approx(
        drawn[:, 0].std(ddof=1), rel=0.08
    )
    difference = auc_difference(risk, other, events, clusters)
    error = (difference.high - difference.low) / 2 / t.ppf(0.975, degrees)
    assert error == pytest.approx((drawn[:, 0] - drawn[:, 1]).std(ddof=1), rel=0.08)


def test_copies_of_rows_do_not_make_it_surer():
    risk, events, clusters = sample_of(np.random.default_rng(4), 100, 1, 1.0)
    once = auc(risk, events, clusters)
    thrice = auc(*(np.tile(each, 3) for each in (risk, events, clusters)))
    assert (thrice.value, thrice.low, thrice.high) == pytest.approx(
        (once.value, once.low, once.high), abs=0.001
    )


def test_a_perfect_order_of_few_is_not_certain():
    events = np.arange(40) < 10
    found = auc(events.astype(float), events, np.arange(40))
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(10 / (10 + 1.96**2), abs=0.001)  # Wilson, ten of ten
    turned = auc(-events.astype(float), events, np.arange(40))
    assert (turned.low, turned.high) == (0.0, pytest.approx(1 - found.low))


def test_a_risk_that_is_the_same_for_all_says_nothing():
    events = np.arange(40) < 10
    found = auc(np.ones(40), events, np.arange(40))
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


def test_one_account_with_events_says_nothing():
    events = np.arange(10) < 2
    clusters = np.array([0, 0, *range(1, 9)])
    found = auc(np.arange(10.0)[::-1] % 7, events, clusters)
    assert (found.low, found.high) == (0.0, 1.0)
    assert auc_difference(np.arange(10.0), np.arange(10.0) % 3, events, clusters).high == 1.0


@pytest.mark.parametrize(
    ("risk", "events", "clusters"),
    [
        (np.ones(3), np.ones(3, dtype=bool), np.arange(3)),
        (np.ones(0), np.ones(0, dtype=bool), np.arange(0)),
        (np.array([1.0, np.nan]), np.array([True, False]), np.arange(2)),
        (np.ones(3), np.array([True, False]), np.arange(3)),
    ],
)
def test_rows_that_cannot_be_compared_are_refused(risk, events, clusters):
    with pytest.raises(ValueError, match="expected"):
        auc(risk, events, clusters)
