"""A case that is put off leaves what is to do, and comes back by itself."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from vocapp import outbox
from vocapp.database import transaction, utcnow
from vocapp.following_up import queries, snoozing, undoing
from vocapp.following_up.choosing import Filters
from vocapp.following_up.models import FollowUp
from vocapp.following_up.queries import SNOOZED
from vocapp.following_up.service import Change, change_follow_up, change_follow_ups
from vocapp.outbox import Pending
from vocapp.problems import BadInput
from vocapp.workspaces.reach import WHOLE_WORKSPACE as ALL

TOKYO = "Asia/Tokyo"


def pass_time(case: FollowUp) -> None:
    """As if the day that a case was put off until had begun."""
    past = utcnow() - timedelta(seconds=1)
    with transaction() as session:
        session.execute(
            update(FollowUp)
            .where(FollowUp.workspace_id == case.workspace_id, FollowUp.id == case.id)
            .values(snoozed_until=past)
        )
        session.execute(
            update(Pending)
            .where(Pending.workspace_id == case.workspace_id, Pending.kind == snoozing.WAKE)
            .values(due_at=past)
        )


def listed(workspace_id, *, snoozed=False):
    rows = queries.queue(workspace_id, Filters(snoozed=snoozed), reach=ALL, now=utcnow(), limit=50)
    return [row.id for row in rows]


@pytest.fixture
def case(any_api, handle, case_of):
    """One open case of somebody who is known."""
    any_api.survey()
    contact = {"external_id": "u1", "name": "Mika", "email": "mika@example.com"}
    answered = any_api.respond(score=2, comment="Exports time out", contact=contact)
    handle()
    return case_of(answered.json["id"])


def snooze(case, until=None, **fields):
    until = until or utcnow() + timedelta(days=3)
    return change_follow_up(
        case.workspace_id, case.id, Change(snooze_until=until), reach=ALL, actor_user_id=None,
        now=utcnow(), **fields,
    )  # fmt: skip


def reload(case):
    from vocapp.database import snapshot

    with snapshot() as session:
        return session.get_one(FollowUp, (case.workspace_id, case.id))


# --- days ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "tomorrow", "monday"),
    [
        ("2026-12-03T15:30:00+00:00", date(2026, 12, 5), date(2026, 12, 7)),  # a Friday in Tokyo
        ("2026-12-06T16:00:00+00:00", date(2026, 12, 8), date(2026, 12, 14)),  # a Monday
        ("2026-12-05T15:00:00+00:00", date(2026, 12, 7), date(2026, 12, 7)),  # a Sunday
    ],
)
def test_tomorrow_and_monday_are_days_of_the_workspace(now, tomorrow, monday):
    at = datetime.fromisoformat(now)
    assert snoozing.day_of("tomorrow", at, TOKYO) == tomorrow
    assert snoozing.day_of("monday", at, TOKYO) == monday
    offered = [day for _, day in snoozing.choices(at, TOKYO)]
    assert offered == sorted({tomorrow, monday})


def test_a_day_begins_at_its_midnight_also_where_clocks_change():
    assert snoozing.begin_of(date(2026, 12, 7), TOKYO) == datetime(2026, 12, 6, 15, tzinfo=UTC)
    # Clocks go forward at midnight in Beirut: the day begins at one.
    first = snoozing.begin_of(date(2026, 3, 29), "Asia/Beirut")
    assert first == datetime(2026, 3, 28, 22, tzinfo=UTC)


@pytest.mark.parametrize("day", ["soon", "", "2026-13-01", "0001-01-01x"])
def test_what_is_no_day_is_refused(day):
    with pytest.raises(BadInput, match="snoozed_until"):
        snoozing.day_of(day, utcnow(), TOKYO)


# --- leaving and coming back ----------------------------------------------------------------


def test_a_snoozed_case_is_under_its_own_tab_only(case):
    snooze(case)
    assert listed(case.workspace_id) == []
    assert listed(case.workspace_id, snoozed=True) == [case.id]
    assert listed(case.workspace_id, snoozed=None) == [case.id]
    counts = queries.counts_by_state(case.workspace_id, Filters(), reach=ALL, now=utcnow())
    assert counts == {SNOOZED: 1}


def test_it_comes_back_at_its_time_even_when_no_worker_runs(case):
    snooze(case)
    later = utcnow() + timedelta(days=4)
    rows = queries.queue(case.workspace_id, Filters(), reach=ALL, now=later, limit=50)
    assert [row.id for row in rows] == [case.id]


def test_its_time_is_told_in_the_timeline_and_nobody_has_touched_it_by_that(case, lines_of):
    snooze(case)
    touched = reload(case).touched_at
    pass_time(case)
    outbox.work_off(snoozing.WAKE, now=utcnow())
    back = reload(case)
    assert (back.snoozed_until, back.touched_at) == (None, touched)
    assert [line.kind for line in lines_of(case)] == ["opened", "snoozed", "woken"]
    assert lines_of(case)[-1].detail == {"why": "time"}


def test_one_that_was_put_off_further_sleeps_on(case):
    snooze(case)
    pass_time(case)
    snooze(case, utcnow() + timedelta(days=30))
    outbox.work_off(snoozing.WAKE, now=utcnow())
    assert listed(case.workspace_id) == []


def test_new_words_of_the_customer_wake_it(any_api, case, handle, lines_of):
    snooze(case)
    contact = {"external_id": "u1"}
    any_api.respond(score=10, comment="Much better now", contact=contact)
    handle()
    assert listed(case.workspace_id) == [case.id]
    assert lines_of(case)[-1].detail == {"why": "answer"}


def test_so_does_a_corrected_answer_of_somebody_unknown(any_api, handle, case_of):
    any_api.survey()
    public = {
        "key": any_api.workspace.public_key, "score": 2,
        "survey": any_api.get("/api/v1/surveys/nps").json["public_id"],
        "id": "7f3c0d1e-52a5-4a3d-9d2e-0c5b0c6e1a11",
    }  # fmt: skip
    token = any_api.client.post("/public/v1/responses", json=public).json["edit_token"]
    handle()
    case = case_of(public["id"])
    snooze(case)
    revised = {"edit_token": token, "revision": 1, "comment": "One more thing: it is slow"}
    any_api.client.patch(f"/public/v1/responses/{public['id']}", json=revised)
    handle()
    assert listed(case.workspace_id) == [case.id]


def test_what_others_say_and_later_themes_do_not_wake_it(any_api, case, handle):
    snooze(case)
    any_api.respond(score=9, contact={"external_id": "u2"})
    with transaction() as session:
        outbox.add(
            session, case.workspace_id, "follow_up", case.response_id, now=utcnow(),
            detail={"stage": "themed"},
        )  # fmt: skip
    handle()
    assert listed(case.workspace_id) == []


def test_what_has_ended_is_not_snoozed_and_ending_ends_a_snooze(case):
    snooze(case)
    change_follow_up(
        case.workspace_id, case.id, Change(state="resolved", outcome="solved"),
        reach=ALL, actor_user_id=None, now=utcnow(),
    )  # fmt: skip
    assert reload(case).snoozed_until is None
    assert snooze(case).changed == 0


@pytest.mark.parametrize("days", [-1, 0, 400])
def test_the_past_and_a_far_day_are_refused(case, days):
    with pytest.raises(BadInput, match="snoozed_until"):
        snooze(case, utcnow() + timedelta(days=days, seconds=-1))
    assert reload(case).version == 1


def test_several_are_put_off_at_once_and_undone_at_once(any_api, case, handle, colleague):
    any_api.respond(score=4, comment="The invoice is confusing")
    handle()
    me, now = colleague(any_api.workspace_id), utcnow()
    done = change_follow_ups(
        any_api.workspace_id, listed(any_api.workspace_id),
        Change(snooze_until=now + timedelta(days=1)), reach=ALL, actor_user_id=me, now=now,
    )  # fmt: skip
    assert done.changed == 2
    assert listed(any_api.workspace_id) == []
    undoing.undo(any_api.workspace_id, done.undo, reach=ALL, actor_user_id=me, now=utcnow())
    assert len(listed(any_api.workspace_id)) == 2


# --- pages and machines ---------------------------------------------------------------------


@pytest.fixture
def page_case(api, handle, case_of):
    api.survey()
    answered = api.respond(score=2, comment="Sign-in fails", account={"external_id": "acme"})
    handle()
    return case_of(answered.json["id"])


def test_a_case_is_snoozed_from_its_page_and_the_page_says_until_when(staff, page_case):
    person, page = staff("success"), f"/follow-ups/{page_case.id}"
    monday = snoozing.day_of("monday", utcnow(), "UTC")
    html = person.post(page, {"snooze": "monday", "version": "1"}, follow_redirects=True).text
    assert "Snoozed until Mon," in html
    assert reload(page_case).snoozed_until.date() == monday
    assert "acme" not in person.get("/follow-ups").text.partition("<table")[2]
    assert "acme" in person.get("/follow-ups?state=snoozed").text.partition("<table")[2]
    undo_url = re.search(r'action="(/follow-ups/undo/[^"]+)"', html).group(1)
    person.post(undo_url)
    assert "acme" in person.get("/follow-ups").text.partition("<table")[2]


def test_it_is_had_back_by_hand(staff, page_case):
    person, page = staff("success"), f"/follow-ups/{page_case.id}"
    person.post(page, {"snooze": "tomorrow", "version": "1"})
    html = person.post(page, {"snooze": "end", "version": "2"}, follow_redirects=True).text
    assert "Snooze ended" in html
    assert reload(page_case).snoozed_until is None


@pytest.mark.parametrize("day", ["", "yesterday", "1999-01-01", "9999-12-31", "0001-01-01"])
def test_a_day_that_cannot_be_is_said_on_the_page(staff, page_case, day):
    answer = staff("success").post(
        f"/follow-ups/{page_case.id}", {"snooze": "day", "snooze_day": day, "version": "1"}
    )
    assert answer.status_code == 422
    assert "choose a day from tomorrow on" in answer.text


def test_a_bulk_with_a_day_that_cannot_be_changes_nothing(staff, page_case):
    form = {"id": str(page_case.id), "snooze": "day", "snooze_day": "x"}
    html = staff("success").post("/follow-ups/bulk", form, follow_redirects=True).text
    assert "choose a day from tomorrow on" in html


def test_the_key_for_snoozing_leads_from_the_list_and_back(staff, page_case):
    person = staff("success")
    html = person.get("/follow-ups?sort=due_at").text
    link = re.search(r'data-key="s" href="([^"]+)"', html).group(1).replace("&amp;", "&")
    html = person.get(link).text
    assert "data-focus" in html
    assert 'name="next" value="/follow-ups?sort=due_at"' in html


def test_machines_read_and_set_it(api, page_case):
    until = (utcnow() + timedelta(days=2)).isoformat()
    url = f"/api/v1/follow-ups/{page_case.id}"
    assert api.patch(url, {"snoozed_until": until}).json["snoozed_until"] == until
    everything = api.get("/api/v1/follow-ups?state=open").json["items"]
    assert [item["snoozed_until"] for item in everything] == [until]
    assert api.get("/api/v1/follow-ups?snoozed=false").json["items"] == []
    assert len(api.get("/api/v1/follow-ups?snoozed=true").json["items"]) == 1
    assert api.patch(url, {"snoozed_until": None}).json["snoozed_until"] is None
    past = api.patch(url, {"snoozed_until": "2020-01-01T00:00:00Z"})
    assert (past.status_code, past.json["errors"][0]["field"]) == (422, "snoozed_until")
