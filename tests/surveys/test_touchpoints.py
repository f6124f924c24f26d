"""When a contact is due, and that it is never planned twice."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.fields import FieldError
from surveys.lifecycle import (
    STAGES,
    Account,
    Lifecycle,
    Onboarding,
    OnboardingRule,
    onboarding,
    stage,
    stage_entries,
)
from surveys.touchpoints import (
    Anchor,
    Occurrence,
    TouchModel,
    Touchpoint,
    default_model,
    due_touchpoints,
    model_to_json,
    validate_model,
    working_days,
)

START = date(2026, 1, 5)  # a Monday
DAYS = st.dates(date(2025, 1, 1), date(2027, 12, 31))
ACME = Account("acme", started_on=START, renewal_on=date(2027, 1, 5), touch="high")


def day(number):
    return START + timedelta(days=number)


def model(*touchpoints, **more):
    return TouchModel(Lifecycle(), touchpoints, **more)


def touchpoint(anchor="started_on", offset_days=0, name=None, **more):
    kinds = {"high": "call", "tech": "email"}
    return Touchpoint("hello", Anchor(anchor, name), offset_days, **{"kinds": kinds} | more)


def found(model, account, today, done=(), **more):
    return [
        (each.occurrence.touchpoint, each.state, each.due_on, each.reason)
        for each in due_touchpoints(model, account, today, done, **more)
    ]


accounts = st.builds(
    Account,
    key=st.just("acme"),
    started_on=st.none() | DAYS,
    renewal_on=st.none() | DAYS,
    lost_on=st.none() | DAYS,
    touch=st.sampled_from([None, "high", "tech"]),
    milestones=st.dictionaries(st.sampled_from(["setup_done", "first_report"]), DAYS),
    logins=st.dictionaries(DAYS, st.integers(1, 9), max_size=8),
)
touchpoints = st.builds(
    Touchpoint,
    key=st.sampled_from(["a", "b", "c"]),
    anchor=st.builds(Anchor, st.sampled_from(["started_on", "renewal_on"]))
    | st.just(Anchor("milestone", "setup_done"))
    | st.builds(Anchor, st.just("stage"), st.sampled_from(STAGES[1:])),
    offset_days=st.integers(-120, 120),
    kinds=st.sampled_from(
        [{"high": "call"}, {"tech": "survey"}, {"high": "task", "tech": "email"}]
    ),
    when=st.sampled_from(
        [{}, {"onboarding": ("open", "overdue")}, {"milestones_missing": ("setup_done",)}]
    ),
    repeat_days=st.integers(1, 200),
)
models = st.builds(
    TouchModel,
    st.just(Lifecycle()),
    st.lists(touchpoints, max_size=4, unique_by=lambda each: each.key).map(tuple),
    st.integers(0, 30),
)


# onboarding and stages


@pytest.mark.parametrize(
    ("done_on", "today", "expected"),
    [
        (None, day(0), Onboarding("open")),
        (None, day(31), Onboarding("open")),
        (None, day(32), Onboarding("overdue")),
        (day(31), day(40), Onboarding("complete", day(31))),
        (day(32), day(40), Onboarding("late", day(32))),
        (day(9), day(8), Onboarding("open")),  # it is not known yet
        (day(-3), day(2), Onboarding("complete", day(0))),  # set up during the trial
        (day(5), day(-1), None),
    ],
)
def test_the_milestone_counts_within_its_days(done_on, today, expected):
    milestones = {"setup_done": done_on} if done_on else {}
    account = Account("acme", started_on=START, milestones=milestones)
    assert onboarding(OnboardingRule(), account, today) == expected


@pytest.mark.parametrize(
    ("logins", "expected"),
    [
        ({day(0): 9}, Onboarding("open")),
        ({day(0): 9, day(13): 1}, Onboarding("complete", day(13))),
        ({day(0): 9, day(14): 1}, Onboarding("late", day(14))),
        ({day(-1): 9, day(13): 9}, Onboarding("open")),  # a trial's log-ins are no onboarding
    ],
)
def test_so_many_log_ins_in_the_first_days_count_as_well(logins, expected):
    account = Account("acme", started_on=START, logins=logins)
    either = OnboardingRule(logins=10, login_days=14)
    assert onboarding(either, account, day(20)) == expected
    early = replace(account, milestones={"setup_done": day(2)})
    assert onboarding(either, early, day(20)) == Onboarding("complete", day(2))


def test_an_account_goes_through_its_stages():
    account = replace(ACME, milestones={"setup_done": day(10)}, lost_on=day(380))
    days = [-1, 0, 9, 10, 89, 90, 274, 275, 365, 366, 380]
    expected = ["prospect", "onboarding", "onboarding", "adoption", "adoption", "value", "value"]
    expected += ["renewal", "renewal", "value", "lost"]
    assert [stage(Lifecycle(), account, day(each)) for each in days] == expected
    assert stage(Lifecycle(), Account("new"), START) is None


def test_value_begins_with_its_milestone_and_onboarding_lasts_until_it_is_done():
    by_milestone = Lifecycle(value_milestone="first_report", renewal_days=0)
    account = replace(ACME, milestones={"setup_done": day(50), "first_report": day(200)})
    days = [49, 50, 199, 200, 364]
    expected = ["onboarding", "adoption", "adoption", "value", "value"]
    assert [stage(by_milestone, account, day(each)) for each in days] == expected


@given(accounts, DAYS)
def test_the_stage_of_today_has_begun(account, today):
    now = stage(Lifecycle(), account, today)
    entries = stage_entries(Lifecycle(), account, today)
    assert now in (None, "prospect") or entries[now] <= today


# what is due


def test_the_default_model_does_what_customer_success_does():
    due = [(5, "setup-check", "call"), (30, "first-results", "call"), (275, "value-review", "call")]
    for number, key, kind in due:
        before = due_touchpoints(default_model(), ACME, day(number - 1))
        assert key not in {each.occurrence.touchpoint for each in before if each.state == "due"}
        today = due_touchpoints(default_model(), ACME, day(number))
        last = [each for each in today if each.occurrence.touchpoint == key]
        assert [(each.kind, each.state, each.due_on) for each in last] == [
            (kind, "due", day(number))
        ]
    tech = due_touchpoints(default_model(), replace(ACME, touch="tech"), day(30), horizon_days=300)
    assert [each.kind for each in tech if each.state != "skipped"] == ["survey", "email"]


@given(models, accounts, DAYS, st.lists(st.integers(0, 40), max_size=5))
def test_who_stores_what_came_back_never_gets_one_twice(model, account, today, steps):
    """Day after day, everything due is done: no touch key comes twice for one anchor."""
    done, planned, times = set(), set(), []
    for step in [0, *steps]:
        today += timedelta(days=step)
        for each in due_touchpoints(model, account, today, done, planned=planned, horizon_days=9):
            planned.discard(each.moves)
            if each.state == "upcoming":
                planned.add(each.occurrence)
            elif each.state == "withdrawn":
                planned.discard(each.occurrence)
            else:
                planned.discard(each.occurrence)
                done.add(each.occurrence)
                times.append(each.occurrence)
        again = due_touchpoints(model, account, today, done, planned=planned)
        assert [each for each in again if each.state != "upcoming"] == []
    assert len(set(times)) == len(times)


@given(models, accounts, DAYS)
def test_asking_again_without_storing_gives_the_same_and_order_is_irrelevant(model, account, today):
    first = due_touchpoints(model, account, today, horizon_days=30)
    assert due_touchpoints(model, account, today, horizon_days=30) == first
    turned = replace(model, touchpoints=model.touchpoints[::-1])
    assert sorted(map(str, due_touchpoints(turned, account, today, horizon_days=30))) == sorted(
        map(str, first)
    )
    assert len({each.occurrence for each in first}) == len(first)


def test_a_renewal_that_moves_takes_along_what_waits_and_repeats_nothing_done():
    review = model(touchpoint("renewal_on", -90))
    old, new = ACME.renewal_on, ACME.renewal_on + timedelta(days=60)
    today, moved = old - timedelta(days=80), replace(ACME, renewal_on=new)
    was, now = Occurrence("hello", old), Occurrence("hello", new)
    (waiting,) = due_touchpoints(review, moved, today, planned=[was])
    assert (waiting.occurrence, waiting.moves, waiting.state) == (now, was, "upcoming")
    assert waiting.due_on == new - timedelta(days=90)
    assert due_touchpoints(review, moved, today, [was], horizon_days=400) == []
    later = replace(ACME, renewal_on=old + timedelta(days=365))
    (again,) = due_touchpoints(review, later, later.renewal_on - timedelta(days=90), [was])
    assert (again.occurrence.anchor_on, again.moves) == (later.renewal_on, None)


def test_a_monthly_term_comes_round_when_it_is_told_so():
    monthly = model(touchpoint("renewal_on", -5, repeat_days=20))
    next_term = replace(ACME, renewal_on=day(60))
    done = [Occurrence("hello", day(30))]
    assert found(monthly, next_term, day(55), done) == [("hello", "due", day(55), None)]
    assert found(monthly, replace(ACME, renewal_on=day(45)), day(40), done) == []


def test_what_is_long_past_is_skipped_and_said_so_unless_it_was_planned():
    early = model(touchpoint(offset_days=3), grace_days=14)
    assert found(early, ACME, day(17)) == [("hello", "due", day(3), None)]
    assert found(early, ACME, day(18)) == [("hello", "skipped", day(3), "past_grace:15")]
    waits = [Occurrence("hello", START)]
    assert found(early, ACME, day(99), planned=waits) == [("hello", "due", day(3), None)]


def test_nothing_is_planned_before_the_start_nor_for_nobody_knows_whom():
    review = model(touchpoint("renewal_on", -90))
    short = replace(ACME, renewal_on=day(80))
    assert found(review, short, day(0)) == [("hello", "skipped", day(-10), "before_start")]
    nobody = model(touchpoint())
    assert found(nobody, replace(ACME, touch=None), START) == [
        ("hello", "skipped", START, "touch_unknown")
    ]
    assert found(nobody, replace(ACME, started_on=None), START) == []


@pytest.mark.parametrize(
    ("more", "change", "reason"),
    [
        ({}, {"started_on": None}, "no_anchor"),
        ({}, {"lost_on": day(2)}, "lost"),
        ({"when": {"milestones_missing": ("setup_done",)}}, {}, "condition"),
        ({"when": {"onboarding": ("open", "overdue")}}, {}, "condition"),
        ({"when": {"stage": ("onboarding",)}}, {}, "condition"),
        ({"when": {"attribute": {"plan": ("pro",)}}}, {}, "condition"),
        ({"kinds": {"tech": "email"}}, {}, "touch"),
        ({}, {"started_on": day(-300)}, "another_anchor"),
    ],
)
def test_what_waits_and_is_not_wanted_any_more_is_withdrawn(more, change, reason):
    account = replace(ACME, milestones={"setup_done": day(1)}, **change)
    waits = [Occurrence("hello", START)]
    got = found(model(touchpoint(**more)), account, day(3), planned=waits)
    assert ("hello", "withdrawn", None, reason) in got
    assert found(model(), account, day(3), planned=waits) == [
        ("hello", "withdrawn", None, "no_touchpoint")
    ]
    # Nothing that is done can be withdrawn.
    assert "withdrawn" not in {
        state for _, state, _, _ in found(model(), account, day(3), waits, planned=waits)
    }


def test_conditions_hold_where_the_facts_are_known():
    account = replace(ACME, milestones={"setup_done": day(1)}, attributes={"plan": "pro"})
    when = {
        "milestones_reached": ("setup_done",),
        "milestones_missing": ("first_report",),
        "onboarding": ("complete", "late"),
        "stage": ("adoption",),
        "attribute": {"plan": ("pro", "team")},
    }
    assert found(model(touchpoint(when=when)), account, day(3)) == [("hello", "due", START, None)]


def test_a_lost_account_has_the_contacts_of_that_stage_only():
    farewell = model(touchpoint("stage", 7, name="lost"), replace(touchpoint(), key="other"))
    account = replace(ACME, lost_on=day(100))
    assert found(farewell, account, day(107)) == [("hello", "due", day(107), None)]


def test_a_stage_entered_is_an_anchor():
    entered = model(touchpoint("stage", 14, name="adoption"))
    assert found(entered, ACME, day(20)) == []
    account = replace(ACME, milestones={"setup_done": day(10)})
    assert found(entered, account, day(24)) == [("hello", "due", day(24), None)]


def test_weekends_and_holidays_move_the_day():
    saturday = model(touchpoint(offset_days=5))
    monday = day(7)
    shift = working_days([monday])
    assert found(saturday, ACME, monday, shift=shift) == []
    assert found(saturday, ACME, monday, shift=shift, horizon_days=1) == [
        ("hello", "upcoming", day(8), None)
    ]
    before = working_days(backwards=True)
    assert found(saturday, ACME, day(4), shift=before) == [("hello", "due", day(4), None)]


def test_looking_back_is_no_horizon():
    with pytest.raises(ValueError, match="horizon_days"):
        due_touchpoints(default_model(), ACME, START, horizon_days=-1)


# JSON


@given(models.filter(lambda each: each.touchpoints))
def test_a_model_survives_json(model):
    assert validate_model(json.loads(json.dumps(model_to_json(model)))) == model


def test_the_default_model_passes_its_own_validation():
    assert validate_model(json.loads(json.dumps(model_to_json(default_model())))) == default_model()
    conditions = touchpoint(when={"attribute": {"plan": ("pro",)}, "stage": ("value",)})
    own = TouchModel(
        Lifecycle(OnboardingRule(None, 20, 5, 14), 60, "first_report", 0), (conditions,), 3
    )
    assert validate_model(json.loads(json.dumps(model_to_json(own)))) == own


WRONG = [
    ([], "model"),
    ({}, "touchpoints"),
    ({"touchpoints": []}, "touchpoints"),
    ({"touchpoint": []}, "model.touchpoint"),
    ({"grace_days": -1}, "grace_days"),
    ({"grace_days": True}, "grace_days"),
    ({"lifecycle": {"renewal_days": "90"}}, "lifecycle.renewal_days"),
    ({"lifecycle": {"value_milestone": ""}}, "lifecycle.value_milestone"),
    ({"lifecycle": {"onboarding": {"milestone": None}}}, "lifecycle.onboarding"),
    ({"lifecycle": {"onboarding": {"logins": 0}}}, "lifecycle.onboarding.logins"),
    ({"lifecycle": {"onboarding": {"days": 3}}}, "lifecycle.onboarding.days"),
]
WRONG_TOUCHPOINTS = [
    ({"key": "Two words"}, "key"),
    ({"anchor": "started_on"}, "anchor"),
    ({"anchor": {"kind": "born"}}, "anchor.kind"),
    ({"anchor": {"kind": "milestone"}}, "anchor.name"),
    ({"anchor": {"kind": "stage", "name": "prospect"}}, "anchor.name"),
    ({"anchor": {"kind": "started_on", "name": "x"}}, "anchor.name"),
    ({"offset_days": 2.0}, "offset_days"),
    ({"offset_days": 5000}, "offset_days"),
    ({"kinds": {}}, "kinds"),
    ({"kinds": {"high": "fax"}}, "kinds.high"),
    ({"kinds": {"tech": "call"}}, "kinds.tech"),
    ({"kinds": {"low": "call"}}, "kinds.low"),
    ({"when": {"mood": ["good"]}}, "when.mood"),
    ({"when": {"stage": ["lost", "found"]}}, "when.stage[1]"),
    ({"when": {"stage": "lost"}}, "when.stage"),
    ({"when": {"milestones_reached": ["a\x00b"]}}, "when.milestones_reached[0]"),
    ({"when": {"attribute": {"plan": "pro"}}}, "when.attribute.plan"),
    ({"when": {"attribute": {}}}, "when.attribute"),
    ({"repeat_days": 0}, "repeat_days"),
]


@pytest.mark.parametrize(("change", "field"), WRONG)
def test_what_is_wrong_in_a_model_is_named(change, field):
    right = model_to_json(default_model())
    data = right | change if change else change
    with pytest.raises(FieldError) as raised:
        validate_model(data)
    assert raised.value.field == field


@pytest.mark.parametrize(("change", "field"), WRONG_TOUCHPOINTS)
def test_what_is_wrong_in_a_touchpoint_is_named(change, field):
    right = model_to_json(model(touchpoint()))
    right["touchpoints"].append(right["touchpoints"][0] | {"key": "second"} | change)
    with pytest.raises(FieldError) as raised:
        validate_model(right)
    assert raised.value.field == f"touchpoints[1].{field}"


def test_a_key_stands_once():
    right = model_to_json(model(touchpoint()))
    right["touchpoints"] *= 2
    with pytest.raises(FieldError) as raised:
        validate_model(right)
    assert raised.value.field == "touchpoints[1].key"
