"""No peeking: what was written later is not seen earlier."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from surveys.known import Known, as_known, last_known

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.integers(0, 100).map(lambda days: FIRST + timedelta(days=days))
entries = st.lists(st.builds(Known, st.integers(), moments, moments), max_size=12)


def test_of_nothing_nothing_is_known():
    assert as_known([], FIRST) == ()
    assert last_known([], FIRST) is None


def test_what_was_written_after_the_instant_is_not_seen_whatever_its_date():
    told_late = Known("cancelled", FIRST, FIRST + timedelta(days=40))
    before, after = FIRST + timedelta(days=39), FIRST + timedelta(days=40)
    assert last_known([told_late], before) is None
    assert last_known([told_late], after) == told_late


def test_what_has_not_happened_yet_is_not_seen_however_early_it_was_written():
    planned = Known("renews", FIRST + timedelta(days=9), FIRST)
    assert last_known([planned], FIRST + timedelta(days=8)) is None


def test_a_correction_holds_from_when_it_was_known():
    first = Known(9, FIRST, FIRST)
    corrected = Known(3, FIRST, FIRST + timedelta(days=5))
    series = [corrected, first]
    assert last_known(series, FIRST + timedelta(days=4)) == first
    assert last_known(series, FIRST + timedelta(days=5)) == corrected


@given(entries, moments, entries)
def test_entries_of_later_change_nothing(series, instant, more):
    later = [one for one in more if one.known_at > instant or one.at > instant]
    assert as_known([*series, *later], instant) == as_known(series, instant)


@given(entries, moments, moments, st.randoms())
def test_what_was_seen_stays_seen_and_the_order_of_entries_is_irrelevant(series, a, b, random):
    earlier, later = sorted([a, b])
    shuffled = random.sample(series, len(series))
    assert set(as_known(series, earlier)) <= set(as_known(shuffled, later))
    seen = as_known(series, later)
    assert list(seen) == sorted(seen, key=lambda one: (one.at, one.known_at))
