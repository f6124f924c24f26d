"""Surveys of LimeSurvey and SurveyJS become ours; what cannot be taken is named with its reason."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.definitions import from_json
from surveys.imported_survey import NoSurvey, plain
from surveys.importing_limesurvey import read_lss
from surveys.importing_surveyjs import read_surveyjs


def table(name, *rows):
    cells = "".join(
        "<row>" + "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in row.items()) + "</row>"
        for row in rows
    )
    return f"<{name}><fields/><rows>{cells}</rows></{name}>"


def lss(*tables, languages=("en", "ja")):
    named = "".join(f"<language>{tag}</language>" for tag in languages)
    survey = table("surveys", {"sid": 1, "language": languages[0]})
    titles = [{"surveyls_language": tag, "surveyls_title": f"Title {tag}"} for tag in languages]
    return (
        '<?xml version="1.0" encoding="UTF-8"?><document>'
        "<LimeSurveyDocType>Survey</LimeSurveyDocType><DBVersion>479</DBVersion>"
        f"<languages>{named}</languages>{''.join(tables)}{survey}"
        f"{table('surveys_languagesettings', *titles)}</document>"
    ).encode()


def question(qid, their, *, order=1, **more):
    return {"qid": qid, "parent_qid": 0, "gid": 1, "type": their, "title": f"Q{qid}",
            "question_order": order, "mandatory": "N", "relevance": "1"} | more  # fmt: skip


def text_row(qid, language, text):
    return {"qid": qid, "language": language, "question": text}


NEW = lss(
    table("questions", question(10, "L", order=2, mandatory="Y"), question(11, "T", order=3),
          question(12, "L", order=1), question(13, "D", order=4), question(14, "X", order=5),
          question(15, "Y", order=6, relevance="Q10 > 3")),
    table("question_l10ns", text_row(10, "en", "<p>Recommend <b>us</b>?</p>"),
          text_row(10, "ja", "すすめますか。"), text_row(11, "en", "Why &amp; how?"),
          text_row(12, "en", "Which plan?"), text_row(13, "en", "When?"),
          text_row(14, "en", "Welcome"), text_row(15, "en", "Again?")),
    table("answers", *({"aid": 100 + n, "qid": 10, "code": f"A{n}", "sortorder": n}
                       for n in range(11)),
          {"aid": 201, "qid": 12, "code": "PRO", "sortorder": 2},
          {"aid": 200, "qid": 12, "code": "BASIC", "sortorder": 1}),
    table("answer_l10ns", *({"aid": 100 + n, "language": "en", "answer": str(n)}
                            for n in range(1, 10)),
          {"aid": 100, "language": "en", "answer": "0 - Not at all"},
          {"aid": 100, "language": "ja", "answer": "0 まったく"},
          {"aid": 110, "language": "en", "answer": "10 - Gladly"},
          {"aid": 200, "language": "en", "answer": "Basic"},
          {"aid": 200, "language": "ja", "answer": "ベーシック"},
          {"aid": 201, "language": "en", "answer": "Pro"}),
)  # fmt: skip


def test_a_structure_of_limesurvey_4_and_later_is_read():
    found = read_lss(NEW)
    data = found.definition
    assert (found.name, data["kind"], data["languages"]) == ("Title en", "nps", ["en", "ja"])
    assert [(q["key"], q["kind"]) for q in data["questions"]] == [
        ("q12", "choice"), ("q10", "nps"), ("q11", "text"), ("q14", "statement"),
        ("q15", "choice"),
    ]  # fmt: skip
    plan, score, why, _welcome, again = data["questions"]
    assert plan["options"] == [
        {"key": "basic", "label": {"en": "Basic", "ja": "ベーシック"}},
        {"key": "pro", "label": {"en": "Pro"}},
    ]  # fmt: skip
    assert score["text"] == {"en": "Recommend us?", "ja": "すすめますか。"}
    assert score["low_label"] == {"en": "Not at all", "ja": "まったく"}
    assert score["high_label"] == {"en": "Gladly"}
    assert (score["required"], why["required"]) == (True, False)
    assert why["text"] == {"en": "Why & how?"}
    assert again["options"][0]["label"] == {"en": "Yes", "ja": "はい"}


def test_what_limesurvey_has_and_we_have_not_is_named_with_its_reason():
    reasons = {(each.what, each.reason, each.detail) for each in read_lss(NEW).left_out}
    assert ("Q13", "kind", "date") in reasons
    assert ("Q15", "logic", "") in reasons


def test_a_structure_of_limesurvey_3_and_earlier_is_read():
    old = lss(
        table("answers", *({"qid": 5, "code": str(n), "answer": f"{n}", "sortorder": n,
                            "language": tag, "scale_id": 0}
                           for n in range(1, 6) for tag in ("en", "ja"))),
        table("questions", question(5, "!", question="Happy?", language="en"),
              question(5, "!", question="満足ですか。", language="ja"),
              question(6, "S", question="Why?", language="en", order=2)),
    )  # fmt: skip
    data = read_lss(old).definition
    assert [(q["kind"], q["text"]) for q in data["questions"]] == [
        ("csat", {"en": "Happy?", "ja": "満足ですか。"}), ("text", {"en": "Why?"}),
    ]  # fmt: skip


def test_several_options_and_rankings_keep_theirs():
    several = read_lss(lss(
        table("questions", question(1, "M", question="Which of these?"),
              question(2, "R", question="In which order?", order=2)),
        table("subquestions", {"qid": 8, "parent_qid": 1, "title": "B", "question": "Two",
                               "question_order": 2},
              {"qid": 9, "parent_qid": 1, "title": "A", "question": "One", "question_order": 1}),
        table("answers", {"qid": 2, "code": "X", "answer": "First", "sortorder": 1},
              {"qid": 2, "code": "Y", "answer": "Second", "sortorder": 2}),
    )).definition["questions"]  # fmt: skip
    assert [(q["kind"], [o["key"] for o in q.get("options", ())]) for q in several[:2]] == [
        ("multiple", ["a", "b"]), ("ranking", ["x", "y"]),
    ]  # fmt: skip
    js = {"elements": [{"type": "checkbox", "name": "c", "choices": ["one", "two"]},
                       {"type": "html", "name": "h", "html": "<b>Welcome</b>"}]}  # fmt: skip
    many, words, _score = read_surveyjs(as_file(js)).definition["questions"]
    assert (many["kind"], words["kind"], words["text"]) == (
        "multiple", "statement", {"en": "Welcome"},
    )  # fmt: skip


def test_without_a_scale_the_standard_question_is_added_and_said():
    found = read_lss(lss(table("questions", question(1, "T", question="Why?"))))
    assert [q["kind"] for q in found.definition["questions"]] == ["text", "nps"]
    assert not found.definition["questions"][1]["required"]
    assert [each.reason for each in found.left_out] == ["score_added"]


def test_a_second_scale_of_the_score_becomes_a_choice_of_its_numbers():
    found = read_lss(lss(table("questions", question(1, "5", question="Happy with us?"),
                               question(2, "5", question="With support?", order=2))))  # fmt: skip
    first, second = found.definition["questions"]
    assert (first["kind"], second["kind"]) == ("csat", "choice")
    assert [option["key"] for option in second["options"]] == ["1", "2", "3", "4", "5"]
    assert [each.reason for each in found.left_out] == ["second_scale"]


BOMB = b'<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><document>&b;</document>'


@pytest.mark.parametrize(
    "file",
    [b"", b"<document/>", b"{}", BOMB, lss(), lss(languages=("not a tag",)),
     lss(table("questions", question(1, "F", question="A table"), question(2, "D")))],
)  # fmt: skip
def test_what_is_no_limesurvey_survey_is_refused(file):
    with pytest.raises(NoSurvey):
        read_lss(file)


SURVEYJS = {
    "locale": "ja",
    "title": {"default": "調査", "en": "Survey"},
    "pages": [
        {"name": "one", "elements": [
            {"type": "rating", "name": "nps_score", "isRequired": True, "rateMin": 0, "rateMax": 10,
             "title": {"default": "すすめますか。", "en": "Recommend us?"},
             "minRateDescription": {"default": "いいえ", "en": "No"}, "maxRateDescription": "はい"},
            {"type": "panel", "name": "p", "elements": [
                {"type": "radiogroup", "name": "plan", "title": {"en": "Which plan?"},
                 "hasOther": True, "choices": ["basic", {"value": "pro", "text": {"en": "Pro"}}]},
                {"type": "boolean", "name": "again", "labelTrue": "使う"}]},
            {"type": "rating", "name": "three", "rateMax": 3}]},
        {"name": "two", "visibleIf": "{nps_score} < 7", "elements": [
            {"type": "comment", "name": "why"},
            {"type": "text", "name": "mail", "inputType": "email"},
            {"type": "text", "name": "age", "inputType": "number"},
            {"type": "signaturepad", "name": "sign"},
            {"type": "dropdown", "name": "empty"}]},
    ],
}  # fmt: skip


def as_file(data):
    return json.dumps(data).encode()


def test_a_survey_of_surveyjs_is_read_with_its_languages():
    found = read_surveyjs(as_file(SURVEYJS))
    data = found.definition
    assert (found.name, data["kind"], data["languages"]) == ("調査", "nps", ["ja", "en"])
    assert [(q["key"], q["kind"]) for q in data["questions"]] == [
        ("nps_score", "nps"), ("plan", "choice"), ("again", "choice"), ("three", "choice"),
        ("why", "text"), ("mail", "text"),
    ]  # fmt: skip
    score, plan, again, three, *_others = data["questions"]
    assert score["text"] == {"ja": "すすめますか。", "en": "Recommend us?"}
    assert (score["low_label"], score["high_label"]) == (
        {"ja": "いいえ", "en": "No"},
        {"ja": "はい"},
    )
    assert score["required"]
    assert [option["key"] for option in plan["options"]] == ["basic", "pro"]
    assert again["options"][0]["label"] == {"ja": "使う"}
    assert [option["key"] for option in three["options"]] == ["1", "2", "3"]


def test_words_beside_those_of_the_surveys_own_language_are_kept_as_english():
    title = {"default": "How was it?", "ja": "いかがでしたか。"}
    words = {"type": "comment", "name": "why", "title": {"default": "なぜですか。"}}
    survey = {"locale": "ja", "elements": [{"type": "rating", "name": "a", "title": title}, words]}
    found = read_surveyjs(as_file(survey)).definition
    assert found["languages"] == ["ja", "en"]
    texts = [question["text"] for question in found["questions"]]
    assert texts[0] == {"ja": "いかがでしたか。", "en": "How was it?"}
    assert texts[1]["ja"] == "なぜですか。"


def test_what_surveyjs_has_and_we_have_not_is_named_with_its_reason():
    reasons = {(each.what, each.reason) for each in read_surveyjs(as_file(SURVEYJS)).left_out}
    assert reasons >= {
        ("two", "logic"), ("plan", "other_option"), ("age", "kind"), ("sign", "kind"),
        ("empty", "no_options"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rating", "kind"),
    [({"rateMin": 0, "rateMax": 10}, "nps"), ({}, "csat"), ({"rateMax": 7}, "ces"),
     ({"rateCount": 7}, "ces"), ({"rateValues": [1, 2, 3, 4, 5]}, "csat"),
     ({"rateMax": 10}, "choice"), ({"rateMin": 0, "rateMax": 10, "rateStep": 5}, "choice")],
)  # fmt: skip
def test_a_rating_is_the_scale_whose_points_it_has(rating, kind):
    element = {"type": "rating", "name": "r", "title": "Rate"} | rating
    found = read_surveyjs(as_file({"elements": [element]})).definition
    assert found["questions"][0]["kind"] == kind


@pytest.mark.parametrize(
    "file", [b"", b"[]", b"{}", b"[" * 100_000, b'{"pages": [{"elements": []}]}', b"\xff\xfe",
             b'{"elements": [{"type": "file", "name": "x"}]}', b'{"pages": 3}'],
)  # fmt: skip
def test_what_is_no_surveyjs_survey_is_refused(file):
    with pytest.raises(NoSurvey):
        read_surveyjs(file)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 12) | st.text(max_size=5)
    | st.sampled_from(["rating", "radiogroup", "comment", "panel", "boolean"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["type", "name", "title", "choices", "elements", "pages", "rateValues",
                         "rateMin", "value", "text", "default", "ja", "locale"]),
        inner, max_size=5),
    max_leaves=25,
)  # fmt: skip


@given(JSON)
def test_whatever_comes_is_a_valid_survey_or_is_refused(data):
    try:
        found = read_surveyjs(as_file({"elements": [data, data]}))
    except NoSurvey:
        return
    from_json(found.definition)


def test_a_survey_with_more_than_fits_says_what_was_cut():
    many = [{"type": "comment", "name": f"q{n}", "title": "x" * 1_001} for n in range(60)]
    found = read_surveyjs(as_file({"elements": many}))
    reasons = [each.reason for each in found.left_out]
    assert len(found.definition["questions"]) == 50
    assert reasons.count("too_many") == 11
    assert "too_long" in reasons


def test_scripts_and_markup_of_a_text_are_gone_and_lines_stay():
    assert plain("<p>One</p><script>alert(1)</script><p>&lt;b&gt; two</p>") == "One\n<b> two"


def test_placeholders_of_another_product_do_not_keep_the_survey_from_being_stored():
    texts = {"default": "Dear {name}, rate {name} and {contact.name}", "ja": "{name}さん"}
    found = read_surveyjs(as_file({"elements": [{"type": "comment", "name": "q", "title": texts}]}))
    assert found.definition["questions"][0]["text"] == {
        "en": "Dear [name], rate [name] and {contact.name}", "ja": "[name]さん"
    }  # fmt: skip
    left = [(each.reason, each.detail) for each in found.left_out]
    assert left.count(("placeholder", "name")) == 1


def test_a_file_in_an_encoding_that_is_not_read_is_refused():
    document = '<?xml version="1.0" encoding="Shift_JIS"?><document>調査</document>'
    with pytest.raises(NoSurvey, match="UTF-8"):
        read_lss(document.encode("shift_jis"))


def test_half_a_character_in_a_name_is_refused_as_no_page_could_show_it():
    with pytest.raises(NoSurvey, match="surrogate"):
        read_surveyjs(b'{"elements": [{"type": "file", "name": "\\ud800"}, {"type": "comment"}]}')


def test_choices_that_are_no_list_are_none():
    asked = {"name": "q", "title": "?", "choices": 5}
    with pytest.raises(NoSurvey):
        read_surveyjs(as_file({"elements": [{"type": "radiogroup", **asked}]}))


def validations(found):
    by_key = {each["key"]: each for each in found.definition["questions"]}
    return {key: each["validation"] for key, each in by_key.items() if "validation" in each}


def not_taken(found):
    return [(each.what, each.detail) for each in found.left_out if each.reason == "validation"]


def test_surveyjs_says_what_an_answer_has_to_be():
    several = {"type": "checkbox", "choices": ["a", "b", "c"]}
    found = read_surveyjs(json.dumps({"elements": [
        {"type": "comment", "name": "long", "maxLength": 200,
         "validators": [{"type": "text", "minLength": 5}]},
        {"type": "text", "name": "mail", "validators": [{"type": "email"}]},
        {"type": "text", "name": "seats", "validators": [{"type": "numeric", "minValue": 1}]},
        {"type": "text", "name": "own", "maxLength": -1,
         "validators": [{"type": "regex", "regex": "(a+)+$"}, {"type": "expression"}]},
        {**several, "name": "some", "minSelectedChoices": 1, "maxSelectedChoices": 2},
        {**several, "name": "counted", "validators": [{"type": "answercount", "minCount": 2}]},
        {**several, "name": "never", "minSelectedChoices": 4},
    ]}).encode())  # fmt: skip
    assert validations(found) == {
        "long": {"min_chars": 5, "max_chars": 200},
        "mail": {"pattern": "email"},
        "seats": {"pattern": "number"},
        "some": {"max_choices": 2},
        "counted": {"min_choices": 2},
    }
    assert not_taken(found) == [
        ("seats", "numeric"), ("own", "(a+)+$"), ("own", "expression"), ("never", "4–"),
    ]  # fmt: skip


def test_limesurvey_says_what_an_answer_has_to_be():
    wanted = [(1, "maximum_chars", "80"), (3, "min_answers", "2"), (3, "max_answers", "{Q9}")]
    found = read_lss(lss(
        table("questions", question(1, "T", preg=r"/^\d{3}-?\d{4}$/"),
              question(2, "S", order=2, preg="/^(a+)+$/"), question(3, "M", order=3),
              *({"qid": 30 + n, "parent_qid": 3, "title": f"S{n}", "question_order": n}
                for n in range(3))),
        table("question_l10ns", *(text_row(qid, "en", "Words?") for qid in (1, 2, 3)),
              *(text_row(30 + n, "en", f"Option {n}") for n in range(3))),
        table("question_attributes",
              *({"qid": qid, "attribute": name, "value": value} for qid, name, value in wanted)),
    ))  # fmt: skip
    assert validations(found) == {
        "q1": {"max_chars": 80, "pattern": "postcode_jp"}, "q3": {"min_choices": 2},
    }  # fmt: skip
    assert sorted(not_taken(found)) == [("Q2", "/^(a+)+$/"), ("Q3", "{Q9}")]
