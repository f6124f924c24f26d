"""How well the health score foretold who left: judged on months whose next 90 days are over.

What is promised, and measured: docs/adr/0015-health-score.md. A learnt variant:
`surveys.health_learning`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from surveys.auc import Auc, AucDifference, auc, auc_difference
from surveys.clusters import design_of, estimate_clustered
from surveys.health import LEAST_COVERAGE, weighted_scores
from surveys.health_facts import COMPONENTS
from surveys.health_observations import Flags, Floats, Numbers, Observation, Rows, rows_of
from surveys.intervals import interval
from surveys.ranks import average_ranks
from surveys.scoring import scale

LEAST_ACCOUNTS = 30  # that left, and that stayed
LEAST_DIFFERENCE = 0.005  # of an AUC: less is of no use to anybody, however sure
PARTS = 10
RULES = ("last_score", "tenure")

Finding = Literal["helps", "no_difference", "harms", "too_thin"]


@dataclass(frozen=True, slots=True)
class Tenth:
    """A tenth of the rows by score (or of what else is judged), the lowest first.

    Equal numbers stay together, so that a part may be larger, or missing. mean: of the number.
    n: rows. share, low, high: of them that are followed by churn, 0..1.
    """

    mean: float
    n: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Lift:
    """How many times more often churn follows in the lowest tenth than among all; 0..10."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ComponentFinding:
    """AUC of the score with a component less that of the score without it, on the same rows.

    n: rows that have a score even without it. difference: None where they are too thin. finding:
    ``no_difference``, too, where it is sure but smaller than half a point of 100.
    """

    key: str
    n: int
    difference: AucDifference | None
    finding: Finding


@dataclass(frozen=True, slots=True)
class RuleComparison:
    """The score beside a trivial rule, both on the rows that have both.

    last_score: the lower the last NPS answer, the sooner. tenure: the shorter, the sooner.
    n: rows. All None where they are too thin.
    """

    rule: str
    n: int
    score: Auc | None
    alone: Auc | None
    difference: AucDifference | None


@dataclass(frozen=True, slots=True)
class Backtest:
    """What the months say; without figures where they are too thin.

    n: rows judged. accounts: of those; churned_accounts: of those that left. not_over: rows left
    out as their days are not over; without_score: rows left out for want of a score.
    verdict: codes. ``too_thin`` alone; or ``signal``, or ``no_signal`` where the interval of the
    AUC reaches 0.5 (with ``reversed`` where all of it lies below), and for each rule one of
    ``better_than_…``, ``not_better_than_…``, ``worse_than_…``, ``too_thin_for_…``.
    """

    n: int
    accounts: int
    churned_accounts: int
    not_over: int
    without_score: int
    verdict: tuple[str, ...]
    auc: Auc | None = None
    calibration: tuple[Tenth, ...] = ()
    lift: Lift | None = None
    components: tuple[ComponentFinding, ...] = ()
    rules: tuple[RuleComparison, ...] = ()


def backtest(
    observations: Sequence[Observation],
    *,
    until: date,
    level: float = 0.95,
    least_coverage: float = LEAST_COVERAGE,
) -> Backtest:
    """The score as it was known in each month against churn in the 90 days after.

    until: the first day of which nothing is known yet; months whose 90 days end later are left
    out. least_coverage: of the score. level: of each interval by itself: of seven components
    that say nothing, one in a few back-tests seems to help. ValueError for observations that
    cannot be (see `surveys.health_observations`).

    1. Leave out, and count, rows that are not over and rows without a score. With fewer than 30
       accounts that left, or that stayed, say so and nothing else.
    2. AUC: chance that of two rows the one followed by churn has the lower score. Intervals allow
       for the months of one account being alike (`surveys.auc`), but not for whole months being
       so: where one bad season made many leave, they are too narrow.
    3. Churn by tenths of the score with Wilson's interval, and the lift of the lowest tenth; both
       wider by the design effect of accounts (`surveys.clusters`).
    4. Each component: the score with and without it. Two trivial rules beside the score.
    """
    rows, not_over = rows_of(observations, until=until)
    return backtest_rows(rows, not_over=not_over, level=level, least_coverage=least_coverage)


def backtest_rows(
    rows: Rows,
    *,
    not_over: int = 0,
    level: float = 0.95,
    least_coverage: float = LEAST_COVERAGE,
) -> Backtest:
    """`backtest` of rows whose days are over; not_over: how many others there were."""
    scored = rows.where(~np.isnan(rows.score))
    counts = (len(scored), len(np.unique(scored.account)), scored.churned_accounts, not_over)
    without_score = len(rows) - len(scored)
    if is_thin(scored):
        return Backtest(*counts, without_score, verdict=("too_thin",))
    found = auc(-scored.score, scored.churned, scored.account, level=level)
    rules = tuple(_against_rule(scored, rule, level) for rule in RULES)
    return Backtest(
        *counts,
        without_score,
        verdict=(*_signal(found), *(_code(each) for each in rules)),
        auc=found,
        calibration=churn_by_tenths(scored.score, scored.churned, scored.account, level=level),
        lift=_lift(scored, level),
        components=_components(scored, level, least_coverage),
        rules=rules,
    )


def is_thin(rows: Rows) -> bool:
    """Whether so few accounts left, or stayed, that nothing is said."""
    return min(rows.churned_accounts, rows.staying_accounts) < LEAST_ACCOUNTS


def churn_by_tenths(
    numbers: Floats, churned: Flags, accounts: Numbers, *, level: float = 0.95
) -> tuple[Tenth, ...]:
    """Churn by tenths of any number, the lowest first; shape (n,) each.

    >>> tenths = churn_by_tenths(np.arange(20.0), np.arange(20) < 2, np.arange(20))
    >>> len(tenths), tenths[0].share, round(tenths[0].low, 2), tenths[-1].share
    (10, 1.0, 0.34, 0.0)
    """
    part = (PARTS * (average_ranks(numbers) - 0.5) / len(numbers)).astype(int)
    found = []
    for at in np.unique(part):
        inside = part == at
        rate = estimate_clustered("csat", _by_account(churned, accounts, inside), level=level)
        assert rate.value is not None
        assert rate.low is not None
        assert rate.high is not None
        found.append(
            Tenth(
                mean=float(numbers[inside].mean()),
                n=rate.n,
                share=rate.value / 100,
                low=rate.low / 100,
                high=rate.high / 100,
            )
        )
    return tuple(found)


def _by_account(yes: Flags, accounts: Numbers, inside: Flags) -> Numbers:
    """A histogram of five points per account, as of CSAT, whose score is the share of yes."""
    table = np.zeros((int(accounts.max()) + 1, len(scale("csat"))), np.int64)
    np.add.at(table, (accounts[inside], np.where(yes[inside], -1, 0)), 1)
    return table


def _signal(found: Auc) -> tuple[str, ...]:
    if found.low > 0.5:
        return ("signal",)
    return ("no_signal", "reversed") if found.high < 0.5 else ("no_signal",)


def _lift(rows: Rows, level: float) -> Lift:
    """The share of churned rows that lie in the lowest tenth, over a tenth.

    Equal scores at the edge count in part. Where the edge lies is taken as given: there are far
    more rows than churned ones.
    """
    n, tenth = len(rows), len(rows) / PARTS
    edge = np.sort(rows.score)[int(np.ceil(tenth)) - 1]
    below, equal = rows.score < edge, rows.score == edge
    inside = below + equal * (tenth - below.sum()) / equal.sum()
    caught, total = float(inside[rows.churned].sum()), int(rows.churned.sum())
    table = _by_account(inside >= 0.5, rows.account, rows.churned)
    inflation = design_of("csat", table, level=level).inflation
    weights = [(total - caught) / inflation, 0.0, 0.0, 0.0, caught / inflation]
    low, high = interval("csat", weights, level=level)
    scale_by = n / tenth / 100
    return Lift(caught / total * n / tenth, low * scale_by, high * scale_by)


def _components(rows: Rows, level: float, least_coverage: float) -> tuple[ComponentFinding, ...]:
    whole, _ = weighted_scores(rows.points, rows.weights, least_coverage=least_coverage)
    return tuple(_component(rows, whole, at, level) for at in range(len(COMPONENTS)))


def _component(rows: Rows, whole: Floats, at: int, level: float) -> ComponentFinding:
    """whole: the score with all components, anew, as one stored may be of other weights."""
    without = rows.points.copy()
    without[:, at] = np.nan
    lesser = _rescored(without, rows.weights, at)
    both = ~np.isnan(lesser) & ~np.isnan(whole)
    chosen = rows.where(both)
    if is_thin(chosen):
        return ComponentFinding(COMPONENTS[at], len(chosen), None, "too_thin")
    difference = auc_difference(
        -whole[both], -lesser[both], chosen.churned, chosen.account, level=level
    )
    finding: Finding = "no_difference"
    is_sure = difference.low > 0 or difference.high < 0
    if is_sure and abs(difference.value) >= LEAST_DIFFERENCE:
        finding = "helps" if difference.low > 0 else "harms"
    return ComponentFinding(COMPONENTS[at], len(chosen), difference, finding)


def _rescored(points: Floats, weights: Floats, at: int) -> Floats:
    """Scores of a workspace that does not have the component: any coverage is enough."""
    others = weights.copy()
    others[:, at] = 0.0
    kept = others.sum(axis=1) > 0
    scores = np.full(len(points), np.nan)
    scores[kept], _ = weighted_scores(points[kept], others[kept], least_coverage=0.0)
    return scores


def _against_rule(rows: Rows, rule: str, level: float) -> RuleComparison:
    numbers = rows.last_nps if rule == "last_score" else rows.tenure
    known = ~np.isnan(numbers)
    chosen = rows.where(known)
    if is_thin(chosen):
        return RuleComparison(rule, len(chosen), None, None, None)
    risk, other = -chosen.score, -numbers[known]
    events, accounts = chosen.churned, chosen.account
    return RuleComparison(
        rule,
        len(chosen),
        auc(risk, events, accounts, level=level),
        auc(other, events, accounts, level=level),
        auc_difference(risk, other, events, accounts, level=level),
    )


def _code(found: RuleComparison) -> str:
    if found.difference is None:
        return f"too_thin_for_{found.rule}"
    if found.difference.high < 0:
        return f"worse_than_{found.rule}"
    return f"{'better' if found.difference.low > 0 else 'not_better'}_than_{found.rule}"
