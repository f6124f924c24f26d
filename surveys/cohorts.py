"""What became of the accounts that began in the same month; and who renews."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from surveys.inference import (
    Difference,
    against_rest,
    benjamini_hochberg,
    difference,
    estimate_clustered,
)
from surveys.periods import day_bounds, local_day, period_end, period_start
from surveys.ratios import Figure, share
from surveys.retention import Totals, figures, totals
from surveys.subscriptions import History, Rates, Standing


@dataclass(frozen=True, slots=True)
class Cell:
    """Sums over accounts of one cohort at the end of one month; those of others may be added.

    accounts: how many began in the month of the cohort; active: with MRR at the end of this one.
    totals: from the end of the cohort's month to the end of this one, as `retention.totals`.
    """

    accounts: int
    active: int
    totals: Mapping[str | None, Totals]


def cohort_cells(
    histories: Iterable[History], *, time_zone: str, now: datetime, rates: Rates | None = None
) -> dict[tuple[date, date], Cell]:
    """Cells by (first day of the cohort's month, first day of the month looked at).

    histories: of each account, see `subscriptions.histories`. An account is of the local month in
    which it paid for the first time. Only months that are over by now have a cell.
    """
    cohorts: dict[date, list[History]] = defaultdict(list)
    for history in histories:
        if history.first_paid_at is not None and history.first_paid_at < now:
            month = period_start(local_day(history.first_paid_at, time_zone), "month")
            cohorts[month].append(history)
    ends = _months_over(min(cohorts, default=None), time_zone, now)
    cells = {}
    for cohort, members in cohorts.items():
        if cohort not in ends:
            continue
        first = [member.before(ends[cohort]) for member in members]
        for month, end in ends.items():
            if month >= cohort:
                last = [member.before(end) for member in members]
                cells[cohort, month] = _cell(first, last, rates)
    return cells


def _months_over(first: date | None, time_zone: str, now: datetime) -> dict[date, datetime]:
    ends: dict[date, datetime] = {}
    while first is not None:
        following = period_end(first, "month")
        ends[first] = day_bounds(following, time_zone)[0]
        if ends[first] > now:
            del ends[first]
            break
        first = following
    return ends


def _cell(first: list[Standing], last: list[Standing], rates: Rates | None) -> Cell:
    return Cell(
        accounts=len(first),
        active=sum(bool(standing.held) for standing in last),
        totals=totals(zip(first, last, strict=True), rates=rates),
    )


@dataclass(frozen=True, slots=True)
class CohortMonth:
    """logos: accounts with MRR at the end of the month, of all that began. revenue, kept: net and
    gross retention of the MRR at the end of the first month, in one currency."""

    age: int
    logos: Figure
    revenue: Figure
    kept: Figure


@dataclass(frozen=True, slots=True)
class Cohort:
    """A row of the triangle; months by age, 0 being the month of the start."""

    start: date
    accounts: int
    months: tuple[CohortMonth, ...]


def triangle(
    cells: Mapping[tuple[date, date], Cell], *, currency: str, level: float = 0.95
) -> list[Cohort]:
    """Retention by month since the start, oldest cohort first; later ones are shorter.

    cells: as of `cohort_cells`; what has no cell is not filled in. Who left within the first month
    is gone among the logos of age 0, and was never part of the revenue, which begins with what
    holds at the end of that month. Who comes back counts again.
    """
    rows: dict[date, list[CohortMonth]] = defaultdict(list)
    for cohort, month in sorted(cells):
        cell = cells[cohort, month]
        found = figures(cell.totals.get(currency, Totals(currency)), level=level)
        rows[cohort].append(
            CohortMonth(
                age=(month.year - cohort.year) * 12 + month.month - cohort.month,
                logos=share(cell.active, cell.accounts, level=level),
                revenue=found.net_revenue_retention,
                kept=found.gross_revenue_retention,
            )
        )
    return [
        Cohort(start, cells[start, start].accounts, tuple(months)) for start, months in rows.items()
    ]


@dataclass(frozen=True, slots=True)
class Renewal:
    """A term that ended: whether it was renewed, and the group of the account at that time."""

    account: Hashable
    group: str
    is_renewed: bool


@dataclass(frozen=True, slots=True)
class GroupRate:
    """How many of a group's renewals came, as a fraction; n counts renewals.

    p_value: of the group renewing like all others; None where there are none. differs: after
    Benjamini and Hochberg over the groups.
    """

    group: str
    accounts: int
    rate: Figure
    p_value: float | None
    differs: bool | None


def renewal_rates(renewals: Iterable[Renewal], *, level: float = 0.95) -> list[GroupRate]:
    """Renewal rate of every group, such as promoters and detractors; by name of the group.

    Several renewals of one account are alike: the interval is cluster-robust
    (`estimate_clustered`), and the test divides by the design effect of all. Associated, not
    caused.

    >>> groups = [Renewal(f"p{k}", "promoter", k < 93) for k in range(100)]
    >>> groups += [Renewal(f"d{k}", "detractor", k < 71) for k in range(100)]
    >>> [(found.group, found.rate.value, found.differs) for found in renewal_rates(groups)]
    [('detractor', 0.71, True), ('promoter', 0.93, True)]
    """
    renewals = list(renewals)
    by_group: dict[str, list[Renewal]] = defaultdict(list)
    for renewal in renewals:
        by_group[renewal.group].append(renewal)
    overall = _Clusters.of(renewals)
    found = [(name, _Clusters.of(by_group[name])) for name in sorted(by_group)]
    effect = overall.design_effect
    p_values = [
        against_rest("csat", own.counts, overall.counts, design_effect=effect) for _, own in found
    ]
    verdicts = benjamini_hochberg(p_values)
    return [
        GroupRate(name, len(own.rows), own.rate(level), p_value, differs)
        for (name, own), p_value, differs in zip(found, p_values, verdicts, strict=True)
    ]


def renewal_difference(
    renewals: Iterable[Renewal], first: str, second: str, *, level: float = 0.95
) -> Difference:
    """Renewal rate of the first group minus the second, as fractions, with interval and test.

    See `surveys.inference.difference`; each group counts as many fewer renewals as its design
    effect says. An account in both groups at different times is taken as two.
    """
    renewals = list(renewals)
    sides = [
        _Clusters.of([each for each in renewals if each.group == name]) for name in (first, second)
    ]
    found = difference(
        "csat",
        sides[0].counts,
        sides[1].counts,
        level=level,
        design_effects=(sides[0].design_effect, sides[1].design_effect),
    )
    value, low, high = (
        None if each is None else each / 100 for each in (found.value, found.low, found.high)
    )
    return Difference(value, low, high, found.p_value)


@dataclass(frozen=True, slots=True)
class _Clusters:
    """Renewals as answers to "satisfied or not", so that the methods of shares serve them."""

    rows: list[list[int]]

    @classmethod
    def of(cls, renewals: Iterable[Renewal]) -> _Clusters:
        by_account: dict[Hashable, list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
        for renewal in renewals:
            by_account[renewal.account][4 if renewal.is_renewed else 0] += 1
        return cls(list(by_account.values()))

    @property
    def counts(self) -> list[int]:
        return [sum(column) for column in zip(*self.rows, strict=True)] or [0] * 5

    @property
    def design_effect(self) -> float:
        return estimate_clustered("csat", self.rows).design_effect or 1.0

    def rate(self, level: float) -> Figure:
        found = estimate_clustered("csat", self.rows, level=level)
        if found.value is None or found.low is None or found.high is None:
            return Figure(None, found.n)
        renewed = sum(row[4] for row in self.rows)
        return Figure(renewed / found.n, found.n, found.low / 100, found.high / 100)
