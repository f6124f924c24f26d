"""The chart of the page that says what moves a score, with its words and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from vocapp.authoring.queries import SurveySummary
from vocapp.translating import gettext as _
from vocapp.translating import ngettext
from vocapp.ui import charts
from vocapp.ui.chart_files import Chart, Column
from vocapp.ui.formats import local_date, number
from vocapp.understanding.drivers.queries import Report

_MOST_NAMED = 3


def drivers_chart(
    survey: SurveySummary, report: Report | None, rows: Sequence[Mapping[str, Any]]
) -> Chart:
    """rows: the bars as the page draws them, the strongest first."""
    return Chart(
        name="drivers",
        title=_("%(survey)s: %(title)s", survey=survey.name, title=_("What moves the score")),
        words=_words(rows),
        shape="bars",
        metric=survey.kind,
        columns=(
            Column(_("Theme or attribute")),
            Column(_("Part of the differences"), "share"),
            Column(_("Low (95%)"), "share"),
            Column(_("High (95%)"), "share"),
            Column(_("Which way")),
        ),
        rows=[
            [row["label"], row["value"] / 100, row["low"] / 100, row["high"] / 100, row["note"]]
            for row in rows
        ],
        values={"picture": charts.bars(rows), "is_signed": False},
        source=_source(report) if report else "",
    )


def _words(rows: Sequence[Mapping[str, Any]]) -> str:
    clear = [row for row in rows if not row["is_pale"]]
    if not rows:
        return _("There is nothing to tell yet.")
    if not clear:
        return _("None goes with the score by more than chance would give.")
    named = _(", ").join(f"{row['label']} {row['text']}" for row in clear[:_MOST_NAMED])
    words = _(
        "Of the differences between answers the largest parts go with: %(named)s.", named=named
    )
    pale = len(rows) - len(clear)
    if not pale:
        return words
    more = ngettext(
        "%(count)s of %(all)s may be chance.", "%(count)s of %(all)s may be chance.", pale,
        count=number(pale), all=number(len(rows)),
    )  # fmt: skip
    return f"{words} {more}"


def _source(report: Report) -> str:
    days = _(
        "%(first)s to %(last)s",
        first=local_date(report.since), last=local_date(report.until - timedelta(days=1)),
    )  # fmt: skip
    n = ngettext("%(count)s answer", "%(count)s answers", report.sampled,
                 count=number(report.sampled))  # fmt: skip
    return " · ".join([days, n, _("intervals: 95%"), _("Associated, not caused.")])
