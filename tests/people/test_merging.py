"""Two records of one person become one, and nothing of either is lost."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import ForeignKeyConstraint, func, select

from tests.test_personal_stores import places_of
from vocapp.collecting.models import HeldAnswer, Response
from vocapp.database import snapshot, transaction, utcnow
from vocapp.distributing.mail import address_digest
from vocapp.distributing.models import Invitation
from vocapp.distributing.service import suppress
from vocapp.extensions import db
from vocapp.following_up.models import FollowUp
from vocapp.following_up.ranking import rerank
from vocapp.measuring.checking import check_cells
from vocapp.people.events.models import ActiveDay
from vocapp.people.merging import service
from vocapp.people.models import Contact, MergeSuggestion
from vocapp.people.service import erase_contact
from vocapp.workspaces.models import AuditEntry

MERGE = "/api/v1/contacts/merge"
CASES = select(FollowUp).execution_options(voc_all_workspaces=True)
METRICS = "/api/v1/surveys/nps/metrics"


def by_key(name):
    return {"external_id": name}


def merge(api, keep="u1", into="u2"):
    return api.post(MERGE, {"keep": by_key(keep), "merge": by_key(into)})


def contacts(api):
    with snapshot() as session:
        return session.scalars(
            select(Contact).where(Contact.workspace_id == api.workspace_id).order_by(Contact.id)
        ).all()


def count(model, *conditions):
    with snapshot() as session:
        return session.scalar(select(func.count()).select_from(model).where(*conditions))


@pytest.fixture
def two(any_api, drain_outbox):
    """u1 and u2, each with an answer, events, a case and an invitation; all is worked off."""
    any_api.survey()
    for name, score in (("u1", 1), ("u2", 2)):
        person = {"external_id": name, "email": f"{name}@example.com", "name": name.upper()}
        account = {"external_id": "acme"}
        any_api.respond(score=score, contact=person, account=account)
        any_api.post("/api/v1/invitations", {"survey": "nps", "contact": person,
                                             "channel": "email"})  # fmt: skip
        events = [
            {"id": f"{name}-{n}", "type": "login", "account": "acme", "contact": name,
             "at": f"2026-10-0{n}T01:00:00Z"}
            for n in (1, 2)
        ]  # fmt: skip
        assert any_api.post("/api/v1/events", {"events": events}).json["accepted"] == 2
    assert drain_outbox() == []
    return contacts(any_api)


def test_the_merged_record_is_gone_and_all_of_it_is_the_kept_one_s(any_api, two, drain_outbox):
    kept, merged = two
    answer = merge(any_api)
    assert (answer.status_code, answer.json["external_id"]) == (200, "u1")
    assert drain_outbox() == []
    assert [contact.id for contact in contacts(any_api)] == [kept.id]
    for model, n in ((Response, 2), (Invitation, 2), (FollowUp, 2)):
        assert count(model, model.contact_id == kept.id) == n
    assert check_cells(any_api.workspace_id).differences == ()
    with snapshot() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "contact.merged")
        ).one()
    assert entry.detail == {"kept": str(kept.id), "merged": str(merged.id)}


def test_no_table_points_to_the_merged_record(any_api, two):
    """Whatever table refers to contacts, also one that is added tomorrow."""
    merge(any_api)
    pointing = [
        (table.name, key.column_keys[-1])
        for table in db.metadata.sorted_tables
        for key in table.constraints
        if isinstance(key, ForeignKeyConstraint) and key.referred_table.name == "contact"
    ]
    assert len(pointing) > 6
    with snapshot() as session:
        for name, column in pointing:
            found = session.scalars(select(db.metadata.tables[name].c[column]))
            assert two[1].id not in set(found), name


def test_one_person_counts_once(any_api, two, drain_outbox):
    by_people = f"{METRICS}?basis=people"
    assert any_api.get(by_people).json["overall"]["n"] == 2
    merge(any_api)
    assert drain_outbox() == []
    assert any_api.get(by_people).json["overall"]["n"] == 1
    assert any_api.get(METRICS).json["overall"]["n"] == 2


def test_cases_need_no_new_rank_after_a_merge(any_api, two):
    """They are ranked by their answer and its account as it was then, not by the person."""
    globex = {"external_id": "globex", "mrr": 9_000_000, "currency": "JPY"}
    person = by_key("u2") | {"account": globex}
    assert any_api.post("/api/v1/contacts", person).status_code == 201

    def ranked(now):
        with transaction() as session:
            rerank(session, any_api.workspace_id, now=now)
            return {case.id: (case.priority, case.reasons) for case in session.scalars(CASES)}

    now = utcnow()
    before = ranked(now)
    merge(any_api)
    with snapshot() as session:
        after = {case.id: (case.priority, case.reasons) for case in session.scalars(CASES)}
    assert after == before == ranked(now)


def test_days_on_which_both_were_active_add_up(any_api, two):
    merge(any_api)
    with snapshot() as session:
        rows = session.scalars(select(ActiveDay).order_by(ActiveDay.day)).all()
    assert [(row.contact_id, row.events) for row in rows] == [(two[0].id, 2)] * 2


def test_every_name_of_the_merged_record_leads_to_the_kept_one(any_api, two):
    merge(any_api)
    for person in (by_key("u2"), {"email": "U2@example.com"}, by_key("u1")):
        again = any_api.post("/api/v1/contacts", person)
        assert (again.status_code, again.json["id"]) == (201, str(two[0].id))
    any_api.respond(score=9, contact=by_key("u2"))
    seen = {"id": "e9", "type": "login", "account": "acme", "contact": "u2",
            "at": "2026-10-09T01:00:00Z"}  # fmt: skip
    assert any_api.post("/api/v1/events", {"events": [seen]}).json["accepted"] == 1
    assert len(contacts(any_api)) == 1


def test_a_link_that_was_mailed_to_the_merged_record_still_works(any_api, two, monkeypatch):
    invitation = any_api.post(
        "/api/v1/invitations", {"survey": "nps", "contact": by_key("u2"), "channel": "email"}
    ).json
    merge(any_api)
    path = "/e/" + invitation["link"].rpartition("/")[2]
    page = any_api.client.get(path)
    hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    form = {**dict(hidden), "q-score": "8", "step": "score"}
    at_once = any_api.client.post(path, data=form)
    assert (page.status_code, at_once.status_code) == (200, 200), at_once.text
    assert count(HeldAnswer, HeldAnswer.contact_id == two[0].id, HeldAnswer.state == "held") == 1
    monkeypatch.setattr("surveys.holding.FASTEST", timedelta(0))
    assert any_api.client.post(path, data=form).status_code == 200
    answered = count(Response, Response.contact_id == two[0].id, Response.channel == "email")
    assert answered == 1


def test_of_each_fact_the_newer_one_holds(any_api):
    any_api.survey()
    say = any_api.respond
    say(
        score=9,
        answered_at="2026-02-01T00:00:00Z",
        contact={"external_id": "u1", "name": "New", "attributes": {"role": "user", "a": 1}},
    )
    say(score=9, answered_at="2026-01-01T00:00:00Z",
        contact={"external_id": "u2", "name": "Old", "email": "b@example.com",
                 "attributes": {"role": "admin", "b": 2}})  # fmt: skip
    say(score=9, answered_at="2026-03-01T00:00:00Z",
        contact={"external_id": "u2", "attributes": {"a": 3}})  # fmt: skip
    merged = merge(any_api).json
    assert (merged["name"], merged["email"]) == ("New", "b@example.com")
    assert merged["attributes"] == {"role": "user", "a": 3, "b": 2}
    # … and goes on holding: what is older than the merged record's word changes nothing.
    say(score=9, answered_at="2026-02-15T00:00:00Z",
        contact={"external_id": "u1", "attributes": {"a": 4}})  # fmt: skip
    assert contacts(any_api)[0].attributes["a"] == 3


def test_a_record_without_a_key_takes_that_of_the_other(any_api):
    any_api.post("/api/v1/contacts", {"email": "a@example.com"})
    any_api.post("/api/v1/contacts", {"external_id": "u1", "email": "a@example.com"})
    body = {"keep": {"email": "a@example.com"}, "merge": by_key("u1")}
    merged = any_api.post(MERGE, body)
    assert merged.status_code == 200, merged.text
    assert (merged.json["external_id"], len(contacts(any_api))) == ("u1", 1)
    assert any_api.post(MERGE, body).json == merged.json  # asked again, the same


# --- wishes -----------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["u1", "u2"])
def test_whoever_asked_not_to_be_written_to_is_not_under_either_address(any_api, two, who):
    with transaction() as session:
        digest = address_digest(any_api.workspace_id, f"{who}@example.com")
        suppress(session, any_api.workspace_id, digest, kind="unsubscribed", now=utcnow())
    merge(any_api)
    for address in ("u1@example.com", "u2@example.com"):
        asked = any_api.post("/api/v1/invitations", {
            "survey": "nps", "channel": "email",
            "contact": {"external_id": "u1", "email": address},
        })  # fmt: skip
        assert (asked.json["state"], asked.json["reason"]) == ("not_sent", "unsubscribed")


def test_that_mail_to_one_address_came_back_says_nothing_of_the_other(any_api, two):
    with transaction() as session:
        digest = address_digest(any_api.workspace_id, "u2@example.com")
        suppress(session, any_api.workspace_id, digest, kind="bounced", now=utcnow())
    merge(any_api)
    person = {"external_id": "u1", "email": "u1@example.com"}
    asked = any_api.post(
        "/api/v1/invitations", {"survey": "nps", "channel": "email", "contact": person}
    )
    assert asked.json["state"] == "scheduled"


def test_one_person_is_not_asked_the_same_twice(any_api):
    any_api.survey()
    ids = []
    for name in ("u1", "u2"):
        body = {"survey": "nps", "channel": "email", "send_at": "2199-01-01T00:00:00Z",
                "contact": {"external_id": name, "email": f"{name}@example.com"}}  # fmt: skip
        ids.append(any_api.post("/api/v1/invitations", body).json["id"])
    merge(any_api)
    told = [any_api.get(f"/api/v1/invitations/{each}").json for each in ids]
    assert [(each["state"], each["reason"]) for each in told] == [
        ("scheduled", None), ("not_sent", "merged"),
    ]  # fmt: skip


# --- erasure ----------------------------------------------------------------------------


def test_forgetting_the_kept_record_forgets_every_name_of_the_merged_one(any_api, two):
    merge(any_api)
    erase_contact(any_api.workspace_id, two[0].id, now=utcnow())
    assert contacts(any_api) == []
    for person in (by_key("u1"), by_key("u2"), {"email": "u2@example.com"}):
        assert any_api.post("/api/v1/contacts", person).status_code == 409
        assert any_api.respond(score=9, contact=person).status_code == 201
    assert contacts(any_api) == []
    assert places_of({"second": "u2@example.com"}) == []


def test_who_is_to_be_forgotten_may_be_named_by_the_merged_record(any_api, two):
    _, merged = two
    assert merge(any_api).status_code == 200
    erase_contact(any_api.workspace_id, merged.id, now=utcnow())
    assert contacts(any_api) == []


def test_a_chain_of_merges_leads_to_the_last(any_api, two):
    any_api.post("/api/v1/contacts", by_key("u3"))
    merge(any_api)
    assert merge(any_api, "u3", "u1").status_code == 200
    last = contacts(any_api)[0]
    for former in two:
        answer = any_api.post(MERGE, {"keep": by_key("u3"), "merge": {"id": str(former.id)}})
        assert (answer.status_code, answer.json["id"]) == (200, str(last.id))


# --- what is refused --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"keep": by_key("u1"), "merge": by_key("u1")}, "merge"),
        ({"keep": by_key("u1"), "merge": by_key("nobody")}, "merge.external_id"),
        ({"keep": {"id": str(uuid4())}, "merge": by_key("u1")}, "keep.id"),
        ({"keep": {"email": "no@example.com"}, "merge": by_key("u1")}, "keep.email"),
        ({"keep": by_key("u1")}, "merge"),
        ({"keep": {}, "merge": by_key("u1")}, "keep"),
        ({"keep": {"external_id": "u1", "email": "a@example.com"}, "merge": by_key("u2")}, "keep"),
    ],
)
def test_a_body_that_names_no_two_contacts_is_refused_by_field(any_api, two, body, field):
    answer = any_api.post(MERGE, body)
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, field)
    assert len(contacts(any_api)) == 2


def test_an_address_of_several_people_names_none_of_them(any_api):
    for name in ("u1", "u2"):
        any_api.post("/api/v1/contacts", {"external_id": name, "email": "info@example.com"})
    any_api.post("/api/v1/contacts", by_key("u3"))
    body = {"keep": by_key("u3"), "merge": {"email": "info@example.com"}}
    assert any_api.post(MERGE, body).json["errors"][0]["field"] == "merge.email"


def test_asking_again_answers_the_same_and_changes_nothing(any_api, two):
    first, again = merge(any_api), merge(any_api)
    assert (again.status_code, again.json) == (200, first.json)
    assert count(AuditEntry, AuditEntry.action == "contact.merged") == 1


def test_a_record_that_became_part_of_another_cannot_be_merged_elsewhere(any_api, two):
    any_api.post("/api/v1/contacts", by_key("u3"))
    merge(any_api)
    assert merge(any_api, "u3", "u2").status_code == 409
    assert len(contacts(any_api)) == 2


def test_a_contact_of_another_workspace_is_as_one_that_is_not_there(
    any_api, two, new_workspace, api_of
):
    stranger = api_of(any_api.client, new_workspace("Other"))
    stranger.post("/api/v1/contacts", by_key("x1"))
    answer = stranger.post(MERGE, {"keep": by_key("x1"), "merge": {"id": str(two[1].id)}})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "merge.id")
    assert len(contacts(any_api)) == 2


# --- suggestions ------------------------------------------------------------------------


def suggested(api):
    with snapshot() as session:
        rows = session.scalars(
            select(MergeSuggestion).where(MergeSuggestion.workspace_id == api.workspace_id)
        )
        return [({row.contact_id, row.other_contact_id}, row.decision) for row in rows]


def test_somebody_known_by_an_address_is_suggested_whoever_of_the_two_came_first(any_api):
    any_api.post("/api/v1/contacts", {"external_id": "u1", "email": "Aiko@Example.com"})
    any_api.post("/api/v1/contacts", {"external_id": "u2", "email": "other@example.com"})
    any_api.post("/api/v1/contacts", {"email": "aiko@example.com"})
    any_api.post("/api/v1/contacts", {"email": "aiko@example.com", "name": "Aiko"})
    keyed, _, by_mail = contacts(any_api)
    assert suggested(any_api) == [({keyed.id, by_mail.id}, None)]


def test_two_who_come_at_once_with_one_address_are_suggested_once(any_api):
    any_api.survey()
    people = [{"external_id": "u1", "email": "a@example.com"}, {"email": "A@example.com"}]
    responses = [{"survey": "nps", "score": 9, "contact": person} for person in people]
    any_api.post("/api/v1/responses/batch", {"responses": responses})
    assert suggested(any_api) == [({contact.id for contact in contacts(any_api)}, None)]


def test_a_suggestion_about_the_merged_record_is_one_about_the_kept_one(any_api):
    any_api.post("/api/v1/contacts", {"email": "a@example.com"})
    for name in ("u1", "u2"):
        any_api.post("/api/v1/contacts", {"external_id": name, "email": "a@example.com"})
    by_mail, first, second = contacts(any_api)
    assert len(suggested(any_api)) == 2
    service.merge_contacts(any_api.workspace_id, keep=first.id, merge=second.id, now=utcnow())
    assert suggested(any_api) == [({by_mail.id, first.id}, None)]
    service.merge_contacts(any_api.workspace_id, keep=first.id, merge=by_mail.id, now=utcnow())
    assert suggested(any_api) == []


def test_two_merges_of_the_same_pair_at_once_make_one_record(any_api, two):
    """The second finds nothing left to merge, whichever way round it was asked."""
    kept, merged = two
    service.merge_contacts(any_api.workspace_id, keep=kept.id, merge=merged.id, now=utcnow())
    with pytest.raises(service.NotFound):
        service.merge_contacts(any_api.workspace_id, keep=merged.id, merge=kept.id, now=utcnow())
    assert len(contacts(any_api)) == 1


# --- pages ------------------------------------------------------------------------------


@pytest.fixture
def pair(api):
    """A suggestion: somebody known by an address, and later by a key with the same one."""
    api.post("/api/v1/contacts", {"email": "aiko@example.com", "name": "Aiko"})
    api.post(
        "/api/v1/contacts",
        {"external_id": "u1", "email": "aiko@example.com", "name": "Aiko Yamada"},
    )
    with snapshot() as session:
        return session.scalars(select(MergeSuggestion)).one()


def test_the_page_says_what_will_be_here_while_nobody_is_there_twice(staff):
    assert "Nobody seems to be here twice" in staff("success").get("/contacts/duplicates").text


def test_the_two_stand_side_by_side_and_become_one_after_a_confirmation(api, staff, pair):
    person = staff("success")
    page = person.get("/contacts/duplicates").text
    assert "Aiko Yamada" in page
    assert page.count("differs") == 1  # the name; that one has no key contradicts nothing
    confirmed = person.get(f"/contacts/duplicates/{pair.id}").text
    assert "This cannot be undone" in confirmed
    answer = person.post(f"/contacts/duplicates/{pair.id}", {"keep": str(pair.contact_id)})
    assert answer.status_code == 303
    assert "Merged." in person.get(answer.location).text
    (left,) = contacts(api)
    assert (left.id, left.external_id, left.name) == (pair.contact_id, "u1", "Aiko Yamada")


def test_the_other_record_may_be_kept_and_takes_the_key(api, staff, pair):
    staff().post(f"/contacts/duplicates/{pair.id}", {"keep": str(pair.other_contact_id)})
    (left,) = contacts(api)
    assert (left.id, left.external_id) == (pair.other_contact_id, "u1")


def test_two_people_are_not_suggested_again_until_that_is_taken_back(api, staff, pair):
    person = staff()
    person.post(f"/contacts/duplicates/{pair.id}/apart")
    assert "Aiko Yamada" not in person.get("/contacts/duplicates").text
    api.post("/api/v1/contacts", {"external_id": "u1", "email": "aiko@example.com"})
    assert suggested(api)[0][1] == "different"
    person.post(f"/contacts/duplicates/{pair.id}/doubt")
    assert "Aiko Yamada" in person.get("/contacts/duplicates").text


def test_who_may_not_decide_sees_neither_page_nor_link(staff, pair):
    viewer = staff("viewer")
    assert viewer.get("/contacts/duplicates").status_code == 403
    assert "/contacts/duplicates" not in viewer.get("/accounts").text
    assert "/contacts/duplicates" in staff("success").get("/accounts").text
