"""What became of the accounts that began in the same month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from surveys.periods import day_bounds, local_day, period_end, period_start
from surveys.ratios import Figure, share
from surveys.retention import Totals, figures, totals
from surveys.subscriptions import Paid, Rates, Standing

# Of fewer accounts a share tells of single ones: it is not shown.
FEWEST = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """Sums over accounts of one cohort at the end of one month; those of others may be added.

    accounts: how many began in the month of the cohort; active: with MRR at the end of this one.
    totals: from the end of the cohort's month to the end of this one, as `retention.totals`.
    """

    accounts: int
    active: int
    totals: Mapping[str | None, Totals]


class Member(NamedTuple):
    """An account of a cohort, and what it paid at the end of the cohort's month."""

    history: Paid
    first: Standing


Members = Mapping[date, Sequence[Member]]


def cohort_of(history: Paid, time_zone: str) -> date | None:
    """First day of the local month in which an account paid for the first time."""
    at = history.first_paid_at
    return None if at is None else period_start(local_day(at, time_zone), "month")


def members_by_cohort(
    histories: Iterable[Paid], *, time_zone: str, now: datetime
) -> dict[date, list[Member]]:
    """Members by cohort; only those of months that are over by now.

    histories: of each account, see `subscriptions.histories`.
    """
    cohorts: dict[date, list[Member]] = defaultdict(list)
    ends: dict[date, datetime] = {}
    for history in histories:
        month = cohort_of(history, time_zone)
        if month is None:
            continue
        if month not in ends:
            ends[month] = day_bounds(period_end(month, "month"), time_zone)[0]
        if ends[month] <= now:
            cohorts[month].append(Member(history, history.before(ends[month])))
    return cohorts


def cells_of_month(
    members: Members, month: date, *, time_zone: str, rates: Rates | None = None
) -> dict[date, Cell]:
    """Of every cohort that had begun, its cell at the end of a month (its first day)."""
    end = day_bounds(period_end(month, "month"), time_zone)[0]
    return {
        cohort: _cell(own, end, rates) for cohort, own in members.items() if cohort <= month
    }  # fmt: skip


def cohort_cells(
    histories: Iterable[Paid], *, time_zone: str, now: datetime, rates: Rates | None = None
) -> dict[tuple[date, date], Cell]:
    """Cells by (first day of the cohort's month, first day of the month looked at).

    Only months that are over by now have a cell.
    """
    members = members_by_cohort(histories, time_zone=time_zone, now=now)
    cells: dict[tuple[date, date], Cell] = {}
    month = min(members, default=None)
    while month is not None and day_bounds(period_end(month, "month"), time_zone)[0] <= now:
        found = cells_of_month(members, month, time_zone=time_zone, rates=rates)
        cells |= {(cohort, month): cell for cohort, cell in found.items()}
        month = period_end(month, "month")
    return cells


def _cell(members: Sequence[Member], end: datetime, rates: Rates | None) -> Cell:
    pairs = [(member.first, member.history.before(end)) for member in members]
    return Cell(
        accounts=len(pairs),
        active=sum(bool(last.held) for _, last in pairs),
        totals=totals(pairs, rates=rates),
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
        rows[cohort].append(
            _month(cells[cohort, month], _age(cohort, month), currency=currency, level=level)
        )
    return [
        Cohort(start, cells[start, start].accounts, tuple(months)) for start, months in rows.items()
    ]


def by_age(
    cells: Mapping[tuple[date, date], Cell], *, currency: str, level: float = 0.95
) -> list[CohortMonth]:
    """The same of all cohorts together, by age: of those that have come to that age."""
    together: dict[int, list[Cell]] = defaultdict(list)
    for (cohort, month), cell in cells.items():
        together[_age(cohort, month)].append(cell)
    return [
        _month(_sum(own, currency), age, currency=currency, level=level)
        for age, own in sorted(together.items())
    ]


def _sum(cells: Iterable[Cell], currency: str) -> Cell:
    accounts, active, sums = 0, 0, Totals(currency)
    for cell in cells:
        accounts += cell.accounts
        active += cell.active
        sums += cell.totals.get(currency, Totals(currency))
    return Cell(accounts, active, {currency: sums})


def _age(cohort: date, month: date) -> int:
    return (month.year - cohort.year) * 12 + month.month - cohort.month


def _month(cell: Cell, age: int, *, currency: str, level: float) -> CohortMonth:
    found = figures(cell.totals.get(currency, Totals(currency)), level=level)
    return CohortMonth(
        age=age,
        logos=share(cell.active, cell.accounts, level=level),
        revenue=found.net_revenue_retention,
        kept=found.gross_revenue_retention,
    )
