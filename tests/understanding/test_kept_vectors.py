"""The slow encoder is asked about a text once; what it said is found again by any worker."""

import sqlite3
from datetime import timedelta

import numpy as np
import pytest

from vocapp.understanding import kept_vectors
from vocapp.understanding.kept_vectors import KEPT_FOR, KeptVectors


class Counting:
    """A row is made of the text's letters; every text that is asked for is written down."""

    name, dimensions, is_slow = "counting", 3, True

    def __init__(self, version="1"):
        self.version = version
        self.asked = []

    def encode(self, texts):
        self.asked += texts
        rows = [[len(t), sum(map(ord, t)) / 3, t.count("a")] for t in texts]
        return np.array(rows, dtype=np.float32).reshape(len(texts), 3)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "vectors.sqlite3"


def _kept(encoder, path, secret="s" * 32):
    return KeptVectors(encoder, path, secret=secret)


def test_a_text_is_encoded_once_for_all_workers(path):
    first, second = Counting(), Counting()
    texts = ["banana", "遅い", "banana", "", "\ud800"]
    rows = _kept(first, path).encode(texts)
    assert first.asked == ["banana", "遅い", "", "\ud800"]
    again = _kept(second, path).encode([*texts, "new"])
    assert second.asked == ["new"]
    assert np.array_equal(rows, again[:5])
    assert rows.dtype == np.float32
    assert rows.shape == (5, 3)


def test_rows_are_the_same_whether_kept_or_not(path):
    kept = _kept(Counting(), path)
    assert np.array_equal(kept.encode(["a bb ccc"]), kept.encode(["a bb ccc"]))
    assert kept.encode([]).shape == (0, 3)


def test_another_version_of_the_encoder_finds_nothing_of_the_former(path):
    _kept(Counting(), path).encode(["a"])
    newer = Counting("2")
    _kept(newer, path).encode(["a"])
    assert newer.asked == ["a"]


def test_the_file_holds_neither_texts_nor_digests_that_can_be_tried_out(path):
    _kept(Counting(), path).encode(["secret words"])
    stored = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"secret words" not in stored
    other = Counting()
    _kept(other, path, secret="t" * 32).encode(["secret words"])
    assert other.asked == ["secret words"]
    assert path.stat().st_mode & 0o077 == 0


def test_after_thirty_days_a_vector_is_gone(path, monkeypatch):
    now = kept_vectors.utcnow()
    monkeypatch.setattr(kept_vectors, "utcnow", lambda: now - KEPT_FOR - timedelta(days=1))
    _kept(Counting(), path).encode(["old"])
    monkeypatch.setattr(kept_vectors, "utcnow", lambda: now)
    encoder = Counting()
    _kept(encoder, path).encode(["new"])
    _kept(encoder, path).encode(["old"])
    assert encoder.asked == ["new", "old"]


def test_there_are_never_many_more_than_the_bound(path, monkeypatch):
    monkeypatch.setattr(kept_vectors, "MOST", 50)
    monkeypatch.setattr(kept_vectors, "_LOOKED_AT_EVERY", 10)
    kept = _kept(Counting(), path)
    for start in range(0, 200, 10):
        kept.encode([f"text {n}" for n in range(start, start + 10)])
    with sqlite3.connect(path) as file:
        assert 40 <= file.execute("select count(*) from vector").fetchone()[0] <= 60


def test_a_broken_file_costs_time_and_no_answer(path):
    path.parent.mkdir()
    path.write_bytes(b"this is no database, and long enough to be taken for one" * 20)
    encoder = Counting()
    assert _kept(encoder, path).encode(["abc"])[0, 0] == 3
    assert encoder.asked == ["abc"]
