"""Rules that decide what the widget shows: kept, ordered, tried, and told to a page."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from vocapp.collecting.identity import sign_identity
from vocapp.database import utcnow

RULES = "/api/v1/targeting-rules"


@pytest.fixture
def survey(api: Any) -> dict[str, Any]:
    return dict(api.survey())


def add(api: Any, name: str, **fields: Any) -> str:
    answer = api.post(RULES, {"name": name, "survey": "nps"} | fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json["id"])


def names(api: Any) -> list[str]:
    return [item["name"] for item in api.get(RULES).json["items"]]


def told(api: Any, **headers: str) -> Any:
    url = f"/public/v1/targeting?key={api.workspace.public_key}"
    return api.client.get(url, headers=headers).json


def known(api: Any, *, until: int = 600, **claims: Any) -> dict[str, str]:
    claims["exp"] = utcnow().timestamp() + until
    return {"X-VOC-Identity": sign_identity(api.workspace.secret_key, claims)}


def test_a_page_is_told_the_rules_in_order_and_nothing_else(api, survey):
    add(api, "Later", paths=["/app/*", " !/app/%E6%96%99%E9%87%91 "], share=20, days_between=30)
    first = add(api, "First", event=" paid ", delay_s=5, position=1)
    assert told(api) == {
        "identified": False,
        "rules": [
            {
                "id": first, "name": "First", "survey": survey["public_id"],
                "display": "popover", "paths": [], "event": "paid", "delay_s": 5, "share": 100,
                "days_between": 0, "only_identified": False, "barred": "",
            },
            told(api)["rules"][1],
        ],
    }  # fmt: skip
    assert told(api)["rules"][1]["paths"] == ["/app/*", "!/app/料金"]


def test_paused_rules_and_closed_surveys_are_not_told(api, survey):
    rule = add(api, "One")
    api.patch(f"{RULES}/{rule}", {"paused": True})
    assert told(api)["rules"] == []
    api.patch(f"{RULES}/{rule}", {"paused": False})
    assert [each["name"] for each in told(api)["rules"]] == ["One"]
    api.survey("draft", publish=False)
    add(api, "Draft", survey="draft")
    assert [each["name"] for each in told(api)["rules"]] == ["One"]


def test_rules_are_moved_changed_and_removed(api, survey):
    ids = [add(api, name) for name in ("a", "b", "c")]
    api.patch(f"{RULES}/{ids[2]}", {"position": 1})
    assert names(api) == ["c", "a", "b"]
    api.patch(f"{RULES}/{ids[0]}", {"position": 99, "share": 10})
    assert names(api) == ["c", "b", "a"]
    assert api.get(f"{RULES}/{ids[0]}").json["share"] == 10
    assert api.delete(f"{RULES}/{ids[1]}").status_code == 204
    assert [(item["name"], item["position"]) for item in api.get(RULES).json["items"]] == [
        ("c", 1), ("a", 2),
    ]  # fmt: skip
    assert api.get(f"{RULES}/{ids[1]}").status_code == 404


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": " "}, "name"),
        ({"survey": "nothing"}, "survey"),
        ({"display": "inline"}, "display"),
        ({"paths": ["app"]}, "paths"),
        ({"paths": ["/" + "x" * 200]}, "paths"),
        ({"paths": ["/\x00"]}, "paths"),
        ({"share": 101}, "share"),
        ({"delay_s": -1}, "delay_s"),
        ({"days_between": "7"}, "days_between"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(api, survey, fields, wrong):
    answer = api.post(RULES, {"name": "x", "survey": "nps"} | fields)
    assert answer.status_code == 422
    assert [error["field"].split(".")[0] for error in answer.json["errors"]] == [wrong]
    assert names(api) == []


def test_a_workspace_has_no_more_than_fifty(api, survey):
    for number in range(50):
        add(api, str(number))
    assert api.post(RULES, {"name": "x", "survey": "nps"}).status_code == 409


def test_the_limits_on_asking_hold_for_people_who_are_known(api, survey, staff):
    add(api, "One")
    staff("admin").post("/settings/asking", {"person_days": "30"})
    answered = utcnow() - timedelta(days=3)
    api.respond(score=9, contact={"external_id": "u1"}, answered_at=answered.isoformat())
    [lately] = told(api, **known(api, external_id="u1"))["rules"]
    assert lately["barred"] == "asked_lately"
    for headers in ({}, known(api, external_id="u2"), known(api, email="x@example.com")):
        [rule] = told(api, **headers)["rules"]
        assert rule["barred"] == ""


def test_a_token_counts_only_while_it_is_valid(api, survey):
    valid = known(api, external_id="u1")
    assert told(api, **valid)["identified"] is True
    assert told(api, **known(api, until=-1, external_id="u1"))["identified"] is False
    assert told(api, **{"X-VOC-Identity": valid["X-VOC-Identity"][:-1]})["identified"] is False


def test_staff_order_pause_try_and_remove_rules_and_take_removing_back(api, survey, staff):
    admin = staff("admin")
    page = admin.get("/settings/targeting").text
    assert "No rules yet" in page
    form = {
        "name": "After paying", "survey": "nps", "display": "tab", "paths": "/app/*\n\n!/app/x",
        "event": "paid", "delay_s": "0", "share": "20", "days_between": "0",
    }  # fmt: skip
    assert admin.post("/settings/targeting/new", form).status_code == 303
    everybody = form | {"name": "Everybody", "paths": "", "event": "", "share": "100"}
    assert admin.post("/settings/targeting/new", everybody).status_code == 303
    tried = admin.get("/settings/targeting?path=/app/1&event=paid").text
    assert "by the rule “After paying”" in tried
    assert "To 20 % of visitors." in tried
    tried = admin.get("/settings/targeting?path=/shop").text
    assert "by the rule “Everybody”" in tried
    assert "Not “After paying”: it is for other pages." in tried
    first, second = (item["id"] for item in api.get(RULES).json["items"])
    change = "/settings/targeting/{}/change"
    admin.post(change.format(second), {"action": "up"})
    assert names(api) == ["Everybody", "After paying"]
    admin.post(change.format(second), {"action": "pause"})
    assert "it is paused" in admin.get("/settings/targeting?path=/shop").text
    removed = admin.post(change.format(first), {"action": "remove"}, follow_redirects=True).text
    assert names(api) == ["Everybody"]
    undo = re.search(r'action="(/settings/targeting/undo[^"]+)"', removed)
    assert undo
    admin.post(undo[1].replace("&amp;", "&"), {})
    assert names(api) == ["Everybody", "After paying"]


def test_a_form_keeps_what_was_typed_and_says_what_is_wrong(survey, staff):
    wrong = {"name": "x", "survey": "nps", "display": "tab", "paths": "app", "share": "100",
             "delay_s": "0", "days_between": "0"}  # fmt: skip
    answer = staff("admin").post("/settings/targeting/new", wrong)
    assert answer.status_code == 422
    assert "each with / or * in front" in answer.text
    assert "app</textarea>" in answer.text


def test_without_a_survey_that_takes_answers_rules_say_what_is_needed_first(api, staff):
    admin = staff("admin")
    assert admin.get("/settings/targeting/new").location == "/settings/targeting"
    assert "publish one first" in admin.get("/settings/targeting").text
    api.survey()
    assert admin.get("/settings/targeting/new").status_code == 200
    assert "publish one first" not in admin.get("/settings/targeting").text
