"""Working hours and absences: by whose hours a clock runs, and who is there."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from surveys.weekly_hours import read_hours
from vocapp.database import snapshot, utcnow
from vocapp.problems import BadInput, NotFound
from vocapp.workspaces.models import AuditEntry
from vocapp.workspaces.office.clocks import Office
from vocapp.workspaces.office.storing import Week, add_absence, remove_absence, save_week

TOKYO = "Asia/Tokyo"
DAYS = {day: read_hours("9-12, 13-18") for day in range(5)}
FRIDAY = datetime(2026, 11, 20, 7, tzinfo=UTC)  # 16:00 in Tokyo; Monday is a public holiday


@pytest.fixture
def people(any_database, new_workspace, colleague):
    """A workspace with Aiko and Ben of customer success."""
    workspace_id = new_workspace().workspace_id
    return workspace_id, colleague(workspace_id, name="Aiko"), colleague(workspace_id, name="Ben")


def save(workspace_id, actor, week, *, of=None):
    save_week(workspace_id, week, user_id=of, actor_user_id=actor, now=utcnow())


def office(workspace_id, now=FRIDAY):
    with snapshot() as session:
        return Office.of(session, workspace_id, now=now)


def be_away(workspace_id, who, first_day, last_day, stand_in=None, now=FRIDAY):
    add_absence(
        workspace_id, who, first_day=first_day, last_day=last_day, stand_in_user_id=stand_in,
        actor_user_id=who, now=now,
    )  # fmt: skip


def test_without_hours_the_clock_runs_around_the_clock(people):
    workspace_id, aiko, _ben = people
    assert office(workspace_id).due_at(FRIDAY, 4, aiko) == FRIDAY + timedelta(hours=4)


def test_hours_of_the_workspace_skip_the_weekend_and_a_public_holiday(people):
    workspace_id, aiko, _ben = people
    save(workspace_id, aiko, Week(DAYS, TOKYO, "JP"))
    for owner in (aiko, None):
        due = office(workspace_id).due_at(FRIDAY, 4, owner)
        assert due == datetime(2026, 11, 24, 2, tzinfo=UTC)  # Tuesday, 11:00


def test_who_has_hours_of_their_own_goes_by_them(people):
    workspace_id, aiko, ben = people
    save(workspace_id, aiko, Week(DAYS, TOKYO, "JP"))
    save(workspace_id, aiko, Week({5: read_hours("10-16")}, "Europe/Berlin"), of=ben)
    due = office(workspace_id).due_at(FRIDAY, 4, ben)
    assert due == datetime(2026, 11, 21, 13, tzinfo=UTC)  # Saturday, 14:00 in Berlin
    save(workspace_id, aiko, None, of=ben)
    assert office(workspace_id).due_at(FRIDAY, 4, ben) == datetime(2026, 11, 24, 2, tzinfo=UTC)


def test_while_the_owner_is_away_the_clock_goes_on_by_who_stands_in(people):
    workspace_id, aiko, ben = people
    save(workspace_id, aiko, Week(DAYS, TOKYO))
    save(workspace_id, aiko, Week({0: read_hours("20-22")}, TOKYO), of=ben)
    be_away(workspace_id, aiko, date(2026, 11, 21), date(2026, 12, 31), stand_in=ben)
    due = office(workspace_id).due_at(FRIDAY, 3, aiko)
    assert due == datetime(2026, 11, 23, 12, tzinfo=UTC)  # two hours on Friday, one on Monday night


@pytest.mark.parametrize(("day", "is_away"), [(19, False), (20, True), (21, True), (22, False)])
def test_an_absence_holds_on_its_days_both_inclusive(people, day, is_away):
    workspace_id, aiko, ben = people
    be_away(workspace_id, aiko, date(2026, 11, 20), date(2026, 11, 21), stand_in=ben)
    found = office(workspace_id, now=datetime(2026, 11, day, 12, tzinfo=UTC)).absence_of(aiko)
    assert (found is not None) is is_away
    assert office(workspace_id).absence_of(ben) is None


def test_a_part_timer_has_room_for_less(people):
    workspace_id, aiko, ben = people
    save(workspace_id, aiko, Week(DAYS, TOKYO))
    save(workspace_id, aiko, Week({0: read_hours("9-12, 13-18")}, TOKYO), of=ben)
    assert office(workspace_id).capacity_of(ben) == pytest.approx(0.2)
    assert office(workspace_id).capacity_of(aiko) == 1


@pytest.mark.parametrize(
    ("week", "field"),
    [
        (Week({}, TOKYO), "hours"),
        (Week(DAYS, "Mars/Olympus"), "time_zone"),
        (Week(DAYS, TOKYO, "XX"), "country"),
        (Week(DAYS, "Europe/Berlin", "DE", "ZZ"), "subdivision"),
        (Week(DAYS, TOKYO, "", "13"), "subdivision"),
    ],
)
def test_a_week_that_cannot_be_is_refused_with_its_field(people, week, field):
    workspace_id, aiko, _ben = people
    with pytest.raises(BadInput, match=field):
        save(workspace_id, aiko, week)


@pytest.mark.parametrize(
    ("days", "stand_in", "field"),
    [
        ((5, 4), None, "last_day"),
        ((1, 1), "aiko", "stand_in"),
        ((1, 1), "nobody", "stand_in"),
        ((12, 20), None, "first_day"),
    ],
)
def test_an_absence_that_cannot_be_is_refused_with_its_field(people, days, stand_in, field):
    workspace_id, aiko, _ben = people
    be_away(workspace_id, aiko, date(2026, 12, 10), date(2026, 12, 14))
    who = {"aiko": aiko, "nobody": UUID(int=7)}.get(stand_in)
    first_day, last_day = (date(2026, 12, day) for day in days)
    with pytest.raises(BadInput, match=field):
        be_away(workspace_id, aiko, first_day, last_day, stand_in=who)


def test_nothing_is_noted_of_who_is_no_member(people):
    workspace_id, aiko, _ben = people
    with pytest.raises(NotFound):
        save(workspace_id, aiko, Week(DAYS, TOKYO), of=UUID(int=7))
    with pytest.raises(NotFound):
        be_away(workspace_id, UUID(int=7), date(2026, 12, 1), date(2026, 12, 1))
    with pytest.raises(NotFound):
        remove_absence(workspace_id, aiko, UUID(int=7), actor_user_id=aiko, now=utcnow())


def test_who_changed_it_is_in_the_audit_log(people):
    workspace_id, aiko, ben = people
    save(workspace_id, aiko, Week(DAYS, TOKYO), of=ben)
    with snapshot() as session:
        entry = session.scalars(
            select(AuditEntry).where(
                AuditEntry.workspace_id == workspace_id,
                AuditEntry.action == "working_hours.saved",
            )
        ).one()
    assert (entry.actor_user_id, entry.detail["user_id"]) == (aiko, str(ben))


# --- pages ----------------------------------------------------------------------------------

TYPED = {f"day_{day}": "9:00-18:00" for day in range(5)} | {
    "day_5": "", "day_6": "", "time_zone": TOKYO, "country": "JP", "subdivision": "",
}  # fmt: skip


def test_an_administrator_sets_the_hours_and_goes_back_to_the_clock(staff, workspace):
    admin = staff("admin")
    assert "around the clock" in admin.get("/settings/working-hours").text
    admin.post("/settings/working-hours", TYPED)
    page = admin.get("/settings/working-hours").text
    assert 'value="09:00-18:00"' in page
    assert office(workspace.workspace_id).shared.country == "JP"
    admin.post("/settings/working-hours", TYPED | {"clear": "1"})
    assert office(workspace.workspace_id).shared is None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"day_1": "early"}, "Write hours such as"),
        ({f"day_{day}": "" for day in range(5)}, "at least one day"),
        ({"country": "DE", "subdivision": "ZZ"}, "has holidays of its own"),
        ({"country": "", "subdivision": "BY"}, "Choose the country first"),
    ],
)
def test_what_cannot_be_read_is_said_and_kept_as_typed(staff, workspace, wrong, words):
    typed = TYPED | {"day_0": "8:15-17:45"} | wrong
    answer = staff("admin").post("/settings/working-hours", typed)
    assert answer.status_code == 422
    assert words in answer.text
    assert all(f'value="{text}"' in answer.text for text in typed.values() if text.startswith("8"))
    assert office(workspace.workspace_id).shared is None


def me(browser):
    page = browser.get("/account").text
    return page.split("/people/")[1].split("/hours")[0]


def form_to(part, page):
    return next(each for each in re.findall(r'action="([^"]+)"', page) if part in each)


def test_a_member_notes_an_absence_removes_it_and_takes_that_back(staff):
    person = staff("success")
    path = f"/people/{me(person)}/hours"
    days = {"first_day": "2027-03-01", "last_day": "2027-03-05", "stand_in": ""}
    person.post(f"{path}/absences", days)
    page = person.get(path).text
    assert "No absence is noted" not in page
    person.post(form_to("/remove", page))
    page = person.get(path).text
    assert "No absence is noted" in page
    person.post(form_to("/undo/", page))
    assert "No absence is noted" not in person.get(path).text


def test_an_undo_that_comes_too_late_or_twice_says_so(staff):
    person = staff("success")
    path = f"/people/{me(person)}/hours"
    days = {"first_day": "2027-03-01", "last_day": "2027-03-05", "stand_in": ""}
    person.post(f"{path}/absences", days)
    person.post(form_to("/remove", person.get(path).text))
    undo = form_to("/undo/", person.get(path).text)
    person.post(undo)
    for again in (undo, f"{path}/absences/undo/of-another-day"):
        answer = person.post(again, follow_redirects=True)
        assert answer.status_code == 200
        assert "This can no longer be undone" in answer.text
    assert person.get(path).text.count("/remove") == 1


def test_hours_of_others_are_for_administrators(staff):
    person, colleague, admin = staff("success"), staff("success"), staff("admin")
    path = f"/people/{me(colleague)}/hours"
    assert person.get(path).status_code == 403
    assert person.post(path, TYPED).status_code == 403
    assert admin.get(path).status_code == 200
