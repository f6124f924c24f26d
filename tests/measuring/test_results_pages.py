"""The results pages: what they say, and what they leave out."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import time_machine

from vocapp.database import utcnow


def send(api, scores, survey="nps", *, days_ago=1, **fields):
    moment = (utcnow() - timedelta(days=days_ago)).isoformat()
    items = [{"survey": survey, "score": s, "answered_at": moment, **fields} for s in scores]
    answer = api.post("/api/v1/responses/batch", {"responses": items})
    assert {item["status"] for item in answer.json["items"]} == {201}, answer.json


def words_of(answer):
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


@pytest.fixture
def within_a_month():
    """A day whose last thirty days are no whole month, which is called by its name."""
    with time_machine.travel(datetime(2026, 11, 18, 3, tzinfo=UTC)):
        yield


def plan(name):
    return {"account": {"external_id": f"a-{name}", "plan": name}}


@pytest.mark.parametrize("role", ["admin", "product", "success", "viewer"])
def test_everybody_who_is_signed_in_sees_the_scores(api, staff, drain_outbox, role):
    api.survey(name="Relationship")
    send(api, [9] * 6 + [0] * 2)
    drain_outbox()
    person = staff(role)
    page = words_of(person.get("/results"))
    assert "Relationship" in page
    assert "NPS +50 from 8 answers; with 95% confidence between" in page
    assert words_of(person.get("/results/nps")).count("+50") >= 1


def test_an_empty_workspace_and_an_empty_survey_say_what_will_be_here(api, staff, drain_outbox):
    person = staff("viewer")
    assert "No results yet" in words_of(person.get("/results"))
    api.survey()
    assert "No answers yet" in words_of(person.get("/results/nps"))
    send(api, [9] * 6, days_ago=400)
    drain_outbox()
    assert "No answers in this period" in words_of(person.get("/results/nps"))
    assert "NPS +100" in words_of(person.get("/results/nps?period=all"))


def test_three_answers_are_too_few_to_tell_and_no_score_is_shown(api, staff, drain_outbox):
    api.survey()
    send(api, [9, 9, 0])
    drain_outbox()
    page = words_of(staff("viewer").get("/results/nps"))
    assert "Too few answers to tell" in page
    assert "A score is shown from 5 answers on." in page
    assert "+33" not in page


def test_the_page_says_how_many_answers_are_being_counted(api, staff, drain_outbox):
    api.survey()
    send(api, [9, 9])
    person = staff("viewer")
    assert "2 answers are being counted" in words_of(person.get("/results/nps"))
    drain_outbox()
    send(api, [9] * 3)
    assert "3 more are being counted" in words_of(person.get("/results/nps"))


def test_segments_that_differ_are_named(api, staff, drain_outbox):
    api.survey()
    send(api, [9] * 30 + [0] * 5, **plan("pro"))
    send(api, [9] * 5 + [0] * 30, **plan("free"))
    send(api, [9] * 2, **plan("tiny"))
    drain_outbox()
    page = words_of(staff("viewer").get("/results/nps?by=plan"))
    assert "Better than the rest: pro." in page
    assert "Worse than the rest: free." in page
    crossed = words_of(staff("viewer").get("/results/nps?by=plan&by2=channel"))
    assert "pro · Interface (API)" in crossed


def test_the_address_holds_the_state_and_every_link_keeps_it(api, staff, drain_outbox):
    api.survey()
    send(api, [9] * 6, days_ago=40)
    send(api, [0] * 6, days_ago=1)
    drain_outbox()
    person = staff("viewer")
    month = words_of(person.get("/results/nps?period=30&by=plan&basis=people"))
    assert "NPS −100 from 6 answers" in month
    link = "/results/nps?period=30&basis=people&by=plan&interval=week"
    assert link in month
    assert '<option selected value="people">' in words_of(person.get(link))
    day = (utcnow() - timedelta(days=40)).date().isoformat()
    custom = words_of(person.get(f"/results/nps?period=custom&since={day}&until={day}"))
    assert "NPS +100 from 6 answers" in custom


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("period=custom&since=2026-02-01&until=2026-01-01", "before the first day"),
        ("period=custom&since=0001-01-01", "between 1900 and 2199"),
        ("period=custom&until=9999-12-31", "between 1900 and 2199"),
        ("period=custom&since=never", "Not a valid date"),
        ("period=7", "Not a valid choice"),
        ("basis=dogs", "Not a valid choice"),
        ("by=email", "Not a valid choice"),
    ],
)
def test_a_wrong_address_is_named_and_still_shows_results(api, staff, drain_outbox, query, words):
    api.survey()
    send(api, [9] * 6)
    drain_outbox()
    page = words_of(staff("viewer").get(f"/results/nps?{query}"))
    assert words in page
    assert "NPS +100" in page


def confidential(api, drain):
    api.survey(confidential=True)
    for name, n in (("free", 20), ("pro", 8), ("secret", 3)):
        send(api, [9] * n, days_ago=40, **plan(name))
    send(api, [0] * 9)
    drain()


def test_small_groups_of_a_confidential_survey_have_no_numbers(
    within_a_month, api, staff, drain_outbox
):
    confidential(api, drain_outbox)
    page = words_of(staff("admin").get("/results/nps?by=plan"))
    assert "This survey is confidential" in page
    assert "Hidden, so that nobody can be recognised: pro, secret." in page
    assert "NPS +100 from 31 answers" in page  # the open month is not in it
    assert "By day" not in page
    table = rows_of(staff("admin").get("/results/nps/charts/segments.csv?by=plan"))
    assert [row["Answers"] for row in table] == ["20", "", ""]
    assert [row["Note"] for row in table] == ["", "hidden", "hidden"]


def test_a_confidential_survey_below_the_floor_shows_nothing(api, staff, drain_outbox):
    api.survey(confidential=True)
    send(api, [9] * 4, days_ago=40)
    drain_outbox()
    page = words_of(staff("admin").get("/results/nps?by=plan"))
    assert "So few answers of a confidential survey are not shown." in page
    assert "+100" not in page
    assert "4 answers" not in page


def rows_of(answer):
    assert answer.status_code == 200
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def test_the_table_downloads_with_formulas_made_harmless(api, staff, drain_outbox):
    api.survey()
    send(api, [9] * 6 + [0], **plan('=HYPERLINK("http://x.example")'))
    send(api, [9] * 2, **plan("pro"))
    drain_outbox()
    person = staff("viewer")
    rows = rows_of(person.get("/results/nps/charts/segments.csv?by=plan"))
    assert [row["Plan"] for row in rows] == ['\'=HYPERLINK("http://x.example")', "pro"]
    assert float(rows[0]["NPS"]) == pytest.approx(100 * 5 / 7)
    assert (rows[0]["Promoters"], rows[0]["Detractors"]) == ("6", "1")
    assert (rows[1]["NPS"], rows[1]["Answers"], rows[1]["Note"]) == ("", "2", "too few")
    course = rows_of(person.get("/results/nps/charts/trend.csv?by=plan"))
    assert sum(int(row["Answers"]) for row in course) == 9


def test_another_workspace_has_no_such_survey(api, staff, new_workspace):
    api.survey()
    stranger = staff("admin", of=new_workspace("Other"))
    assert stranger.get("/results/nps").status_code == 404
    assert "nps" not in words_of(stranger.get("/results")).lower().replace("nps ·", "")


def test_the_list_goes_on_after_twelve_surveys(api, staff):
    for number in range(13):
        api.survey(f"s{number:02}", name=f"Survey {number:02}")
    person = staff("viewer")
    first = words_of(person.get("/results"))
    assert "Survey 12" in first
    assert "Survey 00" not in first
    following = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
    assert "Survey 00" in words_of(person.get(following))


def test_a_viewer_starts_with_the_scores(api, staff, drain_outbox):
    api.survey(name="Relationship")
    send(api, [9] * 6)
    drain_outbox()
    page = words_of(staff("viewer").get("/"))
    assert "Scores of the last 365 days" in page
    assert "+100" in page


def test_the_page_says_what_changed_and_names_the_segments_that_did(
    within_a_month, api, staff, drain_outbox
):
    api.survey()
    send(api, [9] * 45 + [0] * 15, **plan("pro"))
    send(api, [9] * 30 + [0] * 30, days_ago=50, **plan("pro"))
    send(api, [9] * 20 + [0] * 20, **plan("free"))
    send(api, [9] * 20 + [0] * 20, days_ago=50, **plan("free"))
    send(api, [9] * 2, **plan("tiny"))
    drain_outbox()
    page = words_of(staff("viewer").get("/results/nps?period=30"))
    assert "Rose by 31 points (" in page
    assert "against the 30 days before: more than chance would give." in page
    assert "Plan: pro" in page
    assert "Plan: free" not in page
    assert "Tested together: 3 segments with at least 5 answers in both periods" in page


def test_a_difference_that_chance_would_give_is_no_change(within_a_month, api, staff, drain_outbox):
    api.survey()
    send(api, [9] * 12 + [0] * 8)
    send(api, [9] * 10 + [0] * 10, days_ago=50)
    drain_outbox()
    page = words_of(staff("viewer").get("/results/nps?period=30"))
    assert "against the 30 days before: no change that chance would not give." in page
    assert "more answers are needed until the score is known to ±5 points." in page
    assert "Rose" not in page


def test_without_answers_before_there_is_nothing_to_tell_and_all_time_has_no_before(
    api, staff, drain_outbox
):
    api.survey()
    send(api, [9] * 12)
    drain_outbox()
    person = staff("viewer")
    assert "Too few answers to tell whether it changed" in words_of(person.get("/results/nps"))
    assert "What changed" not in words_of(person.get("/results/nps?period=all"))


def test_a_confidential_survey_hides_changes_of_hidden_segments(api, staff, drain_outbox):
    api.survey(confidential=True)
    for days, scores in ((40, [9]), (75, [0])):
        for name, n in (("free", 30), ("pro", 20), ("team", 9), ("secret", 3)):
            send(api, scores * n, days_ago=days, **plan(name))
    drain_outbox()
    first = (utcnow() - timedelta(days=40)).date().replace(day=1)
    page = words_of(staff("admin").get(f"/results/nps?period=custom&since={first}"))
    assert "Rose by 200 points" in page
    assert "Plan: free" in page
    assert "Plan: secret" not in page  # small
    assert "Plan: team" not in page  # its complement
