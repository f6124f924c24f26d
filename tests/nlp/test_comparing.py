"""A newcomer wins only where it is better beyond chance, and by what people said."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.comparing import (
    FOLDS,
    Rate,
    as_json,
    compare,
    fold_of,
    from_json,
    sign_test,
)
from nlp.training import Lesson

THEMES = ("billing", "speed")


def lessons(n, *, said=None, stands=(), **more):
    return [
        Lesson(f"Comment {i}.", "en", said or {"billing": False}, stands, **more) for i in range(n)
    ]


def test_a_newcomer_that_stops_giving_what_was_removed_wins():
    asked = lessons(12, stands=("speed",))
    found = compare(asked, [("billing", "speed")] * 12, [("speed",)] * 12, themes=THEMES)
    assert (found.wins, found.losses, found.reason) == (12, 0, "better")
    billing = found.themes[0]
    assert (billing.key, billing.said) == ("billing", 12)
    assert (billing.before.precision.value, billing.after.precision.value) == (0.0, None)
    assert found.before.precision.value == 0.5
    assert found.after.precision.value == 1.0


def test_one_that_also_drops_what_people_left_standing_does_not():
    """All corrections are errors of what serves: who merely gives nothing must not win by that."""
    half = lessons(6) + [
        Lesson(f"Right {i}.", "en", {"speed": True}, ("billing",)) for i in range(20)
    ]
    served = [("billing",)] * 6 + [("billing", "speed")] * 20
    assert compare(half, served, [()] * 26, themes=THEMES).reason == "not_better"


def test_four_wins_are_not_enough_and_it_says_how_many_more_would_be():
    asked = lessons(4)
    found = compare(asked, [("billing",)] * 4, [()] * 4, themes=THEMES)
    assert (found.reason, found.needed) == ("not_enough", 1)
    more = lessons(4 + found.needed)
    assert compare(more, [("billing",)] * 5, [()] * 5, themes=THEMES).reason == "better"


def test_one_that_is_as_good_is_not_better():
    asked = lessons(20)
    found = compare(asked, [("billing",)] * 20, [("billing",)] * 20, themes=THEMES)
    assert (found.wins, found.losses, found.reason, found.needed) == (0, 0, "not_better", None)


def test_themes_that_are_gone_count_for_nothing():
    asked = lessons(8, said={"gone": True})
    found = compare(asked, [()] * 8, [("gone",)] * 8, themes=THEMES)
    assert (found.wins, found.losses) == (0, 0)
    assert found.themes == ()


def test_nothing_to_compare_is_no_reason_to_change():
    found = compare([], [], [], themes=THEMES)
    assert (found.n, found.p_value, found.reason) == (0, 1.0, "not_better")


def test_what_is_stored_is_read_back_the_same():
    asked = lessons(9, stands=("speed",))
    found = compare(asked, [("billing",)] * 9, [("speed",)] * 9, themes=THEMES)
    assert from_json(json.loads(json.dumps(as_json(found)))) == found


def test_the_interval_of_a_share_is_that_of_wilson():
    # 81 of 263: 0.2553 to 0.3662 (Newcombe, Statistics in Medicine 17, 1998, table I, method 3).
    low, high = Rate(81, 263).interval
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert Rate(0, 0).interval == (0.0, 1.0)


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_win_more_never_makes_the_newcomer_less_likely_to_be_taken(wins, losses):
    assert sign_test(wins + 1, losses) <= sign_test(wins, losses) <= sign_test(wins, losses + 1)


@given(st.text(max_size=60))
def test_the_same_words_are_always_judged_by_the_same_models(text):
    assert fold_of(text) == fold_of(text) < FOLDS
    assert fold_of("ＡＢＣ deｆ") == fold_of("abc def") == fold_of("ABC DEF")


def test_no_fold_is_empty_or_has_most():
    folds = [fold_of(f"Comment number {i}.") for i in range(1000)]
    assert all(150 < folds.count(fold) < 250 for fold in range(FOLDS))


@pytest.mark.parametrize("complete", [True, False])
def test_an_error_in_what_nobody_spoke_of_weighs_less_unless_all_was_looked_at(complete):
    """One theme put right and another one wrongly added."""
    asked = lessons(10, complete=complete)
    found = compare(asked, [("billing",)] * 10, [("speed",)] * 10, themes=THEMES)
    assert found.wins == (0 if complete else 10)
