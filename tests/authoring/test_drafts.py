"""The editor keeps what is typed, goes back and forward, and lets nobody overwrite another."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.authoring.test_survey_pages import fields
from vocapp.authoring import drafts, queries, service
from vocapp.authoring.models import DraftStep
from vocapp.database import snapshot, utcnow

SURVEY = "/surveys/nps"


@pytest.fixture
def author(api, staff):
    api.survey(publish=False)
    return staff("product")


@pytest.fixture
def survey(api, author):
    return lambda: queries.survey_by_key(api.workspace_id, "nps")


def form(person, text=None):
    found = fields(person.get(f"{SURVEY}/edit").text)
    return found | ({"q0.text.en": text} if text else {})


def asked(survey):
    found = survey()
    return queries.draft_of(found.workspace_id, found.id)["questions"][0]["text"]["en"]


def save(survey, text, *, by=None, by_itself=False, now=None):
    found = survey()
    draft = queries.draft_of(found.workspace_id, found.id)
    draft["questions"][0]["text"]["en"] = text
    service.save_draft(
        found.workspace_id, found.id, draft, by_itself=by_itself, actor_user_id=by,
        now=now or utcnow(),
    )  # fmt: skip


def test_what_is_typed_is_kept_and_said(author, survey):
    typed = form(author, "Would you?")
    answer = author.post(f"{SURVEY}/draft/keep", typed)
    assert answer.status_code == 200
    assert answer.json["text"].startswith("Saved ")
    assert asked(survey) == "Would you?"
    again = typed | {"q0.text.en": "Would you, really?", "seen": answer.json["seen"]}
    assert author.post(f"{SURVEY}/draft/keep", again).status_code == 200
    assert asked(survey) == "Would you, really?"


def test_what_cannot_be_stored_yet_is_not_kept_and_that_is_said(author, survey):
    before = asked(survey)
    answer = author.post(f"{SURVEY}/draft/keep", form(author) | {"q0.text.en": " "})
    assert answer.status_code == 422
    assert "still missing" in answer.json["text"]
    assert asked(survey) == before


def test_two_people_do_not_overwrite_one_another_unseen(author, staff, survey):
    mine, theirs = form(author, "Mine?"), form(author, "Theirs?")
    author.post(f"{SURVEY}/edit", theirs | {"action": "save"})
    kept = author.post(f"{SURVEY}/draft/keep", mine)
    assert (kept.status_code, asked(survey)) == (409, "Theirs?")
    warned = author.post(f"{SURVEY}/edit", mine | {"action": "save"})
    assert warned.status_code == 409
    assert "Product saved this draft while you were writing." in warned.text
    assert "Mine?" in warned.text
    assert asked(survey) == "Theirs?"
    assert (
        author.post(f"{SURVEY}/edit", fields(warned.text) | {"action": "save"}).status_code == 303
    )
    assert asked(survey) == "Mine?"


def test_changes_are_taken_back_and_done_again_across_visits(author, survey):
    first = asked(survey)
    for text in ("Two?", "Three?"):
        author.post(f"{SURVEY}/edit", form(author, text) | {"action": "save"})
    page = author.get(f"{SURVEY}/edit").text
    assert '/draft/undo" data-undo="">' in page
    assert "/draft/redo" not in page
    author.post(f"{SURVEY}/draft/undo")
    assert asked(survey) == "Two?"
    author.post(f"{SURVEY}/draft/undo")
    assert asked(survey) == first
    assert '/draft/undo" data-undo="" hidden' in author.get(f"{SURVEY}/edit").text
    author.post(f"{SURVEY}/draft/undo")
    assert "There is no further step." in author.get(f"{SURVEY}/edit").text
    author.post(f"{SURVEY}/draft/redo")
    assert asked(survey) == "Two?"
    author.post(f"{SURVEY}/edit", form(author, "Another?") | {"action": "save"})
    assert "/draft/redo" not in author.get(f"{SURVEY}/edit").text


def test_undo_takes_back_what_was_typed_and_redo_brings_it(author, survey):
    first = asked(survey)
    author.post(f"{SURVEY}/draft/undo", form(author, "Typed, never saved?"))
    assert asked(survey) == first
    author.post(f"{SURVEY}/draft/redo")
    assert asked(survey) == "Typed, never saved?"


def test_undo_takes_back_what_could_not_be_saved_and_nothing_before_it(author, survey):
    save(survey, "Saved before?")
    answer = author.post(f"{SURVEY}/draft/undo", form(author) | {"q0.text.en": ""})
    assert answer.status_code == 303
    assert "What could not be saved has been taken back" in author.get(answer.location).text
    assert asked(survey) == "Saved before?"


def test_undo_takes_back_no_change_of_somebody_else_and_loses_nothing_typed(author, survey):
    typed = form(author, "Mine?")
    save(survey, "Theirs?")
    answer = author.post(f"{SURVEY}/draft/undo", typed)
    assert answer.status_code == 409
    assert "Mine?" in answer.text
    assert asked(survey) == "Theirs?"


@pytest.mark.parametrize(
    "when", ['score:category:"x"', "score:one_of:[{}]", "score:one_of:" + "[" * 5_000]
)
def test_a_condition_that_nobody_could_choose_is_shown_and_not_stored(author, survey, when):
    before = asked(survey)
    typed = form(author, "Other?") | {
        "q0.branches": "1", "q0.branch0.when": when, "q0.branch0.to": "end",
    }  # fmt: skip
    assert author.post(f"{SURVEY}/edit", typed | {"action": "add:text"}).status_code == 200
    assert author.post(f"{SURVEY}/edit", typed | {"action": "save"}).status_code == 422
    assert asked(survey) == before


def test_what_is_kept_in_one_go_is_one_step(author, survey, colleague, api):
    first, me, now = asked(survey), colleague(api.workspace_id, "product"), utcnow()
    for second, text in enumerate(("T?", "Tw?", "Two?")):
        at = now + timedelta(seconds=second)
        save(survey, text, by=me, by_itself=True, now=at)
    service.step_back(api.workspace_id, survey().id, -1, actor_user_id=me, now=now)
    assert asked(survey) == first
    later = now + timedelta(minutes=5)
    save(survey, "A?", by=me, by_itself=True, now=now)
    save(survey, "B?", by=me, by_itself=True, now=later)
    service.step_back(api.workspace_id, survey().id, -1, actor_user_id=me, now=later)
    assert asked(survey) == "A?"


def test_only_the_last_steps_are_kept(author, survey):
    for number in range(drafts.KEPT + 10):
        save(survey, f"Number {number}?")
    with snapshot() as session:
        assert session.scalar(select(func.count()).select_from(DraftStep)) == drafts.KEPT
    assert drafts.steps_of(survey()).can_undo


def test_a_restored_version_and_a_removed_language_are_taken_back(author, survey):
    author.post(f"{SURVEY}/publish")
    save(survey, "Changed?")
    author.post(f"{SURVEY}/versions/1/restore")
    assert asked(survey) != "Changed?"
    author.post(f"{SURVEY}/draft/undo")
    assert asked(survey) == "Changed?"


def test_saving_the_same_is_no_step(author, survey):
    save(survey, asked(survey))
    assert not drafts.steps_of(survey()).can_undo


def test_viewers_change_no_draft(author, staff):
    for path in ("keep", "undo", "redo"):
        assert staff("viewer").post(f"{SURVEY}/draft/{path}").status_code == 403


def test_steps_are_kept_on_each_database(any_api):
    any_api.survey()

    def found():
        return queries.survey_by_key(any_api.workspace_id, "nps")

    first = asked(found)
    save(found, "Two?")
    service.step_back(any_api.workspace_id, found().id, -1, actor_user_id=None, now=utcnow())
    assert asked(found) == first
    assert drafts.steps_of(found()).can_redo
