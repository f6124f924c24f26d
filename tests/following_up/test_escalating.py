"""What is overdue for too long is passed on to somebody, once."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest

from tests.following_up.desk import case_url, service_change
from vocapp import outbox
from vocapp.database import transaction, utcnow
from vocapp.following_up import escalating
from vocapp.following_up.escalating import ESCALATE, Rule, acknowledge, passed_on_to, save_rules
from vocapp.following_up.models import FollowUp
from vocapp.following_up.undoing import undo
from vocapp.problems import BadInput, Conflict
from vocapp.workspaces.office.storing import Week, save_week
from vocapp.workspaces.reach import WHOLE_WORKSPACE as ALL

HOUR = timedelta(hours=1)


@pytest.fixture
def lead(any_api, colleague):
    return colleague(any_api.workspace_id, "admin", name="Ben")


@pytest.fixture
def late(any_api, desk_of, lead):
    """A case that is five hours overdue, of a workspace that passes it on after four."""
    desk = desk_of(any_api)
    make_due(desk, utcnow() - 5 * HOUR)
    set_rule(desk, lead, hours=4)
    return desk


def make_due(desk, at: datetime) -> None:
    with transaction() as session:
        session.get_one(FollowUp, (desk.case.workspace_id, desk.case.id)).due_at = at


def set_rule(desk, lead, *, hours):
    save_rules(
        desk.case.workspace_id, {desk.case.team: Rule(hours, lead)}, actor_user_id=lead,
        now=utcnow(),
    )  # fmt: skip


def look(now=None):
    outbox.work_off(ESCALATE, now=now or utcnow() + escalating.LOOK_EVERY)


def mails():
    return sum(row.due for row in outbox.backlog(now=utcnow() + HOUR) if row.kind == "staff_mail")


def waiting_for(lead, desk):
    found = passed_on_to(desk.case.workspace_id, lead, reach=ALL)
    return [each.case_id for each in found]


def test_it_is_told_and_marked_once(late, lead, lines_of):
    look()
    look(utcnow() + 2 * escalating.LOOK_EVERY)
    stored = late.stored()
    assert stored.escalated_user_id == lead
    assert [line.kind for line in lines_of(stored)] == ["opened", "escalated"]
    assert waiting_for(lead, late) == [late.case.id]
    assert mails() == 1


@pytest.mark.parametrize(
    "change",
    [{"state": "resolved", "outcome": "solved"}, {"state": "waiting"},
     {"snooze_until": utcnow() + timedelta(days=2)}],
)  # fmt: skip
def test_what_is_done_waits_or_is_snoozed_is_not_passed_on(late, lead, change):
    service_change(late, **change)
    look()
    assert late.stored().escalated_at is None


def test_what_is_not_overdue_for_so_long_waits(late, lead):
    make_due(late, utcnow() - 3 * HOUR)
    look()
    assert late.stored().escalated_at is None


def test_hours_past_the_due_time_are_hours_of_work(late, lead):
    today = utcnow().weekday()
    week = Week({(today + 3) % 7: [(time(9), time(17))]}, "UTC")  # nobody works now
    save_week(late.case.workspace_id, week, user_id=None, actor_user_id=lead, now=utcnow())
    look()
    assert late.stored().escalated_at is None


def test_who_knows_it_says_so_and_can_take_it_back(late, lead):
    look()
    done = acknowledge(
        late.case.workspace_id, late.case.id, reach=ALL, actor_user_id=lead, now=utcnow()
    )
    assert waiting_for(lead, late) == []
    with pytest.raises(Conflict):
        acknowledge(
            late.case.workspace_id, late.case.id, reach=ALL, actor_user_id=lead, now=utcnow()
        )
    undo(late.case.workspace_id, done.undo, reach=ALL, actor_user_id=lead, now=utcnow())
    assert waiting_for(lead, late) == [late.case.id]


def test_a_workspace_that_takes_its_rules_away_is_not_looked_at_any_more(late, lead):
    save_rules(late.case.workspace_id, {}, actor_user_id=lead, now=utcnow())
    look()
    assert late.stored().escalated_at is None
    rows = outbox.backlog(now=utcnow() + timedelta(days=1))
    assert not [row for row in rows if row.kind == ESCALATE]


@pytest.mark.parametrize("hours", [0, 721])
def test_a_rule_out_of_reach_names_its_team(late, lead, hours):
    with pytest.raises(BadInput) as refused:
        set_rule(late, lead, hours=hours)
    assert [error.field for error in refused.value.errors] == [late.case.team]


def test_pages_set_it_show_it_and_take_note(desk, staff, mail_server):
    make_due(desk, utcnow() - 5 * HOUR)
    admin = staff("admin", email="lead@example.com")
    page = admin.get("/settings/routing/escalation").text
    me = page.split(">Admin</option>")[0].rpartition('value="')[2].partition('"')[0]
    wrong = admin.post("/settings/routing/escalation", {"hours-success": "x", "to-success": me})
    assert wrong.status_code == 422
    assert 'value="x"' in wrong.text
    fields = {f"{name}-{team}": value for team in ("success", "product", "support")
              for name, value in (("hours", "4"), ("to", me))}  # fmt: skip
    assert admin.post("/settings/routing/escalation", fields).status_code == 303
    look()
    outbox.work_off("staff_mail", now=utcnow())
    (told,) = mail_server.messages
    assert case_url(desk) in told.get_content()
    assert "Passed on" in admin.get("/follow-ups").text
    assert "I know" in admin.get("/").text
    admin.post(case_url(desk) + "/acknowledge", {})
    assert "I know" not in admin.get("/").text
