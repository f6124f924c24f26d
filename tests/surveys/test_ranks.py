"""Ranks are those of scipy."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from surveys.ranks import average_ranks


@given(st.lists(st.integers(-5, 5), max_size=40))
def test_ranks_are_those_of_scipy(numbers):
    values = np.array(numbers, float)
    assert average_ranks(values).tolist() == rankdata(values).tolist()
