"""What a group of answers does to the score of all."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.effects import effect_on_score, growth_p_values
from surveys.scoring import METRICS, categories

COUNTS = st.lists(st.integers(0, 200), min_size=3, max_size=3)


def by_category(kind, counts):
    return dict(zip(categories(kind), counts, strict=True))


def net(kind, counts):
    best, _, worst = counts
    return 100 * (best - (worst if kind == "nps" else 0)) / sum(counts)


@pytest.mark.parametrize("kind", METRICS)
@given(group=COUNTS, rest=COUNTS)
def test_it_is_the_score_of_all_minus_the_score_without_the_group(kind, group, rest):
    overall = [a + b for a, b in zip(group, rest, strict=True)]
    found = effect_on_score(kind, by_category(kind, group), by_category(kind, overall))
    if not sum(group) or not sum(rest):
        assert found is None
        return
    assert found.points == pytest.approx(net(kind, overall) - net(kind, rest), abs=1e-9)
    assert found.low <= found.points + 1e-9
    assert found.high >= found.points - 1e-9
    assert 0 <= found.p_value <= 1


def test_a_group_that_answers_like_the_others_has_no_effect_and_may_be_chance():
    found = effect_on_score(
        "nps",
        {"promoter": 10, "passive": 5, "detractor": 5},
        {"promoter": 100, "passive": 50, "detractor": 50},
    )
    assert found.points == 0
    assert found.p_value == 1
    assert found.low < 0 < found.high


def test_answers_without_a_score_change_nothing():
    inside, overall = {"promoter": 1, "detractor": 9}, {"promoter": 60, "detractor": 40}
    unscored = effect_on_score("nps", inside | {"unscored": 7}, overall | {"unscored": 90})
    assert unscored == effect_on_score("nps", inside, overall)


def test_a_group_that_is_no_part_is_refused():
    with pytest.raises(ValueError, match="part of overall"):
        effect_on_score("csat", {"satisfied": 3}, {"satisfied": 2, "neutral": 5})


@given(of_now=st.integers(1, 400), of_before=st.integers(1, 400), data=st.data())
def test_growth_is_less_likely_chance_the_more_there_are_now(of_now, of_before, data):
    now = data.draw(st.integers(0, of_now - 1))
    before = data.draw(st.integers(0, of_before))
    p_value = growth_p_values([(now, of_now, before, of_before)])[0]
    assert 0 <= growth_p_values([(now + 1, of_now, before, of_before)])[0] <= p_value <= 1


def test_growth_agrees_with_the_exact_test_of_two_rates():
    found = growth_p_values([(12, 300, 4, 200)])[0]
    # The same by summing the binomial's terms.
    share, total = 300 / 500, 16
    terms = [math.comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(12, 17)]
    assert found == pytest.approx(sum(terms), abs=1e-12)
    with pytest.raises(ValueError, match="expected parts"):
        growth_p_values([(3, 2, 0, 1)])[0]
