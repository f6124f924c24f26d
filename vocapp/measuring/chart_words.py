"""What the charts of the results pages show, in a sentence or two each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from surveys.response_rates import Stage
from vocapp.measuring.changes import WhatChanged, judge_pair
from vocapp.measuring.heat import HeatMap
from vocapp.measuring.queries import Figure, Metrics
from vocapp.measuring.wording import category_names, part_name, period_label, segment_name
from vocapp.translating import gettext as _
from vocapp.translating import ngettext
from vocapp.ui import charts
from vocapp.ui.formats import difference_text, metric_name, number, percent, score_text

_MOST_NAMED = 3


def answers(n: int) -> str:
    """A number of answers."""
    return ngettext("%(count)s answer", "%(count)s answers", n, count=number(n))


def score_with_range(figure: Figure, kind: str) -> str:
    """A score with its interval: "+31 (+25 to +37)"."""
    found = figure.estimate
    return _(
        "%(score)s (%(low)s to %(high)s)",
        score=score_text(found.value, kind),
        low=score_text(found.low, kind), high=score_text(found.high, kind),
    )  # fmt: skip


def is_known(figure: Figure) -> bool:
    """Whether the page shows a score for it."""
    return not figure.hidden and not figure.too_few and figure.estimate.value is not None


def overall_words(metrics: Metrics) -> str:
    """The score with its interval and n."""
    figure, metric = metrics.overall, metric_name(metrics.survey.kind)
    if figure.hidden:
        return _("Hidden: too few answers of a confidential survey.")
    if not is_known(figure):
        n = answers(figure.estimate.n)
        return _("%(metric)s: too few answers to tell (%(answers)s).", metric=metric, answers=n)
    return _(
        "%(metric)s %(score)s from %(answers)s, with 95%% confidence.",
        metric=metric, score=score_with_range(figure, metrics.survey.kind),
        answers=answers(figure.estimate.n),
    )  # fmt: skip


def trend_words(metrics: Metrics, interval: str, *, min_n: int, is_running: bool = False) -> str:
    """From the first to the last period that has a score, and the extremes between.

    "Rose" and "fell" are said only where a test of the two says so.
    """
    kind = metrics.survey.kind
    known = [each for each in metrics.series if is_known(each) and each.start is not None]
    if not known:
        return _("Too few answers in any one period to tell.")

    def when(figure: Figure) -> str:
        assert figure.start is not None
        name = period_label(figure.start, interval)
        if is_running and figure is metrics.series[-1]:
            return _("%(period)s (so far)", period=name)
        return name

    metric, first, last = metric_name(kind), known[0], known[-1]
    if len(known) == 1:
        return _(
            "%(metric)s %(score)s in %(period)s; too few answers to tell in any other period.",
            metric=metric, score=score_with_range(first, kind), period=when(first),
        )  # fmt: skip
    change = judge_pair(kind, last, first, min_n=min_n)
    values = {
        "metric": metric,
        "before": score_with_range(first, kind), "first": when(first),
        "now": score_with_range(last, kind), "last": when(last),
    }  # fmt: skip
    words = _course_words(change.verdict if change else "too_few", values)
    return f"{words} {_extremes(known, kind, when)}" if len(known) > 2 else words


def _course_words(verdict: str, values: dict[str, str]) -> str:
    if verdict == "rose":
        return _(
            "%(metric)s rose from %(before)s in %(first)s to %(now)s in %(last)s, more than chance "
            "would give.",
            **values,
        )
    if verdict == "fell":
        return _(
            "%(metric)s fell from %(before)s in %(first)s to %(now)s in %(last)s, more than chance "
            "would give.",
            **values,
        )
    return _(
        "%(metric)s was %(before)s in %(first)s and %(now)s in %(last)s: no change that chance "
        "would not give.",
        **values,
    )


def _extremes(known: Sequence[Figure], kind: str, when: Callable[[Figure], str]) -> str:
    lowest = min(known, key=lambda each: each.estimate.value or 0.0)
    highest = max(known, key=lambda each: each.estimate.value or 0.0)
    return _(
        "Lowest %(low)s in %(low_period)s, highest %(high)s in %(high_period)s.",
        low=score_text(lowest.estimate.value, kind), low_period=when(lowest),
        high=score_text(highest.estimate.value, kind), high_period=when(highest),
    )  # fmt: skip


def distribution_words(metrics: Metrics) -> str:
    """The shares of the three categories, and the answer given most often."""
    figure, kind = metrics.overall, metrics.survey.kind
    if figure.hidden:
        return _("Hidden: too few answers of a confidential survey.")
    if figure.too_few:
        return _("Too few answers to tell how they spread (%(n)s).", n=answers(figure.estimate.n))
    picture = charts.distribution(kind, figure.counts)
    shares = _(", ").join(
        f"{name} {percent(band.share)}"
        for name, band in zip(category_names(kind), picture.bands, strict=True)
    )
    most = max(picture.columns, key=lambda column: column.n)
    return _(
        "Of %(answers)s: %(shares)s. Given most often: %(score)s.",
        answers=answers(picture.n), shares=shares, score=most.score,
    )  # fmt: skip


def segments_words(metrics: Metrics) -> str:
    """Which segments differ from the rest, and where the ends lie."""
    kind, overall = metrics.survey.kind, metrics.overall.estimate.value
    known = sorted(
        filter(is_known, metrics.segments), key=lambda each: -(each.estimate.value or 0.0)
    )
    if not known:
        return _("No segment has enough answers to tell.")
    apart = [each for each in known if each.differs and overall is not None]
    better = [each for each in apart if (each.estimate.value or 0.0) > (overall or 0.0)]
    worse = [each for each in apart if each not in better]
    sentences = []
    if better:
        sentences.append(_("Better than the rest: %(names)s.", names=_names(better)))
    if worse:
        sentences.append(_("Worse than the rest: %(names)s.", names=_names(worse)))
    if not apart:
        sentences.append(_("No segment differs from the rest by more than chance would give."))
    if len(known) > 1:
        sentences.append(
            _(
                "Highest %(high)s (%(best)s), lowest %(low)s (%(worst)s).",
                high=score_text(known[0].estimate.value, kind), best=segment_name(known[0].by),
                low=score_text(known[-1].estimate.value, kind), worst=segment_name(known[-1].by),
            )
        )  # fmt: skip
    return " ".join(sentences)


def _names(figures: Sequence[Figure]) -> str:
    return _(", ").join(segment_name(figure.by) for figure in figures)


def changes_words(kind: str, changed: WhatChanged, overall: str) -> str:
    """What changed in all, and which segments did.

    overall: the sentence about all answers.
    """
    if not changed.segments:
        if not changed.tested:
            return overall
        return f"{overall} {_('No segment changed by more than chance would give.')}"
    named = _(", ").join(
        f"{part_name(each.by)} {difference_text(each.change.difference.value, kind)}"
        for each in changed.segments[:_MOST_NAMED]
    )
    words = ngettext(
        "%(count)s of %(tested)s segments changed: %(named)s.",
        "%(count)s of %(tested)s segments changed, most of all: %(named)s.",
        len(changed.segments), count=number(len(changed.segments)), tested=number(changed.tested),
        named=named,
    )  # fmt: skip
    return f"{overall} {words}"


def funnel_words(stages: Sequence[Stage]) -> str:
    """Of those invited, how many answered."""
    invited, answered = stages[0], stages[-1]
    rate = answered.of_invited
    if rate.value is None:
        return _("Nobody was invited.")
    share, low, high = (percent((each or 0) / 100) for each in (rate.value, rate.low, rate.high))
    return _(
        "Of %(invited)s invited, %(answered)s answered: %(share)s (%(low)s to %(high)s).",
        invited=number(invited.count), answered=number(answered.count),
        share=share, low=low, high=high,
    )  # fmt: skip


def heat_words(heat: HeatMap, kind: str, interval: str, name: Callable[[str | None], str]) -> str:
    """Where the highest and the lowest score of the map stand, and what is missing."""
    cells = [
        (cell, value, start)
        for value, row in heat.rows
        for start, cell in zip(heat.columns, row, strict=True)
    ]
    known = [each for each in cells if each[0].value is not None]
    if not known:
        return _("Too few answers in any one cell to tell.")

    low, worst, worst_start = min(known, key=lambda each: each[0].value or 0.0)
    high, best, best_start = max(known, key=lambda each: each[0].value or 0.0)
    words = _(
        "Highest %(high)s (%(best)s, %(best_period)s), lowest %(low)s (%(worst)s, "
        "%(worst_period)s).",
        high=score_text(high.value, kind), best=name(best),
        best_period=period_label(best_start, interval),
        low=score_text(low.value, kind), worst=name(worst),
        worst_period=period_label(worst_start, interval),
    )  # fmt: skip
    hidden = sum(1 for cell, *_rest in cells if cell.n is None)
    if not hidden:
        return words
    more = ngettext("%(count)s cell is hidden.", "%(count)s cells are hidden.", hidden,
                    count=number(hidden))  # fmt: skip
    return f"{words} {more}"
