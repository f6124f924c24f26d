"""A draft as a form: reading gives back what was shown, whatever is rearranged."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.definitions import from_json, standard_definition, to_json
from vocapp.authoring import drafting
from vocapp.problems import BadInput

ACTIONS = st.sampled_from(
    ["add:text", "add:choice", *(f"{verb}:{at}" for verb in ("up", "down") for at in range(4))]
)


def test_examples_in_docstrings_hold():
    assert doctest.testmod(drafting).failed == 0


def test_what_is_stored_survives_being_shown_and_checked(app):
    for kind in ("nps", "csat", "ces"):
        definition = standard_definition(kind, ["en", "ja"])
        with app.test_request_context():
            draft = drafting.draft_from(definition, name="A survey")
            assert from_json(drafting.checked(draft)) == definition


@given(actions=st.lists(ACTIONS, max_size=8))
@settings(max_examples=40, deadline=None)
def test_moving_and_adding_loses_no_question_and_repeats_no_key(actions):
    draft = drafting.draft_from(standard_definition("nps", ["en"]), name="A survey")
    added = 0
    for action in actions:
        drafting.rearrange(draft, action, taken={"comment-2"})
        added += action.startswith("add")
    keys = [question.key for question in draft.questions]
    assert len(keys) == len(set(keys)) == 2 + added
    assert {"score", "comment"} <= set(keys)
    assert "comment-2" not in keys


def test_a_form_cannot_bring_in_a_question_of_another_kind():
    form = {"questions": "1", "name": "x", "q0.key": "score", "q0.kind": "<b>", "q0.text.en": "a"}
    with pytest.raises(BadInput):
        drafting.read_draft(form, kind="nps", languages=["en"])


def test_definitions_are_stored_as_the_rules_write_them(app):
    definition = standard_definition("nps", ["en"])
    with app.test_request_context():
        draft = drafting.draft_from(definition, name="A survey")
        assert drafting.checked(draft) == to_json(definition)


WANTED = [
    {"key": "score", "kind": "nps"},
    {"key": "why", "kind": "text", "text": "Why?", "validation": {"max_chars": 9}},
    {"key": "parts", "kind": "multiple", "text": "Which?", "options": ["a", "b"],
     "validation": {"min_choices": 2, "max_choices": 2}},
]  # fmt: skip


def wanted_draft():
    data = {"kind": "nps", "languages": ["en"], "questions": WANTED}
    return drafting.draft_from(from_json(data), name="A survey")


def test_what_an_answer_has_to_be_survives_being_shown_and_checked(app):
    with app.test_request_context():
        stored = drafting.checked(wanted_draft())
    assert [each.get("validation") for each in stored["questions"]] == [
        None, {"max_chars": 9}, {"min_choices": 2, "max_choices": 2},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("at", "typed", "field"),
    [
        (1, {"min_chars": "10"}, "q1.max_chars"),
        (1, {"max_chars": "many"}, "q1.max_chars"),
        (1, {"max_chars": "10001"}, "q1.max_chars"),
        (1, {"min_chars": "0"}, "q1.min_chars"),
        (1, {"pattern": "own"}, "q1.pattern"),
        (2, {"max_choices": "3"}, "q2.max_choices"),
    ],
)
def test_what_cannot_be_asked_of_an_answer_is_said_at_its_field(app, at, typed, field):
    with app.test_request_context():
        draft = wanted_draft()
        draft.questions[at].validation |= typed
        assert drafting.checked(draft) is None
    assert list(draft.errors) == [field]


def test_full_width_digits_are_numbers(app):
    with app.test_request_context():
        draft = wanted_draft()
        draft.questions[1].validation = {"min_chars": "５"}
        assert drafting.checked(draft)["questions"][1]["validation"] == {"min_chars": 5}
