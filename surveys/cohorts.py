"""What became of the accounts that began in the same month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

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
