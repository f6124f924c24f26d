from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.segments import band, profile_key, revenue_band, tenure_band

VALUES = st.dictionaries(st.text(max_size=5), st.none() | st.text(max_size=5), max_size=5)


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


@given(VALUES, st.randoms())
def test_a_profile_has_one_key_whatever_the_order_and_the_gaps(values, random):
    items = list(values.items())
    random.shuffle(items)
    known = {name: value for name, value in items if value is not None}
    assert profile_key(dict(items)) == profile_key(values) == profile_key(known)
    assert len(profile_key(values)) == 64


@given(VALUES, VALUES)
def test_different_profiles_have_different_keys(one, other):
    known = [{k: v for k, v in values.items() if v is not None} for values in (one, other)]
    assert (profile_key(one) == profile_key(other)) == (known[0] == known[1])


def test_values_cannot_run_into_one_another():
    assert profile_key({"a": "b,c"}) != profile_key({"a,b": "c"})
    assert profile_key({"a": '","'}) != profile_key({'a","': ""})


def test_the_key_is_stable_because_it_is_stored():
    assert profile_key({"region": "jp", "plan": "プロ"}).startswith("26ecd4591afb8596")
