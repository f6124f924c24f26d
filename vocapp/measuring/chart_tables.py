"""The numbers of figures as tables: on a page behind its pictures, and in files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from surveys.scoring import category_counts
from vocapp.measuring.queries import Figure, Metrics
from vocapp.measuring.wording import category_names
from vocapp.translating import gettext as _
from vocapp.ui.attribute_names import attribute_name, value_name
from vocapp.ui.chart_files import Column
from vocapp.ui.formats import metric_name

Table = tuple[tuple[Column, ...], list[list[Any]]]


def figure_columns(kind: str) -> tuple[Column, ...]:
    """Of a score: its value with the ends of its interval, and from how many answers."""
    return (
        Column(metric_name(kind), "score"),
        Column(_("Low (95%)"), "score"),
        Column(_("High (95%)"), "score"),
        Column(_("Answers"), "count"),
    )


def figure_cells(figure: Figure) -> list[Any]:
    """The same of a figure; nothing of one that is hidden, no score of one with too few."""
    found = figure.estimate
    if figure.hidden:
        return [None] * 4
    if figure.too_few:
        return [None, None, None, found.n]
    return [found.value, found.low, found.high, found.n]


def note_of(figure: Figure) -> str | None:
    """Why a score is missing."""
    if figure.hidden:
        return _("hidden")
    return _("too few") if figure.too_few else None


def series_table(metrics: Metrics) -> Table:
    """Scores by period."""
    columns = (Column(_("Period from"), "day"), *_scored(metrics), Column(_("Note")))
    rows = [
        [figure.start, *_scored_cells(metrics, figure), note_of(figure)]
        for figure in metrics.series
    ]
    return columns, rows


def segments_table(metrics: Metrics, by: Sequence[str]) -> Table:
    """Scores by segment, and how each differs from the rest."""
    columns = (
        *(Column(attribute_name(name)) for name in by),
        *_scored(metrics),
        Column(_("P-value"), "p_value"),
        Column(_("Differs from the rest")),
        Column(_("Note")),
    )
    rows = [
        [
            *(value_name(name, figure.by.get(name)) for name in by),
            *_scored_cells(metrics, figure),
            figure.p_value, _verdict(figure), note_of(figure),
        ]
        for figure in metrics.segments
    ]  # fmt: skip
    return columns, rows


def _scored(metrics: Metrics) -> tuple[Column, ...]:
    kind = metrics.survey.kind
    categories = (Column(name, "count") for name in category_names(kind))
    return (*figure_columns(kind), *categories)


def _scored_cells(metrics: Metrics, figure: Figure) -> list[Any]:
    counts = category_counts(metrics.survey.kind, figure.counts)
    return [*figure_cells(figure), *(None if figure.hidden else n for n in counts.values())]


def _verdict(figure: Figure) -> str | None:
    if figure.differs is None:
        return None
    return _("yes") if figure.differs else _("no")
