"""Reads: what became of customers by the month in which they began."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from surveys.cohorts import FEWEST, Cell, Cohort, CohortMonth, by_age, triangle
from surveys.periods import local_day, months_back, period_end
from surveys.ratios import Figure
from surveys.retention import Totals
from vocapp.people.money.queries import money
from vocapp.succeeding.figures.converting import ALL
from vocapp.succeeding.figures.groups import present_figure
from vocapp.succeeding.figures.kept import sums_of
from vocapp.succeeding.figures.summing import TRIANGLE

Measure = Literal["logos", "revenue", "kept"]
MEASURES: tuple[Measure, ...] = ("logos", "revenue", "kept")
MONTHS = (12, 24, 36)


@dataclass(frozen=True, slots=True)
class Triangle:
    """Cohorts, the oldest first; together: all of them by age; currency: of the revenue; None:
    nobody pays anything.

    is_converted: revenue of all currencies, each month by its rates; without_rate: currencies that
    are not in it. base: into which they could be converted, if at all.
    as_of: see `kept.Kept`.
    """

    cohorts: Sequence[Cohort]
    together: Sequence[CohortMonth]
    currency: str | None
    currencies: Sequence[str]
    is_converted: bool = False
    without_rate: Sequence[str] = ()
    base: str | None = None
    as_of: datetime | None = None


def cohorts(
    workspace_id: UUID,
    count: int,
    *,
    currency: str | None = None,
    has_time: bool = False,
    time_zone: str,
    now: datetime,
) -> Triangle:
    """Those that began in the last `count` months that are over; all is read at once.

    currency: if it is one of theirs; ALL: all of them, where there is a reporting currency and
    something to convert; else that in which most accounts paid. has_time: see `kept.sums_of`.
    """
    months = months_back(local_day(now, time_zone), count + 1)[:-1]
    kept = sums_of(
        workspace_id, [(month, TRIANGLE) for month in months], has_time=has_time,
        time_zone=time_zone, now=now,
    )  # fmt: skip
    found = kept.found
    cells = {
        (date.fromisoformat(str(cohort)), month): Cell(sums.started, sums.active, sums.totals)
        for (month, _), groups in found.items()
        for cohort, sums in groups.items()
        if date.fromisoformat(str(cohort)) >= months[0]
    }
    paid: dict[str, int] = {}
    for (cohort, month), cell in cells.items():
        for code, own in cell.totals.items():
            if code is not None and cohort == month and own.accounts_start:
                paid[code] = paid.get(code, 0) + own.accounts_start
    known = sorted(paid)
    stated = money(workspace_id).rates
    base = stated.base if stated and paid.keys() - {stated.base} else None
    if stated is not None and base is not None and currency == ALL:
        in_base = {
            (date.fromisoformat(str(cohort)), month): sums.converted
            for (month, _), groups in found.items()
            for cohort, sums in groups.items()
        }
        cells = {
            key: Cell(cell.accounts, cell.active, _only(base, in_base[key]))
            for key, cell in cells.items()
        }
        rates = stated.rates_of_month(months[-1])
        return Triangle(
            triangle(cells, currency=base), by_age(cells, currency=base),
            base, known, is_converted=True,
            without_rate=[code for code in known if not rates.knows(code)], base=base,
            as_of=kept.as_of,
        )  # fmt: skip
    most = max(known, key=lambda code: paid[code], default=None)
    chosen = currency if currency in paid else most
    told = chosen or _NO_CURRENCY
    return Triangle(
        triangle(cells, currency=told), by_age(cells, currency=told), chosen, known,
        base=base, as_of=kept.as_of,
    )  # fmt: skip


def _only(base: str, sums: Totals | None) -> dict[str | None, Totals]:
    return {base: sums} if sums is not None and sums.currency == base else {}


_NO_CURRENCY = "XXX"  # ISO 4217: no currency involved


def figure_of(month: CohortMonth, measure: Measure) -> Figure:
    found: Figure = getattr(month, measure)
    return found


def is_shown(month: CohortMonth, measure: Measure) -> bool:
    """Whether a share is of enough accounts not to tell of single ones."""
    found = figure_of(month, measure)
    return found.value is not None and found.n >= FEWEST


# How far from all cohorts of that age a share has to lie to be coloured, in parts of one.
NEAR, FAR = 0.03, 0.10


def step_of(month: CohortMonth, together: CohortMonth, measure: Measure) -> str:
    """Where a cell lies beside all cohorts of its age; "" where it is not shown."""
    own, all_of_age = figure_of(month, measure).value, figure_of(together, measure).value
    if own is None or all_of_age is None or not is_shown(month, measure):
        return ""
    apart = own - all_of_age
    if abs(apart) < NEAR:
        return "near"
    side = "above" if apart > 0 else "below"
    return f"far-{side}" if abs(apart) >= FAR else side


def month_at(cohort: Cohort, month: CohortMonth) -> date:
    """The month that is so many after that of the start."""
    found = cohort.start
    for _ in range(month.age):
        found = period_end(found, "month")
    return found


def present(told: Triangle) -> dict[str, Any]:
    """As the API shows it; shares of fewer than FEWEST accounts are null."""
    return {
        "interval_level": 0.95,
        "as_of": told.as_of.isoformat() if told.as_of else None,
        "currency": told.currency,
        "currencies": list(told.currencies),
        "converted": told.is_converted,
        "without_rate": list(told.without_rate),
        "fewest": FEWEST,
        "cohorts": [
            {
                "month": f"{cohort.start:%Y-%m}",
                "accounts": cohort.accounts,
                "months": [
                    {"age": month.age}
                    | {name: _shown(month, measure) for name, measure in _NAMES.items()}
                    for month in cohort.months
                ],
            }
            for cohort in told.cohorts
        ],
    }


_NAMES: dict[str, Measure] = {
    "logo_retention": "logos",
    "net_revenue_retention": "revenue",
    "gross_revenue_retention": "kept",
}


def _shown(month: CohortMonth, measure: Measure) -> dict[str, Any]:
    found = figure_of(month, measure)
    return present_figure(found if is_shown(month, measure) else Figure(None, found.n))
