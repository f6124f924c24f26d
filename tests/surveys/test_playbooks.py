"""Playbooks fire once per episode, never on what is not known, and say why in numbers."""

import json
from dataclasses import fields, replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.fields import FieldError
from surveys.playbook_json import playbook_to_json, validate_playbook
from surveys.playbooks import (
    TRIGGERS,
    Facts,
    State,
    against_own_history,
    evaluate,
    fires,
    has_ended,
)

START = date(2026, 1, 5)
CALL = {"key": "call", "kind": "task", "offset_days": 2, "minutes": 30}
WORDS = {"en": {"subject": "Hello", "body": "{greeting}\n\nmay we help?"}}
MAIL = {"key": "mail", "kind": "email", "words": WORDS, "roles": ["champion"]}
PLAYBOOKS = [
    {"kind": "health_drop", "points": 20},
    {"kind": "health_drop", "bands": ["red"]},
    {"kind": "onboarding_stalled", "days": 14},
    {"kind": "usage_down", "percent": 30, "recovered_percent": 10, "least_usual": 5},
    {"kind": "detractor", "within_days": 7, "quiet_days": 30},
    {"kind": "champion_left", "within_days": 14, "quiet_days": 60},
    {"kind": "renewal_in", "days": 90},
    {"kind": "feature_unused", "feature": "reports", "days": 30, "until_days": 60},
]


def day(number):
    return START + timedelta(days=number)


def playbook(trigger, **more):
    return validate_playbook({"key": "p", "trigger": trigger, "steps": [CALL, MAIL]} | more)


def facts(today=0, **more):
    known = {"touch": "high", "started_on": START} | more
    return Facts("acme", day(today), **known)


def fired_on(playbook, history):
    """The days on which it fires, and why, evaluated on each with the state of the day before."""
    state, found = State(), {}
    for each in history:
        state, firing = evaluate(playbook, each, state)
        if firing:
            found[(each.today - START).days] = firing.reasons
    return found


known_facts = st.builds(
    Facts,
    account=st.just("acme"),
    today=st.just(day(100)),
    touch=st.sampled_from([None, "high", "tech"]),
    attributes=st.sampled_from([{}, {"plan": "pro"}, {"plan": "free"}]),
    started_on=st.none() | st.dates(day(0), day(120)),
    renewal_on=st.none() | st.dates(day(0), day(300)),
    onboarded=st.none() | st.booleans(),
    health=st.none() | st.integers(0, 100),
    health_before=st.none() | st.integers(0, 100),
    health_band=st.sampled_from([None, "red", "green"]),
    usage=st.none() | st.integers(0, 50),
    usual_usage=st.none() | st.integers(0, 50),
    low_answer_on=st.none() | st.dates(day(0), day(110)),
    left_on=st.none()
    | st.dictionaries(st.sampled_from(["champion", "sponsor", "cfo"]), st.dates(day(0), day(110))),
    used_features=st.none() | st.frozensets(st.sampled_from(["reports", "search"])),
)
playbooks = st.sampled_from(PLAYBOOKS).map(playbook)
steps_in_time = st.lists(st.tuples(st.integers(0, 30), known_facts), max_size=12)


def moved(each, days):
    """The same facts, some days later; what happened then stays where it was."""
    return replace(each, today=each.today + timedelta(days=days))


# once per episode


@given(playbooks, steps_in_time)
def test_evaluating_again_on_the_same_day_does_nothing_more(playbook, history):
    state, days = State(), 0
    for step, each in history:
        days += step
        state, _ = evaluate(playbook, moved(each, days), state)
        again, firing = evaluate(playbook, moved(each, days), state)
        assert (again, firing) == (state, None)


@given(playbooks, steps_in_time)
def test_an_episode_fires_once(playbook, history):
    state, days, episodes = State(), 0, []
    for step, each in history:
        days += step
        state, firing = evaluate(playbook, moved(each, days), state)
        if firing:
            episodes.append(firing.episode)
            assert not state.armed
            assert firing.reasons
    if playbook.trigger.kind in ("renewal_in", "detractor", "champion_left"):
        apart = {"renewal_in": 90, "detractor": 30, "champion_left": 60}[playbook.trigger.kind]
        gaps = [abs((b - a).days) for a, b in pairwise(episodes)]
        assert min(gaps, default=999) > apart


@given(playbooks, st.lists(known_facts, max_size=6), st.randoms())
def test_the_order_of_accounts_is_irrelevant(playbook, accounts, random):
    named = [replace(each, account=str(at)) for at, each in enumerate(accounts)]
    first = {each.account: evaluate(playbook, each, State()) for each in named}
    random.shuffle(named)
    assert {each.account: evaluate(playbook, each, State()) for each in named} == first


NEEDED = {
    "health_drop": ("health", "health_before", "health_band"),
    "onboarding_stalled": ("started_on", "onboarded"),
    "usage_down": ("usage", "usual_usage"),
    "detractor": ("low_answer_on",),
    "champion_left": ("left_on",),
    "renewal_in": ("renewal_on",),
    "feature_unused": ("started_on", "used_features"),
}


def test_every_kind_of_trigger_is_tried():
    assert {each["kind"] for each in PLAYBOOKS} == set(TRIGGERS) == set(NEEDED)
    used = {name for names in NEEDED.values() for name in names}
    common = {"account", "today", "touch", "attributes"}
    assert {each.name for each in fields(Facts)} == used | common


@given(playbooks, known_facts, st.data())
def test_what_is_not_known_neither_fires_nor_arms_again(playbook, each, data):
    names = NEEDED[playbook.trigger.kind]
    if playbook.trigger.kind == "health_drop":
        names = names[2:] if "bands" in playbook.trigger.settings else names[:2]
    unknown = replace(each, **{data.draw(st.sampled_from(names)): None})
    for state in (State(), State(armed=False, episode=day(90), reference=40.0, level=20.0)):
        assert evaluate(playbook, unknown, state) == (state, None)
    assert fires(playbook, replace(each, touch=None), State()) is None


# each trigger


def test_usage_must_recover_before_it_can_fire_again():
    """Wavering about the limit calls nobody twice; another such fall does."""
    use = [100, 71, 70, 75, 69, 89, 65, 90, 70, 60, 49, 48, 0, 0]
    history = [facts(at, usage=each, usual_usage=100) for at, each in enumerate(use)]
    expected = {
        2: ("usage_down:30",),
        8: ("usage_down:30",),
        10: ("usage_down:30",),
        12: ("usage_down:100",),
    }
    assert fired_on(playbook(PLAYBOOKS[3]), history) == expected


def test_a_usual_that_sinks_with_use_is_no_recovery():
    history = [facts(at, usage=60, usual_usage=max(60, 100 - 10 * at)) for at in range(10)]
    assert list(fired_on(playbook(PLAYBOOKS[3]), history)) == [0]


def test_a_usual_that_has_grown_since_is_what_recovery_is_from():
    history = [facts(0, usage=70, usual_usage=100), facts(1, usage=95, usual_usage=200)]
    assert list(fired_on(playbook(PLAYBOOKS[3]), history)) == [0]


def test_who_hardly_used_it_has_no_fall():
    assert fires(playbook(PLAYBOOKS[3]), facts(usage=0, usual_usage=4), State()) is None
    assert fires(playbook(PLAYBOOKS[3]), facts(usage=0, usual_usage=5), State())


def test_health_must_win_back_half_before_it_can_fire_again():
    health = [80, 61, 60, 65, 59, 69, 70, 60, 41, 40]
    history = [facts(at, health=each, health_before=80) for at, each in enumerate(health)]
    expected = {
        2: ("health_drop:20", "health:60"),
        7: ("health_drop:20", "health:60"),
        9: ("health_drop:20", "health:40"),
    }
    assert fired_on(playbook(PLAYBOOKS[0]), history) == expected


def test_a_low_health_that_has_become_usual_is_no_recovery():
    history = [facts(at, health=50, health_before=80 if at < 5 else 50) for at in range(10)]
    history += [facts(10, health=49, health_before=80)]
    assert list(fired_on(playbook(PLAYBOOKS[0]), history)) == [0]


def test_a_band_fires_when_it_is_entered():
    bands = ["green", "red", None, "red", "green", "red"]
    history = [facts(at, health_band=each) for at, each in enumerate(bands)]
    assert fired_on(playbook(PLAYBOOKS[1]), history) == {
        1: ("health_band:red",),
        5: ("health_band:red",),
    }


def test_a_stalled_onboarding_fires_once():
    history = [facts(at, onboarded=at >= 40) for at in range(60)]
    assert fired_on(playbook(PLAYBOOKS[2]), history) == {14: ("no_setup_for_days:14",)}
    quick = [facts(at, onboarded=at >= 10) for at in range(60)]
    assert fired_on(playbook(PLAYBOOKS[2]), quick) == {}


def test_a_feature_never_used_fires_within_its_days():
    never = [facts(at, used_features=frozenset({"search"})) for at in range(100)]
    assert fired_on(playbook(PLAYBOOKS[7]), never) == {30: ("feature_unused:reports", "days:30")}
    assert fired_on(playbook(PLAYBOOKS[7]), never[60:]) == {}
    users = [replace(each, used_features=frozenset({"reports"})) for each in never]
    assert fired_on(playbook(PLAYBOOKS[7]), users) == {}


def test_a_renewal_fires_once_and_again_for_the_next_term():
    renewal = day(100)
    history = [facts(at, renewal_on=renewal) for at in range(101)]
    slipped = [facts(at, renewal_on=renewal + timedelta(days=45)) for at in range(50, 146)]
    next_term = [facts(at, renewal_on=renewal + timedelta(days=410)) for at in range(146, 511)]
    expected = {10: ("renewal_in_days:90",), 420: ("renewal_in_days:90",)}
    assert fired_on(playbook(PLAYBOOKS[6]), history[:50] + slipped + next_term) == expected
    assert fired_on(playbook(PLAYBOOKS[6]), [facts(101, renewal_on=renewal)]) == {}


def test_many_low_answers_are_one_episode_and_an_old_one_is_none():
    low = {3: 3, 4: 4, 20: 20, 40: 40}
    latest, history = None, []
    for at in range(60):
        latest = low.get(at, latest)
        history.append(facts(at, low_answer_on=None if latest is None else day(latest)))
    assert fired_on(playbook(PLAYBOOKS[4]), history) == {
        3: ("low_answer_days_ago:0",),
        40: ("low_answer_days_ago:0",),
    }
    assert fires(playbook(PLAYBOOKS[4]), facts(10, low_answer_on=day(3)), State()) is None
    assert fires(
        playbook(PLAYBOOKS[5]), facts(10, left_on={"champion": day(3)}), State()
    ).reasons == ("champion_left_days_ago:7",)


def test_whose_leaving_counts_is_said_by_roles():
    by_default, chosen = (
        playbook({"kind": "champion_left"} | more) for more in ({}, {"roles": ["決裁者", "CFO"]})
    )
    assert by_default.trigger.settings["roles"] == ("champion",)
    assert chosen.trigger.settings["roles"] == ("decision_maker", "CFO")
    champion, cfo = facts(10, left_on={"champion": day(9)}), facts(10, left_on={"cfo": day(8)})
    assert fires(by_default, champion, State())
    assert not fires(by_default, cfo, State())
    assert not fires(chosen, champion, State())
    assert fires(chosen, cfo, State()).reasons == ("role_left:CFO", "role_left_days_ago:2")
    later = replace(cfo, left_on={"cfo": day(20)})  # told of before it happens
    assert not fires(chosen, later, State())
    for wrong in ([], ["x" * 61], "champion", [1]):
        with pytest.raises(FieldError, match=r"trigger\.roles"):
            playbook({"kind": "champion_left", "roles": wrong})


# for whom, and what


def test_a_person_does_it_where_there_is_one_and_the_system_elsewhere():
    renew = playbook(PLAYBOOKS[6])
    by_hand = fires(renew, facts(10, renewal_on=day(100)), State()).steps
    assert [(each.key, each.by, each.due_on, each.minutes) for each in by_hand] == [
        ("call", "csm", day(12), 30),
        ("mail", "csm", day(10), 15),
    ]
    alone = fires(renew, facts(10, renewal_on=day(100), touch="tech"), State()).steps
    assert [(each.key, each.by, each.minutes) for each in alone] == [("mail", "system", 0)]


def test_only_the_segment_is_called_and_coming_back_to_it_calls_nobody_twice():
    pro = playbook(PLAYBOOKS[3], attributes={"plan": ["pro"]}, touch=["high"])
    low = facts(usage=10, usual_usage=100, attributes={"plan": "pro"})
    assert fires(pro, low, State())
    for change in ({"attributes": {"plan": "free"}}, {"attributes": {}}, {"touch": "tech"}):
        assert fires(pro, replace(low, **change), State()) is None
    history = [low, replace(low, attributes={}), low]
    assert len(fired_on(pro, history)) == 1


def test_with_the_old_state_the_same_firing_comes_back():
    renew, now = playbook(PLAYBOOKS[6]), facts(10, renewal_on=day(100))
    assert evaluate(renew, now, State()) == evaluate(renew, now, State())


# own history


def test_use_is_compared_with_whole_weeks_of_the_same_account():
    weekly = [10.0] * 5 + [0.0] * 2
    steady = weekly * 16
    assert against_own_history(steady) == pytest.approx((50 / 7, 50 / 7))
    assert against_own_history(steady[1:]) is None
    holiday = steady[:28] + [0.0] * 28 + steady[:56]
    assert against_own_history(holiday) == pytest.approx((50 / 7, 50 / 7))
    with pytest.raises(ValueError, match="whole weeks"):
        against_own_history(steady, recent_days=30)


# JSON


@pytest.mark.parametrize("trigger", PLAYBOOKS)
def test_a_playbook_survives_json(trigger):
    own = playbook(trigger, attributes={"plan": ["pro", "team"]}, touch=["high"])
    assert validate_playbook(json.loads(json.dumps(playbook_to_json(own)))) == own
    plain = playbook(trigger)
    assert validate_playbook(json.loads(json.dumps(playbook_to_json(plain)))) == plain


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"key": None}, "key"),
        ({"name": "x"}, "playbook.name"),
        ({"trigger": None}, "trigger"),
        ({"trigger": {"kind": "full_moon"}}, "trigger.kind"),
        ({"trigger": {"kind": "health_drop"}}, "trigger.points"),
        ({"trigger": {"kind": "health_drop", "points": 9, "bands": ["red"]}}, "trigger.points"),
        ({"trigger": {"kind": "health_drop", "bands": []}}, "trigger.bands"),
        ({"trigger": {"kind": "usage_down", "percent": 101}}, "trigger.percent"),
        (
            {"trigger": {"kind": "usage_down", "percent": 20, "recovered_percent": 20}},
            "trigger.recovered_percent",
        ),
        ({"trigger": {"kind": "renewal_in", "days": -1}}, "trigger.days"),
        ({"trigger": {"kind": "renewal_in", "days": 9, "points": 9}}, "trigger.points"),
        ({"trigger": {"kind": "feature_unused", "days": 30}}, "trigger.feature"),
        (
            {"trigger": {"kind": "onboarding_stalled", "days": 30, "until_days": 30}},
            "trigger.until_days",
        ),
        ({"steps": []}, "steps"),
        ({"steps": [CALL, CALL]}, "steps[1].key"),
        ({"steps": [CALL | {"kind": "visit"}]}, "steps[0].kind"),
        ({"steps": [CALL | {"offset_days": -1}]}, "steps[0].offset_days"),
        ({"steps": [CALL | {"minutes": "30"}]}, "steps[0].minutes"),
        ({"steps": [CALL | {"touch": ["tech"]}]}, "steps[0].touch"),
        ({"attributes": {"plan": []}}, "attributes.plan"),
        ({"touch": ["low"]}, "touch[0]"),
    ],
)
def test_what_is_wrong_in_a_playbook_is_named(change, field):
    right = playbook_to_json(playbook(PLAYBOOKS[6]))
    with pytest.raises(FieldError) as raised:
        validate_playbook(right | change)
    assert raised.value.field == field


# whether what it fired about is over


@given(playbooks, steps_in_time)
def test_what_has_just_fired_has_not_ended(playbook, history):
    state, days = State(), 0
    for step, each in history:
        days += step
        now = moved(each, days)
        state, firing = evaluate(playbook, now, state)
        if firing:
            assert not has_ended(playbook, now, state, firing.episode)


@given(playbooks, known_facts, known_facts)
def test_what_has_recovered_has_ended(playbook, first, later):
    state, firing = evaluate(playbook, first, State())
    if firing is None:
        return
    after, _ = evaluate(playbook, later, state)
    if after.armed or after.episode != firing.episode:
        assert has_ended(playbook, later, after, firing.episode)


@given(playbooks, st.dates(day(0), day(100)))
def test_what_is_not_known_has_not_ended(playbook, episode):
    nothing = Facts("acme", day(50), "tech")
    assert not has_ended(playbook, nothing, State(False, episode), episode)


def test_a_playbook_must_have_room_for_the_people_of_one_account():
    with pytest.raises(FieldError, match="a_day"):
        playbook(PLAYBOOKS[0], steps=[MAIL | {"most_people": 5}], a_day=4)
