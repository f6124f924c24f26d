"""Does the comparison of contacted people see what is there, and nothing where nothing is?

    python -m benchmarks.closed_loop_simulations [--sets 2000] [--seed 2026]

Draws people of whom the truth is known, prints what was found beside its target, and exits with 1
when a target is missed.

Each person is as content as they are, and every score is that with a good deal of chance. Cases
open on a low score, the lower it is the sooner somebody calls, and who was called answers again
later. Without an effect of the call, they recover all the same: that is regression to the mean.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

import numpy as np

from benchmarks.simulations import Row
from surveys.closed_loop import Compared, Next, compare, outcome_of

PEOPLE = 3000
CHANCE = 2.2  # standard deviation of one score about how content somebody is
EFFECT = 0.15
SPREAD = 1.6  # standard deviation of how content people are

Random = np.random.Generator


def draw(rng: Random, *, people: int = PEOPLE, effect: float = 0.0) -> list[Next]:
    """First answers in the lowest category, and the next ones.

    effect: by how much the chance to recover of those contacted is raised, in every stratum.
    """
    content = rng.normal(6.5, SPREAD, people)
    first, later = (
        np.clip(np.rint(content + rng.normal(0, CHANCE, people)), 0, 10).astype(int)
        for _ in range(2)
    )
    large = rng.random(people) < 0.3
    called = rng.random(people) < np.clip(0.75 - 0.09 * first + 0.15 * large, 0.05, 0.95)
    helped = called & (rng.random(people) < _lift(first, later, effect))
    after = np.where(helped & (later <= 6), 8, later)
    return [
        Next(
            outcome_of("nps", int(first[at]), int(after[at])), bool(called[at]),
            (int(first[at]), bool(large[at])),
        )
        for at in np.flatnonzero(first <= 6)
    ]  # fmt: skip


def _lift(first: np.ndarray, later: np.ndarray, effect: float) -> np.ndarray:
    """The chance of who would not have recovered to do so, that adds `effect` in each stratum."""
    stays = np.array([np.mean(later[first == score] <= 6) if (first == score).any() else 1.0
                      for score in range(11)])  # fmt: skip
    return np.asarray(effect / np.maximum(stays[first], effect or 1.0))


def covers(found: Compared, truth: float) -> bool:
    figure = found.difference
    assert figure.low is not None
    assert figure.high is not None
    return figure.low <= truth <= figure.high


def naive_says_nothing(answers: list[Next]) -> bool:
    """Before and after of the contacted alone: is "as many got better as worse" within chance?"""
    better = sum(each.contacted and each.outcome == "recovered" for each in answers)
    worse = sum(each.contacted and each.outcome == "worse" for each in answers)
    return bool(abs(better - worse) <= 1.96 * np.sqrt(better + worse))


def unmatched(answer: Next) -> Next:
    """The same, as if all people were alike."""
    return replace(answer, like=None)


def measured(sets: int, seed: int) -> list[Row]:
    """Shares of data sets. Where too few were compared for an interval, a set is left out."""
    rng = np.random.default_rng(seed)
    nothing = [draw(rng) for _ in range(sets)]
    matched = list(map(compare, nothing))
    few = [found for found in (compare(draw(rng, people=400)) for _ in range(sets)) if told(found)]
    helped = [compare(draw(rng, effect=EFFECT)) for _ in range(sets)]
    return [
        Row("no effect: the interval covers 0", share_of(matched, 0), (">=", 0.93)),
        Row("no effect, few people: covers 0", share_of(few, 0), (">=", 0.93)),
        Row("15 points: the interval covers them", share_of(helped, EFFECT), (">=", 0.93)),
        Row("15 points: told from nothing", 1 - share_of(helped, 0), (">=", 0.8)),
        Row(
            "no effect: before and after alone says none",
            float(np.mean(list(map(naive_says_nothing, nothing)))),
        ),
        Row(
            "no effect: all others, unlike ones too, covers 0",
            share_of([compare(map(unmatched, each)) for each in nothing], 0),
        ),
    ]


def told(found: Compared) -> bool:
    return found.difference.value is not None


def share_of(found: list[Compared], truth: float) -> float:
    return float(np.mean([covers(each, truth) for each in found]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    rows = measured(options.sets, options.seed)
    for row in rows:
        target = f"{row.target[0]} {row.target[1]:.3f}" if row.target else ""
        print(f"{row.what:<55} {row.measured:.3f} {target:>9} {'' if row.met else 'MISSED'}")
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
