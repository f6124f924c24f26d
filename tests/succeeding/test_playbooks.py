"""Playbooks: they fire once for what happens, and what they ask people to do is done or not."""

from __future__ import annotations

import re
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from surveys.periods import local_day, period_start
from surveys.weekly_hours import read_hours
from vocapp import outbox
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.outbox import Pending
from vocapp.people.health_changes import HEALTH
from vocapp.people.models import Account, Contact
from vocapp.people.service import erase_contact
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.succeeding.health.models import AccountHealth, HealthDay
from vocapp.succeeding.playbooks import capacity, evaluating, forms, queries, service, tasks
from vocapp.succeeding.playbooks.models import Playbook, PlaybookRun, PlaybookTask
from vocapp.succeeding.playbooks.offers import OFFERS
from vocapp.succeeding.playbooks.step_forms import rows_in_use
from vocapp.succeeding.playbooks.tasks import By
from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.workspaces.models import Membership
from vocapp.workspaces.office.storing import Week, add_absence, save_week
from vocapp.workspaces.queries import members
from vocapp.workspaces.reach import WHOLE_WORKSPACE, OwnAccounts


def today() -> date:
    return local_day(utcnow(), "UTC")


def ahead(days: int) -> str:
    return (today() + timedelta(days=days)).isoformat()


def save(api, external_id, owner=None, **facts):
    answer = api.post("/api/v1/accounts", {"external_id": external_id, **facts})
    assert answer.status_code == 201, answer.text
    give(api, external_id, owner or api.workspace.user_id)


def give(api, external_id, owner):
    with transaction() as session:
        session.execute(
            update(Account)
            .where(Account.workspace_id == api.workspace_id, Account.external_id == external_id)
            .values(owner_user_id=owner)
        )


def send(api, *events):
    taken = api.post("/api/v1/events", {"events": list(events)})
    assert taken.json["rejected"] == [], taken.text


def set_up(api, external_id):
    at = (utcnow() - timedelta(minutes=1)).isoformat()
    send(api, {"id": f"s-{external_id}", "type": "milestone", "name": "setup_done",
               "account": external_id, "at": at})  # fmt: skip


def work():
    """Something happened to accounts: what waits for it is done."""
    for kind in (HEALTH, evaluating.BEGIN):
        while outbox.work_off(kind, now=utcnow()):
            pass


def rows_of(api, model) -> list:
    with snapshot() as session:
        return list(session.scalars(scoped(model, api.workspace_id).order_by(model.id)))


def add(app, api, kind="onboarding_stalled", **typed) -> UUID:
    """A playbook as it is offered, with what is typed in its place."""
    with app.test_request_context():
        form = forms.from_offer(OFFERS[kind])
        form.typed |= typed
        draft = form.read()
        assert draft is not None, form.errors
    return service.add_playbook(api.workspace_id, draft, actor_user_id=None, now=utcnow())


def switch(api, playbook_id, *, on=True):
    return service.switch(
        api.workspace_id, playbook_id, on=on, actor_user_id=api.workspace.user_id, now=utcnow()
    )


@pytest.fixture
def stalled(any_database, any_api):
    """Four customers: one that stalls, one that is set up, one just started, one of nobody."""
    save(any_api, "slow", name="Slow Ltd", started_on=ahead(-40))
    save(any_api, "ready", started_on=ahead(-40))
    save(any_api, "new", started_on=ahead(-3))
    save(any_api, "nobodys", started_on=ahead(-40))
    give(any_api, "nobodys", None)
    set_up(any_api, "ready")
    work()
    return any_api, add(any_database, any_api)


# --- firing -----------------------------------------------------------------------------------


def test_it_is_off_until_it_is_switched_on_and_then_fires_once(stalled):
    api, playbook_id = stalled
    work()
    assert rows_of(api, PlaybookRun) == []
    switch(api, playbook_id)
    work()
    (run,) = rows_of(api, PlaybookRun)
    assert run.reasons == ["no_setup_for_days:40"]
    found = rows_of(api, PlaybookTask)
    assert [task.due_on for task in found] == [today(), today() + timedelta(days=7)]
    switch(api, playbook_id, on=False)
    switch(api, playbook_id)
    save(api, "slow", name="Slow again")
    work()
    assert [row.id for row in rows_of(api, PlaybookRun)] == [run.id]


def test_two_that_evaluate_the_same_at_once_leave_one_firing(stalled):
    api, playbook_id = stalled
    switch(api, playbook_id)
    work()
    (run,) = rows_of(api, PlaybookRun)
    with transaction() as session:  # the state as it was read before the other one wrote it
        session.execute(evaluating.PlaybookState.__table__.delete())
    with transaction() as session:
        accounts = session.scalars(scoped(Account, api.workspace_id)).all()
        evaluating.evaluate_accounts(
            session, api.workspace_id, [each.id for each in accounts], utcnow()
        )
    assert [row.id for row in rows_of(api, PlaybookRun)] == [run.id]
    assert len(rows_of(api, PlaybookTask)) == 2


def test_an_event_that_sets_it_right_is_seen_as_recovery(stalled):
    api, playbook_id = stalled
    switch(api, playbook_id)
    work()
    set_up(api, "slow")
    work()
    (run,) = rows_of(api, PlaybookRun)
    assert run.recovered_on == today()
    with api.client.application.app_context():
        ((_, came),) = queries.playbooks(api.workspace_id, now=utcnow())
    assert (came.fired, came.recovered, came.open, came.done) == (1, 1, 2, 0)


def test_beginning_goes_on_where_it_was(stalled, monkeypatch):
    api, playbook_id = stalled
    monkeypatch.setattr(evaluating, "BATCH", 2)
    save(api, "slow-2", started_on=ahead(-35))
    save(api, "slow-3", started_on=ahead(-36))
    switch(api, playbook_id)
    assert outbox.work_off(evaluating.BEGIN, now=utcnow())
    assert len(rows_of(api, PlaybookRun)) == 1
    while outbox.work_off(evaluating.BEGIN, now=utcnow()):
        pass
    assert len(rows_of(api, PlaybookRun)) == 3


def test_undoing_the_switch_takes_untouched_tasks_back_and_it_may_fire_again(stalled):
    api, playbook_id = stalled
    done = switch(api, playbook_id)
    work()
    assert len(rows_of(api, PlaybookTask)) == 2
    common = {"actor_user_id": api.workspace.user_id, "now": utcnow()}
    service.undo(api.workspace_id, done.undo, **common)
    assert rows_of(api, PlaybookTask) == rows_of(api, PlaybookRun) == []
    switch(api, playbook_id)
    work()
    assert len(rows_of(api, PlaybookRun)) == 1
    with pytest.raises(Conflict):
        service.undo(api.workspace_id, done.undo, **common)


def health_fell(api):
    save(api, "acme")
    work()
    with transaction() as session:
        account = session.scalars(scoped(Account, api.workspace_id)).one()
        for row in session.scalars(scoped(AccountHealth, api.workspace_id)):
            row.score, row.band, row.last_band = 40.0, "watch", "watch"
        before = today() - timedelta(days=60)
        session.merge(
            HealthDay(workspace_id=api.workspace_id, account_id=account.id, day=before,
                      score=80.0, band="good", points=[])
        )  # fmt: skip


def usage_fell(api):
    save(api, "acme", started_on=ahead(-300))
    save(api, "other", started_on=ahead(-300))
    now = utcnow()
    for week in range(16):
        at = (now - timedelta(days=7 * week, hours=1)).isoformat()
        count = 100 if week < 4 else 400
        send(api, {"id": f"u{week}", "type": "usage", "name": "report", "account": "acme",
                   "at": at, "count": count},
             {"id": f"o{week}", "type": "usage", "name": "report", "account": "other",
              "at": at, "count": 300})  # fmt: skip


def low_answer(api):
    api.survey()
    save(api, "acme")
    api.respond(score=2, account={"external_id": "acme"})
    api.respond(score=10, account={"external_id": "acme"})


def champion_left(api):
    save(api, "acme")
    at = (utcnow() - timedelta(seconds=1)).isoformat()
    send(api, {"id": "c", "type": "milestone", "name": "champion_left", "account": "acme",
               "at": at})  # fmt: skip


def champion_is_marked_as_left(api):
    for account in ("acme", "other"):
        save(api, account)
        who = {"external_id": f"ann-{account}", "account": {"external_id": account}}
        api.post("/api/v1/contacts", who | {"roles": ["champion"]})
        api.post("/api/v1/contacts", who | {"has_left": account == "acme"})


def sponsor_loses_the_role(api):
    for account in ("acme", "other"):
        save(api, account)
        for who, role in (("ann", "sponsor"), ("bob", "champion")):
            person = {"external_id": f"{who}-{account}", "account": {"external_id": account}}
            api.post("/api/v1/contacts", person | {"roles": [role]})
    # Of the other account somebody leaves whose role does not count.
    for who, account in (("ann", "acme"), ("bob", "other")):
        person = {"external_id": f"{who}-{account}", "account": {"external_id": account}}
        api.post("/api/v1/contacts", person | {"roles": []})


def renewal_is_near(api):
    save(api, "acme", renewal_on=ahead(80))
    save(api, "later", renewal_on=ahead(120))


def feature_unused(api):
    save(api, "acme", started_on=ahead(-60))
    save(api, "user", started_on=ahead(-60))
    at = (utcnow() - timedelta(days=2)).isoformat()
    send(api, {"id": "f", "type": "usage", "name": "export", "account": "user", "at": at})


@pytest.mark.parametrize(
    ("kind", "happens", "typed", "reasons"),
    [
        ("health_drop", health_fell, {}, ["health_drop:40", "health:40"]),
        ("usage_down", usage_fell, {}, ["usage_down:75"]),
        ("detractor", low_answer, {}, ["low_answer_days_ago:0"]),
        ("champion_left", champion_left, {}, ["champion_left_days_ago:0"]),
        ("champion_left", champion_is_marked_as_left, {}, ["champion_left_days_ago:0"]),
        ("champion_left", sponsor_loses_the_role, {"left-champion": "", "left-sponsor": "1"},
         ["role_left:sponsor", "role_left_days_ago:0"]),
        ("renewal_in", renewal_is_near, {}, ["renewal_in_days:80"]),
        ("feature_unused", feature_unused, {"feature": "export"},
         ["feature_unused:export", "days:60"]),
    ],
)  # fmt: skip
def test_each_that_is_offered_fires_for_whom_it_is_meant(
    any_database, any_api, kind, happens, typed, reasons
):
    happens(any_api)
    playbook_id = add(any_database, any_api, kind, **typed)
    switch(any_api, playbook_id)
    while outbox.work_off(evaluating.BEGIN, now=utcnow()):
        pass
    (run,) = rows_of(any_api, PlaybookRun)
    assert run.reasons == reasons
    with snapshot() as session:
        account = session.get(Account, (any_api.workspace_id, run.account_id))
    assert account.external_id == "acme"


def test_what_nobody_is_told_of_fires_for_nobody(any_database, any_api):
    """Without any milestone, use or event nobody is known to have stalled."""
    save(any_api, "acme", started_on=ahead(-40))
    for kind, typed in (
        ("onboarding_stalled", {}), ("usage_down", {}), ("feature_unused", {"feature": "export"}),
        ("health_drop", {}),
    ):  # fmt: skip
        switch(any_api, add(any_database, any_api, kind, **typed))
    work()
    assert rows_of(any_api, PlaybookRun) == []


def test_contacts_are_planned_from_the_first_account_on(any_api):
    save(any_api, "acme", started_on=ahead(-2))
    work()
    while outbox.work_off("touchpoints", now=utcnow()):
        pass
    assert {row.touch_key for row in rows_of(any_api, TouchpointPlan)} == {
        "setup-check", "first-results",
    }  # fmt: skip


# --- tasks ------------------------------------------------------------------------------------


@pytest.fixture
def task(stalled):
    """The first task of a playbook that fired, and who may work on it."""
    api, playbook_id = stalled
    switch(api, playbook_id)
    work()
    return api, rows_of(api, PlaybookTask)[0].id, by(api)


def by(api, reach=WHOLE_WORKSPACE):
    return By(api.workspace.user_id, reach, utcnow())


def now_is(api, task_id) -> PlaybookTask:
    return next(row for row in rows_of(api, PlaybookTask) if row.id == task_id)


def test_a_task_is_done_put_off_and_taken_back(task):
    api, task_id, me = task
    of = {"user_id": me.user_id, "reach": me.reach, "now": me.now}
    later = today() + timedelta(days=3)
    put_off = tasks.snooze(api.workspace_id, task_id, later, today=today(), by=me)
    done = tasks.mark_done(api.workspace_id, task_id, note=" they know ", by=me)
    row = now_is(api, task_id)
    assert (row.state, row.note, row.decided_by_user_id) == ("done", "they know", me.user_id)
    with pytest.raises(Conflict):
        tasks.skip(api.workspace_id, task_id, "not_needed", by=me)
    with pytest.raises(Conflict):
        tasks.undo(api.workspace_id, put_off.undo, **of)
    tasks.undo(api.workspace_id, done.undo, **of)
    row = now_is(api, task_id)
    assert (row.state, row.note, row.snoozed_until) == ("open", None, later)
    tasks.open_again(api.workspace_id, task_id, by=me)
    assert now_is(api, task_id).snoozed_until is None


def test_what_cannot_be_is_named(task, new_workspace):
    api, task_id, me = task
    for act, field in (
        (lambda: tasks.mark_done(api.workspace_id, task_id, note="x" * 5001, by=me), "note"),
        (lambda: tasks.skip(api.workspace_id, task_id, "bored", by=me), "reason"),
        (lambda: tasks.skip(api.workspace_id, task_id, "other", by=me), "note"),
        (lambda: tasks.snooze(api.workspace_id, task_id, today(), today=today(), by=me), "until"),
    ):
        with pytest.raises(BadInput) as caught:
            act()
        assert [error.field for error in caught.value.errors] == [field]
    with pytest.raises(NotFound):
        tasks.mark_done(new_workspace("Other").workspace_id, task_id, by=me)


def test_who_is_limited_to_own_accounts_works_on_their_tasks_alone(task):
    api, task_id, _ = task
    stranger = OwnAccounts(UUID(int=7))
    with pytest.raises(NotFound):
        tasks.mark_done(api.workspace_id, task_id, by=by(api, stranger))
    with api.client.application.app_context():
        of = {"today": today(), "limit": 9}
        assert queries.tasks(api.workspace_id, "open", reach=stranger, **of) == []
        own = OwnAccounts(api.workspace.user_id)
        assert len(queries.tasks(api.workspace_id, "open", reach=own, **of)) == 2
        assert queries.counts(api.workspace_id, reach=stranger, today=today())["due"] == 0


def test_a_person_who_is_forgotten_leaves_the_notes(task):
    api, task_id, me = task
    person = {"external_id": "u1", "name": "Ann Lee"}
    api.post("/api/v1/contacts", {**person, "account": {"external_id": "slow"}})
    tasks.mark_done(api.workspace_id, task_id, note="Met Ann Lee", by=me)
    (contact,) = rows_of(api, Contact)
    erase_contact(api.workspace_id, contact.id, now=utcnow())
    assert now_is(api, task_id).note == "Met …"


def test_machines_list_tasks_and_mark_them_done(task):
    api, task_id, _ = task
    page = api.get("/api/v1/tasks?limit=1").json
    assert [each["id"] for each in page["items"]] == [str(task_id)]
    assert page["items"][0]["account"] == "slow"
    rest = api.get(f"/api/v1/tasks?limit=1&cursor={page['next']}").json
    assert len(rest["items"]) == 1
    assert rest["next"] is None
    answer = api.post(f"/api/v1/tasks/{task_id}/done", {"note": "by the CRM"})
    assert (answer.status_code, answer.json["state"]) == (200, "done")
    assert api.post(f"/api/v1/tasks/{task_id}/done", {}).status_code == 409
    assert api.post(f"/api/v1/tasks/{task_id}/done", {"nte": "x"}).status_code == 422
    done = api.get("/api/v1/tasks?show=done").json["items"]
    assert [each["note"] for each in done] == ["by the CRM"]


# --- pages ------------------------------------------------------------------------------------


@pytest.fixture
def desk(api, staff):
    """A stalled customer of the colleague who is signed in."""
    success = staff("success")
    with snapshot() as session:
        me = session.scalars(
            select(Membership.user_id).where(
                Membership.workspace_id == api.workspace_id, Membership.role == "success"
            )
        ).one()
    save(api, "slow", owner=me, name="Slow Ltd", started_on=ahead(-40))
    save(api, "ready", owner=me, started_on=ahead(-40))
    set_up(api, "ready")
    work()
    return success


def typed(**other):
    return {
        "name": "Call them", "days": "30", "until_days": "90", "title-0": "Call",
        **{f"days-{place}": "0" for place in range(5)},
        **{f"minutes-{place}": "30" for place in range(5)},
    } | other  # fmt: skip


def test_a_playbook_is_tried_out_before_it_is_switched_on(api, desk):
    assert "No playbook yet" in desk.get("/playbooks").text
    assert "Call: what keeps them" in desk.get("/playbooks/new/onboarding_stalled").text
    page = desk.post("/playbooks/new/onboarding_stalled", typed(), follow_redirects=True).text
    assert "It would fire for 1 account now." in page
    assert "Slow Ltd" in page
    switch_on = re.search(r'action="(/playbooks/[^"]+/switch)"', page).group(1)
    page = desk.post(switch_on, {"on": "1"}, follow_redirects=True).text
    assert "What it would do now" not in page
    work()
    assert "Onboarding not complete 40 days after the start" in desk.get("/tasks").text
    assert "Playbook “Call them”" in desk.get("/accounts/slow").text
    api.survey()
    api.respond(score=9)  # the first page has cards once there are answers
    assert "My tasks" in desk.get("/").text


def test_what_is_wrong_in_the_form_is_named_and_nothing_typed_is_lost(desk):
    bad = typed(**{"name": " ", "days": "soon", "title-1": "And write", "minutes-1": "-3"})
    answer = desk.post("/playbooks/new/onboarding_stalled", bad)
    assert answer.status_code == 422
    for text in ('value="soon"', "And write", 'value="-3"', 'href="#name"', 'href="#days"',
                 'href="#minutes-1"'):  # fmt: skip
        assert text in answer.text
    never = desk.post("/playbooks/new/onboarding_stalled", typed(until_days="30"))
    assert "Enter more days than above, or it never fires." in never.text
    assert desk.get("/playbooks/new/odd").status_code == 404


def test_a_change_is_saved_once_and_can_be_taken_back(desk):
    page = desk.post("/playbooks/new/onboarding_stalled", typed(), follow_redirects=True)
    path = page.request.path
    page = desk.post(path, typed(name="Write", version="1"), follow_redirects=True).text
    assert "Write" in page
    late = desk.post(path, typed(name="Late", version="1"))
    assert late.status_code == 409
    assert 'value="Late"' in late.text
    undo = re.search(r'action="(/playbooks/undo\?[^"]+)"', page).group(1)
    page = desk.post(undo.replace("&amp;", "&"), follow_redirects=True).text
    assert "Call them" in page


def test_a_playbook_that_is_put_away_fires_no_more_and_what_it_did_stays(api, desk):
    page = desk.post("/playbooks/new/onboarding_stalled", typed(), follow_redirects=True)
    path = page.request.path
    desk.post(f"{path}/switch", {"on": "1"}, follow_redirects=True)
    work()
    (run,) = rows_of(api, PlaybookRun)
    page = desk.post(f"{path}/archive", {"archived": "1"}, follow_redirects=True).text
    assert "It is put away" in page
    (playbook,) = rows_of(api, Playbook)
    assert (playbook.on_since, playbook.archived_at is not None) == (None, True)
    assert "Somebody put this playbook away meanwhile." in desk.post(
        f"{path}/switch", {"on": "1"}, follow_redirects=True
    ).text  # fmt: skip
    assert rows_of(api, Playbook)[0].on_since is None
    assert [row.id for row in rows_of(api, PlaybookRun)] == [run.id]
    assert "Call" in desk.get("/tasks").text
    listed = desk.get("/playbooks").text
    assert "No playbook yet" in listed
    assert "Put away" in listed
    undo = re.search(r'action="(/playbooks/undo\?[^"]+)"', page).group(1)
    page = desk.post(undo.replace("&amp;", "&"), follow_redirects=True).text
    assert "It is on" in page
    desk.post(f"{path}/archive", {"archived": "1"})
    page = desk.post(f"{path}/archive", {"archived": "0"}, follow_redirects=True).text
    assert "Switch on" in page


# --- coming weeks -----------------------------------------------------------------------------


def test_work_of_the_coming_weeks_is_counted_for_its_owner_and_over_is_said(api, desk):
    page = desk.post("/playbooks/new/onboarding_stalled", typed(**{"minutes-0": "90"}),
                     follow_redirects=True).text  # fmt: skip
    path = re.search(r'action="(/playbooks/[^"]+/switch)"', page).group(1)
    desk.post(path, {"on": "1"})
    work()
    hours_of = {}
    with api.client.application.app_context():
        for each in capacity.coming_weeks(api.workspace_id, time_zone="UTC", now=utcnow()):
            hours_of[each.member.role] = [load.planned for load in each.loads]
    assert hours_of["success"] == [90, 0, 0, 0, 0, 0]
    assert hours_of["admin"] == [0] * 6
    page = desk.get("/capacity").text
    assert "How many hours a week there are is not known" in page
    for form in re.findall(r'action="(/capacity/[0-9a-f-]+)"', page):
        saved = desk.post(form, {"hours": "1"}, follow_redirects=True).text
    assert "More is due than there is time for in 1 of the coming weeks." in saved
    assert "0.5 hours too much" in saved
    wrong = desk.post(form, {"hours": "a lot"})
    assert wrong.status_code == 422
    assert 'value="a lot"' in wrong.text
    undo = re.search(r'action="(/capacity/undo\?[^"]+)"', saved).group(1).replace("&amp;", "&")
    assert "is not known" in desk.post(undo, follow_redirects=True).text


def _week(text: str) -> Week:
    return Week({day: list(read_hours(text)) for day in range(5)}, "UTC", "", "")


def _rooms(api) -> dict[str, list[int | None]]:
    """Role → hours of each week."""
    found = {}
    for each in capacity.coming_weeks(api.workspace_id, time_zone="UTC", now=utcnow()):
        found[each.member.role] = [load.capacity / 60 for load in each.loads]
    return found


def test_the_time_there_is_comes_from_working_hours_unless_somebody_said_otherwise(api, desk):
    by = {"actor_user_id": api.workspace.user_id, "now": utcnow()}
    with api.client.application.app_context():
        who = next(each.user_id for each in members(api.workspace_id) if each.role == "success")
        save_week(api.workspace_id, _week("9-17"), user_id=None, **by)
        save_week(api.workspace_id, _week("9-13"), user_id=who, **by)
        assert _rooms(api) == {"admin": [40.0] * 6, "success": [20.0] * 6}
        next_week = period_start(today(), "week") + timedelta(weeks=1)
        add_absence(
            api.workspace_id, who, first_day=next_week, last_day=next_week + timedelta(days=1),
            stand_in_user_id=api.workspace.user_id, **by,
        )  # fmt: skip
        assert _rooms(api)["success"] == [20.0, 12.0, *[20.0] * 4]
    page = desk.get("/capacity").text
    assert "20.0 hours a week by their working hours" in page
    path = f"/capacity/{who}"
    assert (
        "10.0 hours a week by" not in desk.post(path, {"hours": "10"}, follow_redirects=True).text
    )
    with api.client.application.app_context():
        assert _rooms(api)["success"] == [10.0, 6.0, *[10.0] * 4]
    assert "20.0 hours a week by" in desk.post(path, {"hours": ""}, follow_redirects=True).text


# --- trouble ----------------------------------------------------------------------------------


def test_what_is_wrong_with_one_playbook_stops_neither_the_others_nor_health(any_database, stalled):
    api, broken = stalled
    sound = add(any_database, api, name="Sound")
    for playbook_id in (broken, sound):
        switch(api, playbook_id)
    work()
    of_before = {row.id for row in rows_of(api, PlaybookRun)}
    with transaction() as session:
        session.execute(
            update(Playbook)
            .where(Playbook.workspace_id == api.workspace_id, Playbook.id == broken)
            .values(definition={"trigger": {"kind": "of another time"}})
        )
    save(api, "acme", started_on=ahead(-40))
    work()
    new = [row for row in rows_of(api, PlaybookRun) if row.id not in of_before]
    assert [row.playbook_id for row in new] == [sound]
    with snapshot() as session:
        health = session.scalars(scoped(AccountHealth, api.workspace_id)).all()
        assert new[0].account_id in {row.account_id for row in health}
        waits = select(Pending).where(Pending.workspace_id == api.workspace_id)
        assert not session.scalars(waits.where(Pending.kind == HEALTH)).all()


@pytest.mark.parametrize(
    ("typed", "errors", "rows"),
    [
        ({"kind-0": "task", "days-0": "0"}, {}, 1),
        ({"title-0": "Call", "title-1": " ", "minutes-3": "30"}, {}, 1),
        ({"title-0": "Call", "body-2-en": "Dear {name}"}, {}, 3),
        ({"title-0": "Call"}, {"name": "…", "days-4": "…"}, 5),
    ],
)
def test_no_row_of_the_form_is_folded_away_in_which_something_is_written_or_wrong(
    typed, errors, rows
):
    assert rows_in_use(typed, errors) == rows


def test_whose_leaving_counts_is_asked_for_kept_and_shown(api, app, staff):
    success = staff("success")
    with app.test_request_context():
        offered = forms.from_offer(OFFERS["champion_left"]).typed
    page = success.get("/playbooks/new/champion_left").text
    assert 'name="left-champion" value="1" checked' in page
    unticked = {name: text for name, text in offered.items() if name != "left-champion"}
    refused = success.post("/playbooks/new/champion_left", unticked)
    assert refused.status_code == 422
    assert "Tick at least one role, or name one." in refused.text
    long = success.post("/playbooks/new/champion_left", unticked | {"left-own": "x" * 61})
    assert (long.status_code, "x" * 61 in long.text) == (422, True)
    own = {"left-billing": "1", "left-own": "決裁者、works council"}
    assert success.post("/playbooks/new/champion_left", unticked | own).status_code == 303
    (row,) = rows_of(api, Playbook)
    assert row.definition["trigger"]["roles"] == ["billing", "decision_maker", "works council"]
    page = success.get(f"/playbooks/{row.id}").text
    assert 'name="left-decision_maker" value="1" checked' in page
    assert 'name="left-own" type="text" value="works council"' in page
