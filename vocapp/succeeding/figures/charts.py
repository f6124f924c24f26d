"""The pictures of the figures page, with their words and numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from surveys.inference import Difference
from surveys.ratios import Figure
from surveys.retention import Bridge
from vocapp.succeeding.figures.groups import BEST, WORST, YearTold
from vocapp.succeeding.figures.queries import MonthFigures
from vocapp.translating import current_locale
from vocapp.translating import gettext as _
from vocapp.ui import bridges, charts
from vocapp.ui.chart_files import Chart, Column
from vocapp.ui.formats import money_minor, month_name, number, percent

Address = Callable[[str], str]  # the name of a list of accounts → where it is


def bridge_chart(own: MonthFigures, bridge: Bridge | None, address: Address) -> Chart:
    """How the monthly revenue of the start became that of the end."""
    title = _("Monthly revenue in %(month)s", month=month_name(own.month))
    columns = (Column(_("Step")), Column(_("Amount"), "money"))
    if bridge is None:
        return Chart(
            name="bridge", title=title, words=_("Nobody paid anything in this month."),
            shape="bridge", metric="", columns=columns,
        )  # fmt: skip
    steps = [step for step in _steps(bridge, address) if step.amount or step.kind == "total"]
    return Chart(
        name="bridge",
        title=title,
        words=_bridge_words(bridge),
        shape="bridge",
        metric=bridge.currency,
        columns=columns,
        rows=[
            [step.label, int(-step.amount if step.kind == "loss" else step.amount)]
            for step in steps
        ],
        values={"picture": bridges.picture(steps)},
        source=_("A month ends where the next begins."),
    )


def _steps(bridge: Bridge, address: Address) -> list[bridges.Step]:
    told: Sequence[tuple[str, str, bridges.StepKind, int]] = (
        ("start", _("At the start"), "total", bridge.start),
        ("grown", _("More of what they had"), "gain", bridge.upsell),
        ("cross_sold", _("Further products"), "gain", bridge.cross_sell),
        ("shrunk", _("Less than before"), "loss", bridge.contraction),
        ("lost", _("Left"), "loss", bridge.churn),
        ("new", _("New customers"), "gain", bridge.new),
        ("new", _("Came back"), "gain", bridge.reactivated),
        ("end", _("At the end"), "total", bridge.end),
    )
    signs = {"total": "", "gain": "+", "loss": "−"}
    return [
        bridges.Step(
            key, label, kind, amount, signs[kind] + money_minor(amount, bridge.currency),
            address(key),
        )
        for key, label, kind, amount in told
    ]  # fmt: skip


def _bridge_words(bridge: Bridge) -> str:
    if not bridge.start:
        return _("Nobody paid anything at the start.")
    kept = bridge.start + bridge.expansion - bridge.contraction - bridge.churn
    return _(
        "Of %(start)s a month at the start, the same customers pay %(kept)s at the end "
        "(%(share)s): %(lost)s less, %(gained)s more.",
        start=money_minor(bridge.start, bridge.currency),
        kept=money_minor(kept, bridge.currency),
        share=percent(kept / bridge.start, 1),
        lost=money_minor(bridge.contraction + bridge.churn, bridge.currency),
        gained=money_minor(bridge.expansion, bridge.currency),
    )


def trend_charts(months: Sequence[MonthFigures], currency: str | None) -> list[Chart]:
    """Net and gross retention and churn by month, with intervals."""
    told: Sequence[tuple[str, str, Callable[[MonthFigures], Figure]]] = (
        ("nrr", _("Net revenue retention"),
         lambda own: own.of_currency(currency).net_revenue_retention),
        ("grr", _("Gross revenue retention"),
         lambda own: own.of_currency(currency).gross_revenue_retention),
        ("churn", _("Customers who left"), lambda own: own.report.overall.churn_rate),
    )  # fmt: skip
    return [_trend_chart(name, title, months, of) for name, title, of in told]


def _trend_chart(
    name: str, title: str, months: Sequence[MonthFigures], of: Callable[[MonthFigures], Figure]
) -> Chart:
    found = [(own.month, of(own)) for own in months]
    points = [
        charts.TrendPoint(
            month, each.n, _percent(each.value), _percent(each.low), _percent(each.high)
        )
        for month, each in found
    ]
    known = [each for _month, each in found if each.value is not None]
    return Chart(
        name=name,
        title=title,
        words=_trend_words(known),
        shape="trend",
        metric="ratio",
        columns=(
            Column(_("Month"), "day"),
            Column(_("Share"), "share"),
            Column(_("Low (95%)"), "share"),
            Column(_("High (95%)"), "share"),
            Column(_("Customers"), "count"),
        ),
        rows=[[month, *_parts(each), each.n] for month, each in found] if known else [],
        values={"picture": charts.trend(points, "ratio", locale=current_locale())},
    )


def _trend_words(known: Sequence[Figure]) -> str:
    if not known:
        return _("Nobody paid anything in these months.")
    values = [each.value for each in known if each.value is not None]
    return _(
        "%(last)s in the last of these months, between %(low)s and %(high)s in all of them.",
        last=percent(values[-1], 1), low=percent(min(values), 1), high=percent(max(values), 1),
    )  # fmt: skip


def _parts(figure: Figure) -> tuple[float | None, float | None, float | None]:
    return figure.value, figure.low, figure.high


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


# --- by what customers had said -----------------------------------------------------------


def renewal_chart(told: YearTold, name_of: Callable[[str | None], str], by: str) -> Chart:
    """Renewal rates of groups with intervals, and that of everybody as a line."""
    rows = [(name_of(value), year.renewals) for value, year in told.groups.items()]
    known = [(label, found) for label, found in rows if found.rate.n]
    return Chart(
        name="renewals",
        title=_("Who renews"),
        words=_renewal_words(told, name_of),
        shape="dots",
        metric="share",
        columns=(
            Column(by),
            Column(_("Renewed"), "share"),
            Column(_("Low (95%)"), "share"),
            Column(_("High (95%)"), "share"),
            Column(_("Renewals"), "count"),
        ),
        rows=[[label, *_parts(found.rate), found.rate.n] for label, found in known],
        values={"picture": charts.dots(renewal_dots(told, name_of), "share",
                                       overall=_percent(told.overall.renewals.rate.value),
                                       sort=False)},
        source=_("Customers differ in more than what they said: this goes together, and need not "
                 "be its cause."),
    )  # fmt: skip


def renewal_dots(told: YearTold, name_of: Callable[[str | None], str]) -> list[charts.DotRow]:
    dots = []
    for value, year in told.groups.items():
        rate = year.renewals.rate
        if rate.n:
            at, low, high = (_percent(each) for each in _parts(rate))
            dots.append(charts.DotRow(name_of(value), rate.n, at, low, high, year.renewals.differs))
    return dots


def _renewal_words(told: YearTold, name_of: Callable[[str | None], str]) -> str:
    whole = told.overall.renewals.rate
    if whole.value is None:
        return _("No renewal was decided in these months.")
    best, worst = (told.groups.get(value) for value in (BEST, WORST))
    apart = told.apart
    if best is None or worst is None or apart is None or apart.value is None:
        return _("Of %(n)s renewals %(share)s came.", n=number(whole.n), share=percent(whole.value))
    words = _(
        "%(worst)s renew at %(worst_rate)s (%(worst_range)s), %(best)s at %(best_rate)s "
        "(%(best_range)s).",
        worst=name_of(WORST), worst_rate=percent(worst.renewals.rate.value),
        worst_range=_range(worst.renewals.rate), best=name_of(BEST),
        best_rate=percent(best.renewals.rate.value), best_range=_range(best.renewals.rate),
    )  # fmt: skip
    return f"{words} {_difference_words(apart)}"


def _difference_words(apart: Difference) -> str:
    assert apart.value is not None
    assert apart.low is not None
    assert apart.high is not None
    points = {
        name: number(100 * each, 1)
        for name, each in (("value", apart.value), ("low", apart.low), ("high", apart.high))
    }
    if apart.p_value is not None and apart.p_value < 0.05:
        return _(
            "That is %(value)s points apart (%(low)s to %(high)s), more than chance would give.",
            **points,
        )
    return _("That is %(value)s points apart (%(low)s to %(high)s), which may be chance.", **points)


def _range(figure: Figure) -> str:
    return _("%(low)s to %(high)s", low=percent(figure.low), high=percent(figure.high))
