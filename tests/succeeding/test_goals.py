"""Goals of customers: written down, on their way, closed, and taken back."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, func, select

from surveys.periods import local_day
from vocapp.database import snapshot, transaction, utcnow
from vocapp.extensions import db
from vocapp.people.models import Account
from vocapp.people.service import erase_contact
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.succeeding.goals import service
from vocapp.succeeding.goals.models import GoalEntry, SuccessGoal
from vocapp.succeeding.goals.queries import goal_standing
from vocapp.succeeding.goals.service import Aim
from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.workspaces.models import AuditEntry

TODAY = date(2026, 6, 15)
AIM = Aim(
    words="Answer every ticket within the day", measure="median hours to the first answer",
    unit="h", baseline=40, target=10, due_on=date(2026, 9, 30),
)  # fmt: skip
FORM = {
    "words": "チケットに当日中に返信したい", "measure": "初回返信までの時間", "unit": "時間",
    "baseline": "40", "target": "10", "due_on": "2099-09-30",
}  # fmt: skip


@pytest.fixture
def acme(any_api):
    """A workspace with one account."""
    assert any_api.post("/api/v1/accounts", {"external_id": "acme", "name": "Acme"}).status_code
    return any_api


@pytest.fixture
def customer(api):
    api.post("/api/v1/accounts", {"external_id": "group/acme", "name": "Acme"})
    return api


def add(api, aim=AIM, *, actor=None, today=TODAY, account="acme"):
    return service.add_goal(
        api.workspace_id, account, aim, today=today, actor_user_id=actor, now=utcnow()
    )


def stored(api, goal_id=None) -> SuccessGoal:
    with snapshot() as session:
        query = select(SuccessGoal).where(SuccessGoal.workspace_id == api.workspace_id)
        if goal_id:
            query = query.where(SuccessGoal.id == goal_id)
        return session.scalars(query).one()


def history(api) -> list[str]:
    with snapshot() as session:
        query = select(GoalEntry).where(GoalEntry.workspace_id == api.workspace_id)
        return [row.kind for row in session.scalars(query.order_by(GoalEntry.id))]


def audited(api) -> list[str]:
    with snapshot() as session:
        query = (
            select(AuditEntry.action)
            .where(AuditEntry.workspace_id == api.workspace_id)
            .order_by(AuditEntry.id)
        )
        return [each for each in session.scalars(query) if each.startswith("success_goal.")]


def test_a_goal_goes_its_way_and_tells_what_was_done(acme):
    who, now = acme.workspace.user_id, utcnow()
    goal_id = add(acme, actor=who).goal_id
    service.record_progress(
        acme.workspace_id, goal_id, 25, note="Halfway since the new routing", actor_user_id=who,
        now=now,
    )  # fmt: skip
    service.close_goal(acme.workspace_id, goal_id, "missed", actor_user_id=who, now=now)
    service.reopen_goal(acme.workspace_id, goal_id, actor_user_id=who, now=now)
    goal = stored(acme)
    assert (goal.current, goal.state, goal.closed_at, goal.version) == (25, "open", None, 4)
    assert history(acme) == ["added", "progress", "closed", "reopened"]
    assert audited(acme) == [f"success_goal.{kind}" for kind in history(acme)]


def test_each_action_can_be_taken_back(acme):
    who, now = acme.workspace.user_id, utcnow()
    added = add(acme, actor=who)
    of = {"actor_user_id": who, "now": now}
    other = Aim(
        words="Something else", measure="tickets", baseline=1, target=2, due_on=date(2027, 1, 1)
    )
    for act in (
        lambda: service.change_goal(acme.workspace_id, added.goal_id, other, **of),
        lambda: service.record_progress(acme.workspace_id, added.goal_id, 3, note="ok", **of),
        lambda: service.close_goal(acme.workspace_id, added.goal_id, "dropped", **of),
    ):
        service.undo(acme.workspace_id, act().undo, **of)
        goal = stored(acme)
        assert (goal.words, goal.unit, goal.due_on) == (AIM.words, "h", AIM.due_on)
        assert (goal.current, goal.state, goal.closed_at) == (None, "open", None)
    fresh = add(acme, actor=who)
    service.undo(acme.workspace_id, fresh.undo, **of)
    assert stored(acme).id == added.goal_id


def test_an_undo_leaves_what_was_changed_since_and_what_is_not_yours(acme):
    who, now = acme.workspace.user_id, utcnow()
    added = add(acme, actor=who)
    with pytest.raises(Conflict):
        service.undo(acme.workspace_id, added.undo, actor_user_id=uuid4(), now=now)
    service.record_progress(acme.workspace_id, added.goal_id, 20, actor_user_id=None, now=now)
    for token in (added.undo, "nonsense"):
        with pytest.raises(Conflict):
            service.undo(acme.workspace_id, token, actor_user_id=who, now=now)
    assert stored(acme).current == 20


def test_an_edit_of_an_older_version_is_refused(acme):
    goal_id = add(acme).goal_id
    service.record_progress(acme.workspace_id, goal_id, 20, actor_user_id=None, now=utcnow())
    with pytest.raises(Conflict):
        service.change_goal(
            acme.workspace_id, goal_id, AIM, expected_version=1, actor_user_id=None, now=utcnow()
        )


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"words": "  "}, "words"),
        ({"words": "x" * 501}, "words"),
        ({"measure": ""}, "measure"),
        ({"unit": "u" * 31}, "unit"),
        ({"target": 40}, "target"),
        ({"baseline": float("nan")}, "baseline"),
        ({"target": 1e13}, "target"),
        ({"due_on": date(1066, 10, 14)}, "due_on"),
    ],
)
def test_what_cannot_be_is_named(acme, wrong, field):
    values = {name: getattr(AIM, name) for name in AIM.__slots__} | wrong
    with pytest.raises(BadInput) as caught:
        add(acme, Aim(**values))
    assert field in {error.field for error in caught.value.errors}


def test_only_an_account_that_is_there_has_goals(acme, new_workspace):
    with pytest.raises(NotFound):
        add(acme, account="nobody")
    goal_id = add(acme).goal_id
    with pytest.raises(NotFound):
        service.reopen_goal(
            new_workspace("Other").workspace_id, goal_id, actor_user_id=None, now=utcnow()
        )


def test_a_closed_goal_takes_no_progress(acme):
    goal_id, now = add(acme).goal_id, utcnow()
    service.close_goal(acme.workspace_id, goal_id, "met", actor_user_id=None, now=now)
    with pytest.raises(Conflict):
        service.record_progress(acme.workspace_id, goal_id, 1, actor_user_id=None, now=now)
    with pytest.raises(Conflict):
        service.close_goal(acme.workspace_id, goal_id, "missed", actor_user_id=None, now=now)


def test_how_accounts_stand_is_asked_in_one_statement(acme):
    now = utcnow()
    for key in ("b", "c", "d"):
        acme.post("/api/v1/accounts", {"external_id": key})
    begun = {"today": date(2026, 1, 1)}
    fast = add(acme, **begun).goal_id  # 151 of 272 days are over on June 1st
    slow = add(acme, **begun).goal_id
    for goal_id, current in ((fast, 20), (slow, 35)):
        service.record_progress(acme.workspace_id, goal_id, current, actor_user_id=None, now=now)
    for key, state in (("b", "met"), ("b", "missed"), ("b", "dropped"), ("c", "dropped")):
        goal_id = add(acme, account=key, **begun).goal_id
        service.close_goal(acme.workspace_id, goal_id, state, actor_user_id=None, now=now)
    with snapshot() as session:
        ids = {
            row.external_id: row.id
            for row in session.scalars(
                select(Account).where(Account.workspace_id == acme.workspace_id)
            )
        }
        seen = []
        event.listen(db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
        found = goal_standing(
            session, acme.workspace_id, list(ids.values()), today=date(2026, 6, 1)
        )
        assert len(seen) == 1
        late = goal_standing(session, acme.workspace_id, None, today=date(2026, 10, 1))
    assert found == {ids["acme"]: (1, 1, 0, 0), ids["b"]: (0, 0, 1, 1)}
    assert late[ids["acme"]] == (0, 2, 0, 0)


def test_who_is_forgotten_is_named_nowhere_any_more(acme):
    person = {"external_id": "kanaria-7", "email": "kanaria@example.jp", "name": "鹿島 花"}
    told = acme.post("/api/v1/contacts", person | {"account": {"external_id": "acme"}})
    who, now = acme.workspace.user_id, utcnow()
    aim = replace(AIM, words="鹿島 花さん: answer within the day")
    goal_id = add(acme, aim).goal_id
    common = {"actor_user_id": who, "now": now}
    service.change_goal(
        acme.workspace_id, goal_id, replace(aim, words="鹿島 花さん wants it by noon"), **common
    )
    service.record_progress(
        acme.workspace_id, goal_id, 20, note="Kanaria@example.jp agrees", **common
    )
    with transaction() as session:
        session.add(
            TouchpointPlan(
                workspace_id=acme.workspace_id, account_id=stored(acme).account_id,
                touch_key="setup-check", anchor_on=TODAY, due_on=TODAY, kind="call", state="done",
                way="call", note="Talked to kanaria-7", decided_at=now, created_at=now,
                updated_at=now,
            )
        )  # fmt: skip
    erase_contact(acme.workspace_id, UUID(told.json["id"]), now=now)
    with snapshot() as session:
        of = acme.workspace_id
        kept = [stored(acme).words]
        for entry in session.scalars(select(GoalEntry).where(GoalEntry.workspace_id == of)):
            kept += [entry.note or "", str(entry.detail)]
        kept += session.scalars(
            select(TouchpointPlan.note).where(TouchpointPlan.workspace_id == of)
        ).all()
    assert kept[0] == "…さん wants it by noon"
    assert kept[-1] == "Talked to …"
    assert not [text for text in kept if "鹿島" in text or "kanaria" in text.lower()]


# --- pages ----------------------------------------------------------------------------------


def undo_of(html: str) -> str:
    return re.search(r'action="([^"]*undo\?[^"]+)"', html).group(1).replace("&amp;", "&")


def test_an_account_without_goals_offers_one_next_step(customer, staff):
    assert "Write down the first goal" in staff("success").get("/accounts/group/acme").text
    html = staff("viewer").get("/accounts/group/acme").text
    assert "What does this customer want to reach" in html
    assert "Write down the first goal" not in html


def test_a_goal_is_added_seen_moved_on_and_taken_back(customer, staff):
    success = staff("success")
    assert success.get("/accounts/group/acme/goals/new").status_code == 200
    page = success.post("/accounts/group/acme/goals/new", FORM, follow_redirects=True).text
    assert "チケットに当日中に返信したい" in page
    assert "Not measured yet; from 40時間 to 10時間." in page
    goal = f"/goals/{stored(customer).id}"
    page = success.post(f"{goal}/progress", {"current": "２５", "note": "半分まで来ました。"},
                        follow_redirects=True).text  # fmt: skip
    assert "50% of the way: 25時間 now, from 40時間 to 10時間." in page
    assert "半分まで来ました。" in page
    success.post(undo_of(page))
    assert stored(customer).current is None
    page = success.post(f"{goal}/close", {"state": "met", "note": ""}, follow_redirects=True).text
    assert "The goal is closed: Met." in page
    assert stored(customer).state == "met"
    success.post(f"{goal}/reopen")
    assert stored(customer).state == "open"


def test_taking_a_new_goal_back_twice_is_said(customer, staff):
    success = staff("success")
    page = success.post("/accounts/group/acme/goals/new", FORM, follow_redirects=True).text
    for said in ("Undone.", "This can no longer be undone"):
        answer = success.post(undo_of(page), follow_redirects=True)
        assert answer.status_code == 200
        assert said in answer.text


def test_nothing_typed_is_lost(customer, staff):
    success = staff("success")
    wrong = FORM | {"target": "a few", "unit": "u" * 40}
    answer = success.post("/accounts/group/acme/goals/new", wrong)
    assert answer.status_code == 422
    for typed in ("a few", "u" * 40, FORM["words"], FORM["measure"], "2099-09-30"):
        assert typed in answer.text
    assert "Enter a number, such as 12 or 3.5." in answer.text
    same = success.post("/accounts/group/acme/goals/new", FORM | {"target": "40.0"})
    assert "The target has to differ from the value at the start." in same.text
    success.post("/accounts/group/acme/goals/new", FORM)
    goal = f"/goals/{stored(customer).id}"
    answer = success.post(f"{goal}/progress", {"current": "many", "note": "they are happy"})
    assert answer.status_code == 422
    assert "many" in answer.text
    assert "they are happy" in answer.text
    answer = success.post(f"{goal}/close", {"state": "odd", "note": "what we learnt of it"})
    assert answer.status_code == 422
    assert "what we learnt of it" in answer.text


def test_two_who_change_a_goal_at_once_do_not_overwrite_each_other(customer, staff):
    success = staff("success")
    success.post("/accounts/group/acme/goals/new", FORM)
    goal = f"/goals/{stored(customer).id}"
    first = success.post(goal, FORM | {"version": "1", "words": "Mine"})
    assert first.status_code == 303
    second = success.post(goal, FORM | {"version": "1", "words": "Typed meanwhile"})
    assert second.status_code == 409
    assert "Typed meanwhile" in second.text
    assert stored(customer).words == "Mine"
    version = re.search(r'name="version"[^>]*value="(\d+)"', second.text).group(1)
    success.post(goal, FORM | {"version": version, "words": "Typed meanwhile"})
    assert stored(customer).words == "Typed meanwhile"


def test_others_read_goals_but_do_not_write_them(customer, staff):
    staff("success").post("/accounts/group/acme/goals/new", FORM)
    goal, viewer = f"/goals/{stored(customer).id}", staff("viewer")
    html = viewer.get(goal).text
    assert FORM["words"] in html
    assert "Record progress" not in html
    for path in ("/accounts/group/acme/goals/new", goal, f"{goal}/progress", f"{goal}/close"):
        assert viewer.post(path, FORM).status_code == 403


def test_what_is_overdue_is_said(customer, staff):
    yesterday = local_day(utcnow(), "UTC") - timedelta(days=3)
    staff("success").post(
        "/accounts/group/acme/goals/new", FORM | {"due_on": yesterday.isoformat()}
    )
    html = staff("viewer").get("/accounts/group/acme").text
    assert "Overdue since" in html
    assert "Behind" in html


# --- for machines -----------------------------------------------------------------------------


def test_machines_add_and_read_goals(customer):
    body = {"words": "Ship weekly", "measure": "releases", "baseline": 1, "target": 4,
            "due_on": "2099-01-31"}  # fmt: skip
    added = customer.post("/api/v1/accounts/group/acme/goals", body)
    assert added.status_code == 201, added.text
    assert added.json["standing"] == "open_on_track"
    assert added.json["reached"] is None
    listed = customer.get("/api/v1/accounts/group/acme/goals").json
    assert listed["items"] == [added.json]
    assert UUID(added.json["id"]) == stored(customer).id
    for wrong, field in (({"target": 1}, "target"), ({"words": ""}, "words")):
        answer = customer.post("/api/v1/accounts/group/acme/goals", body | wrong)
        assert answer.status_code == 422
        assert answer.json["errors"][0]["field"] == field
    assert customer.get("/api/v1/accounts/nobody/goals").status_code == 404
    with snapshot() as session:
        assert session.scalar(
            select(func.count()).where(GoalEntry.workspace_id == customer.workspace_id)
        ) == 1  # fmt: skip
