"""Train the product's own classifier on labelled lines, ask it about others, print the figures.

python -m nlp.evaluate --train A.jsonl [B.jsonl …] --test C.jsonl --json
python -m nlp.evaluate --taxonomy T.json --test C.jsonl --json      (cold start)
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from nlp.analysis import Analyser, train_analyser
from nlp.language import detect
from nlp.taxonomy import LabelledText, Taxonomy, from_entries
from nlp.vectors import Encoder, EncoderUnavailable

FloatArray = npt.NDArray[np.float64]

_TIMED_LINES = 500  # a rate needs no more, and the slow encoder has other things to do
_BINS = 15
_WORTH_ASKING = 0.1  # probability from which a label-line pair enters the calibration error
_MIN_SUPPORT = 5


@dataclass(frozen=True, slots=True)
class Line:
    """A labelled line; language is None where the file does not say."""

    text: str
    language: str | None
    labels: tuple[str, ...]


class BadInput(ValueError):
    """A file that is not what the command expects; the message names file and line."""


def read_lines(path: Path) -> list[Line]:
    """Lines of `{"text", "lang", "labels"}`; empty lines are skipped. Raises BadInput."""
    found = []
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise BadInput(f"{path}: {problem}") from problem
    for number, row in enumerate(content.split("\n"), start=1):
        if row.strip():
            found.append(_line(row, where=f"{path}, line {number}"))
    return found


def _line(row: str, *, where: str) -> Line:
    try:
        value = json.loads(row)
    except ValueError as problem:
        raise BadInput(f"{where}: {problem}") from problem
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise BadInput(f'{where}: expected an object with "text"')
    labels, language = value.get("labels", []), value.get("lang")
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise BadInput(f'{where}: "labels" must be a list of texts')
    if language is not None and not isinstance(language, str):
        raise BadInput(f'{where}: "lang" must be a text or null')
    return Line(value["text"], language, tuple(dict.fromkeys(labels)))


def read_taxonomy(path: Path) -> Taxonomy:
    """A list of entries as `taxonomy.from_entries` takes them. Raises BadInput."""
    try:
        return from_entries(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as problem:
        raise BadInput(f"{path}: {problem}") from problem


def pick_shots(lines: Sequence[Line], *, shots: int, seed: int) -> list[Line]:
    """So few lines that each label has `shots` of them (all, where it has fewer).

    A line with several labels counts for each. Lines without a label come along in the
    proportion they have in the whole, so that abstaining can be learnt.
    """
    order = np.random.default_rng(seed).permutation(len(lines))
    have: dict[str, int] = {}
    chosen = []
    for place in order:
        line = lines[place]
        if any(have.get(label, 0) < shots for label in line.labels):
            chosen.append(line)
            for label in line.labels:
                have[label] = have.get(label, 0) + 1
    unlabelled = [lines[place] for place in order if not lines[place].labels]
    labelled = len(lines) - len(unlabelled)
    share = round(len(chosen) * len(unlabelled) / labelled) if labelled else 0
    return chosen + unlabelled[:share]


def evaluate(
    train: Sequence[Line],
    test: Sequence[Line],
    *,
    taxonomy: Taxonomy | None = None,
    encoder: str | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Train on one set of lines, judge another; the figures of the contract, unrounded.

    With a taxonomy and no lines to train on: cold start. Raises ValueError when there is
    neither.
    """
    started = time.perf_counter()
    analyser = learn(train, taxonomy=taxonomy, encoder=encoder, seed=seed)
    train_seconds = time.perf_counter() - started
    speed = docs_per_second(analyser, [line.text for line in test][:_TIMED_LINES])
    judged = judge_lines(analyser, test)
    return {
        "n_train": len(train),
        "n_test": len(test),
        "encoder": analyser.encoder_name,
        **f1_figures(judged.wanted, judged.given),
        "accuracy": accuracy(judged.wanted, judged.chances, judged.keys),
        "ece": calibration_error(judged.wanted, judged.chances, judged.keys),
        "train_seconds": train_seconds,
        "predict_docs_per_second": speed,
    }


@dataclass(frozen=True, slots=True)
class Judged:
    """What n lines are about and what the classifier says of them.

    wanted, given: n sets of labels; chances: (n, t) probabilities, columns as in keys.
    """

    wanted: Sequence[set[str]]
    given: Sequence[set[str]]
    chances: FloatArray
    keys: Sequence[str]


def learn(
    train: Sequence[Line],
    *,
    taxonomy: Taxonomy | None = None,
    encoder: Encoder | str | None = None,
    seed: int = 0,
) -> Analyser:
    """The product's analyser, taught by these lines as if people had labelled them."""
    examples = [LabelledText(x.text, x.language or detect(x.text) or "", x.labels) for x in train]
    return train_analyser(
        taxonomy if taxonomy is not None else Taxonomy("none", "1", ()),
        examples=examples,
        encoder=encoder,
        random_state=seed,
    )


def judge_lines(analyser: Analyser, lines: Sequence[Line]) -> Judged:
    """Ask about lines, with the classifier's own thresholds and abstention."""
    classifier = analyser.classifier
    languages = [line.language or detect(line.text) for line in lines]
    chances = classifier.predict_proba([line.text for line in lines], languages=languages)
    given = [
        {key for key, _ in classifier.choose(row, classifier.thresholds(language))}
        for row, language in zip(chances, languages, strict=True)
    ]
    return Judged([set(line.labels) for line in lines], given, chances, classifier.keys_)


def docs_per_second(analyser: Analyser, texts: Sequence[str]) -> float | None:
    """Comments a second through the whole pipeline on one thread, each seen the first time."""
    if not texts:
        return None
    with threadpool_limits(limits=1):
        analyser.analyse(
            ["Warm up, please.", "準備をしてください。"]
        )  # loads tokenizers, not texts
        started = time.perf_counter()
        analyser.analyse(texts)
        return len(texts) / max(time.perf_counter() - started, 1e-9)


def f1_figures(wanted: Sequence[set[str]], given: Sequence[set[str]]) -> dict[str, Any]:
    """Precision, recall, F1 and support of each label, and their means.

    macro_f1 is over labels with at least five lines, macro_f1_all over all labels of the lines.
    A figure without a case to count is 0.
    """
    labels: dict[str, dict[str, float | int]] = {}
    total = np.zeros(3)
    for label in sorted(set().union(*wanted, *given)):
        hits = sum(label in a and label in b for a, b in zip(wanted, given, strict=True))
        claimed, support = sum(label in b for b in given), sum(label in a for a in wanted)
        total += (hits, claimed, support)
        labels[label] = {
            "precision": hits / claimed if claimed else 0.0,
            "recall": hits / support if support else 0.0,
            "f1": 2 * hits / (claimed + support),
            "support": support,
        }
    often = [row["f1"] for row in labels.values() if row["support"] >= _MIN_SUPPORT]
    seen = [row["f1"] for row in labels.values() if row["support"]]
    return {
        "labels": labels,
        "macro_f1": float(np.mean(often)) if often else 0.0,
        "macro_f1_all": float(np.mean(seen)) if seen else 0.0,
        "micro_f1": float(2 * total[0] / max(total[1] + total[2], 1)),
    }


def accuracy(wanted: Sequence[set[str]], chances: FloatArray, keys: Sequence[str]) -> float | None:
    """Share of lines whose most probable label is theirs; None unless each has exactly one."""
    if not wanted or any(len(labels) != 1 for labels in wanted):
        return None
    best = chances.argmax(axis=1)
    return float(np.mean([keys[b] in labels for b, labels in zip(best, wanted, strict=True)]))


def calibration_error(
    wanted: Sequence[set[str]], chances: FloatArray, keys: Sequence[str]
) -> float | None:
    """Expected calibration error in 15 bins of equal mass; None without a case.

    One label a line: of the top probability. Several: over label-line pairs with probability
    of at least 0.1.
    """
    said, true = said_and_true(wanted, chances, keys)
    return bin_gap(said, true) if len(said) else None


def said_and_true(
    wanted: Sequence[set[str]], chances: FloatArray, keys: Sequence[str]
) -> tuple[FloatArray, FloatArray]:
    """The m probabilities that enter the calibration error, and whether (1 or 0) it was so."""
    truth = np.array([[key in labels for key in keys] for labels in wanted], dtype=float)
    if not truth.size:
        return np.zeros(0), np.zeros(0)
    if all(len(labels) == 1 for labels in wanted):
        rows, best = np.arange(len(chances)), chances.argmax(axis=1)
        return chances[rows, best], truth[rows, best]
    worth = chances >= _WORTH_ASKING
    return chances[worth], truth[worth]


def bin_gap(said: FloatArray, true: FloatArray) -> float:
    """Mean distance of probability and frequency over 15 bins of equal mass; m >= 1 of both."""
    order = np.argsort(said, kind="stable")
    bins = [part for part in np.array_split(order, _BINS) if len(part)]
    gaps = [len(part) * abs(said[part].mean() - true[part].mean()) for part in bins]
    return float(sum(gaps) / len(said))


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m nlp.evaluate", description=__doc__)
    parser.add_argument("--train", type=Path, nargs="+", default=[], metavar="FILE")
    parser.add_argument("--test", type=Path, required=True, nargs="+", metavar="FILE")
    parser.add_argument("--taxonomy", type=Path, metavar="FILE")
    parser.add_argument("--encoder", choices=("e5", "static"))
    parser.add_argument("--shots", type=int, metavar="K", help="train on K examples a label")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args(argv)
    if not options.train and options.taxonomy is None:
        parser.error("expected --train, --taxonomy or both")
    if options.shots is not None and options.shots < 1:
        parser.error("--shots: expected at least 1")
    return options


def _show(figures: dict[str, Any]) -> None:
    for label, row in figures["labels"].items():
        print(f"{label:40s} F1 {row['f1']:.3f}  of {row['support']}")
    for name, value in figures.items():
        if name != "labels":
            print(f"{name}: {value:.4f}" if isinstance(value, float) else f"{name}: {value}")


def main(argv: Sequence[str] | None = None) -> int:
    """The command; 0, or 2 with a message when a file or the encoder is not usable."""
    options = _arguments(argv)
    try:
        train = [line for path in options.train for line in read_lines(path)]
        test = [line for path in options.test for line in read_lines(path)]
        taxonomy = read_taxonomy(options.taxonomy) if options.taxonomy is not None else None
        if options.shots is not None:
            train = pick_shots(train, shots=options.shots, seed=options.seed)
        figures = evaluate(
            train, test, taxonomy=taxonomy, encoder=options.encoder, seed=options.seed
        )
    except (ValueError, EncoderUnavailable) as problem:
        print(f"nlp.evaluate: {problem}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(figures, ensure_ascii=False))
    else:
        _show(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
