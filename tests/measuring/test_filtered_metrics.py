"""Scores of the answers that a filter holds of: from cells where they can tell, else by scan."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from flask_babel import force_locale

from surveys.filters import holds, parse_compact
from vocapp import outbox
from vocapp.database import utcnow
from vocapp.measuring.filter_wording import filter_in_words

METRICS = "/api/v1/surveys/nps/metrics"
START = datetime(2026, 1, 20, 12, tzinfo=UTC)
FILTERS = [
    "plan:in(pro)",
    "plan:not_in(pro);region:in(jp)",
    "plan:empty|region:not_empty",
    "(plan:in(free)|plan:in(pro));channel:in(api)",
    "seats:between(3,8)",
    "plan:in(pro);seats:between(,5)",
]
PERIODS = [{}, {"since": "2026-02-01", "until": "2026-02-28"},
           {"since": "2026-01-25", "until": "2026-03-11"}]  # fmt: skip


def answers(count=60):
    dice = random.Random(5)
    for number in range(count):
        account = {"external_id": f"a{number % 30}-{number}", "attributes": {"seats": number % 11}}
        plan, region = dice.choice(["free", "pro", None]), dice.choice(["jp", "us", None])
        account |= {"plan": plan} if plan else {}
        account |= {"region": region} if region else {}
        yield {
            "survey": "nps", "score": dice.randrange(11), "account": account,
            "answered_at": (START + timedelta(hours=22 * number)).isoformat(),
        }  # fmt: skip


def fill(api, items):
    api.survey()
    for start in range(0, len(items), 100):
        api.post("/api/v1/responses/batch", {"responses": items[start : start + 100]})
    while outbox.work_off("measure", now=utcnow()):
        pass
    return api


@pytest.fixture
def answered(any_api):
    return fill(any_api, list(answers()))


def ask(api, **query):
    answer = api.get(METRICS, query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json


def expected(text, since="0000", until="9999"):
    """Scores by month, from the answers as they were sent."""
    found = {}
    for answer in answers():
        facts = answer["account"] | answer["account"]["attributes"] | {"channel": "api"}
        day = answer["answered_at"][:10]
        if since <= day <= until and holds(parse_compact(text), facts):
            month = found.setdefault(day[:7], [0, 0, 0])
            month[0 if answer["score"] >= 9 else 1 if answer["score"] >= 7 else 2] += 1
    return found


def test_a_filter_counts_the_answers_it_holds_of(answered):
    for text in FILTERS:
        for period in PERIODS:
            check_filter(answered, text, period)


def check_filter(answered, text, period):
    months = expected(text, **period)
    found = ask(answered, filter=text, **period)
    assert {s["start"][:7]: list(s["counts"].values()) for s in found["series"]} == months
    total = [sum(counts) for counts in zip(*months.values(), strict=True)]
    assert list(found["overall"]["counts"].values()) == total
    assert found["source"] == ("scan" if "seats" in text else "cells")


def test_the_answer_names_its_filter_in_one_form(answered):
    found = ask(answered, filter="region:in(us,jp,us);plan:empty")
    assert found["filter"] == "plan:empty;region:in(jp,us)"
    assert (ask(answered)["filter"], ask(answered)["as_of"]) == (None, "answer")


def test_a_filter_by_a_value_counts_what_the_split_counts(answered):
    for basis in ("responses", "people", "accounts"):
        split = ask(answered, by="plan", basis=basis)
        pro = next(s for s in split["segments"] if s["by"] == {"plan": "pro"})
        filtered = ask(answered, filter="plan:in(pro)", basis=basis)
        assert filtered["overall"]["counts"] == pro["counts"]


def test_split_and_filter_work_together(answered):
    crossed = ask(answered, by=["plan", "region"])
    by_region = ask(answered, by="region", filter="plan:in(free)")
    wanted = {s["by"]["region"]: s["n"] for s in crossed["segments"] if s["by"]["plan"] == "free"}
    assert {s["by"]["region"]: s["n"] for s in by_region["segments"]} == wanted


def test_days_and_weeks_are_filtered_with_the_same_result(answered):
    found = [
        ask(answered, filter="plan:in(pro)", interval=interval)
        for interval in ("day", "week", "month", "quarter")
    ]
    assert {document["source"] for document in found} == {"cells"}
    assert all(document["overall"] == found[0]["overall"] for document in found)
    for document in found:
        assert sum(part["n"] for part in document["series"]) == found[0]["overall"]["n"]


def test_values_beyond_the_hundredth_are_not_lost_in_the_rest(api):
    regions = [f"r{number:03}" for number in range(102)]
    items = [
        {"survey": "nps", "score": 9, "account": {"external_id": region, "region": region}}
        for region in regions
    ]
    fill(api, items)
    seen = [ask(api, filter=f"region:in({region})") for region in regions]
    assert [found["overall"]["n"] for found in seen] == [1] * 102
    assert [found["source"] for found in seen].count("scan") == 2
    assert ask(api, filter="region:not_in(r000)")["overall"]["n"] == 101


def test_as_of_today_asks_the_facts_of_today(any_api, drain_outbox):
    any_api.survey()
    any_api.respond(score=9, account={"external_id": "a", "plan": "free"})
    any_api.post("/api/v1/accounts", {"external_id": "a", "plan": "pro"})
    any_api.respond(score=3)
    drain_outbox()
    then = ask(any_api, filter="plan:in(pro)")
    today = ask(any_api, filter="plan:in(pro)", as_of="today")
    assert (then["overall"]["n"], then["source"], then["as_of"]) == (0, "cells", "answer")
    assert (today["overall"]["n"], today["source"], today["as_of"]) == (1, "scan", "today")
    split = ask(any_api, by=["plan", "channel"], as_of="today")
    assert {tuple(s["by"].values()) for s in split["segments"]} == {("pro", "api"), (None, "api")}


def test_a_filter_that_cannot_be_read_is_refused_with_its_place(api):
    api.survey()
    answer = api.get(METRICS, query_string={"filter": "plan:like(x)"})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "filter"
    assert "at 6" in answer.json["errors"][0]["message"]


@pytest.mark.parametrize(
    "query", [{"filter": "plan:in(pro)"}, {"as_of": "today"}, {"basis": "people"}]
)
def test_a_confidential_survey_has_one_view_of_its_answers(api, query):
    api.survey(confidential=True)
    answer = api.get(METRICS, query_string=query)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == next(iter(query))


def test_the_results_page_tells_its_filter_and_keeps_it(staff, api):
    fill(api, list(answers()))
    page = staff("viewer").get("/results/nps?period=all&filter=plan:in(pro)").text
    assert "Only answers with: Plan is pro." in page
    assert page.count('name="filter" value="plan:in(pro)"') == 2
    assert "filter=plan:in(pro)&amp;interval=week" in page.replace("%28", "(").replace("%29", ")")


def test_the_page_of_a_confidential_survey_says_that_it_is_not_filtered(staff, api):
    api.survey(confidential=True)
    page = staff("viewer").get("/results/nps?filter=plan:in(pro)&basis=people")
    assert page.status_code == 200
    assert "A confidential survey cannot be filtered." in page.text
    assert "the latest of each person" not in page.text


def test_a_filter_that_cannot_be_read_is_said_on_the_page(staff, api):
    fill(api, list(answers()))
    page = staff("viewer").get("/results/nps?period=all&filter=plan:in(").text
    assert "The filter of this address cannot be read (at 9)." in page


@pytest.mark.parametrize(
    ("locale", "text", "words"),
    [
        ("en", "plan:in(pro,team);region:empty", "Plan is pro or team, and Region is not known"),
        ("en", "(plan:empty;a:not_in(x,y))|seats:between(10,)",
         "(Plan is not known, and a is not x nor y), or seats is 10 or more"),
        ("en", "since:between(2026-01-01,2026-01-31)", "since is from 2026-01-01 to 2026-01-31"),
        ("ja", "plan:in(pro,team);seats:between(,9)", "プランがproまたはteam、かつseatsが9以下"),
    ],
)  # fmt: skip
def test_filters_are_told_in_words(app, locale, text, words):
    with app.test_request_context(), force_locale(locale):
        assert filter_in_words(parse_compact(text)) == words
