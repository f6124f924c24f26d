"""Does the back-test of the health score say what is true, and no more?

    python -m benchmarks.health_simulations [--workspaces 400] [--seed 2026]

Draws workspaces in which the truth is known, prints beside its target how often the back-test
told it, writes JSON to benchmarks/results/, and exits with 1 when a target is missed.

An account has a condition that wanders from month to month around one of its own. Seven
components show it more or less, with errors that partly stay with the account, and are often
unknown. It leaves in a month with a chance that depends on its condition (not at all where there
is no signal) and on reasons of its own that nothing shows. One figure of usage in five comes in
20 days late. The true AUC is that of a draw of very many accounts, by ranks.

The planted leak: of each account that left, its last three months before get a usage of 0,
written down after it left: what a cancellation does to a report. Somebody who reads facts by
their date alone sees it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit
from scipy.stats import rankdata

from surveys.health import COMPONENTS, DEFAULT_WEIGHTS, weighted_scores
from surveys.health_backtest import Backtest, backtest_rows
from surveys.health_learning import learn_rows
from surveys.health_observations import HORIZON_DAYS, Observation, Rows
from surveys.known import Known, last_known

RESULTS = Path(__file__).parent / "results"
MONTHS = 24
AHEAD = 3  # months that the 90 days reach into
FIRST_YEAR = 2024
LATE = timedelta(days=20)
SHARE_LATE = 0.2
POPULATION = 300_000
USAGE = COMPONENTS.index("usage")
SHARES = np.array(DEFAULT_WEIGHTS.shares())

# How much each component shows of the condition (a correlation), and how often it is unknown.
SHOWN = {"survey": 0.5, "usage": 0.7, "onboarding": 0.1, "support": 0.4, "relationship": 0.3,
         "goals": 0.4, "payment": 0.3}  # fmt: skip
UNKNOWN = {"survey": 0.4, "usage": 0.05, "onboarding": 0.1, "support": 0.1, "relationship": 0.1,
           "goals": 0.5, "payment": 0.1}  # fmt: skip
# Nearly all of it in what the weights of the score count for little.
ELSEWHERE = {**dict.fromkeys(SHOWN, 0.0), "payment": 0.9}


@dataclass(frozen=True, slots=True)
class World:
    """signal: by how much the log odds of leaving fall per standard deviation of condition."""

    signal: float
    shown: str = "usual"  # or "elsewhere"
    accounts: int = 300
    months: int = MONTHS
    leaving: float = -4.0  # log odds a month


@dataclass(frozen=True, slots=True)
class Drawn:
    """Accounts by month, shape (accounts, months); points: (accounts, months, 7), nan unknown."""

    points: Any
    late: Any  # the month's usage comes in late
    present: Any  # has revenue at the start of the month
    left: Any  # month in which it left, or a month that never comes; shape (accounts,)
    nps: Any
    tenure: Any

    @property
    def churned(self) -> Any:
        month = np.arange(self.present.shape[1])
        return (month <= self.left[:, None]) & (self.left[:, None] < month + AHEAD)

    @property
    def seen(self) -> Any:
        """The points as known at the start of each month: for usage that is late, the month's
        before; unknown in the first."""
        usage = self.points[:, :, USAGE]
        before = np.column_stack([np.full(len(usage), np.nan), usage[:, :-1]])
        seen = self.points.copy()
        seen[:, :, USAGE] = np.where(self.late, before, usage)
        return seen


def draw(world: World, rng: np.random.Generator, accounts: int) -> Drawn:
    size = (accounts, world.months)
    condition = _wandering(rng, size)
    reasons = 0.7 * rng.normal(size=(accounts, 1))
    chance = expit(world.leaving - world.signal * condition + reasons)
    start = rng.integers(-12, world.months - AHEAD, size=accounts)[:, None]
    month = np.arange(world.months)
    leaves = (rng.random(size) < chance) & (month >= start)
    left = np.where(leaves.any(axis=1), leaves.argmax(axis=1), 10 * world.months)
    shown = SHOWN if world.shown == "usual" else ELSEWHERE
    points = np.stack(
        [_component(rng, condition, shown[key], UNKNOWN[key]) for key in COMPONENTS], axis=-1
    )
    nps = _component(rng, condition, shown["survey"], UNKNOWN["survey"])
    return Drawn(
        points=points,
        late=rng.random(size) < SHARE_LATE,
        present=(month >= start) & (month <= left[:, None]),
        left=left,
        nps=np.round(nps / 10),
        tenure=30 * (month - start),
    )


def _wandering(rng: np.random.Generator, size: tuple[int, int]) -> Any:
    """Variance 1; half of it stays with the account, half wanders from month to month."""
    wanders = rng.normal(size=size)
    for at in range(1, size[1]):
        wanders[:, at] = 0.7 * wanders[:, at - 1] + np.sqrt(1 - 0.49) * wanders[:, at]
    return np.sqrt(0.5) * (rng.normal(size=(size[0], 1)) + wanders)


def _component(rng: np.random.Generator, condition: Any, shown: float, unknown: float) -> Any:
    error = 0.6 * rng.normal(size=(len(condition), 1)) + 0.8 * rng.normal(size=condition.shape)
    points = 55 + 22 * (shown * condition + np.sqrt(1 - shown**2) * error)
    return np.where(rng.random(condition.shape) < unknown, np.nan, points.clip(0, 100))


# --- what is true ----------------------------------------------------------------------------


@cache
def truth_of(world: World, accounts: int = POPULATION) -> tuple[float, float]:
    """AUC, and lift of the lowest tenth, over the rows that the back-test judges.

    In batches, to bound the memory.
    """
    if world.signal == 0:
        return 0.5, 1.0
    scores, churned = [], []
    for batch in range(10):
        rows = _many(world, np.random.default_rng([1, batch]), accounts // 10)
        scores.append(rows.score)
        churned.append(rows.churned)
    score, event = np.concatenate(scores), np.concatenate(churned)
    m, n = event.sum(), (~event).sum()
    auc = (rankdata(-score)[event].sum() - m * (m + 1) / 2) / (m * n)
    lowest = score <= np.quantile(score, 0.1)
    return float(auc), float(event[lowest].mean() / event.mean())


def _many(world: World, rng: np.random.Generator, accounts: int) -> Rows:
    drawn = draw(world, rng, accounts)
    rows = columns(drawn, drawn.seen)
    return rows.where(~np.isnan(rows.score))


# --- what a workspace would have known -------------------------------------------------------


def month_of(at: int) -> date:
    return date(FIRST_YEAR + at // 12, at % 12 + 1, 1)


def _instant(at: int) -> datetime:
    first = month_of(at)
    return datetime(first.year, first.month, 1, tzinfo=UTC)


def observations(drawn: Drawn, points: Any) -> list[Observation]:
    """One by one, as a service has them; points: as seen at the start of each month."""
    scores, _ = weighted_scores(points, SHARES)
    churned = drawn.churned
    return [
        Observation(
            account=str(account),
            month=month_of(at),
            score=_known(scores[account, at]),
            components=dict(zip(COMPONENTS, map(_known, points[account, at]), strict=True)),
            churned=bool(churned[account, at]),
            last_nps=_known(drawn.nps[account, at]),
            tenure_days=int(drawn.tenure[account, at]),
        )
        for account, at in np.argwhere(drawn.present).tolist()
    ]


def _known(value: float) -> Any:
    return None if np.isnan(value) else float(value)


def columns(drawn: Drawn, points: Any) -> Rows:
    """The same in columns, those whose days are over; a test holds both against one another."""
    months = points.shape[1]
    firsts = np.array([month_of(at).toordinal() for at in range(months)])
    over = firsts + HORIZON_DAYS <= month_of(months).toordinal()
    chosen = drawn.present & over
    scores, _ = weighted_scores(points, SHARES)
    account, at = np.nonzero(chosen)
    return Rows(
        account=account,
        month=firsts[at],
        score=scores[chosen],
        points=points[chosen],
        weights=np.tile(SHARES, (len(at), 1)),
        churned=drawn.churned[chosen],
        last_nps=drawn.nps[chosen],
        tenure=drawn.tenure[chosen].astype(float),
    )


def series_of(drawn: Drawn, account: int, *, leak: bool) -> list[Known[float]]:
    """The usage of an account as it was written down, with or without the planted leak."""
    found = []
    for at, points in enumerate(drawn.points[account, :, USAGE].tolist()):
        held = _instant(at) - timedelta(days=1)
        found.append(Known(points, held, held + LATE if drawn.late[account, at] else held))
    left = int(drawn.left[account])
    if leak and left < len(found):
        for at in range(max(0, left - AHEAD + 1), left + 1):
            held = _instant(at) - timedelta(hours=1)
            found.append(Known(0.0, held, _instant(left + 1) + timedelta(days=5)))
    return found


Reader = Callable[[Sequence[Known[float]], datetime], Known[float] | None]


def peeking(series: Sequence[Known[float]], instant: datetime) -> Known[float] | None:
    """What a careless reader does: goes by the date of a fact and not by when it was known."""
    held = [entry for entry in series if entry.at <= instant]
    return max(held, key=lambda entry: entry.at, default=None)


def read(drawn: Drawn, reader: Reader, *, leak: bool) -> Any:
    """The points with usage as a reader sees it at the start of each month."""
    points = drawn.points.copy()
    instants = [_instant(at) for at in range(points.shape[1])]
    for account in range(len(points)):
        series = series_of(drawn, account, leak=leak)
        for at in np.flatnonzero(drawn.present[account]).tolist():
            entry = reader(series, instants[at])
            points[account, at, USAGE] = np.nan if entry is None else entry.value
    return points


# --- claims ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One claim: the measured figure, of how many workspaces, and its bounds. None: only shown."""

    what: str
    measured: float
    workspaces: int
    least: float | None = None
    most: float | None = None

    @property
    def is_met(self) -> bool:
        above = self.least is None or self.measured >= self.least
        return above and (self.most is None or self.measured <= self.most)


def judge(drawn: Drawn, points: Any) -> Backtest:
    return backtest_rows(columns(drawn, points))


def share(hits: Iterable[bool]) -> float:
    return float(np.mean(list(hits)))


def _draws(world: World, workspaces: int, seed: int) -> Iterable[Drawn]:
    for number in range(workspaces):
        yield draw(world, np.random.default_rng([seed, number]), world.accounts)


def covered(
    name: str, world: World, workspaces: int, seed: int, *, population: int = POPULATION
) -> list[Row]:
    """How often the interval holds the truth, and the verdict."""
    truth, lift = truth_of(world, population)
    found = [judge(drawn, drawn.seen) for drawn in _draws(world, workspaces, seed)]
    told = [each for each in found if each.auc is not None]
    n = len(told)
    rows = [
        Row(
            f"{name}: interval holds the true AUC ({truth:.3f})",
            share(t.auc.low <= truth <= t.auc.high for t in told),
            n,
            least=0.93,
        ),
        Row(
            f"{name}: interval holds the true lift ({lift:.2f})",
            share(t.lift.low <= lift <= t.lift.high for t in told),
            n,
        ),
        Row(f"{name}: mean AUC less the true one", _mean_auc(told) - truth, n),
        Row(f"{name}: mean width of the interval", _mean_width(told), n),
    ]
    if world.signal == 0:
        silent = share("no_signal" in each.verdict for each in told)
        return [*rows, Row(f"{name}: 'no signal' is said", silent, n, least=0.95)]
    return [*rows, Row(f"{name}: 'signal' is said", share("signal" in t.verdict for t in told), n)]


def _mean_auc(told: Iterable[Backtest]) -> float:
    return float(np.mean([each.auc.value for each in told if each.auc]))


def _mean_width(told: Iterable[Backtest]) -> float:
    return float(np.mean([each.auc.high - each.auc.low for each in told if each.auc]))


def leaks(name: str, world: World, workspaces: int, seed: int) -> list[Row]:
    """The same workspaces read without the leak, with it, and by somebody who peeks."""
    readers: dict[str, tuple[Reader, bool]] = {
        "clean": (last_known, False), "leak": (last_known, True), "peeking": (peeking, True),
    }  # fmt: skip
    found: dict[str, list[Backtest]] = {key: [] for key in readers}
    for drawn in _draws(world, workspaces, seed):
        for key, (reader, leak) in readers.items():
            found[key].append(judge(drawn, read(drawn, reader, leak=leak)))
    told = {key: [each for each in tests if each.auc] for key, tests in found.items()}
    clean, leaked, peeked = (told[key] for key in readers)
    pairs = zip(leaked, clean, strict=True)
    worst = max(abs(a.auc.value - b.auc.value) for a, b in pairs if a.auc and b.auc)
    n = len(clean)
    rows = [
        Row(f"{name}, leak planted: mean AUC without the leak", _mean_auc(clean), n),
        Row(f"{name}, leak planted: mean AUC with it", _mean_auc(leaked), n),
        Row(f"{name}, leak planted: largest change of an AUC", worst, n, most=0.0),
        Row(f"{name}, leak planted: mean AUC, were one to peek", _mean_auc(peeked), n),
    ]
    if world.signal == 0:
        silent = [share("no_signal" in t.verdict for t in tests) for tests in (leaked, peeked)]
        rows += [
            Row(f"{name}, leak planted: 'no signal' is said", silent[0], n, least=0.95),
            Row(f"{name}, leak planted: the same, were one to peek", silent[1], n),
        ]
    return rows


def offered(name: str, world: World, workspaces: int, seed: int, **bounds: float) -> Row:
    """How often the learnt variant is offered, of those where it is not too thin to learn."""
    found = [learn_rows(columns(each, each.seen)) for each in _draws(world, workspaces, seed)]
    told = [each for each in found if each.verdict != "too_thin"]
    hits = share(each.verdict == "offered" for each in told)
    return Row(f"{name}: learnt weights are offered", hits, len(told), **bounds)


WORLDS = {
    "signal": World(signal=0.6),
    "strong signal": World(signal=1.5),
    "no signal": World(signal=0.0),
    "no signal, few": World(signal=0.0, accounts=170),
    "signal, few": World(signal=0.6, accounts=170),
    "one month": World(signal=0.6, accounts=1500, months=AHEAD),
}


def simulate(workspaces: int, seed: int, *, population: int = POPULATION) -> list[Row]:
    rows = []
    for name, world in WORLDS.items():
        rows += covered(name, world, workspaces, seed, population=population)
    for name in ("signal", "no signal"):
        rows += leaks(name, WORLDS[name], workspaces, seed)
    large = replace(WORLDS["no signal"], accounts=600)
    rows.append(offered("no signal", large, workspaces, seed, most=0.05))
    rows.append(offered("signal", replace(large, signal=0.6), workspaces, seed))
    elsewhere = replace(large, signal=0.9, shown="elsewhere")
    rows.append(offered("signal where the weights are low", elsewhere, workspaces, seed, least=0.9))
    return rows


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Does the back-test say what is true?")
    parser.add_argument("--workspaces", type=int, default=400)
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args(arguments)
    began = time.perf_counter()
    rows = simulate(options.workspaces, options.seed)
    print(f"{'what':<66} {'bound':>8} {'measured':>10} {'of':>5}")
    for row in rows:
        bound = {"": "", ">=": f">= {row.least}", "<=": f"<= {row.most}"}[
            ">=" if row.least is not None else "<=" if row.most is not None else ""
        ]
        missed = "" if row.is_met else "  missed"
        print(f"{row.what:<66} {bound:>8} {row.measured:>10.4f} {row.workspaces:>5}{missed}")
    seconds = round(time.perf_counter() - began, 1)
    print(f"{seconds} s")
    RESULTS.mkdir(exist_ok=True)
    stored = {
        **vars(options),
        "seconds": seconds,
        "rows": [
            {"what": r.what, "measured": r.measured, "of": r.workspaces, "met": r.is_met}
            for r in rows
        ],
    }
    (RESULTS / "health_simulations.json").write_text(json.dumps(stored, indent=2) + "\n")
    return 0 if all(row.is_met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
