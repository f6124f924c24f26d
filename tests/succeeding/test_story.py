"""The story of an account: every kind once, in order, by filter; and notes of colleagues."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from surveys.usage_changes import DOWN, LEAST_USUAL, UP, usage_changes
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.people.models import Account
from vocapp.people.roles import change_standing
from vocapp.succeeding.goals.models import GoalEntry, SuccessGoal
from vocapp.succeeding.health.models import HealthDay
from vocapp.succeeding.story.models import AccountNote
from vocapp.succeeding.story.places import FILTERS, MAIN, Place
from vocapp.succeeding.story.queries import timeline
from vocapp.succeeding.story.service import add_note
from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.workspaces.reach import WHOLE_WORKSPACE


@given(st.lists(st.integers(0, 200), max_size=30))
def test_use_is_told_where_it_falls_or_rises_beyond_the_limits_alone(weeks):
    told = {each.week: each.percent for each in usage_changes(weeks)}
    for week, percent in told.items():
        before = sorted(weeks[week - 4 : week])
        usual = (before[1] + before[2]) / 2
        assert usual >= LEAST_USUAL
        assert percent == round(100 * (weeks[week] / usual - 1))
        assert percent <= DOWN or percent >= UP
    assert all(later - sooner >= 1 for sooner, later in zip(told, list(told)[1:], strict=False))


@pytest.fixture
def eventful(any_api, drain_outbox):
    return make_eventful(any_api, drain_outbox)


def make_eventful(api, drain_outbox):
    """An account at which one of almost everything has happened."""
    api.survey()
    api.respond(
        score=2, comment="slow", account={"external_id": "acme"},
        contact={"external_id": "ann", "name": "Ann"},
    )  # fmt: skip
    api.post("/api/v1/contacts", {"external_id": "ann", "roles": ["champion"]})
    at = (utcnow() - timedelta(days=2)).isoformat()
    common = {"account": "acme", "at": at}
    events = [
        {"id": "m", "type": "milestone", "name": "setup_done"},
        {"id": "s", "type": "subscription", "product": "Base", "action": "started", "mrr": 100,
         "currency": "USD"},
        {"id": "i", "type": "invoice_overdue", "invoice": "7", "due_on": at[:10], "amount": 500,
         "currency": "USD"},
    ]  # fmt: skip
    sent = api.post("/api/v1/events", {"events": [each | common for each in events]})
    assert sent.json["rejected"] == []
    drain_outbox()
    with snapshot() as session:
        account_id = session.scalars(select(Account.id)).one()
        contact_id = api.post("/api/v1/contacts", {"external_id": "ann"}).json["id"]
    change_standing(
        api.workspace_id, UUID(contact_id), has_left=True, reach=WHOLE_WORKSPACE,
        actor_user_id=api.workspace.user_id, now=utcnow(),
    )  # fmt: skip
    add_note(
        api.workspace_id, "acme", "Met them.", reach=WHOLE_WORKSPACE,
        actor_user_id=api.workspace.user_id, now=utcnow(),
    )  # fmt: skip
    with transaction() as session:
        of = {"workspace_id": api.workspace_id, "account_id": account_id}
        now, day = utcnow(), utcnow().date()
        goal = SuccessGoal(
            **of, words="Faster", measure="hours", baseline=9, target=1, begins_on=day,
            due_on=day, created_at=now, updated_at=now,
        )  # fmt: skip
        session.add(goal)
        session.flush()
        session.add(
            GoalEntry(workspace_id=api.workspace_id, goal_id=goal.id, at=now, kind="added",
                      actor_user_id=None)
        )  # fmt: skip
        session.add(
            TouchpointPlan(
                **of, touch_key="setup-check", anchor_on=day, due_on=day, kind="call",
                state="done", way="call", decided_at=now, created_at=now, updated_at=now,
            )
        )  # fmt: skip
        for back, band in ((40, "good"), (30, "good"), (20, "risk"), (10, "watch")):
            session.add(
                HealthDay(
                    **of, day=day - timedelta(days=back), score=50.0, band=band, points=[50.0] * 7
                )
            )
    return api, account_id


def test_everything_is_told_once_and_a_filter_tells_its_kinds(eventful):
    api, account_id = eventful
    of = (api.workspace_id, account_id)
    whole = timeline(*of, time_zone="Asia/Tokyo", limit=100)
    kinds = {event.kind for event in whole}
    assert kinds >= {"answer", "case", "change", "milestone", "departure", "note"}
    assert kinds <= set(MAIN)
    assert [event.at for event in whole] == sorted((e.at for e in whole), reverse=True)
    for only, wanted in FILTERS.items():
        narrowed = timeline(*of, only=only, time_zone="Asia/Tokyo", limit=100)
        same = [event.place for event in whole if event.kind in wanted]
        assert [e.place for e in narrowed if e.kind in MAIN] == same
        assert {event.kind for event in narrowed} <= set(wanted)
        kinds |= {event.kind for event in narrowed}
    assert kinds >= {"touchpoint", "goal", "invoice", "health"}
    paged, last = [], None
    while page := timeline(*of, before_place=last, time_zone="Asia/Tokyo", limit=2):
        paged += page
        last = Place.from_json(page[-1].place.to_json())
    assert [event.place for event in paged] == [event.place for event in whole]


def test_health_is_told_where_its_band_changed(eventful):
    api, account_id = eventful
    told = timeline(api.workspace_id, account_id, only="health", time_zone="UTC", limit=100)
    assert [(e.row.before, e.row.band) for e in told][-2:] == [("risk", "watch"), ("good", "risk")]


def test_the_page_tells_each_kind_in_words(api, staff, drain_outbox):
    make_eventful(api, drain_outbox)
    viewer = staff("viewer")
    pages = [viewer.get(f"/accounts/acme?story={only}").text for only in ("", *FILTERS)]
    page = html.unescape("".join(pages))
    for words in (
        "Ann (Champion) has left the company", "Met them.", "Goal added: Faster",
        "Does the set-up work?", "is overdue since", "Health: Good → At risk (50)",
        "Milestone: Set-up done",
    ):  # fmt: skip
        assert words in page
    for only in FILTERS:
        assert 'aria-current="true"' in viewer.get(f"/accounts/acme?story={only}").text


def test_what_is_used_is_told_where_somebody_asks(api, staff):
    now = utcnow()
    events = [
        {"id": f"{name}{back}", "type": "usage", "name": name, "account": "acme", "count": count,
         "at": (now - timedelta(days=back)).isoformat()}
        for name, back, count in (
            ("report", 3, 60), ("report", 40, 120), ("export", 50, 7), ("old", 200, 5),
        )
    ]  # fmt: skip
    api.post("/api/v1/accounts", {"external_id": "acme"})
    assert api.post("/api/v1/events", {"events": events}).json["rejected"] == []
    viewer = staff("viewer")
    assert "Uses in 28 days" not in viewer.get("/accounts/acme").text
    page = viewer.get("/accounts/acme?story=use").text
    rows = re.findall(r'<th scope="row">(report|export|old)</th><td class="number">(\d+)', page)
    assert rows == [("report", "60"), ("export", "0")]
    assert "−50%" in page


# --- notes ------------------------------------------------------------------------------------


def notes(api):
    with snapshot() as session:
        return session.scalars(scoped(AccountNote, api.workspace_id)).all()


def undo_in(page) -> str:
    return html.unescape(re.findall(r'action="(/account-notes/un[^"]*)"', page)[-1])


def test_a_note_is_written_told_to_whom_it_names_and_taken_back(api, staff):
    api.survey()
    api.respond(score=9, account={"external_id": "acme", "name": "Acme"})
    writer, reader = staff("success"), staff("product")
    page = writer.post("/account-notes", {"account": "acme", "note": "@Product please call"})
    assert page.status_code == 303
    page = writer.get("/accounts/acme").text
    assert "@Product please call" in page
    assert "@Product please call" in reader.get("/").text
    (note,) = notes(api)
    reader.post("/account-notes/seen", {"id": str(note.id)})
    home = reader.get("/").text
    assert "@Product please call" not in home
    reader.post(undo_in(home), {})
    assert "@Product please call" in reader.get("/").text
    writer.post(undo_in(page), {})
    assert "@Product please call" not in writer.get("/accounts/acme").text
    assert "@Product please call" not in reader.get("/").text


def test_a_colleagues_note_is_removed_by_an_administrator_alone(api, staff):
    api.post("/api/v1/accounts", {"external_id": "acme"})
    staff("success").post("/account-notes", {"account": "acme", "note": "mine"})
    (note,) = notes(api)
    assert staff("success").post(f"/account-notes/{note.id}/remove", {}).status_code == 404
    assert staff("admin").post(f"/account-notes/{note.id}/remove", {}).status_code == 303
    assert notes(api)[0].removed_at is not None


def test_an_empty_or_too_long_note_is_refused_and_kept_in_the_form(api, staff):
    api.post("/api/v1/accounts", {"external_id": "acme"})
    writer = staff("success")
    assert writer.post("/account-notes", {"account": "acme", "note": " "}).status_code == 422
    page = writer.post("/account-notes", {"account": "acme", "note": "x" * 5001})
    assert page.status_code == 422
    assert "x" * 5001 in page.text
    assert notes(api) == []
