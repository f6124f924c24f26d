"""The benchmark measures what it says: targets, splits, memory of vectors, noise floor."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from benchmarks.understanding import saas
from benchmarks.understanding.__main__ import ROWS, main
from benchmarks.understanding.asking import Bench, Remembering
from benchmarks.understanding.baseline import plain_answers
from benchmarks.understanding.calibrated import noise_floor
from benchmarks.understanding.feelings import untrained
from benchmarks.understanding.figures import Figure, table
from benchmarks.understanding.themes import split
from nlp.evaluate import Line, bin_gap
from nlp.vectors import load_encoder


def test_a_target_belongs_to_the_encoder_and_a_missed_one_is_said_to_be():
    figure = Figure("hotel", 0.79, 0.78, 0.80, 0.75)
    assert [figure.met(encoder) for encoder in ("static", "e5")] == [False, True]
    assert "| ≥ 0.800 | 0.790 | **missed** |" in table([figure], "static")[-1]
    assert "missed" not in table([figure], "e5")[-1]
    small = Figure("memory", 480.0, static=500, at_most=True)
    assert small.met("static")
    assert small.met("e5") is None


def test_a_split_keeps_the_share_of_every_label_and_loses_no_line():
    lines = [Line(f"text {n}", "en", (("a",), ("b", "a"), ())[n % 3]) for n in range(240)]
    first, second = split(lines, share=0.25, seed=3)
    assert Counter(first + second) == Counter(lines)
    assert Counter(line.labels for line in second) == {("a",): 20, ("b", "a"): 20, (): 20}
    assert split(lines, share=0.25, seed=3) == (first, second)
    assert split(lines, share=0.25, seed=4) != (first, second)


def test_remembered_vectors_are_the_encoders_own():
    encoder = load_encoder("static")
    remembering = Remembering(encoder)
    texts = ["The price is high.", "料金が高い。", "The price is high.", ""]
    for _ in range(2):
        assert np.array_equal(remembering.encode(texts), encoder.encode(texts))
    assert remembering.encode([]).shape == (0, encoder.dimensions)
    assert (remembering.name, remembering.version) == (encoder.name, encoder.version)


def test_the_noise_floor_is_what_honest_probabilities_show():
    generator = np.random.default_rng(2)
    said = generator.random(300)
    seen = [bin_gap(said, (generator.random(300) < said).astype(float)) for _ in range(50)]
    assert noise_floor(said) == pytest.approx(np.mean(seen), abs=0.01)
    assert noise_floor(np.repeat(said, 20)) < noise_floor(said) / 3
    assert noise_floor(np.full(100, 1.0)) == 0.0


def test_the_plain_baseline_learns_in_both_languages():
    train = [
        Line("The price is too high.", "en", ("price",)),
        Line("Support never answers.", "en", ("support",)),
        Line("料金が高いです。", "ja", ("price",)),
        Line("サポートが親切です。", "ja", ("support",)),
    ]
    asked = [Line("What a price!", "en", ()), Line("サポート", "ja", ())]
    assert plain_answers(train, asked) == [{"price"}, {"support"}]


def test_mixed_goes_to_the_side_of_its_score_where_a_set_knows_no_mixed():
    row = {"text": "The interface is great but support is slow.", "lang": "en"}
    rows = [row | {"sentiment": "positive"}, row | {"sentiment": "negative"}]
    exact, sided = untrained(rows)
    assert exact == 0.0
    assert sided == 0.5


def test_corrections_are_never_chosen_from_what_is_asked(tmp_path, monkeypatch):
    bench = Bench(tmp_path, "static")
    parts = saas._parts(bench, seed=1)
    assert [len(part) for part in parts] == [100, 100, 100]
    assert len({line.text for part in parts for line in part}) == 300
    assert [sum(line.language == "ja" for line in part) for part in parts] == [50, 50, 50]
    chosen = saas.at_random(bench, parts[0] + parts[1], None, 1)
    assert len(set(chosen)) == saas.CORRECTIONS


def test_the_command_prints_a_table_and_keeps_the_figures(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("benchmarks.understanding.__main__.RESULTS", tmp_path / "results")
    monkeypatch.setitem(ROWS, "cold", lambda bench: [Figure("cold", 0.5, static=0.46)])
    command = ["--data", str(tmp_path), "--encoder", "static", "--only", "cold"]
    main(command)
    assert "| cold |  | ≥ 0.460 | 0.500 |  |" in capsys.readouterr().out
    main([*command, "--json"])
    row = json.loads(capsys.readouterr().out)["rows"][0]
    assert (row["measured"], row["target"], row["met"]) == (0.5, 0.46, True)
    written = next((tmp_path / "results").iterdir())
    assert json.loads(written.read_text())["encoder"] == "static"


def test_a_row_that_fails_is_named_and_loses_no_other(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("benchmarks.understanding.__main__.RESULTS", tmp_path / "results")
    monkeypatch.setitem(ROWS, "cold", lambda bench: [Figure("cold", 0.5, static=0.46)])
    monkeypatch.setitem(ROWS, "hotel", lambda bench: bench.lines("not/there"))
    with pytest.raises(SystemExit, match="hotel"):
        main(["--data", str(tmp_path), "--encoder", "static", "--only", "hotel", "cold"])
    said = capsys.readouterr()
    assert "| cold |" in said.out
    assert "FileNotFoundError" in said.err
