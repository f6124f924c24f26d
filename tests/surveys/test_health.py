"""The health score: explained, honest about what is not known, and steady."""

import json
from dataclasses import asdict, fields, replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from surveys.filters import parse_compact
from surveys.health import (
    COMPONENTS,
    Bands,
    HealthFacts,
    LastScore,
    Weights,
    band,
    changed,
    health,
    weighted_scores,
)
from surveys.health_schemes import Scheme, Segment
from surveys.scoring import scale

NAMES = ("risk", "watch", "good")
TINY = 1e-8

shares = st.floats(0, 1)
days = st.integers(0, 400)
counts = st.integers(0, 8)
numbers = st.floats(0, 1e6)
flags = st.booleans()

# +1: more is better; -1: less is better. Facts of history (…_before, days since the start of an
# account that is set up, the age of an answer) have no direction.
DIRECTIONS = {
    "negative_comment_share": (shares, -1),
    "active_28_days": (numbers, 1),
    "uses_28_days": (numbers, 1),
    "days_since_login": (days, -1),
    "active_seat_share": (st.floats(0, 2), 1),
    "days_since_start": (days, -1),
    "is_set_up": (flags, 1),
    "open_cases": (counts, -1),
    "overdue_cases": (counts, -1),
    "oldest_open_days": (days, -1),
    "resolved_share": (shares, 1),
    "days_since_touch": (days, -1),
    "has_owner": (flags, 1),
    "champion_left": (flags, -1),
    "goals_met": (counts, 1),
    "goals_on_track": (counts, 1),
    "goals_missed": (counts, -1),
    "overdue_invoice_days": (days, -1),
    "downgraded_lately": (flags, -1),
}
# Whether a goal more that is behind is better depends on how the others stand.
WITHOUT_DIRECTION = {"active_before": numbers, "uses_before": numbers, "goals_behind": counts}


@st.composite
def last_scores(draw):
    found = []
    for kind in draw(st.sets(st.sampled_from(["nps", "csat", "ces"]))):
        ends = scale(kind)
        spread = ends[-1] - ends[0]
        change = draw(st.none() | st.integers(-spread, spread))
        score = draw(st.integers(ends[0], ends[-1]))
        found.append(LastScore(kind, score, days_ago=draw(days), change=change))
    return tuple(found)


@st.composite
def all_facts(draw):
    plain = {name: strategy for name, (strategy, _) in DIRECTIONS.items()} | WITHOUT_DIRECTION
    known = {name: draw(st.none() | strategy) for name, strategy in plain.items()}
    return HealthFacts(last_scores=draw(last_scores()), **known)


@st.composite
def all_weights(draw):
    each = [draw(st.sampled_from([0.0, 0.5, 1.0, 10.0, 33.0])) for _ in COMPONENTS]
    assume(sum(each))
    return Weights(**dict(zip(COMPONENTS, each, strict=True)))


def test_every_fact_has_a_direction_or_is_said_to_have_none():
    names = {field.name for field in fields(HealthFacts)}
    assert names == {"last_scores", *DIRECTIONS, *WITHOUT_DIRECTION}


# --- what is known and what is not -----------------------------------------------------------


def test_of_an_account_of_which_nothing_is_known_nothing_is_said():
    found = health(HealthFacts())
    assert (found.score, found.band, found.coverage, found.reasons) == (None, None, 0.0, ())
    assert [each.points for each in found.components] == [None] * 7


def test_below_the_least_coverage_there_is_no_score():
    survey_alone = HealthFacts(last_scores=(LastScore("nps", 10, days_ago=1),))
    assert health(survey_alone).score is None
    assert health(survey_alone).coverage == pytest.approx(0.2)
    assert health(survey_alone).reasons == ("score:nps:10",)
    assert health(survey_alone, least_coverage=0.2).score == 100.0


def test_coverage_of_just_the_least_is_enough():
    # 0.1 + 0.1 + 0.1 is not 0.3 for a computer.
    found = health(HealthFacts(is_set_up=True, has_owner=True, open_cases=0))
    assert (found.score, found.coverage) == (100.0, pytest.approx(0.3))


@given(all_facts(), all_weights())
def test_the_score_lies_from_0_to_100_and_between_its_components(facts, weights):
    found = health(facts, weights=weights)
    known = [each.points for each in found.components if each.points is not None]
    assert all(0 <= points <= 100 for points in known)
    assert 0 <= found.coverage <= 1
    if found.score is not None:
        assert min(known) - TINY <= found.score <= max(known) + TINY


@given(all_facts(), st.sampled_from(COMPONENTS))
def test_what_is_not_known_is_not_good(facts, lost):
    """Forgetting a component can raise the score only if it was below it, and coverage falls."""
    whole = health(facts, least_coverage=0.0)
    points = np.array([np.nan if c.points is None else c.points for c in whole.components])
    at = COMPONENTS.index(lost)
    assume(not np.isnan(points[at]) and np.isfinite(points).sum() > 1)
    forgotten = points.copy()
    forgotten[at] = np.nan
    score, coverage = weighted_scores(forgotten, np.array(Weights().shares()), least_coverage=0.0)
    assert coverage < whole.coverage
    if points[at] >= whole.score:
        assert score <= whole.score + TINY
    worst_of_others = np.nanmin(forgotten)
    assert score <= np.nanmax(forgotten) + TINY
    assert score >= worst_of_others - TINY


def test_forgetting_a_bad_component_raises_the_score_and_lowers_the_coverage():
    both = health(HealthFacts(days_since_login=3, last_scores=(LastScore("nps", 0, 5),)))
    one = health(HealthFacts(days_since_login=3))
    assert (both.score, both.coverage) == (pytest.approx(60.0), pytest.approx(0.5))
    assert (one.score, one.coverage) == (pytest.approx(100.0), pytest.approx(0.3))


@given(all_facts(), st.data())
def test_a_better_fact_never_lowers_the_score(facts, data):
    name = data.draw(st.sampled_from([n for n in DIRECTIONS if getattr(facts, n) is not None]
                                     or ["has_owner"]))  # fmt: skip
    value = getattr(facts, name)
    assume(value is not None)
    strategy, direction = DIRECTIONS[name]
    other = data.draw(strategy)
    worse, better = sorted([value, other], key=lambda each: direction * each)
    before = health(replace(facts, **{name: worse}), least_coverage=0.0)
    after = health(replace(facts, **{name: better}), least_coverage=0.0)
    if before.score is not None and after.score is not None:
        assert after.score >= before.score - TINY


@pytest.mark.parametrize("name", DIRECTIONS)
def test_each_fact_by_itself_only_rises_or_only_falls_over_all_its_values(name):
    beside = {"active_before": 10, "uses_before": 10, "is_set_up": False, "days_since_start": 5,
              "goals_met": 1, "goals_on_track": 1, "goals_behind": 1,
              "goals_missed": 1}  # fmt: skip
    whole = [*range(200)]
    values = {
        "is_set_up": [False, True],
        "has_owner": [False, True],
        "champion_left": [False, True],
        "downgraded_lately": [False, True],
    }.get(name, [each / 199 for each in whole] if "share" in name else whole)
    rows = [health(HealthFacts(**(beside | {name: value}))) for value in values]
    totals = [sum(each.points or 0 for each in row.components) for row in rows]
    steps = DIRECTIONS[name][1] * np.diff(totals)
    assert steps.min() >= -TINY
    assert steps.max() > 0


@given(st.sampled_from(["nps", "csat", "ces"]), days, st.data(), all_facts())
def test_a_better_answer_never_lowers_the_score(kind, age, data, facts):
    ends = scale(kind)
    low, high = sorted(data.draw(st.tuples(*[st.integers(ends[0], ends[-1])] * 2)))
    fall, rise = sorted(data.draw(st.tuples(*[st.integers(ends[0] - ends[-1], 4)] * 2)))
    others = tuple(each for each in facts.last_scores if each.kind != kind)
    worse, better = (
        health(replace(facts, last_scores=(*others, LastScore(kind, score, age, change))))
        for score, change in ((low, fall), (high, rise))
    )
    assert (worse.score is None) == (better.score is None)
    if worse.score is not None:
        assert better.score >= worse.score - TINY


def test_an_old_answer_counts_less_and_after_a_year_not_at_all():
    def survey(age):
        facts = HealthFacts(last_scores=(LastScore("nps", 0, age), LastScore("csat", 5, 0)))
        return health(facts).components[0].points

    assert survey(0) == survey(90) == 50.0
    assert 50 < survey(200) < survey(300) < 100
    assert survey(365) == 100.0
    assert health(HealthFacts(last_scores=(LastScore("nps", 0, 365),))).components[0].points is None


@given(all_facts(), all_weights(), st.floats(1e-3, 1e3))
def test_only_the_proportions_of_weights_count(facts, weights, factor):
    scaled = Weights(**{key: factor * getattr(weights, key) for key in COMPONENTS})
    one, other = health(facts, weights=weights), health(facts, weights=scaled)
    assert other.coverage == pytest.approx(one.coverage)
    assert other.score == (None if one.score is None else pytest.approx(one.score))


@given(all_facts(), all_weights())
def test_the_score_is_that_of_a_plain_recomputation(facts, weights):
    found = health(facts, weights=weights, least_coverage=0.0)
    known = [(getattr(weights, c.key), c.points) for c in found.components if c.points is not None]
    total = sum(weight for weight, _ in known)
    if total:
        assert found.score == pytest.approx(sum(w * p for w, p in known) / total)
    else:
        assert found.score is None


# --- by hand ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "component", "points", "reasons"),
    [
        ({"last_scores": (LastScore("nps", 6, 1),)}, "survey", 35.0, ("score_low:nps:6",)),
        (
            # (35 + 0.5 * 12.5 + 0.5 * 40) / 2
            {"last_scores": (LastScore("nps", 6, 1, change=-3),), "negative_comment_share": 0.6},
            "survey",
            30.625,
            ("score_change:nps:-3", "score_low:nps:6", "negative_comments:60"),
        ),
        ({"last_scores": (LastScore("ces", 4, 1),)}, "survey", 50.0, ("score:ces:4",)),
        ({"uses_28_days": 66, "uses_before": 100}, "usage", 65 / 3, ("usage_down:-34",)),
        ({"uses_28_days": 0, "uses_before": 0}, "usage", 0.0, ("usage_none",)),
        ({"active_28_days": 3, "active_before": 0}, "usage", 100.0, ("active_people_new",)),
        ({"uses_28_days": 12}, "usage", None, ()),
        ({"active_seat_share": 0.3, "days_since_login": 60}, "usage", 40 / 3,
         ("no_login_days:60", "seats_used:30")),
        ({"is_set_up": False, "days_since_start": 31}, "onboarding", 50.0, ("not_set_up_days:31",)),
        ({"is_set_up": False}, "onboarding", None, ()),
        ({"is_set_up": True, "days_since_start": 300}, "onboarding", 100.0, ("set_up",)),
        ({"open_cases": 3, "overdue_cases": 1, "oldest_open_days": 7, "resolved_share": 0.5},
         "support", (35 + 40 + 60 + 25) / 3.5,
         ("open_cases:3", "overdue_cases:1", "resolved:50", "oldest_case_days:7")),
        ({"days_since_touch": 90, "has_owner": True, "champion_left": True}, "relationship",
         (35 + 50) / 3.5, ("champion_left", "no_touch_days:90", "has_owner")),
        ({"goals_met": 1, "goals_on_track": 1, "goals_behind": 0, "goals_missed": 2}, "goals", 50.0,
         ("goals_missed:2:4",)),
        ({"goals_met": 1, "goals_on_track": 0, "goals_behind": 1, "goals_missed": 0}, "goals", 65.0,
         ("goals_behind:1:2",)),
        ({"goals_met": 0, "goals_on_track": 0, "goals_behind": 0, "goals_missed": 0}, "goals", None,
         ()),
        ({"goals_met": 2, "goals_on_track": 1}, "goals", None, ()),
        ({"overdue_invoice_days": 30, "downgraded_lately": False}, "payment", 62.5,
         ("invoice_overdue_days:30", "not_downgraded")),
    ],
)  # fmt: skip
def test_components_worked_by_hand(facts, component, points, reasons):
    found = {each.key: each for each in health(HealthFacts(**facts)).components}[component]
    assert found.points == (None if points is None else pytest.approx(points))
    assert found.reasons == reasons


def test_reasons_name_the_strongest_pull_down_first_and_then_what_holds_it_up():
    found = health(
        HealthFacts(
            last_scores=(LastScore("nps", 3, 10),),  # 0.2 * (17.5 - 50) = -6.5
            days_since_login=60,  # 0.3 / 2 * (0 - 50) = -7.5
            active_28_days=12,
            active_before=10,  # 0.3 / 2 * (94 - 50) = 6.6
            has_owner=True,  # 0.1 / 2.5 * ½ * 50 = 1
            champion_left=True,  # 0.1 * 2 / 2.5 * -50 = -4
            is_set_up=True,  # 0.1 * 50 = 5
        )
    )
    assert found.reasons == (
        "no_login_days:60", "score_low:nps:3", "champion_left",
        "active_people_up:20", "set_up", "has_owner",
    )  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"days_since_login": -1},
        {"uses_28_days": float("nan")},
        {"uses_before": float("inf")},
        {"resolved_share": 1.5},
        {"negative_comment_share": -0.1},
        {"last_scores": (LastScore("nps", 3, 1), LastScore("nps", 4, 2))},
    ],
)
def test_facts_that_cannot_be_are_refused_by_name(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        HealthFacts(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [("nps", 11, 1, None), ("csat", 0, 1, None), ("stars", 3, 1, None), ("nps", 5, -1, None),
     ("csat", 3, 1, 5)],
)  # fmt: skip
def test_answers_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        LastScore(*wrong)


@pytest.mark.parametrize(
    "wrong", [{"usage": -1.0}, {"usage": float("nan")}, dict.fromkeys(COMPONENTS, 0.0)]
)
def test_weights_that_say_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        Weights(**wrong)


def test_segments_may_have_weights_of_their_own():
    large, japan = Weights(relationship=0), Weights(usage=50)
    scheme = Scheme(
        Weights(goals=0),
        (
            Segment(parse_compact("plan:in(enterprise);region:in(jp)"), large),
            Segment(parse_compact("region:in(jp)|seats:between(100,)"), japan),
        ),
        Bands(risk_below=30),
    )
    accounts = (
        ({"plan": "enterprise", "region": "jp", "seats": 200}, 0),  # the first that holds counts
        ({"plan": "pro", "region": "jp"}, 1),
        ({"plan": "enterprise", "seats": "100"}, 1),
        ({"plan": "enterprise", "region": None}, None),
        ({}, None),
    )
    assert [scheme.place_of(facts) for facts, _ in accounts] == [place for _, place in accounts]
    own = [scheme.weights_of(facts) for facts, _ in accounts]
    assert own == [large, japan, japan, Weights(goals=0), Weights(goals=0)]
    assert scheme.attributes == ("plan", "region", "seats")
    assert Scheme.from_json(json.loads(json.dumps(scheme.as_json()))) == scheme
    assert Scheme().weights_of({"seats": 3}) == Weights()


def test_segments_that_were_values_of_one_attribute_are_read_as_before():
    rules = {"weights": asdict(Weights()), "bands": asdict(Bands())}
    own = rules | {"weights": asdict(Weights(usage=80))}
    scheme = Scheme.from_json({"attribute": "seats", "default": rules, "by_value": {"3": own}})
    assert scheme == Scheme(segments=(Segment(parse_compact("seats:in(3)"), Weights(usage=80)),))
    assert scheme.weights_of({"seats": 3}).usage == 80
    assert scheme.weights_of({"seats": 4}) == Weights()
    assert Scheme.from_json({"attribute": None, "default": rules, "by_value": {}}) == Scheme()


# --- bands -----------------------------------------------------------------------------------

any_score = st.floats(0, 100)
any_band = st.sampled_from([None, *NAMES])


@given(st.lists(st.floats(65, 69.999)), st.sampled_from(["watch", "good"]))
def test_a_score_that_swings_within_the_gap_below_good_never_changes_its_band(swings, first):
    now = first
    for score in swings:
        now = band(score, now)
        assert now == first


@given(st.lists(st.floats(40, 44.999)), st.sampled_from(["risk", "watch"]))
def test_a_score_that_swings_within_the_gap_above_risk_never_changes_its_band(swings, first):
    now = first
    for score in swings:
        now = band(score, now)
        assert now == first


@given(any_score, any_score, any_band)
def test_a_higher_score_never_has_a_lower_band(a, b, previous):
    low, high = sorted([a, b])
    assert NAMES.index(band(low, previous)) <= NAMES.index(band(high, previous))


@given(any_score, any_band)
def test_a_band_stays_when_the_score_does(score, previous):
    assert band(score, band(score, previous)) == band(score, previous)


def test_bands_are_entered_and_left_at_different_scores():
    path = [80, 66, 64.9, 69.9, 70, 39.9, 44.9, 45, 40, 39]
    names, now = [], None
    for score in path:
        now = band(score, now)
        names.append(now)
    assert names == ["good", "good", "watch", "watch", "good", "risk", "risk", "watch",
                     "watch", "risk"]  # fmt: skip


def test_bands_out_of_order_are_refused():
    with pytest.raises(ValueError, match="rising"):
        Bands(risk_until=80)


# --- what moved it ---------------------------------------------------------------------------


def value_of(points, weights):
    known = [(w, p) for w, p in zip(weights, points, strict=True) if p is not None]
    total = sum(w for w, _ in known)
    return sum(w * p for w, p in known) / total if total else 50.0


def by_all_orders(before, after):
    """The mean of what each component did over every order, by the definition."""
    weights = before.weights.shares()
    old, new = ([c.points for c in each.components] for each in (before, after))
    moving = [at for at in range(7) if old[at] != new[at]]
    orders = list(permutations(moving))
    moves = dict.fromkeys(moving, 0.0)
    for order in orders:
        now = list(old)
        for at in order:
            then = value_of(now, weights)
            now[at] = new[at]
            moves[at] += (value_of(now, weights) - then) / len(orders)
    return {COMPONENTS[at]: move for at, move in moves.items()}


@given(all_facts(), all_facts(), all_weights())
def test_the_moves_sum_to_the_change_of_the_score(one, other, weights):
    before, after = health(one), health(other, weights=weights)
    moves = changed(before, after)
    if before.score is None or after.score is None:
        assert moves == ()
    else:
        total = sum(move.points for move in moves)
        assert total == pytest.approx(after.score - before.score, abs=TINY)


@given(all_facts(), all_facts(), st.sets(st.sampled_from(COMPONENTS), min_size=1, max_size=4))
def test_moves_are_the_mean_over_all_orders_and_none_for_what_stayed(one, other, taken):
    before = health(one, least_coverage=0.0)
    mixed = health(other, least_coverage=0.0)
    kept = tuple(
        new if new.key in taken else old
        for old, new in zip(before.components, mixed.components, strict=True)
    )
    score = value_of([c.points for c in kept], before.weights.shares())
    assume(before.score is not None and any(c.points is not None for c in kept))
    after = replace(before, components=kept, score=score)
    found = {move.key: move.points for move in changed(before, after)}
    assert found == pytest.approx(by_all_orders(before, after), abs=TINY)
    assert set(found) <= taken


def test_a_component_that_comes_in_moves_the_score_alone():
    before = health(HealthFacts(days_since_login=7, is_set_up=True, open_cases=6))
    after = health(HealthFacts(days_since_login=7, is_set_up=True, open_cases=6, has_owner=False))
    (move,) = changed(before, after)
    assert (before.score, after.score) == (pytest.approx(80.0), pytest.approx(70.0))
    assert (move.key, move.points) == ("relationship", pytest.approx(-10.0))


def test_other_weights_are_named_as_what_moved_the_score():
    facts = HealthFacts(days_since_login=60, is_set_up=True, open_cases=0)
    before, after = health(facts), health(facts, weights=Weights(usage=10))
    (move,) = changed(before, after)
    assert (move.key, move.points) == ("weights", pytest.approx(200 / 3 - 40))
    assert changed(before, before) == ()
