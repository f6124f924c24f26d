"""Which presses are held: what scanners do, and what people do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.holding import FASTEST, NEARBY, Fetch, Visit, reasons_to_hold

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


VISIT = Visit("v", NOON, NOON)
ONE_LINK = [Fetch(NOON, 9)]
ALL_LINKS = [Fetch(after(score / 10), score) for score in range(11)]


@pytest.mark.parametrize(
    ("fetches", "pressed", "reasons"),
    [
        (ONE_LINK, 2, ()),
        (ONE_LINK, 1.99, ("too_fast",)),
        ([], 5, ()),  # the note of the fetch was dropped
        ([Fetch(NOON, 9), Fetch(after(3), 8)], 6, ()),  # the finger slipped
        ([Fetch(NOON, 9)] * 5, 6, ()),  # a scanner asks the same once more
        (ALL_LINKS, 60, ("many_scores",)),
        (ALL_LINKS, 1, ("many_scores", "too_fast")),
        ([*ONE_LINK, Fetch(after(1), hidden=True)], 9, ("hidden_link",)),
        ([*ONE_LINK, Fetch(after(90), hidden=True, visit="v")], 99, ("hidden_link",)),
        ([*ONE_LINK, Fetch(after(1), hidden=True, visit="another")], 9, ()),
    ],
)
def test_what_is_held(fetches, pressed, reasons):
    assert reasons_to_hold(VISIT, fetches, pressed_at=after(pressed)) == reasons


def test_a_scan_when_the_mail_came_does_not_count_against_who_answers_later():
    scan = [*ALL_LINKS, Fetch(after(1), hidden=True)]
    later = after(300)
    visit = Visit("v", later, later)
    pressed = later + timedelta(seconds=3)
    assert reasons_to_hold(visit, [*scan, Fetch(later, 7)], pressed_at=pressed) == ()


def test_a_form_that_does_not_tell_of_its_page_is_judged_by_the_link_opened_last():
    assert reasons_to_hold(None, ONE_LINK, pressed_at=after(1)) == ("too_fast",)
    assert reasons_to_hold(None, ONE_LINK, pressed_at=after(3)) == ()
    assert reasons_to_hold(None, ALL_LINKS, pressed_at=after(60)) == ("many_scores",)
    assert reasons_to_hold(None, [], pressed_at=NOON) == ()


def test_the_second_step_of_who_was_fast_counts_when_it_took_its_time():
    second = Visit("v", NOON, after(1))
    assert reasons_to_hold(second, ONE_LINK, pressed_at=after(9)) == ()
    assert reasons_to_hold(second, ALL_LINKS, pressed_at=after(9)) == ("many_scores",)


def test_once_cleared_a_visit_stays_so():
    cleared = Visit("v", NOON, after(5), is_cleared=True)
    assert reasons_to_hold(cleared, ALL_LINKS, pressed_at=after(5.1)) == ()


seconds = st.floats(-4000, 4000)
fetches = st.lists(
    st.builds(
        Fetch, seconds.map(after), st.none() | st.integers(0, 10), st.booleans(),
        st.sampled_from([None, "v", "w"]),
    )
)  # fmt: skip


@given(fetches, st.floats(0, 4000), seconds)
def test_what_is_far_from_the_visit_changes_nothing(near, pressed, far):
    """But for a hidden link on this very page, which nobody else can have opened."""
    plain = [each for each in near if not (each.hidden and each.visit == "v")]
    kept = [each for each in plain if abs(each.at - NOON) <= NEARBY]
    at = after(pressed)
    assert reasons_to_hold(VISIT, plain, pressed_at=at) == reasons_to_hold(
        VISIT, kept, pressed_at=at
    )


@given(fetches, st.floats(0, 4000), st.integers(0, 10))
def test_more_links_opened_never_clear_a_press(seen, pressed, score):
    at = after(pressed)
    before = set(reasons_to_hold(VISIT, seen, pressed_at=at))
    assert before <= set(reasons_to_hold(VISIT, [*seen, Fetch(NOON, score)], pressed_at=at))


@given(fetches)
def test_order_does_not_matter(seen):
    at = NOON + FASTEST
    assert reasons_to_hold(VISIT, seen, pressed_at=at) == reasons_to_hold(
        VISIT, seen[::-1], pressed_at=at
    )
