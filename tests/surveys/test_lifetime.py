"""Lifetime value, of subscriptions and of transactions."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, t

from surveys.lifetime import habits, subscription_value, transaction_value
from surveys.ratios import Figure

ARPA = Figure(5_000.0, 95, 4_000.0, 6_400.0)


def test_by_hand_a_subscription():
    """50.00 a month, 5 of 100 lost: 20 months, 1,000.00; at a margin of 80 % 800.00."""
    assert subscription_value(ARPA, lost=5, accounts=100).value == 100_000
    found = subscription_value(ARPA, lost=5, accounts=100, margin=0.8)
    assert (found.value, found.formula) == (80_000, "margin * arpa / churn_rate")


def test_by_hand_the_interval_of_a_subscription():
    """Distances of the logarithms: arpa log(5/4) below, log 1.28 above; churn 1.984 √(.95/5)."""
    found = subscription_value(ARPA, lost=5, accounts=100)
    churn = t.ppf(0.975, 99) * (0.95 / 5) ** 0.5
    assert log(100_000 / found.low) == pytest.approx((log(1.25) ** 2 + churn**2) ** 0.5)
    assert log(found.high / 100_000) == pytest.approx((log(1.28) ** 2 + churn**2) ** 0.5)


def test_a_lifetime_without_an_end_has_no_value():
    for arpa, lost in ((ARPA, 0), (Figure(None, 0), 3), (Figure(None, 0), 0)):
        found = subscription_value(arpa, lost=lost, accounts=100)
        assert (found.value, found.low, found.high) == (None, None, None)


def test_of_one_account_there_is_no_interval():
    found = subscription_value(Figure(5_000.0, 1), lost=1, accounts=1)
    assert (found.value, found.low, found.high) == (5_000, None, None)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("lost", {"lost": 101}), ("lost", {"lost": -1}), ("margin", {"margin": 0}),
     ("margin", {"margin": 1.2})],
)  # fmt: skip
def test_impossible_figures_are_refused(field, wrong):
    with pytest.raises(ValueError, match=f"^{field}: "):
        subscription_value(ARPA, **{"lost": 5, "accounts": 100} | wrong)


@given(st.integers(1, 99), st.floats(0.01, 1))
def test_a_margin_scales_value_and_limits_alike(lost, margin):
    plain = subscription_value(ARPA, lost=lost, accounts=99)
    taken = subscription_value(ARPA, lost=lost, accounts=99, margin=margin)
    assert (taken.value, taken.low, taken.high) == pytest.approx(
        (margin * plain.value, margin * plain.low, margin * plain.high)
    )
    assert plain.low <= plain.value <= plain.high


def test_by_hand_transactions():
    """4 customers bought 10 times in 6 months at 25.00: 10 / 24 a month, 250.00 in 24 months."""
    bought = habits([(4, 10_000), (3, 7_500), (3, 7_500), (0, 0)], months=6)
    assert bought.price.value == 2_500
    assert bought.frequency.value == pytest.approx(10 / 24)
    found = transaction_value(bought.price, bought.frequency, Figure(24.0, 4, 24.0, 24.0))
    assert found.value == pytest.approx(25_000)
    assert (found.n, found.formula) == (3, "price * frequency * duration")


def test_what_cannot_be_told_of_transactions_is_none():
    assert habits([], months=1).price == Figure(None, 0)
    assert habits([], months=1).frequency == Figure(None, 0)
    nobody_bought = habits([(0, 0), (0, 0)], months=1)
    assert (nobody_bought.price.value, nobody_bought.frequency.value) == (None, 0)
    months = Figure(24.0, 9, 20.0, 30.0)
    assert transaction_value(nobody_bought.price, nobody_bought.frequency, months).value is None
    alone = habits([(2, 900)], months=1)
    found = transaction_value(alone.price, alone.frequency, months)
    assert (found.value, found.low, found.high) == (900 * 24, None, None)


@pytest.mark.parametrize(
    ("field", "customers", "months"),
    [("months", [], 0), ("customers", [(-1, 0)], 1), ("customers", [(0, 5)], 1),
     ("customers", [(1, -5)], 1)],
)  # fmt: skip
def test_impossible_purchases_are_refused(field, customers, months):
    with pytest.raises(ValueError, match=f"^{field}: "):
        habits(customers, months=months)


def test_the_value_of_transactions_is_covered():
    """100 customers, Poisson purchases around means of their own, lognormal amounts."""
    rng = np.random.default_rng(20261102)
    means = rng.gamma(2.0, 1.0, size=(600, 100))
    purchases = rng.poisson(means)
    spread = 0.6
    truth = 2.0 * 3_000 * exp(spread**2 / 2) * 24
    hits = []
    for counts in purchases:
        amounts = [round(float(rng.lognormal(log(3_000), spread, size=n).sum())) for n in counts]
        bought = habits(list(zip(counts.tolist(), amounts, strict=True)), months=1)
        # The duration is an estimate, too: its interval is that of a lognormal error of 10 %.
        seen = 24 * exp(0.1 * rng.normal())
        wide = exp(0.1 * norm.ppf(0.975))
        duration = Figure(seen, 100, seen / wide, seen * wide)
        found = transaction_value(bought.price, bought.frequency, duration)
        hits.append(found.low <= truth <= found.high)
    assert np.mean(hits) >= 0.93
