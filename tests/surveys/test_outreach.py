"""Whom a step of a playbook writes to, and what may stand in its letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.contact_roles import OFFERED
from surveys.fields import FieldError
from surveys.outreach import (
    NO_EMAIL,
    Outreach,
    Person,
    candidates,
    choose,
    outreach_to_json,
    read_outreach,
)

roles = st.frozensets(st.sampled_from([*OFFERED, "Board member"]), max_size=3)
addresses = st.none() | st.sampled_from(["a@x.jp", "A@X.jp ", "b@x.jp", "c@x.jp", "d@x.jp"])
people = st.lists(
    st.builds(Person, st.uuids().map(str), roles, addresses), unique_by=lambda each: each.key
)
outreaches = st.builds(
    Outreach,
    roles=st.lists(st.sampled_from(OFFERED), unique=True, max_size=3).map(tuple),
    most_people=st.integers(1, 4),
)
barred = st.sets(st.sampled_from(["a@x.jp", "b@x.jp"]))


def why_not(barred):
    return lambda each: "unsubscribed" if each.address.strip().lower() in barred else None


@given(people, outreaches, barred)
def test_nobody_is_chosen_who_is_barred_has_no_role_or_no_address(people, outreach, barred):
    by_key = {each.key: each for each in people}
    found = choose(people, outreach, why_not(barred))
    assert len(found.people) <= outreach.most_people
    for key in found.people:
        assert by_key[key].address.strip().lower() not in barred
        assert not outreach.roles or by_key[key].roles & set(outreach.roles)


@given(people, outreaches, barred)
def test_an_address_gets_one_letter_and_everybody_has_one_fate(people, outreach, barred):
    by_key = {each.key: each for each in people}
    found = choose(people, outreach, why_not(barred))
    written_to = [by_key[key].address.strip().lower() for key in found.people]
    assert len(set(written_to)) == len(written_to)
    keys = [*found.people, *(key for key, _ in found.left_out)]
    assert len(set(keys)) == len(keys)


@given(people, outreaches, barred)
def test_who_is_left_out_gives_way_until_there_are_enough(people, outreach, barred):
    found = choose(people, outreach, why_not(barred))
    if len(found.people) < outreach.most_people:
        fates = len(found.people) + len(found.left_out)
        assert fates == len(candidates(people, outreach.roles))
    assert all(
        (reason == NO_EMAIL) == (by.address is None)
        for key, reason in found.left_out
        for by in people
        if by.key == key
    )


@given(people, outreaches, barred, st.randoms())
def test_the_order_in_which_people_are_read_is_irrelevant(people, outreach, barred, random):
    shuffled = list(people)
    random.shuffle(shuffled)
    assert choose(people, outreach, why_not(barred)) == choose(shuffled, outreach, why_not(barred))


LETTER = {"subject": "Hello {account}", "body": "{greeting}\n\nMay we help?\n{sender}"}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("email", {"words": {"en": LETTER, "pt-BR": LETTER}, "roles": ["champion"]}),
        ("survey", {"survey": "0192", "most_people": 1}),
        ("task", {}),
    ],
)
def test_what_is_written_is_read_back(kind, fields):
    found = read_outreach(fields, kind, "step")
    assert read_outreach(outreach_to_json(found), kind, "step") == found


@pytest.mark.parametrize(
    ("kind", "fields", "field"),
    [
        ("email", {}, "step.words"),
        ("email", {"words": {}}, "step.words"),
        ("email", {"words": {"en!": LETTER}}, "step.words"),
        ("email", {"words": {"en": LETTER | {"body": " "}}}, "step.words.en.body"),
        ("email", {"words": {"en": LETTER | {"body": "{score}"}}}, "step.words.en.body"),
        ("email", {"words": {"en": LETTER | {"subject": "{nmae}"}}}, "step.words.en.subject"),
        ("email", {"words": {"en": LETTER}, "survey": "x"}, "step.survey"),
        ("email", {"words": {"en": LETTER}, "roles": ["boss"]}, "step.roles[0]"),
        ("email", {"words": {"en": LETTER}, "most_people": 0}, "step.most_people"),
        ("survey", {}, "step.survey"),
        ("survey", {"survey": "x", "words": {"en": LETTER}}, "step.words"),
        ("task", {"roles": ["user"]}, "step.roles"),
    ],
)
def test_a_wrong_field_is_named(kind, fields, field):
    with pytest.raises(FieldError) as error:
        read_outreach(fields, kind, "step")
    assert error.value.field == field
