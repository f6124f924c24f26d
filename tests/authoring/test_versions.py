"""Versions in the browser and the API: what changed, what it breaks, and back to an earlier one."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from vocapp.authoring import queries, service
from vocapp.authoring.models import SurveyVersion
from vocapp.authoring.versions import compared, versions_of
from vocapp.database import snapshot, utcnow
from vocapp.problems import Conflict

SURVEY = "/surveys/nps"
PLAN = {
    "key": "plan", "kind": "choice", "text": {"en": "Which plan?"},
    "options": [{"key": key, "label": {"en": key.title()}} for key in ("basic", "pro", "team")],
}  # fmt: skip
QUESTIONS = [
    {"key": "score", "kind": "nps", "text": {"en": "Recommend us?", "ja": "すすめますか。"}},
    PLAN,
    {"key": "comment", "kind": "text", "text": {"en": "Why?", "ja": "なぜですか。"}},
]


@pytest.fixture
def survey(api):
    api.survey(questions=QUESTIONS)
    return lambda: queries.survey_by_key(api.workspace_id, "nps")


def save(survey, change):
    """Store the draft after `change(definition)`."""
    found = survey()
    draft = queries.draft_of(found.workspace_id, found.id)
    change(draft)
    service.save_draft(found.workspace_id, found.id, draft, now=utcnow())


def without_pro(draft):
    draft["questions"][1]["options"] = [PLAN["options"][0], PLAN["options"][2]]


def other_words(draft):
    draft["questions"][2]["text"]["en"] = "Why so?"


def stored(survey):
    with snapshot() as session:
        rows = session.scalars(select(SurveyVersion).order_by(SurveyVersion.number))
        return {row.number: row.definition for row in rows}


def test_versions_tell_when_by_whom_and_how_much_was_answered(api, survey, staff):
    api.respond(score=9)
    api.respond(score=3)
    save(survey, other_words)
    staff("product").post(f"{SURVEY}/publish")
    api.respond(score=7)
    lines = versions_of(survey())
    assert [(each.number, each.published_by, each.answers) for each in lines] == [
        (2, "Product", 1), (1, None, 2),
    ]  # fmt: skip
    page = staff("viewer").get(SURVEY).text
    assert "Version 2" in page
    assert "2 answers" in page
    assert "Restore as draft" not in page


def test_a_confidential_survey_does_not_count_its_versions(api, staff):
    api.survey(confidential=True)
    api.respond(score=9)
    assert versions_of(queries.survey_by_key(api.workspace_id, "nps"))[0].answers is None
    assert "1 answer" not in staff().get(SURVEY).text


def test_a_published_version_never_changes(api, survey, staff):
    person = staff("product")
    first = stored(survey)[1]
    save(survey, without_pro)
    person.post(f"{SURVEY}/publish")
    person.post(f"{SURVEY}/versions/1/restore")
    save(survey, other_words)
    person.post(f"{SURVEY}/close")
    person.post(f"{SURVEY}/publish")
    kept = stored(survey)
    assert kept[1] == first
    assert [option["key"] for option in kept[2]["questions"][1]["options"]] == ["basic", "team"]
    assert kept[3]["questions"][2]["text"]["en"] == "Why so?"


def test_an_earlier_version_becomes_the_draft_and_nothing_is_published_by_that(api, survey, staff):
    save(survey, without_pro)
    person = staff("product")
    person.post(f"{SURVEY}/publish")
    assert person.post(f"{SURVEY}/versions/1/restore").location == f"{SURVEY}/edit"
    found = survey()
    assert found.published_version == 2
    draft = queries.draft_of(found.workspace_id, found.id)
    assert len(draft["questions"][1]["options"]) == 3
    assert person.post(f"{SURVEY}/versions/9/restore").status_code == 404
    assert staff("viewer").post(f"{SURVEY}/versions/1/restore").status_code == 403


def test_before_publishing_the_page_says_what_changes_and_what_breaks(api, survey, staff):
    for plan in ("pro", "pro", "basic"):
        api.respond(score=9, answers={"plan": plan})
    save(survey, without_pro)
    page = staff("product").get(f"{SURVEY}/publish").text
    assert "This breaks a trend" in page
    assert "“Pro” can no longer be chosen" in page
    assert "2 answers were given to it." in page
    assert "− Option removed" in page
    assert "2 questions are the same." in page
    assert queries.draft_differs(survey())


def test_an_option_that_nobody_chose_goes_without_a_warning(api, survey, staff):
    api.respond(score=9, answers={"plan": "basic"})
    save(survey, without_pro)
    page = staff("product").get(f"{SURVEY}/publish").text
    assert "− Option removed" in page
    assert "break" not in page


def test_only_what_was_looked_at_is_published(api, survey, staff):
    person = staff("product")
    save(survey, without_pro)
    seen = re.search(r'name="seen" value="(\w+)"', person.get(f"{SURVEY}/publish").text).group(1)
    save(survey, other_words)
    assert person.post(f"{SURVEY}/publish", {"seen": seen}).location == f"{SURVEY}/publish"
    assert survey().published_version == 1
    page = person.get(f"{SURVEY}/publish").text
    assert "changed meanwhile" in page
    seen = re.search(r'name="seen" value="(\w+)"', page).group(1)
    assert person.post(f"{SURVEY}/publish", {"seen": seen}).location == SURVEY
    assert survey().published_version == 2


def test_the_service_refuses_a_draft_that_was_not_looked_at(survey):
    found = survey()
    with pytest.raises(Conflict):
        service.publish_survey(found.workspace_id, found.id, seen="another", now=utcnow())


def test_saving_and_publishing_an_edit_shows_the_change_first(api, survey, staff):
    person = staff("product")
    form = {
        "name": "NPS", "languages": "en,ja", "questions": "1", "action": "publish",
        "q0.key": "score", "q0.kind": "nps", "q0.text.en": "Would you?", "q0.required": "1",
    }  # fmt: skip
    assert person.post(f"{SURVEY}/edit", form).location == f"{SURVEY}/publish"
    assert survey().published_version == 1


@pytest.mark.parametrize(("since", "until"), [(1, 2), (2, 1), (1, "draft"), ("draft", 2)])
def test_any_two_versions_are_compared(api, survey, staff, since, until):
    save(survey, other_words)
    staff("product").post(f"{SURVEY}/publish")
    save(survey, without_pro)
    page = staff("viewer").get(f"{SURVEY}/versions/diff?from={since}&to={until}").text
    assert ("Why so?" in page) == (1 in (since, until))
    options = "Option removed" in page or "New option" in page
    assert options == ("draft" in (since, until))


@pytest.mark.parametrize("wrong", ["9", "x", "-1", "99999999999999999999"])
def test_a_version_that_is_not_there_is_not_found(api, survey, staff, wrong):
    person = staff()
    assert person.get(f"{SURVEY}/versions/diff?from=1&to={wrong}").status_code == 404
    assert api.get(f"/api/v1/surveys/nps/versions/{wrong}").status_code in (404, 422)
    assert api.get(f"/api/v1/surveys/nps/diff?since={wrong}").status_code in (404, 422)


def test_a_version_is_looked_at_as_people_saw_it(api, survey, staff):
    save(survey, other_words)
    staff("product").post(f"{SURVEY}/publish")
    page = staff("viewer").get(f"{SURVEY}/preview?version=1&language=en").text
    assert "Version 1" in page
    assert "Why?" in page
    assert "version=1" in page  # the other language of the same version
    assert "Why so?" in staff("viewer").get(f"{SURVEY}/preview?version=2&language=en").text
    assert staff("viewer").get(f"{SURVEY}/preview?version=3").status_code == 404


def test_an_answer_keeps_the_words_language_and_scale_it_was_given_to(
    api, survey, staff, drain_outbox
):
    api.respond(score=4, answers={"plan": "pro"}, locale="ja")
    api.respond(score=8, answers={"plan": "pro"}, locale="en")

    def renamed(draft):
        draft["questions"][0]["text"] = {"en": "Another question?", "ja": "別の質問ですか。"}
        draft["questions"][1]["options"][1]["label"] = {"en": "Professional"}

    save(survey, renamed)
    staff("product").post(f"{SURVEY}/publish")
    drain_outbox()
    page = staff().get("/results/nps/answers?period=all").text
    asked = re.findall(r'<dl class="stack stack-tight" lang="(\w+)">(.*?)</dl>', page, re.DOTALL)
    shown = {language: text for language, text in asked}
    assert "すすめますか。" in shown["ja"]
    assert "Recommend us?" in shown["en"]
    assert "Pro<" in shown["en"]
    assert "Another question?" not in page
    assert "Professional" not in page


def test_machines_read_versions_and_differences(api, survey, staff):
    api.respond(score=9, answers={"plan": "pro"})
    save(survey, without_pro)
    staff("product").post(f"{SURVEY}/publish")
    listed = api.get("/api/v1/surveys/nps/versions?limit=1").json
    assert [(each["number"], each["answers"]) for each in listed["items"]] == [(2, 0)]
    listed = api.get(f"/api/v1/surveys/nps/versions?cursor={listed['next']}").json
    assert [(each["number"], each["answers"]) for each in listed["items"]] == [(1, 1)]
    assert listed["next"] is None
    one = api.get("/api/v1/surveys/nps/versions/1").json
    assert [q["key"] for q in one["definition"]["questions"]] == ["score", "plan", "comment"]
    found = api.get("/api/v1/surveys/nps/diff?since=1&until=2").json
    assert [(q["key"], q["options"][0]["key"]) for q in found["questions"]] == [("plan", "pro")]
    assert found["breaks"] == [
        {"code": "option_removed", "question": "plan", "option": "pro", "answers": 1,
         "certain": True},
    ]  # fmt: skip


MATRIX = {
    "key": "parts", "kind": "matrix", "text": {"en": "How good are these?"},
    "rows": ["app", "help"], "columns": ["bad", "good"],
}  # fmt: skip


def test_counts_are_the_same_on_each_database(any_api):
    any_api.survey(questions=[*QUESTIONS, MATRIX])
    any_api.respond(score=9, answers={"plan": "pro", "parts": {"app": "bad", "help": "bad"}})
    any_api.respond(score=9, answers={"parts": {"app": "good"}})
    found = queries.survey_by_key(any_api.workspace_id, "nps")
    assert [each.answers for each in versions_of(found)] == [2]
    draft = queries.draft_of(found.workspace_id, found.id)
    without_pro(draft)
    matrix = draft["questions"][-1]
    matrix["rows"], matrix["columns"] = matrix["rows"][1:], matrix["columns"][1:]
    service.save_draft(found.workspace_id, found.id, draft, now=utcnow())
    told = [(each.code, each.option, each.answers) for each in compared(found, 1, "draft").breaks]
    assert told == [("option_removed", "pro", 1), ("row_removed", "app", 2),
                    ("column_removed", "bad", 1)]  # fmt: skip


def test_the_difference_names_rows_branches_and_thanks(api, survey, staff):
    found = survey()
    draft = queries.draft_of(found.workspace_id, found.id)
    draft["questions"].append(MATRIX)
    service.save_draft(found.workspace_id, found.id, draft, now=utcnow())
    service.publish_survey(found.workspace_id, found.id, now=utcnow())
    draft = queries.draft_of(found.workspace_id, found.id)
    draft["questions"][-1]["rows"][0]["label"]["en"] = "Mobile app"
    draft["questions"][1]["branches"] = [
        {"if": {"question": "plan", "op": "one_of", "value": ["pro"]}, "to": "end"}
    ]
    link = {
        "url": "https://reviews.example/",
        "label": {"en": "Tell others"},
        "shown_to": "everybody",
    }
    draft["thanks"] = {
        "text": {"en": "Thank you."}, "by_category": {"promoter": {"en": "Wow."}}, "link": link,
    }  # fmt: skip
    service.save_draft(found.workspace_id, found.id, draft, now=utcnow())
    page = staff("product").get("/surveys/nps/versions/diff?from=2&to=draft").text
    for words in ("Row app", "Branch 1 · leads to", "Branch 1 · value", "Words of thanks",
                  "Link after the answer", "Words of the link after the answer",
                  "Who sees the link after the answer"):  # fmt: skip
        assert words in page
    assert "Words of thanks · After 9–10 (promoters)" in page
    assert "<code>thanks" not in page
