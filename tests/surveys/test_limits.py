"""Who is let in: the last day, quotas, and what cannot be asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.limits import (
    MOST_QUOTAS,
    NO_LIMITS,
    Limits,
    LimitsError,
    Quota,
    checked,
    closes_at,
    refusal,
)

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
ZONES = ["UTC", "Asia/Tokyo", "America/New_York", "Pacific/Chatham", "Pacific/Apia"]


def test_without_limits_everything_is_taken():
    assert refusal(NO_LIMITS, at=NOON, time_zone="UTC", taken=10**9) is None


@given(
    day=st.dates(date(2020, 1, 1), date(2035, 1, 1)),
    zone=st.sampled_from(ZONES),
    after=st.timedeltas(timedelta(days=-3), timedelta(days=3)),
)
def test_the_last_day_is_let_in_to_its_end_and_not_a_moment_longer(day, zone, after):
    end = closes_at(day, zone)
    is_over = refusal(Limits(last_day=day), at=end + after, time_zone=zone) == "over"
    assert is_over == (after >= timedelta(0))


@given(most=st.integers(1, 50), came=st.lists(st.sampled_from(["pro", "basic", None]), max_size=80))
def test_no_order_of_answers_lets_more_in_than_the_quotas_say(most, came):
    pro = Quota("plan", "pro", most)
    limits = Limits(most=most + 5, quotas=(pro,))
    taken, of_pro = 0, 0
    for plan in came:
        why = refusal(
            limits, at=NOON, time_zone="UTC", taken=taken, taken_of={pro: of_pro},
            attributes={"plan": plan} if plan else {},
        )  # fmt: skip
        if why is None:
            taken, of_pro = taken + 1, of_pro + (plan == "pro")
        elif why == "full":
            assert taken == most + 5
        else:
            assert (why, plan, of_pro) == ("group_full", "pro", most)
    assert taken <= most + 5
    assert of_pro <= most


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        (Limits(most=0), "most"),
        (Limits(last_day=date(1, 1, 1)), "last_day"),
        (Limits(quotas=[Quota("plan", " ", 3)]), "quotas.0.value"),
        (Limits(quotas=[Quota("plan", "a", 0)]), "quotas.0.most"),
        (Limits(quotas=[Quota('pl"an', "a", 1)]), "quotas.0.attribute"),
        (Limits(quotas=[Quota("plan", "a", 1), Quota("plan", "a", 2)]), "quotas.1.value"),
        (Limits(quotas=[Quota("n", str(n), 1) for n in range(MOST_QUOTAS + 1)]), "quotas"),
        (Limits(closing_words={"en": "x" * 501}), "closing_words.en"),
        (Limits(closing_words={"en": "a\x00b"}), "closing_words.en"),
    ],
)
def test_what_makes_no_sense_is_named(limits, field):
    with pytest.raises(LimitsError) as wrong:
        checked(limits)
    assert wrong.value.field == field
