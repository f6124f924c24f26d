"""What is new in the comments: the nightly look, and what a person makes of it."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from random import Random

import pytest
from sqlalchemy import func, select, update

from tests.nlp.test_discovery import ALL_DAY, GARBLED
from vocapp import outbox
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.outbox import Pending
from vocapp.people.service import erase_contact
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.understanding import service as understanding
from vocapp.understanding.discovery import service
from vocapp.understanding.discovery.asking import DISCOVER
from vocapp.understanding.discovery.models import CandidateComment, ThemeCandidate
from vocapp.understanding.discovery.queries import discovery_page
from vocapp.understanding.discovery.reading import read_comments
from vocapp.understanding.models import Assignment, Label, Theme

NAME = {"en": "Garbled exports", "ja": "文字化け"}


@pytest.fixture(autouse=True)
def static_encoder(monkeypatch):
    """The encoder that is always there; the other one is slow to load."""
    monkeypatch.setattr(understanding, "preferred_encoder", lambda: "static")
    monkeypatch.setattr("vocapp.understanding.analysers.preferred_encoder", lambda: "static")


def send(api, texts, *, days_ago, survey="nps", who="c"):
    moment = (utcnow() - timedelta(days=days_ago)).isoformat()
    items = [
        {
            "survey": survey, "score": 5, "comment": text, "answered_at": moment,
            "contact": {"external_id": f"{who}-{days_ago}-{number}"},
        }
        for number, text in enumerate(texts)
    ]  # fmt: skip
    answer = api.post("/api/v1/responses/batch", {"responses": items})
    assert {item["status"] for item in answer.json["items"]} == {201}, answer.json


def weeks(api, planted=GARBLED, **options):
    """100 comments this week and 200 before, and these, which are new; no theme covers them."""
    with transaction() as session:
        session.add(
            Theme(
                workspace_id=api.workspace_id, key="parking",
                label={"en": "Parking", "ja": "駐車場"}, description={"en": "Where to leave a car"},
                keywords={"en": ["car park"]}, created_at=utcnow(),
            )
        )  # fmt: skip
    texts = [comment.text for comment in ALL_DAY]
    send(api, [*Random(4).sample(texts, 100), *planted], days_ago=2, **options)
    send(api, texts, days_ago=20, **options)


def look(drain_outbox):
    """As if it were night."""
    with transaction() as session:
        session.execute(update(Pending).where(Pending.kind == DISCOVER).values(due_at=utcnow()))
    assert drain_outbox() == []


def candidates(api):
    with snapshot() as session:
        return session.scalars(
            scoped(ThemeCandidate, api.workspace_id).order_by(ThemeCandidate.id)
        ).all()


def count(api, model, *conditions):
    with snapshot() as session:
        return session.scalar(
            select(func.count()).where(model.workspace_id == api.workspace_id, *conditions)
        )


def examples(api, row):
    with snapshot() as session:
        return session.scalars(
            select(CandidateComment.response_id).where(
                CandidateComment.candidate_id == row.id, CandidateComment.is_example
            )
        ).all()


@pytest.fixture
def found(any_api, drain_outbox):
    """A workspace in which one group was found."""
    any_api.survey()
    weeks(any_api)
    drain_outbox()
    look(drain_outbox)
    (row,) = candidates(any_api)
    return any_api, row


def accept(api, row, ids=None, **fields):
    given = {
        "label": NAME, "keywords": {"en": ["garbled"]},
        "response_ids": examples(api, row) if ids is None else ids,
        "user_id": api.workspace.user_id, "now": utcnow(),
    }  # fmt: skip
    return service.accept(api.workspace_id, row.id, **{**given, **fields})


def test_the_night_after_comments_a_group_is_found_and_shown(found):
    api, row = found
    assert (row.state, row.comments, row.earlier) == ("new", 110, 200)
    assert row.size >= 8
    assert row.before <= 2
    page = discovery_page(api.workspace_id, now=utcnow())
    (shown,) = page.waiting
    assert 1 < len(shown.examples) <= 5
    assert {example.text for example in shown.examples} & set(GARBLED)
    assert "excel" in " ".join(shown.terms["en"])
    assert page.look.had_enough


def test_looks_wait_for_the_night_once(any_api, drain_outbox):
    any_api.survey()
    send(any_api, ["A comment."] * 3, days_ago=1)
    drain_outbox()
    with snapshot() as session:
        assert outbox.pending_count(session, any_api.workspace_id, DISCOVER) == 1
    page = discovery_page(any_api.workspace_id, now=utcnow())
    assert not page.is_looking
    assert page.next_look > utcnow()
    service.look_now(any_api.workspace_id, now=utcnow())
    assert discovery_page(any_api.workspace_id, now=utcnow()).is_looking
    drain_outbox()
    page = discovery_page(any_api.workspace_id, now=utcnow())
    assert (page.waiting, page.look.had_enough) == ((), False)


def test_accepting_makes_a_theme_and_labels_and_can_be_taken_back(found, drain_outbox):
    api, row = found
    ids = examples(api, row)
    key = accept(api, row)
    assert key == "garbled_exports"
    with snapshot() as session:
        theme = session.scalars(scoped(Theme, api.workspace_id).where(Theme.key == key)).one()
    assert (theme.label, theme.keywords["en"]) == (NAME, ["garbled"])
    assert count(api, Label, Label.theme_id == theme.id, Label.verdict == "add") == len(ids)
    assert count(api, Assignment, Assignment.theme_id == theme.id) == len(ids)
    (row,) = candidates(api)
    assert (row.state, row.theme_id) == ("accepted", theme.id)
    with pytest.raises(Conflict):
        accept(api, row)
    service.take_back(api.workspace_id, row.id, user_id=api.workspace.user_id, now=utcnow())
    (row,) = candidates(api)
    assert (row.state, row.theme_id) == ("new", None)
    assert count(api, Label) == 0
    assert count(api, Theme, Theme.key == key, Theme.archived_at.is_(None)) == 0
    assert drain_outbox() == []


def test_merging_labels_the_examples_that_were_left_chosen(found):
    api, row = found
    chosen = examples(api, row)[:2]
    service.merge(
        api.workspace_id, row.id, "parking", response_ids=chosen,
        user_id=api.workspace.user_id, now=utcnow(),
    )  # fmt: skip
    with snapshot() as session:
        labelled = set(session.scalars(select(Label.response_id)))
    assert labelled == set(chosen)
    service.take_back(api.workspace_id, row.id, user_id=api.workspace.user_id, now=utcnow())
    assert count(api, Label) == 0
    assert count(api, Theme, Theme.key == "parking", Theme.archived_at.is_(None)) == 1


def test_what_was_dismissed_stays_dismissed_when_it_grows_on(found, drain_outbox):
    api, row = found
    service.dismiss(api.workspace_id, row.id, user_id=api.workspace.user_id, now=utcnow())
    more = [text.replace("Excel", "spreadsheet") for text in GARBLED]
    send(api, more, days_ago=1, who="d")
    drain_outbox()
    look(drain_outbox)
    (again,) = candidates(api)
    assert (again.id, again.state) == (row.id, "dismissed")
    assert again.seen_at > row.seen_at
    assert discovery_page(api.workspace_id, now=utcnow()).waiting == ()


def test_a_group_that_waits_is_brought_up_to_date(found, drain_outbox):
    api, row = found
    send(api, GARBLED[:4], days_ago=1, who="d")
    drain_outbox()
    look(drain_outbox)
    (again,) = candidates(api)
    assert again.id == row.id
    assert again.size > row.size


def test_bad_input_names_its_field_and_changes_nothing(found):
    api, row = found
    for wrong, field in (
        ({"label": {"en": " "}}, "label_en"),
        ({"label": {"en": "x" * 101}}, "label_en"),
        ({"ids": []}, "comments"),
    ):
        with pytest.raises(BadInput) as problem:
            accept(api, row, **wrong)
        assert problem.value.errors[0].field == field
    with pytest.raises(BadInput):
        service.merge(
            api.workspace_id, row.id, "absent", response_ids=examples(api, row),
            user_id=api.workspace.user_id, now=utcnow(),
        )  # fmt: skip
    assert candidates(api)[0].state == "new"
    assert count(api, Theme, Theme.key != "parking") == 0
    other = utcnow()
    with pytest.raises(NotFound):
        service.dismiss(
            api.workspace_id, api.workspace_id, user_id=api.workspace.user_id, now=other
        )


def test_comments_of_a_confidential_survey_are_left_out(any_api, drain_outbox):
    any_api.survey()
    any_api.survey("secret", confidential=True)
    weeks(any_api, survey="secret")
    drain_outbox()
    look(drain_outbox)
    assert candidates(any_api) == []
    assert discovery_page(any_api.workspace_id, now=utcnow()).look.comments == 0


def test_when_a_survey_becomes_confidential_its_comments_are_neither_shown_nor_labelled(found):
    api, row = found
    with transaction() as session:
        session.execute(update(Survey).values(confidential=True))
    (shown,) = discovery_page(api.workspace_id, now=utcnow()).waiting
    assert shown.examples == ()
    accept(api, row)
    assert count(api, Label) == 0


def test_an_erased_person_leaves_the_group(found):
    api, row = found
    gone = examples(api, row)[0]
    before = count(api, CandidateComment)
    with snapshot() as session:
        contact_id = session.scalar(select(Response.contact_id).where(Response.id == gone))
    erase_contact(api.workspace_id, contact_id, now=utcnow(), actor_user_id=None)
    assert count(api, CandidateComment) == before - 1
    assert gone not in examples(api, row)
    (row,) = candidates(api)
    assert row.terms["en"]


def test_comments_that_say_nothing_are_no_group(any_api, drain_outbox):
    any_api.survey()
    send(
        any_api,
        ["特になし", "n/a", "asdfghjkl", "https://a.example/ https://b.example/"],
        days_ago=1,
    )
    send(any_api, ["The exports are garbled."], days_ago=1, who="d")
    assert drain_outbox() == []
    with snapshot() as session:
        read = read_comments(session, any_api.workspace_id, time_zone="UTC", now=utcnow())
    assert [comment.text for comment in read.comments] == ["The exports are garbled."]


def test_one_person_who_writes_often_is_one_voice(any_api, drain_outbox):
    any_api.survey()
    weeks(any_api, planted=[])
    moment = (utcnow() - timedelta(days=2)).isoformat()
    items = [
        {"survey": "nps", "score": 1, "comment": text, "answered_at": moment,
         "contact": {"external_id": "loud"}}
        for text in GARBLED
    ]  # fmt: skip
    any_api.post("/api/v1/responses/batch", {"responses": items})
    drain_outbox()
    look(drain_outbox)
    assert candidates(any_api) == []


# --- pages ------------------------------------------------------------------------------


def words_of(answer):
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def test_the_first_page_tells_who_decides_of_the_groups_of_the_week(api, staff, drain_outbox):
    card = "New in the comments this week"
    api.survey()
    weeks(api)
    drain_outbox()
    person = staff("product")
    assert card not in words_of(person.get("/"))
    look(drain_outbox)
    (row,) = candidates(api)
    for role in ("product", "admin"):
        page = words_of(staff(role).get("/"))
        assert card in page, role
        assert f"/themes/discovery#g-{row.id}" in page, role
        assert "of 110 comments of the last 7 days" in page, role
    for role in ("success", "viewer"):
        assert card not in words_of(staff(role).get("/")), role
    with transaction() as session:
        session.execute(update(ThemeCandidate).values(seen_at=utcnow() - timedelta(days=8)))
    assert card not in words_of(person.get("/"))


def test_the_page_goes_from_empty_to_decided(api, staff, drain_outbox):
    person = staff("product")
    assert "Nothing was looked for yet" in words_of(person.get("/themes/discovery"))
    api.survey()
    weeks(api)
    drain_outbox()
    look(drain_outbox)
    assert "1 group of comments is new" in words_of(person.get("/themes"))
    page = words_of(person.get("/themes/discovery"))
    assert "of 110 comments of the last 7 days" in page
    assert GARBLED[0] in page or GARBLED[1] in page
    (row,) = candidates(api)
    ids = [str(each) for each in examples(api, row)]
    kept = person.post(
        f"/themes/discovery/{row.id}/accept",
        {"label_en": "", "label_ja": "", "keywords_en": "mine"},
    )
    assert kept.status_code == 422
    assert "mine" in kept.text
    done = person.post(
        f"/themes/discovery/{row.id}/accept",
        {"label_en": "Garbled exports", "keywords_en": "garbled\ngarbled", "comment": ids},
        follow_redirects=True,
    )
    assert "It is a theme now" in words_of(done)
    assert "Became a theme" in done.text
    back = person.post(f"/themes/discovery/{row.id}/undo", follow_redirects=True)
    assert "It waits for a decision again" in words_of(back)
    person.post("/language", {"language": "ja", "next": "/"})
    assert "新しい話題" in words_of(person.get("/themes/discovery"))


def test_only_who_may_correct_sees_it(api, staff):
    api.survey()
    assert staff("viewer").get("/themes/discovery").status_code == 403
