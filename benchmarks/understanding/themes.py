"""Themes that people have labelled: many labels, few labels, another language."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.understanding.asking import Bench, say
from benchmarks.understanding.baseline import plain_answers
from benchmarks.understanding.figures import Figure
from nlp.evaluate import Line, accuracy, f1_figures, judge_lines, pick_shots

_SEEDS = 10
_SHOTS = 8


def hotel(bench: Bench) -> list[Figure]:
    """Hotel reviews, the same ones in both languages; asked in the language of the training."""
    aims = {"en": ((0.78, 0.80, 0.82), (0.72, 0.74, 0.77)),
            "ja": ((0.74, 0.76, 0.80), (0.65, 0.70, 0.75))}  # fmt: skip
    found = []
    for language, (micro, macro) in aims.items():
        figures = _f1(bench, f"mabsa-hotel/{language}.train", f"mabsa-hotel/{language}.test")
        found += [
            Figure(f"hotel {language}, micro-F1", figures["micro_f1"], *micro),
            Figure(f"hotel {language}, macro-F1", figures["macro_f1"], *macro),
        ]
    return found


def phone(bench: Bench) -> list[Figure]:
    """Reviews of telephones: 22 labels, a tenth of them rare."""
    aims = {"en": (0.58, 0.62, 0.66), "ja": (0.55, 0.59, 0.64)}
    found = []
    for language, aim in aims.items():
        figures = _f1(bench, f"mabsa-phone/{language}.train", f"mabsa-phone/{language}.test")
        found.append(Figure(f"phone {language}, macro-F1", figures["macro_f1"], *aim))
    return found


def chabsa(bench: Bench) -> list[Figure]:
    """Sentences of annual reports, half of them about nothing that has a label."""
    figures = _f1(bench, "chabsa/ja.train", "chabsa/ja.dev")
    return [Figure("chabsa ja, macro-F1", figures["macro_f1"], 0.58, 0.60, 0.65)]


def cross(bench: Bench) -> list[Figure]:
    """Taught in one language, asked in the other."""
    aims = {("en", "ja"): (0.01, 0.50, 0.62), ("ja", "en"): (0.09, 0.52, 0.72)}
    found = []
    for (taught, asked), aim in aims.items():
        figures = _f1(bench, f"mabsa-hotel/{taught}.train", f"mabsa-hotel/{asked}.test")
        found.append(Figure(f"hotel {taught} → {asked}, micro-F1", figures["micro_f1"], *aim))
    return found


def _f1(bench: Bench, train: str, test: str) -> dict[str, float]:
    judged = bench.judged((train,), test)
    return f1_figures(judged.wanted, judged.given)


def shots(bench: Bench) -> list[Figure]:
    """Eight examples a label, ten draws; the baseline sees the same lines in each."""
    found = []
    for folder in ("mabsa-hotel", "mabsa-phone"):
        for language in ("en", "ja"):
            found += _few(bench, folder, language)
    return found


def _few(bench: Bench, folder: str, language: str) -> list[Figure]:
    lines = bench.lines(f"{folder}/{language}.train")
    test = bench.lines(f"{folder}/{language}.test")
    wanted = [set(line.labels) for line in test]
    ours, plain, quick = [], [], []
    for seed in range(_SEEDS):
        say(f"  {folder} {language}: draw {seed + 1} of {_SEEDS}")
        few = pick_shots(lines, shots=_SHOTS, seed=seed)
        ours.append(_pair(wanted, judge_lines(bench.learn(few), test).given))
        plain.append(_pair(wanted, plain_answers(few, test)))
        if bench.encoder_name != "static":
            beside = judge_lines(bench.learn(few, encoder="static"), test)
            quick.append(_pair(wanted, beside.given))
    found = []
    for column, name in enumerate(("micro-F1", "macro-F1")):
        own, base = (np.array(pairs)[:, column] for pairs in (ours, plain))
        against = np.array(quick)[:, column] if quick else base
        found.append(
            Figure(
                f"{_SHOTS} a label, {folder.removeprefix('mabsa-')} {language}, {name}",
                float(own.mean()),
                baseline=float(base.mean()),
                static=float(base.mean()),
                e5=float(against.mean()),
                spread=float(own.std(ddof=1)),
                baseline_spread=float(base.std(ddof=1)),
                note=f"ahead in {int((own > against).sum())} of {_SEEDS} draws",
            )
        )
    return found


def _pair(wanted: Sequence[set[str]], given: Sequence[set[str]]) -> tuple[float, float]:
    figures = f1_figures(wanted, given)
    return figures["micro_f1"], figures["macro_f1"]


def banking(bench: Bench) -> list[Figure]:
    """77 intents of which each question has one; a fifth of the public training part is asked."""
    train, test = split(bench.lines("banking77/en.train"), share=0.2, seed=bench.seed)
    found = []
    aims = ((None, "all", (0.91, 0.92, 0.93)), (10, "10", (0.77, 0.78, 0.84)))
    for few, name, aim in aims:
        say(f"  banking77, {name} a label")
        chosen = train if few is None else pick_shots(train, shots=few, seed=bench.seed)
        judged = judge_lines(bench.learn(chosen), test)
        right = accuracy(judged.wanted, judged.chances, judged.keys)
        assert right is not None
        found.append(Figure(f"banking77, {name} a label, accuracy", right, *aim))
    return found


def split(lines: Sequence[Line], *, share: float, seed: int) -> tuple[list[Line], list[Line]]:
    """Two parts, the second with this share of the lines of every set of labels."""
    generator = np.random.default_rng(seed)
    by_labels: dict[tuple[str, ...], list[Line]] = {}
    for line in lines:
        by_labels.setdefault(tuple(sorted(line.labels)), []).append(line)
    first: list[Line] = []
    second: list[Line] = []
    for labels in sorted(by_labels):
        group = [
            by_labels[labels][place] for place in generator.permutation(len(by_labels[labels]))
        ]
        cut = int(share * len(group) + generator.random())  # one in four of single lines, too
        second += group[:cut]
        first += group[cut:]
    return first, second
