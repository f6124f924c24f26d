"""Which case first, and why."""

from decimal import Decimal
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.scoring import METRICS, scale
from surveys.subscriptions import Rates
from surveys.urgency import RULE_PRIORITIES, THEME_FACTORS, priority

SCORES = [(kind, score) for kind in METRICS for score in scale(kind)]
PLAIN = {
    "kind": "nps",
    "score": 5,
    "mrr_minor": None,
    "currency": None,
    "days_to_renewal": None,
    "outcome_priority": "normal",
    "wants_contact": False,
    "age_days": 0,
}
NO_THEME = "mobile"  # one that counts as 1
CASES = st.fixed_dictionaries(
    {
        "kind_and_score": st.sampled_from(SCORES),
        "before": st.none() | st.floats(0, 1),
        "mrr_minor": st.none() | st.integers(0, 10**9),
        "currency": st.sampled_from(["JPY", "USD", "KWD", None]),
        "days_to_renewal": st.none() | st.integers(0, 400),
        "outcome_priority": st.sampled_from(list(RULE_PRIORITIES)),
        "wants_contact": st.booleans(),
        "age_days": st.floats(0, 60),
        "silent_days": st.none() | st.floats(0, 500),
        "themes": st.sets(st.sampled_from([*THEME_FACTORS, NO_THEME]), max_size=3),
    }
)


def arguments_of(case):
    arguments = dict(case)
    kind, score = arguments.pop("kind_and_score")
    before = arguments.pop("before")
    points = scale(kind)
    previous = None if before is None else points[round(before * (len(points) - 1))]
    return {**arguments, "kind": kind, "score": score, "previous_score": previous}


def points_of(case, **changes):
    return priority(**arguments_of({**case, **changes})).points


@given(CASES, st.data())
def test_no_case_becomes_less_urgent_by_getting_worse(case, data):
    points = points_of(case)
    kind, score = case["kind_and_score"]
    worse_score = data.draw(st.integers(scale(kind)[0], score))
    order = list(RULE_PRIORITIES)  # most urgent first
    stricter = data.draw(st.sampled_from(order[: order.index(case["outcome_priority"]) + 1]))
    changes = [
        {"kind_and_score": (kind, worse_score)},
        {"before": data.draw(st.floats(case["before"] or 0, 1))},
        {"outcome_priority": stricter},
        {"wants_contact": True},
        {"age_days": case["age_days"] + data.draw(st.floats(0, 60))},
        {"silent_days": (case["silent_days"] or 0) + data.draw(st.floats(0, 500))},
        {"themes": {*case["themes"], data.draw(st.sampled_from([*THEME_FACTORS, NO_THEME]))}},
    ]
    renewal = case["days_to_renewal"]
    if renewal is not None:
        changes.append({"days_to_renewal": data.draw(st.integers(0, renewal))})
    if case["mrr_minor"] is not None:
        changes.append({"mrr_minor": case["mrr_minor"] + data.draw(st.integers(0, 10**9))})
    for change in changes:
        assert points_of(case, **change) >= points
    assert 0 <= points <= 100


@given(CASES)
def test_a_fact_that_is_not_known_takes_its_own_reason_away_and_no_other(case):
    known = priority(**arguments_of(case))
    for name, unknown, code in (
        ("before", None, "score_fell"),
        ("mrr_minor", None, "revenue"),
        ("days_to_renewal", None, "renewal_in_days"),
        ("silent_days", None, "silent_days"),
        ("themes", set(), "theme_risk"),
    ):
        found = priority(**arguments_of({**case, name: unknown}))
        others = [each for each in known.reasons if each.partition(":")[0] != code]
        assert list(found.reasons) == others


def test_the_worst_case_has_a_hundred_points_and_the_calmest_none():
    worst = PLAIN | {
        "kind": "csat",
        "score": 1,
        "previous_score": 5,
        "mrr_minor": 10**8,
        "currency": "USD",
        "days_to_renewal": 0,
        "outcome_priority": "urgent",
        "wants_contact": True,
        "age_days": 14,
        "silent_days": 180,
    }
    assert priority(**worst).points == 100
    calm = PLAIN | {"score": 10, "mrr_minor": 0, "currency": "USD", "outcome_priority": "low"}
    assert priority(**calm | {"days_to_renewal": 300}).points == 0


def test_every_fact_gives_its_reason_with_the_number_behind_it_what_moves_most_first():
    found = priority(
        score=2,
        kind="nps",
        previous_score=9,
        mrr_minor=90_000,
        currency="JPY",
        days_to_renewal=41,
        outcome_priority="low",
        wants_contact=True,
        age_days=3.6,
        silent_days=75.2,
        themes={"mobile", "reliability", "billing"},
    )
    sizes = {
        "rule_priority:low": log(2),  # down
        "revenue:90000:JPY": log(900 / 300),
        "renewal_in_days:41": (1 - 41 / 180 - 0.5) * log(10),
        "score_fell:9:2": 0.7 * log(3),
        "score_low:2": (0.8 - 0.5) * log(12),
        "theme_risk:reliability": log(1.6),
        "wants_contact": log(1.5),
        "silent_days:75": (75.2 - 30) / 150 * log(2),
        "waiting_days:3": 3.6 / 14 * log(1.5),
    }
    assert found.reasons == tuple(sorted(sizes, key=lambda code: -sizes[code]))
    # From 10 US dollars with a low rule to 10,000 with everything against them.
    usual = log(300) + 0.5 * log(12) + 0.5 * log(10)
    least = log(10) + log(0.5)
    most = log(10_000) + sum(map(log, (6, 12, 3, 10, 2, 1.5, 1.5)))
    expected = 100 * (usual + sum(sizes.values()) - 2 * log(2) - least) / (most - least)
    assert found.points == pytest.approx(expected, abs=0.05)


def test_a_small_customer_is_told_of_as_well_though_that_lowers_the_points():
    small = priority(**PLAIN | {"mrr_minor": 2_000, "currency": "USD", "score": 4})
    assert small.reasons == ("revenue:2000:USD", "score_low:4", "rule_priority:normal")
    assert small.points < priority(**PLAIN | {"score": 4}).points


def test_what_is_unknown_but_must_have_some_value_counts_as_middling():
    middling = priority(**PLAIN | {"mrr_minor": 30_000, "currency": "USD", "days_to_renewal": 90})
    assert priority(**PLAIN).points == middling.points
    assert priority(**PLAIN | {"mrr_minor": 30_000}).points == middling.points  # no currency
    assert priority(**PLAIN | {"score": None}).points == priority(**PLAIN).points
    assert priority(**PLAIN | {"score": None}).reasons == ("rule_priority:normal",)


@given(CASES, CASES)
def test_twice_the_revenue_is_twice_the_loss(case, other):
    """Within the bounds, whatever else is known: what is ranked is money."""
    steps = [
        points_of(each, mrr_minor=80_000, currency="USD")
        - points_of(each, mrr_minor=40_000, currency="USD")
        for each in (case, other)
    ]
    assert steps == pytest.approx([4.1, 4.1], abs=0.11)


def test_an_urgent_case_of_a_small_customer_stands_above_a_normal_one_of_the_largest():
    for kind, score in SCORES:
        same = PLAIN | {"kind": kind, "score": score, "currency": "USD"}
        urgent = priority(**same | {"mrr_minor": 200_000, "outcome_priority": "urgent"})
        normal = priority(**same | {"mrr_minor": 10**12, "outcome_priority": "normal"})
        assert urgent.points > normal.points


def test_equal_revenue_in_yen_and_dollars_weighs_about_the_same():
    dollars = priority(**PLAIN | {"mrr_minor": 100_000, "currency": "USD"})  # 1,000 dollars
    yen = priority(**PLAIN | {"mrr_minor": 100_000, "currency": "JPY"})  # 100,000 yen
    assert dollars.points == yen.points


def test_a_renewal_in_the_past_or_unknown_stands_between_one_today_and_one_far_away():
    assert priority(**PLAIN | {"days_to_renewal": -1}) == priority(**PLAIN)
    points = [priority(**PLAIN | {"days_to_renewal": days}).points for days in (0, None, 180, 400)]
    assert points[0] > points[1] > points[2] == points[3]


def test_a_score_that_rose_or_a_month_of_silence_or_a_harmless_theme_counts_nothing():
    for facts in ({"previous_score": 4}, {"silent_days": 30}, {"themes": [NO_THEME, "unheard"]}):
        assert priority(**PLAIN | facts) == priority(**PLAIN)


def test_waiting_and_silence_raise_the_points_only_so_far():
    for name, enough, more in (("age_days", 14, 400), ("silent_days", 180, 900)):
        assert priority(**PLAIN | {name: enough}).points == priority(**PLAIN | {name: more}).points
        assert priority(**PLAIN | {name: enough}).points > priority(**PLAIN).points


def test_of_several_themes_the_worst_counts_whatever_their_order():
    for themes in (["billing", "security", "support"], ["support", "billing", "security"]):
        found = priority(**PLAIN | {"themes": themes})
        assert found == priority(**PLAIN | {"themes": {"security"}})


def test_rules_stand_in_their_order():
    points = [priority(**PLAIN | {"outcome_priority": rule}).points for rule in RULE_PRIORITIES]
    assert list(RULE_PRIORITIES) == ["urgent", "high", "normal", "low"]
    assert points == sorted(set(points), reverse=True)


def test_a_rule_that_says_more_than_the_theme_is_not_counted_twice():
    urgent = PLAIN | {"outcome_priority": "urgent"}
    assert priority(**urgent | {"themes": ["security"]}) == priority(**urgent)
    points = [
        priority(**PLAIN | {"outcome_priority": rule, "themes": themes}).points
        for rule in ("low", "normal")
        for themes in ((), ("reliability",))
    ]
    assert points == sorted(set(points))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"outcome_priority": "asap"}, "outcome_priority"),
        ({"kind": "stars"}, "kind"),
        ({"score": 11}, "score"),
        ({"previous_score": 11}, "previous_score"),
        ({"themes": ["x"], "theme_factors": {"x": 0.5}}, "theme_factors.x"),
    ],
)
def test_what_cannot_be_is_an_error(wrong, field):
    with pytest.raises(ValueError, match=f"^{field}"):
        priority(**PLAIN | wrong)


def test_revenue_of_two_currencies_is_compared_by_stated_rates():
    """At 0.006 EUR a yen 100,000 yen are 600 EUR, and no longer 1,000."""
    rates = Rates("EUR", {"JPY": Decimal("0.006")})
    yen = priority(**PLAIN | {"mrr_minor": 100_000, "currency": "JPY"}, rates=rates)
    euro = priority(**PLAIN | {"mrr_minor": 60_000, "currency": "EUR"}, rates=rates)
    assert yen.points == euro.points
    assert "revenue:100000:JPY" in yen.reasons
    assert yen.points < priority(**PLAIN | {"mrr_minor": 100_000, "currency": "JPY"}).points
