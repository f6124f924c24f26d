"""Two versions of a survey: what is different, and what breaks a trend."""

import copy
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.definition_leaves import texts_of
from surveys.definitions import from_json, to_json
from surveys.survey_diff import Given, breaks, diff


def definition(*questions, languages=("en", "ja"), **more):
    return {"kind": "nps", "languages": list(languages), "questions": list(questions)} | more


def text(key, **fields):
    return {"key": key, "kind": "text", "text": {"en": key}, "required": False} | fields


def choice(*options, key="plan", **fields):
    labels = [{"key": each, "label": {"en": each.title()}} for each in options]
    return text(key, options=labels) | {"kind": "choice"} | fields


SCORE = {
    "key": "score", "kind": "nps", "text": {"en": "Recommend us?", "ja": "すすめますか。"},
    "low_label": {"en": "No"}, "high_label": {"en": "Yes"}, "required": True,
}  # fmt: skip

ENTRIES = st.lists(
    st.builds(
        choice,
        key=st.sampled_from("abcdef"),
        text=st.fixed_dictionaries({"en": st.sampled_from(["One?", "Two?"])}),
        required=st.booleans(),
    )
    | st.builds(text, st.sampled_from("abcdef")),
    max_size=6,
    unique_by=lambda entry: entry["key"],
)


def put_together(entries):
    return definition(SCORE, *entries)


DEFINITIONS = st.builds(put_together, ENTRIES)


@given(DEFINITIONS, DEFINITIONS)
def test_there_is_no_difference_only_between_equals(one, other):
    assert diff(one, one).is_empty
    assert diff(one, other).is_empty == (one == other)


@given(DEFINITIONS, DEFINITIONS)
def test_backwards_what_was_added_is_removed_and_words_are_exchanged(one, other):
    there = {each.key: each for each in diff(one, other).questions}
    back = {each.key: each for each in diff(other, one).questions}
    opposite = {"added": "removed", "removed": "added", "changed": "changed", "same": "same"}
    assert {key: opposite[each.state] for key, each in there.items()} == {
        key: each.state for key, each in back.items()
    }
    for key, each in there.items():
        exchanged = {(c.field, c.language, c.after, c.before) for c in back[key].changes}
        assert {(c.field, c.language, c.before, c.after) for c in each.changes} == exchanged


@given(st.permutations("abcdefgh"), st.integers(0, 2**32))
def test_what_did_not_move_stands_in_its_old_order_and_one_taken_out_moves_alone(order, seed):
    one = definition(*map(text, "abcdefgh"))
    found = diff(one, definition(*map(text, order)))
    stayed = [each.key for each in found.questions if not each.moved]
    assert stayed == sorted(stayed)
    drawn = random.Random(seed)
    taken = list("abcdefgh")
    taken.insert(drawn.randrange(8), taken.pop(drawn.randrange(8)))
    moved = [each for each in diff(one, definition(*map(text, taken))).questions if each.moved]
    assert len(moved) <= 1


def test_a_question_is_known_by_its_key_whatever_it_is_called_and_wherever_it_stands():
    one = definition(SCORE, text("why"), text("more"))
    renamed = text("why", text={"en": "Why is that?", "ja": "なぜですか。"})
    found = diff(one, definition(text("more"), SCORE, renamed))
    assert [(each.key, each.state, each.moved) for each in found.questions] == [
        ("more", "same", True), ("score", "same", False), ("why", "changed", False),
    ]  # fmt: skip
    assert [(c.language, c.before, c.after) for c in found.questions[2].changes] == [
        ("en", "why", "Why is that?"), ("ja", None, "なぜですか。"),
    ]  # fmt: skip


def test_a_removed_question_is_told_at_its_old_place():
    found = diff(definition(SCORE, text("a"), text("b")), definition(SCORE, text("b")))
    assert [(each.key, each.state) for each in found.questions] == [
        ("score", "same"), ("a", "removed"), ("b", "same"),
    ]  # fmt: skip


def test_options_are_compared_by_key_too():
    one = definition(SCORE, choice("basic", "pro", "team"))
    other = definition(SCORE, choice("team", "basic", "new"))
    other["questions"][1]["options"][1]["label"] = {"en": "Small"}
    plan = diff(one, other).questions[1]
    assert {(each.key, each.state) for each in plan.options} == {
        ("pro", "removed"), ("new", "added"), ("team", "moved"),
    }  # fmt: skip
    assert [(c.field, c.before, c.after) for c in plan.changes] == [
        (("options", "basic", "label"), "Basic", "Small"),
    ]  # fmt: skip


def test_fields_that_this_module_has_never_heard_of_are_compared():
    branch = {"if": {"question": "score", "op": "<", "value": 7}, "to": "end"}
    one = definition(SCORE, thanks=[{"when": "promoter", "text": {"en": "Thank you!"}}])
    other = copy.deepcopy(one)
    other["questions"][0]["branches"] = [branch]
    other["thanks"][0]["text"]["ja"] = "ありがとうございます。"
    found = diff(one, other)
    assert {c.field: c.after for c in found.questions[0].changes}["branches", "0", "to"] == "end"
    assert [(c.field, c.language) for c in found.others] == [(("thanks", "0", "text"), "ja")]


def test_a_language_that_comes_or_goes_is_told():
    found = diff(definition(SCORE), definition(SCORE, languages=("en", "de")))
    assert (found.languages_added, found.languages_removed) == (("de",), ("ja",))


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({}, None),
        ({"required": False}, None),
        ({"text": {"en": "Recommend us?", "ja": "すすめますか。", "de": "Empfehlen?"}}, None),
        ({"text": {"en": "Would you?", "ja": "すすめますか。"}}, "score_reworded"),
        ({"high_label": {"en": "Very much"}}, "ends_changed"),
        ({"high_label": {"en": "No"}, "low_label": {"en": "Yes"}}, "ends_swapped"),
        ({"kind": "csat"}, "kind_changed"),
        ({"key": "other"}, "score_replaced"),
    ],
)
def test_what_happens_to_the_score_decides_over_its_trend(changed, code):
    found = breaks(definition(SCORE), definition(SCORE | changed, languages=("en", "ja", "de")))
    assert [each.code for each in found] == ([code] if code else [])


def test_only_what_was_answered_breaks_a_trend():
    one = definition(SCORE, choice("basic", "pro"), text("why"))
    other = definition(SCORE, choice("basic"))
    some = Given({"plan": 5}, {("plan", "basic"): 5}, is_all=True)
    assert breaks(one, other, given=some) == ()
    chosen = Given({"plan": 5, "why": 2}, {("plan", "pro"): 3}, is_all=True)
    told = breaks(one, other, given=chosen)
    assert [(each.code, each.option, each.answers) for each in told] == [
        ("option_removed", "pro", 3), ("question_removed", None, 2),
    ]  # fmt: skip
    unknown = Given({"plan": 5}, {("plan", "basic"): 5}, is_all=False)
    assert [each.answers for each in breaks(one, other, given=unknown)] == [None, None]


def matrix(rows, columns):
    parts = {
        name: [{"key": key, "label": {"en": label}} for key, label in given.items()]
        for name, given in (("rows", rows), ("columns", columns))
    }
    return {
        "key": "parts",
        "kind": "matrix",
        "text": {"en": "How good?"},
        "required": False,
        **parts,
    }


def test_rows_and_columns_of_a_matrix_break_trends_as_options_do():
    one = definition(SCORE, matrix({"a": "App", "b": "Help"}, {"a": "Bad", "c": "Good"}))
    other = definition(SCORE, matrix({"a": "Mobile app"}, {"c": "Good"}))
    told = [(each.code, each.option, each.is_certain) for each in breaks(one, other)]
    assert told == [
        ("row_reworded", "a", False), ("row_removed", "b", True), ("column_removed", "a", True),
    ]  # fmt: skip
    some = Given(
        {"parts": 4}, {}, is_all=True, by_row={("parts", "b"): 4}, by_column={("parts", "c"): 4}
    )
    given = breaks(one, other, given=some)
    assert [(each.code, each.answers) for each in given] == [("row_removed", 4)]


def test_every_text_is_found_by_where_it_stands():
    survey = to_json(from_json({"kind": "nps", "languages": ["en", "ja"]}))
    found = texts_of(survey)
    assert ("questions", "score", "low_label") in found
    assert ("questions", "comment", "wording_by_category", "promoter") in found
    assert all(set(each) == {"en", "ja"} for each in found.values())
