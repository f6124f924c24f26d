"""The page that says whether customers stay and grow, and who is behind each figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from flask import Blueprint, Response, abort, render_template, request, url_for

from surveys.periods import local_day, months_back, zone
from vocapp.database import utcnow
from vocapp.following_up.queries import theme_labels
from vocapp.people.money.wording import rates_text
from vocapp.spreadsheets import csv_lines
from vocapp.succeeding.figures import charts, queries, waiting, wording
from vocapp.succeeding.figures.accounts_behind import (
    LISTS,
    REACHED,
    WAITING,
    Asked,
    Behind,
    accounts_behind,
)
from vocapp.succeeding.figures.choosing import (
    chosen_currency,
    code_of,
    month_asked,
    month_choices,
)
from vocapp.succeeding.figures.converting import ALL
from vocapp.succeeding.figures.groups import FROM_ANSWERS, YearTold, year_told
from vocapp.succeeding.figures.kept import BeingSummed
from vocapp.succeeding.figures.queries import MonthFigures, Told
from vocapp.succeeding.figures.summing import YEAR_MONTHS
from vocapp.succeeding.touchpoints.wording import onboarding_words
from vocapp.translating import gettext as _
from vocapp.ui.chart_files import Chart, chart_file
from vocapp.ui.formats import month_name
from vocapp.workspaces.access import current_workspace, signed_in

blueprint = Blueprint("figures", __name__, template_folder="../templates")

blueprint.register_error_handler(BeingSummed, waiting.show)

_TREND_MONTHS = 12
_PAGE = 100
_SPANS = frozenset(map(str, range(1, 61)))
ANY = "any"  # in addresses: accounts in whatever currency
NOBODY = "~"  # in addresses: accounts without a value of the attribute


@blueprint.get("/figures")
@signed_in()
def show() -> str:
    """Do customers stay and grow."""
    now = utcnow()
    month, by = month_asked(now), request.args.get("by", "").strip()[:100]
    told = _trend(month, now, by=by)
    own = told.months[-1]
    currency = chosen_currency(own)
    return render_template(
        "succeeding/figures.html",
        month=month,
        month_text=month_name(month),
        month_choices=month_choices(now),
        is_running=month == months_back(local_day(now, _zone()), 1)[0],
        own=own,
        money_figures=own.of_currency(currency),
        chosen=currency,
        currency=code_of(own, currency),
        currency_choices=wording.currency_choices(
            own.currencies, own.converted.currency if own.converted else None
        ),
        conversion=own.converted if currency == ALL else None,
        rates_text=rates_text,
        margin=told.margin,
        as_of=told.as_of,
        by=by,
        by_name=wording.by_name(by),
        by_choices=wording.by_choices(by),
        segments=told.segments,
        is_too_many=told.is_too_many,
        charts=_charts(told.months, currency),
        chart_address=lambda name: partial(
            url_for, "figures.chart", name=name, **_kept(month=f"{month:%Y-%m}")
        ),
        behind=_address(month, currency),
        any_behind=_address(month, ANY),
        year=YEAR_MONTHS,
        utc_midnight=_utc_midnight(month),
        onboarding_words=onboarding_words,
        behind_currency=lambda code: _address(month, code)("end"),
        segment_name=_group_names(by),
        segment_address=lambda value, which, **more: _address(month, ANY)(
            which, by=by, value=NOBODY if value is None else value, **more
        ),
    )


@blueprint.get("/figures/charts/<name>.<ending>")
@signed_in()
def chart(name: str, ending: str) -> Response:
    """A chart of the page as SVG or CSV."""
    now = utcnow()
    months = _trend(month_asked(now), now).months
    return chart_file(_charts(months, chosen_currency(months[-1])), name, ending, stem="figures")


@blueprint.get("/figures/groups")
@signed_in()
def groups() -> str:
    """Who stays and renews over twelve months, by what customers had said or were before."""
    now = utcnow()
    month, by = month_asked(now), _by_group()
    told = _year(month, by, now)
    currency = chosen_currency(told.overall)
    name_of = _group_names(by)
    return render_template(
        "succeeding/figure_groups.html",
        month=month,
        span=(month_name(told.months[0]), month_name(month)),
        month_choices=month_choices(now),
        by=by,
        by_name=wording.by_name(by),
        by_choices=wording.split_choices(by),
        told=told,
        as_of=told.as_of,
        currency=currency,
        currency_choices=wording.currency_choices(
            told.overall.currencies,
            told.overall.converted.currency if told.overall.converted else None,
        ),
        conversion=told.overall.converted if currency == ALL else None,
        rates_text=rates_text,
        name_of=name_of,
        chart=charts.renewal_chart(told, name_of, wording.by_name(by)),
        dots=charts.renewal_dots(told, name_of),
        chart_address=partial(
            url_for, "figures.group_chart", **_kept(month=f"{month:%Y-%m}", by=by)
        ),
        behind=_group_address(month, by),
        money_behind=_group_address(month, by, currency=currency or ANY),
        behind_currency=lambda code: _address(month, code)("start", months=YEAR_MONTHS),
    )


@blueprint.get("/figures/groups/charts/renewals.<ending>")
@signed_in()
def group_chart(ending: str) -> Response:
    """Renewal rates of groups as SVG or CSV."""
    now = utcnow()
    by = _by_group()
    told = _year(month_asked(now), by, now)
    found = charts.renewal_chart(told, _group_names(by), wording.by_name(by))
    return chart_file({found.name: found}, found.name, ending, stem="figures")


@blueprint.get("/figures/accounts")
@signed_in()
def behind() -> Any:
    """The accounts behind a figure; as CSV with format=csv."""
    now = utcnow()
    month, which = month_asked(now), request.args.get("which", "start")
    if which not in LISTS:
        abort(404)
    asked = request.args.get("currency")
    currency = ALL if asked == ALL else None
    if asked not in {ANY, ALL}:
        told = queries.figures(current_workspace.id, [month], time_zone=_zone(), now=now)
        currency = chosen_currency(told.months[-1])
    by, value = request.args.get("by"), request.args.get("value")
    months, is_csv = _months(), request.args.get("format") == "csv"
    page = max(1, request.args.get("page", 1, type=int))
    found = accounts_behind(
        current_workspace.id,
        Asked(month, which, currency, (by, _value(value)) if by and value else None, months),
        time_zone=_zone(),
        now=now,
        skipped=0 if is_csv else (page - 1) * _PAGE,
        limit=None if is_csv else _PAGE,
    )
    if is_csv:
        return _csv(found.rows, month, which)
    address = partial(
        _address(month, currency or ANY),
        which, by=by, value=value, months=months if months > 1 else None,
    )  # fmt: skip
    return render_template(
        "succeeding/figure_accounts.html",
        month=month,
        month_text=_span_text(month, months),
        which=which,
        rows=found.rows,
        first=(page - 1) * _PAGE + 1,
        total=found.total,
        as_of=found.as_of,
        title=wording.LISTS[which],
        segment=(wording.by_name(by), _group_names(by)(_value(value))) if by and value else None,
        list_choices=list(wording.LISTS.items()),
        kept=_kept(value=value, months=request.args.get("months")),
        back=_back(by, months),
        csv_url=address(format="csv"),
        first_url=address() if page > 1 else None,
        next_url=address(page=page + 1) if found.total > page * _PAGE else None,
    )


# --- reading the address ------------------------------------------------------------------


def _zone() -> str:
    return current_workspace.time_zone


def _utc_midnight(month: date) -> str:
    """At which local time the days of UTC begin in a month."""
    return f"{datetime(month.year, month.month, 1, tzinfo=UTC).astimezone(zone(_zone())):%H:%M}"


def _value(text: str) -> str | None:
    return None if text == NOBODY else text


def _trend(month: date, now: datetime, *, by: str = "") -> Told:
    months = months_back(month, _TREND_MONTHS)
    return queries.figures(current_workspace.id, months, by=by or None, time_zone=_zone(), now=now)


def _by_group() -> str:
    return request.args.get("by", "").strip()[:100] or "score_group"


def _year(month: date, by: str, now: datetime) -> YearTold:
    return year_told(current_workspace.id, month, by=by, time_zone=_zone(), now=now)


def _group_names(by: str) -> Callable[[str | None], str]:
    """What the values of an attribute are called."""
    themes = theme_labels(current_workspace.id) if by in FROM_ANSWERS else {}
    return lambda value: wording.group_name(by, value, themes)


def _group_address(month: date, by: str, *, currency: str = ANY) -> Callable[..., str]:
    def address(value: str | None, which: str) -> str:
        found: str = _address(month, currency)(
            which, by=by, value=NOBODY if value is None else value, months=YEAR_MONTHS
        )
        return found

    return address


def _months() -> int:
    """How many months are looked at as one, the last being that of the address."""
    found = request.args.get("months", "")
    return int(found) if found in _SPANS else 1


def _back(by: str | None, months: int) -> str:
    if by == "cohort":
        return url_for("cohorts.show")
    is_of_year = months > 1 and request.args.get("which") not in {REACHED, WAITING}
    return url_for("figures.groups" if is_of_year else "figures.show", **_kept())


def _span_text(month: date, months: int) -> str:
    if months == 1:
        return month_name(month)
    first = months_back(month, months)[0]
    return _("%(first)s to %(last)s", first=month_name(first), last=month_name(month))


def _kept(**changed: Any) -> dict[str, Any]:
    kept = {name: request.args.get(name) for name in ("month", "by", "currency")} | changed
    return {name: value for name, value in kept.items() if value}


def _address(month: date, currency: str | None) -> Any:
    def address(which: str, **more: Any) -> str:
        told = {"month": f"{month:%Y-%m}", "which": which, "currency": currency, **more}
        return url_for("figures.behind", **{name: v for name, v in told.items() if v})

    return address


# --- showing ------------------------------------------------------------------------------


def _charts(months: Sequence[MonthFigures], currency: str | None) -> dict[str, Chart]:
    own = months[-1]
    bridge = charts.bridge_chart(
        own, own.bridge_of(currency), _address(own.month, currency)
    )  # fmt: skip
    return {each.name: each for each in (bridge, *charts.trend_charts(months, currency))}


def _csv(rows: Sequence[Behind], month: date, which: str) -> Response:
    head = ["account", "name", "currency", "start_mrr", "end_mrr", "active_people", "days"]
    table: list[list[Any]] = [head]
    table += [
        [row.external_id, row.name, row.currency, row.start_minor, row.end_minor, row.people,
         row.days]
        for row in rows
    ]  # fmt: skip
    response = Response(csv_lines(table, bom=True), content_type="text/csv; charset=utf-8")
    name = f"accounts-{which}-{month:%Y-%m}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
