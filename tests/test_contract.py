"""What outsiders rely on, where nothing else tests it: the small print of the interface."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from sqlalchemy import text

from vocapp.extensions import db


@pytest.fixture
def survey(api):
    return api.survey()


def fields_of(answer):
    return [error["field"] for error in answer.json["errors"]]


@pytest.mark.parametrize("path", ["/api", "/public", "/delighted"])
def test_the_roots_of_machine_paths_answer_in_json_too(api, path):
    for method in ("GET", "POST", "DELETE"):
        answer = api._call(method, path)
        assert answer.status_code == 404
        assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize("name", ["name", "locale", "time_zone", "allowed_origins"])
def test_null_is_no_setting_of_a_workspace(api, name):
    before = api.get("/api/v1/workspace").json
    answer = api.patch("/api/v1/workspace", {name: None})
    assert answer.status_code == 422
    assert fields_of(answer) == [name]
    assert api.get("/api/v1/workspace").json == before


@pytest.mark.parametrize("name", ["publish", "confidential"])
@pytest.mark.parametrize("value", [1, 0, "yes", "true", None])
def test_a_switch_of_a_survey_is_true_or_false_and_nothing_like_it(api, name, value):
    body = {"key": "nps", "name": "NPS", "kind": "nps", name: value}
    answer = api.post("/api/v1/surveys", body)
    assert answer.status_code == 422
    assert fields_of(answer) == [name]


@pytest.mark.parametrize("day", ["2026-01-01T00:00:00Z", "1700000000", "2026-1-1", "20260101", ""])
def test_a_day_is_year_month_and_day(api, survey, day):
    answer = api.respond(score=9, account={"external_id": "acme", "started_on": day})
    assert answer.status_code == 422
    assert fields_of(answer) == ["account.started_on"]


def test_money_without_a_currency_names_the_field_that_is_missing(api, survey):
    answer = api.respond(score=9, account={"external_id": "acme", "mrr": 1})
    assert answer.status_code == 422
    assert fields_of(answer) == ["account.currency"]


def test_a_cursor_of_another_list_or_order_is_refused(api, survey):
    api.survey("other")
    of_surveys = api.get("/api/v1/surveys?limit=1").json["next"]
    theme = api.get("/api/v1/themes?limit=1").json
    key, of_themes = theme["items"][0]["key"], theme["next"]
    tries = [
        ("/api/v1/follow-ups", of_surveys),
        ("/api/v1/follow-ups", of_themes),
        (f"/api/v1/themes/{key}/responses", of_surveys),
        ("/api/v1/themes", of_surveys),
        ("/api/v1/surveys", of_themes),
    ]
    for path, cursor in tries:
        answer = api.get(path, query_string={"cursor": cursor, "sort": "due_at"})
        assert answer.status_code == 400, (path, answer.text)
        assert answer.mimetype == "application/problem+json"


def test_themes_come_in_pages_that_together_are_all_of_them(api):
    whole = api.get("/api/v1/themes?limit=200").json
    found, cursor = [], ""
    while cursor is not None:
        page = api.get("/api/v1/themes", query_string={"limit": 4, "cursor": cursor}).json
        assert len(page["items"]) <= 4
        found += page["items"]
        cursor = page["next"]
    assert found == whole["items"]
    assert len(found) > 4
    assert whole["next"] is None


def test_an_item_that_cannot_be_stored_does_not_stop_the_others(any_api):
    any_api.survey()
    items = [
        {"survey": "nps", "score": 9, "comment": "good"},
        {"survey": "nps", "score": 9, "comment": "a\0b"},
        {"survey": "nps", "score": 9, "contact": {"email": "a@example.com", "name": "\ud800"}},
        {"survey": "nps", "score": 9, "answers": {"\0": 1}},
    ]
    answer = any_api.post(
        "/api/v1/responses/batch",
        data=json.dumps({"responses": items}),
        content_type="application/json",
    )
    assert answer.status_code == 200
    assert [item["status"] for item in answer.json["items"]] == [201, 422, 422, 422]
    fields = [[e["field"] for e in item["errors"]] for item in answer.json["items"][1:]]
    assert fields == [["comment"], ["contact.name"], ["answers"]]


def test_text_that_cannot_be_stored_beside_a_batch_is_refused(api, survey):
    body = {"responses": [{"survey": "nps", "score": 9, "id": str(uuid4())}], "more": "\0"}
    answer = api.post("/api/v1/responses/batch", body)
    assert answer.status_code == 422


def test_an_account_of_which_nothing_is_known_has_no_health_and_no_figures(api):
    api.post("/api/v1/accounts", {"external_id": "acme"})
    account = api.get("/api/v1/accounts/acme").json
    assert account["health"] is None
    assert account["kpis"]["net_revenue_retention"] is None


def test_a_database_without_its_tables_is_not_ready(any_database):
    with db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE outbox RENAME TO elsewhere"))
    try:
        answer = any_database.test_client().get("/readyz")
    finally:
        with db.engine.begin() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO outbox"))
    assert answer.status_code == 503
    assert answer.json["database"] == "unavailable"
