"""Follow-ups through the API, on both databases."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest

from tests.following_up.desk import ADDRESS, send_due, service_change
from tests.test_openapi import faults
from vocapp.database import transaction, utcnow
from vocapp.openapi_answers import SCHEMAS
from vocapp.workspaces.models import Membership


@pytest.fixture
def three(any_api, handle):
    """Three cases, of falling priority."""
    any_api.survey()
    renewal = (utcnow().date() + timedelta(days=40)).isoformat()
    account = {
        "external_id": "acme", "name": "Acme", "mrr": 500000, "currency": "JPY",
        "renewal_on": renewal,
    }  # fmt: skip
    contact = {"external_id": "u1", "email": "mika@example.com"}
    any_api.respond(score=6)
    any_api.respond(score=0, account=account, contact=contact, comment="Broken")
    any_api.respond(score=3)
    handle()
    return any_api


def test_the_list_has_what_a_machine_needs_most_urgent_first(three):
    answer = three.get("/api/v1/follow-ups?state=open&sort=-priority").json
    assert [item["response"]["score"] for item in answer["items"]] == [0, 3, 6]
    top = answer["items"][0]
    assert top["state"] == "open"
    assert top["reason"].startswith("Scored 0 · renews in ")
    assert "¥500,000 a month" in top["reason"]
    assert top["account"]["external_id"] == "acme"
    assert top["contact"]["email"] == "mika@example.com"
    assert top["owner"] is None
    assert top["due_at"] > top["opened_at"]
    assert answer["next"] is None


@pytest.mark.parametrize("sort", ["-priority", "due_at"])
def test_pages_follow_each_other_without_gap_or_repetition(three, sort):
    whole = three.get(f"/api/v1/follow-ups?sort={sort}").json["items"]
    seen, cursor = [], ""
    while cursor is not None:
        page = three.get(f"/api/v1/follow-ups?sort={sort}&limit=1&cursor={cursor}").json
        seen += page["items"]
        cursor = page["next"]
    assert [item["id"] for item in seen] == [item["id"] for item in whole]
    assert len(seen) == 3


def test_a_case_is_moved_on_and_keeps_its_timeline(three, colleague):
    owner = colleague(three.workspace_id)
    case = three.get("/api/v1/follow-ups").json["items"][0]
    path = f"/api/v1/follow-ups/{case['id']}"
    changed = three.patch(path, {"state": "contacted", "owner": str(owner), "note": "Called."})
    assert changed.status_code == 200
    assert (changed.json["state"], changed.json["owner"]["id"]) == ("contacted", str(owner))
    assert {line["kind"] for line in changed.json["timeline"]} == {
        "opened", "state", "owner", "note",
    }  # fmt: skip
    assert changed.json["version"] == case["version"] + 1
    resolved = three.patch(path, {"state": "resolved", "outcome": "solved", "owner": None}).json
    assert (resolved["state"], resolved["outcome"], resolved["owner"]) == (
        "resolved", "solved", None,
    )  # fmt: skip
    assert resolved["resolved_at"] is not None
    assert len(three.get("/api/v1/follow-ups?state=open").json["items"]) == 2


def test_an_older_version_is_refused(three):
    path = "/api/v1/follow-ups/" + three.get("/api/v1/follow-ups").json["items"][0]["id"]
    assert three.patch(path, {"state": "contacted", "version": 1}).status_code == 200
    answer = three.patch(path, {"state": "closed", "version": 1})
    assert answer.status_code == 409
    assert "changed this follow-up meanwhile" in answer.json["detail"]
    assert three.get(path).json["state"] == "contacted"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"state": "rubbish"}, "state"),
        ({"state": "resolved"}, "outcome"),
        ({"state": "resolved", "outcome": "rubbish"}, "outcome"),
        ({"root_cause": "rubbish"}, "root_cause"),
        ({"owner": "nobody@example.com"}, "owner"),
        ({"note": " "}, "note"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_wrong_fields_are_named_and_nothing_changes(api, handle, body, field):
    api.survey()
    api.respond(score=1)
    handle()
    path = "/api/v1/follow-ups/" + api.get("/api/v1/follow-ups").json["items"][0]["id"]
    answer = api.patch(path, body)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == field
    assert api.get(path).json["version"] == 1


def test_another_workspace_sees_nothing_of_it(three, api_of, new_workspace):
    stranger = api_of(three.client, new_workspace("Other"))
    path = "/api/v1/follow-ups/" + three.get("/api/v1/follow-ups").json["items"][0]["id"]
    assert stranger.get("/api/v1/follow-ups").json["items"] == []
    assert stranger.get(path).status_code == 404
    assert stranger.patch(path, {"state": "closed"}).status_code == 404
    assert three.get(path).json["version"] == 1
    assert three.get(f"/api/v1/follow-ups/{uuid4()}").status_code == 404


# --- letters ----------------------------------------------------------------------------------


def letters_at(desk, api):
    """The letters of a case that has an owner who may write: `.get()`, `.post(…)`."""
    path = f"/api/v1/follow-ups/{desk.case.id}"
    api.patch(path, {"owner": str(desk.me)})

    def post(key=None, **body):
        headers = {"Idempotency-Key": key} if key else {}
        whole = {"subject": "Your answer", "body": "Hello Mika"} | body
        return api.post(f"{path}/letters", whole, headers=headers)

    return SimpleNamespace(
        desk=desk, post=post, get=lambda query="": api.get(f"{path}/letters{query}"),
        case=lambda: api.get(path).json,
    )  # fmt: skip


@pytest.fixture
def letters(any_api, desk_of):
    return letters_at(desk_of(any_api), any_api)


def test_a_letter_of_a_machine_goes_out_in_the_name_of_the_owner(desk, api, mail_server):
    letters = letters_at(desk, api)
    assert letters.get().json == {"items": [], "next": None}
    letters.desk.keep("", "begun by a person")
    answer = letters.post(then="waiting")
    assert answer.status_code == 201
    assert faults(SCHEMAS, SCHEMAS["Letter"], answer.json) == []
    shown = answer.json
    assert (shown["state"], shown["author"], shown["address"]) == ("scheduled", "Aiko", ADDRESS)
    assert letters.case()["state"] == "waiting"
    send_due()
    assert str(mail_server.messages[0]["From"]).startswith("Aiko ")
    (listed,) = letters.get().json["items"]
    assert (listed["id"], listed["direction"], listed["state"]) == (shown["id"], "sent", "sent")
    assert letters.desk.draft().body == "begun by a person"


def test_a_letter_of_a_machine_is_one_however_often_it_is_sent(letters, colleague):
    first = letters.post(key="k1")
    again = letters.post(key="k1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json["id"] == first.json["id"]
    assert letters.post(key="k1", then="waiting").status_code == 409
    service_change(letters.desk, owner_user_id=colleague(letters.desk.case.workspace_id))
    assert letters.post(key="k1").status_code == 200  # whoever owns the case by now
    chosen = str(uuid4())
    named = letters.post(id=chosen).json
    assert named["id"] == chosen
    assert chosen not in named["message_id"]  # it could be that of somebody else's letter
    assert letters.post(id=chosen, body="Another").status_code == 409
    assert letters.post(key="k2", id=chosen).status_code == 422
    assert len(letters.desk.mails()) == 2
    page = letters.get("?limit=1").json
    following = letters.get(f"?limit=1&cursor={page['next']}").json
    ids = [item["id"] for item in page["items"] + following["items"]]
    assert ids == [first.json["id"], chosen]
    assert following["next"] is None


def test_what_a_machine_must_not_send_names_its_field(letters, colleague):
    def refused(**body):
        answer = letters.post(**body)
        assert answer.status_code == 422
        return [error["field"] for error in answer.json["errors"]]

    product = colleague(letters.desk.case.workspace_id, name="Kei", role="product")
    limited = colleague(letters.desk.case.workspace_id, name="Rin")
    with transaction() as session:
        key = (letters.desk.case.workspace_id, limited)
        session.get_one(Membership, key).only_own_accounts = True
    assert refused(subject="", body="{name}") == ["subject", "body"]
    assert [refused(author=str(who)) for who in (product, limited, uuid4())] == [["author"]] * 3
    assert letters.post(version=99).status_code == 409
    letters.desk.stop_writing()
    assert refused() == ["to"]
    assert letters.desk.mails() == []
