"""The pictures of the closed loop, with their words and numbers."""

from __future__ import annotations

from surveys.closed_loop import Timing
from surveys.ratios import Figure
from vocapp.following_up.closing_loop import wording
from vocapp.following_up.closing_loop.queries import Loop
from vocapp.translating import gettext as _
from vocapp.ui import charts
from vocapp.ui.chart_files import Chart, Column
from vocapp.ui.formats import percent

_HOURS = (4, 8, 24, 48, 72, 168, 336)


def charts_of(loop: Loop) -> dict[str, Chart]:
    """All pictures of the page, by name."""
    made = (
        _recovery(loop),
        _course("contact", _("Contacted for the first time"), loop.contact),
        _course("resolution", _("Resolved"), loop.resolution),
    )
    return {each.name: each for each in made}


def _recovery(loop: Loop) -> Chart:
    compared = loop.compared
    rows = [
        (_("Contacted before they answered again"), compared.like_contacted, compared.contacted.n),
        (_("Not contacted yet, otherwise alike"), compared.like_others, compared.others.n),
    ]
    is_told = compared.difference.value is not None
    return Chart(
        name="recovery",
        title=_("Who recovered"),
        words=wording.compared_words(compared),
        shape="dots",
        metric="share",
        columns=(
            Column(_("Who answered again")),
            Column(_("Recovered, of like people"), "share"),
            Column(_("Low (95%)"), "share"),
            Column(_("High (95%)"), "share"),
            Column(_("Answered again"), "count"),
        ),
        rows=[[label, *_told(each, is_told), n] for label, each, n in rows]
        if compared.others.n or compared.contacted.n
        else [],
        values={
            "picture": charts.dots(
                [_dot(label, n, each, is_told) for label, each, n in rows], "share", sort=False
            )
        },
        source=_("This is not an experiment: people who were contacted differ in ways nobody "
                 "recorded."),
    )  # fmt: skip


def _told(figure: Figure, is_told: bool) -> tuple[float | None, float | None, float | None]:
    return (figure.value, figure.low, figure.high) if is_told else (None, None, None)


def _dot(label: str, n: int, figure: Figure, is_told: bool) -> charts.DotRow:
    value, low, high = map(_percent, _told(figure, is_told))
    return charts.DotRow(label, n, value, low, high)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _course(name: str, title: str, timing: Timing) -> Chart:
    points = [(hours, timing.within(hours)) for hours in _HOURS]
    known = [(hours, figure) for hours, figure in points if figure is not None]
    return Chart(
        name=name,
        title=title,
        words=_course_words(timing),
        shape="bars",
        metric="share",
        columns=(
            Column(_("Within")),
            Column(_("Share of follow-ups"), "share"),
            Column(_("Low (95%)"), "share"),
            Column(_("High (95%)"), "share"),
        ),
        rows=[[wording.span(hours), each.value, each.low, each.high] for hours, each in known],
        values={
            "picture": charts.bars([_bar(hours, each) for hours, each in known]),
            "is_signed": False,
        },
        source=_("Follow-ups that still wait count as taking longer than they have waited so far."),
    )


def _bar(hours: int, figure: Figure) -> charts.BarRow:
    value = figure.value or 0.0
    return charts.BarRow(
        wording.span(hours), 100 * value, text=percent(value),
        low=_percent(figure.low), high=_percent(figure.high),
    )  # fmt: skip


def _course_words(timing: Timing) -> str:
    if timing.median.value is None:
        return _("Half of the follow-ups are not so far yet.")
    return _(
        "Half of the follow-ups within %(median)s (%(range)s).",
        median=wording.span(timing.median.value), range=wording.median_range(timing.median),
    )  # fmt: skip
