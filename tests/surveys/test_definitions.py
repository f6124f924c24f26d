import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.definitions import (
    MAX_LABEL_CHARS,
    MAX_QUESTIONS,
    Definition,
    DefinitionError,
    from_json,
    standard_definition,
    to_json,
)
from surveys.questions import CONTACT_FIELDS, KINDS, WITH_OPTIONS, scale_of, wording
from surveys.scoring import METRICS, categories

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"),
               min_size=1, max_size=MAX_LABEL_CHARS)  # fmt: skip
TEXT = TEXT.map(str.strip).filter(bool)


def survey(*questions, kind="nps", languages=("en", "ja")):
    return {"kind": kind, "languages": list(languages), "questions": list(questions)}


PRIMARY = {"key": "score", "kind": "nps", "text": "Recommend us?"}


@st.composite
def surveys(draw):
    kind = draw(st.sampled_from(METRICS))
    languages = draw(
        st.lists(st.sampled_from(["en", "ja", "ar", "pt-BR"]), min_size=1, unique=True)
    )
    texts = st.dictionaries(st.sampled_from(languages), TEXT, min_size=1)
    keys = st.text("abz019_-", min_size=1, max_size=64)
    other = [each for each in KINDS if each != kind]

    def entry(key, question_kind):
        data = {"key": key, "kind": question_kind, "text": draw(texts | TEXT)}
        if scale_of(question_kind) is not None:
            data["low_label"] = draw(texts | st.just({}))
        if question_kind == "text":
            data["wording_by_category"] = draw(
                st.dictionaries(st.sampled_from(categories(kind)), texts)
            )
        needs = ["options"] if question_kind in WITH_OPTIONS else []
        for name in ["rows", "columns"] if question_kind == "matrix" else needs:
            chosen = draw(st.lists(keys, min_size=2, max_size=4, unique=True))
            data[name] = [{"key": option, "label": draw(texts)} for option in chosen]
        if question_kind == "contact":
            data["fields"] = draw(st.lists(st.sampled_from(CONTACT_FIELDS), min_size=1))
        data["required"] = question_kind != "statement" and draw(st.booleans())
        return data

    names = draw(st.lists(keys, min_size=1, max_size=5, unique=True))
    chosen_kinds = [kind, *(draw(st.sampled_from(other)) for _ in names[1:])]
    questions = [
        entry(*pair) for pair in zip(names, draw(st.permutations(chosen_kinds)), strict=True)
    ]
    for at, question in enumerate(questions):
        if draw(st.booleans()):
            question["branches"] = [
                {
                    "if": {"question": draw(st.sampled_from(questions[: at + 1]))["key"],
                           "op": "not_answered"},
                    "to": draw(st.sampled_from([*questions, {"key": "end"}]))["key"],
                }
            ]  # fmt: skip
    return {"kind": kind, "languages": languages, "questions": questions}


@given(surveys())
def test_a_definition_comes_back_from_json_as_it_was(data):
    definition = from_json(data)
    stored = json.dumps(to_json(definition), sort_keys=True)  # as a JSONB column would order it
    again = from_json(json.loads(stored))
    assert again == definition
    for before, after in zip(definition.questions, again.questions, strict=True):
        assert list(before.text) == list(after.text)  # the fallback language stays the first


@pytest.mark.parametrize("kind", METRICS)
@pytest.mark.parametrize("languages", [["en"], ["ja"], ["ja", "en"], ["fr", "ar", "ja-JP"]])
def test_the_standard_survey_asks_a_scale_and_then_why_in_every_language(kind, languages):
    definition = standard_definition(kind, languages)
    assert [(q.key, q.kind) for q in definition.questions] == [("score", kind), ("comment", "text")]
    assert definition.primary.required
    assert not definition.open_question.required
    for language in languages:
        asked = {
            wording(definition.open_question, language=language, category=category)
            for category in (*categories(kind), None)
        }
        assert len(asked) == 4
        for texts in (definition.primary.text, definition.primary.low_label):
            assert list(texts) == languages
    assert from_json(to_json(definition)) == definition


def test_japanese_is_asked_in_japanese_and_a_language_we_lack_in_english():
    definition = standard_definition("nps", ["ja", "fr"])
    assert "すすめたい" in wording(definition.primary, language="ja")
    assert "recommend" in wording(definition.primary, language="fr")


def test_wording_of_the_author_is_kept_and_only_gaps_are_filled():
    definition = from_json(survey(PRIMARY, {"key": "why", "kind": "text", "text": "Why?"}))
    assert definition.primary.text == {"en": "Recommend us?"}
    assert definition.primary.high_label["ja"] == "ぜひすすめたい"
    assert definition.open_question.wording_by_category == {}
    assert definition.question("why") is definition.open_question
    assert definition.question("absent") is None


def test_an_option_may_be_a_plain_string():
    definition = from_json(
        survey(PRIMARY, {"key": "c", "kind": "choice", "text": "?", "options": ["a", "b"]})
    )
    assert [(o.key, o.label) for o in definition.question("c").options] == [
        ("a", {"en": "a"}),
        ("b", {"en": "b"}),
    ]


CHOICE = {"key": "c", "kind": "choice", "text": "?", "options": ["a"]}
COMMENT = {"key": "why", "kind": "text", "text": "Why?"}


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (None, "definition"),
        ({}, "kind"),
        ({"kind": ["nps"], "languages": ["en"]}, "kind"),
        ({"kind": "text", "languages": ["en"]}, "kind"),
        ({"kind": "nps"}, "languages"),
        ({"kind": "nps", "languages": []}, "languages"),
        ({"kind": "nps", "languages": "en"}, "languages"),
        ({"kind": "nps", "languages": ["en", "EN"]}, "languages"),
        ({"kind": "nps", "languages": ["en", 5]}, "languages[1]"),
        ({"kind": "nps", "languages": ["../x"]}, "languages[0]"),
        (survey(), "questions"),
        ({**survey(), "questions": {"a": 1}}, "questions"),
        (survey(*[PRIMARY] * (MAX_QUESTIONS + 1)), "questions"),
        (survey("nps"), "questions[0]"),
        (survey(COMMENT), "questions"),
        (survey(PRIMARY, {**PRIMARY, "key": "again"}), "questions"),
        (survey(PRIMARY, {**COMMENT, "key": "score"}), "questions[1].key"),
        (survey({**PRIMARY, "key": "Score"}), "questions[0].key"),
        (survey({**PRIMARY, "key": "a" * 65}), "questions[0].key"),
        (survey({**PRIMARY, "key": "a\n"}), "questions[0].key"),
        (survey({**PRIMARY, "key": None}), "questions[0].key"),
        (survey({**PRIMARY, "kind": "moons"}), "questions[0].kind"),
        (survey({**PRIMARY, "kind": "stars"}), "questions"),
        (survey(PRIMARY, {**COMMENT, "kind": "statement", "required": True}),
         "questions[1].required"),
        (survey(PRIMARY, {**COMMENT, "kind": "matrix", "rows": ["a"]}), "questions[1].columns"),
        (survey(PRIMARY, {**COMMENT, "kind": "contact", "fields": ["fax"]}), "questions[1].fields"),
        (survey(PRIMARY, {**COMMENT, "kind": "ranking", "options": ["a"]}),
         "questions[1].options"),
        (survey(PRIMARY, {**COMMENT, "branches": [{"to": "end"}]}), "questions[1].branches[0]"),
        (survey({**PRIMARY, "kind": {}}), "questions[0].kind"),
        (survey({**PRIMARY, "lable": "x"}), "questions[0].lable"),
        (survey({**PRIMARY, "text": ""}), "questions[0].text.en"),
        (survey({**PRIMARY, "text": {}}), "questions[0].text"),
        (survey({**PRIMARY, "text": 5}), "questions[0].text"),
        (survey({**PRIMARY, "text": {"fr": "Oui?"}}), "questions[0].text.fr"),
        (survey({**PRIMARY, "text": {"ja": "\ud800"}}), "questions[0].text.ja"),
        (survey({**PRIMARY, "text": "a\x00"}), "questions[0].text.en"),
        (survey({**PRIMARY, "text": "x" * 1001}), "questions[0].text.en"),
        (survey({**PRIMARY, "low_label": "x" * 201}), "questions[0].low_label.en"),
        (survey({**PRIMARY, "required": 1}), "questions[0].required"),
        (survey({**PRIMARY, "options": ["a"]}), "questions[0].options"),
        (survey({**PRIMARY, "wording_by_category": {"passive": "?"}}),
         "questions[0].wording_by_category"),
        (survey(PRIMARY, {**COMMENT, "wording_by_category": {"easy": "?"}}),
         "questions[1].wording_by_category.easy"),
        (survey(PRIMARY, {**COMMENT, "low_label": "x"}), "questions[1].low_label"),
        (survey(PRIMARY, {"key": "c", "kind": "choice", "options": ["a"]}), "questions[1].text"),
        (survey(PRIMARY, {**CHOICE, "options": []}), "questions[1].options"),
        (survey(PRIMARY, {**CHOICE, "options": ["a", "a"]}), "questions[1].options"),
        (survey(PRIMARY, {**CHOICE, "options": ["A"]}), "questions[1].options[0].key"),
        (survey(PRIMARY, {**CHOICE, "options": [5]}), "questions[1].options[0]"),
        (survey(PRIMARY, {**CHOICE, "options": [{"key": "a", "label": {}}]}),
         "questions[1].options[0].label"),
        (survey(PRIMARY, {**CHOICE, "options": [f"o{i}" for i in range(101)]}),
         "questions[1].options"),
        (survey(PRIMARY, {**COMMENT, "validation": 5}), "questions[1].validation"),
        (survey(PRIMARY, {**COMMENT, "validation": {"max": 5}}), "questions[1].validation.max"),
        (survey(PRIMARY, {**COMMENT, "validation": {"min_chars": 5, "max_chars": 4}}),
         "questions[1].validation.max_chars"),
        (survey(PRIMARY, {**COMMENT, "validation": {"min_chars": True}}),
         "questions[1].validation.min_chars"),
        (survey(PRIMARY, {**COMMENT, "validation": {"max_chars": 10_001}}),
         "questions[1].validation.max_chars"),
        (survey(PRIMARY, {**COMMENT, "validation": {"pattern": "(a+)+"}}),
         "questions[1].validation.pattern"),
        (survey(PRIMARY, {**COMMENT, "validation": {"pattern": []}}),
         "questions[1].validation.pattern"),
        (survey(PRIMARY, {**CHOICE, "validation": {"max_choices": 1}}),
         "questions[1].validation.max_choices"),
        (survey(PRIMARY, {**CHOICE, "kind": "multiple", "validation": {"max_choices": 9}}),
         "questions[1].validation.max_choices"),
    ],
)  # fmt: skip
def test_a_definition_that_cannot_be_used_names_its_field(data, field):
    with pytest.raises(DefinitionError) as refused:
        from_json(data)
    assert refused.value.field == field
    assert refused.value.message


def test_a_validation_is_kept_and_a_definition_without_one_is_as_it_was():
    wanted = {"min_chars": 3, "max_chars": 9, "pattern": "number"}
    question = {**COMMENT, "validation": wanted}
    stored = to_json(from_json(survey(PRIMARY, question)))
    assert stored["questions"][1]["validation"] == wanted
    assert to_json(from_json(stored)) == stored
    for nothing in ({}, None, {"pattern": ""}, {"min_chars": None}):
        plain = to_json(from_json(survey(PRIMARY, {**COMMENT, "validation": nothing})))
        assert "validation" not in plain["questions"][1]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
NAMES = [
    "key",
    "kind",
    "text",
    "low_label",
    "wording_by_category",
    "options",
    "required",
    "validation",
]


@given(st.dictionaries(st.sampled_from(NAMES), JSON), JSON)
def test_whatever_comes_is_a_definition_or_a_definition_error(fields, languages):
    for data in (survey(PRIMARY, {**COMMENT, **fields}), {"kind": "nps", "languages": languages}):
        try:
            assert isinstance(from_json(data), Definition)
        except DefinitionError as refused:
            refused.field.encode()
            refused.message.encode()
