"""Does the screen of features find those that go with long life, and only those?

    python -m benchmarks.survival_simulations [--sets 2000] [--seed 2026]

Draws customers of whom the truth is known, prints what was found beside its target, writes JSON
to benchmarks/results/, and exits with 1 when a target is missed.

Every customer has a hazard of leaving; a plan may raise it, and so may the absence of a feature.
Features are first used at a random day after the start, if the customer is still there: a customer
who stays long uses more of them, whatever they do.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.simulations import Row
from surveys.survival import FeatureUse, Screening, hazard_ratio, log_rank, screen_features

RESULTS = Path(__file__).parent / "results"
CUSTOMERS = 600
FEATURES = 10
WATCHED_DAYS = 540
LANDMARK_DAYS = 30.0
HAZARD = 1 / 500  # a day
PLANTED_RATIO = 0.5
PLAN_RATIO = 4.0  # the small plan leaves so much more often
SET_UP_DAYS = 15.0  # mean time to the first use of a feature by those who take to it
SLOW_DAYS = 300.0  # the same where the features come to a customer in the course of time

Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Customers:
    """days, lost: as watched; small: plan; features: first uses."""

    days: Any
    lost: Any
    small: Any
    features: list[FeatureUse]

    def screened(self, *, by_plan: bool = False) -> Screening:
        strata = [self.small] if by_plan else []
        return screen_features(
            self.days, self.lost, self.features, landmark_days=LANDMARK_DAYS, strata=strata
        )


def draw(
    rng: Random,
    *,
    ratio: float = 1.0,
    confounded: bool = False,
    mean_first_use: float = SET_UP_DAYS,
) -> Customers:
    """ratio: of the hazard of those who take to the first feature, from day 0 on. confounded: the
    small plan leaves sooner and takes to features less often."""
    small = rng.random(CUSTOMERS) < 0.5
    chance = np.where(small, 0.25, 0.75) if confounded else np.full(CUSTOMERS, 0.5)
    takes_to = rng.random((FEATURES, CUSTOMERS)) < chance
    hazard = HAZARD * np.where(takes_to[0], ratio, 1.0)
    if confounded:
        hazard = hazard * np.where(small, PLAN_RATIO, 1.0)
    leaves = rng.exponential(1 / hazard)
    watched = rng.uniform(LANDMARK_DAYS, WATCHED_DAYS, CUSTOMERS)
    ends = np.ceil(np.minimum(leaves, watched))
    first = rng.exponential(mean_first_use, takes_to.shape)
    if mean_first_use == SET_UP_DAYS:
        # Whoever takes to it does so within the window, so that the planted ratio is the truth.
        first %= LANDMARK_DAYS
    used = np.where(takes_to & (first < ends), first, np.nan)
    features = [FeatureUse(f"feature{at}", column) for at, column in enumerate(used)]
    return Customers(ends, leaves <= watched, small, features)


def false_discovery(rng: Random) -> bool:
    """A screen of features that do nothing finds one."""
    return any(each.differs for each in draw(rng).screened().associations)


def planted(rng: Random) -> tuple[bool, bool]:
    """The interval covers the planted ratio; the feature is found."""
    found = draw(rng, ratio=PLANTED_RATIO).screened().associations
    first = next(each for each in found if each.key == "feature0")
    assert first.hazard_ratio is not None
    covered = first.hazard_ratio.low <= PLANTED_RATIO <= first.hazard_ratio.high
    return covered, bool(first.differs)


def confounded(rng: Random) -> tuple[bool, bool]:
    """A discovery where the plan decides both: within strata of the plan, and without them."""
    customers = draw(rng, confounded=True)
    within, without = (
        any(each.differs for each in customers.screened(by_plan=by_plan).associations)
        for by_plan in (True, False)
    )
    return within, without


def immortal(rng: Random) -> tuple[bool, bool, float]:
    """Features that do nothing, first used in the course of time: a discovery of the screen, a
    significant advantage of who ever used the first one, and the hazard ratio of that."""
    customers = draw(rng, mean_first_use=SLOW_DAYS)
    ours = any(each.differs for each in customers.screened().associations)
    ever = ~np.isnan(customers.features[0].first_used)
    naive = log_rank(customers.days, customers.lost, ever)
    ratio = hazard_ratio(customers.days, customers.lost, ever)
    assert naive.p_value is not None
    assert ratio is not None
    return ours, naive.p_value < 0.05, ratio.value


def shares(sets: int, seed: int, simulate: Callable[[Random], Any]) -> list[float]:
    """The mean of each thing that a simulation returns, over data sets of their own seeds."""
    seeds = np.random.SeedSequence(seed).spawn(sets)
    drawn = [np.atleast_1d(simulate(np.random.default_rng(each))) for each in seeds]
    return [float(each) for each in np.mean(np.array(drawn, dtype=float), axis=0)]


def measured(sets: int, seed: int) -> list[Row]:
    """noise: three standard errors of a share of 5 % over so many data sets."""
    noise = 3 * float(np.sqrt(0.05 * 0.95 / sets))
    (false,) = shares(sets, seed, false_discovery)
    covered, found = shares(sets, seed, planted)
    within, without = shares(sets, seed, confounded)
    ours, naive, naive_ratio = shares(sets, seed, immortal)
    return [
        Row("features that do nothing: screens that find one", false, ("<=", 0.05 + noise)),
        Row(f"hazard ratio {PLANTED_RATIO} in its interval", covered, (">=", 0.93)),
        Row("the planted feature is found", found, (">=", 0.8)),
        Row("plan decides: screens that find one, in strata of it", within, ("<=", 0.05 + noise)),
        Row("the same without strata", without),
        Row("used in the course of time: screens that find one", ours, ("<=", 0.05 + noise)),
        Row("ever used against never: significant", naive),
        Row("its hazard ratio, of a feature that does nothing", naive_ratio),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    rows = measured(options.sets, options.seed)
    for row in rows:
        target = f"{row.target[0]} {row.target[1]:.3f}" if row.target else ""
        print(f"{row.what:<55} {row.measured:.3f} {target:>9} {'' if row.met else 'MISSED'}")
    RESULTS.mkdir(exist_ok=True)
    written = {row.what: row.measured for row in rows} | {"sets": options.sets}
    (RESULTS / "survival.json").write_text(json.dumps(written, indent=1))
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
