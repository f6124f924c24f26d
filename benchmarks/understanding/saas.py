"""Our own comments to a SaaS: without labels, after corrections, and themes taught in English."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.understanding.asking import Bench, say
from benchmarks.understanding.figures import Figure
from benchmarks.understanding.sets import LANGUAGES, saas_entries, share_without_keyword
from nlp.analysis import train_analyser
from nlp.evaluate import FloatArray, Judged, Line, f1_figures, judge_lines
from nlp.taxonomy import Taxonomy, Theme, from_entries, starter_pack
from nlp.training import Lesson
from nlp.triage import pick

CORRECTIONS = 100
_AT_ONCE = 20  # as the page asks
_ROUNDS = 3
_FOLDS = 3

# Bench, pool, taxonomy, seed -> the lines to correct.
Chooser = Callable[[Bench, Sequence[Line], Taxonomy, int], list[Line]]


def cold(bench: Bench) -> list[Figure]:
    """From label, description and keywords alone."""
    analyser = bench.learn([], taxonomy=from_entries(saas_entries()))
    found = []
    for language in LANGUAGES:
        figures = _figures(judge_lines(analyser, bench.lines(f"own/saas.{language}")))
        without = share_without_keyword(bench.rows(f"own/saas.{language}"), saas_entries())
        note = f"{without:.0%} without a keyword; micro-F1 {figures['micro_f1']:.3f}"
        found.append(
            Figure(f"cold start, SaaS {language}, macro-F1", figures["macro_f1"],
                   static=0.46, e5=0.55, note=note)
        )  # fmt: skip
    return found


def corrections(bench: Bench) -> list[Figure]:
    """The same after 100 corrections, chosen among the comments that are not asked about.

    Each round cuts the comments of both languages into three parts; each part is asked about by
    an analyser that was corrected on 100 of the other 200. Triage chooses 20 at a time, each time
    with what was learnt from those before.
    """
    chance = _after(bench, "at random", at_random)
    triage = _after(bench, "by triage", by_triage)
    found = []
    for language in LANGUAGES:
        by_chance, by_choice = np.array(chance[language]), np.array(triage[language])
        note = f"ahead of random in {int((by_choice > by_chance).sum())} of {_ROUNDS} rounds"
        found += [
            _corrected("at random", language, by_chance),
            _corrected("by triage", language, by_choice, note=note, e5=0.65),
        ]
    return found


def _corrected(way: str, language: str, values: FloatArray, **more: Any) -> Figure:
    what = f"{CORRECTIONS} corrections {way}, SaaS {language}, macro-F1"
    return Figure(what, float(values.mean()), spread=float(values.std(ddof=1)), **more)


def at_random(_bench: Bench, pool: Sequence[Line], _taxonomy: Taxonomy, seed: int) -> list[Line]:
    """A hundred of the pool, whichever."""
    places = np.random.default_rng(seed).permutation(len(pool))[:CORRECTIONS]
    return [pool[place] for place in places]


def by_triage(bench: Bench, pool: Sequence[Line], taxonomy: Taxonomy, _seed: int) -> list[Line]:
    """A hundred of the pool as the page that asks about comments chooses them."""
    vectors = bench.encoder("static").encode([line.text for line in pool])
    left, known = list(range(len(pool))), list[int]()
    while left and len(known) < CORRECTIONS:
        analyser = bench.learn([pool[place] for place in known], taxonomy=taxonomy)
        lines = [pool[place] for place in left]
        chances = analyser.classifier.predict_proba(
            [line.text for line in lines], languages=[line.language for line in lines]
        )
        known += [left[place] for place in pick(chances, vectors[left], most=_AT_ONCE)]
        left = [place for place in left if place not in set(known)]
    return [pool[place] for place in known[:CORRECTIONS]]


def _after(bench: Bench, name: str, choose: Chooser) -> dict[str, list[float]]:
    """Macro-F1 of each round, by language."""
    taxonomy = from_entries(saas_entries())
    scores: dict[str, list[float]] = {language: [] for language in LANGUAGES}
    for seed in range(_ROUNDS):
        say(f"  corrections {name}: round {seed + 1} of {_ROUNDS}")
        parts = _parts(bench, seed)
        answers = []
        for number, asked in enumerate(parts):
            pool = [line for other, part in enumerate(parts) if other != number for line in part]
            chosen = choose(bench, pool, taxonomy, seed)
            answers.append(judge_lines(bench.learn(chosen, taxonomy=taxonomy), asked))
        lines = [line for part in parts for line in part]
        wanted = [labels for judged in answers for labels in judged.wanted]
        given = [labels for judged in answers for labels in judged.given]
        for language in LANGUAGES:
            places = [place for place, line in enumerate(lines) if line.language == language]
            figures = f1_figures([wanted[p] for p in places], [given[p] for p in places])
            scores[language].append(figures["macro_f1"])
    return scores


def _parts(bench: Bench, seed: int) -> list[list[Line]]:
    """The comments in three parts, each with a third of either language."""
    generator = np.random.default_rng(seed)
    parts: list[list[Line]] = [[] for _ in range(_FOLDS)]
    for language in LANGUAGES:
        lines = bench.lines(f"own/saas.{language}")
        for turn, place in enumerate(generator.permutation(len(lines))):
            parts[turn % _FOLDS].append(lines[place])
    return parts


def taught(bench: Bench) -> list[Figure]:
    """A theme whose label says nothing, by ten English examples, found in Japanese comments.

    The workspace has the starter pack; somebody adds a theme and then, by a press each, adds it
    to ten comments. Beside it: the same ten as comments that were labelled, not corrected.
    """
    examples, asked = bench.lines("own/taught.en"), bench.lines("own/taught.ja")
    scores: dict[str, list[tuple[float, float]]] = {"corrected": [], "labelled": []}
    found = []
    for team, key in zip("ABC", sorted({x for line in asked for x in line.labels}), strict=True):
        taxonomy = _with_theme(key, f"Team {team}")
        ten = [line for line in examples if key in line.labels]
        lessons = [Lesson(line.text, line.language, {key: True}) for line in ten]
        analysers = {
            "corrected": train_analyser(
                taxonomy, lessons=lessons, encoder=bench.encoder(), random_state=bench.seed
            ),
            "labelled": bench.learn(ten, taxonomy=taxonomy),
        }
        for way, analyser in analysers.items():
            scores[way].append(_found(judge_lines(analyser, asked), key))
            recall, precision = scores[way][-1]
            say(f"  {key}, {way}: recall {recall:.3f}, precision {precision:.3f}")
    for way, aims in (("corrected", (0.5, 0.6)), ("labelled", (None, None))):
        for column, (name, aim) in enumerate(zip(("recall", "precision"), aims, strict=True)):
            by_theme = [pair[column] for pair in scores[way]]
            found.append(
                Figure(
                    f"a theme by 10 {way} English comments, found in Japanese, {name}",
                    float(np.mean(by_theme)),
                    static=aim,
                    e5=aim,
                    note="three themes: " + ", ".join(f"{value:.2f}" for value in by_theme),
                )
            )
    return found


def _found(judged: Judged, key: str) -> tuple[float, float]:
    """Recall and precision of one theme."""
    row = f1_figures(
        [labels & {key} for labels in judged.wanted], [labels & {key} for labels in judged.given]
    )["labels"][key]
    return row["recall"], row["precision"]


def _with_theme(key: str, label: str) -> Taxonomy:
    pack = starter_pack()
    empty = dict.fromkeys(LANGUAGES, "")
    nothing: dict[str, tuple[str, ...]] = dict.fromkeys(LANGUAGES, ())
    theme = Theme(key, dict.fromkeys(LANGUAGES, label), empty, nothing, nothing)
    return Taxonomy("taught", "1", (*pack.themes, theme), pack.off_topic, pack.combined)


def _figures(judged: Judged) -> dict[str, float]:
    return f1_figures(judged.wanted, judged.given)
