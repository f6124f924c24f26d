"""Who is asked again after their follow-up was resolved: once, when it is due and possible."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from vocapp import outbox
from vocapp.authoring.queries import survey_by_key
from vocapp.authoring.service import close_survey
from vocapp.collecting.models import Response
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.distributing.asking.service import Wished, save_limits
from vocapp.distributing.mail import address_digest
from vocapp.distributing.models import Invitation
from vocapp.distributing.service import Unsubscription, unsubscribe
from vocapp.following_up.asking_again.models import AskedAgain
from vocapp.following_up.asking_again.service import save_rules
from vocapp.following_up.changing import ASK_AGAIN
from vocapp.following_up.closing_loop.cases import Asked
from vocapp.following_up.closing_loop.queries import closed_loop
from vocapp.following_up.models import FollowUp
from vocapp.following_up.service import Change, change_follow_up
from vocapp.people.service import erase_contact
from vocapp.workspaces.reach import WHOLE_WORKSPACE

DAY = timedelta(days=1)
WHO = {"external_id": "aiko", "email": "aiko@example.com", "name": "Aiko"}


@pytest.fixture
def app(any_database) -> Any:
    return any_database


@pytest.fixture
def case(api, handle, case_of, colleague) -> FollowUp:
    """Of a survey that asks again after seven days."""
    api.survey()
    rule = {survey_by_key(api.workspace_id, "nps").id: 7}
    save_rules(api.workspace_id, rule, actor_user_id=colleague(api.workspace_id), now=utcnow())
    answered = api.respond(score=2, contact=WHO, answered_at=(utcnow() - 60 * DAY).isoformat())
    handle()
    return case_of(answered.json["id"])


@pytest.fixture
def move(api):
    def to(case: FollowUp, state: str) -> None:
        outcome = "solved" if state == "resolved" else None
        change_follow_up(
            api.workspace_id, case.id, Change(state=state, outcome=outcome),
            reach=WHOLE_WORKSPACE, actor_user_id=None, now=utcnow(),
        )  # fmt: skip
        work(utcnow())

    return to


def work(now) -> None:
    """Look at what is due, as the clock stands at `now`."""
    while outbox.work_off(ASK_AGAIN, now=now):
        pass


@pytest.fixture
def later(monkeypatch):
    """The clock goes on by so many days."""

    def by(days: float) -> None:
        now = utcnow() + timedelta(days=days)
        monkeypatch.setattr("vocapp.following_up.asking_again.planning.utcnow", lambda: now)
        work(now)

    return by


def plan_of(api) -> AskedAgain | None:
    with snapshot() as session:
        return session.scalar(scoped(AskedAgain, api.workspace_id))


def invitations(api) -> list[Invitation]:
    with snapshot() as session:
        return list(session.scalars(scoped(Invitation, api.workspace_id)))


def test_nobody_is_asked_again_where_no_survey_says_so(api, handle, case_of, move, later):
    api.survey()
    answered = api.respond(score=2, contact=WHO)
    handle()
    move(case_of(answered.json["id"]), "resolved")
    later(100)
    assert plan_of(api) is None
    assert invitations(api) == []


def test_a_person_is_asked_once_some_days_after_however_often_the_work_is_rung(
    api, case, move, later
):
    move(case, "resolved")
    planned = plan_of(api)
    assert planned.state == "planned"
    assert timedelta(days=6) < planned.due_at - utcnow() <= timedelta(days=7)
    later(5)
    assert invitations(api) == []
    for days in (8, 8, 9, 30):
        with transaction() as session:
            outbox.add(session, api.workspace_id, ASK_AGAIN, case.id, now=utcnow())
        later(days)
    (invitation,) = invitations(api)
    assert (invitation.state, invitation.contact_id) == ("scheduled", case.contact_id)
    assert (plan_of(api).state, plan_of(api).invitation_id) == ("asked", invitation.id)
    ledger = api.get(f"/api/v1/contacts/{case.contact_id}/asking").json["decisions"]
    assert [(line["cause"], line["outcome"]) for line in ledger] == [("resolved", "asked")]


def test_opening_again_cancels_and_resolving_anew_plans_anew(api, case, move, later):
    move(case, "resolved")
    move(case, "open")
    assert (plan_of(api).state, plan_of(api).reason) == ("cancelled", "opened_again")
    later(8)
    assert invitations(api) == []
    move(case, "resolved")
    later(8)
    assert (plan_of(api).state, len(invitations(api))) == ("asked", 1)


def test_an_invitation_that_waits_is_stopped_and_one_that_is_out_is_not_repeated(
    api, case, move, later
):
    move(case, "resolved")
    later(8)
    later(0)
    move(case, "open")
    (waiting,) = invitations(api)
    assert (waiting.state, waiting.reason) == ("not_sent", "opened_again")
    assert plan_of(api).state == "cancelled"
    move(case, "resolved")
    later(8)
    states = sorted(each.state for each in invitations(api))
    assert states == ["not_sent", "scheduled"]
    with transaction() as session:
        session.execute(
            update(Invitation).where(Invitation.state == "scheduled").values(state="sent")
        )
    later(0)
    move(case, "open")
    move(case, "resolved")
    later(40)
    assert sorted(each.state for each in invitations(api)) == ["not_sent", "sent"]
    assert plan_of(api).state == "asked"


def test_who_unsubscribed_meanwhile_is_not_asked(api, case, move, later):
    move(case, "resolved")
    digest = address_digest(api.workspace_id, WHO["email"])
    unsubscribe(Unsubscription(api.workspace_id, digest), now=utcnow())
    later(8)
    assert (plan_of(api).state, plan_of(api).reason) == ("not_asked", "unsubscribed")
    assert invitations(api) == []


def test_who_has_answered_by_themselves_is_not_asked(api, case, move, later):
    move(case, "resolved")
    assert api.respond(score=9, contact=WHO).status_code == 201
    later(8)
    assert (plan_of(api).state, plan_of(api).reason) == ("not_asked", "answered_meanwhile")


def test_spacing_is_kept_and_the_asking_put_off_until_it_is_possible(api, case, move, later):
    save_limits(api.workspace_id, Wished(person_days=30), actor_user_id=None, now=utcnow())
    body = {"survey": "nps", "contact": WHO}
    assert api.post("/api/v1/invitations", body).json["state"] == "scheduled"
    move(case, "resolved")
    later(8)
    put_off = plan_of(api)
    assert (put_off.state, put_off.reason) == ("planned", "asked_lately")
    assert timedelta(days=28) < put_off.due_at - utcnow() <= timedelta(days=30)
    later(20)
    assert plan_of(api).state == "planned"
    later(31)
    assert plan_of(api).state == "asked"


def test_who_cannot_be_asked_for_two_months_is_not_asked(api, case, move, later):
    save_limits(api.workspace_id, Wished(person_days=200), actor_user_id=None, now=utcnow())
    api.post("/api/v1/invitations", {"survey": "nps", "contact": WHO})
    move(case, "resolved")
    later(8)
    assert (plan_of(api).state, plan_of(api).reason) == ("not_asked", "too_late")


def test_a_closed_survey_asks_nobody_again(api, case, move, later):
    move(case, "resolved")
    close_survey(api.workspace_id, survey_by_key(api.workspace_id, "nps").id, now=utcnow())
    later(8)
    assert (plan_of(api).state, plan_of(api).reason) == ("not_asked", "survey_closed")


def test_switching_it_off_cancels_what_is_planned_and_other_days_move_it(
    api, case, move, later, colleague
):
    move(case, "resolved")
    survey, by = survey_by_key(api.workspace_id, "nps").id, colleague(api.workspace_id)
    save_rules(api.workspace_id, {survey: 20}, actor_user_id=by, now=utcnow())
    later(10)
    assert plan_of(api).state == "planned"
    assert plan_of(api).due_at - utcnow() > timedelta(days=18)
    save_rules(api.workspace_id, {survey: None}, actor_user_id=by, now=utcnow())
    later(11)
    assert (plan_of(api).state, plan_of(api).reason) == ("cancelled", "switched_off")


def test_who_was_forgotten_is_not_asked(api, case, move, later):
    move(case, "resolved")
    erase_contact(api.workspace_id, case.contact_id, now=utcnow())
    assert plan_of(api) is None
    later(8)
    assert invitations(api) == []


# --- the page, the case, the comparison -----------------------------------------------------


def test_days_are_set_on_the_page_with_undo_and_shown_in_the_case(api, case, staff, move, later):
    browser, path = staff("admin"), "/follow-ups/closed-loop/asking-again"
    field = f"days-{survey_by_key(api.workspace_id, 'nps').id}"
    assert f'name="{field}" type="text" value="7"' in browser.get(path).text
    for typed in ("0", "x", "181"):
        refused = browser.post(path, {field: typed})
        assert refused.status_code == 422
        assert f'value="{typed}"' in refused.text
    said = browser.post(path, {field: "14"}, follow_redirects=True).text
    assert 'value="14"' in said
    token = said.partition("asking-again/undo?token=")[2].partition('"')[0].partition("&")[0]
    back = browser.post(f"{path}/undo?token={token}", follow_redirects=True).text
    assert 'value="7"' in back
    move(case, "resolved")
    assert "Asked again on" in browser.get(f"/follow-ups/{case.id}").text
    later(8)
    assert "Asked again; no answer yet" in browser.get(f"/follow-ups/{case.id}").text


def test_an_answer_that_was_asked_for_stands_apart(api, case, move, later, staff):
    move(case, "resolved")
    later(8)
    (invitation,) = invitations(api)
    answered = api.respond(score=9, contact=WHO)
    assert answered.status_code == 201
    loop = closed_loop(
        api.workspace_id, Asked(None, None, "UTC"), reach=WHOLE_WORKSPACE, now=utcnow()
    ).overall.compared  # fmt: skip
    assert (loop.contacted.n, loop.asked_for.n, loop.of_themselves.n) == (1, 0, 1)
    with transaction() as session:
        session.execute(
            update(Response)
            .where(Response.contact_id == case.contact_id, Response.score == 9)
            .values(invitation_id=invitation.id)
        )
    told = api.get("/api/v1/closed-loop").json
    assert (told["contacted"]["n"], told["asked_for"]["n"], told["of_themselves"]["n"]) == (1, 1, 0)
    assert told["caveats"] == ["not_an_experiment", "asked_for_apart"]
    page = staff("admin").get("/follow-ups/closed-loop?period=all").text
    assert "Of those contacted: asked again after it was resolved" in page
    assert "left out of the comparison above" in page
