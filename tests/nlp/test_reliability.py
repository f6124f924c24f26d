"""Shares of few cases keep their doubt, and probabilities are held against what came true."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from nlp.reliability import calibration_gap, reliability, share_of

claims = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=200)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_share_and_stays_between_nothing_and_all(counts):
    found = share_of(*counts)
    assert 0 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_is_that_of_wilson(counts):
    found, expected = share_of(*counts), binomtest(*counts).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_of_no_cases_there_is_no_share():
    assert share_of(0, 0) is None


@given(claims, st.randoms())
def test_bins_hold_every_claim_once_whatever_the_order(rows, random):
    bins = reliability([said for said, _ in rows], [true for _, true in rows])
    assert sum(each.true.n for each in bins) == (len(rows) if len(rows) >= 10 else 0)
    assert all(each.true.n >= 10 for each in bins)
    assert [each.said for each in bins] == sorted(each.said for each in bins)
    random.shuffle(rows)
    again = reliability([said for said, _ in rows], [true for _, true in rows])
    assert [each.true for each in again] == [each.true for each in bins]


def test_what_says_what_it_means_has_a_small_gap_and_what_boasts_a_large_one():
    generator = np.random.default_rng(1)
    said = generator.random(4000)
    honest = generator.random(4000) < said
    boast = generator.random(4000) < said / 2
    assert calibration_gap(reliability(said, honest)) < 0.05
    assert calibration_gap(reliability(said, boast)) > 0.2
    assert calibration_gap(()) is None


def test_claims_without_their_truth_are_refused():
    with pytest.raises(ValueError, match="expected 2"):
        reliability([0.1, 0.2], [True])
