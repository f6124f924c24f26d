"""Pages: segments and periods beside one another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from flask import Blueprint, render_template, request, url_for

from vocapp.authoring import queries as authoring
from vocapp.database import utcnow
from vocapp.measuring import compare_charts, overview_charts, wording
from vocapp.measuring.answer_links import AnswerLinks, links_of
from vocapp.measuring.asking import Ask, Interval
from vocapp.measuring.comparing import Compared, Side, compare_within
from vocapp.measuring.confidential import CONFIDENTIAL_FLOOR
from vocapp.measuring.forms import INTERVALS, PAGE_MIN_N, ResultsForm
from vocapp.measuring.heat import HeatMap, heat_map
from vocapp.measuring.queries import Metrics, metrics_of, reading
from vocapp.measuring.segments.narrowing import narrowed_by
from vocapp.measuring.views import answered_before, form_of, segments_of, today_here
from vocapp.problems import BadInput
from vocapp.ui.attribute_names import attribute_name, value_name
from vocapp.ui.chart_files import Chart
from vocapp.workspaces.access import current_workspace, signed_in

blueprint = Blueprint("comparing", __name__, template_folder="templates")
_NOT_KNOWN = "-"  # in an address: the answers without a value; no plan is called so


@dataclass(frozen=True, slots=True)
class ComparePage:
    """Everything that the page is asked for, read in one snapshot. compared None: impossible."""

    form: ResultsForm
    ask: Ask
    metrics: Metrics
    heat: HeatMap
    compared: Compared | None
    values: tuple[str | None, ...]
    chosen: tuple[str, str]
    links: AnswerLinks | None


def read_comparison(key: str) -> ComparePage:
    """Everything that the address asks for of this survey. Raises NotFound."""
    survey = authoring.survey_by_key(current_workspace.id, key)
    form = form_of(survey)
    form.by2.data = ""  # one attribute makes the segments
    asked = form.ask(today_here())
    by = asked.by[:1] or (str(form.by.choices[1].value),)
    interval: Interval = "quarter" if asked.interval == "quarter" else "month"
    ask = replace(asked, by=by, interval=interval)
    form.by.data = by[0]
    chosen = request.args.get("a", ""), request.args.get("b", "")
    with reading(survey, time_zone=current_workspace.time_zone, now=utcnow()) as opened:
        metrics = metrics_of(opened, ask)
        sides = [
            Side(ask.since if name == "a" else None, ask.until if name == "a" else None,
                 _segment(by[0], value))
            for name, value in zip(("a", "b"), chosen, strict=True)
        ]  # fmt: skip
        try:
            compared = compare_within(
                opened,
                *sides,
                min_n=PAGE_MIN_N,
                basis=ask.basis,
                filter_=ask.filter,
                # The segments of one side have no mix of their own attribute.
                by=None if any(chosen) else by[0],
            )
        except BadInput:
            compared = None  # the page says what would do
        heat = heat_map(opened, ask, metrics)
    values = tuple(figure.by.get(by[0]) for figure in metrics.segments)
    links = links_of(survey, form.parameters() | {"by": by[0]})
    return ComparePage(form, ask, metrics, heat, compared, values, chosen, links)


def _segment(attribute: str, chosen: str) -> dict[str, str | None]:
    if not chosen:
        return {}
    return {attribute: None if chosen == _NOT_KNOWN else chosen}


@blueprint.get("/results/<key>/compare")
@signed_in()
def compare_results(key: str) -> str:
    """Segments beside one another, over time, and two of them in detail."""
    page = read_comparison(key)
    survey, attribute = page.metrics.survey, page.ask.by[0]
    parameters = page.form.parameters() | {"by": attribute}
    kept = parameters | {
        name: value for name, value in zip(("a", "b"), page.chosen, strict=True) if value
    }

    links = page.links

    def address(endpoint: str = "comparing.compare_results", **changes: Any) -> str:
        return url_for(endpoint, key=key, **{**kept, **changes})

    return render_template(
        "measuring/compare.html",
        survey=survey,
        form=page.form,
        narrowed=narrowed_by(page.form),
        metrics=page.metrics,
        charts=compare_charts_of(page),
        chart_address=lambda name: partial(address, "measuring.chart", name=name),
        overall=page.metrics.overall,
        answered_before=answered_before(survey, page.metrics),
        heat=page.heat,
        period_label=lambda start: wording.period_label(start, page.ask.interval),
        mix_rows=compare_charts.mix_rows(page.compared, links) if page.compared else [],
        compared=page.compared,
        shown=_side_by_side(page.compared, attribute, links) if page.compared else None,
        choices=[(_NOT_KNOWN if value is None else value, value_name(attribute, value))
                 for value in page.values],
        chosen=page.chosen,
        segments=segments_of(page.metrics, links),
        cell_url=_cell_url(links, attribute),
        attribute=attribute_name(attribute),
        value_name=lambda value: value_name(attribute, value),
        intervals=[
            (label, address(interval=value), value == page.ask.interval)
            for value, label in INTERVALS
            if value in {"month", "quarter"}
        ],
        kept=kept,
        parameters=parameters,
        address=address,
        min_n=PAGE_MIN_N,
        floor=CONFIDENTIAL_FLOOR,
        shown_days=wording.days_name(page.metrics.since, page.metrics.until),
    )  # fmt: skip


def _side_name(side: Side, attribute: str, *, same_days: bool) -> str:
    """What a side has of its own: a segment, days, or both."""
    days = wording.days_name(side.since, side.until)
    if not side.segment:
        return days
    value = value_name(attribute, side.segment[attribute])
    return value if same_days else f"{value} · {days}"


def _words(compared: Compared, names: list[str]) -> str | None:
    """The same people against the period before: a change; all else: a difference."""
    a, b, change = compared.a, compared.b, compared.change
    if change is None:
        return None
    if a.segment == b.segment and b.since and b.until and b.until == a.since:
        against = wording.against_words(b.since, b.until)
        return wording.change_words(compared.survey.kind, change, against)
    return wording.difference_words(compared.survey.kind, change, *names)


def _cell_url(links: AnswerLinks | None, attribute: str) -> Any:
    """Where the number of a cell leads; None: nowhere."""
    if links is None:
        return None
    return lambda value, start: links.segment({attribute: value}, start)


def _side_by_side(compared: Compared, attribute: str, links: AnswerLinks | None) -> dict[str, Any]:
    """Names of the two sides and what may be said of their difference."""
    a, b = compared.a, compared.b
    names = [_side_name(side, attribute, same_days=a.days == b.days) for side in (a, b)]
    kind, change = compared.survey.kind, compared.change
    return {
        "names": names,
        "words": _words(compared, names),
        "needed": wording.needed_words(kind, change.more_needed) if change else None,
        "figures": [
            (name, figure, links.side(side.segment, side.since, side.until) if links else None)
            for name, figure, side in zip(names, compared.figures, (a, b), strict=True)
        ],
    }


def compare_charts_of(page: ComparePage) -> dict[str, Chart]:
    """The charts of the page by name."""
    metrics, ask, attribute = page.metrics, page.ask, page.ask.by[0]
    shown = _side_by_side(page.compared, attribute, page.links) if page.compared else None
    drawn = [
        overview_charts.segments_chart(metrics, ask, segments_of(metrics).rows, page.links),
        compare_charts.heat_chart(metrics, ask, page.heat, attribute, page.links),
        compare_charts.sides_chart(
            metrics, ask, page.compared,
            shown["names"] if shown else (), shown["words"] if shown else None,
        ),
        compare_charts.mix_chart(metrics, ask, page.compared, page.links),
    ]  # fmt: skip
    return {chart.name: chart for chart in drawn}
