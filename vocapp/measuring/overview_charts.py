"""The charts of a survey's results page, each with its words and numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from surveys.changes import Change
from vocapp.measuring import chart_words, wording
from vocapp.measuring.answer_links import AnswerLinks
from vocapp.measuring.asking import Ask
from vocapp.measuring.changes import WhatChanged
from vocapp.measuring.chart_tables import (
    figure_cells,
    figure_columns,
    note_of,
    segments_table,
    series_table,
)
from vocapp.measuring.filter_wording import filter_in_words
from vocapp.measuring.forms import BASES
from vocapp.measuring.funnel import Funnel
from vocapp.measuring.queries import Metrics
from vocapp.translating import current_locale
from vocapp.translating import gettext as _
from vocapp.ui import charts
from vocapp.ui.attribute_names import attribute_name
from vocapp.ui.chart_files import Chart, Column
from vocapp.ui.formats import metric_name


def titled(metrics: Metrics, title: str) -> str:
    """A title that says of which survey it is, as files are looked at alone."""
    return _("%(survey)s: %(title)s", survey=metrics.survey.name, title=title)


def source_words(metrics: Metrics, ask: Ask, *, has_intervals: bool = True) -> str:
    """Of which answers a chart is."""
    parts = [wording.days_name(metrics.since, metrics.until)]
    if ask.filter:
        parts.append(_("only answers with: %(filter)s", filter=filter_in_words(ask.filter)))
    if ask.basis != "responses":
        parts.append(str(dict(BASES)[ask.basis]))
    if has_intervals:
        parts.append(_("intervals: 95%"))
    return " · ".join([*parts, metrics.time_zone])


def shown_score(metrics: Metrics) -> float | None:
    """The overall score where it is shown."""
    figure = metrics.overall
    return figure.estimate.value if chart_words.is_known(figure) else None


def score_chart(metrics: Metrics, ask: Ask) -> Chart:
    figure, kind = metrics.overall, metrics.survey.kind
    cells = figure_cells(figure)
    return Chart(
        name="score",
        title=titled(metrics, metric_name(kind)),
        words=chart_words.overall_words(metrics),
        shape="score",
        metric=kind,
        columns=(*figure_columns(kind), Column(_("Note"))),
        rows=[] if figure.hidden else [[*cells, note_of(figure)]],
        values={"picture": charts.score_picture(kind, *cells[:3]), "value": cells[0]},
        source=source_words(metrics, ask),
    )


def distribution_chart(metrics: Metrics, ask: Ask, links: AnswerLinks | None = None) -> Chart:
    """Counts without shares where there are too few answers for shares to mean anything."""
    figure, kind = metrics.overall, metrics.survey.kind
    picture = charts.distribution(kind, figure.counts)
    names = wording.category_names(kind)
    by_category = dict(zip((band.category for band in picture.bands), names, strict=True))
    is_hidden = figure.hidden or not picture.n
    return Chart(
        name="distribution",
        title=titled(metrics, _("Distribution")),
        words=chart_words.distribution_words(metrics),
        shape="distribution",
        metric=kind,
        columns=(
            Column(_("Score")),
            Column(_("Category")),
            Column(_("Answers"), "count"),
            Column(_("Share"), "share"),
        ),
        rows=[]
        if is_hidden
        else [
            [each.score, by_category[each.category], each.n,
             None if figure.too_few else each.share]
            for each in reversed(picture.columns)
        ],
        urls=[links.score(each.score) for each in reversed(picture.columns)] if links else [],
        values={"picture": picture, "names": names},
        source=source_words(metrics, ask, has_intervals=False),
    )  # fmt: skip


def trend_chart(
    metrics: Metrics,
    ask: Ask,
    points: Sequence[Mapping[str, Any]],
    *,
    marks: Iterable[tuple[date, str]] = (),
    interval: str,
    is_running: bool,
    links: AnswerLinks | None = None,
) -> Chart:
    """points, marks: as the page draws them."""
    kind = metrics.survey.kind
    columns, rows = series_table(metrics)
    picture = charts.trend(points, kind, locale=current_locale(), notes=marks)
    words = chart_words.trend_words(metrics, interval, min_n=ask.min_n, is_running=is_running)
    return Chart(
        name="trend",
        title=titled(metrics, _("%(metric)s over time", metric=metric_name(kind))),
        words=words,
        shape="trend",
        metric=kind,
        columns=columns,
        rows=rows if points else [],
        urls=[links.period(each.start) if each.start else None for each in metrics.series]
        if links
        else [],
        values={"picture": picture},
        source=source_words(metrics, ask),
    )


def segments_chart(
    metrics: Metrics,
    ask: Ask,
    rows: Sequence[Mapping[str, Any]],
    links: AnswerLinks | None = None,
) -> Chart:
    """rows: the segments as the page draws them; the numbers are of all segments."""
    kind = metrics.survey.kind
    columns, table = segments_table(metrics, ask.by)
    names = " · ".join(attribute_name(name) for name in ask.by)
    words = chart_words.segments_words(metrics)
    return Chart(
        name="segments",
        title=titled(metrics, _("%(metric)s by %(attribute)s", metric=metric_name(kind),
                                attribute=names)),
        words=words if ask.by else _("Choose an attribute to split by."),
        shape="dots",
        metric=kind,
        columns=columns,
        rows=table if ask.by else [],
        urls=[links.segment(figure.by) for figure in metrics.segments] if links and ask.by else [],
        values={"picture": charts.dots(rows, kind, overall=shown_score(metrics))},
        source=source_words(metrics, ask),
    )  # fmt: skip


def changes_chart(
    metrics: Metrics,
    ask: Ask,
    changed: WhatChanged | None,
    rows: Sequence[Mapping[str, Any]],
    overall: str | None,
    links: AnswerLinks | None = None,
) -> Chart:
    """rows, overall: the bars and the sentence about all answers, as the page shows them."""
    kind = metrics.survey.kind
    if changed is None:
        words = _("There is no period before to compare with.")
    elif changed.overall is None or overall is None:
        words = _("Hidden: too few answers of a confidential survey.")
    else:
        words = chart_words.changes_words(kind, changed, overall)
    return Chart(
        name="changes",
        title=titled(metrics, _("What changed")),
        words=words,
        shape="bars",
        metric=kind,
        columns=(
            Column(_("Segment")),
            Column(_("Change"), "difference"),
            Column(_("Low (95%)"), "difference"),
            Column(_("High (95%)"), "difference"),
            Column(_("P-value"), "p_value"),
            Column(_("Answers now"), "count"),
            Column(_("Answers before"), "count"),
            Column(_("Note")),
        ),
        rows=_changes_rows(changed) if changed else [],
        urls=[change_urls(changed, by, links) for by, _change in _changes(changed)]
        if changed
        else [],
        values={"picture": charts.bars(rows), "is_signed": True},
        source=source_words(metrics, ask),
    )


def change_urls(
    changed: WhatChanged, by: Mapping[str, str | None], links: AnswerLinks | None
) -> tuple[str | None, str | None]:
    """Where the answers of now and of before are listed."""
    if links is None:
        return None, None
    now = links.side(by, changed.since, changed.until) if by else links.all()
    return now, links.side(by, *changed.before)


def _changes(changed: WhatChanged) -> list[tuple[Mapping[str, str | None], Change]]:
    """All answers, then the segments that changed."""
    if changed.overall is None:
        return []
    return [({}, changed.overall), *((each.by, each.change) for each in changed.segments)]


def _changes_rows(changed: WhatChanged) -> list[list[Any]]:
    rows: list[list[Any]] = []
    for by, change in _changes(changed):
        found = change.difference
        tell = change.verdict != "too_few"
        numbers = (found.value, found.low, found.high, found.p_value) if tell else (None,) * 4
        note = None if tell else _("too few")
        rows.append([wording.part_name(by), *numbers, change.n_now, change.n_before, note])
    return rows


def funnel_chart(
    metrics: Metrics,
    ask: Ask,
    found: Funnel | None,
    rows: Sequence[Mapping[str, Any]],
    links: AnswerLinks | None = None,
) -> Chart:
    """rows: the bars as the page draws them. found None: invitations cannot be filtered."""
    if found is None:
        words = _("Invitations cannot be filtered by what is known of answers.")
    elif found.hidden:
        words = _("Hidden: too few people were invited to a confidential survey.")
    else:
        words = chart_words.funnel_words(found.stages)
    is_shown = found is not None and found.stages and found.stages[0].count
    stages = found.stages if found and is_shown else ()
    return Chart(
        name="funnel",
        title=titled(metrics, _("From invitation to answer")),
        words=words,
        shape="bars",
        metric=metrics.survey.kind,
        columns=(
            Column(_("Stage")),
            Column(_("Number of people"), "count"),
            Column(_("Share of those invited"), "percent"),
            Column(_("Low (95%)"), "percent"),
            Column(_("High (95%)"), "percent"),
        ),
        rows=[
            [wording.stage_name(each.name), each.count, each.of_invited.value,
             each.of_invited.low, each.of_invited.high]
            for each in stages
        ],
        urls=[links.invited() if each.name == "answered" else None for each in stages]
        if links
        else [],
        values={"picture": charts.bars(rows), "is_signed": False},
        source=source_words(metrics, ask),
    )  # fmt: skip
