"""Saved segments: kept, changed, removed, and asked for by machines."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from surveys.filters import parse_compact
from vocapp.database import snapshot, utcnow
from vocapp.measuring.segments import service
from vocapp.measuring.segments.queries import segment_by_key, segments
from vocapp.measuring.segments.service import (
    NameTaken,
    NewSegment,
    restore_segment,
    save_segment,
)
from vocapp.problems import Conflict, NotFound
from vocapp.workspaces.models import AuditEntry

ROOM = "/api/v1/segments"
PAID = {"attribute": "plan", "operator": "in", "values": ["pro", "team"]}
JAPAN = {"attribute": "region", "operator": "in", "values": ["jp"]}


def put(api, key, body):
    return api._call("PUT", f"{ROOM}/{key}", json=body)


def saved(api, name="Paying", filter_=None, **more):
    answer = api.post(ROOM, {"name": name, "filter": filter_ or PAID, **more})
    assert answer.status_code == 201, answer.text
    return answer.json


def errors_of(answer, status=422):
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    return {error["field"]: error["message"] for error in answer.json["errors"]}


def actions(workspace_id):
    with snapshot() as session:
        return session.scalars(
            select(AuditEntry.action)
            .where(AuditEntry.workspace_id == workspace_id, AuditEntry.action.like("segment.%"))
            .order_by(AuditEntry.id)
        ).all()


def test_there_are_none_at_first(api):
    assert api.get(ROOM).json == {"items": [], "next": None}


def test_a_segment_is_saved_changed_and_removed_on_each_database(any_api):
    first = saved(any_api, "  Paying   customers ", description=" Who pays. ")
    assert (first["key"], first["name"], first["description"], first["version"]) == (
        "paying-customers", "Paying customers", "Who pays.", 1,
    )  # fmt: skip
    assert (first["filter"], first["compact"]) == (PAID, "plan:in(pro,team)")
    body = {"name": "Paying in Japan", "filter": {"all": [PAID, JAPAN]}, "version": 1}
    changed = put(any_api, first["key"], body).json
    assert (changed["key"], changed["version"]) == (first["key"], 2)
    assert any_api.get(f"{ROOM}/{first['key']}").json == changed
    assert any_api._call("DELETE", f"{ROOM}/{first['key']}").status_code == 204
    assert any_api.get(f"{ROOM}/{first['key']}").status_code == 404
    assert any_api._call("DELETE", f"{ROOM}/{first['key']}").status_code == 404
    assert put(any_api, first["key"], body).status_code == 404
    assert any_api.get(ROOM).json["items"] == []
    assert actions(any_api.workspace_id) == ["segment.saved", "segment.changed", "segment.removed"]


def test_saving_the_same_again_is_no_change(api):
    first = saved(api)
    assert put(api, first["key"], {"name": "Paying", "filter": PAID}).json == first
    assert actions(api.workspace_id) == ["segment.saved"]


def test_a_name_is_given_once_whatever_its_case_or_width(any_api):
    saved(any_api, "Pro Customers")
    again = any_api.post(ROOM, {"name": "ｐｒｏ customers", "filter": JAPAN})
    assert "name" in errors_of(again, 409)
    other = saved(any_api, "Others")
    taken = put(any_api, other["key"], {"name": "PRO CUSTOMERS", "filter": JAPAN})
    assert "name" in errors_of(taken, 409)
    assert segment_by_key(any_api.workspace_id, other["key"]).name == "Others"


def test_a_key_may_be_chosen_and_is_never_given_twice(api):
    assert saved(api, "One", key="A.1_x-y")["key"] == "A.1_x-y"
    again = {"name": "Two", "filter": PAID, "key": "A.1_x-y"}
    assert "key" in errors_of(api.post(ROOM, again), 409)
    assert "key" in errors_of(api.post(ROOM, again | {"key": "a/b"}))
    api._call("DELETE", f"{ROOM}/A.1_x-y")
    assert "key" in errors_of(api.post(ROOM, again), 409)


def test_names_that_look_alike_to_an_address_get_keys_of_their_own(api):
    names = ["日本の顧客", "中国の顧客", "🎌", "👩‍👩‍👧‍👦 families", "Families!", "families?"]
    keys = [saved(api, name)["key"] for name in names]
    assert len(set(keys)) == len(names)
    found = segments(api.workspace_id, limit=10, search="顧客")
    assert {segment.name for segment in found} == set(names[:2])


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\tb\x07c", "👩‍👩‍👧‍👦" * 20])
def test_a_name_that_cannot_be_kept_is_named(api, name):
    assert list(errors_of(api.post(ROOM, {"name": name, "filter": PAID}))) == ["name"]
    assert api.get(ROOM).json["items"] == []


@pytest.mark.parametrize(
    ("filter_", "place"),
    [
        ({}, "filter.operator"),
        ({"all": []}, "filter.all"),
        ({"all": [PAID, {"attribute": "plan", "operator": "like"}]}, "filter.all[1].operator"),
        ({"any": [{"attribute": "plan", "operator": "in", "values": []}]}, "filter.any[0].values"),
        ({"attribute": "seats", "operator": "between", "low": 9, "high": 1}, "filter"),
        ({"attribute": "seats", "operator": "between"}, "filter"),
        ({"attribute": "x" * 101, "operator": "empty"}, "filter.attribute"),
        ({"all": [{"any": [{"all": [{"any": [PAID]}]}]}]}, "filter.all[0].any[0].all[0].any"),
        ({"any": [PAID] * 21}, "filter"),
    ],
)  # fmt: skip
def test_a_filter_that_cannot_be_read_is_named_by_its_place(api, filter_, place):
    assert list(errors_of(api.post(ROOM, {"name": "x", "filter": filter_}))) == [place]


def test_an_attribute_that_no_answer_has_is_a_warning(api, drain_outbox):
    api.survey()
    api.respond(score=9, account={"external_id": "a", "attributes": {"seats": 4}})
    drain_outbox()
    fine = saved(api, "Seats", {"attribute": "seats", "operator": "between", "low": 2})
    assert fine["warnings"] == []
    odd = saved(api, "Odd", {"any": [PAID, {"attribute": "saets", "operator": "not_empty"}]})
    assert [warning["field"] for warning in odd["warnings"]] == ["filter"]
    assert "'saets'" in odd["warnings"][0]["message"]


def test_two_who_change_the_same_segment_do_not_undo_each_other(any_api):
    key = saved(any_api)["key"]
    mine = put(any_api, key, {"name": "Mine", "filter": PAID, "version": 1})
    late = put(any_api, key, {"name": "Late", "filter": JAPAN, "version": 1})
    assert (mine.status_code, mine.json["version"]) == (200, 2)
    assert "version" in errors_of(late, 409)
    assert segment_by_key(any_api.workspace_id, key).name == "Mine"


def test_a_removed_segment_comes_back_unless_its_name_is_in_use(any_api):
    workspace_id = any_api.workspace_id
    who = {"actor_user_id": None, "now": utcnow()}
    key = save_segment(workspace_id, NewSegment("Paying", parse_compact("plan:empty")), **who)
    service.remove_segment(workspace_id, key, **who)
    service.remove_segment(workspace_id, key, **who)
    new = save_segment(workspace_id, NewSegment("paying", parse_compact("plan:empty")), **who)
    assert new != key
    with pytest.raises(NameTaken):
        restore_segment(workspace_id, key, **who)
    service.remove_segment(workspace_id, new, **who)
    restore_segment(workspace_id, key, **who)
    restore_segment(workspace_id, key, **who)
    assert [s.key for s in segments(workspace_id, limit=5)] == [key]
    with pytest.raises(NotFound):
        restore_segment(workspace_id, "nothing", **who)


def test_hundreds_of_segments_are_listed_in_pages_and_found_by_name(any_api, monkeypatch):
    who = {"actor_user_id": None, "now": utcnow()}
    for number in range(120):
        new = NewSegment(f"Segment {number:03} 100%_", parse_compact("plan:empty"))
        save_segment(any_api.workspace_id, new, **who)
    names, cursor = [], None
    while cursor is not None or not names:
        page = any_api.get(ROOM, query_string={"cursor": cursor} if cursor else {}).json
        names += [item["name"] for item in page["items"]]
        cursor = page["next"]
    assert names == [f"Segment {number:03} 100%_" for number in range(120)]
    found = any_api.get(ROOM, query_string={"search": "SEGMENT 04", "limit": 4}).json
    assert [item["name"][8:11] for item in found["items"]] == ["040", "041", "042", "043"]
    assert any_api.get(ROOM, query_string={"search": "0%_"}).json["items"] != []
    assert any_api.get(ROOM, query_string={"search": "%"}).json["items"] != []
    assert any_api.get(ROOM, query_string={"search": "4%0"}).json["items"] == []
    assert any_api.get(ROOM, query_string={"cursor": "forged"}).status_code == 400
    assert any_api.get(ROOM, query_string={"search": "\0"}).status_code == 200
    assert any_api.get(f"{ROOM}/%00").status_code == 404
    monkeypatch.setattr(service, "MAX_SEGMENTS", 120)
    with pytest.raises(Conflict):
        save_segment(any_api.workspace_id, NewSegment("More", parse_compact("a:empty")), **who)


def test_another_workspaces_segment_is_not_there(api, api_of, app, new_workspace):
    other = api_of(app.test_client(), new_workspace("other"))
    key = saved(other)["key"]
    assert api.get(f"{ROOM}/{key}").status_code == 404
    assert put(api, key, {"name": "x", "filter": PAID}).status_code == 404
    assert api._call("DELETE", f"{ROOM}/{key}").status_code == 404
    api.survey()
    asked = api.get("/api/v1/surveys/nps/metrics", query_string={"segment": key})
    assert list(errors_of(asked)) == ["segment"]
    assert saved(api)["key"] == key  # names and keys of others are free here


# --- scores of a segment ----------------------------------------------------------------


@pytest.fixture
def answered(any_api, drain_outbox):
    any_api.survey()
    for number in range(24):
        account = {
            "external_id": f"a{number}", "plan": ["free", "pro", "team"][number % 3],
            "region": ["jp", "us"][number % 2],
        }  # fmt: skip
        any_api.respond(score=number % 11, account=account)
    drain_outbox()
    return any_api


def metrics(api, **query):
    answer = api.get("/api/v1/surveys/nps/metrics", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_scores_of_a_segment_are_those_of_its_filter(answered):
    key = saved(answered)["key"]
    by_segment = metrics(answered, segment=key)
    by_filter = metrics(answered, filter="plan:in(pro,team)")
    assert by_segment["overall"] == by_filter["overall"]
    assert by_segment["overall"]["n"] == 16
    assert (by_segment["segment"], by_filter["segment"]) == (key, None)
    assert by_segment["filter"] == by_filter["filter"]


def test_a_segment_and_a_filter_have_to_hold_both(answered):
    key = saved(answered)["key"]
    both = metrics(answered, segment=key, filter="region:in(jp)|region:in(us)")
    assert both["overall"]["n"] == 16
    japan = metrics(answered, segment=key, filter="region:in(jp)")
    assert japan["overall"]["n"] == 8
    assert japan["filter"] == "plan:in(pro,team);region:in(jp)"


def test_a_confidential_survey_knows_no_segments(api):
    api.survey(confidential=True)
    key = saved(api)["key"]
    asked = api.get("/api/v1/surveys/nps/metrics", query_string={"segment": key})
    assert "confidential" in errors_of(asked)["segment"]


def test_a_removed_segment_is_no_longer_asked_for(api):
    api.survey()
    key = saved(api)["key"]
    api._call("DELETE", f"{ROOM}/{key}")
    asked = api.get("/api/v1/surveys/nps/metrics", query_string={"segment": key})
    assert list(errors_of(asked)) == ["segment"]
