"""Beside the score: how many of those invited answered, and whether the late differ."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select

from vocapp import outbox
from vocapp.authoring.models import Survey
from vocapp.collecting.service import Submission, record_batch
from vocapp.database import transaction, utcnow, uuid7
from vocapp.distributing.models import Invitation
from vocapp.people.models import Contact

FUNNEL = "/api/v1/surveys/nps/funnel"


def invite(api, state, scores=(None,), *, waited_hours=5, days_ago=60, **times):
    """Invitations with what came back: a score each, None for silence."""
    then = utcnow() - timedelta(days=days_ago)
    answered_at = then + timedelta(hours=waited_hours)
    submissions = []
    with transaction() as session:
        survey = session.scalars(
            select(Survey).where(Survey.workspace_id == api.workspace_id, Survey.key == "nps")
        ).one()
        for score in scores:
            contact = Contact(
                workspace_id=api.workspace_id, id=uuid7(), email=f"{uuid7()}@example.com",
                name="", attributes={}, updated_at=then, created_at=then,
            )  # fmt: skip
            invitation_id = uuid7()
            session.add(contact)
            session.flush()
            session.add(
                Invitation(
                    workspace_id=api.workspace_id, id=invitation_id, survey_id=survey.id,
                    contact_id=contact.id, channel="email", state=state, send_at=then,
                    created_at=then, sent_at=then if state in {"sent", "answered"} else None,
                    answered_at=answered_at if score is not None else None,
                    **dict.fromkeys(times, then),
                )
            )  # fmt: skip
            if score is not None:
                submissions.append(
                    Submission(
                        survey_id=survey.id, version=1, answers={"score": score}, score=score,
                        channel="email", answered_at=answered_at, digest=str(invitation_id),
                        contact_id=contact.id, invitation_id=invitation_id, quiet=True,
                    )
                )  # fmt: skip
    if submissions:
        assert not any(isinstance(each, Exception) for each in record_batch(
            api.workspace_id, submissions, now=utcnow()
        ))  # fmt: skip
    while outbox.work_off("measure", now=utcnow()):
        pass


def shown(api, staff, query="?period=all"):
    return unescape(staff("viewer").get(f"/results/nps{query}").text)


def test_nobody_invited_has_no_rate(api):
    api.survey()
    document = api.get(FUNNEL).json
    assert (document["response_rate"], document["early_late"]) == (None, None)


def test_whoever_did_not_answer_counts_also_where_the_mail_came_back(any_api):
    any_api.survey()
    invite(any_api, "answered", [9] * 20)
    invite(any_api, "sent", [None] * 70)
    invite(any_api, "bounced", [None] * 6, bounced_at=True)
    invite(any_api, "unknown", [None] * 4)
    invite(any_api, "not_sent", [None] * 9)
    invite(any_api, "scheduled", [None] * 9)
    rate = any_api.get(FUNNEL).json["response_rate"]
    assert (rate["answered"], rate["invited"], rate["value"]) == (20, 100, 20)
    assert (rate["returned"], rate["unclear"]) == (6, 4)
    assert (round(rate["low"], 1), round(rate["high"], 1)) == (13.3, 28.9)


def test_late_answers_that_are_worse_are_called_a_sign(any_api):
    any_api.survey()
    invite(any_api, "answered", [9] * 35 + [7] * 5)
    invite(any_api, "answered", [3] * 30 + [9] * 10, waited_hours=24 * 4 + 1)
    invite(any_api, "sent", [None] * 50)
    found = any_api.get(FUNNEL).json["early_late"]
    assert (found["late_from_day"], found["early"]["n"], found["late"]["n"]) == (4, 40, 40)
    assert found["difference"]["value"] == found["late"]["value"] - found["early"]["value"] < -100
    assert found["p_value"] < 0.001
    assert found["latest_only"] is False


def test_a_sign_is_said_in_careful_words(api, staff):
    api.survey()
    invite(api, "answered", [9] * 35 + [7] * 5)
    invite(api, "answered", [3] * 30 + [9] * 10, waited_hours=24 * 4 + 1)
    page = shown(api, staff)
    assert "Response rate 100% (" in page
    assert "Those who answered late (after 4 days or more) score lower by 138 points" in page
    assert "a sign that the silent may be less content than the score says" in page


def test_no_difference_is_no_sign_and_no_proof(api, staff):
    api.survey()
    invite(api, "answered", [9] * 20 + [3] * 20)
    invite(api, "answered", [9] * 20 + [3] * 20, waited_hours=30)
    page = shown(api, staff)
    assert "no sign that the silent think otherwise, and no proof that they think alike" in page


def test_few_answers_are_not_compared(api, staff):
    api.survey()
    invite(api, "answered", [9] * 29)
    invite(api, "answered", [0] * 40, waited_hours=60)
    assert api.get(FUNNEL).json["early_late"] is None
    assert "Early and late answers are compared from 30 of each on." in shown(api, staff)


def test_only_answers_to_invitations_of_the_period_are_compared(api):
    api.survey()
    invite(api, "answered", [9] * 40, days_ago=300)
    invite(api, "answered", [0] * 40, days_ago=300, waited_hours=60)
    invite(api, "answered", [9] * 31)
    invite(api, "answered", [9] * 31, waited_hours=60)
    since = (utcnow() - timedelta(days=100)).date()
    found = api.get(f"{FUNNEL}?since={since}").json
    assert found["response_rate"]["invited"] == 62
    assert (found["early_late"]["early"]["n"], found["early_late"]["late"]["n"]) == (31, 31)


@pytest.mark.parametrize("invited", [4, 80])
def test_late_answers_of_a_confidential_survey_are_not_told_apart(api, staff, invited):
    api.survey(confidential=True)
    invite(api, "answered", [9] * (invited // 2))
    invite(api, "answered", [0] * (invited // 2), waited_hours=60)
    document = api.get(FUNNEL).json
    assert document["early_late"] is None
    assert (document["response_rate"] is None) == (invited == 4)
    assert "Those who answered late" not in shown(api, staff)
