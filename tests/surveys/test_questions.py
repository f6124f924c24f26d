import json
from contextlib import suppress
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.questions import (
    KINDS,
    MAX_TEXT_CHARS,
    PATTERNS,
    BadAnswer,
    Option,
    Question,
    Validation,
    localised,
    scale_of,
    validate_answer,
    wording,
)

SCALE_KINDS = [kind for kind in KINDS if scale_of(kind) is not None]


YES_NO = (Option("yes", {"en": "Yes"}), Option("no", {"en": "No"}))
NEEDS = {
    **{kind: {"options": YES_NO} for kind in ("choice", "multiple", "ranking")},
    "matrix": {"rows": (Option("a", {}), Option("b", {})), "columns": YES_NO},
    "contact": {"fields": ("name", "email", "phone")},
}


def question(kind, **fields):
    return Question(key="q", kind=kind, text={"en": "?"}, **{**NEEDS.get(kind, {}), **fields})


def test_the_scales_are_fixed():
    sizes = {kind: (scale_of(kind)[0], scale_of(kind)[-1]) for kind in SCALE_KINDS}
    assert sizes == {
        "nps": (0, 10), "csat": (1, 5), "ces": (1, 7), "stars": (1, 5), "faces": (1, 5),
    }  # fmt: skip


def test_a_kind_that_does_not_exist_has_no_scale():
    with pytest.raises(ValueError, match="kind"):
        scale_of("moons")


@pytest.mark.parametrize("kind", SCALE_KINDS)
def test_exactly_the_points_of_the_scale_are_taken(kind):
    taken = []
    for score in range(-3, 15):
        try:
            taken.append(validate_answer(question(kind), score))
        except BadAnswer:
            continue
    assert taken == list(scale_of(kind))


@pytest.mark.parametrize("kind", SCALE_KINDS)
@pytest.mark.parametrize(
    "value",
    [
        *(True, False, "9", "", 9.5, 9.0, 3.0, float("nan"), float("inf")),
        *(-1, 11, 2**63, 10**5000, [9], {"score": 9}, b"9"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_scale_refuses_what_is_not_one_of_its_points(kind, value):
    with pytest.raises(BadAnswer) as refused:
        validate_answer(question(kind), value)
    last = scale_of(kind)[-1]
    assert refused.value.field == "q"
    assert f"to {last}, got " in refused.value.message
    assert len(refused.value.message) < 150


@pytest.mark.parametrize(
    ("value", "shown"),
    [(True, "true"), ("9", "the text '9'"), (9.5, "9.5"), (-1, "-1"), (11, "11"), ([], "a list")],
)
def test_the_refusal_says_what_came(value, shown):
    with pytest.raises(BadAnswer) as refused:
        validate_answer(question("nps"), value)
    assert refused.value.message.endswith(shown)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text() | st.integers(), st.lists))
def test_any_json_value_is_stored_as_it_is_or_refused_with_a_message_that_can_be_sent(value):
    for kind in KINDS:
        try:
            answer = validate_answer(question(kind), value)
        except BadAnswer as refused:
            json.dumps(refused.message).encode()
            refused.message.encode()
        else:
            assert answer is None or (answer == value and type(answer) is type(value))
            assert kind != "statement" or answer is None


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "ok \udfff"])
def test_text_that_a_database_cannot_hold_is_refused(text):
    with pytest.raises(BadAnswer) as refused:
        validate_answer(question("text"), text)
    assert refused.value.code == "bad_characters"


def test_the_longest_text_is_kept_and_one_more_character_refused():
    assert validate_answer(question("text"), "あ" * MAX_TEXT_CHARS) == "あ" * MAX_TEXT_CHARS
    with pytest.raises(BadAnswer, match="10,001"):
        validate_answer(question("text"), "あ" * (MAX_TEXT_CHARS + 1))


@pytest.mark.parametrize("text", ["", "  \n\t", "\u3000", "\u200b\ufeff"])
def test_text_without_a_visible_character_is_no_answer(text):
    assert validate_answer(question("text"), text) is None
    with pytest.raises(BadAnswer, match="required"):
        validate_answer(question("text", required=True), text)


def test_text_comes_back_as_it_was_sent():
    assert validate_answer(question("text"), " 髙﨑𠮷 👨‍👩‍👧 \r\n") == " 髙﨑𠮷 👨‍👩‍👧 \r\n"


@pytest.mark.parametrize("kind", KINDS)
def test_no_answer_is_refused_only_where_one_is_required(kind):
    assert validate_answer(question(kind), None) is None
    with pytest.raises(BadAnswer) as refused:
        validate_answer(question(kind, required=True), None)
    assert refused.value.code == "required"


def test_a_choice_takes_the_keys_of_its_options_only():
    assert validate_answer(question("choice"), "yes") == "yes"
    for value in ("Yes", "maybe", 1, ["yes"], {}):
        with pytest.raises(BadAnswer, match="expected one of yes, no"):
            validate_answer(question("choice"), value)


def test_the_language_of_the_reader_comes_before_the_category():
    asked = Question(
        key="comment",
        kind="text",
        text={"ja": "ご意見を。", "en": "Comments?"},
        wording_by_category={"detractor": {"ja": "何が問題でしたか。"}},
    )
    assert wording(asked, language="ja", category="detractor") == "何が問題でしたか。"
    assert wording(asked, language="ja", category="promoter") == "ご意見を。"
    assert wording(asked, language="en", category="detractor") == "Comments?"
    assert wording(asked, language="ar", category="detractor") == "何が問題でしたか。"
    assert wording(asked, language="ar") == "ご意見を。"


def test_a_language_tag_matches_by_its_base_language_whatever_its_case():
    texts = {"en": "colour", "pt-BR": "cor"}
    assert localised(texts, language="en_GB") == "colour"
    assert localised(texts, language="PT-br") == "cor"


def refusal(asked, value):
    with pytest.raises(BadAnswer) as refused:
        validate_answer(asked, value)
    return refused.value.code


def test_several_options_are_the_same_answer_in_any_order():
    asked = question("multiple")
    assert validate_answer(asked, ["no", "yes"]) == validate_answer(asked, ["yes", "no"])
    assert validate_answer(asked, []) is None
    assert refusal(asked, ["yes", "yes"]) == "repeated"
    assert refusal(asked, ["yes", "maybe"]) == "not_an_option"
    assert refusal(asked, "yes") == "not_a_list"
    assert refusal(question("multiple", required=True), []) == "required"


def test_a_ranking_has_every_option_once_and_keeps_their_order():
    asked = question("ranking")
    assert validate_answer(asked, ["no", "yes"]) == ["no", "yes"]
    assert validate_answer(asked, []) is None
    assert refusal(asked, ["no"]) == "not_all_ranked"
    assert refusal(asked, ["no", "no"]) == "repeated"


def test_a_matrix_takes_a_column_for_each_row_and_needs_all_rows_where_it_is_required():
    asked = question("matrix")
    assert validate_answer(asked, {"b": "yes"}) == {"b": "yes"}
    assert validate_answer(asked, {}) is None
    assert refusal(asked, {"c": "yes"}) == "not_a_row"
    assert refusal(asked, {"a": "maybe"}) == "not_an_option"
    assert refusal(asked, {"a": ["yes"]}) == "not_an_option"
    assert refusal(asked, ["yes"]) == "not_an_object"
    required = question("matrix", required=True)
    assert refusal(required, {"a": "yes"}) == "not_all_rows"
    assert validate_answer(required, {"b": "no", "a": "yes"}) == {"a": "yes", "b": "no"}


def test_a_consent_that_is_required_has_to_be_given():
    assert [validate_answer(question("consent"), each) for each in (True, False)] == [True, False]
    assert refusal(question("consent", required=True), False) == "not_agreed"
    assert refusal(question("consent"), 1) == "not_true_or_false"
    assert refusal(question("consent"), "true") == "not_true_or_false"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"email": "aiko"}, "bad_email"), ({"email": "a@b"}, "bad_email"),
        ({"email": "a@example.jp, b@example.jp"}, "bad_email"),
        ({"phone": "call me"}, "bad_phone"), ({"fax": "1"}, "not_a_field"),
        ({"name": "x" * 201}, "too_long"), ({"name": 5}, "not_text"), ("Aiko", "not_an_object"),
        ({"name": "a\x00"}, "bad_characters"),
    ],
)  # fmt: skip
def test_contact_details_that_cannot_be_used_are_refused(given, code):
    assert refusal(question("contact"), given) == code


def test_contact_details_are_kept_without_what_was_left_empty():
    given = {"email": " a.mori+x@例え.jp ", "name": " 森  愛子 ", "phone": ""}
    assert validate_answer(question("contact"), given) == {
        "name": "森 愛子", "email": "a.mori+x@例え.jp",
    }  # fmt: skip
    assert validate_answer(question("contact"), {"name": " "}) is None
    assert validate_answer(question("contact"), {"phone": "+81 (0)3-1234-5678"})
    assert refusal(question("contact", required=True), {"name": ""}) == "required"


def test_a_statement_takes_no_answer():
    assert validate_answer(question("statement"), None) is None
    assert refusal(question("statement"), "read") == "only_read"


def written(text, **wanted):
    question = Question("why", "text", {"en": "?"}, validation=Validation(**wanted))
    return validate_answer(question, text)


@pytest.mark.parametrize(
    ("text", "wanted", "code"),
    [
        (" four ", {"min_chars": 5}, "too_short"),
        ("seven77", {"max_chars": 6}, "too_long"),
        ("name@example", {"pattern": "email"}, "bad_email"),
        ("twelve", {"pattern": "number"}, "bad_number"),
        ("12.", {"pattern": "number"}, "bad_number"),
        ("100-00012", {"pattern": "postcode_jp"}, "bad_postcode_jp"),
    ],
)
def test_a_text_that_is_not_as_wanted_is_refused(text, wanted, code):
    with pytest.raises(BadAnswer) as refused:
        written(text, **wanted)
    assert (refused.value.field, refused.value.code) == ("why", code)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("four ", {"min_chars": 4, "max_chars": 4}),
        ("髙﨑👍", {"max_chars": 3}),
        ("name@example.com", {"pattern": "email"}),
        ("－1,234.5", {"pattern": "number"}),
        ("〒１００－０００１", {"pattern": "postcode_jp"}),
    ],
)
def test_a_text_as_wanted_comes_back_as_it_was_sent(text, wanted):
    assert written(text, **wanted) == text


def test_no_text_is_no_answer_whatever_is_wanted_of_one():
    assert written(" ", min_chars=5, pattern="email") is None


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("piece", ["1", "1.", "a@", "@.", ".a", "1-", ","])
def test_no_text_keeps_a_pattern_busy(pattern, piece):
    text = (piece * MAX_TEXT_CHARS)[:MAX_TEXT_CHARS]
    began = perf_counter()
    for each in (text, f"a@{text}"[:MAX_TEXT_CHARS]):
        with suppress(BadAnswer):
            written(each, pattern=pattern)
    assert perf_counter() - began < 0.5


@pytest.mark.parametrize(
    ("chosen", "code"), [(["a"], "too_few"), (["a", "b", "c", "d"], "too_many")]
)
def test_too_few_and_too_many_options_are_refused(chosen, code):
    options = tuple(Option(key, {"en": key}) for key in "abcd")
    wanted = Validation(min_choices=2, max_choices=3)
    question = Question("why", "multiple", {"en": "?"}, options=options, validation=wanted)
    assert validate_answer(question, ["b", "a"]) == ["a", "b"]
    assert validate_answer(question, []) is None
    with pytest.raises(BadAnswer) as refused:
        validate_answer(question, chosen)
    assert refused.value.code == code
