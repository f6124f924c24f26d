"""Placeholders in the texts of a survey."""

from hypothesis import given
from hypothesis import strategies as st

from surveys.definitions import from_json
from surveys.piping import fill, filled, has_placeholder, is_personal, unknown

VALUES = st.text(max_size=20)


@given(st.text(alphabet="ab{}|. \n", max_size=40), st.dictionaries(st.just("contact.name"), VALUES))
def test_text_without_a_placeholder_stays_as_it_is(text, facts):
    assert has_placeholder(text) or fill(text, facts) == text


@given(VALUES)
def test_what_is_put_in_is_not_read_again(value):
    assert fill("{contact.name|x}", {"contact.name": "{account.plan}"}) == "{account.plan}"
    once = fill("<{contact.name}>", {"contact.name": value})
    assert once == "<" + " ".join(value.split()) + ">"


def test_a_missing_value_is_said_in_the_words_behind_the_bar():
    text = "Hello {contact.name|there}, you use {attribute.seats|some} seats{account.plan}."
    assert fill(text, {}) == "Hello there, you use some seats."
    assert fill(text, {"contact.name": "  ", "attribute.seats": "5"}) == (
        "Hello there, you use 5 seats."
    )


def test_what_looks_like_a_placeholder_and_is_none_is_named():
    assert unknown("{contact.nmae} {name|you} {attribute.} {account.name} {…} { a }") == [
        "contact.nmae", "name", "attribute.",
    ]  # fmt: skip


def test_a_definition_is_filled_in_every_language_and_for_every_category():
    definition = from_json(
        {
            "kind": "nps",
            "languages": ["en", "ja"],
            "questions": [
                {"key": "score", "kind": "nps", "text": {"en": "{contact.name|You}?", "ja": "?"}},
                {"key": "why", "kind": "text", "text": "Why?",
                 "wording_by_category": {"promoter": {"en": "Nice, {contact.name|you}"}}},
            ],
            "thanks": {"text": {"ja": "{contact.name|お客}様"}},
        }
    )  # fmt: skip
    assert is_personal(definition)
    told = filled(definition, {"contact.name": "Aiko"})
    assert told.primary.text == {"en": "Aiko?", "ja": "?"}
    assert told.questions[1].wording_by_category == {"promoter": {"en": "Nice, Aiko"}}
    assert told.thanks.text == {"ja": "Aiko様"}
    assert not is_personal(told)
