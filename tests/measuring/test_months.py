"""What months came to is remembered, and never longer than it holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select, update

from surveys.filters import parse_compact
from vocapp.authoring.queries import survey_by_key
from vocapp.collecting.service import revise_response
from vocapp.database import snapshot, transaction, utcnow
from vocapp.measuring import columns, months
from vocapp.measuring.asking import Ask
from vocapp.measuring.histograms import counts_of, from_cells
from vocapp.measuring.memory import Memory
from vocapp.measuring.models import AnswerChunk, CountedAnswer
from vocapp.measuring.queries import reading
from vocapp.measuring.scanning import scan

CROSSED = Ask(by=("plan", "region"))
FILTERED = Ask(filter=parse_compact("plan:in(pro);region:not_in(us)"))


@pytest.fixture
def answered(any_api, drain_outbox):
    any_api.survey()
    any_api.post(
        "/api/v1/responses/batch",
        {
            "responses": [
                {
                    "survey": "nps", "score": number % 11,
                    "answered_at": f"2026-0{1 + number % 3}-15T00:00:00Z",
                    "account": {
                        "external_id": f"a{number % 5}", "plan": ("free", "pro")[number % 2],
                        "region": ("jp", "us")[number % 5 % 2],
                    },
                }
                for number in range(60)
            ]
        },
    )  # fmt: skip
    drain_outbox()
    return any_api


@pytest.fixture
def months_read(monkeypatch):
    """The months whose columns were read since it was cleared."""
    read, found = columns.read_table, []

    def noted(*args, **given):
        table = read(*args, **given)
        found.extend(table.months)
        return table

    monkeypatch.setattr(columns, "read_table", noted)
    return found


def count(api, ask):
    """By what is remembered; as much as by a scan."""
    with reading(survey_by_key(api.workspace_id, "nps"), time_zone="UTC", now=utcnow()) as opened:
        if ask.basis == "responses":
            counts = from_cells(opened.source, opened.source.state, ask)
        else:
            counts = counts_of(opened.source, ask)[0]
        scanned = scan(opened.source, ask)[0]
    shown = [
        ({key: each.tolist() for key, each in of.segments.items()}, of.overall.tolist())
        for of in (counts, scanned)
    ]
    assert shown[0] == shown[1]
    return int(counts.overall.sum())


@pytest.mark.parametrize("ask", [CROSSED, FILTERED])
def test_only_months_with_a_change_are_counted_again(answered, months_read, drain_outbox, ask):
    count(answered, ask)
    months_read.clear()
    count(answered, ask)
    assert not months_read
    answered.respond(
        score=9, answered_at="2026-02-20T00:00:00Z",
        account={"external_id": "late", "plan": "pro", "region": "jp"},
    )  # fmt: skip
    drain_outbox()
    count(answered, ask)
    assert set(months_read) == {date(2026, 2, 1)}


def test_what_was_corrected_erased_or_written_before_revisions_is_counted_anew(
    answered, drain_outbox
):
    count(answered, FILTERED)
    with snapshot() as session:
        first = session.scalars(select(CountedAnswer.response_id)).first()
    revise_response(answered.workspace_id, first, revision=None, answers={"score": 4}, now=utcnow())
    drain_outbox()
    before = count(answered, CROSSED), count(answered, FILTERED)
    assert before[0] == 60
    with transaction() as session:
        session.execute(update(AnswerChunk).values(revision=None))
    assert (count(answered, CROSSED), count(answered, FILTERED)) == before
    answered.respond(
        score=0, answered_at="2026-01-20T00:00:00Z",
        account={"external_id": "late", "plan": "pro", "region": "jp"},
    )  # fmt: skip
    drain_outbox()
    assert (count(answered, CROSSED), count(answered, FILTERED)) == (61, before[1] + 1)


def test_every_part_of_a_question_has_its_own_memory(answered):
    asks = [
        CROSSED,
        replace(CROSSED, by=("region", "plan")),
        replace(CROSSED, since=date(2026, 1, 15)),
        replace(CROSSED, until=date(2026, 3, 15)),
        replace(FILTERED, interval="week"),
        replace(FILTERED, filter=parse_compact("plan:in(free)")),
        replace(FILTERED, by=("channel",)),
        replace(CROSSED, basis="accounts"),
        replace(CROSSED, basis="people"),
    ]
    assert [count(answered, ask) for ask in asks] == [count(answered, ask) for ask in asks]


def test_memory_forgets_what_was_not_asked_for_longest():
    memory = Memory(100)
    for name in "abc":
        memory.put(name, 1, name.upper(), 40)
        memory.get("a", 1)
    assert [memory.get(name, 1) for name in "abc"] == ["A", None, "C"]
    assert memory.get("a", 2) is None
    memory.put("a", 2, "new", 60)
    assert [memory.get(name, token) for name, token in (("a", 1), ("a", 2), ("c", 1))] == [
        None, "new", "C",
    ]  # fmt: skip


def test_codes_become_numbers_and_come_back():
    for codes in ((0,), (7, 0, 255), (250, 1)):
        assert months._as_codes(months._as_number(codes), len(codes)) == codes
