"""Who gets a case and by when: hours of work, absences, stand-ins, load."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from surveys.routing import Outcome, Rule
from surveys.weekly_hours import read_hours
from vocapp import outbox
from vocapp.database import snapshot, transaction, utcnow
from vocapp.following_up.models import FollowUp
from vocapp.following_up.owners import hand_over
from vocapp.following_up.rules import NewRule, save_rule
from vocapp.workspaces.office.clocks import Office
from vocapp.workspaces.office.storing import Week, add_absence, save_week


@pytest.fixture
def team(any_api, colleague):
    """Aiko and Ben take turns."""
    any_api.survey()
    return colleague(any_api.workspace_id, name="Aiko"), colleague(any_api.workspace_id, name="Ben")


@pytest.fixture
def low(any_api, handle, case_of):
    """`low()`: a new case; `low(2)`: two, one after the other."""

    def answer(count=1):
        cases = []
        for _ in range(count):
            given = any_api.respond(score=1, comment="It is slow").json["id"]
            handle()
            cases.append(case_of(given))
        return cases

    return answer


def away(workspace_id, who, *, days=3, stand_in=None):
    now = utcnow()
    add_absence(
        workspace_id, who, first_day=now.date() - timedelta(days=1),
        last_day=now.date() + timedelta(days=days), stand_in_user_id=stand_in,
        actor_user_id=who, now=now,
    )  # fmt: skip


def reload(case):
    with snapshot() as session:
        return session.get_one(FollowUp, (case.workspace_id, case.id))


def test_new_cases_go_past_who_is_away(any_api, team, low):
    aiko, ben = team
    away(any_api.workspace_id, aiko)
    assert {case.owner_user_id for case in low(2)} == {ben}


def test_without_absences_they_take_turns(team, low):
    assert {case.owner_user_id for case in low(2)} == set(team)


def test_by_load_who_has_fewer_open_gets_the_next(any_api, team, low):
    aiko, ben = team
    always = Rule("everything", {}, Outcome("success", "load", 24, "normal"))
    save_rule(any_api.workspace_id, NewRule("Everything", always), actor_user_id=aiko, now=utcnow())
    busy = low(4)
    with transaction() as session:
        session.execute(
            update(FollowUp)
            .where(FollowUp.workspace_id == any_api.workspace_id)
            .values(owner_user_id=ben)
        )
    assert len(busy) == 4
    # In turn it would be Ben's at once: his last case is as old as hers never was.
    assert [case.owner_user_id for case in low(3)] == [aiko, aiko, aiko]


def test_a_case_becomes_due_by_the_hours_of_its_owner(any_api, team, low):
    aiko, ben = team
    away(any_api.workspace_id, ben)
    week = Week({day: read_hours("3-4") for day in range(7)}, "Asia/Tokyo")
    save_week(any_api.workspace_id, week, user_id=aiko, actor_user_id=aiko, now=utcnow())
    (case,) = low()
    # An hour a day: whatever the rule's hours are, they take as many days.
    assert case.due_at - case.opened_at > timedelta(days=3)
    with snapshot() as session:
        clock = Office.of(session, any_api.workspace_id, now=case.opened_at)
        assert clock.due_at(case.opened_at, 1, aiko) < case.due_at


def test_what_nobody_answered_and_is_due_before_the_return_is_handed_over(
    any_api, team, low, lines_of
):
    aiko, ben = team
    first, second = low(2)
    (hers,) = [case for case in (first, second) if case.owner_user_id == aiko]
    away(any_api.workspace_id, aiko, days=30, stand_in=ben)
    with transaction() as session:
        assert hand_over(session, any_api.workspace_id, now=utcnow()) == 1
        assert hand_over(session, any_api.workspace_id, now=utcnow()) == 0
    given = reload(hers)
    assert (given.owner_user_id, given.touched_at) == (ben, hers.touched_at)
    line = lines_of(hers)[-1]
    assert (line.kind, line.actor_user_id, line.detail["away"]) == ("owner", None, str(aiko))


@pytest.mark.parametrize(
    "values", [{"state": "contacted"}, {"due_at": timedelta(days=40)}], ids=["contacted", "later"]
)
def test_what_is_talked_about_or_due_after_the_return_stays(any_api, team, low, values):
    aiko, ben = team
    cases = low(2)
    changed = {
        name: utcnow() + value if isinstance(value, timedelta) else value
        for name, value in values.items()
    }
    with transaction() as session:
        session.execute(
            update(FollowUp).where(FollowUp.workspace_id == any_api.workspace_id).values(**changed)
        )
    away(any_api.workspace_id, aiko, days=30, stand_in=ben)
    with transaction() as session:
        assert hand_over(session, any_api.workspace_id, now=utcnow()) == 0
    assert {reload(case).owner_user_id for case in cases} == set(team)


def test_the_night_hands_over(any_api, team, low):
    aiko, ben = team
    low(2)
    away(any_api.workspace_id, aiko, days=30, stand_in=ben)
    with transaction() as session:
        session.execute(
            update(outbox.Pending)
            .where(
                outbox.Pending.workspace_id == any_api.workspace_id,
                outbox.Pending.kind == "rerank",
            )
            .values(due_at=utcnow())
        )
    outbox.work_off("rerank", now=utcnow())
    with snapshot() as session:
        owners = set(
            session.execute(
                FollowUp.__table__.select()
                .with_only_columns(FollowUp.owner_user_id)
                .where(FollowUp.workspace_id == any_api.workspace_id)
            ).scalars()
        )
    assert owners == {ben}
