"""Telephone numbers of people: one form wherever they come in, and gone with the person."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.phone_numbers import how_written, normalised, readable
from tests.connecting.test_import import Importing
from vocapp.succeeding.names import named

NUMBER = "+819012345678"


@pytest.fixture
def importing(api, tmp_path) -> Importing:
    return Importing(api.workspace_id, tmp_path)


def save(api, key="ann", **facts):
    return api.post("/api/v1/contacts", {"external_id": key, "name": key.title(), **facts})


mobiles = st.integers(min_value=10_000_000, max_value=99_999_999).map(lambda n: f"+8190{n}")
BLANKS = st.sampled_from(["", " ", "-", "－", " (0)"])


@given(mobiles, BLANKS, st.booleans())
def test_a_number_is_one_however_it_is_written(number, blank, full_width):
    parts = ["+81", number[3:5], number[5:9], number[9:]]
    text = parts[0] + blank + (blank if blank != " (0)" else " ").join(parts[1:])
    if full_width:
        text = text.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    assert normalised(text) == number
    assert normalised("0" + "-".join(parts[1:]), region="JP") == number
    assert normalised(readable(number)) == number
    assert re.search(how_written(number), f"Call {text}, please.")


@pytest.mark.parametrize(
    "typed", ["n/a", "090-1234-5678", "+81 12", "+999 1234567", "+819012345678 ext. 5", "9" * 60]
)
def test_what_is_no_number_is_refused_by_its_field(api, typed):
    answer = save(api, phone=typed)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == ["phone"]


def test_a_number_is_kept_in_one_form_and_can_be_taken_away(any_api):
    assert save(any_api).json["phone"] is None
    assert save(any_api, phone="+81 (0)90-1234-5678").json["phone"] == NUMBER
    assert save(any_api, name="Ann B.").json["phone"] == NUMBER  # nothing was said of it
    assert save(any_api, phone=" ").json["phone"] is None


def test_a_number_of_an_invitation_is_taken_over_and_a_bad_one_named(api):
    api.survey()
    person = {"external_id": "ann", "email": "a@example.com", "phone": NUMBER}
    asked = api.post("/api/v1/invitations", {"survey": "nps", "contact": person})
    assert asked.status_code == 201
    assert save(api).json["phone"] == NUMBER
    bad = api.post("/api/v1/invitations", {"survey": "nps", "contact": person | {"phone": "x"}})
    assert [error["field"] for error in bad.json["errors"]] == ["contact.phone"]


def test_a_file_may_write_the_numbers_of_its_country(importing, api):
    text = "id,電話番号\nann,090-1234-5678\nben,+44 20 7946 0958\ncem,なし\ndan,\n"
    tally = importing("contacts", text).tally
    assert tally.counts == {"stored": 3, "rejected": 1}
    (rejected,) = importing.rejected()
    assert rejected["id"] == "cem"
    assert rejected["rejected_reason"].endswith("expected a telephone number")
    assert rejected["rejected_reason"].startswith("電話番号: ")
    assert [save(api, key).json["phone"] for key in ("ann", "ben", "dan")] == [
        NUMBER, "+442079460958", None,
    ]  # fmt: skip


def test_of_two_records_that_become_one_the_newer_number_holds(api):
    save(api, "u1", phone="+819011112222")
    save(api, "u2", phone=NUMBER)
    body = {"keep": {"external_id": "u1"}, "merge": {"external_id": "u2"}}
    assert api.post("/api/v1/contacts/merge", body).json["phone"] == NUMBER


def test_the_number_of_somebody_who_is_forgotten_is_found_in_notes_however_it_is_written():
    pattern = named("Ann Lee", None, number=how_written(NUMBER))
    assert pattern.sub("…", "Ann Lee: 090-1234-5678 or +81 90 1234 5678, not 090-1234-56789") == (
        "…: … or …, not 090-1234-56789"
    )


def test_a_colleague_writes_a_number_down_and_what_was_typed_wrong_stays(api, staff):
    contact_id = save(api).json["id"]
    page = staff()
    url = f"/contacts/{contact_id}"
    wrong = page.post(f"{url}/phone", {"phone": "ask <her>"})
    assert wrong.status_code == 422
    assert 'value="ask &lt;her&gt;"' in wrong.text
    assert "no telephone number" in wrong.text
    assert page.post(f"{url}/phone", {"phone": "+81 (0)90 1234 5678"}).status_code == 303
    shown = page.get(url).text
    assert 'href="tel:+819012345678"' in shown
    assert "+81 90-1234-5678" in shown
    assert page.post(f"{url}/phone", {"phone": ""}).status_code == 303
    assert "tel:" not in page.get(url).text
