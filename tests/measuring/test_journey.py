"""The five A's: a survey from the template, answers on its page, the page of the path, its API."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from surveys.journey import STAGES
from surveys.journey_survey import stages_of

KNOWS = {"aware": "offer"}
LIKES = KNOWS | {"appeal": "first"}
ASKED = LIKES | {"ask": "yes"}
BOUGHT = ASKED | {"act": "now"}
WHOLE = BOUGHT | {"advocate": 10}
HABIT = LIKES | {"ask": "no", "act": "now", "advocate": 9}
NOBODY = {"aware": "unknown"}
PAGE = "/results/journey/journey"


@pytest.fixture
def app(any_database) -> Any:
    return any_database


@pytest.fixture
def journey(api):
    """A published survey of the five A's."""
    return api.survey("journey", journey={})


@pytest.fixture
def say(api, drain_outbox):
    """`say(5, WHOLE, plan="pro")`: as many people gave these answers, each their own."""
    number = iter(range(10_000))

    def answer(count: int, given: dict[str, Any], *, survey: str = "journey", **account: Any):
        bodies = []
        for _ in range(count):
            who = f"p{next(number)}"
            body = {"survey": survey, "answers": given}
            body["contact"] = {"external_id": who, "name": f"Person {who}"}
            if account:
                plan = account["plan"]
                body["account"] = {"external_id": f"a-{plan}", "name": plan, "plan": plan}
            bodies.append(body)
        sent = api.post("/api/v1/responses/batch", {"responses": bodies})
        assert sent.status_code == 200
        assert "errors" not in sent.text, sent.text
        assert drain_outbox() == []

    return answer


def told(api, **query: Any) -> Any:
    answer = api.get("/api/v1/surveys/journey/journey", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json


def listed(person, page: str, label: str) -> str:
    """The list that opens where this number of the page is pressed."""
    found = re.search(rf'<a[^>]*href="([^"]+)"[^>]*>{label}</a>', page)
    assert found, label
    return str(person.get(html.unescape(found[1])).text)


def test_a_template_and_questions_of_ones_own_do_not_go_together(api):
    body = {"key": "j", "name": "J", "kind": "csat", "journey": {}}
    assert api.post("/api/v1/surveys", body).status_code == 422
    body = {"key": "j", "name": "J", "kind": "nps", "journey": {"brand": "a\x00"}}
    assert api.post("/api/v1/surveys", body).status_code == 422
    body = {"key": "j", "name": "J", "kind": "nps", "journey": {"brand": "a" * 101}}
    assert api.post("/api/v1/surveys", body).status_code == 422


def test_the_api_takes_who_does_not_know_the_brand_without_a_score(api, journey, drain_outbox):
    taken = api.respond("journey", answers=NOBODY)
    assert taken.status_code == 201
    assert taken.json["score"] is None
    assert drain_outbox() == []
    for wrong, field in (({}, "score"), ({"ask": "yes"}, "answers.aware")):
        refused = api.respond("journey", answers=wrong)
        assert refused.status_code == 422
        assert refused.json["errors"][0]["field"] == field


def _press(api, path: str, page: str, **answers: str) -> Any:
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    typed = {f"q-{key}": value for key, value in answers.items()}
    return api.client.post(path, data=fields | {"step": "whole"} | typed)


def test_the_page_asks_in_order_and_lets_the_score_open(api, journey):
    path = f"/s/{journey['public_id']}"
    page = api.client.get(path).text
    order = [page.index(f'name="q-{stage}"') for stage in STAGES]
    assert order == sorted(order)
    lacking = _press(api, path, page)
    assert lacking.status_code == 422
    assert "Please choose one of the answers." in lacking.text
    done = _press(api, path, page, aware="name", appeal="considered")
    assert "Thank you" in done.text
    assert told(api)["counts"]["appeal"] == 1
    changed = _press(api, path, _press(api, path, done.text, step="change").text, aware="unknown")
    assert changed.status_code == 200


def test_an_empty_page_says_what_it_would_show(staff, api, journey):
    page = staff("viewer").get(PAGE).text
    assert "No answers in this period" in page
    assert told(api)["shape"] is None


def test_the_journey_counts_stages_steps_and_ratios(staff, api, journey, say):
    say(4, WHOLE)
    say(6, HABIT)
    say(5, ASKED)
    say(5, LIKES)
    say(10, KNOWS)
    say(3, NOBODY)
    say(1, {"aware": "unknown", "act": "before"})  # buying is knowing
    found = told(api)
    assert found["asked"] == 34
    assert found["counts"] == {"aware": 31, "appeal": 20, "ask": 9, "act": 11, "advocate": 10}
    by_name = {each["name"]: each for each in found["conversions"]}
    assert by_name["attraction"]["passed"]["value"] == pytest.approx(100 * 20 / 31)
    assert by_name["commitment"]["passed"]["value"] == pytest.approx(100 * 4 / 9)
    assert by_name["commitment"]["skipped"] == 7
    assert by_name["commitment"]["per_100_before"]["value"] == pytest.approx(100 * 11 / 9)
    assert found["purchase_action_ratio"]["value"] == pytest.approx(100 * 11 / 31)
    assert found["brand_advocacy_ratio"]["value"] == pytest.approx(100 * 10 / 31)
    assert sum(found["shape"]["chances"].values()) == pytest.approx(1)
    page = staff("viewer").get(PAGE).text
    assert "1 person said not to know the brand" in page
    assert "/results/journey/journey" in staff("viewer").get("/results/journey").text


def test_each_number_opens_the_people_behind_it(staff, api, journey, say):
    say(6, WHOLE)
    say(7, HABIT)
    say(5, KNOWS)
    say(2, NOBODY)
    viewer = staff("viewer")
    page = viewer.get(PAGE).text
    assert "13 answers" in listed(viewer, page, "Act")
    links = {html.unescape(each) for each in re.findall(r'href="([^"]*at=[^"]*)"', page)}
    counts = {
        re.search(r"at=([^&]*)(&not_at=\w+)?", each)[0]: viewer.get(each).text for each in links
    }
    assert "7 answers" in counts["at=act&not_at=ask"]
    assert "6 answers" in counts["at=ask,act"]
    assert "18 answers" in counts["at=aware"]
    assert "20 answers" in counts["at=asked"]
    assert "Stages: Act; not: Ask" in counts["at=act&not_at=ask"]
    file = viewer.get("/results/journey/answers?at=act&not_at=ask&basis=people")
    assert file.status_code == 200
    assert viewer.get("/results/journey/answers?at=nowhere").status_code == 422


def test_only_the_latest_answer_of_a_person_counts(staff, api, journey, say):
    for given in (KNOWS, WHOLE, LIKES):
        api.respond("journey", answers=given, contact={"external_id": "same"})
    say(1, KNOWS)
    assert told(api)["counts"] == {"aware": 2, "appeal": 1, "ask": 0, "act": 0, "advocate": 0}
    person = staff("viewer")
    assert "1 answer," in person.get("/results/journey/answers?at=appeal&basis=people").text
    assert "No answers here" in person.get("/results/journey/answers?at=act&basis=people").text


def test_few_people_are_counted_and_not_judged(staff, api, journey, say):
    say(4, WHOLE)
    page = staff("viewer").get(PAGE).text
    assert "too few to tell a shape" in page
    assert "Too few people know the brand" in page
    assert page.count(">too few<") == 3


def test_segments_and_brands_are_marked_only_where_they_differ(staff, api, journey, say):
    api.survey("acme", journey={"brand": "Acme"})
    api.survey("secret", journey={"brand": "Hidden"}, confidential=True)
    say(30, WHOLE, plan="pro")
    say(30, KNOWS, plan="free")
    say(30, WHOLE, survey="acme")
    say(30, ASKED, survey="acme")
    found = told(api, by="plan")
    segments = {each["value"]: each for each in found["segments"]}
    assert segments["pro"]["counts"]["act"] == 30
    assert {each["rate"] for each in segments["pro"]["differs"]} >= {"attraction", "par", "bar"}
    (brand,) = found["brands"]
    assert brand["survey"] == "acme"
    assert {each["rate"] for each in brand["differs"]} == {"attraction", "commitment"}
    viewer = staff("viewer")
    page = viewer.get(f"{PAGE}?by=plan").text
    assert "higher" in page
    assert "in.plan=free" in page
    assert (
        "30 answers" in viewer.get("/results/journey/answers?in.plan=pro&at=act&basis=people").text
    )
    rows = viewer.get("/results/journey/journey.csv?by=plan").text.splitlines()
    assert [row.split(",")[:4] for row in rows[1:]] == [
        ["all", "journey", "60", "60"], ["plan", "free", "30", "30"], ["plan", "pro", "30", "30"],
        ["survey", "acme", "60", "60"],
    ]  # fmt: skip
    assert told(api)["segments"] == []


def test_days_are_half_open_and_local(api, journey):
    for day in ("2026-03-01T12:00:00Z", "2026-04-01T12:00:00Z"):
        api.respond("journey", answers=KNOWS, answered_at=day)
    assert told(api, since="2026-03-01", until="2026-04-01")["asked"] == 1
    assert told(api, until="2026-03-01")["asked"] == 0
    wrong = {"since": "2026-04-01", "until": "2026-03-01"}
    assert api.get("/api/v1/surveys/journey/journey", query_string=wrong).status_code == 422
    unknown = {"by": "shoe_size"}
    assert api.get("/api/v1/surveys/journey/journey", query_string=unknown).status_code == 422


def test_other_surveys_have_none_and_a_confidential_one_shows_none(staff, api):
    api.survey("plain")
    api.survey("secret", journey={}, confidential=True)
    viewer = staff("viewer")
    assert viewer.get("/results/plain/journey").status_code == 409
    assert api.get("/api/v1/surveys/plain/journey").status_code == 409
    assert "journey" not in viewer.get("/results/plain").text
    assert "Not shown of a confidential survey" in viewer.get("/results/secret/journey").text
    for path in ("journey.csv", "journey/charts/path.csv"):
        assert viewer.get(f"/results/secret/{path}").status_code == 403
    assert api.get("/api/v1/surveys/secret/journey").status_code == 403
    assert viewer.get("/results/plain/answers?at=act").status_code == 422


def test_files_have_the_numbers_of_the_page(staff, api, journey, say):
    say(6, WHOLE)
    viewer = staff("viewer")
    for name in ("path", "steps", "shape"):
        assert viewer.get(f"{PAGE}/charts/{name}.svg").status_code == 200
        assert viewer.get(f"{PAGE}/charts/{name}.csv").status_code == 200
    assert "Act,6,1.0" in viewer.get(f"{PAGE}/charts/path.csv").text


def test_stages_are_counted_as_the_pure_module_counts_them(api, journey, say):
    """The database decides by the same answers as `stages_of`."""
    cases = [
        {"aware": aware, "appeal": appeal, "act": act, "advocate": score}
        for aware in ("offer", "unknown")
        for appeal in ("considered", "no")
        for act in ("before", "no")
        for score in (8, 9)
    ]
    for case in cases:
        say(1, case)
    expected = {stage: sum(stage in stages_of(case) for case in cases) for stage in STAGES[1:]}
    counts = told(api)["counts"]
    assert {stage: counts[stage] for stage in STAGES[1:]} == expected
