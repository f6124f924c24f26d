import json

import numpy as np
import pytest
from sklearn.metrics import f1_score

from nlp.evaluate import (
    BadInput,
    Line,
    accuracy,
    calibration_error,
    f1_figures,
    main,
    pick_shots,
    read_lines,
)

KEYS = {
    "n_train",
    "n_test",
    "encoder",
    "labels",
    "macro_f1",
    "macro_f1_all",
    "micro_f1",
    "accuracy",
    "ece",
    "train_seconds",
    "predict_docs_per_second",
}
ROWS = [
    ("The price is too high.", ["price"]),
    ("Far too expensive for us.", ["price"]),
    ("A fair price.", ["price"]),
    ("料金が高すぎます。", ["price"]),
    ("Support never answers.", ["support"]),
    ("The support team is friendly.", ["support"]),
    ("My ticket was ignored by support.", ["support"]),
    ("サポートの対応が丁寧です。", ["support"]),
]


def _write(path, rows):
    lines = [json.dumps({"text": text, "lang": None, "labels": labels}) for text, labels in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def test_the_command_prints_one_object_with_every_figure(tmp_path, capsys):
    train = _write(tmp_path / "train.jsonl", ROWS)
    test = _write(tmp_path / "test.jsonl", [("It is expensive.", ["price"])] * 2)
    assert main(["--train", train, train, "--test", test, "--encoder", "static", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert set(figures) == KEYS
    assert (figures["n_train"], figures["n_test"], figures["encoder"]) == (16, 2, "static")
    assert figures["accuracy"] == 1.0
    assert set(figures["labels"]["price"]) == {"precision", "recall", "f1", "support"}
    assert figures["predict_docs_per_second"] > 0


def test_a_taxonomy_alone_is_a_cold_start(tmp_path, capsys):
    entries = [
        {"key": "price", "label": "Price", "description": "What it costs.", "keywords": ["fee"]},
        {"key": "support", "label": "Support", "description": "Help desk.", "keywords": []},
    ]
    (tmp_path / "t.json").write_text(json.dumps(entries))
    test = _write(tmp_path / "test.jsonl", [*ROWS, ("Price and support.", ["price", "support"])])
    command = ["--taxonomy", str(tmp_path / "t.json"), "--test", test, "--encoder", "static"]
    assert main([*command, "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["n_train"] == 0
    assert figures["accuracy"] is None
    assert figures["micro_f1"] > 0.5
    assert main([*command, "--train", test, "--shots", "1"]) == 0
    assert "macro_f1: " in capsys.readouterr().out


def test_f1_figures_agree_with_scikit_learn():
    generator = np.random.default_rng(5)
    truth, said = generator.random((2, 60, 4)) < 0.4
    truth[:, 3] = False
    truth[:3, 3] = True
    wanted = [{f"l{c}" for c in np.flatnonzero(row)} for row in truth]
    given = [{f"l{c}" for c in np.flatnonzero(row)} for row in said]
    figures = f1_figures(wanted, given)
    assert figures["micro_f1"] == pytest.approx(f1_score(truth, said, average="micro"))
    assert figures["macro_f1_all"] == pytest.approx(f1_score(truth, said, average="macro"))
    often = f1_score(truth[:, :3], said[:, :3], average="macro")
    assert figures["macro_f1"] == pytest.approx(often)


def test_a_label_that_is_only_claimed_costs_micro_f1_but_is_no_label_of_the_lines():
    figures = f1_figures([{"a"}] * 5, [{"a", "b"}] * 5)
    assert figures["macro_f1_all"] == figures["macro_f1"] == 1.0
    assert figures["micro_f1"] == pytest.approx(2 * 5 / 15)


def test_accuracy_is_of_the_most_probable_label_and_only_where_there_is_one():
    chances = np.array([[0.1, 0.2], [0.9, 0.1]])
    assert accuracy([{"b"}, {"b"}], chances, ("a", "b")) == 0.5
    assert accuracy([{"b"}, set()], chances, ("a", "b")) is None
    assert accuracy([], np.zeros((0, 2)), ("a", "b")) is None


def test_honest_probabilities_have_a_small_calibration_error_and_boasts_a_large_one():
    generator = np.random.default_rng(1)
    chances = generator.random((3000, 2))
    wanted = [set(np.array(["a", "b"])[generator.random(2) < row]) for row in chances]
    assert calibration_error(wanted, chances, ("a", "b")) < 0.04
    assert calibration_error(wanted, np.full((3000, 2), 0.99), ("a", "b")) > 0.4
    assert calibration_error([set()], np.zeros((1, 2)), ("a", "b")) is None


def test_shots_give_each_label_its_number_and_the_seed_decides_which():
    lines = [Line(f"text {n}", "en", (("a",), ("b",), ())[n % 3]) for n in range(60)]
    chosen = pick_shots(lines, shots=4, seed=1)
    assert [sum(label in x.labels for x in chosen) for label in "ab"] == [4, 4]
    assert sum(not x.labels for x in chosen) == 4
    assert chosen == pick_shots(lines, shots=4, seed=1) != pick_shots(lines, shots=4, seed=2)


@pytest.mark.parametrize("row", ['{"text": 1}', "[]", "{", '{"text": "a", "labels": "b"}'])
def test_a_bad_line_is_named(tmp_path, capsys, row):
    path = tmp_path / "bad.jsonl"
    path.write_text('{"text": "fine"}\n' + row)
    with pytest.raises(BadInput, match="line 2"):
        read_lines(path)
    assert main(["--train", str(path), "--test", str(path)]) == 2
    assert "line 2" in capsys.readouterr().err
