"""Who calls too often is told when to come again; nobody else is."""

from __future__ import annotations

from uuid import uuid4

import pytest
from pydantic import ValidationError

from config import Settings
from vocapp import rate_limits


@pytest.fixture
def survey(api, app):
    app.config["SETTINGS"].public_rate_limit = "3 per minute"
    return api.survey()


@pytest.fixture
def send(api, survey):
    def post(address, to=survey, **fields):
        body = {"key": api.workspace.public_key, "survey": to["public_id"], "id": str(uuid4()),
                "score": 9} | fields  # fmt: skip
        return api.client.post(
            "/public/v1/responses",
            json=body,
            headers={"Origin": "http://localhost:3000"},
            environ_base={"REMOTE_ADDR": address},
        )

    return post


def test_too_many_answers_of_a_network_are_a_429_that_a_widget_can_read(send):
    answers = [send(f"203.0.113.{host}") for host in range(1, 5)]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    refused = answers[-1]
    assert refused.mimetype == "application/problem+json"
    assert refused.json["status"] == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert refused.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert "Retry-After" in refused.headers["Access-Control-Expose-Headers"]


def test_other_networks_and_other_surveys_are_not_held_up(api, send):
    for _ in range(4):
        last = send("2001:db8:0:100::1")
    assert last.status_code == 429
    assert send("2001:db8:0:1ff::1").status_code == 429
    assert send("2001:db8:0:200::1").status_code == 201
    assert send("2001:db8:0:100::1", to=api.survey("other")).status_code == 201


def test_this_machine_is_not_limited(send):
    assert {send("127.0.0.1").status_code for _ in range(8)} == {201}


def test_the_limit_can_be_switched_off(app, send):
    app.config["SETTINGS"].public_rate_limit = "off"
    assert {send("203.0.113.1").status_code for _ in range(8)} == {201}


def test_a_page_says_it_in_words_and_looking_does_not_use_up_answering(api, survey):
    page, network = f"/s/{survey['public_id']}", {"REMOTE_ADDR": "203.0.113.1"}
    looks = [api.client.get(page, environ_base=network) for _ in range(4)]
    assert [look.status_code for look in looks] == [200, 200, 200, 429]
    assert looks[-1].mimetype == "text/html"
    assert int(looks[-1].headers["Retry-After"]) >= 1
    assert api.client.post(page, environ_base=network).status_code == 422


def test_the_preflight_of_a_browser_is_never_refused(api, survey):
    statuses = {
        api.client.options(
            "/public/v1/responses", environ_base={"REMOTE_ADDR": "203.0.113.1"}
        ).status_code
        for _ in range(8)
    }
    assert statuses == {200}


def test_while_redis_is_away_answers_are_taken_and_still_counted(app, send):
    settings = app.config["SETTINGS"].model_copy(update={"broker_url": "redis://127.0.0.1:1/0"})
    try:
        rate_limits.init_app(app, settings)
        assert [send("203.0.113.1").status_code for _ in range(4)] == [201, 201, 201, 429]
    finally:
        rate_limits.init_app(app, app.config["SETTINGS"])


def test_a_rate_that_cannot_be_read_is_refused_at_start():
    with pytest.raises(ValidationError, match="VOC_PUBLIC_RATE_LIMIT"):
        Settings(public_rate_limit="often")
