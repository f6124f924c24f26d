"""Answers for the tests of pages and documents about scores."""

from datetime import timedelta

from vocapp.database import utcnow


def send(api, promoters, detractors=0, *, days=1, **fields):
    """So many nines and noughts, of some days ago."""
    moment = (utcnow() - timedelta(days=days)).isoformat()
    items = [
        {"survey": "nps", "score": score, "answered_at": moment, **fields}
        for score in [9] * promoters + [0] * detractors
    ]
    answer = api.post("/api/v1/responses/batch", {"responses": items})
    assert {item["status"] for item in answer.json["items"]} == {201}, answer.json


def in_plan(plan):
    """The account of an answer, one for each plan."""
    return {"account": {"external_id": f"a-{plan}", "plan": plan}}
