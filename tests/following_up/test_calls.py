"""Calls and meetings are written down with one short form."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from vocapp.database import snapshot, utcnow
from vocapp.following_up import calls, undoing
from vocapp.following_up.calls import Talk
from vocapp.following_up.models import FollowUp
from vocapp.following_up.service import Change, change_follow_up
from vocapp.people.service import erase_contact
from vocapp.problems import BadInput, NotFound
from vocapp.workspaces.reach import WHOLE_WORKSPACE as ALL


def reload(case):
    with snapshot() as session:
        return session.get_one(FollowUp, (case.workspace_id, case.id))


def person_of(api, external_id, **fields):
    answer = api.post("/api/v1/contacts", {"external_id": external_id, **fields})
    assert answer.status_code in {200, 201}, answer.text
    return UUID(answer.json["id"])


@pytest.fixture
def case(any_api, handle, case_of):
    any_api.survey()
    answered = any_api.respond(
        score=1, comment="The report is empty every Friday",
        contact={"external_id": "u1", "name": "Mika Sato"}, account={"external_id": "acme"},
    )  # fmt: skip
    handle()
    return case_of(answered.json["id"])


@pytest.fixture
def me(any_api, colleague):
    return colleague(any_api.workspace_id)


def log(case, me, **fields):
    talk = {"way": "call", "reached": True, "held_at": utcnow()} | fields
    return calls.log_talk(
        case.workspace_id,
        case.id,
        Talk(**talk),
        reach=ALL,
        actor_user_id=me,
        now=utcnow(),
    )


def test_who_was_reached_has_been_contacted_at_the_time_of_the_talk(case, me, lines_of):
    held = utcnow()
    log(case, me, held_at=held, with_contact_id=case.contact_id, note="  Wants a call back ")
    stored = reload(case)
    assert (stored.state, stored.first_contact_at) == ("contacted", held)
    line = lines_of(case)[-1]
    assert (line.kind, line.note, line.contact_id) == ("call", "Wants a call back", case.contact_id)


def test_a_try_in_vain_is_written_down_and_moves_nothing(case, me, lines_of):
    log(case, me, reached=False)
    stored = reload(case)
    assert (stored.state, stored.first_contact_at) == ("open", None)
    assert lines_of(case)[-1].detail["reached"] is False


def test_an_earlier_talk_written_down_later_makes_the_first_contact_earlier(case, me):
    log(case, me, held_at=utcnow())
    with snapshot() as session:
        opened = session.get_one(FollowUp, (case.workspace_id, case.id)).opened_at
    log(case, me, way="meeting", held_at=opened - timedelta(days=2))
    assert reload(case).first_contact_at == opened  # never before there was a case


def test_a_talk_does_not_open_what_has_ended(case, me):
    change_follow_up(
        case.workspace_id, case.id, Change(state="resolved", outcome="solved"),
        reach=ALL, actor_user_id=me, now=utcnow(),
    )  # fmt: skip
    log(case, me, way="chat")
    assert reload(case).state == "resolved"


def test_it_is_undone_with_what_was_noted(case, me, lines_of):
    done = log(case, me, note="Angry")
    undoing.undo(case.workspace_id, done.undo, reach=ALL, actor_user_id=me, now=utcnow())
    stored = reload(case)
    assert (stored.state, stored.first_contact_at) == ("open", None)
    assert [line.note for line in lines_of(case)] == [None, None, None]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"way": "pigeon"}, "way"), ({"note": "x" * 10_001}, "note"),
     ({"with_contact_id": uuid4()}, "contact")],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_its_field(case, me, wrong, field):
    with pytest.raises(BadInput, match=field):
        log(case, me, **wrong)
    assert reload(case).version == 1


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(days=-400)])
def test_a_talk_lies_neither_ahead_nor_long_ago(case, me, ahead):
    with pytest.raises(BadInput, match="held_at"):
        log(case, me, held_at=utcnow() + ahead)


def test_only_people_of_the_account_are_offered_and_taken(any_api, case, me):
    colleague = person_of(any_api, "u2", name="Ken", account={"external_id": "acme"})
    stranger = person_of(any_api, "u3", name="Zoe", account={"external_id": "other"})
    offered = calls.people_of(case.workspace_id, case.account_id, case.contact_id)
    assert offered == [(case.contact_id, "Mika Sato"), (colleague, "Ken")]
    log(case, me, with_contact_id=colleague)
    with pytest.raises(BadInput, match="contact"):
        log(case, me, with_contact_id=stranger)


def test_without_account_and_person_nobody_is_offered(any_api, handle, case_of):
    any_api.survey()
    anonymous = any_api.respond(score=0, comment="Nothing works")
    person_of(any_api, "u9", name="Nobody of theirs")
    handle()
    case = case_of(anonymous.json["id"])
    assert calls.people_of(case.workspace_id, case.account_id, case.contact_id) == []


def test_an_absent_case_is_said(case, me):
    with pytest.raises(NotFound):
        calls.log_talk(
            case.workspace_id, uuid4(), Talk("call", True, utcnow()), reach=ALL, actor_user_id=me,
            now=utcnow(),
        )  # fmt: skip


def test_forgetting_somebody_takes_talks_with_them_out_of_others_cases(any_api, case, me, lines_of):
    other = person_of(any_api, "u2", name="Ken", account={"external_id": "acme"})
    log(case, me, with_contact_id=other, note="Ken is leaving in May")
    log(case, me, with_contact_id=case.contact_id, note="Mika stays")
    erase_contact(any_api.workspace_id, other, now=utcnow())
    told = [(line.note, line.contact_id) for line in lines_of(case) if line.kind == "call"]
    assert told == [(None, None), ("Mika stays", case.contact_id)]


# --- the page -------------------------------------------------------------------------------


@pytest.fixture
def page_case(api, handle, case_of):
    api.survey()
    answered = api.respond(
        score=1, comment="Login loops", contact={"external_id": "u1", "name": "Mika Sato"}
    )
    handle()
    return case_of(answered.json["id"])


def test_the_form_as_it_stands_is_a_call_that_reached_the_person_just_now(staff, page_case):
    person, page = staff("success"), f"/follow-ups/{page_case.id}"
    html = person.get(page).text
    form = html.partition(f'action="{page}/calls"')[2].partition("</form>")[0]
    values = dict(re.findall(r'name="(held_at|version|next)"[^>]* value="([^"]*)"', form))
    chosen = re.findall(r'<option value="([^"]*)" selected', form)
    assert chosen == ["call", "yes", str(page_case.contact_id)]
    way, reached, contact = chosen
    sent = values | {"way": way, "reached": reached, "contact": contact, "note": ""}
    html = person.post(f"{page}/calls", sent, follow_redirects=True).text
    assert "Written down." in html
    assert "Call · Reached · Mika Sato" in html
    assert reload(page_case).state == "contacted"


def test_a_refused_form_keeps_what_was_typed_and_marks_the_field(staff, page_case):
    page = f"/follow-ups/{page_case.id}"
    answer = staff("success").post(
        f"{page}/calls",
        {"way": "meeting", "reached": "no", "held_at": "2999-01-01T10:00", "note": "Long talk"},
    )
    assert answer.status_code == 422
    form = answer.text.partition(f'action="{page}/calls"')[2].partition("</form>")[0]
    assert "Give a time within the last year" in form
    assert ">\nLong talk</textarea>" in form
    assert re.findall(r'<option value="([^"]*)" selected', form)[:2] == ["meeting", "no"]


@pytest.mark.parametrize(
    "form", [{"way": "pigeon"}, {"way": "call", "held_at": "soon"}, {"way": "call", "contact": "x"}]
)
def test_rubbish_changes_nothing(staff, page_case, form):
    answer = staff("success").post(f"/follow-ups/{page_case.id}/calls", form)
    assert answer.status_code == 422
    assert reload(page_case).version == 1


def test_who_only_looks_cannot_write(staff, page_case):
    answer = staff("viewer").post(f"/follow-ups/{page_case.id}/calls", {"way": "call"})
    assert answer.status_code == 403
