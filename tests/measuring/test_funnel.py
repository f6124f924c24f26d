"""From invitation to answer: counted honestly, unknown stages said to be unknown."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select

from vocapp.authoring.models import Survey
from vocapp.database import transaction, utcnow, uuid7
from vocapp.distributing.models import Invitation
from vocapp.people.models import Contact

FUNNEL = "/api/v1/surveys/nps/funnel"


def invite(api, state, count=1, *, days_ago=1, **times):
    """Invitations as sending and answering leave them."""
    now = utcnow()
    then = now - timedelta(days=days_ago)
    with transaction() as session:
        survey = session.scalars(
            select(Survey).where(Survey.workspace_id == api.workspace_id, Survey.key == "nps")
        ).one()
        for _ in range(count):
            contact = Contact(
                workspace_id=api.workspace_id, id=uuid7(), email=f"{uuid7()}@example.com",
                name="", attributes={}, updated_at=now, created_at=now,
            )  # fmt: skip
            session.add(contact)
            session.flush()
            session.add(
                Invitation(
                    workspace_id=api.workspace_id, id=uuid7(), survey_id=survey.id,
                    contact_id=contact.id, channel="email", state=state, send_at=then,
                    created_at=then, **{name: then for name in times if times[name]},
                )
            )  # fmt: skip


def filled(api):
    invite(api, "answered", 20, sent_at=True, answered_at=True)
    invite(api, "sent", 70, sent_at=True)
    invite(api, "bounced", 6, sent_at=True, bounced_at=True)
    invite(api, "unknown", 4)
    invite(api, "not_sent", 9)
    invite(api, "scheduled", 9)


def test_stages_count_people_and_leave_out_what_nothing_records(any_api):
    any_api.survey()
    filled(any_api)
    document = any_api.get(FUNNEL).json
    stages = {stage["name"]: stage for stage in document["stages"]}
    assert {name: stage["count"] for name, stage in stages.items()} == {
        "invited": 100, "delivered": 90, "answered": 20,
    }  # fmt: skip
    assert document["unknown"] == ["opened", "started"]
    rate = stages["answered"]["of_invited"]
    assert rate["value"] == 20
    assert (round(rate["low"], 1), round(rate["high"], 1)) == (13.3, 28.9)
    assert stages["invited"]["of_before"] is None


def test_starts_that_are_recorded_are_shown_and_an_answer_is_a_start(any_api):
    any_api.survey()
    invite(any_api, "answered", 3, sent_at=True, answered_at=True)
    invite(any_api, "sent", 2, sent_at=True, clicked_at=True)
    invite(any_api, "sent", 5, sent_at=True)
    stages = {stage["name"]: stage["count"] for stage in any_api.get(FUNNEL).json["stages"]}
    assert stages == {"invited": 10, "delivered": 10, "started": 5, "answered": 3}


def test_only_invitations_of_the_period_count(any_api):
    any_api.survey()
    invite(any_api, "sent", 2, days_ago=40, sent_at=True)
    invite(any_api, "sent", 3, days_ago=5, sent_at=True)
    since = (utcnow() - timedelta(days=10)).date()
    stages = any_api.get(f"{FUNNEL}?since={since}").json["stages"]
    assert stages[0]["count"] == 3
    until = (utcnow() - timedelta(days=20)).date()
    assert any_api.get(f"{FUNNEL}?until={until}").json["stages"][0]["count"] == 2


def test_nobody_invited_is_no_rate_and_no_picture(api, staff):
    api.survey()
    document = api.get(FUNNEL).json
    assert [stage["count"] for stage in document["stages"]] == [0, 0, 0]
    assert document["stages"][2]["of_invited"]["value"] is None
    assert "From invitation to answer" not in staff("viewer").get("/results/nps").text


def test_the_page_says_what_is_known(api, staff, drain_outbox):
    api.survey()
    filled(api)
    api.respond(score=9)
    drain_outbox()
    page = unescape(staff("viewer").get("/results/nps").text)
    assert "From invitation to answer" in page
    assert "20% of those invited (13% to 29%)" in page
    assert "Not recorded, so not shown as zero: Seen to be opened, Survey page fetched." in page


@pytest.mark.parametrize(
    ("query", "field"),
    [("since=2026-02-01&until=2026-01-01", "body"), ("since=soon", "since")],
)
def test_wrong_days_are_named(api, query, field):
    api.survey()
    answer = api.get(f"{FUNNEL}?{query}")
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert [error["field"] for error in answer.json["errors"]] == [field]


def test_a_confidential_survey_shows_closed_months_together_and_not_of_a_few(api):
    api.survey(confidential=True)
    invite(api, "answered", 4, days_ago=40, sent_at=True, answered_at=True)
    invite(api, "sent", 9, days_ago=0, sent_at=True)  # a month that is still open
    few = api.get(FUNNEL).json
    assert (few["suppressed"], few["stages"]) == (True, [])
    invite(api, "sent", 1, days_ago=70, sent_at=True)
    assert api.get(FUNNEL).json["stages"][0]["count"] == 5
    refused = api.get(f"{FUNNEL}?since=2026-01-01")
    assert refused.status_code == 422
    assert "all together" in refused.json["errors"][0]["message"]
