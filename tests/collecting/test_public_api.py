"""The public endpoint: what a browser may send, from where, and what it may correct."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import func, select

from vocapp.authoring import queries, service
from vocapp.collecting.identity import sign_identity
from vocapp.collecting.models import Response
from vocapp.database import snapshot, utcnow


@pytest.fixture
def survey(any_api):
    return any_api.survey()["public_id"]


@pytest.fixture
def post(any_api, survey):
    """Sends an answer as the widget does; fields may be changed."""

    def send(headers=None, **fields):
        body = {"key": any_api.workspace.public_key, "survey": survey, "id": str(uuid4())}
        body |= {"score": 9} | fields
        body = {name: value for name, value in body.items() if value is not ...}
        return any_api.client.post("/public/v1/responses", json=body, headers=headers or {})

    return send


@pytest.fixture
def patch(any_api):
    def send(response_id, token, revision, **fields):
        body = {"edit_token": token, "revision": revision} | fields
        return any_api.client.patch(f"/public/v1/responses/{response_id}", json=body)

    return send


def stored(any_api, response_id):
    return any_api.get(f"/api/v1/responses/{response_id}").json


def count():
    with snapshot() as session:
        return session.scalar(select(func.count()).select_from(Response))


def test_an_answer_is_acknowledged_with_nothing_but_its_id_and_a_token(any_api, post):
    answer = post(comment="良い", locale="ja", page="https://shop.example/a?token=1#x")
    assert answer.status_code == 201
    assert set(answer.json) == {"id", "edit_token"}
    shown = stored(any_api, answer.json["id"])
    assert (shown["score"], shown["comment"], shown["channel"]) == (9, "良い", "widget")


def test_sending_again_gives_the_same_id_and_a_token_that_works(any_api, post, patch):
    response_id = str(uuid4())
    first, again = post(id=response_id), post(id=response_id)
    assert [first.status_code, again.status_code] == [201, 200]
    assert patch(response_id, again.json["edit_token"], 1, score=3).status_code == 200
    assert post(id=response_id, score=4).status_code == 409
    assert (stored(any_api, response_id)["score"], count()) == (3, 1)


def test_a_later_revision_holds_and_an_earlier_or_equal_one_changes_nothing(any_api, post, patch):
    made = post().json
    for revision, score in ((2, 5), (1, 0), (2, 7)):
        assert patch(made["id"], made["edit_token"], revision, score=score).status_code == 200
    assert patch(made["id"], made["edit_token"], 3, comment="later").status_code == 200
    shown = stored(any_api, made["id"])
    assert (shown["score"], shown["comment"], shown["revision"]) == (5, "later", 3)


@pytest.mark.parametrize("token", ["", "x", "W10.abc"])
def test_a_wrong_token_is_refused_and_changes_nothing(any_api, post, patch, token):
    made, other = post().json, post().json
    for wrong in (token, other["edit_token"]):
        assert patch(made["id"], wrong, 1, score=0).status_code == 403
    assert stored(any_api, made["id"])["score"] == 9


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"contact": {"email": "a@example.com"}}, 422, "contact"),
        ({"account": {"external_id": "a"}}, 422, "account"),
        ({"attributes": {"plan": "pro"}}, 422, "attributes"),
        ({"channel": "api"}, 422, "channel"),
        ({"id": "1"}, 422, "id"),
        ({"id": ...}, 422, "id"),
        ({"survey": "absent"}, 422, "survey"),
        ({"score": "9"}, 422, "score"),
        ({"score": ...}, 422, "score"),
        ({"survey_version": 7}, 422, "survey_version"),
        ({"locale": "<b>"}, 422, "locale"),
    ],
)
def test_only_answers_are_taken_and_each_wrong_field_is_named(post, fields, status, field):
    answer = post(**fields)
    assert answer.status_code == status
    assert answer.json["errors"][0]["field"] == field
    assert count() == 0


@pytest.mark.parametrize("revision", [0, -1, "1", 2**31, None])
def test_a_revision_is_a_whole_number_from_one_on(post, patch, revision):
    made = post().json
    assert patch(made["id"], made["edit_token"], revision, score=1).status_code == 422


def test_the_key_may_stand_in_a_header_and_must_be_known(any_api, post):
    key = any_api.workspace.public_key
    assert post(key=..., headers={"X-VOC-Key": key}).status_code == 201
    assert post(key=...).status_code == 401
    assert post(key="voc_pk_unknown").status_code == 401
    assert post(key=any_api.workspace.secret_key).status_code == 401
    assert count() == 1


def test_only_allowed_origins_may_send_and_may_read_the_answer(any_api, post):
    any_api.patch("/api/v1/workspace", json={"allowed_origins": ["https://shop.example"]})
    good = post(headers={"Origin": "https://shop.example"})
    bad = post(headers={"Origin": "https://evil.example"})
    assert (good.status_code, bad.status_code) == (201, 403)
    assert good.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "Access-Control-Allow-Origin" not in bad.headers
    assert "Origin" in good.headers["Vary"]
    assert count() == 1


def test_a_preflight_is_answered_for_allowed_origins(any_api):
    any_api.patch("/api/v1/workspace", json={"allowed_origins": ["https://shop.example"]})
    headers = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    answer = any_api.client.options("/public/v1/responses", headers=headers)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    headers["Origin"] = "https://evil.example"
    answer = any_api.client.options("/public/v1/responses", headers=headers)
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_signed_person_is_known_and_an_altered_signature_is_refused(any_api, post):
    claims = {"email": "aiko@example.com", "attributes": {"role": "admin"}}
    claims["exp"] = utcnow().timestamp() + 60
    token = sign_identity(any_api.workspace.secret_key, claims)
    made = post(identity=token)
    assert made.status_code == 201
    shown = stored(any_api, made.json["id"])
    assert shown["contact"]["email"] == "aiko@example.com"
    assert shown["attributes"]["role"] == "admin"
    assert post(identity=token[:-2] + "00").status_code == 403
    claims["exp"] = utcnow().timestamp() - 1
    late = sign_identity(any_api.workspace.secret_key, claims)
    assert post(identity=late).status_code == 403
    assert count() == 1


def test_a_survey_of_another_workspace_is_as_absent(any_api, post, new_workspace, api_of):
    stranger = api_of(any_api.client, new_workspace("Other")).survey("theirs")["public_id"]
    answer = post(survey=stranger)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "survey"
    assert answer.text.replace(stranger, "") == post(survey="absent").text.replace("absent", "")


def test_a_closed_survey_takes_no_new_answer(any_api, post):
    row = queries.survey_by_key(any_api.workspace_id, "nps")
    taken = post()
    service.close_survey(any_api.workspace_id, row.id, now=utcnow())
    refused = post(id=str(uuid4()))
    assert (refused.status_code, refused.json["detail"]) == (410, "The survey is closed.")
    assert post(id=taken.json["id"]).status_code == 200  # its reply was lost; it is stored
    assert count() == 1


def test_who_leaves_the_widget_at_the_comment_has_given_a_score_and_completes_it_later(
    any_api, post, patch
):
    made = post(score=3).json
    assert stored(any_api, made["id"])["score"] == 3
    later = patch(made["id"], made["edit_token"], 1, comment="It was slow")
    assert later.status_code == 200
    shown = stored(any_api, made["id"])
    assert (shown["score"], shown["comment"], count()) == (3, "It was slow", 1)
