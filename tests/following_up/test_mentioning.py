"""@name in a note tells a colleague."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from vocapp.database import utcnow
from vocapp.following_up.mentioning import mark_seen, mark_unseen, mentioned, unseen
from vocapp.following_up.service import Change, change_follow_up
from vocapp.following_up.undoing import undo
from vocapp.workspaces.reach import WHOLE_WORKSPACE as ALL
from vocapp.workspaces.reach import OwnAccounts

AIKO, ANN, ANNA, SATO = (UUID(int=number) for number in range(1, 5))
NAMES = {AIKO: "Aiko Mori", ANN: "Ann", ANNA: "Anna Lind", SATO: "佐藤 愛子"}


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("@Aiko Mori please call", {AIKO}),
        ("@aiko, please call", {AIKO}),
        ("ask ＠ＡＮＮ", {ANN}),
        ("@Ann and @Anna", {ANN, ANNA}),
        ("お願いします@佐藤 愛子さん", {SATO}),
        ("@佐藤さん、確認をお願いします", {SATO}),
        ("mail mika@aiko.example", set()),
        ("@Annabel", set()),
        ("@everybody", set()),
        ("Aiko Mori", set()),
    ],
)
def test_a_name_after_the_sign_is_somebody(text, who):
    assert mentioned(text, NAMES) == who


def test_a_first_name_that_two_have_is_nobody_s():
    assert mentioned("@Aiko", {AIKO: "Aiko Mori", ANN: "Aiko Sato"}) == set()
    assert mentioned("@Aiko Sato", {AIKO: "Aiko Mori", ANN: "Aiko Sato"}) == {ANN}


@pytest.fixture
def case(any_api, handle, case_of):
    any_api.survey()
    given = any_api.respond(score=2, comment="Slow", account={"external_id": "a", "name": "Acme"})
    handle()
    return case_of(given.json["id"])


@pytest.fixture
def note(case, colleague):
    """`note(text)` by Ben; `note.aiko` and `note.ben` are members."""
    ben = colleague(case.workspace_id, name="Ben")

    def write(text):
        return change_follow_up(
            case.workspace_id, case.id, Change(note=text), reach=ALL, actor_user_id=ben,
            now=utcnow(),
        )  # fmt: skip

    write.ben, write.aiko = ben, colleague(case.workspace_id, name="Aiko")
    return write


def told(case, user_id, reach=ALL):
    return unseen(case.workspace_id, user_id, reach=reach)


def test_who_is_mentioned_is_told_until_it_was_seen(case, note):
    note("@Aiko do you know them?")
    (found,) = told(case, note.aiko)
    assert (found.case_id, found.by, found.who) == (case.id, "Ben", "Acme")
    assert told(case, note.ben) == []
    now = utcnow()
    assert mark_seen(case.workspace_id, note.ben, [found.id], now=now) == 0
    assert mark_seen(case.workspace_id, note.aiko, [found.id], now=now) == 1
    assert told(case, note.aiko) == []
    mark_unseen(case.workspace_id, note.aiko, [found.id])
    assert told(case, note.aiko) == [found]


def test_oneself_is_not_told_and_nobody_twice_by_one_note(case, note):
    note("@Ben @Aiko @aiko")
    assert told(case, note.ben) == []
    assert len(told(case, note.aiko)) == 1


def test_a_note_that_was_taken_back_tells_nobody(case, note):
    done = note("@Aiko wrong case, sorry")
    undo(case.workspace_id, done.undo, reach=ALL, actor_user_id=note.ben, now=utcnow())
    assert told(case, note.aiko) == []


def test_who_may_not_open_the_case_is_not_told_what_stands_in_it(case, note):
    note("@Aiko look")
    assert told(case, note.aiko, reach=OwnAccounts(note.aiko)) == []


def test_it_stands_on_the_first_page_and_leaves_it_when_seen(
    api, staff, handle, case_of, colleague
):
    api.survey()
    given = api.respond(score=2, comment="Slow", account={"external_id": "a", "name": "Acme"})
    handle()
    case, ben = case_of(given.json["id"]), colleague(api.workspace_id, name="Ben")
    person = staff("success")  # is called Success
    change_follow_up(
        case.workspace_id, case.id, Change(note="@Success can you help?"), reach=ALL,
        actor_user_id=ben, now=utcnow(),
    )  # fmt: skip
    page = person.get("/").text
    assert "can you help?" in page
    (found,) = told(case, person_id(person))
    person.post("/follow-ups/mentions/seen", {"id": [str(found.id)]})
    page = person.get("/").text
    assert "can you help?" not in page
    (undoing,) = re.findall(r'action="(/follow-ups/mentions/unseen/[^"]+)"', page)
    person.post(undoing)
    assert "can you help?" in person.get("/").text


def person_id(browser):
    return UUID(browser.get("/account").text.split("/people/")[1].split("/hours")[0])
