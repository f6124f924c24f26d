"""The charts of the quality page, with their words and numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vocapp.translating import current_locale, ngettext
from vocapp.translating import gettext as _
from vocapp.ui import charts, reliability
from vocapp.ui.chart_files import Chart, Column
from vocapp.ui.formats import number, percent
from vocapp.understanding.quality.drift import DriftMonth, Mean
from vocapp.understanding.quality.queries import ENOUGH, QualityPage


def comments(n: int) -> str:
    return ngettext("%(count)s comment", "%(count)s comments", n, count=number(n))


def calibration_chart(page: QualityPage) -> Chart:
    """What the model said against what people found true."""
    bins = [
        reliability.ReliabilityBin(b.said, b.true.value, b.true.low, b.true.high, b.true.n)
        for b in page.bins
    ]
    return Chart(
        name="calibration",
        title=_("Does it mean what it says?"),
        words=_calibration_words(page),
        shape="reliability",
        metric="share",
        columns=(
            Column(_("How sure the model was"), "share"),
            Column(_("True"), "share"),
            Column(_("Low (95%)"), "share"),
            Column(_("High (95%)"), "share"),
            Column(_("Suggestions"), "count"),
        ),
        rows=[[b.said, b.true, b.low, b.high, b.n] for b in bins],
        values={"picture": reliability.picture(bins)},
        source=_("%(comments)s drawn at random", comments=comments(page.sampled)),
    )


def _calibration_words(page: QualityPage) -> str:
    if page.gap is None:
        return _(
            "Not enough labels yet: %(n)s of %(enough)s suggestions on comments drawn at random.",
            n=number(page.claims), enough=number(ENOUGH),
        )  # fmt: skip
    said = sum(b.true.n * b.said for b in page.bins) / page.claims
    true = sum(b.true.hits for b in page.bins) / page.claims
    return _(
        "On average it was %(said)s sure and %(true)s were right. Group by group the two are "
        "%(gap)s points apart on average; with few labels some of that is chance.",
        said=percent(said), true=percent(true), gap=number(100 * page.gap),
    )  # fmt: skip


_WORDS: tuple[tuple[str, Callable[[DriftMonth], Mean]], ...] = (
    ("unseen", lambda month: month.unseen),
    ("confidence", lambda month: month.top),
    ("silent", lambda month: month.silent),
)


def drift_charts(months: Sequence[DriftMonth]) -> list[Chart]:
    """Vocabulary, confidence and silence by month; none of fewer than two months."""
    titles = {
        "unseen": _("Words that the model never saw"),
        "confidence": _("How sure it is of the likeliest theme"),
        "silent": _("Comments without a theme"),
    }
    return [_drift_chart(name, titles[name], months, of) for name, of in _WORDS]


def _drift_chart(
    name: str, title: str, months: Sequence[DriftMonth], of: Callable[[DriftMonth], Mean]
) -> Chart:
    points = [
        charts.TrendPoint(each.start, each.n, _percent(m.value), _percent(m.low), _percent(m.high))
        for each, m in ((each, of(each)) for each in months)
    ]
    return Chart(
        name=name,
        title=title,
        words=_drift_words([of(each) for each in months]),
        shape="trend",
        metric="share",
        columns=(
            Column(_("Month"), "day"),
            Column(_("Share"), "share"),
            Column(_("Low (95%)"), "share"),
            Column(_("High (95%)"), "share"),
            Column(_("Comments"), "count"),
        ),
        rows=[[each.start, *_numbers(of(each)), each.n] for each in months],
        values={"picture": charts.trend(points, "share", locale=current_locale())},
        source=_("A random sample of comments, as the version that read them last saw them."),
    )


def _numbers(mean: Mean) -> tuple[float | None, float | None, float | None]:
    return mean.value, mean.low, mean.high


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _drift_words(found: Sequence[Mean]) -> str:
    """The first month against the last; "moved" only where the intervals do not meet."""
    known = [each for each in found if each.value is not None]
    if not known:
        return _("Too few comments to tell.")
    last = known[-1]
    if len(known) < 2:
        return _("%(value)s in the last month.", value=percent(last.value))
    first = known[0]
    apart = (first.high or 0) < (last.low or 0) or (last.high or 0) < (first.low or 0)
    words = (
        _("From %(first)s to %(last)s: it moved.") if apart
        else _("From %(first)s to %(last)s: no more than chance would give.")
    )  # fmt: skip
    return words % {"first": percent(first.value), "last": percent(last.value)}
