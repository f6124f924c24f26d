"""Scores through the API, against the contract."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from vocapp.collecting.service import revise_response
from vocapp.database import utcnow
from vocapp.measuring.checking import check_cells
from vocapp.workspaces.service import update_workspace

METRICS = "/api/v1/surveys/nps/metrics"


def send(api, items, survey="nps"):
    answer = api.post(
        "/api/v1/responses/batch", {"responses": [{"survey": survey, **item} for item in items]}
    )
    assert {item["status"] for item in answer.json["items"]} == {201}, answer.json


def nps(promoters, passives, detractors, **fields):
    scores = [9] * promoters + [7] * passives + [0] * detractors
    return [{"score": score, **fields} for score in scores]


def in_account(name, **facts):
    return {"account": {"external_id": name, **facts}}


def segments_of(document):
    return {tuple(segment["by"].values()): segment for segment in document["segments"]}


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        ((50, 30, 20), 14.1, 44.2),
        ((10, 0, 0), 47.5, 100),
        ((5, 3, 2), -19.1, 65.2),
        ((0, 0, 5), -100, -17.5),
    ],
)
def test_nps_intervals_are_those_of_the_reference_table(api, drain_outbox, counts, low, high):
    api.survey()
    send(api, nps(*counts))
    drain_outbox()
    overall = api.get(METRICS).json["overall"]
    assert (round(overall["low"], 1), round(overall["high"], 1)) == (low, high)
    assert overall["value"] == pytest.approx(100 * (counts[0] - counts[2]) / sum(counts))
    assert list(overall["counts"].values()) == list(counts)
    assert overall["design_effect"] == 1.0


def test_csat_is_the_top_two_share_with_wilsons_interval(api, drain_outbox):
    api.survey("csat", kind="csat")
    send(api, [{"score": 4}] * 3 + [{"score": 5}] * 5 + [{"score": 3}, {"score": 1}], "csat")
    drain_outbox()
    overall = api.get("/api/v1/surveys/csat/metrics").json["overall"]
    assert overall["value"] == pytest.approx(80)
    assert (round(overall["low"], 2), round(overall["high"], 2)) == (49.02, 94.33)
    assert overall["counts"] == {"satisfied": 8, "neutral": 1, "dissatisfied": 1}


def test_ces_is_a_mean_with_the_share_of_the_easy(api, drain_outbox):
    api.survey("ces", kind="ces")
    send(api, [{"score": 7}, {"score": 6}, {"score": 5}, {"score": 2}], "ces")
    drain_outbox()
    overall = api.get("/api/v1/surveys/ces/metrics").json["overall"]
    assert (overall["value"], overall["share"]) == (5.0, 75.0)
    assert 1 <= overall["low"] < 5 < overall["high"] <= 7


def test_a_survey_without_answers_says_too_few_and_never_zero(any_api):
    any_api.survey()
    document = any_api.get(METRICS).json
    assert document["overall"]["n"] == 0
    assert document["overall"]["value"] is None
    assert document["overall"]["too_few"] is True
    assert (document["segments"], document["series"]) == ([], [])


def test_one_two_and_three_attributes_split_the_same_answers(any_api, drain_outbox):
    any_api.survey()
    jp_pro = in_account("a", plan="pro", region="jp")
    us_pro = in_account("b", plan="pro", region="us")
    us_free = in_account("c", plan="free", region="us")
    send(
        any_api,
        nps(6, 0, 0, locale="ja", **jp_pro) + nps(4, 1, 0, locale="en", **us_pro)
        + nps(0, 1, 9, locale="en", **us_free) + nps(1, 0, 1),
    )  # fmt: skip
    drain_outbox()
    one = segments_of(any_api.get(f"{METRICS}?by=plan").json)
    assert {key: segment["n"] for key, segment in one.items()} == {
        ("pro",): 11, ("free",): 10, (None,): 2,
    }  # fmt: skip
    two = segments_of(any_api.get(f"{METRICS}?by=plan&by=region").json)
    assert {key: segment["n"] for key, segment in two.items()} == {
        ("pro", "jp"): 6, ("pro", "us"): 5, ("free", "us"): 10, (None, None): 2,
    }  # fmt: skip
    three = any_api.get(f"{METRICS}?by=plan&by=region&by=locale").json
    assert sum(segment["n"] for segment in three["segments"]) == three["overall"]["n"] == 23
    assert any_api.get(f"{METRICS}?by=plan&by=region&by=locale&by=role").status_code == 422


def test_attributes_without_cells_are_scanned(any_api, drain_outbox):
    any_api.survey()
    send(
        any_api,
        nps(2, 0, 0, contact={"external_id": "u", "attributes": {"shoe": 43}}) + nps(0, 0, 1),
    )
    drain_outbox()
    document = any_api.get(f"{METRICS}?by=shoe").json
    assert {key: s["n"] for key, s in segments_of(document).items()} == {("43",): 2, (None,): 1}
    assert document["source"] == "scan"


def test_crossing_counts_the_days_at_the_edges_of_whole_months(any_api, drain_outbox):
    any_api.survey()
    facts = in_account("a", plan="pro", region="jp")
    days = ["2026-01-14", "2026-01-15", "2026-02-10", "2026-03-02", "2026-03-03"]
    send(any_api, [{"score": 9, "answered_at": f"{day}T12:00:00Z", **facts} for day in days])
    drain_outbox()
    path = f"{METRICS}?by=plan&by=region&since=2026-01-15&until=2026-03-02"
    document = any_api.get(path).json
    assert document["segments"][0]["n"] == document["overall"]["n"] == 3


def test_the_period_is_made_of_inclusive_local_days(any_api, drain_outbox):
    update_workspace(any_api.workspace_id, {"time_zone": "Asia/Tokyo"}, now=utcnow())
    any_api.survey()
    # Of the local 1 November: its first and its last millisecond; around it two others.
    for moment in (
        "2026-10-31T23:59:59.999+09:00", "2026-11-01T00:00:00+09:00",
        "2026-11-01T23:59:59.999+09:00", "2026-11-02T00:00:00+09:00",
    ):  # fmt: skip
        any_api.respond(score=9, answered_at=moment)
    drain_outbox()
    one_day = any_api.get(f"{METRICS}?since=2026-11-01&until=2026-11-01&interval=day").json
    assert one_day["time_zone"] == "Asia/Tokyo"
    assert one_day["overall"]["n"] == 2
    by_people = any_api.get(f"{METRICS}?since=2026-11-01&until=2026-11-01&basis=people").json
    assert by_people["overall"]["n"] == 2
    every_day = any_api.get(f"{METRICS}?interval=day").json["series"]
    assert [(point["start"], point["n"]) for point in every_day] == [
        ("2026-10-31", 1), ("2026-11-01", 2), ("2026-11-02", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "last", "day"),
    [  # clocks go forward: the day has 23 hours; back: 25
        ("2026-03-08T05:00:00Z", "2026-03-09T03:59:59Z", "2026-03-08"),
        ("2026-11-01T04:00:00Z", "2026-11-02T04:59:59Z", "2026-11-01"),
    ],
)
def test_days_on_which_clocks_change_are_whole(api, drain_outbox, first, last, day):
    update_workspace(api.workspace_id, {"time_zone": "America/New_York"}, now=utcnow())
    api.survey()
    api.respond(score=9, answered_at=first)
    api.respond(score=9, answered_at=last)
    drain_outbox()
    series = api.get(f"{METRICS}?interval=day&since={day}&until={day}").json["series"]
    assert [(point["start"], point["n"]) for point in series] == [(day, 2)]


@pytest.mark.parametrize(
    ("interval", "starts"),
    [
        ("day", ["2026-01-31", "2026-02-01", "2026-04-01"]),
        ("week", ["2026-01-26", "2026-03-30"]),
        ("month", ["2026-01-01", "2026-02-01", "2026-04-01"]),
        ("quarter", ["2026-01-01", "2026-04-01"]),
    ],
)
def test_series_begin_where_periods_begin(api, drain_outbox, interval, starts):
    api.survey()
    for day in ("2026-01-31", "2026-02-01", "2026-04-01"):
        api.respond(score=9, answered_at=f"{day}T12:00:00Z")
    drain_outbox()
    series = api.get(f"{METRICS}?interval={interval}").json["series"]
    assert [point["start"] for point in series] == starts


def test_below_min_n_there_is_no_score_and_no_verdict(api, drain_outbox):
    api.survey()
    send(api, nps(4, 0, 0, **in_account("a", plan="pro")))
    send(api, nps(0, 0, 9, **in_account("b", plan="free")))
    drain_outbox()
    segments = segments_of(api.get(f"{METRICS}?by=plan&min_n=5").json)
    small, large = segments[("pro",)], segments[("free",)]
    assert (small["n"], small["value"], small["low"], small["high"]) == (4, None, None, None)
    assert small["too_few"] is True
    assert (small["p_value"], small["differs"]) == (None, None)
    assert "too_few" not in large
    assert large["value"] == -100


def test_segments_are_tested_against_the_rest(api, drain_outbox):
    api.survey()
    send(api, nps(30, 5, 5, **in_account("a", plan="pro")))
    send(api, nps(5, 5, 30, **in_account("b", plan="free")))
    send(api, nps(14, 12, 14, **in_account("c", plan="team")))
    drain_outbox()
    segments = segments_of(api.get(f"{METRICS}?by=plan").json)
    assert {key[0]: segment["differs"] for key, segment in segments.items()} == {
        "pro": True, "free": True, "team": False,
    }  # fmt: skip
    assert segments[("pro",)]["p_value"] < 0.001
    assert segments[("team",)]["p_value"] > 0.5


def test_people_and_accounts_count_with_their_latest_answer(any_api, drain_outbox):
    any_api.survey()
    for day, person, account, score in (
        ("2026-01-01", "u1", "a", 9), ("2026-02-01", "u1", "a", 0), ("2026-03-01", "u2", "a", 7),
        ("2026-01-05", "u3", "b", 10), ("2026-01-06", None, None, 9),
    ):  # fmt: skip
        fields = {"contact": {"external_id": person}, **in_account(account)} if person else {}
        any_api.respond(score=score, answered_at=f"{day}T12:00:00Z", **fields)
    drain_outbox()

    def counts(query):
        overall = any_api.get(f"{METRICS}?{query}").json["overall"]
        return tuple(overall["counts"].values()), overall["design_effect"]

    assert counts("basis=people") == ((2, 1, 1), 1.0)
    assert counts("basis=accounts") == ((2, 1, 0), 1.0)
    assert counts("basis=people&until=2026-01-31") == ((3, 0, 0), 1.0)


def test_repeated_people_widen_the_interval(any_api, drain_outbox):
    any_api.survey()
    for person, score in (("u1", 9), ("u2", 0), ("u3", 10), ("u4", 1), ("u5", 9), ("u6", 7)):
        send(any_api, [{"score": score, "contact": {"external_id": person}}] * 4)
    drain_outbox()
    clustered = any_api.get(METRICS).json["overall"]
    assert clustered["n"] == 24
    assert clustered["design_effect"] > 2
    any_api.survey("other")
    send(any_api, [{"score": s} for s in (9, 0, 10, 1, 9, 7) for _ in range(4)], "other")
    drain_outbox()
    single = any_api.get("/api/v1/surveys/other/metrics").json["overall"]
    assert clustered["value"] == single["value"]
    assert clustered["low"] < single["low"]
    assert clustered["high"] > single["high"]


def test_answers_that_wait_are_pending_and_not_in_the_figures(any_api, drain_outbox):
    any_api.survey()
    any_api.respond(score=9)
    before = any_api.get(METRICS).json
    assert (before["pending"], before["overall"]["n"]) == (1, 0)
    drain_outbox()
    after = any_api.get(METRICS).json
    assert (after["pending"], after["overall"]["n"]) == (0, 1)


def test_an_edit_that_waits_changes_no_part_of_the_answer(any_api, drain_outbox):
    any_api.survey()
    facts = {"contact": {"external_id": "u"}, **in_account("a", plan="pro", region="jp")}
    ids = [str(uuid4()) for _ in range(3)]
    for response_id in ids:
        any_api.respond(id=response_id, score=9, answered_at="2026-01-20T12:00:00Z", **facts)
    drain_outbox()
    path = f"{METRICS}?by=plan&by=region&since=2026-01-15"
    counted = any_api.get(path).json
    revise_response(
        any_api.workspace_id, UUID(ids[0]), revision=None, answers={"score": 0}, now=utcnow()
    )
    waiting = any_api.get(path).json
    assert waiting == {**counted, "pending": 1}


def test_a_new_time_zone_moves_answers_to_their_new_days(any_api, drain_outbox):
    any_api.survey()
    any_api.respond(score=9, answered_at="2026-10-31T20:00:00Z")
    drain_outbox()
    assert any_api.get(METRICS).json["series"][0]["start"] == "2026-10-01"
    any_api.patch("/api/v1/workspace", {"time_zone": "Asia/Tokyo"})
    assert any_api.get(METRICS).json["pending"] == 1
    drain_outbox()
    document = any_api.get(METRICS).json
    assert document["time_zone"] == "Asia/Tokyo"
    assert [point["start"] for point in document["series"]] == ["2026-11-01"]
    assert check_cells(any_api.workspace_id).differences == ()


@pytest.mark.parametrize(
    "query",
    [
        "since=2026-02-01&until=2026-01-01", "since=yesterday", "interval=year", "min_n=0",
        "basis=dogs", "by=", "until=9999-12-31", "since=0001-01-01",
    ],
)  # fmt: skip
def test_a_wrong_question_is_refused_by_name(api, query):
    api.survey()
    answer = api.get(f"{METRICS}?{query}")
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")


# --- confidential -----------------------------------------------------------------------


def last_month():
    return (utcnow().replace(day=1) - timedelta(days=10)).isoformat()


def confidential(api, drain, groups):
    api.survey(confidential=True)
    for number, (facts, n) in enumerate(groups):
        account = in_account(f"a{number}", **facts)
        send(api, [{"score": 9, "answered_at": last_month(), **account}] * n)
    drain()


def test_a_small_group_and_its_complement_are_hidden(any_api, drain_outbox):
    confidential(
        any_api, drain_outbox, [({"plan": "free"}, 20), ({"plan": "pro"}, 8), ({"plan": "x"}, 3)]
    )
    document = any_api.get(f"{METRICS}?by=plan").json
    segments = segments_of(document)
    assert segments[("free",)]["n"] == 20
    for key, reason in (("x", "small"), ("pro", "complement")):
        hidden = segments[(key,)]
        assert (hidden["suppressed"], hidden["reason"]) == (True, reason)
        assert [hidden[name] for name in ("n", "value", "low", "high", "counts")] == [None] * 5
        assert (hidden["p_value"], hidden["differs"]) == (None, None)
    assert document["overall"]["n"] == 31


def test_combinations_that_nobody_is_in_are_hidden_where_the_gap_would_tell(api, drain_outbox):
    # The small cell (a, x) could be had from row a, unless an empty combination is hidden, too.
    groups = [
        ({"plan": "a", "region": "x"}, 2), ({"plan": "a", "region": "y"}, 10),
        ({"plan": "b", "region": "x"}, 10),
    ]  # fmt: skip
    confidential(api, drain_outbox, groups)
    segments = segments_of(api.get(f"{METRICS}?by=plan&by=region").json)
    assert segments[("a", "x")]["reason"] == "small"
    assert segments[("b", "y")]["suppressed"] is True
    assert segments[("b", "y")]["n"] is None


def test_a_small_confidential_survey_shows_nothing_at_all(api, drain_outbox):
    confidential(api, drain_outbox, [({"plan": "free"}, 4)])
    document = api.get(f"{METRICS}?by=plan&min_n=1").json
    for figure in (document["overall"], *document["segments"], *document["series"]):
        assert (figure["suppressed"], figure["reason"], figure["n"]) == (True, "small", None)


def test_open_months_of_a_confidential_survey_are_left_out(api, drain_outbox):
    confidential(api, drain_outbox, [({}, 6)])
    send(api, [{"score": 0}] * 7)
    drain_outbox()
    document = api.get(f"{METRICS}?interval=day&until=2199-12-31").json
    assert document["overall"]["n"] == 6
    assert len(document["series"]) == 1


def test_confidential_surveys_allow_two_attributes_and_no_single_response(api, drain_outbox):
    api.survey(confidential=True)
    response_id = api.respond(score=9).json["id"]
    drain_outbox()
    assert api.get(f"{METRICS}?by=plan&by=region&by=role").status_code == 422
    assert api.get(f"{METRICS}?by=plan&by=region").status_code == 200
    assert api.get(f"/api/v1/responses/{response_id}").status_code == 403
