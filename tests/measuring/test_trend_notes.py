"""Dated notes: who may write them, and where they stand."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select

from vocapp.database import snapshot, utcnow
from vocapp.measuring import notes
from vocapp.measuring.notes import MAX_WORDS, add_note, change_note, remove_note, trend_notes
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.workspaces.models import AuditEntry, Membership

ROOM = "/trend-notes"


def today():
    return utcnow().date()


def answered(api, drain_outbox, *days_ago):
    api.survey()
    for days in days_ago:
        moment = (utcnow() - timedelta(days=days)).isoformat()
        items = [{"survey": "nps", "score": 9, "answered_at": moment}] * 6
        assert api.post("/api/v1/responses/batch", {"responses": items}).status_code == 200
    drain_outbox()


def actor_of(workspace_id):
    with snapshot() as session:
        return session.scalars(
            select(Membership.user_id).where(Membership.workspace_id == workspace_id)
        ).first()


def test_a_note_stands_on_the_trend_with_its_day(api, staff, drain_outbox):
    answered(api, drain_outbox, 1, 70)
    person = staff("product")
    day = today() - timedelta(days=40)
    sent = person.post(ROOM, {"day": day.isoformat(), "words": "  Price <b>change</b> "})
    assert sent.status_code == 303
    page = person.get("/results/nps").text
    assert 'class="note-text"' in page
    assert "Price &lt;b&gt;change&lt;/b&gt;" in page
    assert f'<time datetime="{day.isoformat()}">' in page


def test_a_note_outside_of_the_period_is_not_drawn(api, staff, drain_outbox):
    answered(api, drain_outbox, 1, 70)
    person = staff("admin")
    day = today() - timedelta(days=200)
    person.post(ROOM, {"day": day.isoformat(), "words": "Long ago"})
    assert "Long ago" not in person.get("/results/nps").text
    assert "Long ago" in person.get(ROOM).text


def test_a_note_is_changed_removed_and_had_back(api, staff):
    person = staff("admin")
    person.post(ROOM, {"day": today().isoformat(), "words": "Outage"})
    (note,) = trend_notes(api.workspace_id)
    where = f"{ROOM}/{note.id}"
    assert 'value="Outage"' in person.get(where).text
    person.post(where, {"day": "2026-01-02", "words": "Big outage"})
    assert [(n.day.isoformat(), n.words) for n in trend_notes(api.workspace_id)] == [
        ("2026-01-02", "Big outage")
    ]
    page = person.post(where, {"action": "remove"}, follow_redirects=True).text
    assert trend_notes(api.workspace_id) == []
    undo = re.search(r'action="([^"]+/restore)"', page)
    assert person.get(where).status_code == 404
    person.post(unescape(undo.group(1)))
    assert [n.words for n in trend_notes(api.workspace_id)] == ["Big outage"]
    with snapshot() as session:
        actions = session.scalars(
            select(AuditEntry.action)
            .where(
                AuditEntry.workspace_id == api.workspace_id, AuditEntry.action.like("trend_note.%")
            )
            .order_by(AuditEntry.id)
        ).all()
    assert [action.split(".")[1] for action in actions] == [
        "added", "changed", "removed", "restored",
    ]  # fmt: skip


@pytest.mark.parametrize("role", ["viewer", "success"])
def test_others_see_notes_and_cannot_write_them(api, staff, role):
    person = staff(role)
    assert person.get(ROOM).status_code == 403
    assert person.post(ROOM, {"day": "2026-01-01", "words": "x"}).status_code == 403
    assert trend_notes(api.workspace_id) == []


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"day": "", "words": "x"}, "Enter a day."),
        ({"day": "soon", "words": "x"}, "Not a valid date"),
        ({"day": "1800-01-01", "words": "x"}, "between 1900 and 2199"),
        ({"day": "2026-01-01", "words": ""}, "Say what happened."),
        ({"day": "2026-01-01", "words": "x" * (MAX_WORDS + 1)}, "longer than"),
    ],
)
def test_a_wrong_note_is_named_and_kept_in_the_form(api, staff, form, words):
    answer = staff("admin").post(ROOM, form)
    assert answer.status_code == 422
    assert words in answer.text
    assert trend_notes(api.workspace_id) == []


def test_notes_are_kept_on_each_database_within_their_bounds(any_api, monkeypatch):
    workspace_id, now = any_api.workspace_id, utcnow()
    who = {"actor_user_id": actor_of(workspace_id), "now": now}
    first = add_note(workspace_id, today(), "One", **who)
    add_note(workspace_id, today() - timedelta(days=3), "Two", **who)
    assert [n.words for n in trend_notes(workspace_id)] == ["One", "Two"]
    assert [n.words for n in trend_notes(workspace_id, until=today())] == ["Two"]
    assert [n.words for n in trend_notes(workspace_id, since=today())] == ["One"]
    with pytest.raises(BadInput, match="words"):
        change_note(workspace_id, first, today(), "   ", **who)
    remove_note(workspace_id, first, removed=True, **who)
    remove_note(workspace_id, first, removed=True, **who)
    assert [n.words for n in trend_notes(workspace_id)] == ["Two"]
    with pytest.raises(NotFound):
        change_note(any_api.workspace.workspace_id, workspace_id, today(), "x", **who)
    monkeypatch.setattr(notes, "MAX_NOTES", 1)
    with pytest.raises(Conflict):
        add_note(workspace_id, today(), "Three", **who)
