"""Touchpoints that go out by themselves: what pages say of them, and switching them on."""

from __future__ import annotations

import pytest

from tests.succeeding.test_tech_touch import customer
from tests.succeeding.test_touch_model import AT, form_of, in_force
from tests.succeeding.test_touchpoints import plan
from tests.succeeding.test_touchpoints_by_themselves import check, switch_on, work


@pytest.fixture
def ready(api, mail_server):
    """A customer in its first week, of whom nobody has heard."""
    customer(api, "new", ("ann", ["champion"], {}), ("bo", ["user"], {"locale": "ja"}), started=8)
    return api


def test_the_record_says_what_was_sent_and_to_whom(ready, staff, mail_server):
    success = staff("success")
    switch_on(ready)
    work()
    assert len(mail_server.received) == 2
    page = success.get(f"/touchpoints/{check(ready).id}").text
    for words in ("Sent by itself", "ann", "bo", "new Ltd: does it work?"):
        assert words in page
    assert "Sent by itself" in success.get("/touchpoints?show=done").text
    story = success.get("/accounts/new?story=touchpoints").text
    assert "by touchpoint “Does the set-up work?”" in story


def test_why_nothing_was_sent_stands_on_the_pages(api, staff, mail_server):
    customer(api, "new", ("cy", ["billing"], {}), started=8)
    switch_on(api)
    success, why = staff("success"), "Nobody there has the role and an e-mail address."
    plan(api)
    assert "Goes out by itself" in success.get("/touchpoints").text
    work()
    assert mail_server.received == []
    assert why in success.get(f"/touchpoints/{check(api).id}").text
    assert why in success.get("/touchpoints").text


def test_before_a_touchpoint_goes_that_campaigns_follow_they_are_named(ready, staff):
    campaign = {
        "name": "After the check", "survey": ready.survey()["key"], "kind": "moment",
        "moment": "touchpoint", "moment_name": "setup-check", "moment_days": 2,
        "starts_on": "2026-01-01",
    }  # fmt: skip
    answer = ready.post("/api/v1/campaigns", campaign)
    assert answer.status_code == 201, answer.text
    page = staff("admin").get(AT).text
    asked = "This campaign follows it and would ask nobody any more: After the check."
    assert page.count(asked) == 1  # the other two are followed by none
    assert "Followed by After the check" in page


# --- the settings -------------------------------------------------------------------------


def test_an_admin_switches_on_what_is_offered_and_sees_how_many_would_go_out(
    ready, staff, mail_server
):
    plan(ready)
    admin = staff("admin")
    page = admin.get(f"{AT}/setup-check").text
    offered = form_of(page)
    assert "by_itself" not in offered  # ready, and not on
    assert offered["body-0-en"].startswith("{greeting}")
    assert "お伺いいたします" in offered["body-0-ja"]
    looked = admin.post(f"{AT}/setup-check", form_of(page, by_itself="1", do="look")).text
    assert "1 contact of the coming 30 days goes out by itself." in looked
    assert in_force(ready).number == 0
    saved = admin.post(f"{AT}/setup-check", form_of(looked, do="save"))
    assert saved.status_code == 303, saved.text
    assert "goes out by itself" in admin.get(AT).text
    work()
    assert len(mail_server.received) == 2
    again = form_of(admin.get(f"{AT}/setup-check").text)
    assert (again["by_itself"], again["a_day"], again["person_days"]) == ("1", "200", "14")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"subject-0-en": ""}, "subject-0-en"),
        ({"body-0-ja": "{nmae}"}, "body-0-ja"),
        ({"tech": ""}, "by_itself"),
        ({"tech": "survey"}, "survey-0"),
        ({"a_day": "2"}, "a_day"),
        ({"person_days": "x"}, "person_days"),
        ({"most-0": "0"}, "most-0"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(api, staff, wrong, field):
    admin = staff("admin")
    typed = form_of(admin.get(f"{AT}/setup-check").text, by_itself="1", do="save") | wrong
    answer = admin.post(f"{AT}/setup-check", typed)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert form_of(answer.text)["by_itself"] == "1"
    assert form_of(answer.text)["body-0-en"] == typed["body-0-en"]
    assert in_force(api).number == 0
