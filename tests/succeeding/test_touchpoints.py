"""Contacts planned from the start and the renewal of customers: once, moved, done, skipped."""

from __future__ import annotations

import re
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from surveys.periods import local_day
from vocapp import outbox
from vocapp.database import snapshot, transaction, utcnow
from vocapp.outbox import Pending
from vocapp.people.models import Account
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.succeeding.touchpoints import planning, service
from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.workspaces.models import AuditEntry, Membership


def today() -> date:
    return local_day(utcnow(), "UTC")


def ahead(days: int) -> str:
    return (today() + timedelta(days=days)).isoformat()


def working(day: date) -> date:
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return day


def save(api, external_id, **facts):
    answer = api.post("/api/v1/accounts", {"external_id": external_id, **facts})
    assert answer.status_code == 201, answer.text


def plan(api):
    planning.plan_all(api.workspace_id, now=utcnow())


def plans(api, **of) -> list[TouchpointPlan]:
    with snapshot() as session:
        query = (
            select(TouchpointPlan)
            .where(TouchpointPlan.workspace_id == api.workspace_id)
            .order_by(TouchpointPlan.due_on, TouchpointPlan.touch_key, TouchpointPlan.id)
        )
        rows = session.scalars(query.filter_by(**of)).all()
        return list(rows)


def keys(api) -> list[tuple[str, date]]:
    return [(row.touch_key, row.due_on) for row in plans(api)]


def waiting(api) -> list[Pending]:
    with snapshot() as session:
        return list(
            session.scalars(
                select(Pending).where(
                    Pending.workspace_id == api.workspace_id, Pending.kind == planning.PLAN
                )
            )
        )


def test_what_is_due_within_thirty_days_is_planned_once(any_api):
    save(any_api, "new", started_on=ahead(-3))
    save(any_api, "soon", started_on=ahead(-400), renewal_on=ahead(110))
    save(any_api, "later", started_on=ahead(-400), renewal_on=ahead(150))
    save(any_api, "unknown")
    plan(any_api)
    wanted = sorted(
        [
            ("setup-check", working(today() + timedelta(days=2))),
            ("first-results", working(today() + timedelta(days=27))),
            ("value-review", working(today() + timedelta(days=20))),
        ],
        key=lambda each: each[1],
    )
    assert keys(any_api) == wanted
    before = [(row.id, row.version, row.updated_at) for row in plans(any_api)]
    plan(any_api)
    assert [(row.id, row.version, row.updated_at) for row in plans(any_api)] == before


def test_a_renewal_that_moves_takes_what_is_not_done_with_it(any_api):
    who = any_api.workspace.user_id
    for key in ("open", "held"):
        save(any_api, key, started_on=ahead(-400), renewal_on=ahead(100))
    plan(any_api)
    ids = {row.account_id: row.id for row in plans(any_api)}
    (held,) = (
        plan_id for account, plan_id in ids.items() if account == account_id(any_api, "held")
    )
    service.mark_done(any_api.workspace_id, held, "meeting", actor_user_id=who, now=utcnow())
    for key in ("open", "held"):
        save(any_api, key, renewal_on=ahead(130))
    plan(any_api)
    found = {row.id: row for row in plans(any_api)}
    assert set(found) == set(ids.values())
    moved = found[ids[account_id(any_api, "open")]]
    assert moved.anchor_on == today() + timedelta(days=130)
    assert moved.due_on == working(today() + timedelta(days=40))
    assert found[held].anchor_on == today() + timedelta(days=100)


def account_id(api, external_id) -> UUID:
    with snapshot() as session:
        return session.scalars(
            select(Account.id).where(
                Account.workspace_id == api.workspace_id, Account.external_id == external_id
            )
        ).one()


def test_who_has_an_owner_is_called_and_others_are_written_to(any_api):
    save(any_api, "owned", started_on=ahead(-1))
    save(any_api, "alone", started_on=ahead(-1))
    with transaction() as session:
        session.execute(
            update(Account)
            .where(Account.workspace_id == any_api.workspace_id, Account.external_id == "owned")
            .values(owner_user_id=any_api.workspace.user_id)
        )
    plan(any_api)
    kinds = {(row.account_id, row.touch_key): row.kind for row in plans(any_api)}
    assert kinds[account_id(any_api, "owned"), "setup-check"] == "call"
    assert kinds[account_id(any_api, "alone"), "setup-check"] == "email"


def test_who_has_left_is_not_contacted_any_more(any_api):
    save(any_api, "acme", started_on=ahead(-2), renewal_on=ahead(95))
    plan(any_api)
    assert len(plans(any_api)) > 1
    common = {"type": "subscription", "account": "acme", "product": "core"}
    at = (utcnow() - timedelta(hours=2)).isoformat()
    later = (utcnow() - timedelta(hours=1)).isoformat()
    events = [
        {"id": "1", "action": "started", "mrr": 100, "currency": "JPY", "at": at, **common},
        {"id": "2", "action": "cancelled", "at": later, **common},
    ]
    taken = any_api.post("/api/v1/events", {"events": events})
    assert taken.json["rejected"] == [], taken.text
    plan(any_api)
    assert plans(any_api) == []


def test_batches_go_on_where_they_were_and_then_wait_for_the_next_day(any_api, monkeypatch):
    monkeypatch.setattr(planning, "_BATCH", 2)
    for number in range(5):
        save(any_api, f"k{number}", started_on=ahead(-3))
    planning.see_to_planning(any_api.workspace_id, now=utcnow())
    planning.see_to_planning(any_api.workspace_id, now=utcnow())
    assert len(waiting(any_api)) == 1
    assert outbox.work_off(planning.PLAN, now=utcnow())
    assert len({row.account_id for row in plans(any_api)}) == 2
    assert waiting(any_api)[0].detail["after"]
    while outbox.work_off(planning.PLAN, now=utcnow()):
        pass
    assert len({row.account_id for row in plans(any_api)}) == 5
    (tomorrow,) = waiting(any_api)
    assert tomorrow.detail == {}
    assert tomorrow.due_at.date() == today() + timedelta(days=1)
    later = utcnow() + timedelta(days=1, hours=1)
    assert outbox.work_off(planning.PLAN, now=later)


# --- what becomes of it -----------------------------------------------------------------------


@pytest.fixture
def planned(any_api):
    """The one contact of a customer that just started, and who works on it."""
    save(any_api, "acme", name="Acme", started_on=ahead(-3))
    plan(any_api)
    return any_api, plans(any_api, touch_key="setup-check")[0].id


def of(plan_id) -> TouchpointPlan:
    with snapshot() as session:
        query = select(TouchpointPlan).where(TouchpointPlan.id == plan_id)
        return session.scalars(query.execution_options(voc_all_workspaces=True)).one()


def test_done_skipped_and_taken_back(planned):
    api, plan_id = planned
    who, now = api.workspace.user_id, utcnow()
    common = {"actor_user_id": who, "now": now}
    done = service.mark_done(api.workspace_id, plan_id, "call", note=" all set ", **common)
    row = of(plan_id)
    assert (row.state, row.way, row.note, row.decided_by_user_id) == (
        "done",
        "call",
        "all set",
        who,
    )
    with pytest.raises(Conflict):
        service.skip(api.workspace_id, plan_id, "not_needed", **common)
    service.undo(api.workspace_id, done.undo, **common)
    row = of(plan_id)
    assert (row.state, row.way, row.note, row.decided_at) == ("planned", None, None, None)
    skipped = service.skip(api.workspace_id, plan_id, "in_contact", **common)
    with pytest.raises(Conflict):
        service.undo(api.workspace_id, done.undo, **common)
    plan(api)
    assert of(plan_id).state == "skipped"
    assert len(plans(api, touch_key="setup-check")) == 1
    service.undo(api.workspace_id, skipped.undo, **common)
    service.mark_done(api.workspace_id, plan_id, "email", **common)
    service.plan_again(api.workspace_id, plan_id, **common)
    service.plan_again(api.workspace_id, plan_id, **common)
    assert of(plan_id).state == "planned"
    with snapshot() as session:
        actions = session.scalars(
            select(AuditEntry.action)
            .where(
                AuditEntry.workspace_id == api.workspace_id,
                AuditEntry.action.startswith("touchpoint."),
            )
            .order_by(AuditEntry.id)
        ).all()
    assert [each.partition(".")[2] for each in actions] == [
        "done", "planned_again", "skipped", "planned_again", "done", "planned_again",
    ]  # fmt: skip


def test_what_cannot_be_is_named(planned, new_workspace):
    api, plan_id = planned
    common = {"actor_user_id": api.workspace.user_id, "now": utcnow()}
    for act, field in (
        (lambda: service.mark_done(api.workspace_id, plan_id, "pigeon", **common), "way"),
        (lambda: service.mark_done(api.workspace_id, plan_id, "call", note="x" * 5001, **common),
         "note"),
        (lambda: service.skip(api.workspace_id, plan_id, "bored", **common), "reason"),
        (lambda: service.skip(api.workspace_id, plan_id, "other", note=" ", **common), "note"),
    ):  # fmt: skip
        with pytest.raises(BadInput) as caught:
            act()
        assert [error.field for error in caught.value.errors] == [field]
    with pytest.raises(NotFound):
        service.plan_again(new_workspace("Other").workspace_id, plan_id, **common)


# --- pages ------------------------------------------------------------------------------------


@pytest.fixture
def desk(api, staff, workspace):
    """Two customers, one of them of the colleague who is signed in."""
    save(api, "mine", name="Mine Ltd", started_on=ahead(-9))
    save(api, "theirs", name="Theirs Ltd", started_on=ahead(-12))
    success = staff("success")
    with transaction() as session:
        me = session.scalars(
            select(Membership.user_id).where(
                Membership.workspace_id == workspace.workspace_id, Membership.role == "success"
            )
        ).one()
        session.execute(
            update(Account)
            .where(Account.workspace_id == api.workspace_id, Account.external_id == "mine")
            .values(owner_user_id=me)
        )
    plan(api)
    return success


def names_of(html: str) -> list[str]:
    return re.findall(r'<th scope="row"><a [^>]*>([^<]+)</a>', html)


def test_an_empty_list_says_what_will_be_here_and_begins_to_plan(api, staff):
    html = staff("viewer").get("/touchpoints").text
    assert "Nothing is due" in html
    assert "Contacts are planned each day" in html
    assert len(waiting(api)) == 1


def test_the_list_is_told_apart_by_whose_and_when(api, desk):
    assert names_of(desk.get("/touchpoints").text) == ["Theirs Ltd", "Mine Ltd"]
    assert names_of(desk.get("/touchpoints?owner=mine").text) == ["Mine Ltd"]
    assert names_of(desk.get("/touchpoints?show=upcoming&owner=mine").text) == ["Mine Ltd"]
    html = desk.get("/touchpoints?show=overdue").text
    assert names_of(html) == ["Theirs Ltd", "Mine Ltd"]
    assert "Overdue by" in html
    assert "Nothing is done yet" in desk.get("/touchpoints?show=done").text
    assert names_of(desk.get("/touchpoints?show=odd").text) == ["Theirs Ltd", "Mine Ltd"]


def test_a_press_marks_it_done_and_can_be_taken_back(api, desk):
    page = desk.get("/touchpoints?owner=mine").text
    assert 'data-key="e"' in page
    (row,) = (each for each in plans(api) if each.account_id == account_id(api, "mine")
              and each.touch_key == "setup-check")  # fmt: skip
    page = desk.post(
        f"/touchpoints/{row.id}/done", {"way": "call", "next": "/touchpoints?owner=mine"},
        follow_redirects=True,
    ).text  # fmt: skip
    assert "Done: Call." in page
    assert "Nothing for your accounts" in page
    assert names_of(desk.get("/touchpoints?show=done").text) == ["Mine Ltd"]
    assert "Call" in desk.get("/accounts/mine").text
    undo = re.search(r'action="(/touchpoints/undo\?[^"]+)"', page).group(1)
    page = desk.post(undo.replace("&amp;", "&"), follow_redirects=True).text
    assert names_of(page) == ["Mine Ltd"]


def test_skipping_needs_a_reason_and_keeps_what_was_typed(api, desk):
    row = plans(api)[0]
    page = desk.get(f"/touchpoints/{row.id}").text
    assert "Does the set-up work?" in page
    answer = desk.post(f"/touchpoints/{row.id}/skip", {"reason": "odd", "note": "they said later"})
    assert answer.status_code == 422
    assert "Choose a reason." in answer.text
    assert "they said later" in answer.text
    answer = desk.post(f"/touchpoints/{row.id}/done", {"way": "odd", "note": "a long talk"})
    assert answer.status_code == 422
    assert "a long talk" in answer.text
    answer = desk.post(f"/touchpoints/{row.id}/skip", {"reason": "other", "note": "next=//evil"})
    assert answer.status_code == 303
    late = desk.post(f"/touchpoints/{row.id}/done", {"way": "call", "note": "typed too late"})
    assert late.status_code == 409
    page = desk.get(f"/touchpoints/{row.id}").text
    assert "Skipped: Another reason" in page
    assert "Plan it again" in page
    desk.post(f"/touchpoints/{row.id}/again")
    assert of(row.id).state == "planned"


def test_a_way_back_never_leaves_this_site(api, desk):
    row = plans(api)[0]
    answer = desk.post(f"/touchpoints/{row.id}/done", {"way": "call", "next": "//evil.example/"})
    assert answer.location.endswith("/touchpoints")


def test_home_shows_those_of_own_accounts_first(api, desk):
    api.survey()
    api.respond(score=9)
    html = desk.get("/").text
    card = html.partition("Touchpoints due")[2]
    assert card.index("Mine Ltd") < card.index("Theirs Ltd")


def test_viewers_see_and_do_not_act(api, desk, staff):
    viewer, row = staff("viewer"), plans(api)[0]
    assert "Mark as done" not in viewer.get(f"/touchpoints/{row.id}").text
    assert "Mark as done" not in viewer.get("/touchpoints").text
    for action in ("done", "skip", "again"):
        assert viewer.post(f"/touchpoints/{row.id}/{action}").status_code == 403


def test_pages_of_the_list_show_each_once(api, desk, monkeypatch):
    monkeypatch.setattr("vocapp.succeeding.touchpoints.views._PAGE", 1)
    first = desk.get("/touchpoints").text
    following = re.search(r'href="([^"]+)" rel="next"', first).group(1).replace("&amp;", "&")
    assert names_of(first) + names_of(desk.get(following).text) == ["Theirs Ltd", "Mine Ltd"]
