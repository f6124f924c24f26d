"""Responses through the API: single, batch, repeated, conflicting, wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Thread
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from vocapp.collecting.models import IdempotencyKey, Response
from vocapp.collecting.service import Submission, record_batch
from vocapp.database import snapshot, transaction, utcnow
from vocapp.outbox import BACKLOG, FRESH, Pending
from vocapp.people.facts import ContactFacts
from vocapp.people.models import Contact
from vocapp.problems import BadInput


def stored_count() -> int:
    with snapshot() as session:
        return session.scalar(select(func.count()).select_from(Response)) or 0


def test_a_response_is_stored_with_its_people_and_shown(any_api):
    any_api.survey()
    answer = any_api.respond(
        score=9,
        comment="とても良い",
        locale="ja",
        answered_at="2026-11-01T09:00:00+09:00",
        contact={"external_id": "u1", "email": "a@example.com", "attributes": {"role": "admin"}},
        account={"external_id": "acme", "name": "A", "plan": "pro", "mrr": 12, "currency": "JPY"},
    )
    assert answer.status_code == 201
    shown = answer.json
    assert shown["score"] == 9
    assert shown["category"] == "promoter"
    assert shown["comment"] == "とても良い"
    assert shown["answered_at"] == "2026-11-01T00:00:00+00:00"
    assert shown["account"]["external_id"] == "acme"
    assert shown["attributes"]["plan"] == "pro"
    assert shown["attributes"]["role"] == "admin"


def test_the_touchpoint_is_an_attribute_of_the_answer_itself(any_api, drain_outbox):
    any_api.survey()
    person = {"external_id": "u1", "attributes": {"touchpoint": "mine", "channel": "phone"}}
    said = any_api.respond(score=9, touchpoint="  onboarding  ", contact=person).json
    unsaid = any_api.respond(score=2, contact=person).json
    assert (said["attributes"]["touchpoint"], said["attributes"]["channel"]) == (
        "onboarding", "api",
    )  # fmt: skip
    assert "touchpoint" not in unsaid["attributes"]
    drain_outbox()
    metrics = any_api.get("/api/v1/surveys/nps/metrics?by=touchpoint").json
    assert {(s["by"]["touchpoint"], s["n"]) for s in metrics["segments"]} == {
        ("onboarding", 1), (None, 1),
    }  # fmt: skip


@pytest.mark.parametrize("touchpoint", ["", "   ", "x" * 101, 5, ["a"], "a\0b"])
def test_a_touchpoint_that_cannot_be_kept_is_named(api, touchpoint):
    api.survey()
    answer = api.respond(score=9, touchpoint=touchpoint)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == ["touchpoint"]
    assert stored_count() == 0


def test_a_retried_response_counts_once(any_api, drain_outbox):
    any_api.survey()
    body = {"id": str(uuid4()), "score": 9}
    statuses = [any_api.respond(**body).status_code for _ in range(3)]
    drain_outbox()
    metrics = any_api.get("/api/v1/surveys/nps/metrics").json
    assert statuses == [201, 200, 200]
    assert metrics["overall"]["n"] == 1
    assert stored_count() == 1


def test_the_same_id_with_another_body_is_a_conflict_and_changes_nothing(any_api):
    any_api.survey()
    response_id = str(uuid4())
    any_api.respond(id=response_id, score=9)
    answer = any_api.respond(id=response_id, score=8)
    assert answer.status_code == 409
    assert answer.mimetype == "application/problem+json"
    assert stored_count() == 1


def test_an_idempotency_key_stands_for_an_id(api):
    api.survey()
    headers = {"Idempotency-Key": "order-4711"}
    body = {"survey": "nps", "score": 3}
    first = api.post("/api/v1/responses", body, headers=headers)
    second = api.post("/api/v1/responses", body, headers=headers)
    other = api.post("/api/v1/responses", {"survey": "nps", "score": 4}, headers=headers)
    assert [first.status_code, second.status_code, other.status_code] == [201, 200, 409]
    assert first.json["id"] == second.json["id"]


def test_keys_that_are_over_are_forgotten_with_new_ones(any_api):
    any_api.survey()
    now = utcnow()
    with transaction() as session:
        session.add_all(
            IdempotencyKey(
                workspace_id=any_api.workspace_id, key=f"k-{number}", digest="d",
                response_id=uuid4(), expires_at=now + timedelta(minutes=number - 120),
            )
            for number in range(125)
        )  # fmt: skip
    left = []
    for key, status in (("new", 201), ("newer", 201), ("k-124", 409)):
        body, headers = {"survey": "nps", "score": 3}, {"Idempotency-Key": key}
        assert any_api.post("/api/v1/responses", body, headers=headers).status_code == status
        with snapshot() as session:
            left.append(sorted(session.scalars(select(IdempotencyKey.key))))
    assert len(left[0]) == 26
    assert left[1] == left[2] == ["k-121", "k-122", "k-123", "k-124", "new", "newer"]


def test_key_order_and_spacing_do_not_make_another_body(api):
    api.survey()
    response_id = str(uuid4())
    bodies = [
        f'{{"id":"{response_id}","survey":"nps","score":9}}',
        f'{{ "score": 9,  "survey": "nps", "id": "{response_id}" }}',
    ]
    answers = [
        api.post("/api/v1/responses", data=body, content_type="application/json") for body in bodies
    ]
    assert [answer.status_code for answer in answers] == [201, 200]


def test_a_batch_stores_the_good_and_names_the_bad(any_api):
    any_api.survey()
    items = [
        {"survey": "nps", "score": 9},
        {"survey": "nps", "score": 11},
        {"survey": "absent", "score": 1},
        "rubbish",
        {"survey": "nps", "score": 0, "account": {"external_id": "a", "mrr": 1}},
        {"survey": "nps", "score": 0},
    ]
    answer = any_api.post("/api/v1/responses/batch", {"responses": items})
    shown = answer.json["items"]
    assert answer.status_code == 200
    assert [item["status"] for item in shown] == [201, 422, 422, 422, 422, 201]
    assert shown[1]["errors"][0]["field"] == "score"
    assert shown[2]["errors"][0]["field"] == "survey"
    assert stored_count() == 2


def test_what_a_batch_says_twice_counts_once_and_what_contradicts_it_is_refused(any_api):
    any_api.survey()
    said = {"survey": "nps", "id": str(uuid4()), "score": 9, "contact": {"external_id": "u"}}
    items = [said, said, said | {"score": 1}, said | {"id": str(uuid4())}]
    answer = any_api.post("/api/v1/responses/batch", {"responses": items})
    assert [item["status"] for item in answer.json["items"]] == [201, 200, 409, 201]
    assert stored_count() == 2


def test_very_many_at_once_wait_behind_those_that_come_one_by_one(api):
    api.survey()
    item = {"survey": "nps", "score": 9, "comment": "Slow."}
    api.post("/api/v1/responses/batch", {"responses": [item] * 101})
    api.post("/api/v1/responses/batch", {"responses": [item] * 3})
    api.respond(score=9, comment="Slow.")
    with snapshot() as session:
        work = session.execute(
            select(Pending.priority, func.count())
            .where(Pending.workspace_id == api.workspace_id, Pending.kind == "analyse")
            .group_by(Pending.priority)
        ).all()
    assert dict(map(tuple, work)) == {BACKLOG: 101, FRESH: 4}


def test_each_answer_of_a_batch_keeps_the_facts_of_its_own_moment(any_api):
    any_api.survey()
    items = [
        {"survey": "nps", "id": str(uuid4()), "score": 9, "answered_at": f"2026-0{month}-01T00:00Z",
         "account": {"external_id": "acme"} | said, "contact": {"external_id": "u"}}
        for month, said in enumerate(({}, {"plan": "free"}, {}, {"plan": "pro"}, {}), start=1)
    ]  # fmt: skip
    items.append(items[0] | {"id": str(uuid4()), "account": None, "answered_at": None})
    any_api.post("/api/v1/responses/batch", {"responses": items})
    found = [any_api.get(f"/api/v1/responses/{item['id']}").json for item in items]
    plans = [one["attributes"].get("plan") for one in found]
    assert plans == [None, "free", "free", "pro", "pro", "pro"]
    assert {one["account"]["external_id"] for one in found} == {"acme"}


def test_what_the_database_refuses_takes_nothing_else_with_it(any_api):
    survey = any_api.survey()
    good = Submission(
        survey_id=UUID(survey["id"]), version=1, answers={}, score=None, channel="api",
        answered_at=utcnow(), digest="0", contact=ContactFacts(external_id="u"),
    )  # fmt: skip
    bad = replace(good, invitation_id=uuid4(), contact=ContactFacts(external_id="nobody"))
    outcomes = record_batch(any_api.workspace_id, [good, bad, good], now=utcnow())
    assert [isinstance(outcome, BadInput) for outcome in outcomes] == [False, True, False]
    assert stored_count() == 2
    with snapshot() as session:
        assert [row.external_id for row in session.scalars(select(Contact))] == ["u"]
        assert session.scalar(select(func.count()).select_from(Pending)) == 6


def test_an_item_of_a_batch_may_be_retried_singly(api):
    api.survey()
    item = {"id": str(uuid4()), "survey": "nps", "score": 9}
    api.post("/api/v1/responses/batch", {"responses": [item, item]})
    assert api.post("/api/v1/responses", item).status_code == 200
    assert stored_count() == 1


@pytest.mark.parametrize("score", [11, -1, "9", 9.5, True, None, [9], 2**70])
def test_a_wrong_score_is_refused_by_name_and_nothing_is_stored(api, score):
    api.survey()
    answer = api.respond(score=score)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "score"
    assert stored_count() == 0


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("{", 400),
        ('{"survey": "nps", "score": NaN}', 400),
        ('{"survey": "nps", "score": 1, "score": 2}', 400),
        ("[" * 100_000, 400),
        ('{"survey": "nps", "score": 9, "comment": "a\\u0000b"}', 422),
        ('{"survey": "nps", "score": 9, "comment": "\\ud800"}', 422),
        ("[]", 422),
        ('"text"', 422),
        ("", 422),
        ('{"survey": "nps", "score": 9, "surprise": 1}', 422),
        ('{"survey": "nps", "score": 9, "answered_at": "2026-11-01T09:00:00"}', 422),
        ('{"survey": "nps", "score": 9, "survey_version": 7}', 422),
        ('{"survey": "nps", "score": 9, "answers": {"absent": 1}}', 422),
        ('{"survey": "nps", "score": 9, "answers": {"score": 8}}', 422),
    ],
)
def test_malformed_bodies_are_refused_and_nothing_is_stored(api, text, status):
    api.survey()
    answer = api.post("/api/v1/responses", data=text, content_type="application/json")
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    assert stored_count() == 0


def test_a_late_answer_does_not_change_newer_facts_but_keeps_its_own(any_api):
    any_api.survey()
    new = {"external_id": "acme", "plan": "pro"}
    old = {"external_id": "acme", "plan": "free"}
    any_api.respond(score=9, account=new, answered_at="2026-10-01T00:00:00Z")
    late = any_api.respond(score=2, account=old, answered_at="2026-01-01T00:00:00Z")
    again = any_api.respond(score=7, account={"external_id": "acme"})
    assert late.json["attributes"]["plan"] == "free"
    assert again.json["attributes"]["plan"] == "pro"


def test_many_senders_of_one_id_make_one_response(any_database, any_api):
    any_api.survey()
    body = {"survey": "nps", "id": str(uuid4()), "score": 9, "contact": {"external_id": "u"}}
    statuses: list[int] = []

    def send() -> None:
        client = any_database.test_client()
        headers = {"Authorization": f"Bearer {any_api.workspace.secret_key}"}
        statuses.append(client.post("/api/v1/responses", json=body, headers=headers).status_code)

    threads = [Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 7 + [201]
    assert stored_count() == 1


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "x"}])
def test_without_a_key_nothing_opens(app, header):
    answer = app.test_client().post("/api/v1/responses", json={}, headers=header)
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"


def test_an_unknown_path_answers_with_a_problem_document(api):
    for path in ("/api/v1/absent", "/api/v1/surveys/absent", "/api/v1/surveys/absent/metrics"):
        answer = api.get(path)
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
