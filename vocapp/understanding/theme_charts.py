"""The chart of the themes page, with its words and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from vocapp.translating import gettext as _
from vocapp.ui import charts
from vocapp.ui.chart_files import Chart, Column
from vocapp.ui.formats import local_date
from vocapp.understanding.queries import ThemesPage


def effects_chart(
    page: ThemesPage, bars: Sequence[Mapping[str, Any]], *, survey: str | None
) -> Chart:
    """bars: as the page draws them, from what lowers the score to what raises it.

    survey: its name; None for all surveys together.
    """
    days = _(
        "%(first)s to %(last)s",
        first=local_date(page.since), last=local_date(page.until - timedelta(days=1)),
    )  # fmt: skip
    title = _("Themes that move the score most")
    return Chart(
        name="effects",
        title=_("%(survey)s: %(title)s", survey=survey, title=title) if survey else title,
        words=_words(bars),
        shape="bars",
        metric=page.kind or "nps",
        columns=(
            Column(_("Theme")),
            Column(_("Effect on the score"), "points"),
            Column(_("Low (95%)"), "points"),
            Column(_("High (95%)"), "points"),
            Column(_("Share of comments"), "share"),
            Column(_("Note")),
        ),
        rows=[
            [bar["label"], bar["value"], bar["low"], bar["high"], bar["share"],
             _("may be chance") if bar["is_pale"] else None]
            for bar in bars
        ],
        values={"picture": charts.bars(bars), "is_signed": True},
        source=" · ".join([days, _("intervals: 95%"), _("Associated, not caused.")]),
    )  # fmt: skip


def _words(bars: Sequence[Mapping[str, Any]]) -> str:
    """The strongest either way; those that may be chance are not named."""
    if not bars:
        return _("There is nothing to tell yet.")
    clear = [bar for bar in bars if not bar["is_pale"]]
    if not clear:
        return _("No theme moves the score by more than chance would give.")
    sentences = []
    if clear[0]["value"] < 0:
        sentences.append(
            _("Lowers the score most: %(theme)s (%(points)s).",
              theme=clear[0]["label"], points=clear[0]["text"])
        )  # fmt: skip
    if clear[-1]["value"] > 0:
        sentences.append(
            _("Raises the score most: %(theme)s (%(points)s).",
              theme=clear[-1]["label"], points=clear[-1]["text"])
        )  # fmt: skip
    return " ".join(sentences)
