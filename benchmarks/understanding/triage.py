"""Does triage teach more than chance? `python -m benchmarks.understanding.triage`.

    python -m benchmarks.understanding.triage [--taxonomy T.json --pool A.jsonl [B.jsonl …]]
        [--test C.jsonl] [--labels 100] [--round 20] [--seeds 10] [--pool-size 600]
        [--encoder static|e5] [--only pick,random]

From the descriptions of the themes alone, comments of the pool are labelled in rounds, each round
chosen with the model of the round before; then the held-out lines are judged. Without --test a
third of the pool is held out, another one with each seed; without --pool it is our own SaaS set.
A seed draws the part of the pool that is there; all ways of choosing see the same part. Prints
macro-F1 (labels with at least five lines) after all rounds, and how far each way is from choosing
at random: the mean of the paired differences with a 95 % interval (t). Writes JSON to
benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import stats

from benchmarks.understanding.sets import LANGUAGES, OWN
from nlp.analysis import train_analyser
from nlp.classifier import ThemeClassifier
from nlp.evaluate import Line, f1_figures, read_lines, read_taxonomy
from nlp.language import detect
from nlp.taxonomy import LabelledText, Taxonomy
from nlp.triage import bits_of, pick

RESULTS = Path(__file__).parents[1] / "results"
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """What a way of choosing knows of the comments that are left: n of them, t themes."""

    chances: FloatArray  # (n, t)
    thresholds: FloatArray  # (n, t)
    vectors: npt.NDArray[np.float32]  # (n, d)
    taken: npt.NDArray[np.float32]  # (m, d) of those that are labelled
    generator: np.random.Generator

    @property
    def bits(self) -> FloatArray:
        """Of each comment (n,)."""
        return bits_of(self.chances).sum(axis=1)

    @property
    def nearness(self) -> FloatArray:
        """How near each probability is to its threshold (n, t): 1 on it, 0 furthest from it."""
        above = (1 - self.chances) / np.maximum(1 - self.thresholds, 1e-9)
        below = self.chances / np.maximum(self.thresholds, 1e-9)
        return np.where(self.chances >= self.thresholds, above, below)


Choice = Callable[[Asked, int], Sequence[int]]


def at_random(asked: Asked, most: int) -> Sequence[int]:
    return asked.generator.permutation(len(asked.chances))[:most].tolist()


def picked(asked: Asked, most: int) -> Sequence[int]:
    """As the product does."""
    return pick(asked.chances, asked.vectors, most=most)


def entropy(asked: Asked, most: int) -> Sequence[int]:
    """The most bits, nothing else."""
    return np.argsort(-asked.bits, kind="stable")[:most].tolist()


def dense_entropy(asked: Asked, most: int) -> Sequence[int]:
    """Settles' information density: bits times how like it is to all."""
    like = np.maximum(asked.vectors @ asked.vectors.T, 0).mean(axis=1)
    return np.argsort(-asked.bits * like, kind="stable")[:most].tolist()


def nearest_theme(asked: Asked, most: int) -> Sequence[int]:
    """Least margin of any theme."""
    return np.argsort(-asked.nearness.max(axis=1), kind="stable")[:most].tolist()


def facility_location(asked: Asked, most: int) -> Sequence[int]:
    """Bits times how much of all comments it stands for and no pick does yet (Wei et al. 2015)."""
    like = np.maximum(asked.vectors @ asked.vectors.T - 0.3, 0)
    covered = np.zeros(len(like))
    chosen: list[int] = []
    for _ in range(min(most, len(like))):
        worth = asked.bits * np.maximum(like - covered, 0).mean(axis=1)
        worth[chosen] = -1
        chosen.append(int(worth.argmax()))
        covered = np.maximum(covered, like[chosen[-1]])
    return chosen


def k_centre(asked: Asked, most: int) -> Sequence[int]:
    """Furthest from all that is labelled, times bits (Sener and Savarese 2018)."""
    known = [*asked.taken] or [np.zeros(asked.vectors.shape[1], dtype=np.float32)]
    nearest = (asked.vectors @ np.array(known).T).max(axis=1)
    chosen: list[int] = []
    for _ in range(min(most, len(nearest))):
        worth = asked.bits * (1 - nearest)
        worth[chosen] = -1
        chosen.append(int(worth.argmax()))
        nearest = np.maximum(nearest, asked.vectors @ asked.vectors[chosen[-1]])
    return chosen


def badge(asked: Asked, most: int) -> Sequence[int]:
    """k-means++ over gradients of the last layer (Ash et al. 2020), of yes and no a theme."""
    said = asked.chances >= asked.thresholds
    error = asked.chances - said  # (n, t); the gradient is its outer product with the vector
    size = (error**2).sum(axis=1) * (asked.vectors**2).sum(axis=1)
    distance = size.copy()
    chosen: list[int] = []
    for _ in range(min(most, len(size))):
        weights = distance if not chosen else np.maximum(distance, 0)
        if weights.sum() <= 0:
            break
        best = int(asked.generator.choice(len(size), p=weights / weights.sum()))
        chosen.append(best)
        inner = (error @ error[best]) * (asked.vectors @ asked.vectors[best])
        distance = np.minimum(distance, size + size[best] - 2 * inner)
        distance[chosen] = 0
    return chosen


def likeliest(asked: Asked, most: int) -> Sequence[int]:
    """For each theme in turn the comment that has it most probably."""
    return _in_turn(asked.chances, most)


def theme_by_theme(asked: Asked, most: int) -> Sequence[int]:
    """For each theme in turn the comment nearest to its threshold."""
    return _in_turn(asked.nearness, most)


def _in_turn(worth: FloatArray, most: int) -> Sequence[int]:
    order = np.argsort(-worth, axis=0, kind="stable")
    chosen: dict[int, None] = {}
    for place in order.ravel().tolist():
        chosen.setdefault(place)
        if len(chosen) >= most:
            break
    return list(chosen)


WAYS: dict[str, Choice] = {
    "random": at_random,
    "pick": picked,
    "entropy": entropy,
    "dense": dense_entropy,
    "nearest": nearest_theme,
    "themes": theme_by_theme,
    "likeliest": likeliest,
    "facility": facility_location,
    "k-centre": k_centre,
    "badge": badge,
}


def run(
    pool: Sequence[Line],
    test: Sequence[Line],
    taxonomy: Taxonomy,
    choose: Choice,
    *,
    labels: int,
    per_round: int,
    seed: int,
    encoder: str,
) -> float:
    """Macro-F1 on the held-out lines after so many labels."""
    generator = np.random.default_rng(seed)
    left, known = list(range(len(pool))), list[int]()
    classifier = _teach([], taxonomy, encoder)
    vectors = _vectors(classifier, pool)
    while len(known) < labels and left:
        lines = [pool[place] for place in left]
        chances, cuts = _judge(classifier, lines)
        asked = Asked(chances, cuts, vectors[left], vectors[known], generator)
        chosen = choose(asked, min(per_round, labels - len(known)))
        known += [left[place] for place in chosen]
        left = [place for place in left if place not in set(known)]
        classifier = _teach([pool[place] for place in known], taxonomy, encoder)
    return score(classifier, test)


def _teach(lines: Sequence[Line], taxonomy: Taxonomy, encoder: str) -> ThemeClassifier:
    examples = [LabelledText(x.text, _language(x) or "", x.labels) for x in lines]
    return train_analyser(taxonomy, examples=examples, encoder=encoder).classifier


def _language(line: Line) -> str | None:
    return line.language or detect(line.text)


def _vectors(classifier: ThemeClassifier, lines: Sequence[Line]) -> npt.NDArray[np.float32]:
    raw = classifier.encoder_.encode([line.text for line in lines])
    return classifier.centre_.apply(raw, [_language(line) for line in lines])


def _judge(classifier: ThemeClassifier, lines: Sequence[Line]) -> tuple[FloatArray, FloatArray]:
    languages = [_language(line) for line in lines]
    chances = classifier.predict_proba([line.text for line in lines], languages=languages)
    return chances, np.array([classifier.thresholds(name) for name in languages])


def score(classifier: ThemeClassifier, test: Sequence[Line]) -> float:
    chances, cuts = _judge(classifier, test)
    given = [
        {key for key, _ in classifier.choose(row, cut)}
        for row, cut in zip(chances, cuts, strict=True)
    ]
    return float(f1_figures([set(line.labels) for line in test], given)["macro_f1"])


def simulate(options: argparse.Namespace) -> dict[str, list[float]]:
    """Way → macro-F1 of each seed; `descriptions` is before any label."""
    taxonomy = read_taxonomy(options.taxonomy)
    keys = set(taxonomy.keys)
    lines = [_of(line, keys) for path in options.pool for line in read_lines(path)]
    held_out = [_of(line, keys) for path in options.test for line in read_lines(path)]
    ways = options.only.split(",") if options.only else list(WAYS)
    found: dict[str, list[float]] = {name: [] for name in ["descriptions", *ways]}
    for seed in range(options.seeds):
        order = np.random.default_rng(seed).permutation(len(lines)).tolist()
        third = 0 if held_out else len(lines) // 3
        test = held_out or [lines[place] for place in order[:third]]
        pool = [lines[place] for place in order[third : third + options.pool_size]]
        found["descriptions"].append(score(_teach([], taxonomy, options.encoder), test))
        for name in ways:
            figure = run(
                pool, test, taxonomy, WAYS[name], labels=options.labels,
                per_round=options.round, seed=seed, encoder=options.encoder,
            )  # fmt: skip
            found[name].append(figure)
        show(found, seeds=seed + 1)
    return found


def _of(line: Line, keys: set[str]) -> Line:
    """Without labels that are no theme of the taxonomy."""
    return Line(line.text, line.language, tuple(key for key in line.labels if key in keys))


def ahead(values: Sequence[float], others: Sequence[float]) -> tuple[float, float, float]:
    """Mean of the paired differences with its 95 % interval (t)."""
    apart = np.array(values) - np.array(others)
    if len(apart) < 2:
        return float(apart.mean()), float("nan"), float("nan")
    half = float(stats.t.ppf(0.975, len(apart) - 1) * apart.std(ddof=1) / len(apart) ** 0.5)
    return float(apart.mean()), float(apart.mean()) - half, float(apart.mean()) + half


def show(found: dict[str, list[float]], *, seeds: int) -> None:
    print(f"\n{f'{seeds} seeds':14} {'macro-F1':>9} {'spread':>7}   ahead of random (95 %)")
    for name, values in sorted(found.items(), key=lambda each: -float(np.mean(each[1]))):
        words = ""
        if "random" in found and name not in {"random", "descriptions"}:
            mean, low, high = ahead(values, found["random"])
            words = f"{mean:+.3f} ({low:+.3f} to {high:+.3f})"
        print(f"{name:14} {np.mean(values):9.3f} {np.std(values):7.3f}   {words}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.understanding.triage")
    parser.add_argument("--taxonomy", type=Path, default=OWN / "saas.taxonomy.json")
    parser.add_argument(
        "--pool", type=Path, nargs="+", default=[OWN / f"saas.{name}.jsonl" for name in LANGUAGES]
    )
    parser.add_argument("--test", type=Path, nargs="+", default=[])
    parser.add_argument("--labels", type=int, default=100)
    parser.add_argument("--round", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--pool-size", type=int, default=600)
    parser.add_argument("--encoder", choices=("static", "e5"), default="static")
    parser.add_argument("--only", help=f"of {','.join(WAYS)}")
    options = parser.parse_args()
    found = simulate(options)
    RESULTS.mkdir(exist_ok=True)
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "options": {name: str(value) for name, value in vars(options).items()},
        "macro_f1": found,
    }
    path = RESULTS / f"triage-{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
