from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.segments import band, revenue_band, tenure_band


@given(st.lists(st.integers(-1000, 1000), min_size=1, unique=True).map(sorted), st.data())
def test_every_number_is_in_one_band_and_an_edge_in_the_upper(edges, data):
    value = data.draw(st.integers(-1100, 1100))
    labels = [f"<{edges[0]}"]
    labels += [f"{low}-<{high}" for low, high in pairwise(edges)]
    labels += [f">={edges[-1]}"]
    assert band(value, edges) == labels[sum(edge <= value for edge in edges)]


def test_no_number_has_no_band():
    assert band(None, [1]) is None
    assert band(float("nan"), [1]) is None
    assert tenure_band(None) is None
    assert revenue_band(None, "JPY") is None
    assert revenue_band(5, None) is None


@pytest.mark.parametrize("edges", [[], [2, 1], [1, 1]])
def test_edges_have_to_ascend(edges):
    with pytest.raises(ValueError, match="edges"):
        band(1, edges)


@pytest.mark.parametrize(
    ("mrr", "currency", "expected"),
    [
        (9_999, "USD", "USD <100"),
        (10_000, "USD", "USD 100-<1000"),
        (9_999, "JPY", "JPY <10000"),
        (10_000, "JPY", "JPY 10000-<100000"),
        (1_000_000, "JPY", "JPY >=1000000"),
        (100_000, "KWD", "KWD 100-<1000"),
        (0, "JPY", "JPY 0"),
    ],
)
def test_revenue_is_banded_in_its_own_currency_and_minor_unit(mrr, currency, expected):
    assert revenue_band(mrr, currency) == expected
