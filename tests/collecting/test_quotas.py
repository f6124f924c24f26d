"""Quotas of groups: who comes when theirs is full is thanked, and the answer stands aside."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from tests.collecting.test_limits import at_once, limit, links, stored
from tests.collecting.test_pages import press
from vocapp import outbox
from vocapp.authoring.queries import draft_of, survey_by_key
from vocapp.authoring.service import save_draft
from vocapp.collecting import holding, public
from vocapp.collecting.models import HeldAnswer
from vocapp.database import snapshot, utcnow

ROLE = {
    "key": "role", "kind": "choice", "text": "What do you do?",
    "options": [{"key": "it", "label": "IT"}, {"key": "hr", "label": "HR"}],
}  # fmt: skip
ROLES = ROLE | {"kind": "multiple"}
SCORE = {"key": "score", "kind": "nps"}
WHY = {"key": "why", "kind": "text", "text": "Why?"}
ONE_IN_IT = [{"question": "role", "value": "it", "most": 1}]
ONE_PRO = [{"attribute": "plan", "value": "pro", "most": 1}]
PRO = {"account": {"external_id": "acme", "plan": "pro"}}


def aside() -> list[HeldAnswer]:
    with snapshot() as session:
        return list(session.scalars(select(HeldAnswer).order_by(HeldAnswer.pressed_at)))


def count() -> None:
    while outbox.work_off("measure", now=utcnow()):
        pass


def let_count(api: Any, *ids: str) -> list[str]:
    body = {"ids": list(ids), "decision": "count"}
    found: list[str] = api.post("/api/v1/held-answers/decisions", body).json["ids"]
    return found


def numbers(api: Any) -> tuple[int, int]:
    """How many count, and how many are over a quota."""
    count()
    told = api.get("/api/v1/surveys/nps/metrics").json
    return told["overall"]["n"], told["over_quota"]


def answer_page(api: Any, survey: dict[str, Any], **answers: str) -> Any:
    path = f"/s/{survey['public_id']}"
    return press(api.client, path, api.client.get(path), "whole", **answers)


def test_whose_choice_is_full_is_thanked_and_the_answer_stands_outside_the_score(any_api):
    survey = any_api.survey(questions=[ROLE, SCORE, WHY])
    limit(any_api, quotas=ONE_IN_IT)
    assert "Your answer has been saved" in answer_page(any_api, survey, role="it", score="9").text
    over = answer_page(any_api, survey, role="it", score="0", why="Slow")
    assert (over.status_code, "Enough people like you" in over.text) == (200, True)
    assert "Your answer has been saved" in answer_page(any_api, survey, role="hr", score="5").text
    assert [row.score for row in stored()] == [9, 5]
    (row,) = aside()
    assert (row.state, row.reasons, row.contact_id) == ("over_quota", ["group_full"], None)
    assert json.loads(row.answers) == {"role": "it", "score": 0, "why": "Slow"}
    assert numbers(any_api) == (2, 1)


def test_whoever_presses_again_is_kept_once(any_api):
    survey = any_api.survey(questions=[ROLE, SCORE])
    limit(any_api, quotas=ONE_IN_IT)
    answer_page(any_api, survey, role="it", score="9")
    path = f"/s/{survey['public_id']}"
    page = any_api.client.get(path)
    for score in ("1", "2"):
        press(any_api.client, path, page, "whole", role="it", score=score)
    assert [(row.score, row.presses) for row in aside()] == [(2, 2)]


def test_a_choice_among_several_is_of_its_group(any_api):
    any_api.survey(questions=[ROLES, SCORE])
    limit(any_api, quotas=ONE_IN_IT)
    given: list[tuple[list[str], int]] = [(["hr", "it"], 201), (["it"], 410), (["hr"], 201)]
    for roles, status in given:
        assert any_api.respond(answers={"role": roles, "score": 9}).status_code == status
    assert numbers(any_api) == (2, 1)


def test_a_survey_with_branches_looks_at_the_choice_before_it_stores_the_score(any_api):
    low = {"if": {"question": "score", "op": "category", "value": "detractor"}, "to": "end"}
    survey = any_api.survey(questions=[ROLE, SCORE | {"branches": [low]}, WHY])
    limit(any_api, quotas=ONE_IN_IT)
    path = f"/s/{survey['public_id']}"
    for _ in range(2):
        page = any_api.client.get(path)
        last = press(any_api.client, path, page, "next", role="it", score="9")
    assert "Enough people like you" in last.text
    assert (len(stored()), len(aside())) == (1, 1)


def test_the_widget_thanks_and_what_is_added_is_kept_with_it(any_api):
    survey = any_api.survey(questions=[ROLE, SCORE, WHY])
    limit(any_api, quotas=ONE_IN_IT)
    body = {"key": any_api.workspace.public_key, "survey": survey["public_id"],
            "answers": {"role": "it", "score": 9}}  # fmt: skip

    def post(response_id: UUID) -> Any:
        sent = body | {"id": str(response_id)}
        return any_api.client.post("/public/v1/responses", json=sent)

    assert post(uuid4()).status_code == 201
    over = uuid4()
    answers = [post(over) for _ in range(2)]
    assert [each.status_code for each in answers] == [202, 202]
    more = {"edit_token": answers[0].json["edit_token"], "revision": 1, "answers": {"why": "Slow"}}
    address = f"/public/v1/responses/{over}"
    assert any_api.client.patch(address, json=more).status_code == 200
    (row,) = aside()
    assert (row.id, json.loads(row.answers)["why"]) == (over, "Slow")
    stranger = more | {"edit_token": post(uuid4()).json["edit_token"]}
    assert any_api.client.patch(address, json=stranger).status_code == 403


def test_a_score_that_is_corrected_while_it_stands_aside_is_the_one_that_counts(any_api):
    survey = any_api.survey()
    limit(any_api, quotas=[{"attribute": "channel", "value": "widget", "most": 1}])
    body = {"key": any_api.workspace.public_key, "survey": survey["public_id"], "score": 3,
            "page": "https://acme.example/pricing"}  # fmt: skip
    for over in (str(uuid4()), str(uuid4())):
        told = any_api.client.post("/public/v1/responses", json=body | {"id": over})
    more = {"edit_token": told.json["edit_token"], "revision": 1, "score": 9}
    address = f"/public/v1/responses/{over}"
    assert any_api.client.patch(address, json=more).status_code == 200
    (listed,) = any_api.get("/api/v1/held-answers?state=over_quota").json["items"]
    assert listed["score"] == 9
    let_count(any_api, over)
    (row,) = (row for row in stored() if row.id == UUID(over))
    assert (row.score, row.page) == (9, "https://acme.example/pricing")


def test_a_single_use_link_is_used_by_an_answer_over_a_quota(any_api):
    """Whoever it is passed on to writes over nothing, not even once the answer counts."""
    any_api.survey(questions=[ROLE, SCORE])
    limit(any_api, quotas=ONE_IN_IT)
    any_api.respond(answers={"role": "it", "score": 9})
    (link,) = links(any_api)
    path = f"/once/{link['token']}"
    mine, theirs = any_api.client.get(path), any_api.client.get(path)
    for score in ("1", "2"):  # who pressed goes back and presses again
        last = press(any_api.client, path, mine, "whole", role="it", score=score)
        assert "Enough people like you" in last.text
    for _ in range(2):
        late = press(any_api.client, path, theirs, "whole", role="hr", score="10")
        assert "This link has been used." in late.text
        let_count(any_api, link["id"])
    assert sorted(row.score for row in stored()) == [2, 9]


def test_nothing_is_kept_of_who_comes_without_the_link_that_it_takes(any_api):
    any_api.survey(questions=[ROLE, SCORE])
    limit(any_api, quotas=ONE_IN_IT, only_single_use=True)
    (link,) = links(any_api)
    body = {"answers": {"role": "it", "score": 9}}
    assert any_api.respond(**body, single_use=link["token"]).status_code == 201
    assert any_api.respond(**body).status_code == 422
    assert aside() == []


def test_a_kiosk_goes_on_with_the_next_person(any_api):
    survey = any_api.survey(questions=[ROLE, SCORE])
    limit(any_api, quotas=ONE_IN_IT)
    now = int(utcnow().timestamp() * 1000)
    found = [
        any_api.client.post(
            f"/kiosk/{survey['public_id']}",
            json={"id": str(uuid4()), "survey_version": 1, "locale": "en", "sent_at": now,
                  "answered_at": now, "answers": {"role": "it", "score": 9}},
        ).status_code
        for _ in range(2)
    ]  # fmt: skip
    assert found == [201, 202]


def test_a_machine_hears_410_and_may_send_again_once_there_is_room(any_api):
    any_api.survey()
    limit(any_api, quotas=ONE_PRO)
    assert any_api.respond(score=9, **PRO).status_code == 201
    body = {"survey": "nps", "id": str(uuid4()), "score": 3, **PRO}
    headers = {"Idempotency-Key": "k"}
    refused = any_api.post("/api/v1/responses", body, headers=headers)
    assert (refused.status_code, "is kept" in refused.json["detail"]) == (410, True)
    assert [row.attributes["plan"] for row in aside()] == ["pro"]
    limit(any_api, quotas=[ONE_PRO[0] | {"most": 2}])
    assert any_api.post("/api/v1/responses", body, headers=headers).status_code == 201
    assert [row.state for row in aside()] == ["overtaken"]
    assert numbers(any_api) == (2, 0)


@pytest.mark.parametrize("is_let_count", [True, False])
def test_a_key_without_an_id_makes_one_answer_of_what_is_sent_again(any_api, is_let_count):
    any_api.survey()
    limit(any_api, quotas=ONE_PRO)
    any_api.respond(score=9, **PRO)

    def send() -> int:
        body = {"survey": "nps", "score": 3, **PRO}
        sent = any_api.post("/api/v1/responses", body, headers={"Idempotency-Key": "k"})
        return int(sent.status_code)

    assert [send(), send()] == [410, 410]
    (row,) = aside()
    if is_let_count:
        let_count(any_api, str(row.id))
    else:
        limit(any_api, quotas=[ONE_PRO[0] | {"most": 2}])
        assert send() == 201
    assert send() == 200
    assert let_count(any_api, str(row.id)) == []
    assert [each.score for each in stored()] == [9, 3]
    assert numbers(any_api) == (2, 0)


def test_of_many_that_are_sent_together_only_those_of_a_full_group_stand_aside(any_api):
    any_api.survey()
    limit(any_api, quotas=ONE_PRO)
    basic = {"account": {"external_id": "beta", "plan": "basic"}}
    rows = [{"survey": "nps", "id": str(uuid4()), "score": 9, **who} for who in (PRO, PRO, basic)]
    for expected in ([201, 410, 201], [200, 410, 200]):
        told = any_api.post("/api/v1/responses/batch", {"responses": rows}).json["items"]
        assert [each["status"] for each in told] == expected
    assert [(str(row.id), row.presses) for row in aside()] == [(rows[1]["id"], 2)]
    assert numbers(any_api) == (2, 1)


def test_what_counts_once_the_quota_is_gone_stands_no_longer_aside(any_api):
    any_api.survey()
    limit(any_api, quotas=ONE_PRO)
    any_api.respond(score=9, **PRO)
    body = {"id": str(uuid4()), **PRO}
    assert any_api.respond(score=3, **body).status_code == 410
    limit(any_api, quotas=[])
    assert any_api.respond(score=8, **body).status_code == 201
    assert let_count(any_api, body["id"]) == []
    assert [row.score for row in stored()] == [9, 8]
    assert numbers(any_api) == (2, 0)


def test_what_is_over_a_quota_counts_once_a_colleague_says_so(any_api):
    any_api.survey()
    limit(any_api, quotas=ONE_PRO)
    for score in (9, 3):
        any_api.respond(score=score, comment="Slow", **PRO)
    (listed,) = any_api.get("/api/v1/held-answers?state=over_quota").json["items"]
    assert (listed["score"], listed["comment"]) == (3, "Slow")
    for expected in ([listed["id"]], []):
        assert let_count(any_api, listed["id"]) == expected
    shown = any_api.get(f"/api/v1/responses/{listed['id']}").json
    assert (shown["comment"], shown["account"]["external_id"]) == ("Slow", "acme")
    assert [row.attributes["plan"] for row in stored()] == ["pro", "pro"]
    assert numbers(any_api) == (2, 0)


def test_what_is_sent_again_once_it_counts_is_known(any_api):
    """A page whose connection broke before it heard 202 goes on, and a machine hears no 409."""
    survey = any_api.survey(questions=[ROLE, SCORE, WHY])
    limit(any_api, quotas=ONE_IN_IT)
    given = {"answers": {"role": "it", "score": 9}}
    any_api.respond(**given)
    of_widget = {"key": any_api.workspace.public_key, "survey": survey["public_id"]}
    for address, more in (("/public/v1/responses", of_widget), ("/api/v1/responses", {})):
        body = {"survey": "nps", "id": str(uuid4()), **given, **more}
        assert any_api.post(address, body).status_code in {202, 410}
        assert let_count(any_api, body["id"]) == [body["id"]]
        assert any_api.post(address, body).status_code == 200
    assert len(stored()) == 3


def test_what_is_added_while_it_is_let_count_is_not_lost(any_api, monkeypatch):
    survey = any_api.survey(questions=[ROLE, SCORE, WHY])
    limit(any_api, quotas=ONE_IN_IT)
    body = {"key": any_api.workspace.public_key, "survey": survey["public_id"],
            "answers": {"role": "it", "score": 9}}  # fmt: skip
    for over in (str(uuid4()), str(uuid4())):
        told = any_api.client.post("/public/v1/responses", json=body | {"id": over})
    token, count = told.json["edit_token"], holding._count

    def once_more_was_said(*args: Any, **kwargs: Any) -> bool:
        more = {"edit_token": token, "revision": 1, "answers": {"why": "Slow"}}
        browser = any_api.client.application.test_client()
        assert browser.patch(f"/public/v1/responses/{over}", json=more).status_code == 200
        return count(*args, **kwargs)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(holding, "_count", once_more_was_said)
        assert let_count(any_api, over) == []
    assert let_count(any_api, over) == [over]
    assert any_api.get(f"/api/v1/responses/{over}").json["comment"] == "Slow"


@pytest.fixture
def over_quota(any_api):
    """Sends, as the widget does, and corrects an answer that stands aside; its id."""
    survey = any_api.survey(questions=[ROLE, SCORE, WHY])
    limit(any_api, quotas=ONE_IN_IT)
    any_api.respond(answers={"role": "it", "score": 9})
    found = str(uuid4())
    body = {"key": any_api.workspace.public_key, "survey": survey["public_id"], "id": found,
            "answers": {"role": "it", "score": 3}}  # fmt: skip

    def post(status: int = 202) -> Any:
        answer = any_api.client.post("/public/v1/responses", json=body)
        assert answer.status_code == status
        return answer.json["edit_token"]

    def patch(revision: int, **answers: Any) -> None:
        more = {"edit_token": post.token, "revision": revision, "answers": answers}
        browser = any_api.client.application.test_client()
        assert browser.patch(f"/public/v1/responses/{found}", json=more).status_code == 200

    post.token = post()
    return found, post, patch


def said_aside() -> tuple[int | None, str | None]:
    (row,) = aside()
    return row.score, json.loads(row.answers).get("why")


def test_an_older_correction_that_comes_late_changes_nothing_also_over_a_quota(any_api, over_quota):
    found, _post, patch = over_quota
    patch(2, why="Slow, and dear", score=2)
    for late in (1, 2):
        patch(late, why="Slow", score=4)
    assert said_aside() == (2, "Slow, and dear")
    let_count(any_api, found)
    patch(2, why="Slow")
    shown = any_api.get(f"/api/v1/responses/{found}").json
    assert (shown["score"], shown["comment"]) == (2, "Slow, and dear")
    patch(3, why="Dear")
    assert any_api.get(f"/api/v1/responses/{found}").json["comment"] == "Dear"


def test_the_same_answer_that_comes_again_late_takes_nothing_away_that_was_added(over_quota):
    _found, post, patch = over_quota
    patch(1, why="Slow", score=2)
    post()
    assert said_aside() == (2, "Slow")


def test_what_was_added_counts_with_the_answer_that_comes_again_once_there_is_room(
    any_api, over_quota
):
    found, post, patch = over_quota
    patch(2, why="Slow", score=2)
    limit(any_api, quotas=[ONE_IN_IT[0] | {"most": 2}])
    for status in (201, 200):
        post(status)
    assert [(row.state, row.presses) for row in aside()] == [("overtaken", 1)]
    patch(1, why="Late")
    shown = any_api.get(f"/api/v1/responses/{found}").json
    assert (shown["score"], shown["comment"]) == (2, "Slow")
    patch(3, why="Dear")
    assert any_api.get(f"/api/v1/responses/{found}").json["comment"] == "Dear"
    assert sorted(row.score for row in stored()) == [2, 9]


def test_what_is_added_as_a_colleague_lets_it_count_is_added_to_what_counts(
    any_api, over_quota, monkeypatch
):
    found, _post, patch = over_quota
    look = public.over_quota

    def counted_meanwhile(*args: Any, **kwargs: Any) -> Any:
        kept = look(*args, **kwargs)
        assert let_count(any_api, found) == [found]
        return kept

    monkeypatch.setattr(public, "over_quota", counted_meanwhile)
    patch(1, why="Slow")
    assert any_api.get(f"/api/v1/responses/{found}").json["comment"] == "Slow"


def test_of_many_at_once_exactly_the_quota_counts_and_no_answer_is_lost(any_database, any_api):
    any_api.survey(questions=[ROLE, SCORE])
    limit(any_api, quotas=[ONE_IN_IT[0] | {"most": 5}])

    def answer(index: int) -> int:
        client = any_api.client.application.test_client()
        body = {"survey": "nps", "answers": {"role": "it", "score": index % 11}}
        headers = {"Authorization": f"Bearer {any_api.workspace.secret_key}"}
        return client.post("/api/v1/responses", json=body, headers=headers).status_code

    found = at_once(any_database, 20, answer)
    assert (found.count(201), found.count(410)) == (5, 15)
    assert (len(stored()), len(aside())) == (5, 15)


def test_one_answer_that_is_sent_many_times_at_once_takes_the_last_place_once(
    any_database, any_api
):
    any_api.survey(questions=[ROLE, SCORE])
    limit(any_api, quotas=ONE_IN_IT)
    body = {"survey": "nps", "id": str(uuid4()), "answers": {"role": "it", "score": 9}}

    def answer(_: int) -> int:
        client = any_api.client.application.test_client()
        headers = {"Authorization": f"Bearer {any_api.workspace.secret_key}"}
        return client.post("/api/v1/responses", json=body, headers=headers).status_code

    found = at_once(any_database, 16, answer)
    assert (found.count(201), found.count(200)) == (1, 15)
    assert (len(stored()), aside()) == (1, [])


@pytest.mark.parametrize(
    ("quota", "field"),
    [
        ({"question": "why", "value": "it"}, "quotas.0.question"),
        ({"question": "after", "value": "it"}, "quotas.0.question"),
        ({"question": "role", "value": "boss"}, "quotas.0.question"),
        ({"question": "role", "attribute": "plan", "value": "it"}, "quotas.0.attribute"),
        ({"value": "it"}, "quotas.0.attribute"),
    ],
)
def test_a_quota_is_of_an_attribute_or_of_an_option_before_the_score(api, quota, field):
    api.survey(questions=[ROLE, SCORE, ROLE | {"key": "after"}, WHY])
    answer = api._call("PUT", "/api/v1/surveys/nps/limits", json={"quotas": [quota | {"most": 1}]})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, field)


def test_a_quota_of_an_option_that_is_still_asked_stays_when_the_draft_has_it_no_more(api, staff):
    api.survey(questions=[ROLE, SCORE])
    limit(api, quotas=ONE_IN_IT)
    without = ROLE | {"options": [{"key": "hr", "label": "HR"}, {"key": "ops", "label": "Ops"}]}
    survey = survey_by_key(api.workspace_id, "nps")
    draft = draft_of(api.workspace_id, survey.id)
    save_draft(
        api.workspace_id, survey.id,
        draft | {"questions": [without if each["key"] == "role" else each
                               for each in draft["questions"]]},
        now=utcnow(),
    )  # fmt: skip
    product = staff("product")
    shown = product.get("/surveys/nps/limits").text
    assert re.search(r'name="choice-role-it" type="text" value="1"', shown)
    assert "IT (not in the draft any more)" in shown
    form = {"choice-role-it": "1", "choice-role-hr": "2", "most": "500"}
    assert product.post("/surveys/nps/limits", form).status_code == 303
    kept = api.get("/api/v1/surveys/nps/limits").json["quotas"]
    assert [(each["value"], each["most"]) for each in kept] == [("hr", 2), ("it", 1)]
    limit(api, quotas=kept)
    assert product.post("/surveys/nps/limits", form | {"choice-role-it": ""}).status_code == 303
    assert "choice-role-it" not in product.get("/surveys/nps/limits").text


def test_quotas_of_choices_are_set_on_the_page_and_seen_beside_the_score(api, staff):
    survey = api.survey(questions=[ROLE, SCORE])
    product = staff("product")
    form = {"choice-role-it": "1", "choice-role-hr": "", "most": "500"}
    assert product.post("/surveys/nps/limits", form | {"choice-role-it": "x"}).status_code == 422
    assert product.post("/surveys/nps/limits", form).status_code == 303
    kept = api.get("/api/v1/surveys/nps/limits").json
    assert (kept["quotas"], kept["most"]) == (ONE_IN_IT, 500)
    shown = product.get("/surveys/nps/limits").text
    assert re.search(r'name="choice-role-it" type="text" value="1"', shown)
    assert "What do you do? IT" in product.get("/surveys/nps").text
    assert "Nothing is over a quota" in product.get("/held-answers?state=over_quota").text
    for _ in range(3):
        answer_page(api, survey, role="it", score="9")
    count()
    assert "2 over quota" in product.get("/results/nps").text
    listed = product.get("/held-answers?state=over_quota&survey=nps").text
    assert listed.count("The quota of its group was full when it came.") == 2
    assert "Anonymous" in listed
