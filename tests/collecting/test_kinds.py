"""Every kind of question through the API: stored, shown, corrected, exported, erased."""

from __future__ import annotations

import io
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from surveys.questions import KINDS
from vocapp.collecting.models import Answer, Response
from vocapp.connecting.exporting.service import export_responses
from vocapp.connecting.importing.service import Options, open_import
from vocapp.database import snapshot, utcnow
from vocapp.extensions import db
from vocapp.people.service import erase_contact

THREE = ["fast", "simple", "cheap"]
QUESTIONS = [
    {"key": "hello", "kind": "statement", "text": "Thank you for coming."},
    {"key": "score", "kind": "nps", "text": "Would you recommend us?"},
    {"key": "effort", "kind": "ces"},
    {"key": "happy", "kind": "csat"},
    {"key": "look", "kind": "stars", "text": "How do you like the look?"},
    {"key": "mood", "kind": "faces", "text": "How was today?"},
    {"key": "plan", "kind": "choice", "text": "Which plan?", "options": ["free", "pro"]},
    {"key": "why", "kind": "multiple", "text": "Why us?", "options": THREE},
    {"key": "order", "kind": "ranking", "text": "What matters most?", "options": THREE},
    {"key": "parts", "kind": "matrix", "text": "How are these?",
     "rows": ["support", "speed"], "columns": ["bad", "good"]},
    {"key": "agree", "kind": "consent", "text": "We may quote you."},
    {"key": "reach", "kind": "contact", "text": "Where may we call?",
     "fields": ["name", "email", "phone"]},
    {"key": "comment", "kind": "text", "text": "Anything else?"},
]  # fmt: skip
ANSWERS = {
    "effort": 6, "happy": 4, "look": 5, "mood": 2, "plan": "pro", "why": ["fast", "cheap"],
    "order": ["simple", "cheap", "fast"], "parts": {"support": "good"}, "agree": False,
    "reach": {"name": "Kanariako Yamada", "email": "kanariako@example.jp"},
}  # fmt: skip


@pytest.fixture
def asked(any_api):
    return any_api.survey(questions=QUESTIONS)


def test_every_kind_is_asked_stored_and_shown(any_api, asked):
    assert {question["kind"] for question in QUESTIONS} == set(KINDS)
    answered = any_api.respond(score=9, comment="Good", answers=ANSWERS)
    assert answered.status_code == 201, answered.text
    assert answered.json["answers"] == ANSWERS | {"score": 9, "comment": "Good"}
    assert any_api.get(f"/api/v1/responses/{answered.json['id']}").json["answers"]["agree"] is False


def test_the_public_survey_says_all_that_a_page_needs_to_ask(any_api, asked):
    url = f"/public/v1/surveys/{asked['public_id']}?key={any_api.workspace.public_key}"
    shown = {each["key"]: each for each in any_api.client.get(url).json["questions"]}
    assert {frozenset(each) for each in shown.values()} == {
        frozenset({
            "key", "kind", "text", "low_label", "high_label", "wording_by_category", "options",
            "rows", "columns", "fields", "required", "branches",
        })
    }  # fmt: skip
    assert shown["parts"]["rows"][0] == {"key": "support", "label": "support"}
    assert shown["reach"]["fields"] == ["name", "email", "phone"]


def test_the_same_options_in_another_order_are_the_same_answer(any_api, asked):
    body = {"survey": "nps", "id": str(uuid4()), "score": 9}
    first = any_api.post("/api/v1/responses", body | {"answers": {"why": ["fast", "cheap"]}})
    again = any_api.post("/api/v1/responses", body | {"answers": {"why": ["cheap", "fast"]}})
    other = any_api.post("/api/v1/responses", body | {"answers": {"why": ["cheap"]}})
    assert [first.status_code, again.status_code, other.status_code] == [201, 200, 409]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("look", 6), ("mood", 0), ("why", ["fast", "fast"]), ("order", ["fast"]),
        ("parts", {"support": "fine"}), ("agree", "yes"), ("reach", {"email": "nobody"}),
        ("hello", "hi"),
    ],
)  # fmt: skip
def test_an_answer_that_does_not_fit_is_refused_with_the_name_of_its_question(
    any_api, asked, key, value
):
    refused = any_api.respond(score=9, answers={key: value})
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json["errors"]] == [f"answers.{key}"]


def test_an_answer_that_is_not_as_wanted_is_refused_and_the_score_before_it_is_kept(any_api):
    wanted = {"key": "why", "kind": "multiple", "text": "Why?", "options": THREE,
              "validation": {"max_choices": 2}}  # fmt: skip
    survey = any_api.survey("wanted", questions=[{"key": "score", "kind": "nps"}, wanted])
    public = {"key": any_api.workspace.public_key, "survey": survey["public_id"]}
    url = f"/public/v1/surveys/{survey['public_id']}?key={public['key']}"
    assert any_api.client.get(url).json["questions"][1]["validation"] == {"max_choices": 2}
    refused = any_api.respond(survey="wanted", score=9, answers={"why": THREE})
    assert refused.json["errors"] == [
        {"field": "answers.why", "message": "expected at most 2 of the options, got 3"}
    ]
    sent = public | {"id": str(uuid4()), "score": 9}
    made = any_api.client.post("/public/v1/responses", json=sent).json
    body = {"edit_token": made["edit_token"], "revision": 1, "answers": {"why": THREE}}
    assert any_api.client.patch(f"/public/v1/responses/{made['id']}", json=body).status_code == 422
    assert any_api.get(f"/api/v1/responses/{made['id']}").json["answers"] == {"score": 9}


def test_a_correction_replaces_an_answer_of_any_kind(any_api, asked):
    public = {"key": any_api.workspace.public_key, "survey": asked["public_id"]}
    sent = public | {"id": str(uuid4()), "score": 9, "answers": ANSWERS}
    made = any_api.client.post("/public/v1/responses", json=sent).json
    change = {"why": ["simple"], "agree": True, "reach": {"phone": "03-1234"}, "parts": None}
    body = {"edit_token": made["edit_token"], "revision": 1, "answers": change}
    assert any_api.client.patch(f"/public/v1/responses/{made['id']}", json=body).status_code == 200
    shown = any_api.get(f"/api/v1/responses/{made['id']}").json["answers"]
    assert {key: shown[key] for key in change} == change | {"parts": ANSWERS["parts"]}


def test_an_export_is_taken_back_as_the_same_answers(any_api, asked, tmp_path):
    first = any_api.respond(score=9, comment="Good", answers=ANSWERS).json
    out = io.BytesIO()
    export_responses(any_api.workspace_id, out)
    path = tmp_path / "answers.csv"
    path.write_bytes(out.getvalue().replace(first["id"].encode(), b"other-1"))
    options = Options(time_zone="Asia/Tokyo", survey_key="nps")
    opened = open_import(any_api.workspace_id, "responses", path, options, now=utcnow())
    list(opened.run())
    assert opened.tally.counts["stored"] == 1
    with snapshot() as session:
        ids = session.scalars(select(Response.id)).all()
    shown = [any_api.get(f"/api/v1/responses/{each}").json["answers"] for each in ids]
    assert shown == [first["answers"]] * 2


def test_contact_details_rest_sealed_and_go_with_the_person(any_api, asked):
    answered = any_api.respond(
        score=3, answers=ANSWERS, contact={"external_id": "k1", "email": "k@example.jp"}
    ).json
    kept = db.session.scalars(text("SELECT personal FROM answer WHERE personal IS NOT NULL")).all()
    assert len(kept) == 1
    assert "anariako" not in kept[0]
    db.session.rollback()
    contact_id = UUID(answered["contact"]["id"])
    erase_contact(any_api.workspace_id, contact_id, now=utcnow())
    with snapshot() as session:
        assert (
            session.scalars(select(Answer.personal).where(Answer.personal.is_not(None))).all() == []
        )
        assert (
            len(session.scalars(select(Answer.value).where(Answer.value.is_not(None))).all()) == 4
        )


def test_what_is_required_off_the_path_is_not_asked_for(any_api):
    any_api.survey(
        "branching",
        questions=[
            {"key": "score", "kind": "nps", "required": False, "branches": [
                {"if": {"question": "score", "op": "not_answered"}, "to": "last"}]},
            {"key": "why", "kind": "text", "text": "Why?", "required": True},
            {"key": "last", "kind": "stars", "text": "Stars?", "required": True},
        ],
    )  # fmt: skip
    refused = any_api.respond("branching", answers={"why": "x"})
    assert [error["field"] for error in refused.json["errors"]] == ["answers.last"]
    taken = any_api.respond("branching", answers={"last": 4})
    assert (taken.status_code, taken.json["answers"]) == (201, {"last": 4})


@pytest.mark.parametrize(
    ("at", "branch", "why"),
    [
        (1, {"if": {"question": "why", "op": "answered"}, "to": "score"}, "round"),
        (0, {"if": {"question": "user", "op": "one_of", "value": ["no"]}, "to": "end"}, "passed"),
    ],
)
def test_a_survey_that_goes_round_or_past_its_score_is_not_published(any_api, at, branch, why):
    questions = [
        {"key": "user", "kind": "choice", "text": "Do you use it?", "options": ["yes", "no"]},
        {"key": "why", "kind": "text", "text": "Why?"},
    ]
    questions[at]["branches"] = [branch]
    questions.insert(at or 1, {"key": "score", "kind": "nps"})
    body = {"key": "s", "name": "s", "kind": "nps", "questions": questions}
    refused = any_api.post("/api/v1/surveys", body)
    assert refused.status_code == 422
    (error,) = refused.json["errors"]
    assert error["field"].endswith(".branches")
    assert why in error["message"]
    kept = any_api.post("/api/v1/surveys", body | {"publish": False})
    assert kept.json["questions"][0 if at == 0 else 2]["branches"] == [branch]
