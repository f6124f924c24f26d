"""Shares of options and mean places of rankings."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.answer_counts import answered, places, shares
from surveys.questions import Option, Question

KEYS = ("a", "b", "c")
OPTIONS = tuple(Option(key, {"en": key}) for key in KEYS)


def question(kind):
    return Question("q", kind, {"en": "?"}, options=OPTIONS, rows=OPTIONS, columns=OPTIONS)


@given(st.lists(st.lists(st.sampled_from(KEYS), unique=True, min_size=1)))
def test_a_share_counts_people_and_lies_in_its_interval(chosen):
    found = shares(question("multiple"), [(each, 1) for each in chosen])
    assert [share.key for share in found] == list(KEYS)
    for share in found:
        assert share.n == sum(share.key in each for each in chosen)
        if chosen:
            assert share.value == pytest.approx(100 * share.n / len(chosen))
            assert 0 <= share.low <= share.value <= share.high <= 100
        else:
            assert share.value is None


@given(st.lists(st.permutations(KEYS), min_size=1, max_size=12))
def test_mean_places_are_those_of_the_rankings_counted_one_by_one(ranked):
    grouped = [(list(each), n) for each, n in Counter(map(tuple, ranked)).items()]
    found = places(question("ranking"), grouped)
    assert sum(place.mean for place in found) == pytest.approx(6)  # 1 + 2 + 3
    assert [place.mean for place in found] == sorted(place.mean for place in found)
    for place in found:
        given_places = [each.index(place.key) + 1 for each in ranked]
        assert place.mean == pytest.approx(sum(given_places) / len(ranked))
        assert place.firsts == given_places.count(1)
        if place.low is not None:
            assert 1 <= place.low <= place.mean <= place.high <= 3


def test_a_row_of_a_matrix_counts_those_who_filled_it_in():
    counted = [({"a": "c", "b": "a"}, 2), ({"a": "a"}, 1)]
    found = shares(question("matrix"), counted, part="b")
    assert [(share.key, share.n) for share in found] == [("a", 2), ("b", 0), ("c", 0)]
    assert [answered(counted, part=part) for part in KEYS] == [3, 2, 0]


def test_options_of_former_versions_are_shown_behind_and_their_rankings_left_out():
    assert [s.key for s in shares(question("choice"), [("gone", 1)])] == [*KEYS, "gone"]
    assert places(question("ranking"), [(["a", "gone"], 3)]) == []


def test_points_of_a_scale_and_consents_are_told_apart():
    stars = shares(Question("q", "stars", {"en": "?"}), [(5, 3), (1, 1)])
    assert [(share.key, share.n) for share in stars] == [
        ("1", 1), ("2", 0), ("3", 0), ("4", 0), ("5", 3),
    ]  # fmt: skip
    agreed = shares(Question("q", "consent", {"en": "?"}), [(True, 3), (False, 1)])
    assert [(share.key, share.n) for share in agreed] == [("true", 3), ("false", 1)]
