"""The pictures of the journey, with their words and numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from surveys.journey import STAGES, Journey, Shape
from surveys.response_rates import Rate, rate
from vocapp.measuring.journey import wording
from vocapp.translating import gettext as _
from vocapp.ui import charts
from vocapp.ui.chart_files import Chart, Column
from vocapp.ui.formats import number, percent

Link = Callable[..., str | None]  # stages at, and not at


def charts_of(journey: Journey, found: Shape | None, *, link: Link) -> dict[str, Chart]:
    """All pictures of the page, by name."""
    made = (_path(journey, link), _steps(journey, link), _shape(found))
    return {each.name: each for each in made}


def _path(journey: Journey, link: Link) -> Chart:
    aware = journey.counts["aware"]
    rows = [(stage, rate(journey.counts[stage], aware)) for stage in STAGES] if aware else []
    return Chart(
        name="path",
        title=_("From aware to advocate"),
        words=wording.path_words(journey),
        shape="bars",
        metric="share",
        columns=(
            Column(_("Stage")),
            Column(_("Number of people"), "count"),
            Column(_("Of those aware"), "share"),
            Column(_("Low (95%)"), "share"),
            Column(_("High (95%)"), "share"),
        ),
        rows=[[str(wording.STAGES[stage]), each.count, *_told(each)] for stage, each in rows],
        values={
            "picture": charts.bars([_bar(stage, each, link) for stage, each in rows]),
            "is_signed": False,
        },
        urls=[link([stage]) for stage, _each in rows],
        source=_("The latest answer of each person"),
    )


def _bar(stage: str, share: Rate, link: Link) -> charts.BarRow:
    return charts.BarRow(
        str(wording.STAGES[stage]), share.value or 0.0, text=number(share.count),
        share=(share.value or 0.0) / 100, url=link([stage]), note=str(wording.MEANINGS[stage]),
        low=None if stage == "aware" else share.low, high=None if stage == "aware" else share.high,
    )  # fmt: skip


def _steps(journey: Journey, link: Link) -> Chart:
    steps = list(zip(journey.conversions, STAGES, STAGES[1:], strict=False))
    told = [each for each in steps if each[0].passed.of]
    return Chart(
        name="steps",
        title=_("Which part of a stage goes on to the next"),
        words=_steps_words(journey),
        shape="dots",
        metric="share",
        columns=(
            Column(_("Conversion")),
            Column(_("Went on"), "share"),
            Column(_("Low (95%)"), "share"),
            Column(_("High (95%)"), "share"),
            Column(_("At the stage before"), "count"),
            Column(_("At both"), "count"),
            Column(_("At the next alone"), "count"),
            Column(_("For 100 before"), "text"),
        ),
        rows=[
            [wording.step_name(each.name, before, after), *_told(each.passed), each.passed.of,
             each.passed.count, each.skipped, wording.ratio_words(each.ratio)]
            for each, before, after in told
        ],
        urls=[
            [link([before]), link([before, after]), link([after], [before])]
            for _each, before, after in told
        ],
        values={
            "picture": charts.dots(
                [_dot(each.passed, str(wording.CONVERSIONS[each.name]), link([before, after]))
                 for each, before, after in told],
                "share", sort=False,
            )
        },
        source=_("The latest answer of each person"),
    )  # fmt: skip


def _steps_words(journey: Journey) -> str:
    told = [each for each in journey.conversions if wording.is_told(each.passed)]
    if not told:
        return _("Too few people are at any stage to say how many go on.")
    least = min(told, key=lambda each: each.passed.value or 0)
    return _(
        "Most are lost at the step %(step)s: %(share)s go on (%(range)s).",
        step=wording.CONVERSIONS[least.name], share=wording.share_words(least.passed),
        range=wording.between(least.passed),
    )  # fmt: skip


def _dot(passed: Rate, label: str, url: str | None) -> charts.DotRow:
    value, low, high = (each and 100 * each for each in _told(passed))
    return charts.DotRow(label, passed.of, value, low, high, url=url)


def _told(share: Rate) -> tuple[float | None, float | None, float | None]:
    """A share and its limits as parts of one; None each where too few are behind it."""
    if not wording.is_told(share):
        return None, None, None
    value, low, high = (None if each is None else each / 100
                        for each in (share.value, share.low, share.high))  # fmt: skip
    return value, low, high


def _shape(found: Shape | None) -> Chart:
    names = sorted(found.chances, key=lambda name: -found.chances[name]) if found else []
    return Chart(
        name="shape",
        title=_("Which known shape it is like"),
        words=wording.shape_words(found),
        shape="bars",
        metric="share",
        columns=(
            Column(_("Shape")),
            Column(_("Chance of being the nearest"), "share"),
            Column(_("Distance")),
        ),
        rows=[_shape_row(found, name) for name in names] if found else [],
        values={
            "picture": charts.bars(
                [charts.BarRow(str(wording.SHAPES[name]), 100 * found.chances[name],
                               text=percent(found.chances[name]),
                               note=str(wording.TRAITS[name])) for name in names]
                if found else []
            ),
            "is_signed": False,
        },
        source=_("The steps in proportion to one another; distances in logarithms."),
    )  # fmt: skip


def _shape_row(found: Shape, name: str) -> list[Any]:
    return [
        str(wording.SHAPES[name]), found.chances[name], number(found.distances[name], 2),
    ]  # fmt: skip
