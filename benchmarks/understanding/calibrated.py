"""Whether probabilities mean what they say, beside what chance alone would show."""

from __future__ import annotations

import numpy as np

from benchmarks.understanding.asking import Bench, say
from benchmarks.understanding.figures import Figure
from benchmarks.understanding.sets import LANGUAGES, saas_entries
from benchmarks.understanding.themes import split
from nlp.evaluate import FloatArray, Judged, bin_gap, judge_lines, said_and_true
from nlp.taxonomy import from_entries

_DRAWS = 200


def calibration(bench: Bench) -> list[Figure]:
    """The expected calibration error of each set.

    The test part of the hotel reviews has no line without a label, its training part has a
    quarter: there the error is a shift of labels. So it is measured on a held-out quarter of
    the training part, too.
    """
    found = []
    for folder in ("mabsa-hotel", "mabsa-phone"):
        name = folder.removeprefix("mabsa-")
        for language in LANGUAGES:
            train, test = f"{folder}/{language}.train", f"{folder}/{language}.test"
            found.append(_figure(f"{name} {language}, test", bench.judged((train,), test)))
            say(f"  {train}, a quarter held out")
            first, second = split(bench.lines(train), share=0.25, seed=bench.seed)
            judged = judge_lines(bench.learn(first), second)
            found.append(_figure(f"{name} {language}, a quarter of train", judged))
    found.append(_figure("chabsa ja", bench.judged(("chabsa/ja.train",), "chabsa/ja.dev")))
    say("  banking77")
    first, second = split(bench.lines("banking77/en.train"), share=0.2, seed=bench.seed)
    found.append(_figure("banking77", judge_lines(bench.learn(first), second)))
    unlabelled = bench.learn([], taxonomy=from_entries(saas_entries()))
    for language in LANGUAGES:
        judged = judge_lines(unlabelled, bench.lines(f"own/saas.{language}"))
        found.append(_figure(f"cold start, SaaS {language}", judged))
    return found


def _figure(name: str, judged: Judged) -> Figure:
    said, true = said_and_true(judged.wanted, judged.chances, judged.keys)
    note = f"chance alone {noise_floor(said):.3f}; {len(said):,} cases, said {said.mean():.3f}, "
    note += f"so {true.mean():.3f}"
    gap = bin_gap(said, true)
    return Figure(f"ECE, {name}", gap, static=0.05, e5=0.05, at_most=True, note=note)


def noise_floor(said: FloatArray, *, seed: int = 0) -> float:
    """The error that would be measured were every probability true: mean of 200 drawn outcomes."""
    generator = np.random.default_rng(seed)
    draws = ((generator.random(len(said)) < said).astype(float) for _ in range(_DRAWS))
    return float(np.mean([bin_gap(said, true) for true in draws]))
