"""Reportable attributes: chosen by the administrator, counted exactly, their cost told first."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from surveys.attributes import DEFAULT, Reportable
from vocapp.database import utcnow
from vocapp.measuring import attribute_sample
from vocapp.measuring.attribute_costs import attribute_costs
from vocapp.measuring.checking import cell_stats, check_cells
from vocapp.measuring.reportable import change_reportable
from vocapp.measuring.sample_keeping import latest_sample

METRICS = "/api/v1/surveys/nps/metrics"
CHOICE = "/api/v1/reportable-attributes"
PAGE = "/settings/segments"
BANDED = {"attributes": [{"name": "team"}, {"name": "seats", "edges": [10, 50]}]}


def answers(count):
    """Every day two answers: two teams, forty sizes."""
    return [
        {
            "survey": "nps",
            "score": (7 * number) % 11,
            "answered_at": datetime(2026, 1, 1 + number // 2 % 28, 12, tzinfo=UTC).isoformat(),
            "account": {
                "external_id": f"a{number}", "plan": ("free", "pro")[number % 2],
                "attributes": {"team": ("red", "blue")[number % 2], "seats": number},
            },
        }
        for number in range(count)
    ]  # fmt: skip


@pytest.fixture
def answered(any_api, drain_outbox):
    any_api.survey()
    any_api.post("/api/v1/responses/batch", {"responses": answers(80)})
    drain_outbox()
    return any_api


def segments(api, *by):
    document = api.get(METRICS, query_string=[("by", name) for name in by]).json
    found = {tuple(s["by"].values()): s["n"] for s in document["segments"]}
    return found, document["source"]


def put(api, body):
    return api._call("PUT", CHOICE, json=body)


def test_without_a_choice_the_default_is_reportable(api):
    names = [item["name"] for item in api.get(CHOICE).json["attributes"]]
    assert names == [item.name for item in DEFAULT]


def test_a_chosen_attribute_is_answered_from_cells_after_the_recount(answered, drain_outbox):
    by_scan = segments(answered, "team")
    assert put(answered, BANDED).json["attributes"][1] == {"name": "seats", "edges": [10, 50]}
    waiting = segments(answered, "team")
    drain_outbox()
    counted = segments(answered, "team")
    assert by_scan == waiting == ({("blue",): 40, ("red",): 40}, "scan")
    assert counted == ({("blue",): 40, ("red",): 40}, "cells")
    crossed, source = segments(answered, "seats", "team")
    assert source == "cells"
    assert crossed[("<10", "red")] == 5
    assert crossed[("10-<50", "blue")] == 20
    check = check_cells(answered.workspace_id)
    assert (check.differences, check.not_current) == ((), 0)


def test_bands_hold_in_a_scan_and_when_they_move(answered, drain_outbox):
    put(answered, BANDED)
    drain_outbox()
    assert segments(answered, "seats", "plan")[1] == "scan"
    assert segments(answered, "seats", "plan")[0][("<10", "pro")] == 5
    put(answered, {"attributes": [{"name": "seats", "edges": [40]}]})
    drain_outbox()
    assert segments(answered, "seats") == ({("<40",): 40, (">=40",): 40}, "cells")
    assert check_cells(answered.workspace_id).differences == ()


def test_values_of_former_choices_leave_their_places_to_new_ones(answered, drain_outbox):
    put(answered, {"attributes": [{"name": "seats"}]})
    drain_outbox()
    put(answered, {"attributes": [{"name": "plan"}]})
    drain_outbox()
    put(answered, {"attributes": [{"name": "seats", "edges": [10]}]})
    drain_outbox()
    assert segments(answered, "seats") == ({("<10",): 10, (">=10",): 70}, "cells")


def test_answers_that_arrive_between_choice_and_recount_are_counted_once(answered, drain_outbox):
    put(answered, BANDED)
    answered.respond(score=9, account={"external_id": "late", "attributes": {"team": "red"}})
    drain_outbox()
    assert segments(answered, "team")[0] == {("blue",): 40, ("red",): 41}
    assert check_cells(answered.workspace_id).differences == ()


def test_the_same_choice_again_counts_nothing_anew(answered, drain_outbox):
    put(answered, BANDED)
    drain_outbox()
    wanted = (Reportable("team"), Reportable("seats", (10, 50)))
    assert not change_reportable(answered.workspace_id, wanted, actor_user_id=None, now=utcnow())


@pytest.mark.parametrize(
    ("attributes", "field"),
    [
        ([], "attributes"),
        ([{"name": f"a{number}"} for number in range(21)], "attributes"),
        ([{"name": "plan"}, {"name": "plan"}], "attributes[1].name"),
        ([{"name": " "}], "attributes[0].name"),
        ([{"name": "seats", "edges": [50, 10]}], "attributes[0].edges"),
        ([{"name": "seats", "edges": list(range(21))}], "attributes[0].edges"),
        ([{"name": "tenure_band", "edges": [1]}], "attributes[0].edges"),
    ],
)
def test_a_wrong_choice_is_refused_with_its_place(api, attributes, field):
    answer = put(api, {"attributes": attributes})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == [field]


# --- cost -------------------------------------------------------------------------------


def costs(workspace_id, chosen):
    latest = latest_sample(workspace_id, time_zone="UTC", now=utcnow())
    return attribute_costs(latest.sample, chosen)


def test_the_cost_told_is_what_the_cells_come_to(answered, drain_outbox):
    """Told before saving, compared with the cells after it."""
    wanted = (Reportable("team"), Reportable("seats", (10, 50)), Reportable("plan"))
    told = costs(answered.workspace_id, wanted)
    change_reportable(answered.workspace_id, wanted, actor_user_id=None, now=utcnow())
    drain_outbox()
    stats = cell_stats(answered.workspace_id)
    assert told.answers == stats.answers == 80
    assert told.cells_per_answer == pytest.approx(stats.cells / stats.answers)


def test_the_cost_of_one_attribute_is_the_difference_it_makes(answered):
    workspace_id = answered.workspace_id
    with_plan = costs(workspace_id, (Reportable("plan"),))
    for seen in with_plan.attributes:
        others = tuple({Reportable("plan")} - {seen.reportable})
        without = costs(workspace_id, others).cells_per_answer
        together = (*others, seen.reportable)
        total = costs(workspace_id, together).cells_per_answer
        assert seen.cost == pytest.approx(total - without)


def test_the_cost_is_the_same_where_only_some_of_a_month_is_read(answered, monkeypatch):
    """Two teams are two cells of the month, whose eighty answers bear them."""
    everything = costs(answered.workspace_id, (Reportable("team"),)).attributes[0].cost
    monkeypatch.setattr(attribute_sample, "MOST_ANSWERS", 10)
    monkeypatch.setattr(attribute_sample, "LEAST_OF_A_SURVEY", 10)
    some = costs(answered.workspace_id, (Reportable("team"),))
    assert some.answers == 10
    assert some.attributes[0].cost == pytest.approx(everything) == pytest.approx(2 / 80)


def test_many_numbers_are_offered_in_bands(answered):
    found = costs(answered.workspace_id, DEFAULT)
    seats = next(seen for seen in found.attributes if seen.reportable.name == "seats")
    assert (seats.distinct, seats.share, seats.is_number) == (80, 1.0, True)
    assert 2 <= len(seats.reportable.edges) <= 3


# --- page -------------------------------------------------------------------------------


def test_the_page_tells_the_cost_without_saving_and_then_saves(staff, api, drain_outbox):
    api.survey()
    api.post("/api/v1/responses/batch", {"responses": answers(30)})
    drain_outbox()
    admin = staff("admin")
    assert "seats" in admin.get(PAGE).text
    form = {"attribute": ["team", "seats"], "edges:seats": "10, 50"}
    preview = admin.post(PAGE, form | {"action": "preview"})
    assert preview.status_code == 200
    assert "Nothing is saved yet" in preview.text
    assert len(api.get(CHOICE).json["attributes"]) == len(DEFAULT)
    assert admin.post(PAGE, form | {"action": "save"}).status_code == 303
    assert api.get(CHOICE).json["attributes"] == [
        {"name": "team", "edges": []}, {"name": "seats", "edges": [10, 50]},
    ]  # fmt: skip
    assert "changed the reportable attributes" in admin.get("/settings/audit").text
    drain_outbox()
    assert ">team</option>" in admin.get("/results/nps").text


@pytest.mark.parametrize("edges", ["ten", "50, 10", "nan"])
def test_bands_that_cannot_be_read_are_named_on_the_page(staff, edges):
    answer = staff("admin").post(
        PAGE, {"attribute": ["seats"], "edges:seats": edges, "action": "save"}
    )
    assert answer.status_code == 422
    assert "seats:" in answer.text


def test_only_administrators_choose(staff):
    assert staff("viewer").get(PAGE).status_code == 403
