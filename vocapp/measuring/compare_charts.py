"""The charts of the page that compares, each with its words and numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from surveys.mix_shift import Part, SegmentPart
from vocapp.measuring import chart_words, wording
from vocapp.measuring.answer_links import AnswerLinks
from vocapp.measuring.asking import Ask
from vocapp.measuring.chart_tables import figure_cells, figure_columns, note_of
from vocapp.measuring.comparing import Compared
from vocapp.measuring.confidential import CONFIDENTIAL_FLOOR
from vocapp.measuring.heat import HeatMap
from vocapp.measuring.mix import Mix, MixSegment
from vocapp.measuring.overview_charts import source_words, titled
from vocapp.measuring.queries import Metrics
from vocapp.translating import gettext as _
from vocapp.ui import charts
from vocapp.ui.attribute_names import attribute_name, value_name
from vocapp.ui.chart_files import WIDTH, Chart, Column
from vocapp.ui.formats import difference_text, metric_name, percent

NameOf = Callable[[str | None], str]
_MOST_SEGMENTS = 8


# --- segments by periods ------------------------------------------------------------------


def heat_chart(
    metrics: Metrics, ask: Ask, heat: HeatMap, attribute: str, links: AnswerLinks | None = None
) -> Chart:
    kind = metrics.survey.kind

    def name(value: str | None) -> str:
        return value_name(attribute, value)

    rows = [
        [name(value), start, cell.value, cell.n,
         _("hidden") if cell.n is None else _("too few") if cell.value is None else None]
        for value, cells in heat.rows
        for start, cell in zip(heat.columns, cells, strict=True)
    ]  # fmt: skip
    return Chart(
        name="heat",
        title=titled(
            metrics,
            _("%(metric)s by %(attribute)s over time", metric=metric_name(kind),
              attribute=attribute_name(attribute)),
        ),
        words=chart_words.heat_words(heat, kind, ask.interval, name),
        shape="heat",
        metric=kind,
        columns=(
            Column(attribute_name(attribute)),
            Column(_("Period from"), "day"),
            Column(metric_name(kind), "score"),
            Column(_("Answers"), "count"),
            Column(_("Note")),
        ),
        rows=rows,
        urls=[
            links.segment({attribute: value}, start)
            for value, _cells in heat.rows
            for start in heat.columns
        ]
        if links
        else [],
        values={
            "columns": [wording.period_label(start, ask.interval) for start in heat.columns],
            "grid": [
                (name(value), [(cell.n, cell.value, cell.step) for cell in cells])
                for value, cells in heat.rows
            ],
        },
        source=source_words(metrics, ask),
        width=max(WIDTH, 220 + 76 * len(heat.columns)),
    )  # fmt: skip


# --- two groups side by side --------------------------------------------------------------


def sides_chart(
    metrics: Metrics, ask: Ask, compared: Compared | None, names: Sequence[str], words: str | None
) -> Chart:
    """names, words: of the two sides, and the sentence about them, as the page shows them."""
    kind = metrics.survey.kind
    if compared is None:
        words = _("Choose two different segments, or a period that has one before it.")
    is_shown = compared is not None and compared.change is not None
    if not is_shown and compared is not None:
        words = _(
            "Hidden: one of the two has fewer than %(floor)s answers, or would give such a group "
            "away.",
            floor=CONFIDENTIAL_FLOOR,
        )
    figures = compared.figures if is_shown and compared else ()
    rows = [[name, *figure_cells(figure), note_of(figure)]
            for name, figure in zip(names, figures, strict=False)]  # fmt: skip
    drawn = [
        {"label": row[0], "value": row[1], "low": row[2], "high": row[3], "n": row[4]}
        for row in rows
    ]
    return Chart(
        name="sides",
        title=titled(metrics, _("Side by side")),
        words=words or "",
        shape="dots",
        metric=kind,
        columns=(Column(_("Group")), *figure_columns(kind), Column(_("Note"))),
        rows=rows,
        values={"picture": charts.dots(drawn, kind, sort=False)},
        source=source_words(metrics, ask),
    )


# --- what a change is made of --------------------------------------------------------------


def mix_chart(
    metrics: Metrics, ask: Ask, compared: Compared | None, links: AnswerLinks | None = None
) -> Chart:
    kind = metrics.survey.kind
    found = compared.mix if compared else None
    rows = mix_rows(compared) if compared else []
    return Chart(
        name="mix",
        title=titled(metrics, _("What the change is made of")),
        words=mix_words(kind, found) if found else _("There is no change here that can be split."),
        shape="bars",
        metric=kind,
        columns=(
            Column(_("Segment")),
            Column(_("Answers before"), "count"),
            Column(_("Answers now"), "count"),
            Column(_("Share before"), "share"),
            Column(_("Share now"), "share"),
            Column(_("Score before"), "score"),
            Column(_("Score now"), "score"),
            Column(_("Scores inside segments"), "difference"),
            Column(_("Who answered"), "difference"),
        ),
        rows=_mix_table(found) if found else [],
        urls=_mix_urls(compared, links) if compared and found else [],
        values={"picture": charts.bars(rows), "is_signed": True},
        source=source_words(metrics, ask),
    )


def mix_words(kind: str, found: Mix) -> str:
    """How much of the change is which, and whether either is more than chance would give."""
    shift, attribute = found.shift, attribute_name(found.by)
    words = _(
        "Of the change of %(change)s, %(within)s came from other scores inside the segments of "
        "%(attribute)s and %(mix)s from who answered.",
        change=difference_text(shift.change.value, kind), attribute=attribute,
        within=_part_words(shift.within, kind), mix=_part_words(shift.mix, kind),
    )  # fmt: skip
    clear = [not each.low <= 0 <= each.high for each in (shift.within, shift.mix)]
    verdicts = {
        (True, True): _("Both are more than chance would give."),
        (True, False): _("Only the scores inside segments changed by more than chance would give."),
        (False, True): _("Only who answered changed it by more than chance would give."),
        (False, False): _("Neither is more than chance would give."),
    }
    return f"{words} {verdicts[clear[0], clear[1]]}"


def _part_words(part: Part, kind: str) -> str:
    return _(
        "%(value)s (%(low)s to %(high)s)",
        value=difference_text(part.value, kind),
        low=difference_text(part.low, kind), high=difference_text(part.high, kind),
    )  # fmt: skip


def mix_rows(compared: Compared, links: AnswerLinks | None = None) -> list[dict[str, Any]]:
    """The two parts as bars with their intervals, then what the largest segments add to both."""
    kind, found = compared.survey.kind, compared.mix
    if found is None:
        return []
    parts = (
        (_("Scores inside segments"), found.shift.within),
        (_("Who answered"), found.shift.mix),
    )
    rows: list[dict[str, Any]] = [
        {
            "label": label, "value": part.value, "low": part.low, "high": part.high,
            "text": difference_text(part.value, kind),
            "note": _part_words(part, kind),
            "is_pale": part.low <= 0 <= part.high,
        }
        for label, part in parts
    ]  # fmt: skip
    return rows + [
        _segment_row(kind, found.by, each, _side_urls(compared, found.by, each, links))
        for each in found.segments[:_MOST_SEGMENTS]
    ]


def _side_urls(
    compared: Compared, by: str, each: MixSegment, links: AnswerLinks | None
) -> tuple[str | None, str | None]:
    """Where the answers of a segment are listed, those of now (a) and of before (b)."""
    if links is None or len(each.values) != 1:
        return None, None
    a, b = (
        links.side({**side.segment, by: each.values[0]}, side.since, side.until)
        for side in (compared.a, compared.b)
    )
    return a, b


def _mix_urls(
    compared: Compared, links: AnswerLinks | None
) -> list[tuple[str | None, str | None] | None]:
    """For each row of the table where the answers of before and of now are listed."""
    if links is None or compared.mix is None:
        return []
    b, a = (links.side(side.segment, side.since, side.until) for side in (compared.b, compared.a))
    by = compared.mix.by
    segments = (_side_urls(compared, by, each, links)[::-1] for each in compared.mix.segments)
    return [(b, a), None, None, *segments]


def _segment_row(
    kind: str, by: str, each: MixSegment, urls: tuple[str | None, str | None]
) -> dict[str, Any]:
    part = each.part
    total = part.within + part.mix
    return {
        "label": mix_name(by, each),
        "value": total,
        "text": difference_text(total, kind),
        "note": _(
            "scores %(within)s, who answered %(mix)s; share %(before)s → %(now)s",
            within=difference_text(part.within, kind), mix=difference_text(part.mix, kind),
            before=percent(part.share_before), now=percent(part.share_after),
        ),
        "counts": wording.now_and_before(part.n_after, part.n_before, urls),
    }  # fmt: skip


def mix_name(by: str, each: MixSegment) -> str:
    """A segment of the split; values that must not be told apart are one."""
    if len(each.values) == 1:
        return value_name(by, each.values[0])
    names = _(", ").join(value_name(by, value) for value in each.values)
    return _("Together: %(names)s", names=names)


def _mix_table(found: Mix) -> list[list[Any]]:
    shift = found.shift
    n = [sum(getattr(each.part, side) for each in found.segments)
         for side in ("n_before", "n_after")]  # fmt: skip
    total = [_("All answers"), *n, 1.0, 1.0, None, None, shift.within.value, shift.mix.value]
    low = [_("Low (95%)"), *[None] * 6, shift.within.low, shift.mix.low]
    high = [_("High (95%)"), *[None] * 6, shift.within.high, shift.mix.high]
    return [total, low, high, *(_mix_cells(mix_name(found.by, each), each.part)
                                for each in found.segments)]  # fmt: skip


def _mix_cells(name: str, part: SegmentPart) -> list[Any]:
    return [
        name, part.n_before, part.n_after, part.share_before, part.share_after,
        part.score_before, part.score_after, part.within, part.mix,
    ]  # fmt: skip
