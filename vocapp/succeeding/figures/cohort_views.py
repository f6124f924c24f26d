"""The page of cohorts: what became of customers by the month in which they began."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, g, render_template, request, url_for

from surveys.cohorts import FEWEST, Cohort, CohortMonth
from vocapp.database import utcnow
from vocapp.spreadsheets import csv_lines
from vocapp.succeeding.figures import cohorts, waiting, wording
from vocapp.succeeding.figures.cohorts import MEASURES, MONTHS, Measure, Triangle
from vocapp.succeeding.figures.converting import ALL
from vocapp.succeeding.figures.kept import BeingSummed
from vocapp.ui.formats import month_name
from vocapp.workspaces.access import current_workspace, signed_in

blueprint = Blueprint("cohorts", __name__, template_folder="../templates")
blueprint.register_error_handler(BeingSummed, waiting.show)

_DEFAULT_MONTHS = 12


@blueprint.get("/figures/cohorts")
@signed_in()
def show() -> Any:
    """Retention by month of start; as CSV with format=csv."""
    measure, count = _measure(), _count()
    told = cohorts.cohorts(
        current_workspace.id,
        count,
        currency=request.args.get("currency") or ALL,
        time_zone=current_workspace.time_zone,
        now=utcnow(),
    )
    if request.args.get("format") == "csv":
        return _csv(told)
    kept: dict[str, Any] = {"measure": measure, "months": count,
                            "currency": ALL if told.is_converted else told.currency}  # fmt: skip
    return render_template(
        "succeeding/cohorts.html",
        told=told,
        measure=measure,
        measure_name=wording.COHORT_MEASURES[measure],
        measure_choices=list(wording.COHORT_MEASURES.items()),
        months=count,
        month_choices=[(str(each), wording.last_months(each)) for each in MONTHS],
        chosen=kept["currency"],
        currency_choices=wording.currency_choices(told.currencies, told.base),
        figure_of=cohorts.figure_of,
        is_shown=cohorts.is_shown,
        step_of=cohorts.step_of,
        month_name=month_name,
        behind=_behind,
        fewest=FEWEST,
        csv_url=url_for("cohorts.show", format="csv", **kept),
    )


def _measure() -> Measure:
    found = request.args.get("measure", "")
    return found if found in MEASURES else MEASURES[0]


def _count() -> int:
    found = request.args.get("months", "")
    return int(found) if found in map(str, MONTHS) else _DEFAULT_MONTHS


def _behind(cohort: Cohort, month: CohortMonth, which: str) -> str:
    """Where the accounts are that a cell counts, against the end of the cohort's month."""
    last: date = cohorts.month_at(cohort, month)
    told = {
        "month": f"{last:%Y-%m}", "which": which if month.age else "end", "by": "cohort",
        "value": f"{cohort.start:%Y-%m}", "currency": "any",
    } | ({"months": month.age} if month.age else {})  # fmt: skip
    # One of hundreds of cells: the way to the page is looked up once.
    return f"{_behind_path()}?{urlencode(told)}"


def _behind_path() -> str:
    if "behind_path" not in g:
        g.behind_path = url_for("figures.behind")
    return str(g.behind_path)


def _csv(told: Triangle) -> Response:
    """All measures with their intervals; shares of too few accounts are left empty."""
    names = {"logos": "logo_retention", "revenue": "net_revenue_retention",
             "kept": "gross_revenue_retention"}  # fmt: skip
    head = ["cohort", "accounts", "age_months", "currency"]
    for name in names.values():
        head += [name, f"{name}_low", f"{name}_high", f"{name}_n"]
    table: list[list[Any]] = [head]
    for cohort in told.cohorts:
        for month in cohort.months:
            row: list[Any] = [
                f"{cohort.start:%Y-%m}", cohort.accounts, month.age, told.currency or "",
            ]  # fmt: skip
            for measure in MEASURES:
                found = cohorts.figure_of(month, measure)
                is_shown = cohorts.is_shown(month, measure)
                parts = (found.value, found.low, found.high) if is_shown else (None, None, None)
                row += ["" if part is None else round(part, 4) for part in parts] + [found.n]
            table.append(row)
    response = Response(csv_lines(table, bom=True), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="cohorts.csv"'
    return response
