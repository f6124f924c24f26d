"""How much of what could be saved stands at the front of the follow-up queue?

    python -m benchmarks.queue_simulations [--answers 4000] [--seeds 20]

Draws customers (`benchmarks.queue_simulator`), opens cases for their answers by the rules of a
new workspace, and puts the cases in order: by priority, by monthly revenue alone, by score alone,
and by what is planted, which nobody could do better. Prints which share of the preventable loss
is in the first fifth of each, in the stated world and in others; writes JSON to
benchmarks/results/, and exits with 1 when the target is missed in the stated world.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.queue_simulator import OTHER_WORLDS, UNKNOWN, WORLD, Customers, World, draw
from surveys.routing import Facts, default_rules, first_match, priority
from surveys.scoring import category_of

RESULTS = Path(__file__).parent / "results"
FRONT = 0.2
TARGET = 0.10
STATED = "as stated"


@dataclass(frozen=True, slots=True)
class Shares:
    """Share of a queue's preventable loss in its first fifth, 0..1, by order."""

    cases: int
    priority: float
    revenue: float
    score: float
    best: float

    @property
    def over_revenue(self) -> float:
        return self.priority - self.revenue

    @property
    def over_score(self) -> float:
        return self.priority - self.score


def shares(world: World, answers: int, seed: int) -> Shares:
    """Of one queue; ties are broken by lot, as who came first means nothing here."""
    customers = draw(world, answers, seed)
    rng = np.random.default_rng([seed, 1])
    lot = rng.permutation(answers)
    rules = dict(_opened(customers))
    queue = sorted(rules, key=lambda at: lot[at])
    loss = customers.preventable[queue]
    points = [_points(customers, at, rules[at]) for at in queue]
    return Shares(
        cases=len(queue),
        priority=_in_front(points, loss),
        # An unknown revenue is put where the median is, as anybody would.
        revenue=_in_front(_revenue(customers)[queue], loss),
        score=_in_front(-customers.score[queue], loss),
        best=_in_front(loss, loss),
    )


def _opened(customers: Customers) -> Iterator[tuple[int, str]]:
    """Which answers open a case, and with the priority of which rule."""
    rules = default_rules()
    for at, score in enumerate(customers.score.tolist()):
        themes = customers.themes[at]
        rule = first_match(
            rules,
            Facts(
                kind="nps",
                score=score,
                category=category_of("nps", score),
                themes=frozenset(themes),
                sentiment="negative" if themes else None,
                text="We will cancel" if customers.speaks_of_leaving[at] else None,
                attributes={"plan": "enterprise" if customers.is_large[at] else "pro"},
            ),
        )
        if rule is not None:
            yield at, rule.then.priority


def _points(customers: Customers, at: int, rule_priority: str) -> float:
    return priority(
        kind="nps",
        score=int(customers.score[at]),
        mrr_minor=_or_none(customers.mrr_minor[at]),
        currency="USD",
        days_to_renewal=_or_none(customers.days_to_renewal[at]),
        outcome_priority=rule_priority,
        wants_contact=bool(customers.wants_contact[at]),
        age_days=float(customers.waited_days[at]),
        previous_score=_or_none(customers.before[at]),
        silent_days=_or_none(customers.silent_days[at]),
        themes=customers.themes[at],
    ).points


def _or_none(value: Any) -> int | None:
    return None if value == UNKNOWN else int(value)


def _revenue(customers: Customers) -> Any:
    mrr = customers.mrr_minor
    return np.where(mrr == UNKNOWN, np.median(mrr[mrr != UNKNOWN]), mrr)


def _in_front(order: Sequence[float] | Any, loss: Any) -> float:
    """The highest first, as they come where they are equal."""
    first = np.argsort(-np.asarray(order, dtype=float), kind="stable")
    return float(loss[first[: round(FRONT * len(first))]].sum() / loss.sum())


def simulate(answers: int, seeds: Sequence[int]) -> dict[str, list[Shares]]:
    """The queues of each world, one a seed."""
    worlds = {STATED: WORLD, **OTHER_WORLDS}
    return {
        name: [shares(world, answers, seed) for seed in seeds] for name, world in worlds.items()
    }


def summary(queues: Sequence[Shares]) -> dict[str, Any]:
    """Means over seeds, and the range of what priority has over the others, in points."""
    found: dict[str, Any] = {
        name: float(np.mean([getattr(queue, name) for queue in queues])) * 100
        for name in ("priority", "revenue", "score", "best")
    }
    for name in ("over_revenue", "over_score"):
        points = [100 * getattr(queue, name) for queue in queues]
        found[name] = {
            "mean": float(np.mean(points)),
            "low": min(points),
            "high": max(points),
            "met": sum(point >= 100 * TARGET for point in points),
        }
    found["cases"] = float(np.mean([queue.cases for queue in queues]))
    found["seeds"] = len(queues)
    return found


def show(name: str, found: dict[str, Any]) -> None:
    print(f"\n{name}: {found['seeds']} seeds of {found['cases']:.0f} cases")
    print("  in the first fifth, % of the preventable loss (mean)")
    for order in ("priority", "revenue", "score", "best"):
        print(f"    by {order:10} {found[order]:5.1f}")
    for order in ("revenue", "score"):
        over = found[f"over_{order}"]
        print(
            f"  priority over {order}: {over['mean']:.1f} points ({over['low']:.1f} to "
            f"{over['high']:.1f}), {100 * TARGET:.0f} or more in {over['met']} seeds"
        )


def is_met(found: dict[str, Any]) -> bool:
    return all(found[name]["mean"] >= 100 * TARGET for name in ("over_revenue", "over_score"))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--answers", type=int, default=4000, help="customers a seed")
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args()
    simulated = simulate(options.answers, range(options.seeds))
    found = {name: summary(queues) for name, queues in simulated.items()}
    for name, each in found.items():
        show(name, each)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "queue_simulations.json").write_text(json.dumps(found, indent=2) + "\n")
    met = is_met(found[STATED])
    print(f"\ntarget {'met' if met else 'missed'} in the stated world")
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
