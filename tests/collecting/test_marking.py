"""Answers that are marked: why, that they count, and the score without them."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from surveys.response_quality import (
    LEAST_TO_COMPARE,
    SCALES_OF_A_LINE,
    answered_before,
    is_speeder,
    is_straight_line,
)
from tests.collecting.test_pages import press
from vocapp import outbox
from vocapp.collecting.marking import mark_same_text
from vocapp.collecting.models import Response, ResponseMark, TextPrint
from vocapp.collecting.public import edit_token
from vocapp.database import snapshot, utcnow

SCALES = [
    {"key": "score", "kind": "nps"},
    *({"key": f"ease{n}", "kind": "ces", "text": f"Was {n} easy?"} for n in range(4)),
]


def marks(response_id: str) -> set[str]:
    with snapshot() as session:
        found = select(ResponseMark.reason).where(ResponseMark.response_id == UUID(response_id))
        return set(session.scalars(found))


def stored(model: Any) -> list[Any]:
    with snapshot() as session:
        return list(session.scalars(select(model)))


@given(st.lists(st.integers(0, 10), max_size=30))
def test_a_line_is_straight_where_nothing_differs_and_there_is_enough_of_it(points):
    expected = len(points) >= SCALES_OF_A_LINE and min(points) == max(points)
    assert is_straight_line(points) == expected
    assert is_straight_line(points[::-1]) == expected


@given(st.lists(st.timedeltas(timedelta(days=-9), timedelta(days=9)), max_size=9))
def test_of_two_answers_of_a_person_the_first_is_never_marked(apart):
    times = [utcnow() + each for each in dict.fromkeys(apart)]
    for at in times:
        others = [other for other in times if other != at]
        if all(at < other for other in others):
            assert not answered_before(at, others)


def test_the_same_number_everywhere_is_marked(any_api):
    any_api.survey(questions=SCALES)
    line = {f"ease{n}": 5 for n in range(4)} | {"score": 5}
    straight = any_api.respond(answers=line).json["id"]
    bent = any_api.respond(answers=line | {"ease3": 4}).json["id"]
    few = any_api.respond(answers={"score": 5, "ease0": 5, "ease1": 5}).json["id"]
    assert [marks(each) for each in (straight, bent, few)] == [{"straight_line"}, set(), set()]


def test_the_same_column_in_every_row_of_a_table_is_marked(any_api):
    rows = [{"key": f"row{n}", "label": f"Row {n}"} for n in range(4)]
    columns = [{"key": key, "label": key} for key in ("bad", "good")]
    table = {"key": "table", "kind": "matrix", "text": "How?", "rows": rows, "columns": columns}
    any_api.survey(questions=[{"key": "score", "kind": "nps"}, table])
    line = {f"row{n}": "good" for n in range(4)}
    straight = any_api.respond(answers={"score": 9, "table": line}).json["id"]
    bent = any_api.respond(answers={"score": 9, "table": line | {"row1": "bad"}}).json["id"]
    assert [marks(each) for each in (straight, bent)] == [{"straight_line"}, set()]


def test_who_answers_again_within_a_day_is_marked_the_second_time(any_api):
    any_api.survey()
    any_api.survey("other")
    who: dict[str, Any] = {"contact": {"email": "aiko@example.com"}}
    now = utcnow()

    def answer(hours: int, survey: str = "nps") -> str:
        at = (now - timedelta(hours=hours)).isoformat()
        return any_api.respond(survey, score=9, answered_at=at, **who).json["id"]

    first, elsewhere, much_later, again = answer(90), answer(89, "other"), answer(40), answer(20)
    found = [marks(each) for each in (first, elsewhere, much_later, again)]
    assert found == [set(), set(), set(), {"same_person"}]


@given(st.lists(st.floats(0.05, 50), max_size=200), st.integers(1, 60_000), st.integers(1, 60_000))
def test_nobody_is_called_fast_who_had_time_to_read_or_with_too_few_beside(others, taken, reading):
    found = is_speeder(taken, reading, others)
    if taken >= reading or len(others) < LEAST_TO_COMPARE:
        assert not found
    assert found == is_speeder(taken, reading, others[::-1])
    if found:  # whoever was faster still is one as well
        assert is_speeder(max(1, taken // 2), reading, others)


@settings(deadline=None)
@given(st.floats(0.2, 3), st.integers(0, 2**32))
def test_of_an_even_crowd_few_are_called_fast(spread, seed):
    draw = Random(seed)
    crowd = [draw.lognormvariate(0, spread) for _ in range(300)]
    called = sum(is_speeder(round(each * 100_000) or 1, 100_000, crowd) for each in crowd)
    assert called <= 12  # 0.35% of a log-normal crowd lie below the fence


def visit(api, path, seconds, monkeypatch, *, why=""):
    """Somebody opens the public page, answers after so many seconds, and writes; their answer."""
    opened = utcnow()
    before = {row.id for row in stored(Response)}
    now = [opened]
    for place in ("vocapp.collecting.views.utcnow", "vocapp.collecting.service.utcnow"):
        monkeypatch.setattr(place, lambda: now[0], raising=False)
    client = api.client
    page = client.get(path)
    now[0] = opened + timedelta(seconds=seconds)
    page = press(client, path, page, "score", score="9")
    if why:
        press(client, path, page, "rest", score="9", why=why)
    (found,) = [str(row.id) for row in stored(Response) if row.id not in before]
    return found


TWO = [
    {"key": "score", "kind": "nps", "text": "How likely are you to recommend us to a friend?"},
    {"key": "why", "kind": "text", "text": "Why?"},
]


def test_who_is_far_faster_than_others_and_than_reading_is_marked_and_counts(any_api, monkeypatch):
    monkeypatch.setattr("surveys.response_quality.LEAST_TO_COMPARE", 8)
    path = f"/s/{any_api.survey(questions=TWO)['public_id']}"
    first = visit(any_api, path, 2.1, monkeypatch)
    usual = [visit(any_api, path, 9 + n % 5, monkeypatch) for n in range(9)]
    fast = visit(any_api, path, 2.1, monkeypatch)
    slow = visit(any_api, path, 400, monkeypatch)
    assert marks(fast) == {"speeding"}
    assert [marks(each) for each in (first, *usual, slow)] == [set()] * 11
    assert len(stored(Response)) == 12


COPY = "This is by far the best product I have ever used, buy it now"


def test_the_same_long_text_by_several_on_public_links_is_marked_in_all_of_them(
    any_api, monkeypatch
):
    monkeypatch.setattr("surveys.response_quality.FASTEST", timedelta(0))
    path = f"/s/{any_api.survey(questions=TWO)['public_id']}"
    other = f"/s/{any_api.survey('other', questions=TWO)['public_id']}"
    first = visit(any_api, path, 9, monkeypatch, why=COPY)
    assert marks(first) == set()
    elsewhere = visit(any_api, other, 9, monkeypatch, why=COPY)
    copied = visit(any_api, path, 9, monkeypatch, why=COPY.upper() + "!!!")
    short = [visit(any_api, path, 9, monkeypatch, why="Great") for _ in range(2)]
    assert [marks(each) for each in (first, copied)] == [{"same_text"}] * 2
    assert [marks(each) for each in (elsewhere, *short)] == [set()] * 3
    prints = {row.print for row in stored(TextPrint)}
    assert not any("product" in each for each in prints)


def test_whose_text_nobody_else_has_any_more_is_no_longer_marked(any_api, monkeypatch):
    monkeypatch.setattr("surveys.response_quality.FASTEST", timedelta(0))
    path, client = f"/s/{any_api.survey(questions=TWO)['public_id']}", any_api.client
    first = visit(any_api, path, 9, monkeypatch, why=COPY)
    pages = [press(client, path, client.get(path), "score", score="9") for _ in range(2)]
    for page in pages:
        press(client, path, page, "rest", score="9", why=COPY)
    ids = [str(row.id) for row in stored(Response)]
    assert [marks(each) for each in ids] == [{"same_text"}] * 3
    press(client, path, pages[0], "rest", score="9", why="These are words of my own and no copy")
    assert sorted(len(marks(each)) for each in ids) == [0, 1, 1]
    press(client, path, pages[1], "rest", score="9", why="Other words, and they are mine as well")
    assert [marks(each) for each in (first, *ids)] == [set()] * 4


def correct(api, response_id, why, revision):
    """Correct a text by the public API."""
    token = edit_token(api.workspace_id, UUID(response_id))
    body = {"edit_token": token, "revision": revision, "answers": {"why": why}}
    told = api.client.patch(f"/public/v1/responses/{response_id}", json=body)
    assert told.status_code == 200


def test_a_text_that_is_corrected_by_the_api_is_compared_anew(any_api, monkeypatch):
    monkeypatch.setattr("surveys.response_quality.FASTEST", timedelta(0))
    path = f"/s/{any_api.survey(questions=TWO)['public_id']}"
    ids = [visit(any_api, path, 9, monkeypatch, why=COPY) for _ in range(2)]
    assert [marks(each) for each in ids] == [{"same_text"}] * 2
    correct(any_api, ids[1], "These are words of my own and no copy", 5)
    assert [marks(each) for each in ids] == [set()] * 2
    correct(any_api, ids[1], COPY, 6)
    assert [marks(each) for each in ids] == [{"same_text"}] * 2


def test_a_short_text_that_becomes_a_long_one_by_the_api_is_compared(any_api, monkeypatch):
    monkeypatch.setattr("surveys.response_quality.FASTEST", timedelta(0))
    path = f"/s/{any_api.survey(questions=TWO)['public_id']}"
    ids = [visit(any_api, path, 9, monkeypatch, why=why) for why in (COPY, "Great")]
    correct(any_api, ids[1], COPY, 5)
    assert [marks(each) for each in ids] == [{"same_text"}] * 2


def test_two_who_correct_the_same_text_at_once_do_not_hear_that_they_met(api, monkeypatch):
    monkeypatch.setattr("surveys.response_quality.FASTEST", timedelta(0))
    path, calls = f"/s/{api.survey(questions=TWO)['public_id']}", []

    def meets(*args, **kwargs):
        calls.append(args)
        if len(calls) == 2:  # the second press, which corrects what the first has stored
            raise OperationalError("INSERT", None, Exception("deadlock detected"))
        mark_same_text(*args, **kwargs)

    monkeypatch.setattr("vocapp.collecting.views.mark_same_text", meets)
    visit(api, path, 9, monkeypatch, why=COPY)
    assert len(calls) == 3
    assert len(stored(TextPrint)) == 1


@pytest.fixture
def one_marked(any_api):
    """Nine nines, and a zero in a straight line of five."""
    any_api.survey(questions=SCALES)
    for _ in range(9):
        assert any_api.respond(score=9).status_code == 201
    line = {f"ease{n}": 1 for n in range(4)} | {"score": 1}
    assert any_api.respond(answers=line).status_code == 201
    while outbox.work_off("measure", now=utcnow()):
        pass
    return any_api


def test_a_marked_answer_counts_and_the_score_without_it_is_told(one_marked):
    told = one_marked.get("/api/v1/surveys/nps/metrics").json
    assert (told["overall"]["n"], told["overall"]["value"]) == (10, 80.0)
    assert (told["marked"]["n"], told["marked"]["without"]["n"]) == (1, 9)
    assert told["marked"]["without"]["value"] == 100.0
    before = {"until": (utcnow() - timedelta(days=3)).date().isoformat()}
    assert one_marked.get("/api/v1/surveys/nps/metrics", query_string=before).json["marked"] == {
        "n": 0, "without": None,
    }  # fmt: skip


def test_of_a_confidential_survey_no_second_score_is_told(any_api):
    any_api.survey(questions=SCALES, confidential=True)
    line = {f"ease{n}": 1 for n in range(4)} | {"score": 1}
    assert any_api.respond(answers=line).status_code == 201
    told = any_api.get("/api/v1/surveys/nps/metrics").json
    assert told["marked"] == {"n": 0, "without": None}


def test_pages_say_how_many_are_marked_and_list_them_by_reason(api, staff):
    api.survey(questions=SCALES)
    viewer = staff("viewer")
    assert "No answer is marked" in viewer.get("/results/nps/marked").text
    line = {f"ease{n}": 1 for n in range(4)} | {"score": 1}
    for answers in (line, *[{"score": 9}] * 30):
        assert api.respond(answers=answers).status_code == 201
    while outbox.work_off("measure", now=utcnow()):
        pass
    results = viewer.get("/results/nps").text
    assert "1 answer is marked" in results
    assert "the score without such answers" in results
    listed = viewer.get("/results/nps/marked?reason=straight_line").text
    assert "The same on all of four or more scales, or in all rows of a table." in listed
    assert "No answer is marked" in viewer.get("/results/nps/marked?reason=too_fast").text
    api.survey("secret", confidential=True)
    assert viewer.get("/results/secret/marked").status_code == 404


def test_machines_list_marked_answers_by_reason_page_by_page(api):
    api.survey(questions=SCALES)
    line = {f"ease{n}": 1 for n in range(4)} | {"score": 1}
    marked = [api.respond(answers=line).json["id"] for _ in range(3)]
    assert api.respond(score=9).status_code == 201
    address = "/api/v1/surveys/nps/marked-responses"
    first = api.get(f"{address}?reason=straight_line&limit=2").json
    rest = api.get(f"{address}?reason=straight_line&limit=2&cursor={first['next']}").json
    assert [row["id"] for row in first["items"] + rest["items"]] == marked[::-1]
    assert (rest["next"], first["items"][0]["reasons"]) == (None, ["straight_line"])
    assert api.get(f"{address}?reason=speeding").json["items"] == []
    assert api.get(f"{address}?reason=boredom").status_code == 422
    api.survey("secret", confidential=True)
    assert api.get("/api/v1/surveys/secret/marked-responses").status_code == 404
