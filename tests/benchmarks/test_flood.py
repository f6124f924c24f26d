"""The flood is the same for the same seed, in both languages, and its losses would be seen."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import islice
from uuid import UUID, uuid4

from benchmarks.flood.comments import answers
from benchmarks.flood.watching import Client, Fresh, Stored
from nlp.language import detect

MANY = 2000


def _many(seed: int) -> list[dict]:
    return list(islice(answers(seed), MANY))


def test_the_same_seed_gives_the_same_answers_and_another_one_others():
    assert _many(1) == _many(1)
    assert not {each["id"] for each in _many(1)} & {each["id"] for each in _many(2)}


def test_no_two_answers_are_equal_and_few_were_without_their_number():
    comments = [each["comment"] for each in _many(1)]
    assert len(set(comments)) == len({each["id"] for each in _many(1)}) == MANY
    assert len({comment.rpartition(" #")[0] for comment in comments}) > 0.99 * MANY


def test_the_languages_alternate_and_the_comments_are_in_them():
    told = [each["locale"] for each in _many(1)]
    assert told == ["en", "ja"] * (MANY // 2)
    heard = [detect(each["comment"]) for each in _many(1)[:200]]
    assert heard == told[:200]


def test_what_is_missing_or_there_twice_is_told(tmp_path):
    ids = [uuid4() for _ in range(4)]
    path = tmp_path / "voc.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            "CREATE TABLE response (id TEXT); CREATE TABLE analysis (encoder TEXT);"
            "CREATE TABLE outbox (kind TEXT, set_aside_at TEXT);"
            "INSERT INTO analysis VALUES ('e5'), ('static'), ('e5');"
            "INSERT INTO outbox VALUES ('refine', NULL), ('refine', NULL), ('notify', NULL),"
            " ('analyse', '2026-01-01');"
        )
        there = [ids[0], ids[1], ids[1]]
        database.executemany("INSERT INTO response VALUES (?)", [(each.hex,) for each in there])
        database.commit()
    stored = Stored(path)
    assert stored.waiting("analyse", "refine") == 2
    assert stored.at_the_end([str(each) for each in ids[:3]]) == {
        "acknowledged": 3,
        "missing": 1,
        "doubled": 1,
        "analysed_by": {"e5": 2, "static": 1},
        "work_set_aside": 1,
    }


def test_comments_that_still_wait_count_with_what_they_have_waited(monkeypatch):
    fresh = Fresh(Client(service=None, key=""), every_s=5, seed=1)
    assert fresh.figures("themes") == {"comments": 0}
    monkeypatch.setattr("benchmarks.flood.watching.time.monotonic", lambda: 100.0)
    fresh.waits["themes"] += [1.0, 2.0]
    fresh.still.append((str(UUID(int=1)), 70.0, "themes"))
    fresh.still.append((str(UUID(int=2)), 90.0, "refined themes"))
    assert fresh.figures("themes") == {
        "comments": 3, "still_waiting": 1, "median_s": 2.0, "p95_s": 30.0, "max_s": 30.0,
    }  # fmt: skip
