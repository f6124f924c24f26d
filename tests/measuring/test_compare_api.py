"""Two groups side by side, through the API: what is said, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.measuring.sending import in_plan, send
from vocapp.database import utcnow

COMPARE = "/api/v1/surveys/nps/compare"


def days_ago(days):
    return (utcnow() - timedelta(days=days)).date().isoformat()


def problem_of(answer):
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    return {error["field"]: error["message"] for error in answer.json["errors"]}


def test_a_period_is_compared_with_the_one_before_it(any_api, drain_outbox):
    any_api.survey()
    send(any_api, 40, 10, days=5)
    send(any_api, 20, 30, days=15)
    send(any_api, 0, 9, days=25)  # before the period before
    drain_outbox()
    document = any_api.get(f"{COMPARE}?a_since={days_ago(9)}").json
    assert (document["a"]["n"], document["b"]["n"]) == (50, 50)
    assert (document["b"]["since"], document["b"]["until"]) == (days_ago(19), days_ago(10))
    assert document["difference"]["value"] == pytest.approx(80)
    assert document["difference"]["low"] < 80 < document["difference"]["high"]
    assert document["verdict"] == "rose"
    assert document["p_value"] < 0.001


def test_two_segments_are_compared_within_the_same_days(any_api, drain_outbox):
    any_api.survey()
    send(any_api, 10, 30, **in_plan("free"))
    send(any_api, 30, 10, **in_plan("pro"))
    send(any_api, 3, 0)
    drain_outbox()
    document = any_api.get(f"{COMPARE}?a.plan=free&b.plan=pro").json
    assert (document["a"]["value"], document["b"]["value"]) == (-50, 50)
    assert (document["verdict"], document["difference"]["value"]) == ("fell", -100)
    assert document["a"]["segment"] == {"plan": "free"}
    without = any_api.get(f"{COMPARE}?a.plan=&b.plan=pro").json
    assert (without["a"]["n"], without["a"]["segment"]) == (3, {"plan": None})


def test_too_few_answers_have_no_difference(api, drain_outbox):
    api.survey()
    send(api, 3, 0, **in_plan("free"))
    send(api, 0, 30, **in_plan("pro"))
    drain_outbox()
    document = api.get(f"{COMPARE}?a.plan=free&b.plan=pro&min_n=5").json
    assert (document["verdict"], document["p_value"]) == ("too_few", None)
    assert document["difference"] == {"value": None, "low": None, "high": None}
    assert document["a"]["value"] is None
    assert document["more_needed"] > 0
    nobody = api.get(f"{COMPARE}?a.plan=nobody&b.plan=pro").json
    assert (nobody["a"]["n"], nobody["verdict"]) == (0, "too_few")


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("a_since=2026-02-01&a_until=2026-01-01", "body", "a_since lies after a_until"),
        ("a_since=soon", "a_since", "date"),
        ("a.plan=pro&b.region=jp", "b", "may hold the same answers"),
        ("a_since=2026-01-01&b_since=2025-01-01", "b", "may hold the same answers"),
        ("", "b_since", "say what to compare with"),
        ("a.plan=pro", "b_since", "say what to compare with"),
        ("a.plan=pro&a.plan=free&b.plan=x", "a.plan", "more than once"),
        ("a.shoe=43&b.shoe=44", "a.shoe", "no answer has this attribute"),
        ("a.plan=x&a.region=x&a.role=x&a.locale=x&b.plan=y", "a.locale", "at most 3"),
        ("a.plan=x&b.plan=y&min_n=0", "min_n", "greater than or equal to 1"),
        ("a.plan=x&b.plan=y&basis=dogs", "basis", "responses"),
        ("a_since=2199-01-01", "a_since", "lies after today"),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name(api, drain_outbox, query, field, words):
    api.survey()
    send(api, 5, 5, **in_plan("pro"))
    drain_outbox()
    assert words in problem_of(api.get(f"{COMPARE}?{query}"))[field]


def test_a_confidential_survey_refuses_small_groups_and_their_complements(any_api, drain_outbox):
    any_api.survey(confidential=True)
    for plan, n in (("free", 20), ("team", 12), ("pro", 8), ("secret", 3)):
        send(any_api, n, 0, days=40, **in_plan(plan))
    drain_outbox()
    seen = any_api.get(f"{COMPARE}?a.plan=free&b.plan=team")
    assert seen.status_code == 200, seen.json
    small = problem_of(any_api.get(f"{COMPARE}?a.plan=secret&b.plan=free"))
    assert "too few answers to stay anonymous" in small["a"]
    complement = problem_of(any_api.get(f"{COMPARE}?a.plan=free&b.plan=pro"))
    assert "could be worked out" in complement["b"]
    scanned = problem_of(any_api.get(f"{COMPARE}?a.shoe=43&b.shoe=44"))
    assert "confidential" in scanned["a.shoe"]


def test_a_confidential_survey_compares_closed_months_only(api, drain_outbox):
    api.survey(confidential=True)
    send(api, 6, 0, days=40)
    send(api, 6, 0, days=0)
    drain_outbox()
    answer = api.get(f"{COMPARE}?a_since={days_ago(3)}")
    assert answer.status_code == 422
    month = (utcnow() - timedelta(days=40)).date().replace(day=1)
    document = api.get(f"{COMPARE}?a_since={month}")
    assert document.status_code == 200, document.json
    assert document.json["a"]["n"] == 6
