"""Columns hold every counted answer, whatever happens to it, and tell what a scan tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest
from sqlalchemy import func, select

from surveys.filters import parse_compact
from vocapp.authoring.queries import survey_by_key
from vocapp.collecting.service import revise_response
from vocapp.database import snapshot, transaction, utcnow
from vocapp.measuring import attributes, columns, histograms, service
from vocapp.measuring.asking import Ask
from vocapp.measuring.checking import check_cells
from vocapp.measuring.columns import levels_of
from vocapp.measuring.histograms import counts_of
from vocapp.measuring.models import AnswerChunk, AttributeMonth, CellState, CountedAnswer
from vocapp.measuring.queries import reading
from vocapp.measuring.scanning import scan
from vocapp.workspaces.service import update_workspace

METRICS = "/api/v1/surveys/nps/metrics"
START = datetime(2026, 1, 20, 23, tzinfo=UTC)


def bodies(count, *, people=7, days=60):
    return [
        {
            "survey": "nps", "score": (7 * number) % 11,
            "answered_at": (START + timedelta(hours=number * 24 * days // count)).isoformat(),
            "contact": {"external_id": f"u{number * 5 % people}"} if number % 4 else None,
            "account": {
                "external_id": f"a{number % 3}", "plan": ("free", "pro", None)[number % 3],
                "region": ("jp", "us")[number % 2],
            },
        }
        for number in range(count)
    ]  # fmt: skip


@pytest.fixture
def answered(any_api, drain_outbox):
    any_api.survey()
    items = [{k: v for k, v in body.items() if v is not None} for body in bodies(90)]
    any_api.post("/api/v1/responses/batch", {"responses": items})
    drain_outbox()
    return any_api


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(columns, "CAPACITY", 4)


def both(api, ask):
    """What cells and columns tell, and what a scan tells."""
    survey = survey_by_key(api.workspace_id, "nps")
    with reading(survey, time_zone="UTC", now=utcnow()) as opened:
        assert not opened.needs_scan(ask)
        return counts_of(opened.source, ask), scan(opened.source, ask)


def plain(counts):
    return (
        counts.overall.tolist(),
        {key: histogram.tolist() for key, histogram in counts.segments.items()},
        {start: histogram.tolist() for start, histogram in counts.periods.items()},
    )


def people_of(clusters):
    """The clusters of several answers, in an order of their own."""
    if clusters is None:
        return []
    return sorted(row.tolist() for row in clusters.people if row.sum() > 1)


@pytest.mark.parametrize("basis", ["responses", "people", "accounts"])
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"by": ("plan",)},
        {"by": ("plan", "region")},
        {"by": ("region", "plan", "channel"), "interval": "quarter"},
        {"by": ("plan", "region"), "since": date(2026, 1, 25), "until": date(2026, 3, 9)},
        {"by": ("plan",), "since": date(2026, 2, 3), "until": date(2026, 2, 11)},
        {"interval": "week", "until": date(2026, 3, 2)},
        {"interval": "day", "since": date(2026, 2, 1)},
    ],
)
def test_columns_tell_what_a_scan_tells(answered, asked, basis):
    (counted, repeated), (scanned, of_scan) = both(answered, Ask(basis=basis, **asked))
    assert plain(counted) == plain(scanned)
    assert counted.overall.sum() > 0
    assert people_of(repeated.overall) == people_of(of_scan.overall)
    for key in scanned.segments:
        told = people_of(repeated.segments.get(key))
        assert told == people_of(of_scan.segments.get(key))
    for start in scanned.periods:
        told = people_of(repeated.periods.get(start))
        assert told == people_of(of_scan.periods.get(start))


def test_answers_fill_chunks_of_their_month_one_after_the_other(answered, small_chunks):
    list(service.rebuild_cells(answered.workspace_id))
    with snapshot() as session:
        sizes = session.scalars(select(AnswerChunk.size).where(AnswerChunk.generation == 2)).all()
    assert sum(sizes) == 90
    assert max(sizes) == 4
    assert len(sizes) >= 90 / 4
    assert check_cells(answered.workspace_id).differences == ()


def test_a_corrected_answer_keeps_its_place(answered, small_chunks, drain_outbox):
    def places():
        with snapshot() as session:
            rows = session.execute(
                select(CountedAnswer.response_id, CountedAnswer.chunk, CountedAnswer.place)
            )
            return {row.response_id: row[1:] for row in rows}

    before = places()
    for response_id in list(before)[:5]:
        revise_response(
            answered.workspace_id, response_id, revision=None, answers={"score": 0}, now=utcnow()
        )
    drain_outbox()
    assert places() == before
    assert check_cells(answered.workspace_id).differences == ()


def recount_step(workspace_id, limit):
    with transaction() as session:
        state = service.cell_state(session, workspace_id)
        if state.building is None:
            service._begin(session, state)
        return service._step(session, state, limit)


def test_answers_that_come_and_change_while_all_are_counted_anew(
    answered, small_chunks, drain_outbox
):
    """Before and after what the steps have reached, in this survey and in another one."""
    with snapshot() as session:
        ids = session.scalars(select(CountedAnswer.response_id)).all()
    answered.survey(key="other", kind="csat")
    rounds = 0
    while recount_step(answered.workspace_id, 25):
        rounds += 1
        if rounds > 3:  # or what comes would never end
            continue
        for number, when in enumerate(("2026-01-20T00:00:00Z", "2026-04-20T00:00:00Z")):
            answered.respond(
                score=9, answered_at=when, account={"external_id": f"n{number}", "plan": "pro"}
            )
            answered.respond(survey="other", score=number + 1, answered_at=when)
        for response_id in (ids.pop(0), ids.pop()):
            revise_response(
                answered.workspace_id, response_id, revision=None, answers={"score": 3},
                now=utcnow(),
            )  # fmt: skip
        while service.outbox.work_off("measure", now=utcnow()):
            pass
        assert check_cells(answered.workspace_id).differences == ()
    checked = check_cells(answered.workspace_id)
    assert (checked.differences, checked.not_current) == ((), 0)
    with snapshot() as session:
        assert session.scalar(select(CellState.generation)) == 2
    drain_outbox()
    with snapshot() as session:
        for model in (AnswerChunk, CountedAnswer, AttributeMonth):
            assert session.scalar(select(func.count()).where(model.generation == 1)) == 0


def test_another_time_zone_while_all_are_counted_anew(answered, drain_outbox):
    update_workspace(answered.workspace_id, {"time_zone": "Asia/Tokyo"}, now=utcnow())
    recount_step(answered.workspace_id, 25)
    update_workspace(answered.workspace_id, {"time_zone": "America/New_York"}, now=utcnow())
    drain_outbox()
    document = answered.get(METRICS).json
    assert (document["time_zone"], document["pending"]) == ("America/New_York", 0)
    assert check_cells(answered.workspace_id).differences == ()
    update_workspace(answered.workspace_id, {"time_zone": "Asia/Tokyo"}, now=utcnow())
    recount_step(answered.workspace_id, 25)
    update_workspace(answered.workspace_id, {"time_zone": "America/New_York"}, now=utcnow())
    drain_outbox()  # back to what is read: what was begun is given up
    with snapshot() as session:
        assert session.scalars(select(CellState.building)).one() is None
        assert len(session.scalars(select(CountedAnswer.generation).distinct()).all()) == 1
    assert check_cells(answered.workspace_id).differences == ()


def test_levels_hold_an_eighth_of_the_people_each():
    generator = np.random.default_rng(1)
    people = generator.integers(-(2**62), 2**62, 80_000)
    levels = levels_of(people)
    shares = [(levels >= level).mean() for level in range(4)]
    assert shares == pytest.approx([1, 1 / 8, 1 / 64, 1 / 512], rel=0.15)


@pytest.mark.parametrize("capacity", [10, columns.CAPACITY])
def test_with_many_answers_clusters_are_those_of_some_of_the_people(
    any_api, drain_outbox, monkeypatch, capacity
):
    """The design effect from a part of the people is near that of all: from chunks with people
    of all levels, and from those of one."""
    monkeypatch.setattr(columns, "CAPACITY", capacity)
    # Keys are random, and so is whom their digests draw: here it is every fourth.
    met = {}
    monkeypatch.setattr(
        columns,
        "levels_of",
        lambda people: np.array([met.setdefault(each, len(met)) % 4 == 0 for each in people], "u1"),
    )
    any_api.survey()
    items = []
    for person in range(100):
        for turn in range(4):
            score = (person * 3) % 11
            if turn == 3 and person % 2:
                score = max(0, score - 1)
            items.append({
                "id": str(uuid4()), "survey": "nps", "score": score,
                "answered_at": (START + timedelta(days=turn)).isoformat(),
                "contact": {"external_id": f"u{person}"},
            })  # fmt: skip
    for start in range(0, len(items), 600):
        any_api.post("/api/v1/responses/batch", {"responses": items[start : start + 600]})
    drain_outbox()
    exact = any_api.get(METRICS).json["overall"]
    monkeypatch.setattr(histograms, "MOST_DRAWN", 200)
    drawn = any_api.get(METRICS).json["overall"]
    assert exact["design_effect"] == pytest.approx(4, abs=0.5)
    assert drawn["design_effect"] == pytest.approx(exact["design_effect"], rel=0.15)
    assert (drawn["n"], drawn["value"]) == (exact["n"], exact["value"])
    assert drawn["design_effect"] != exact["design_effect"]  # or nothing was drawn


def test_the_check_finds_a_place_that_nobody_is_counted_at(answered):
    with transaction() as session:
        row = session.scalars(select(CountedAnswer).limit(1)).one()
        session.delete(row)
    found = check_cells(answered.workspace_id)
    assert any("columns: 90 answers, counted 89" in each for each in found.differences)
    assert found.not_current == 1


def test_the_check_finds_a_wrong_column(answered):
    with transaction() as session:
        chunks = columns.Chunks(session, answered.workspace_id, 1)
        row = session.scalars(select(CountedAnswer).limit(1)).one()
        chunks.load([row.chunk], ())
        chunks.put((row.chunk, row.place), dict.fromkeys(columns.BASE, 1) | {"=plan": 2})
        chunks.store()
    assert check_cells(answered.workspace_id).differences


# --- attributes that are not reportable -------------------------------------------------


@pytest.fixture
def with_free_attributes(any_api, drain_outbox):
    any_api.survey()
    items = [
        {
            "survey": "nps", "score": (7 * number) % 11,
            "answered_at": (START + timedelta(hours=number * 9)).isoformat(),
            "account": {
                "external_id": f"a{number}", "plan": ("free", "pro")[number % 2],
                "attributes": {
                    "device": ("phone", "desk", None)[number % 3], "seats": number % 5,
                    "beta": number % 2 == 0, "serial": f"s{number}",
                },
            },
        }
        for number in range(60)
    ]  # fmt: skip
    any_api.post("/api/v1/responses/batch", {"responses": items})
    drain_outbox()
    return any_api


@pytest.mark.parametrize(
    ("by", "filter_"),
    [
        (("device",), ""),
        (("beta", "plan"), ""),
        (("nobody has it", "seats"), ""),
        (("plan",), "seats:between(2,4)"),
        ((), "device:empty|seats:in(1)"),
        (("device", "seats"), "(beta:in(true);plan:in(free));device:not_in(desk)"),
    ],
)
def test_columns_tell_free_attributes_as_a_scan_does(with_free_attributes, by, filter_):
    ask = Ask(by=by, filter=parse_compact(filter_) if filter_ else None)
    survey = survey_by_key(with_free_attributes.workspace_id, "nps")
    with reading(survey, time_zone="UTC", now=utcnow()) as opened:
        source = opened.source
        assert source.needs_scan(ask)
        assert source.columns_tell(ask)
        assert plain(counts_of(source, ask)[0]) == plain(scan(source, ask)[0])
        for other in (replace(ask, since=date(2026, 1, 25)), replace(ask, basis="accounts")):
            assert plain(counts_of(source, other)[0]) == plain(scan(source, other)[0])


def test_too_many_values_or_attributes_are_scanned(with_free_attributes, monkeypatch):
    def told(*by):
        survey = survey_by_key(with_free_attributes.workspace_id, "nps")
        with reading(survey, time_zone="UTC", now=utcnow()) as opened:
            assert plain(counts_of(opened.source, Ask(by=by))[0]) == plain(
                scan(opened.source, Ask(by=by))[0]
            )
            return opened.source.columns_tell(Ask(by=by))

    assert told("serial")
    monkeypatch.setattr(attributes, "MAX_FREE_VALUES", 59)
    monkeypatch.setattr(attributes, "MAX_FREE", 3)
    list(service.rebuild_cells(with_free_attributes.workspace_id))
    assert check_cells(with_free_attributes.workspace_id).differences == ()
    known = {name: told(name) for name in ("device", "seats", "beta", "serial", "absent")}
    assert not known["serial"]  # one value too many, or the attribute found no room
    assert not known["absent"]
    assert sum(known.values()) in {2, 3}
