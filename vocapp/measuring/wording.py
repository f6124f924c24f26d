"""Segments and tables in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from surveys.scoring import category_counts
from vocapp.measuring.queries import Figure, Metrics
from vocapp.ui.attribute_names import attribute_name, value_name
from vocapp.ui.formats import metric_name


def segment_name(by: Mapping[str, str | None]) -> str:
    """All values of a segment, joined."""
    return " · ".join(value_name(attribute, value) for attribute, value in by.items())


def category_names(kind: str) -> list[str]:
    """The three categories of a metric, best first."""
    return {
        "nps": [_("Promoters"), _("Passives"), _("Detractors")],
        "csat": [_("Satisfied"), _("Neutral"), _("Dissatisfied")],
        "ces": [_("Easy"), _("Neutral"), _("Difficult")],
    }[kind]


def table_of(metrics: Metrics, which: str, by: Sequence[str]) -> list[list[Any]]:
    """The table of a page with its headings, for a file: "segments" or "series"."""
    kind = metrics.survey.kind
    figures = metrics.segments if which == "segments" else metrics.series
    first = [attribute_name(name) for name in by] if which == "segments" else [_("Period from")]
    verdicts = [_("P-value"), _("Differs from the rest")] if which == "segments" else []
    heading = [
        *first, metric_name(kind), _("Low (95%)"), _("High (95%)"), _("Answers"),
        *category_names(kind), *verdicts, _("Note"),
    ]  # fmt: skip
    return [heading, *(_row(metrics, figure, which, by) for figure in figures)]


def _row(metrics: Metrics, figure: Figure, which: str, by: Sequence[str]) -> list[Any]:
    found = figure.estimate
    if which == "segments":
        first: list[Any] = [value_name(name, figure.by.get(name)) for name in by]
        verdicts: list[Any] = [figure.p_value, _verdict(figure)]
    else:
        first, verdicts = [figure.start.isoformat() if figure.start else None], []
    if figure.hidden:
        return [*first, *[None] * 7, *[None] * len(verdicts), _("hidden")]
    shown = [None] * 3 if figure.too_few else [found.value, found.low, found.high]
    counts = category_counts(metrics.survey.kind, figure.counts).values()
    note = _("too few") if figure.too_few else None
    return [*first, *shown, found.n, *counts, *verdicts, note]


def _verdict(figure: Figure) -> str | None:
    if figure.differs is None:
        return None
    return _("yes") if figure.differs else _("no")
