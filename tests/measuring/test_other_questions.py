"""What was answered beside the score, on the page of results."""

from __future__ import annotations

import re
from datetime import timedelta

from vocapp.authoring.queries import survey_by_key
from vocapp.database import utcnow
from vocapp.measuring.other_questions import other_questions

QUESTIONS = [
    {"key": "score", "kind": "nps"},
    {"key": "why", "kind": "multiple", "text": "Why us?", "options": ["fast", "cheap"]},
    {"key": "order", "kind": "ranking", "text": "What first?", "options": ["fast", "cheap"]},
    {"key": "parts", "kind": "matrix", "text": "These?", "rows": ["help"],
     "columns": ["bad", "good"]},
    {"key": "look", "kind": "stars", "text": "The look?"},
    {"key": "agree", "kind": "consent", "text": "May we quote you?"},
    {"key": "reach", "kind": "contact", "text": "Where?"},
    {"key": "comment", "kind": "text"},
]  # fmt: skip


def answer_some(api, survey="nps"):
    for number in range(3):
        answers = {
            "why": ["fast", "cheap"] if number else ["fast"], "order": ["cheap", "fast"],
            "parts": {"help": "good"}, "look": 4, "agree": number == 0,
            "reach": {"email": f"p{number}@example.jp"},
        }  # fmt: skip
        assert api.respond(survey, score=9, answers=answers).status_code == 201


def told(api, key="nps", **period):
    found = survey_by_key(api.workspace_id, key)
    return other_questions(found, **{"since": None, "until": None, **period})


def test_every_question_with_options_is_counted_in_its_order(any_api):
    any_api.survey(questions=QUESTIONS)
    answer_some(any_api)
    found = {each.question.key: each for each in told(any_api)}
    assert list(found) == ["why", "order", "parts", "look", "agree"]
    assert [(s.key, s.n) for s in found["why"].rows[0].shares] == [("fast", 3), ("cheap", 2)]
    assert [(p.key, p.mean) for p in found["order"].places] == [("cheap", 1.0), ("fast", 2.0)]
    assert [(s.key, s.n) for s in found["parts"].rows[0].shares] == [("bad", 0), ("good", 3)]
    assert found["look"].rows[0].shares[3].n == 3
    assert [s.n for s in found["agree"].rows[0].shares] == [1, 2]


def test_only_answers_of_the_period_count(any_api):
    any_api.survey(questions=QUESTIONS)
    answer_some(any_api)
    later = told(any_api, since=utcnow() + timedelta(minutes=1))
    assert [each.n for each in later] == [0] * 5


def test_nothing_is_told_of_a_confidential_survey(any_api):
    any_api.survey("quiet", questions=QUESTIONS, confidential=True)
    answer_some(any_api, "quiet")
    assert told(any_api, "quiet") == []


def test_the_page_shows_shares_and_says_where_nobody_answered(api, staff, drain_outbox):
    api.survey(questions=QUESTIONS)
    api.respond("nps", score=9)
    drain_outbox()
    page = staff("viewer").get("/results/nps").text
    assert page.count("Nobody has answered this yet.") == 5
    answer_some(api)
    drain_outbox()
    page = re.sub(r"\s+", " ", staff("viewer").get("/results/nps").text)
    for words in ("Why us?", "67%", "Mean place", "3 times first", "Not agreed"):
        assert words in page
    assert "p0@example.jp" not in page


def test_the_list_of_answers_says_them_in_words_and_hides_contact_details(api, staff, drain_outbox):
    api.survey(questions=QUESTIONS)
    answer_some(api)
    drain_outbox()
    page = staff("viewer").get("/results/nps/answers").text
    for words in ("fast · cheap", "1. cheap · 2. fast", "help: good", "4 / 5", "Not agreed"):
        assert words in page
    assert "p0@example.jp" not in page
