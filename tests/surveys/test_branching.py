"""Branches: which questions are asked, and what is wrong with a plan."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.branching import END, Flaw, flaws, holds, next_question, path, reachable, ways
from surveys.definitions import DefinitionError, from_json, to_json
from surveys.questions import Branch

OPTIONS = ["a", "b"]


def question(key, kind="text", *branches, **fields):
    entry = {"key": key, "kind": kind, "text": "?"} | fields
    if kind in ("choice", "multiple"):
        entry["options"] = OPTIONS
    entry["branches"] = [
        {"if": {"question": of, "op": op} | ({} if value is None else {"value": value}), "to": to}
        for of, op, value, to in branches
    ]
    return entry


def survey(*questions):
    return from_json({"kind": "nps", "languages": ["en"], "questions": list(questions)})


def asked(definition, **answers):
    return path(definition.questions, answers, kind="nps")


@st.composite
def plans(draw):
    """Surveys with any branches, also senseless ones, and any answers of somebody who answers
    whatever is required."""
    kinds = draw(
        st.lists(st.sampled_from(["text", "choice", "consent", "csat", "statement"]), max_size=5)
    )
    kinds.insert(draw(st.integers(0, len(kinds))), "nps")
    conditions = {
        "nps": [("category", "detractor"), ("at_least", 7), ("answered", None)],
        "csat": [("at_most", 2), ("not_answered", None)],
        "choice": [("one_of", ["a"]), ("one_of", ["a", "b"]), ("not_answered", None)],
        "consent": [("one_of", [True]), ("answered", None)],
        "text": [("answered", None), ("not_answered", None)],
        "statement": [("not_answered", None)],
    }
    entries = []
    for at, kind in enumerate(kinds):
        branches = []
        for _ in range(draw(st.integers(0, 2))):
            of = draw(st.integers(0, at))
            op, value = draw(st.sampled_from(conditions[kinds[of]]))
            to = draw(st.sampled_from([*(f"q{each}" for each in range(len(kinds))), END]))
            branches.append((f"q{of}", op, value, to))
        must = kind != "statement" and draw(st.booleans())
        entries.append(question(f"q{at}", kind, *branches, required=must))
    values = {
        "nps": st.integers(0, 10), "csat": st.integers(1, 5), "choice": st.sampled_from(OPTIONS),
        "consent": st.booleans(), "text": st.just("x"), "statement": st.none(),
    }  # fmt: skip
    answers = {
        f"q{at}": draw(values[kind] if entries[at]["required"] else st.none() | values[kind])
        for at, kind in enumerate(kinds)
    }  # fmt: skip
    return survey(*entries), {key: value for key, value in answers.items() if value is not None}


@given(plans())
def test_a_path_begins_at_the_start_and_asks_nothing_twice(plan):
    definition, answers = plan
    taken = asked(definition, **answers)
    assert taken[0] == "q0"
    assert len(set(taken)) == len(taken)


@given(plans())
def test_whatever_is_asked_counts_as_reachable(plan):
    definition, answers = plan
    assert set(asked(definition, **answers)) <= reachable(definition.questions, kind="nps")


@given(plans())
def test_every_step_of_a_path_is_one_of_the_ways_of_the_map(plan):
    definition, answers = plan
    taken = asked(definition, **answers)
    out = ways(definition.questions, kind="nps")
    known = {}
    for before, after in pairwise(taken):
        assert after in {way.to for way in out[before]}
        # What is answered later on a way that leads back was not known here.
        known |= {before: answers[before]} if before in answers else {}
        assert next_question(definition.questions, before, known, kind="nps") == after


@given(plans())
def test_a_plan_without_flaws_asks_the_primary_scale_of_everybody_and_comes_to_an_end(plan):
    definition, answers = plan
    if flaws(definition.questions, kind="nps"):
        return
    taken = asked(definition, **answers)
    assert definition.primary.key in taken
    known = {key: value for key, value in answers.items() if key in taken}
    assert next_question(definition.questions, taken[-1], known, kind="nps") is None


@given(plans())
def test_answers_off_the_path_change_nothing(plan):
    definition, answers = plan
    taken = asked(definition, **answers)
    assert asked(definition, **{k: v for k, v in answers.items() if k in taken}) == taken


@given(plans())
def test_branches_come_back_from_json_as_they_were(plan):
    assert from_json(to_json(plan[0])) == plan[0]


def test_a_survey_without_branches_asks_everything_and_has_no_flaws():
    plain = survey(question("intro", "statement"), question("score", "nps"), question("why"))
    assert asked(plain) == ["intro", "score", "why"]
    assert flaws(plain.questions, kind="nps") == []


def test_the_first_branch_that_holds_wins():
    plan = survey(
        question("score", "nps", ("score", "at_least", 9, "praise"),
                 ("score", "at_least", 7, "end")),
        question("why"), question("praise"),
    )  # fmt: skip
    assert [asked(plan, score=n) for n in (10, 8, 2)] == [
        ["score", "praise"], ["score"], ["score", "why", "praise"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("op", "value", "answer", "expected"),
    [
        ("one_of", ("a",), "a", True), ("one_of", ("a",), ["b", "a"], True),
        ("one_of", ("a",), ["b"], False), ("one_of", (True,), True, True),
        ("one_of", (True,), False, False), ("one_of", (True,), 1, False),
        ("at_most", 3, 3, True), ("at_most", 3, 4, False), ("at_most", 3, None, False),
        ("answered", None, False, True), ("not_answered", None, None, True),
    ],
)  # fmt: skip
def test_a_condition_looks_at_the_answer(op, value, answer, expected):
    branch = Branch("q", op, value, END)
    assert holds(branch, {"q": answer}, primary="score", kind="nps") is expected


def test_a_loop_is_found():
    plan = survey(
        question("score", "nps"), question("why", "text", ("why", "answered", None, "score"))
    )
    assert flaws(plan.questions, kind="nps") == [Flaw("loop", "why", "score")]
    assert asked(plan, score=1, why="x") == ["score", "why"]


def test_a_jump_backwards_that_never_comes_round_is_told_from_a_loop():
    plan = survey(
        question("score", "nps", ("score", "answered", None, "last"),
                 ("score", "not_answered", None, "last")),
        question("early", "text", ("score", "answered", None, "end"),
                 ("score", "not_answered", None, "end")),
        question("last", "text", ("last", "not_answered", None, "early")),
    )  # fmt: skip
    assert flaws(plan.questions, kind="nps") == [Flaw("backwards", "last", "early")]


def test_a_question_that_nothing_leads_to_is_found():
    plan = survey(
        question("score", "nps", *(("score", "category", each, "last")
                                   for each in ("promoter", "passive", "detractor"))),
        question("never"), question("last"),
    )  # fmt: skip
    assert flaws(plan.questions, kind="nps") == [Flaw("unreachable", "never")]


def test_a_primary_scale_that_can_be_passed_by_is_found():
    plan = survey(
        question("user", "choice", ("user", "one_of", ["b"], "end")), question("score", "nps")
    )
    assert flaws(plan.questions, kind="nps") == [Flaw("primary_missed", "score", "user")]


@pytest.mark.parametrize(
    ("branch", "field"),
    [
        (("why", "answered", None, "end"), "if.question"),
        (("nothing", "answered", None, "end"), "if.question"),
        (("score", "one_of", ["a"], "end"), "if.op"),
        (("score", "category", "happy", "end"), "if.value"),
        (("score", "at_least", 11, "end"), "if.value"),
        (("score", "at_least", True, "end"), "if.value"),
        (("score", "answered", 1, "end"), "if.value"),
        (("score", "answered", None, "nowhere"), "to"),
    ],
)
def test_a_branch_that_makes_no_sense_is_refused_with_its_place(branch, field):
    with pytest.raises(DefinitionError) as refused:
        survey(question("score", "nps", branch), question("why"))
    assert refused.value.field == f"questions[0].branches[0].{field}"
