"""Pages and API of campaigns: what people and machines do with them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from vocapp import outbox
from vocapp.database import utcnow
from vocapp.distributing.campaigns import dry_run, looking_ahead, running

PLAN = {"name": "Yearly", "survey": "nps", "kind": "once", "starts_on": "2026-01-01", "hour": 0}
FORM = {
    "name": "Yearly", "survey": "nps", "kind": "recurring", "starts_on": "2026-01-01",
    "period_days": "90", "sample": "100", "held_out": "0", "hour": "9", "moment": "started",
    "do": "save",
}  # fmt: skip


@pytest.fixture
def people(api):
    """Six people of three accounts; the survey is there."""
    api.survey()
    for number in range(6):
        api.respond(
            score=9, contact={"email": f"p{number}@example.com", "name": f"Person {number}"},
            account={"external_id": f"a{number // 2}", "plan": "pro" if number < 4 else "free"},
        )  # fmt: skip


def work():
    while outbox.work_off("campaign", now=utcnow()):
        pass


def made(api, **fields):
    answer = api.post("/api/v1/campaigns", PLAN | fields)
    assert answer.status_code == 201, answer.text
    return answer.json["id"]


def act(api, campaign, action, status=200):
    answer = api.post(f"/api/v1/campaigns/{campaign}/actions", {"action": action})
    assert answer.status_code == status, answer.text
    return answer.json


def test_a_machine_writes_a_campaign_switches_it_on_and_hears_what_became_of_it(api, people):
    campaign = made(api, audience={"attribute": "plan", "operator": "in", "values": ["pro"]})
    assert act(api, campaign, "switch_on")["state"] == "active"
    work()
    told = api.get(f"/api/v1/campaigns/{campaign}").json
    assert (told["counts"]["asked"], told["counts"]["not_asked"]) == (4, {})
    listed = api.get(f"/api/v1/campaigns/{campaign}/people?limit=3").json
    more = api.get(f"/api/v1/campaigns/{campaign}/people?limit=3&after={listed['next']}").json
    emails = [row["email"] for row in listed["items"] + more["items"]]
    assert sorted(emails) == [f"p{number}@example.com" for number in range(4)]
    assert more["next"] is None


def test_machines_are_told_each_wrong_field(api, people):
    answer = api.post("/api/v1/campaigns", PLAN | {"kind": "recurring", "sample": 0})
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json["errors"]} == {"period_days", "sample"}
    wrong = PLAN | {"audience": {"attribute": "plan", "operator": "like"}}
    assert api.post("/api/v1/campaigns", wrong).json["errors"][0]["field"] == "audience.operator"


def test_a_change_of_what_was_changed_meanwhile_is_refused(api, people):
    campaign = made(api)
    assert (
        api.put(f"/api/v1/campaigns/{campaign}", PLAN | {"revision": 1, "a_day": 5}).json[
            "revision"
        ]
        == 2
    )
    assert api.put(f"/api/v1/campaigns/{campaign}", PLAN | {"revision": 1}).status_code == 409


def test_only_a_draft_can_be_removed(api, people):
    campaign = made(api)
    act(api, campaign, "switch_on")
    assert api._call("DELETE", f"/api/v1/campaigns/{campaign}").status_code == 409
    other = made(api)
    assert api._call("DELETE", f"/api/v1/campaigns/{other}").status_code == 204
    assert api.get(f"/api/v1/campaigns/{other}").status_code == 404


def test_each_number_of_the_page_opens_its_people(api, people, staff):
    campaign = made(api, held_out=0.5)
    act(api, campaign, "switch_on")
    work()
    page = staff("product").get(f"/campaigns/{campaign}").text
    numbers = dict(re.findall(r'href="(/campaigns/[^"]*/people\?group=[^"]*)"[^>]*>(\d+)<', page))
    assert numbers
    browser = staff("success")
    for address, count in numbers.items():
        rows = browser.get(address.replace("&amp;", "&")).text.count("<tr>") - 1
        assert rows == int(count), address


def test_a_campaign_is_written_on_the_page_and_what_was_typed_stays(api, people, staff):
    browser = staff("admin")
    refused = browser.post("/campaigns/new", FORM | {"period_days": "", "name": "Mine"})
    assert refused.status_code == 422
    assert 'value="Mine"' in refused.text
    saved = browser.post("/campaigns/new", FORM | {
        "f.join": "all", "f.0.attribute": "plan", "f.0.operator": "in", "f.0.values": "free",
    })  # fmt: skip
    assert saved.status_code == 303
    (campaign,) = api.get("/api/v1/campaigns").json["items"]
    assert campaign["audience"] == {"attribute": "plan", "operator": "in", "values": ["free"]}
    assert (campaign["period_days"], campaign["state"]) == (90, "draft")


def test_the_audience_is_counted_while_it_is_written(api, people, staff):
    page = staff("admin").post("/campaigns/new", FORM | {
        "do": "refresh", "f.join": "all", "f.0.attribute": "plan", "f.0.operator": "in",
        "f.0.values": "free",
    })  # fmt: skip
    assert page.status_code == 200
    assert "2 of 6 people" in page.text


def test_days_before_a_renewal_are_a_choice_of_their_own(api, people, staff):
    browser = staff("admin")
    fields = FORM | {"kind": "moment", "moment": "renewal_before", "moment_days": "90"}
    assert browser.post("/campaigns/new", fields).status_code == 303
    (campaign,) = api.get("/api/v1/campaigns").json["items"]
    assert (campaign["moment"], campaign["moment_days"]) == ("renewal", -90)
    page = browser.get(f"/campaigns/{campaign['id']}/edit").text
    assert re.search(r'<option selected value="renewal_before"', page)
    assert "90 days before the renewal" in browser.get(f"/campaigns/{campaign['id']}").text


def test_switching_on_and_its_undo(api, people, staff):
    campaign = made(api)
    browser = staff("admin")
    done = browser.post(f"/campaigns/{campaign}/act", {"action": "switch_on"})
    assert done.status_code == 303
    page = browser.get(f"/campaigns/{campaign}").text
    undo = re.search(r'action="(/campaigns/undo[^"]+)"', page)[1].replace("&amp;", "&")
    assert browser.post(undo).status_code == 303
    assert api.get(f"/api/v1/campaigns/{campaign}").json["state"] == "draft"


def test_why_did_she_not_get_it(api, people, staff):
    campaign = made(api, audience={"attribute": "plan", "operator": "in", "values": ["pro"]})
    act(api, campaign, "switch_on")
    work()
    browser = staff("success")
    asked = browser.get(f"/campaigns/{campaign}?email=P0@example.com").text
    assert "Person 0" in asked
    outside = browser.get(f"/campaigns/{campaign}?email=p5@example.com").text
    assert "not in its audience" in outside
    nobody = browser.get(f"/campaigns/{campaign}?email=x@example.com").text
    assert "Nobody is known by this address." in nobody


def test_of_many_people_a_worker_looks_ahead_and_the_page_shows_how_far_it_is(
    api, people, staff, monkeypatch
):
    campaign = made(api)
    browser = staff("product")
    address = f"/campaigns/{campaign}/dry-run"
    assert "By segment" in browser.get(address).text
    monkeypatch.setattr(dry_run, "MOST_AT_ONCE", 5)
    page = browser.get(address).text
    assert "By segment" not in page
    assert f'action="{address}"' in page
    assert browser.post(address).headers["Location"] == address
    working = browser.get(address).text
    assert "data-live" in working
    assert re.search(rf'<p data-without-script><a href="{address}"', working)
    assert outbox.work_off(looking_ahead.LOOK_AHEAD, now=utcnow())
    found = browser.get(f"{address}?by=region").text
    assert "data-live" not in found
    assert re.search(r'stat-value">\s*6\s*<', found)


def test_a_look_ahead_that_was_given_up_says_so_and_can_be_tried_again(
    api, people, staff, monkeypatch
):
    campaign = made(api)
    monkeypatch.setattr(dry_run, "MOST_AT_ONCE", 5)
    browser = staff("product")
    address = f"/campaigns/{campaign}/dry-run"
    with monkeypatch.context() as broken:
        broken.setattr(dry_run, "may_be_asked", lambda *_a, **_k: 1 / 0)
        browser.post(address)
        for minutes in range(0, 60, 15):
            outbox.work_off(looking_ahead.LOOK_AHEAD, now=utcnow() + timedelta(minutes=minutes))
    assert "given up (ZeroDivisionError)" in browser.get(address).text
    browser.post(address)
    assert outbox.work_off(looking_ahead.LOOK_AHEAD, now=utcnow())
    found = browser.get(address).text
    assert "given up" not in found
    assert "By segment" in found


def test_a_machine_is_told_where_the_look_ahead_over_many_will_be(api, people, monkeypatch):
    campaign = made(api)
    address = f"/api/v1/campaigns/{campaign}/dry-run?days=10&by=plan"
    at_once = api.get(address)
    assert (at_once.status_code, at_once.json["computed_at"]) == (200, None)
    monkeypatch.setattr(dry_run, "MOST_AT_ONCE", 5)
    first, second = api.get(address), api.get(address)
    assert (first.status_code, second.status_code) == (202, 202)
    assert second.json == {"state": "working", "done": 0, "total": 0, "url": address}
    assert outbox.work_off(looking_ahead.LOOK_AHEAD, now=utcnow())
    assert not outbox.work_off(looking_ahead.LOOK_AHEAD, now=utcnow())
    found = api.get(first.headers["Location"])
    assert found.status_code == 200
    assert found.json | {"computed_at": None} == at_once.json
    assert found.json["computed_at"]
    api.put(f"/api/v1/campaigns/{campaign}", PLAN | {"a_day": 2})
    assert api.get(address).status_code == 202


def test_who_asks_for_another_look_meanwhile_is_told_and_takes_nothing_from_the_first(
    api, people, monkeypatch
):
    address = f"/api/v1/campaigns/{made(api)}/dry-run"
    monkeypatch.setattr(dry_run, "MOST_AT_ONCE", 5)
    assert api.get(f"{address}?days=10").status_code == 202
    assert api.get(f"{address}?days=20").status_code == 409
    assert api.get(f"{address}?days=10&by=region").status_code == 202  # one look tells both
    assert outbox.work_off(looking_ahead.LOOK_AHEAD, now=utcnow())
    assert len(api.get(f"{address}?days=10").json["days"]) <= 10
    assert api.get(f"{address}?days=20").status_code == 202


def test_a_machine_whose_look_a_person_replaced_gets_its_own_after_it(
    api, people, staff, monkeypatch
):
    campaign = made(api)
    address = f"/api/v1/campaigns/{campaign}/dry-run?days=10"
    monkeypatch.setattr(dry_run, "MOST_AT_ONCE", 5)
    assert api.get(address).status_code == 202
    assert staff("success").post(f"/campaigns/{campaign}/dry-run").status_code == 303
    assert api.get(address).status_code == 409
    for status in (202, 200):
        assert outbox.work_off(looking_ahead.LOOK_AHEAD, now=utcnow())
        assert api.get(address).status_code == status


def test_a_machine_hears_that_its_look_ahead_was_given_up_and_may_ask_again(
    api, people, monkeypatch
):
    campaign = made(api)
    address = f"/api/v1/campaigns/{campaign}/dry-run"
    monkeypatch.setattr(dry_run, "MOST_AT_ONCE", 5)
    with monkeypatch.context() as broken:
        broken.setattr(dry_run, "may_be_asked", lambda *_a, **_k: 1 / 0)
        assert api.get(address).status_code == 202
        for minutes in range(0, 60, 15):
            outbox.work_off(looking_ahead.LOOK_AHEAD, now=utcnow() + timedelta(minutes=minutes))
    told = api.get(address)
    assert told.status_code == 503
    assert "given up (ZeroDivisionError)" in told.json["detail"]
    assert api.get(address).status_code == 202
    assert outbox.work_off(looking_ahead.LOOK_AHEAD, now=utcnow())
    assert api.get(address).json["asked"] == 6


def test_a_page_says_what_was_given_up_and_tries_it_again(api, people, staff, monkeypatch):
    campaign = made(api)
    act(api, campaign, "switch_on")
    browser = staff("success")
    with monkeypatch.context() as broken:
        broken.setattr(running, "plan_batch", lambda *_a, **_k: 1 / 0)
        for minutes in range(0, 90, 10):
            outbox.work_off("campaign", now=utcnow() + timedelta(minutes=minutes))
    assert "Given up" in browser.get("/campaigns").text
    page = browser.get(f"/campaigns/{campaign}").text
    assert "failed too often (ZeroDivisionError)" in page
    assert browser.post(f"/campaigns/{campaign}/try-again").status_code == 303
    work()
    assert "ZeroDivisionError" not in browser.get(f"/campaigns/{campaign}").text
    assert api.get(f"/api/v1/campaigns/{campaign}").json["counts"]["asked"] == 6


def test_without_campaigns_the_page_says_what_they_are_for(api, staff):
    assert "A campaign asks people by itself" in staff("admin").get("/campaigns").text


def test_without_a_survey_that_takes_answers_the_page_says_what_is_needed_first(api, staff):
    author = staff("product")
    assert author.get("/campaigns/new").location == "/campaigns"
    assert "publish one first" in author.get("/campaigns").text
    api.survey()
    assert author.get("/campaigns/new").status_code == 200
    assert "publish one first" not in author.get("/campaigns").text
