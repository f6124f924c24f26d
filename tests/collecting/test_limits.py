"""A last day, quotas and single-use links: on every way by which an answer can come in."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from tests.collecting.test_pages import fields, press
from vocapp import outbox
from vocapp.authoring.limiting.models import SingleUseLink
from vocapp.authoring.models import Survey
from vocapp.authoring.service import publish_survey
from vocapp.collecting.models import Response, ResponseMark
from vocapp.database import snapshot, utcnow

TODAY = utcnow().date()
ROUTES = ["page", "embed", "public", "api"]


def stored() -> list[Response]:
    with snapshot() as session:
        return list(session.scalars(select(Response).order_by(Response.received_at)))


def state() -> str:
    with snapshot() as session:
        return session.scalars(select(Survey.state)).one()


def marks() -> set[str]:
    with snapshot() as session:
        return set(session.scalars(select(ResponseMark.reason)))


def limit(api: Any, key: str = "nps", **limits: Any) -> Any:
    answer = api._call("PUT", f"/api/v1/surveys/{key}/limits", json=limits)
    assert answer.status_code == 200, answer.text
    return answer.json


def links(api: Any, count: int = 1, **more: Any) -> list[dict[str, Any]]:
    made = api.post(
        "/api/v1/surveys/nps/single-use-links", {"name": "Fair", "count": count, **more}
    )
    assert made.status_code == 201, made.text
    path = f"/api/v1/surveys/nps/single-use-links/{made.json['id']}"
    found = api.get(path, query_string={"limit": 200}).json["items"]
    return [each | {"token": each["url"].split("/once/")[1]} for each in found]


def send(api: Any, survey: dict[str, Any], route: str, **more: Any) -> int:
    """One answer by a route; what it says about it."""
    client, score = api.client.application.test_client(), more.pop("score", 9)
    if route == "api":
        headers = {"Authorization": f"Bearer {api.workspace.secret_key}"}
        body = {"survey": survey["key"], "score": score, **more}
        return client.post("/api/v1/responses", json=body, headers=headers).status_code
    if route == "public":
        body = {"key": api.workspace.public_key, "survey": survey["public_id"],
                "id": str(uuid4()), "score": score, **more}  # fmt: skip
        return client.post("/public/v1/responses", json=body).status_code
    token = more.get("single_use")
    of_survey = {"page": "/s/", "embed": "/embed/"}.get(route, "") + survey["public_id"]
    path = f"/once/{token}" if token else of_survey
    page = client.get(path)
    if page.status_code != 200:
        return page.status_code
    return press(client, path, page, "score", score=str(score)).status_code


@pytest.fixture
def survey(any_api):
    return any_api.survey()


# --- the last day -------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ROUTES)
def test_the_day_after_the_last_nothing_new_is_taken(any_api, survey, route):
    limit(any_api, last_day=str(TODAY + timedelta(days=1)))
    assert send(any_api, survey, route) in {200, 201}
    limit(any_api, last_day=str(TODAY - timedelta(days=2)))
    assert send(any_api, survey, route) == 410
    assert len(stored()) == 1


def test_the_last_day_is_one_of_the_workspace(api, app):
    """At eight in the evening (UTC) it is over in Tokyo, and goes on in New York."""
    from vocapp.database import transaction
    from vocapp.workspaces.models import Workspace

    survey = api.survey()
    today = utcnow().date()
    for zone, day, status in (
        ("Pacific/Kiritimati", today - timedelta(days=1), 410),  # 14 hours ahead
        ("Pacific/Pago_Pago", today, 201),  # 11 hours behind
    ):
        with transaction() as session:
            session.get_one(Workspace, api.workspace_id).time_zone = zone
        limit(api, last_day=str(day))
        assert send(api, survey, "api") == status


def test_a_survey_with_branches_tells_its_last_day_too(api):
    low = {"if": {"question": "score", "op": "category", "value": "detractor"}, "to": "end"}
    questions = [
        {"key": "score", "kind": "nps", "branches": [low]},
        {"key": "why", "kind": "text", "text": "Why?"},
    ]
    made = api.survey(questions=questions)
    limit(api, last_day="2099-12-31")
    page = api.client.get(f"/s/{made['public_id']}").text
    assert 'name="page"' in page
    assert "Open until December 31, 2099." in page


def test_it_closes_by_itself_says_so_before_and_in_its_own_words_after(any_api, survey):
    page = f"/s/{survey['public_id']}"
    limit(any_api, last_day="2099-12-31", closing_words={"en": "See you <next> year."})
    assert "Open until December 31, 2099." in any_api.client.get(page).text
    limit(any_api, last_day="2026-01-01", closing_words={"en": "See you <next> year."})
    outbox.work_off("close_survey", now=utcnow())
    assert state() == "closed"
    closed = any_api.client.get(page)
    assert (closed.status_code, "See you &lt;next&gt; year." in closed.text) == (410, True)
    refused = any_api.respond(score=9)
    assert (refused.status_code, refused.json["detail"]) == (410, "See you <next> year.")


def test_an_answer_that_was_given_in_time_may_come_late_from_another_system(api):
    api.survey()
    limit(api, last_day=str(TODAY - timedelta(days=5)))
    in_time = (utcnow() - timedelta(days=9)).isoformat()
    assert api.respond(score=9, answered_at=in_time).status_code == 201
    assert api.respond(score=9).status_code == 410


def test_who_has_begun_may_finish_after_it_closed(any_api, survey):
    path = f"/s/{survey['public_id']}"
    second = press(any_api.client, path, any_api.client.get(path), "score", score="3")
    limit(any_api, last_day="2026-01-01")
    outbox.work_off("close_survey", now=utcnow())
    last = press(any_api.client, path, second, "rest", comment="Slow")
    assert (last.status_code, "Thank you" in last.text) == (200, True)
    assert any_api.get(f"/api/v1/responses/{stored()[0].id}").json["comment"] == "Slow"
    assert any_api.client.get(path).status_code == 410


# --- quotas -------------------------------------------------------------------------------------


def at_once(app: Any, count: int, work: Any) -> list[int]:
    """Do the same in many threads, all released at one moment."""
    gate = threading.Barrier(16)

    def run(index: int) -> int:
        if index < 16:
            gate.wait()
        with app.app_context():
            return work(index)

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(run, range(count)))


def test_of_many_at_once_exactly_the_quota_gets_in_and_the_last_one_closes_it(
    any_database, any_api, survey
):
    limit(any_api, most=20)
    found = at_once(any_database, 60, lambda index: send(any_api, survey, ROUTES[2 + index % 2]))
    assert (found.count(201), found.count(410)) == (20, 40)
    assert len(stored()) == 20
    assert state() == "closed"


def test_a_full_group_is_turned_away_and_others_are_not(any_api, survey):
    limit(any_api, quotas=[{"attribute": "plan", "value": "pro", "most": 1}])
    of = {"account": {"external_id": "a", "plan": "pro"}}
    assert any_api.respond(score=9, **of).status_code == 201
    assert any_api.respond(score=9, **of).status_code == 410
    assert any_api.respond(score=9).status_code == 201
    batch = [{"survey": "nps", "score": 1, **of}, {"survey": "nps", "score": 2}]
    said = any_api.post("/api/v1/responses/batch", {"responses": batch}).json["items"]
    assert [each["status"] for each in said] == [410, 201]
    assert [row.score for row in stored()] == [9, 9, 2]


@pytest.mark.parametrize("name", ["seats, sold", "seats {sold}", "NULL"])
def test_a_group_is_full_by_an_attribute_of_any_name(any_api, survey, name):
    limit(any_api, quotas=[{"attribute": name, "value": "3", "most": 1}])
    of = {"account": {"external_id": "a", "attributes": {name: 3}}}
    assert [any_api.respond(score=9, **of).status_code for _ in range(2)] == [201, 410]


def test_who_is_turned_away_leaves_nothing_behind(api):
    api.survey()
    limit(api, most=1)
    assert api.respond(score=9).status_code == 201
    refused = {"survey": "nps", "score": 1, "contact": {"email": "late@example.com"}}
    for _ in range(2):  # the key was not used up by the first
        answer = api.post("/api/v1/responses", refused, headers={"Idempotency-Key": "k"})
        assert answer.status_code == 410
    assert "late@example.com" not in api.get("/api/v1/contacts").text


def test_a_quota_that_is_reached_already_closes_the_survey_before_anybody_opens_it(any_api, survey):
    for most, expected in ((3, "published"), (2, "closed")):
        while len(stored()) < 2:
            assert any_api.respond(score=9).status_code == 201
        limit(any_api, most=most)
        outbox.work_off("close_full_survey", now=utcnow())
        assert state() == expected
    assert any_api.client.get(f"/s/{survey['public_id']}").status_code == 410


def test_a_full_survey_that_is_opened_again_stays_full_until_its_quota_is_raised(any_api, survey):
    limit(any_api, most=1)
    assert any_api.respond(score=9).status_code == 201
    publish_survey(any_api.workspace_id, UUID(survey["id"]), now=utcnow())
    assert any_api.respond(score=9).status_code == 410
    limit(any_api, most=2)
    assert any_api.respond(score=9).status_code == 201


# --- single-use links ---------------------------------------------------------------------------


def test_200_posts_of_one_link_at_once_are_one_answer_whatever_way_they_take(
    any_database, any_api, survey
):
    (link,) = links(any_api)
    token = link["token"]
    found = at_once(
        any_database, 200,
        lambda index: send(
            any_api, survey, ROUTES[index % 4], single_use=token, score=index % 11
        ),
    )  # fmt: skip
    (row,) = stored()
    assert str(row.id) == link["id"]
    assert sorted(set(found) - {200, 201}) in ([409], [410], [409, 410])
    # Another system that repeats the very answer hears that it is stored.
    taken = {index % 11 for index, status in enumerate(found) if status in {200, 201}}
    assert taken == {row.score}
    assert found.count(201) <= 1


@pytest.mark.parametrize("route", ROUTES)
def test_a_used_link_is_used_for_every_other_way(any_api, survey, route):
    (link,) = links(any_api, touchpoint="Fair in Osaka")
    assert send(any_api, survey, route, single_use=link["token"]) in {200, 201}
    for other in ROUTES:
        assert send(any_api, survey, other, single_use=link["token"], score=1) in {409, 410}
    (row,) = stored()
    assert (row.score, row.attributes["touchpoint"]) == (9, "Fair in Osaka")
    with snapshot() as session:
        assert session.scalars(select(SingleUseLink.used_at)).one() is not None


def test_the_visit_that_answered_goes_on_and_nobody_else(any_api, survey):
    (link,) = links(any_api)
    path = f"/once/{link['token']}"
    mine, theirs = any_api.client.get(path), any_api.client.get(path)
    second = press(any_api.client, path, mine, "score", score="3")
    assert (
        "This link has been used." in press(any_api.client, path, theirs, "score", score="10").text
    )
    assert "Thank you" in press(any_api.client, path, second, "rest", comment="Slow").text
    assert any_api.client.get(path).status_code == 410
    for other in ("/s/", "/embed/"):  # What their page holds is no key to it elsewhere.
        press(any_api.client, other + survey["public_id"], theirs, "score", score="10")
    for token in re.findall(r'name="token" value="([^"]*)"', theirs.text):
        body = {"edit_token": unescape(token), "revision": 9, "score": 10}
        any_api.client.patch(f"/public/v1/responses/{link['id']}", json=body)
    shown = any_api.get(f"/api/v1/responses/{link['id']}").json
    assert (shown["score"], shown["comment"]) == (3, "Slow")


@pytest.mark.parametrize(("route", "status"), list(zip(ROUTES, [403, 403, 422, 422], strict=True)))
def test_a_survey_by_such_links_only_takes_nothing_without_one(any_api, survey, route, status):
    limit(any_api, only_single_use=True)
    assert send(any_api, survey, route) == status
    (link,) = links(any_api)
    assert send(any_api, survey, route, single_use=link["token"]) in {200, 201}
    assert len(stored()) == 1


def test_a_link_of_another_survey_or_workspace_is_as_absent(api, new_workspace, api_of):
    survey = api.survey()
    stranger = api_of(api.client, new_workspace("Other"))
    stranger.survey()
    token = links(stranger)[0]["token"]
    other = api.survey("other")
    mine = links(api)[0]["token"]
    for each in (token, token[:-2], "x"):
        refused = api.respond(score=9, single_use=each)
        assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "single_use")
    assert send(api, other, "public", single_use=mine) == 422
    assert api.client.get(f"/once/{token[:-2]}").status_code == 404
    assert survey["key"] == "nps"
    assert stored() == []


# --- what a person cannot help ------------------------------------------------------------------


def test_who_writes_into_the_field_that_nobody_sees_is_marked_and_counts(api):
    path = f"/s/{api.survey()['public_id']}"
    form = {**fields(api.client.get(path)), "q-score": "9", "step": "score"}
    assert api.client.post(path, data=form | {"website": "http://spam"}).status_code == 200
    assert len(stored()) == 1
    assert {"hidden_field", "too_fast"} <= marks()


def test_a_form_without_what_the_page_put_into_it_is_marked(api):
    path = f"/s/{api.survey()['public_id']}"
    form = {**fields(api.client.get(path)), "q-score": "9", "step": "score"}
    del form["visit"]
    assert api.client.post(path, data=form).status_code == 200
    assert marks() == {"altered_form"}


def test_who_takes_their_time_is_not_marked(api, monkeypatch):
    monkeypatch.setattr("surveys.response_quality.FASTEST", timedelta(0))
    path = f"/s/{api.survey()['public_id']}"
    press(api.client, path, api.client.get(path), "score", score="9")
    assert (len(stored()), marks()) == (1, set())


# --- the staff's pages --------------------------------------------------------------------------


def test_limits_are_set_on_a_page_which_keeps_what_was_mistyped(api, staff):
    api.survey()
    product = staff("product")
    typed = {"last_day": "2099-12-31", "most": "many", "attribute-0": "plan", "value-0": "pro",
             "most-0": "", "words-en": "Bye", "words-ja": "また今度"}  # fmt: skip
    wrong = product.post("/surveys/nps/limits", typed)
    assert wrong.status_code == 422
    assert "A group needs an attribute, a value and a number." in wrong.text
    assert 'value="many"' in wrong.text
    fine = typed | {"most": "500", "most-0": "20", "only_single_use": "1"}
    assert product.post("/surveys/nps/limits", fine).status_code == 303
    assert api.get("/api/v1/surveys/nps/limits").json == {
        "last_day": "2099-12-31", "most": 500, "only_single_use": True,
        "quotas": [{"attribute": "plan", "value": "pro", "most": 20}],
        "closing_words": {"en": "Bye", "ja": "また今度"},
    }  # fmt: skip
    shown = product.get("/surveys/nps").text
    assert "then it closes by itself" in shown
    assert "at most 20" in shown
    assert 'value="pro"' in product.get("/surveys/nps/limits").text


def test_links_are_made_on_a_page_and_taken_as_a_file(api, staff):
    api.survey()
    product = staff("product")
    assert "No links yet" in product.get("/surveys/nps/single-use").text
    for wrong in ({"name": "", "count": "3"}, {"name": "Fair", "count": "0"},
                  {"name": "Fair", "count": "10001"}, {"name": "Fair", "count": "x"}):  # fmt: skip
        assert product.post("/surveys/nps/single-use", wrong).status_code == 422
    made = product.post("/surveys/nps/single-use", {"name": "=Fair", "count": "3"})
    assert made.status_code == 303
    page = product.get("/surveys/nps/single-use").text
    (address,) = re.findall(r'href="([^"]+\.csv)"', page)
    lines = product.get(address).text.lstrip("\ufeff").splitlines()
    assert lines[0] == "number,link,used_at"
    assert [line.split(",")[0] for line in lines[1:]] == ["1", "2", "3"]
    path = "/once/" + lines[1].split(",")[1].split("/once/")[1]
    press(api.client, path, api.client.get(path), "score", score="9")
    assert re.search(r'data-label="Answered">1<', product.get("/surveys/nps/single-use").text)
