"""In which stage of its life an account is, as its page and the API tell it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from vocapp.database import utcnow


def day(ago: int) -> str:
    return (utcnow() - timedelta(days=ago)).date().isoformat()


def send(api, **more):
    event = {
        "account": "acme", "type": "subscription", "product": "core", "action": "started",
        "mrr": 100, "currency": "JPY",
    }  # fmt: skip
    ago = more.pop("ago")
    event |= {"id": f"{more.get('account')}-{ago}", "at": f"{day(ago)}T00:00:00Z"} | more
    event = {name: value for name, value in event.items() if value is not None}
    assert api.post("/api/v1/events", {"events": [event]}).json["rejected"] == []


def set_up(api, *, ago: int, account: str = "acme"):
    send(
        api, ago=ago, account=account, type="milestone", name="setup_done", product=None,
        action=None, mrr=None, currency=None, id=f"done-{account}",
    )  # fmt: skip


def stage(api, account: str = "acme"):
    return api.get(f"/api/v1/accounts/{account}").json["stage"]


@pytest.mark.parametrize(
    ("started", "done", "renews", "expected"),
    [
        (10, None, None, "onboarding"),
        (200, None, None, "onboarding"),  # however late
        (40, 20, None, "adoption"),
        (200, 180, None, "value"),
        (300, 280, 60, "renewal"),
        (300, 280, 120, "value"),
    ],
)
def test_the_stage_follows_from_start_set_up_and_renewal(any_api, started, done, renews, expected):
    set_up(any_api, ago=1, account="other")  # somebody's set-up is told of
    term = day(-renews) if renews else None
    send(any_api, ago=started, term_ends_on=term)
    if done is not None:
        set_up(any_api, ago=done)
    assert stage(any_api) == expected


def test_who_left_has_left_and_who_came_back_is_back(any_api):
    send(any_api, ago=300)
    set_up(any_api, ago=290)
    send(any_api, ago=30, action="cancelled", mrr=None, currency=None)
    assert stage(any_api) == "lost"
    send(any_api, ago=3)
    assert stage(any_api) == "value"


def test_where_no_set_up_is_ever_told_nobody_is_said_to_wait_for_it(api):
    """A customer of years would be getting started for ever; a near renewal is known."""
    send(api, ago=900)
    assert stage(api) is None
    send(api, ago=800, account="beta", term_ends_on=day(-10), id="b")
    assert stage(api, "beta") == "renewal"
    api.post("/api/v1/accounts", {"external_id": "later", "started_on": day(-20)})
    assert stage(api, "later") == "prospect"
    api.post("/api/v1/accounts", {"external_id": "unknown"})
    assert stage(api, "unknown") is None


def test_the_page_says_the_stage_in_words(api, staff):
    send(api, ago=200)
    set_up(api, ago=180)
    person = staff("success")
    assert "In regular use" in person.get("/accounts/acme").text
    person.post("/language", {"language": "ja", "next": "/"})
    assert "定常利用" in person.get("/accounts/acme").text
