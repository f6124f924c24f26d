"""The clock of a case stands while it waits for the customer."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from vocapp.database import snapshot, transaction, utcnow
from vocapp.following_up import merging, queries
from vocapp.following_up.choosing import Filters
from vocapp.following_up.clock import PAUSE, real_due
from vocapp.following_up.models import FollowUp
from vocapp.following_up.service import Change, change_follow_up
from vocapp.following_up.undoing import undo
from vocapp.workspaces.office.storing import Week, save_week
from vocapp.workspaces.reach import WHOLE_WORKSPACE as ALL

FRIDAY = datetime(2026, 11, 20, 1, tzinfo=UTC)  # 10:00 in Tokyo; Monday is a public holiday
TUESDAY = FRIDAY + timedelta(days=4)
HOUR = timedelta(hours=1)


@pytest.fixture
def office_desk(any_api, desk_of):
    """A case of a workspace that works from 9 to 17 in Tokyo, due on Friday at 16:00."""
    desk = desk_of(any_api)
    week = Week({day: [(time(9), time(17))] for day in range(5)}, "Asia/Tokyo", "JP")
    save_week(any_api.workspace_id, week, user_id=None, actor_user_id=desk.me, now=utcnow())
    with transaction() as session:
        case = session.get_one(FollowUp, (desk.case.workspace_id, desk.case.id))
        case.opened_at, case.due_at = FRIDAY - HOUR, FRIDAY + 6 * HOUR
    return desk


def change(desk, *, now, **fields):
    return change_follow_up(
        desk.case.workspace_id, desk.case.id, Change(**fields), reach=ALL, actor_user_id=desk.me,
        now=now,
    )  # fmt: skip


def due(desk):
    case = desk.stored()
    return real_due(case.due_at, case.paused_at)


@pytest.mark.parametrize(
    ("stops", "goes_on", "is_due"),
    [
        # 4 hours are left at noon; an hour later they still are.
        (FRIDAY + 2 * HOUR, FRIDAY + 3 * HOUR, FRIDAY + 7 * HOUR),
        # From Friday noon to Tuesday 09:00: the weekend and the holiday took nothing.
        (FRIDAY + 2 * HOUR, TUESDAY - HOUR, TUESDAY + 3 * HOUR),
        # Back on Saturday: the clock goes on with the next working hour.
        (FRIDAY + 2 * HOUR, FRIDAY + timedelta(days=1), TUESDAY + 3 * HOUR),
        # What was late already stays late.
        (TUESDAY, TUESDAY + timedelta(days=1), FRIDAY + 6 * HOUR),
        # Taken back in the same moment: nothing is gained.
        (FRIDAY + 2 * HOUR, FRIDAY + 2 * HOUR, FRIDAY + 6 * HOUR),
    ],
)  # fmt: skip
def test_what_is_left_is_kept_in_working_hours(office_desk, stops, goes_on, is_due):
    change(office_desk, state="waiting", now=stops)
    assert due(office_desk) == FRIDAY + 6 * HOUR
    change(office_desk, state="contacted", now=goes_on)
    assert (office_desk.stored().due_at, office_desk.stored().paused_at) == (is_due, None)


def test_without_working_hours_the_pause_is_added(any_api, desk_of):
    desk = desk_of(any_api)
    now, before = utcnow(), desk.case.due_at
    change(desk, state="waiting", now=now)
    change(desk, state="resolved", outcome="solved", now=now + 5 * HOUR)
    assert desk.stored().due_at == before + 5 * HOUR


def test_what_waits_is_overdue_nowhere_and_last_by_due_time(any_api, desk_of):
    desk = desk_of(any_api)
    long_after = desk.case.due_at + timedelta(days=30)
    late = Filters(overdue=True)
    find = {"reach": ALL, "now": long_after, "limit": 9}
    assert len(queries.queue(desk.case.workspace_id, late, **find)) == 1
    change(desk, state="waiting", now=desk.case.opened_at)
    assert queries.queue(desk.case.workspace_id, late, **find) == []
    (row,) = queries.queue(desk.case.workspace_id, Filters(), sort="due_at", **find)
    assert not row.overdue(long_after)
    assert row.real_due == desk.case.due_at
    assert queries.counts_by_state(
        desk.case.workspace_id, late, reach=ALL, now=long_after
    ) == {}  # fmt: skip


def test_a_due_time_that_a_person_sets_meanwhile_is_the_real_one(office_desk):
    change(office_desk, state="waiting", now=FRIDAY)
    change(office_desk, due_at=FRIDAY + 3 * HOUR, now=FRIDAY + HOUR)
    assert due(office_desk) == FRIDAY + 3 * HOUR
    change(office_desk, state="contacted", now=FRIDAY + 2 * HOUR)
    assert office_desk.stored().due_at == FRIDAY + 5 * HOUR


def test_undo_sets_the_clock_as_it_was(any_api, desk_of):
    desk = desk_of(any_api)
    done = change(desk, state="waiting", now=utcnow())
    undo(desk.case.workspace_id, done.undo, reach=ALL, actor_user_id=desk.me, now=utcnow())
    stored = desk.stored()
    assert (stored.state, stored.due_at, stored.paused_at) == ("open", desk.case.due_at, None)
    done = change(desk, state="waiting", now=utcnow())
    waiting = desk.stored()
    done = change(desk, state="contacted", now=utcnow() + HOUR)
    undo(desk.case.workspace_id, done.undo, reach=ALL, actor_user_id=desk.me, now=utcnow())
    assert (desk.stored().due_at, desk.stored().paused_at) == (waiting.due_at, waiting.paused_at)


def test_a_case_that_waits_and_takes_another_in_is_due_as_the_earlier_one(
    any_api, desk_of, handle, case_of
):
    desk = desk_of(any_api)
    answered = any_api.respond(
        score=0, contact={"external_id": "u1"}, account={"external_id": "acme"}
    )
    handle()
    other = case_of(answered.json["id"])
    change(desk, state="waiting", now=utcnow())
    with transaction() as session:
        session.get_one(FollowUp, (other.workspace_id, other.id)).due_at = FRIDAY
    merging.merge_cases(
        desk.case.workspace_id, [desk.case.id, other.id], kept_id=desk.case.id, reach=ALL,
        actor_user_id=desk.me, now=utcnow(),
    )  # fmt: skip
    stored = desk.stored()
    assert (stored.state, real_due(stored.due_at, stored.paused_at)) == ("waiting", FRIDAY)
    assert stored.due_at == FRIDAY + PAUSE
    with snapshot() as session:
        assert session.get_one(FollowUp, (other.workspace_id, other.id)).paused_at is None


def test_pages_and_machines_say_that_the_clock_stands(desk, staff, api):
    change(desk, state="waiting", now=utcnow())
    page = staff("success")
    for address in ("/follow-ups?sort=due_at", f"/follow-ups/{desk.case.id}", "/"):
        assert "Clock stopped" in page.get(address).text
    told = api.get(f"/api/v1/follow-ups/{desk.case.id}").json
    assert told["due_at"] == desk.case.due_at.isoformat()
    assert told["paused_since"]
