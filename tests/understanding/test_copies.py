"""Copies of a comment: listed once, asked once, one voice; every response stays counted."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import select

from vocapp.database import snapshot, utcnow
from vocapp.people.models import Contact
from vocapp.people.service import erase_contact
from vocapp.understanding import queries, service
from vocapp.understanding.discovery.reading import read_comments
from vocapp.understanding.models import Analysis, TriageTurn
from vocapp.understanding.triage import service as triage

PASTED = "Your support is terribly slow: four days until somebody replied to my ticket."
SHOUTED = PASTED.upper().replace(" ", "  ")
OTHER = "Support never answers, it is slow and nobody replied to my ticket."


@pytest.fixture(autouse=True)
def static_encoder(monkeypatch):
    monkeypatch.setattr(service, "preferred_encoder", lambda: "static")


def days_ago(days: float) -> str:
    return (utcnow() - timedelta(days=days)).isoformat()


@pytest.fixture
def pasted(any_api, drain_outbox) -> list[str]:
    """Ids of four copies, the newest first; another comment is newer than three of them."""
    any_api.survey("nps")
    sent = [
        any_api.respond(
            "nps", score=2, comment=SHOUTED if days == 2 else PASTED, answered_at=days_ago(days)
        )
        for days in (1, 2, 3, 40)
    ]
    any_api.respond("nps", score=3, comment=OTHER, answered_at=days_ago(1.5))
    any_api.survey("quiet", confidential=True)
    any_api.respond("quiet", score=2, comment=PASTED)
    assert drain_outbox() == []
    return [answer.json["id"] for answer in sent]


def listed(api, **asked):
    return queries.verbatims_of_theme(api.workspace_id, "support", **asked)


def test_a_theme_lists_the_newest_copy_with_the_number_of_the_others(any_api, pasted):
    found = listed(any_api, copies="once")
    assert [(str(each.response_id), each.alike) for each in found][:1] == [(pasted[0], 3)]
    assert [(each.text, each.alike) for each in found] == [(PASTED, 3), (OTHER, 0)]
    [first] = listed(any_api, copies="once", limit=1)
    place = (first.answered_at, first.response_id)
    assert [each.text for each in listed(any_api, copies="once", before=place)] == [OTHER]


def test_counts_and_the_list_for_machines_have_every_response(any_api, pasted):
    page = any_api.get("/api/v1/themes?survey=nps").json
    assert next(row["n"] for row in page["items"] if row["key"] == "support") == 5
    items = any_api.get("/api/v1/themes/support/responses").json["items"]
    assert set(pasted) < {item["id"] for item in items}
    assert len(items) == 5


def test_only_copies_that_are_asked_for_are_counted(any_api, pasted):
    since, until = utcnow() - timedelta(days=50), utcnow() - timedelta(days=2.5)
    found = listed(any_api, copies="once", since=since, until=until)
    assert [(str(each.response_id), each.alike) for each in found] == [(pasted[2], 1)]
    found = listed(any_api, copies="once", sentiment="negative")
    assert (PASTED, 3) in [(each.text, each.alike) for each in found]
    assert listed(any_api, copies="once", sentiment="positive") == []


def test_the_copies_of_one_are_listed_by_themselves(any_api, pasted):
    found = listed(any_api, copies=UUID(pasted[1]))
    assert [str(each.response_id) for each in found] == pasted
    assert listed(any_api, copies=UUID(int=1)) == []


def test_a_copy_whose_theme_a_person_took_off_is_no_copy_in_its_list(any_api, pasted):
    service.correct_theme(
        any_api.workspace_id, UUID(pasted[0]), "support", "remove", user_id=None, now=utcnow()
    )
    found = listed(any_api, copies="once")
    assert [(each.text, each.alike) for each in found] == [(OTHER, 0), (SHOUTED, 2)]


def asked_about(api) -> set[str]:
    user_id = api.workspace.user_id
    triage.begin_round(api.workspace_id, user_id, now=utcnow(), draw=Random(1))
    with snapshot() as session:
        newest = select(TriageTurn.response_id).where(
            TriageTurn.workspace_id == api.workspace_id, TriageTurn.decided_at.is_(None)
        )
        return {str(each) for each in session.scalars(newest)}


def test_triage_asks_about_the_first_copy_and_then_about_none(any_api, pasted):
    first = pasted[-1]
    assert asked_about(any_api) & set(pasted) == {first}
    triage.review_comment(
        any_api.workspace_id, UUID(first), ["support"],
        user_id=any_api.workspace.user_id, now=utcnow(),
    )  # fmt: skip
    assert asked_about(any_api) & set(pasted) == set()


def test_anonymous_copies_are_one_voice_and_people_are_people(any_api, drain_outbox):
    any_api.survey("nps")
    for number in range(3):
        any_api.respond("nps", score=3, comment=PASTED, answered_at=days_ago(2))
        any_api.respond("nps", score=3, comment="Cannot log in", answered_at=days_ago(2))
        who = {"external_id": f"c-{number}"}
        any_api.respond("nps", score=3, comment=OTHER, answered_at=days_ago(2), contact=who)
        any_api.respond("nps", score=3, comment=OTHER, answered_at=days_ago(3), contact=who)
    assert drain_outbox() == []
    with snapshot() as session:
        read = read_comments(session, any_api.workspace_id, time_zone="UTC", now=utcnow())
    texts = sorted(comment.text for comment in read.comments)
    assert texts == sorted([PASTED, *["Cannot log in"] * 3, *[OTHER] * 3])


def test_what_an_erased_person_wrote_is_like_nothing(any_api, drain_outbox):
    any_api.survey("nps")
    any_api.respond("nps", score=2, comment=PASTED, contact={"external_id": "gone"})
    any_api.respond("nps", score=2, comment=PASTED)
    assert drain_outbox() == []
    with snapshot() as session:
        contact_id = session.scalar(
            select(Contact.id).where(Contact.workspace_id == any_api.workspace_id)
        )
    erase_contact(any_api.workspace_id, contact_id, now=utcnow(), actor_user_id=None)
    with snapshot() as session:
        rows = session.scalars(
            select(Analysis.likeness).where(Analysis.workspace_id == any_api.workspace_id)
        ).all()
    assert sorted(row is None for row in rows) == [False, True]


def test_the_page_says_how_many_are_alike_and_leads_to_them(api, staff, drain_outbox):
    api.survey("nps")
    ids = [api.respond("nps", score=2, comment=PASTED).json["id"] for _ in range(3)]
    api.respond("nps", score=3, comment=OTHER)
    assert drain_outbox() == []
    person = staff("product")
    page = unescape(person.get("/themes/support?survey=nps").text)
    assert page.count("+ 2 alike") == 1
    assert sum(f'id="r-{each}"' in page for each in ids) == 1
    assert "Comments that say the same are shown once." in page
    assert "erased" not in page
    shown = next(each for each in ids if f'id="r-{each}"' in page)
    copies = unescape(person.get(f"/themes/support?survey=nps&alike={shown}").text)
    assert all(f'id="r-{each}"' in copies for each in ids)
    assert "alike</a>" not in copies
    assert person.get("/themes/support?alike=nonsense").status_code == 200
