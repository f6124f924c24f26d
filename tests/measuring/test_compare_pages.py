"""The page that puts segments and periods beside one another."""

from __future__ import annotations

import csv
import io
from html import unescape

import pytest

from tests.measuring.sending import in_plan, send

PAGE = "/results/nps/compare"


def words_of(answer):
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


@pytest.fixture
def filled(api, drain_outbox):
    api.survey(name="Relationship")
    send(api, 30, 10, **in_plan("pro"))
    send(api, 10, 30, **in_plan("free"))
    send(api, 2, 0, **in_plan("tiny"))
    send(api, 20, 20, days=70, **in_plan("pro"))
    drain_outbox()
    return api


def test_an_empty_survey_says_what_to_do(api, staff):
    api.survey()
    assert "No answers yet" in words_of(staff("viewer").get(PAGE))


def test_two_segments_stand_side_by_side_with_their_difference(filled, staff):
    page = words_of(staff("viewer").get(f"{PAGE}?period=30&by=plan&a=free&b=pro"))
    assert "pro lies 100 points (" in page
    assert "above free: more than chance would give." in page
    assert "NPS +50 from 40 answers" in page
    assert "NPS −50 from 40 answers" in page


def test_without_a_choice_the_period_is_compared_with_the_one_before(filled, staff):
    page = words_of(staff("viewer").get(f"{PAGE}?period=90&by=plan&a=pro"))
    assert "Too few answers to tell whether it changed against the 90 days before" in page
    again = words_of(staff("viewer").get(f"{PAGE}?period=all&by=plan"))
    assert "Choose two different segments, or a period that has one before it." in again


def test_the_same_segment_twice_is_explained_and_not_compared(filled, staff):
    page = words_of(staff("viewer").get(f"{PAGE}?period=all&by=plan&a=pro&b=pro"))
    assert "Choose two different segments" in page


def test_the_heat_map_has_scores_signs_and_words_for_too_few(filled, staff):
    page = words_of(staff("viewer").get(f"{PAGE}?by=plan"))
    assert 'class="number heat-far-below"' in page
    assert "too few" in page
    rows = list(csv.DictReader(io.StringIO(
        staff("viewer").get("/results/nps/charts/heat.csv?by=plan").text.lstrip("\ufeff")
    )))  # fmt: skip
    found = {(row["Plan"], row["NPS"], row["Answers"], row["Note"]) for row in rows}
    assert ("free", "-50.0", "40", "") in found
    assert ("tiny", "", "2", "too few") in found
    assert sum(int(row["Answers"]) for row in rows) == 122


def test_quarters_hold_the_sum_of_their_months(filled, staff):
    def answers(interval):
        text = staff("viewer").get(f"/results/nps/charts/heat.csv?by=plan&interval={interval}").text
        return sum(int(row["Answers"]) for row in csv.DictReader(io.StringIO(text[1:])))

    assert answers("quarter") == answers("month") == 122


def test_a_confidential_survey_hides_small_cells_and_their_complements(api, staff, drain_outbox):
    api.survey(confidential=True)
    for plan, n in (("free", 20), ("pro", 8), ("secret", 3)):
        send(api, n, 0, days=40, **in_plan(plan))
    send(api, 9, 0, days=0, **in_plan("free"))  # a month that is still open
    drain_outbox()
    text = staff("admin").get("/results/nps/charts/heat.csv?by=plan").text.lstrip("\ufeff")
    found = {
        row["Plan"]: (row["Answers"], row["Note"]) for row in csv.DictReader(io.StringIO(text))
    }
    assert found == {"free": ("20", ""), "pro": ("", "hidden"), "secret": ("", "hidden")}
    page = words_of(staff("admin").get(f"{PAGE}?by=plan&a=free&b=pro"))
    assert "Hidden: one of the two has fewer than 5 answers" in page
    assert "above pro" not in page


def test_a_split_by_an_attribute_without_cells_is_named_as_wrong(filled, staff):
    page = words_of(staff("viewer").get(f"{PAGE}?by=email"))
    assert "Not a valid choice" in page
