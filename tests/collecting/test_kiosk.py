"""A kiosk's page and the answers that a device sends."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from vocapp.authoring.links import kiosk_url
from vocapp.authoring.models import SurveyVersion
from vocapp.authoring.queries import survey_by_key
from vocapp.authoring.service import close_survey
from vocapp.collecting.models import Response
from vocapp.database import snapshot, transaction, utcnow

SECOND = 1000


def stored() -> list[Response]:
    with snapshot() as session:
        return list(session.scalars(select(Response).order_by(Response.received_at)))


def answer(**more: Any) -> dict[str, Any]:
    now = 1_800_000_000_000
    body = {"id": str(uuid4()), "survey_version": 1, "locale": "ja", "answered_at": now,
            "sent_at": now, "answers": {"score": 9}}  # fmt: skip
    return body | more


@pytest.fixture
def path(api: Any) -> str:
    return f"/kiosk/{api.survey()['public_id']}"


def limit(api: Any, **limits: Any) -> None:
    assert api._call("PUT", "/api/v1/surveys/nps/limits", json=limits).status_code == 200


def test_the_page_brings_the_survey_in_all_its_languages(api, path):
    page = api.client.get(f"{path}?lang=ja")
    assert page.status_code == 200
    assert '<html lang="ja"' in page.text
    found = re.search(r'id="kiosk-data">(.*?)</script>', page.text, re.DOTALL)
    data = json.loads(found.group(1))
    assert [each["language"] for each in data["surveys"]] == ["en", "ja"]
    assert data["first"] == "ja"
    assert data["surveys"][1]["words"]["go_on"] == "続ける"
    assert "'none'" in page.headers["Content-Security-Policy"].split("frame-ancestors")[1]


def test_the_same_answer_sent_again_is_there_once(api, path):
    body = answer()
    assert api.client.post(path, json=body).status_code == 201
    again = api.client.post(path, json=body | {"sent_at": body["sent_at"] + 60 * SECOND})
    assert (again.status_code, again.json) == (200, {"id": body["id"]})
    other = api.client.post(path, json=body | {"answers": {"score": 1}})
    assert other.status_code == 409
    (row,) = stored()
    assert (row.score, row.channel, row.locale) == (9, "web", "ja")


@pytest.mark.parametrize(
    ("away_s", "ago_s"), [(7200, 7200), (-500, 0), (400 * 86_400, 366 * 86_400)]
)
def test_an_answer_was_given_when_the_device_says_by_how_long_it_kept_it(api, path, away_s, ago_s):
    with transaction() as session:
        session.execute(update(SurveyVersion).values(published_at=utcnow() - timedelta(days=800)))
    body = answer(answered_at=SECOND * 1_000_000_000)
    body["sent_at"] = body["answered_at"] + away_s * SECOND
    assert api.client.post(path, json=body).status_code == 201
    (row,) = stored()
    assert abs(utcnow() - row.answered_at - timedelta(seconds=ago_s)) < timedelta(minutes=1)


def test_nothing_was_answered_before_it_was_asked(api, path):
    """Whoever knows the address could else rewrite the figures of a year."""
    assert api.client.post(path, json=answer(answered_at=0)).status_code == 201
    (row,) = stored()
    assert utcnow() - row.answered_at < timedelta(minutes=1)


def test_the_place_of_the_address_is_the_touchpoint_and_cannot_be_made_up(api, path):
    survey = survey_by_key(api.workspace_id, "nps")
    placed = kiosk_url(survey, place="駅前店").split("/kiosk/")[1]
    assert api.client.post(f"/kiosk/{placed}", json=answer()).status_code == 201
    assert api.client.post(f"{path}?at=made-up", json=answer()).status_code == 201
    assert [row.attributes.get("touchpoint") for row in stored()] == ["駅前店", None]


@pytest.mark.parametrize(
    "wrong",
    [{"answers": {}}, {"answers": {"score": 11}}, {"answers": {"score": 9, "comment": "\x00"}},
     {"id": "1"}, {"survey_version": 9}, {"sent_at": -1}, {"contact": {}}, {"locale": "<b>"}],
)  # fmt: skip
def test_what_is_no_answer_is_not_taken(api, path, wrong):
    assert api.client.post(path, json=answer() | wrong).status_code == 422
    assert stored() == []


@pytest.mark.parametrize("depth", [700, 5_000])
def test_what_is_nested_without_end_is_refused(api, path, depth):
    body = b'{"answers": {"score": ' + b"[" * depth + b"]" * depth + b"}}"
    sent = api.client.post(path, data=body, content_type="application/json")
    assert sent.status_code == 400


def test_a_survey_that_is_closed_says_so_in_its_words_and_takes_nothing_new(api, path):
    body = answer()
    assert api.client.post(path, json=body).status_code == 201
    limit(api, closing_words={"en": "See you next spring."})
    survey = survey_by_key(api.workspace_id, "nps")
    close_survey(api.workspace_id, survey.id, now=utcnow())
    page = api.client.get(path)
    assert (page.status_code, page.headers["Refresh"]) == (410, "300")
    assert "See you next spring." in page.text
    assert api.client.post(path, json=answer()).status_code == 410
    assert api.client.post(path, json=body).status_code == 200
    assert len(stored()) == 1


def test_the_last_day_is_told_with_the_instant_at_which_it_ends(api, path):
    limit(api, last_day="2099-12-31", closing_words={"en": "Over."})
    text = unescape(api.client.get(path).text)
    data = json.loads(re.search(r'id="kiosk-data">(.*?)</script>', text, re.DOTALL).group(1))
    assert data["over"] > utcnow().timestamp() * SECOND
    assert "December 31, 2099" in data["surveys"][0]["until"]
    assert data["surveys"][0]["closed"] == "Over."


def test_a_quota_that_is_full_takes_no_more(api, path):
    limit(api, most=1)
    assert api.client.post(path, json=answer()).status_code == 201
    assert api.client.post(path, json=answer()).status_code == 410
    assert api.client.get(path).status_code == 410


def test_a_survey_for_single_use_links_only_has_no_kiosk(api, path):
    limit(api, only_single_use=True)
    page = api.client.get(path)
    assert page.status_code == 403
    assert "by personal link" in page.text
    assert api.client.post(path, json=answer()).status_code == 422


def test_an_address_that_leads_nowhere_says_so(api):
    assert api.client.get("/kiosk/nope").status_code == 404
    assert api.client.post("/kiosk/nope", json=answer()).status_code == 404


def test_the_survey_s_page_links_to_the_kiosk_for_who_writes_surveys(api, path, staff):
    assert path in staff("product").get("/surveys/nps").text
    assert path not in staff("success").get("/surveys/nps").text
    poster = unescape(staff("admin").get("/surveys/nps/poster?place=Kyoto").text)
    assert re.search(rf"{path}\?lang=en&at=\S+", poster)
