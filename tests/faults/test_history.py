"""The checker itself: it finds each kind of broken promise, and nothing where none is."""

from __future__ import annotations

import pytest

from tests.faults.history import Sent, Stored, check, read_journal, upper_bound

SENT = [Sent("a", 9, "ok"), Sent("b", 3, "ok"), Sent("c", 7, "fail"), Sent("d", 5, "unknown")]
A, B, D = Stored("a", 9, True), Stored("b", 3, True), Stored("d", 5, True)


@pytest.mark.parametrize(
    ("stored", "counted"), [([A, B], {9: 1, 3: 1}), ([A, B, D], {9: 1, 3: 1, 5: 1})]
)
def test_an_unknown_answer_may_be_stored_or_not(stored, counted):
    verdict = check(SENT, stored, counted)
    assert verdict.holds
    assert (verdict.acknowledged, verdict.unknown) == (2, 1)


@pytest.mark.parametrize(
    ("stored", "counted", "broken"),
    [
        ([A], {9: 1}, {"lost": ["b"]}),
        ([A, B, B], {9: 1, 3: 2}, {"doubled": ["b"]}),
        ([A, B, Stored("x", 1, True)], {9: 1, 3: 1, 1: 1}, {"phantom": ["x"]}),
        ([A, B, Stored("c", 7, True)], {9: 1, 3: 1, 7: 1}, {"refused_but_stored": ["c"]}),
        ([A, Stored("b", 4, True)], {9: 1, 4: 1}, {"changed": ["b"]}),
        ([A, Stored("b", 3, False)], {9: 1, 3: 1}, {"not_counted": ["b"]}),
        ([A, B], {9: 1}, {"miscounted": {3: (1, 0)}}),
        ([A, B], {9: 2, 3: 1}, {"miscounted": {9: (1, 2)}}),
        ([A, B], {9: 1, 3: 1, 0: 1}, {"miscounted": {0: (0, 1)}}),
    ],
)
def test_every_broken_promise_is_found_and_named(stored, counted, broken):
    verdict = check(SENT, stored, counted)
    assert not verdict.holds
    names = ("lost", "doubled", "phantom", "refused_but_stored", "changed", "not_counted")
    found = {name: getattr(verdict, name) for name in (*names, "miscounted")}
    assert {name: value for name, value in found.items() if value} == broken


def test_a_journal_that_was_cut_off_leaves_its_last_answers_unknown():
    lines = [
        '{"id": "a", "score": 9}\n',
        '{"id": "b", "score": 3}\n',
        '{"id": "a", "outcome": "ok"}\n',
        '{"id": "b", "outc',
    ]
    assert read_journal(lines) == [Sent("a", 9, "ok"), Sent("b", 3, "unknown")]


def test_a_client_that_sends_an_id_as_two_answers_is_refused():
    with pytest.raises(ValueError, match="twice"):
        read_journal(['{"id": "a", "score": 9}\n'] * 2)


def test_no_kills_prove_nothing():
    assert [upper_bound(n) for n in (0, 2, 100)] == [1.0, 1.0, 0.03]
