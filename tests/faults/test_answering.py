"""A small version of `make prove`: whatever fails while somebody answers, it is one answer."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults import answering
from vocapp.collecting.widget import _FILE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not _FILE.exists(), reason="the widget is not built (widget/dist)"),
    pytest.mark.skipif(not any(map(shutil.which, answering._NAMES)), reason="no browser"),
]


def test_eight_people_whose_network_tab_or_server_fails_have_given_eight_answers():
    # In a thread of its own: a browser of other tests may hold this one's event loop.
    with ThreadPoolExecutor(1) as alone:
        outcome = alone.submit(answering.run_all, runs=8, seed=3).result()
    assert outcome.holds, outcome.as_json()
    assert len(outcome.by_fault) > 3
