"""Rules that are tried out on many answers say the same as routing them one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.routing import Facts, first_match, matches, validate_rule
from surveys.routing_trial import clashes, covers, look_over, try_out, what_matched

WORDS = ["cancel", "cancel now", "slow", "解約", "解約したい", "too slow"]
THEMES = ["search", "mobile", "security"]
SEGMENTS = ["large", "paying"]
PLANS = ["pro", "enterprise", None]


def some(values):
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


conditions = st.fixed_dictionaries(
    {},
    optional={
        "category": some(["detractor", "passive", "promoter"]),
        "theme": some(THEMES),
        "segment": some(SEGMENTS),
        "sentiment": some(["negative", "mixed"]),
        "score_at_most": st.integers(5, 10),
        "score_at_least": st.integers(0, 5),
        "attribute": st.fixed_dictionaries({"plan": some(PLANS)}),
        "text_any": some(WORDS),
    },
)
outcomes = st.fixed_dictionaries(
    {
        "team": st.sampled_from(["success", "product", "support"]),
        "owner": st.sampled_from(["round_robin", None]),
        "sla_hours": st.just(24),
        "priority": st.just("normal"),
    }
)


@st.composite
def rule_sets(draw, prefix="r"):
    several = draw(st.lists(st.tuples(conditions, outcomes), max_size=5))
    return [
        validate_rule({"key": f"{prefix}{index}", "when": when, "then": then})
        for index, (when, then) in enumerate(several)
    ]


facts = st.builds(
    Facts,
    kind=st.just("nps"),
    score=st.integers(0, 10) | st.none(),
    category=st.sampled_from(["detractor", "passive", "promoter", None]),
    themes=st.frozensets(st.sampled_from(THEMES)),
    sentiment=st.sampled_from(["negative", "positive", None]),
    text=st.sampled_from([*WORDS, "Please cancel now!", "すぐに解約したいです", "fine", None]),
    attributes=st.fixed_dictionaries({}, optional={"plan": st.sampled_from(PLANS)}),
    segments=st.frozensets(st.sampled_from(SEGMENTS)),
)
answers = st.lists(facts, max_size=25)


@given(rule_sets(), rule_sets(), answers)
def test_a_trial_says_what_routing_one_by_one_would_do(now, draft, given_answers):
    trial = try_out(now, draft, given_answers)
    assert list(trial.before) == [first_match(now, each) for each in given_answers]
    assert list(trial.after) == [first_match(draft, each) for each in given_answers]
    changed = sorted(place for change in trial.changes for place in change.places)
    assert changed == [
        place
        for place, (old, new) in enumerate(zip(trial.before, trial.after, strict=True))
        if (old and (old.key, old.then)) != (new and (new.key, new.then))
    ]


@given(rule_sets(), answers)
def test_rules_that_stay_as_they_are_change_nothing(rules, given_answers):
    assert try_out(rules, list(rules), given_answers).changes == ()


@given(rule_sets(), answers)
def test_taking_away_a_rule_that_is_never_reached_changes_nothing(rules, given_answers):
    for look in look_over(rules, given_answers):
        if look.state != "fires":
            others = [rule for rule in rules if rule.key != look.key]
            assert try_out(rules, others, given_answers).changes == ()


@given(rule_sets(), answers)
def test_what_a_rule_fits_it_gets_or_earlier_ones_do(rules, given_answers):
    looks = look_over(rules, given_answers)
    for look in looks:
        assert look.matched == len(look.fired) + sum(count for _key, count in look.taken_by)
    routed = sum(first_match(rules, each) is not None for each in given_answers)
    assert sum(len(look.fired) for look in looks) == routed


@given(rule_sets("a"), rule_sets("b"), answers)
def test_a_rule_said_to_cover_another_fits_all_that_the_other_fits(wides, narrows, given_answers):
    for wide in wides:
        for narrow in narrows:
            if covers(wide, narrow):
                fitting = [each for each in given_answers if matches(narrow, each)]
                assert all(matches(wide, each) for each in fitting)


@given(rule_sets(), facts)
def test_the_part_that_matched_is_a_rule_that_fits_the_answer_and_no_wider(rules, answer):
    for rule in rules:
        if matches(rule, answer):
            data = {"key": "part", "when": what_matched(rule, answer), "then": OTHER}
            part = validate_rule(data)
            assert matches(part, answer)
            assert covers(rule, part)


OTHER = {"team": "product", "owner": None, "sla_hours": 24, "priority": "low"}


def rule(key, when, team="success"):
    return validate_rule({"key": key, "when": when, "then": OTHER | {"team": team}})


@pytest.mark.parametrize(
    ("wide", "narrow", "proved"),
    [
        ({}, {"theme": ["search"]}, True),
        ({"theme": ["search"]}, {}, False),
        ({"segment": ["a", "b"]}, {"segment": ["b"], "score_at_most": 3}, True),
        ({"segment": ["a"]}, {"segment": ["a", "b"]}, False),
        ({"category": ["detractor", "passive"]}, {"category": ["passive"]}, True),
        ({"score_at_most": 3}, {"score_at_most": 6}, False),
        ({"score_at_least": 3}, {"score_at_least": 6, "score_at_most": 9}, True),
        ({"text_any": ["解約"]}, {"text_any": ["解約したい"]}, True),
        ({"text_any": ["cancel"]}, {"text_any": ["cancelled"]}, False),
        ({"attribute": {"plan": ["pro", None]}}, {"attribute": {"plan": [None]}}, True),
        ({"attribute": {"plan": ["pro"], "region": ["eu"]}}, {"attribute": {"plan": "pro"}}, False),
    ],
)
def test_that_one_rule_hides_another_is_proved_from_its_conditions(wide, narrow, proved):
    assert covers(rule("wide", wide), rule("narrow", narrow)) is proved


def low(**more):
    return Facts(kind="nps", score=2, category="detractor", **more)


def test_a_rule_that_nothing_reaches_says_why():
    rules = [
        rule("low", {"category": ["detractor"]}),
        rule("low-search", {"category": ["detractor"], "theme": ["search"]}),
        rule("score", {"score_at_most": 3}),
        rule("mobile", {"theme": ["mobile"]}),
    ]
    hidden, taken, unmatched = look_over(rules, [low(), low()])[1:]
    assert (hidden.state, hidden.hidden_by) == ("hidden", "low")
    assert (taken.state, taken.matched, taken.taken_by) == ("taken", 2, (("low", 2),))
    assert unmatched.state == "unmatched"


def test_rules_of_different_teams_that_want_the_same_answers_clash_but_an_exception_does_not():
    exception = rule("security", {"category": ["detractor"], "theme": ["security"]}, "support")
    words = rule("words", {"text_any": ["slow"]}, "product")
    everything_low = rule("low", {"category": ["detractor"]})
    seen = [low(text="slow"), low(text="slow"), low(themes=frozenset({"security"}))]
    found = clashes([exception, words, everything_low], seen)
    assert [(each.first, each.second, each.answers) for each in found] == [("words", "low", 2)]
