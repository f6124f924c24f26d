"""How far the statistics can be trusted, by simulation: `python -m benchmarks.simulations`.

    python -m benchmarks.simulations [--only coverage] [--draws 10000] [--seed 1]

Prints what was aimed at and what was measured, and writes JSON to benchmarks/results/. Seeded:
the same options give the same figures.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
from scipy.stats import false_discovery_control
from statsmodels.stats.proportion import proportion_confint

from surveys.alarms import YEAR, watch
from surveys.inference import against_rest, benjamini_hochberg, estimate, estimate_clustered
from surveys.intervals import point_values
from surveys.weighting import estimate_weighted, rake

RESULTS = Path(__file__).parent / "results"

# Truths as chances per scale point. NPS by (promoters, passives, detractors).
NPS_TRUTHS = (
    (0.5, 0.3, 0.2),
    (0.8, 0.15, 0.05),
    (0.1, 0.3, 0.6),
    (0.33, 0.34, 0.33),
    (0.05, 0.9, 0.05),
    (0.98, 0.01, 0.01),
)
CSAT_TRUTHS = (0.5, 0.7, 0.8, 0.9, 0.98)
CES_TRUTHS = (
    (0.05, 0.05, 0.1, 0.1, 0.2, 0.25, 0.25),
    (1 / 7,) * 7,
    (0.3, 0.1, 0.05, 0.1, 0.05, 0.1, 0.3),
    (0.01, 0.01, 0.01, 0.01, 0.0, 0.01, 0.95),
)
SIZES = (5, 10, 30, 100)
# (promoters, passives, detractors) or (satisfied, n) -> interval: computed apart from this code.
NPS_REFERENCES = (
    ((50, 30, 20), (14.1, 44.2)),
    ((10, 0, 0), (47.5, 100)),
    ((5, 3, 2), (-19.1, 65.2)),
    ((3, 1, 1), (-29.8, 79.8)),
    ((0, 0, 5), (-100, -17.5)),
    ((250, 675, 75), (14.1, 20.8)),
)
CSAT_REFERENCES = (
    ((8, 10), (49.02, 94.33)),
    ((10, 10), (72.25, 100)),
    ((0, 10), (0, 27.75)),
    ((45, 50), (78.64, 95.65)),
    ((1, 1), (20.65, 100)),
)

Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; target: (">=" or "<=", bound), None where none was set."""

    what: str
    measured: float
    target: tuple[str, float] | None = None

    @property
    def met(self) -> bool:
        if self.target is None:
            return True
        sign, bound = self.target
        return self.measured >= bound if sign == ">=" else self.measured <= bound


def nps_shares(promoters: float, passives: float, detractors: float) -> list[float]:
    return [0, 0, 0, detractors, 0, 0, 0, 0, passives, promoters, 0]


def csat_shares(satisfied: float) -> list[float]:
    return [1 - satisfied, 0, 0, 0, satisfied]


def truths() -> Iterator[tuple[str, list[float]]]:
    yield from (("nps", nps_shares(*each)) for each in NPS_TRUTHS)
    yield from (("csat", csat_shares(each)) for each in CSAT_TRUTHS)
    yield from (("ces", list(each)) for each in CES_TRUTHS)


def true_score(kind: str, shares: list[float]) -> float:
    return float(np.dot(point_values(kind), shares))


def covered(kind: str, shares: list[float], n: int, draws: int, random: Random) -> float:
    """Share of samples whose interval holds the truth; equal samples are computed once."""
    samples, times = np.unique(
        random.multinomial(n, shares, size=draws), axis=0, return_counts=True
    )
    truth = true_score(kind, shares)
    found = (estimate(kind, sample.tolist()) for sample in samples)
    hits = [each.low - 1e-9 <= truth <= each.high + 1e-9 for each in found]
    return float(np.dot(hits, times) / draws)


def coverage(draws: int, random: Random) -> list[Row]:
    targets = {"nps": (0.90, 0.94), "csat": (0.90, 0.92), "ces": (0.94, 0.94)}
    rows = []
    for kind, shares in truths():
        for n in SIZES:
            small, large = targets[kind]
            name = f"coverage {kind} {_short(shares)} n={n}"
            measured = covered(kind, shares, n, draws, random)
            rows.append(Row(name, measured, (">=", large if n >= 30 else small)))
    return rows


def clustered_answers(
    shares: list[float], sizes: np.ndarray, icc: float, random: Random
) -> np.ndarray:
    """A histogram per cluster: an answer copies the cluster's own one with chance √icc.

    Two answers of a cluster then are the same copy with chance icc, else independent, so that
    icc is the intra-cluster correlation whatever the values of the scale points.
    """
    own = random.multinomial(1, shares, size=len(sizes))
    copies = random.binomial(sizes, np.sqrt(icc))
    return own * copies[:, None] + random.multinomial(sizes - copies, shares)


def clustered(draws: int, random: Random) -> list[Row]:
    rows = []
    for kind, shares in (
        ("nps", nps_shares(*NPS_TRUTHS[0])),
        ("nps", nps_shares(*NPS_TRUTHS[1])),
        ("csat", csat_shares(0.8)),
        ("ces", list(CES_TRUTHS[0])),
    ):
        truth = true_score(kind, shares)
        for clusters in (10, 30, 100):
            hits = 0
            for _ in range(draws):
                sizes = random.integers(1, 51, size=clusters)
                table = clustered_answers(shares, sizes, 0.1, random)
                found = estimate_clustered(kind, table)
                hits += found.low <= truth <= found.high
            name = f"clustered coverage {kind} {_short(shares)}, {clusters} clusters of 1-50"
            rows.append(Row(name, hits / draws, (">=", 0.93)))
    return rows


def references(_draws: int, _random: Random) -> list[Row]:
    cases = [("nps", nps_shares(*counts), expected) for counts, expected in NPS_REFERENCES] + [
        ("csat", [n - satisfied, 0, 0, 0, satisfied], expected)
        for (satisfied, n), expected in CSAT_REFERENCES
    ]
    rows = []
    for kind, counts, expected in cases:
        found = estimate(kind, counts)
        off = max(abs(found.low - expected[0]), abs(found.high - expected[1]))
        rows.append(Row(f"reference {kind} {counts}: off by", off, ("<=", 0.1)))
    return rows


@cache
def _segment_p_value(counts: tuple[int, ...], overall: tuple[int, ...]) -> float | None:
    return against_rest("nps", counts, overall)


def page_of_segments(shares: np.ndarray, sizes: np.ndarray, random: Random) -> list[bool | None]:
    """Which of the segments of a page are called different; shares: one row per segment."""
    table = random.multinomial(sizes, shares)
    overall = tuple(table.sum(axis=0).tolist())
    p_values = [_segment_p_value(tuple(row), overall) for row in table.tolist()]
    return benjamini_hochberg(p_values)


def pages(draws: int, random: Random) -> list[Row]:
    null = np.tile(nps_shares(*NPS_TRUTHS[0]), (50, 1))
    rows = []
    for smallest, largest in ((5, 60), (30, 300)):
        flagged = sum(
            any(page_of_segments(null, random.integers(smallest, largest + 1, 50), random))
            for _ in range(draws)
        )
        name = f"pages with a segment flagged, none differs, n {smallest}-{largest}"
        rows.append(Row(name, flagged / draws, ("<=", 0.065)))
    # Alone a segment is tested at 5 %; one among fifty at about 0.1 %, as nothing else is found.
    for segments, planted in ((1, 1), (50, 1)):
        name = f"power, +20 at n=100 planted in {planted} of {segments} segments"
        rows.append(Row(name, power(segments, planted, draws, random), (">=", 0.6)))
    return rows


def power(segments: int, planted: int, draws: int, random: Random) -> float:
    """Share of the planted segments that are found; a rest of 4,900 answers takes no test."""
    shares = np.tile(nps_shares(*NPS_TRUTHS[0]), (segments + 1, 1))
    shares[:planted] = nps_shares(0.62, 0.26, 0.12)
    sizes = np.array([100] * segments + [4900])
    found = 0
    for _ in range(draws):
        table = random.multinomial(sizes, shares)
        overall = table.sum(axis=0).tolist()
        p_values = [against_rest("nps", row, overall) for row in table[:segments].tolist()]
        found += sum(map(bool, benjamini_hochberg(p_values)[:planted]))
    return found / draws / planted


# Steady, and about 15 points (or their like in standard deviations, 0.2) lower.
WATCHED = (
    ("nps", nps_shares(0.5, 0.3, 0.2), nps_shares(0.42, 0.31, 0.27)),
    ("nps", nps_shares(0.8, 0.15, 0.05), nps_shares(0.71, 0.18, 0.11)),
    ("nps", nps_shares(0.98, 0.01, 0.01), nps_shares(0.89, 0.04, 0.07)),
    ("csat", csat_shares(0.8), csat_shares(0.72)),
    ("ces", list(CES_TRUTHS[0]), [0.08, 0.08, 0.13, 0.12, 0.19, 0.2, 0.2]),
)


def alarm(draws: int, random: Random) -> list[Row]:
    """Years watched with a baseline estimated from 90 days of 20 answers."""
    rows = []
    for kind, steady, lower in WATCHED:
        name = f"alarm {kind} {_short(steady)}"
        false = sum(_alarm_day(kind, [(steady, YEAR)], random) is not None for _ in range(draws))
        rows.append(Row(f"{name}: years of no change with an alarm", false / draws, ("<=", 0.065)))
        for before in (0, 60):
            days = [_alarm_day(kind, [(steady, before), (lower, 90)], random) for _ in range(draws)]
            # An alarm before the change is a false one, and no measure of delay.
            delays = [
                YEAR if day is None else day - before + 1
                for day in days
                if day is None or day >= before
            ]
            target = ("<=", 21) if kind == "nps" else None
            rows.append(
                Row(
                    f"{name}: median days to a fall on day {before}",
                    float(np.median(delays)),
                    target,
                )
            )
    return rows


def _alarm_day(kind: str, parts: list[tuple[list[float], int]], random: Random) -> int | None:
    baseline = random.multinomial(1800, parts[0][0])
    days = np.concatenate([random.multinomial(20, shares, size=days) for shares, days in parts])
    return watch(kind, baseline, days).day


def weighting(draws: int, random: Random) -> list[Row]:
    """Two attributes move score and chance to answer; the frame knows the margins of both."""
    plans, regions = {"free": 0.7, "pro": 0.3}, {"east": 0.4, "west": 0.6}
    answering = {"free": 0.1, "pro": 0.4, "east": 0.5, "west": 1.0}
    cells = [(plan, region) for plan in plans for region in regions]
    frame = np.array([plans[plan] * regions[region] for plan, region in cells])
    chances = frame * [answering[plan] * answering[region] for plan, region in cells]
    means = np.array([6.0 + 2.0 * (p == "pro") + 1.0 * (r == "west") for p, r in cells])
    shares = np.exp(-((np.arange(11) - means[:, None]) ** 2) / 8)
    shares /= shares.sum(axis=1, keepdims=True)
    truth = true_score("nps", list(frame @ shares))
    raw, weighted, inside = [], [], 0
    for _ in range(draws):
        members = random.choice(len(cells), size=400, p=chances / chances.sum())
        scores = [int(random.choice(11, p=shares[member])) for member in members]
        answers = [dict(zip(("plan", "region"), cells[member], strict=True)) for member in members]
        found = estimate_weighted(
            "nps", scores, rake(answers, {"plan": plans, "region": regions}).weights
        )
        raw.append(found.raw.value - truth)
        weighted.append(found.weighted.value - truth)
        inside += found.weighted.low <= truth <= found.weighted.high
    cut = 1 - abs(np.mean(weighted)) / abs(np.mean(raw))
    return [
        Row("weighting: bias without, points", float(np.mean(raw))),
        Row("weighting: bias with, points", float(np.mean(weighted))),
        Row("weighting: share of the bias cut", float(cut), (">=", 0.8)),
        Row("weighting: coverage of the weighted interval", inside / draws),
    ]


def agreement(_draws: int, random: Random) -> list[Row]:
    """The largest difference to other implementations of the same methods."""
    wilson = 0.0
    for n in (1, 5, 30, 100, 1000):
        for satisfied in sorted({0, n // 3, n}):
            found = estimate("csat", [n - satisfied, 0, 0, 0, satisfied])
            low, high = proportion_confint(satisfied, n, method="wilson")
            wilson = max(wilson, abs(found.low - 100 * low), abs(found.high - 100 * high))
    p_values = random.uniform(0, 0.1, size=200)
    theirs = (false_discovery_control(p_values) <= 0.05).tolist()
    disagree = sum(
        a != b for a, b in zip(benjamini_hochberg(p_values.tolist()), theirs, strict=True)
    )
    return [
        Row("Wilson against statsmodels: off by", wilson, ("<=", 1e-9)),
        Row("Benjamini-Hochberg against scipy: verdicts that differ", disagree, ("<=", 0)),
    ]


# Each with the number of draws that its target asks for.
SIMULATIONS: dict[str, tuple[Callable[[int, Random], list[Row]], int]] = {
    "coverage": (coverage, 10_000),
    "clustered": (clustered, 2_000),
    "references": (references, 0),
    "pages": (pages, 1_000),
    "alarm": (alarm, 300),
    "weighting": (weighting, 300),
    "agreement": (agreement, 0),
}


def _short(numbers: list[float]) -> str:
    return "(" + ", ".join(f"{number:.3g}" for number in numbers if number) + ")"


def show(rows: list[Row]) -> None:
    for row in rows:
        target = f"{row.target[0]} {row.target[1]:g}" if row.target else ""
        print(f"{row.what:78} {target:>10} {row.measured:>10.4g} {'' if row.met else 'MISSED'}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", choices=SIMULATIONS, help="one of the simulations")
    parser.add_argument("--draws", type=int, help="instead of the number the target asks for")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    found: list[Row] = []
    print(f"{'':78} {'target':>10} {'measured':>10}")
    for name in [options.only] if options.only else SIMULATIONS:
        simulate, usual = SIMULATIONS[name]
        rows = simulate(options.draws or usual, np.random.default_rng(options.seed))
        show(rows)
        found += rows
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    result = {
        "at": now.isoformat(timespec="seconds"),
        "seed": options.seed,
        "draws": options.draws or {name: draws for name, (_, draws) in SIMULATIONS.items()},
        "rows": [asdict(row) | {"met": row.met} for row in found],
    }
    path = RESULTS / f"simulations-{now:%Y%m%dT%H%M%S}.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    print(f"{sum(not row.met for row in found)} targets missed; written to {path}")


if __name__ == "__main__":
    main()
