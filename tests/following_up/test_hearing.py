"""What was heard beside an answer moves its case, and is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.following_up import ranking
from vocapp.following_up.models import FollowUp


def case(api):
    with snapshot() as session:
        return session.scalars(scoped(FollowUp, api.workspace_id)).one()


def ago(days):
    return (utcnow() - timedelta(days=days, hours=1)).isoformat()


def answer(api, score, *, days=0, survey="nps", person="ann", account="acme"):
    sent = api.respond(
        survey, score=score, answered_at=ago(days), contact={"external_id": person},
        account={"external_id": account},
    )  # fmt: skip
    assert sent.status_code == 201, sent.text


def told(api, handle, name):
    """The case's reason of this name, after it was ranked anew."""
    handle()
    with transaction() as session:
        ranking.rerank(session, api.workspace_id, now=utcnow())
    return [code for code in case(api).reasons if code.startswith(f"{name}:")]


@pytest.fixture
def surveys(any_api):
    any_api.survey("nps")
    any_api.survey("again")
    any_api.survey("effort", kind="ces")
    any_api.survey("secret", confidential=True)
    return any_api


def test_a_score_that_fell_is_told_beside_the_one_before(surveys, handle):
    answer(surveys, 9, days=90)
    answer(surveys, 7, days=60, survey="again")  # the same scale, another survey
    answer(surveys, 7, days=40, survey="effort")  # another scale
    answer(surveys, 10, days=30, survey="secret")
    answer(surveys, 10, days=20, person="bob")
    answer(surveys, 3)
    assert told(surveys, handle, "score_fell") == ["score_fell:7:3"]


def test_a_first_score_fell_from_nothing(surveys, handle):
    answer(surveys, 3)
    assert told(surveys, handle, "score_fell") == []


def test_silence_counts_since_the_account_was_last_heard(surveys, handle):
    answer(surveys, 9, days=100, person="bob")
    answer(surveys, 9, days=10, survey="secret", person="bob")
    answer(surveys, 9, days=1, person="eve", account="other")
    answer(surveys, 3)
    assert told(surveys, handle, "silent_days") == ["silent_days:100"]
    used = {
        "id": "e1", "type": "usage", "name": "report", "account": "acme", "at": ago(50),
    }  # fmt: skip
    assert surveys.post("/api/v1/events", {"events": [used]}).json["accepted"] == 1
    assert told(surveys, handle, "silent_days") in (["silent_days:49"], ["silent_days:50"])


def test_of_whom_nothing_was_ever_heard_no_silence_is_told(surveys, handle):
    answer(surveys, 3)
    assert told(surveys, handle, "silent_days") == []


def test_the_queue_says_it_in_words(api, handle, staff):
    api.survey("nps")
    answer(api, 9, days=100)
    answer(api, 3)
    told(api, handle, "score_fell")
    shown = staff("success").get("/follow-ups").text
    assert "down from 9" in shown
    assert "silent for 100 days" in shown
