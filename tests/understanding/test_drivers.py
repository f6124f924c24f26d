"""From answers to what moves the score: the job, the page, the machine interface."""

from __future__ import annotations

from csv import DictReader
from datetime import timedelta
from html import unescape
from io import StringIO
from random import Random
from xml.etree import ElementTree

import pytest
from sqlalchemy import update

from vocapp import outbox
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.database import transaction, utcnow
from vocapp.outbox import Pending
from vocapp.understanding import service as understanding
from vocapp.understanding.drivers import sampling, service
from vocapp.understanding.drivers.models import DriverReport

WRONG = "The invoice was wrong again, we were billed twice."


@pytest.fixture(autouse=True)
def static_encoder(monkeypatch):
    """The encoder that is always there; the other one is slow to load."""
    monkeypatch.setattr(understanding, "preferred_encoder", lambda: "static")


def send(api, n, *, survey="nps", days_ago=1):
    """Answers of which those about invoices are bad, and those of plan "pro" good."""
    random = Random(4)
    moment = (utcnow() - timedelta(days=days_ago)).isoformat()
    items = []
    for number in range(n):
        wrong, plan = random.random() < 0.3, random.choice(("free", "pro"))
        score = min(10, max(0, round(random.gauss(7 - 5 * wrong + 2 * (plan == "pro"), 1.5))))
        item = {"survey": survey, "score": score, "answered_at": moment}
        account = f"a-{plan}-{number % 20}"
        item |= {"account": {"external_id": account, "plan": plan, "region": "EU"}}
        items.append(item | ({"comment": WRONG} if wrong else {"comment": "We use it every week."}))
    answer = api.post("/api/v1/responses/batch", {"responses": items})
    assert {item["status"] for item in answer.json["items"]} == {201}, answer.json


def compute(api, drain_outbox, key="nps"):
    """As if it were night."""
    with transaction() as session:
        session.execute(
            update(Pending).where(Pending.kind == service.DRIVERS).values(due_at=utcnow())
        )
    assert drain_outbox() == []
    return api.get(f"/api/v1/surveys/{key}/drivers").json


def waiting(api):
    with transaction() as session:
        return outbox.pending_count(session, api.workspace_id, service.DRIVERS)


def words_of(answer):
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def test_a_night_after_answers_came_the_drivers_are_known(any_api, drain_outbox):
    any_api.survey()
    before = any_api.get("/api/v1/surveys/nps/drivers").json
    assert (before["computed_at"], before["drivers"], before["computing"]) == (None, [], False)
    send(any_api, 300)
    drain_outbox()
    assert waiting(any_api) == 1  # one for tonight, however many answers
    assert any_api.get("/api/v1/surveys/nps/drivers").json["computed_at"] is None
    found = compute(any_api, drain_outbox)
    assert (found["n"], found["sampled"], found["method"]) == (300, 300, "shapley")
    assert found["reason"] is None
    first, second = found["drivers"][:2]
    assert (first["type"], first["key"]) == ("theme", "billing")
    assert first["low"] > 0
    assert first["effects"][0]["points"] < -30
    assert (second["type"], second["key"]) == ("attribute", "plan")
    points = {effect["value"]: effect["points"] for effect in second["effects"]}
    assert points["pro"] > 0 > points["free"]
    assert sum(driver["share"] for driver in found["drivers"]) == pytest.approx(found["r_squared"])
    assert {"type": "attribute", "key": "region", "reason": "constant"} in found["left_out"]


def test_a_survey_that_nobody_answers_is_not_computed_every_night(api, drain_outbox):
    api.survey()
    send(api, 3)
    drain_outbox()
    compute(api, drain_outbox)
    assert waiting(api) == 0
    send(api, 1)
    drain_outbox()
    assert waiting(api) == 1


def test_too_few_answers_are_said_to_be_too_few(api, staff, drain_outbox):
    api.survey()
    send(api, 99)
    drain_outbox()
    found = compute(api, drain_outbox)
    assert (found["reason"], found["minimum_n"], found["drivers"]) == ("too_few", 100, [])
    page = words_of(staff("viewer").get("/results/nps/drivers"))
    assert "99 answers can be used; with this many themes and attributes it takes 100." in page


def test_answers_whose_comment_was_not_read_yet_or_that_are_old_do_not_count(api, drain_outbox):
    api.survey()
    send(api, 5, days_ago=sampling.DAYS + 2)
    send(api, 7)
    drain_outbox()
    send(api, 11)  # waits for analysis
    with transaction() as session:
        survey = session.query(Survey).one()
        sample = sampling.read_sample(session, survey, time_zone="UTC", now=utcnow(), seed=1)
    assert (sample.answers, len(sample.points)) == (7, 7)


def test_of_many_answers_a_seeded_sample_is_drawn(api, drain_outbox, monkeypatch):
    monkeypatch.setattr(sampling, "MOST_ANSWERS", 40)
    api.survey()
    send(api, 120)
    drain_outbox()

    def draw(seed):
        with transaction() as session:
            survey = session.query(Survey).one()
            return sampling.read_sample(session, survey, time_zone="UTC", now=utcnow(), seed=seed)

    sample, again, other = draw(1), draw(1), draw(2)
    assert (sample.answers, len(sample.points)) == (120, 40)
    assert sample.points.tolist() == again.points.tolist() != other.points.tolist()


def test_a_confidential_survey_has_no_drivers(api, staff, drain_outbox):
    """Points of many groups, each with its n, are equations from which a few could be had."""
    api.survey(confidential=True)
    send(api, 130, days_ago=40)
    drain_outbox()
    refused = compute(api, drain_outbox)
    assert refused["status"] == 403
    assert "confidential" in refused["detail"]
    with transaction() as session:
        assert session.query(DriverReport).count() == 0
    person = staff("product")
    assert "Not shown of a confidential survey" in words_of(person.get("/results/nps/drivers"))
    assert person.post("/results/nps/drivers").status_code == 302
    assert waiting(api) == 0
    assert "/results/nps/drivers" not in person.get("/results/nps").text


def test_a_report_from_before_a_survey_was_confidential_goes(api, drain_outbox):
    api.survey()
    send(api, 130)
    drain_outbox()
    compute(api, drain_outbox)
    with transaction() as session:
        assert session.query(DriverReport).count() == 1
        session.execute(update(Survey).values(confidential=True))
        survey_id = session.query(Survey).one().id
    service.ask_for_drivers(api.workspace_id, survey_id, now=utcnow())
    drain_outbox()
    with transaction() as session:
        assert session.query(DriverReport).count() == 0


def test_the_page_says_what_moves_the_score_and_that_it_is_no_cause(api, staff, drain_outbox):
    api.survey(name="Relationship")
    person = staff("viewer")
    assert "Nothing computed yet" in words_of(person.get("/results/nps/drivers"))
    send(api, 300)
    drain_outbox()
    compute(api, drain_outbox)
    page = words_of(person.get("/results/nps/drivers"))
    for words in ("Associated, not caused.", "points lower with it", "pro (+",
                  "from 300 answers of", "Region"):  # fmt: skip
        assert words in page, words
    assert 'href="/results/nps/drivers"' in words_of(person.get("/results/nps"))
    assert WRONG not in page


def test_a_press_computes_now_and_pressing_twice_computes_once(api, staff, drain_outbox):
    api.survey()
    send(api, 120)
    drain_outbox()
    person = staff("product")
    for _ in range(2):
        answer = person.post("/results/nps/drivers")
        assert answer.status_code == 302
    assert waiting(api) == 1
    assert "are being computed" in words_of(person.get("/results/nps/drivers"))
    assert "Compute now" not in words_of(person.get("/results/nps/drivers"))
    drain_outbox()
    assert "Associated, not caused." in words_of(person.get("/results/nps/drivers"))
    assert staff("viewer").post("/results/nps/drivers").status_code == 403


def test_an_unknown_survey_is_a_problem_document(api):
    answer = api.get("/api/v1/surveys/nowhere/drivers")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


def test_a_survey_that_is_gone_when_its_turn_comes_leaves_nothing(api, drain_outbox):
    survey = api.survey()
    send(api, 2)
    drain_outbox()
    with transaction() as session:
        session.execute(Response.__table__.delete())
        session.query(Survey).delete()
    assert survey
    with transaction() as session:
        session.execute(
            update(Pending).where(Pending.kind == service.DRIVERS).values(due_at=utcnow())
        )
    assert drain_outbox() == []
    with transaction() as session:
        assert session.query(DriverReport).count() == 0


def test_the_chart_is_a_file_with_the_words_and_numbers_of_the_page(api, staff, drain_outbox):
    api.survey()
    send(api, 200)
    drain_outbox()
    compute(api, drain_outbox)
    person = staff("viewer")
    page = unescape(person.get("/results/nps/drivers").text)
    picture = ElementTree.fromstring(person.get("/results/nps/charts/drivers.svg").text)
    words = picture.findtext("{http://www.w3.org/2000/svg}desc")
    assert words.startswith("Of the differences between answers the largest parts go with: ")
    assert words in page
    rows = list(DictReader(StringIO(person.get("/results/nps/charts/drivers.csv").text[1:])))
    assert all(row["Theme or attribute"] in page for row in rows)
    shares = [float(row["Part of the differences"]) for row in rows]
    assert shares == sorted(shares, reverse=True)


def test_a_confidential_survey_has_no_chart_of_drivers_nor_of_themes(api, staff):
    api.survey("secret", confidential=True)
    person = staff("admin")
    for ending in ("svg", "csv"):
        assert person.get(f"/results/secret/charts/drivers.{ending}").status_code == 404
        assert person.get(f"/themes/charts/effects.{ending}?survey=secret").status_code == 404
