"""Segments and tables in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from surveys.changes import PRECISION, Change
from surveys.periods import whole_months_between
from surveys.response_rates import Stage
from vocapp.translating import gettext as _
from vocapp.translating import ngettext
from vocapp.ui.attribute_names import attribute_name, value_name
from vocapp.ui.formats import (
    difference_text,
    local_date,
    month_name,
    number,
    percent,
    quarter_name,
)


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


# --- changes ----------------------------------------------------------------------------


def period_name(since: date, until: date) -> str:
    """A half-open period with its first and last day."""
    last = until - timedelta(days=1)
    if since == last:
        return local_date(since)
    return _("%(first)s to %(last)s", first=local_date(since), last=local_date(last))


def days_name(since: date | None, until: date | None) -> str:
    """A half-open period that may have no bounds."""
    if since and until:
        return period_name(since, until)
    if since:
        return _("since %(day)s", day=local_date(since))
    if until:
        return _("until %(day)s", day=local_date(until - timedelta(days=1)))
    return _("All time")


def period_label(start: date, interval: str) -> str:
    """One period of a course: "Nov 2026", "Q4 2026", "week from Nov 2, 2026", a day."""
    if interval == "month":
        return month_name(start)
    if interval == "quarter":
        return quarter_name(start)
    day = local_date(start)
    return _("week from %(day)s", day=day) if interval == "week" else day


def against_words(since: date, until: date) -> str:
    """The period before, as what another is compared with: "the 90 days before"."""
    months = whole_months_between(since, until)
    if months:
        return ngettext("the month before", "the %(num)s months before", months)
    return ngettext("the day before", "the %(num)s days before", (until - since).days)


def amount_words(kind: str, amount: float) -> str:
    """How far two scores lie apart, without a sign, in the metric's unit."""
    digits = 1 if kind == "ces" else 0
    text = number(abs(amount), digits)
    if kind == "ces":
        return text
    count = round(abs(amount))
    if kind == "csat":
        return ngettext("%(text)s percentage point", "%(text)s percentage points", count, text=text)
    return ngettext("%(text)s point", "%(text)s points", count, text=text)


def change_words(kind: str, change: Change, against: str) -> str:
    """What may be said of a change, in one sentence."""
    found = change.difference
    if change.verdict == "too_few" or found.value is None:
        return _("Too few answers to tell whether it changed against %(against)s.", against=against)
    if change.verdict == "same":
        return _(
            "%(change)s (%(low)s to %(high)s) against %(against)s: no change that chance would "
            "not give.",
            change=difference_text(found.value, kind), low=difference_text(found.low, kind),
            high=difference_text(found.high, kind), against=against,
        )  # fmt: skip
    ends = (found.low, found.high) if change.verdict == "rose" else (found.high, found.low)
    sign = 1 if change.verdict == "rose" else -1
    low, high = (number(sign * (end or 0), 1 if kind == "ces" else 0) for end in ends)
    words = {
        "rose": _("Rose by %(amount)s (%(low)s to %(high)s) against %(against)s: more than chance "
                  "would give.", amount=amount_words(kind, found.value), low=low, high=high,
                  against=against),
        "fell": _("Fell by %(amount)s (%(low)s to %(high)s) against %(against)s: more than chance "
                  "would give.", amount=amount_words(kind, found.value), low=low, high=high,
                  against=against),
    }  # fmt: skip
    return words[change.verdict]


def difference_words(kind: str, change: Change, a: str, b: str) -> str:
    """What may be said of the difference of two groups, in one sentence."""
    found = change.difference
    if change.verdict == "too_few" or found.value is None:
        return _("Too few answers to tell whether %(a)s and %(b)s differ.", a=a, b=b)
    if change.verdict == "same":
        return _(
            "%(a)s and %(b)s lie %(change)s (%(low)s to %(high)s) apart: no difference that "
            "chance would not give.",
            a=a, b=b, change=difference_text(found.value, kind),
            low=difference_text(found.low, kind), high=difference_text(found.high, kind),
        )  # fmt: skip
    if change.verdict == "fell":  # said the other way round
        a, b = b, a
    ends = (found.low or 0, found.high or 0)
    low, high = ends if change.verdict == "rose" else (-ends[1], -ends[0])
    digits = 1 if kind == "ces" else 0
    return _(
        "%(a)s lies %(amount)s (%(low)s to %(high)s) above %(b)s: more than chance would give.",
        a=a, b=b, amount=amount_words(kind, found.value),
        low=number(low, digits), high=number(high, digits),
    )  # fmt: skip


def needed_words(kind: str, more: int | None) -> str | None:
    """How many answers are missing until the score is known well enough."""
    if more is None:
        return None
    return ngettext(
        "About %(count)s more answer is needed until the score is known to ±%(precision)s.",
        "About %(count)s more answers are needed until the score is known to ±%(precision)s.",
        more, count=number(more), precision=amount_words(kind, PRECISION[kind]),
    )  # fmt: skip


def answers_text(n: int) -> str:
    """A number of answers."""
    return ngettext("%(count)s answer", "%(count)s answers", n, count=number(n))


def part_name(by: Mapping[str, str | None]) -> str:
    """A segment with the names of its attributes; that of no attributes is everybody."""
    names = (f"{attribute_name(name)}: {value_name(name, value)}" for name, value in by.items())
    return " · ".join(names) or _("All answers")


def change_row(
    kind: str,
    by: Mapping[str, str | None],
    change: Change,
    urls: tuple[str | None, str | None] = (None, None),
) -> dict[str, Any]:
    """A segment's change as a bar: sign and colour by direction, whiskers by its interval.

    urls: where the answers of now and of before are listed.
    """
    found = change.difference
    return {
        "label": part_name(by),
        "value": found.value, "low": found.low, "high": found.high,
        "text": difference_text(found.value, kind),
        "note": _(
            "%(low)s to %(high)s",
            low=difference_text(found.low, kind), high=difference_text(found.high, kind),
        ),
        "counts": now_and_before(change.n_now, change.n_before, urls),
        "is_pale": change.verdict == "same",
    }  # fmt: skip


def now_and_before(
    now: int, before: int, urls: tuple[str | None, str | None]
) -> list[tuple[str, str | None]]:
    """Two numbers of answers in words, each with where they are listed, unless there are none."""
    words = (
        ngettext("%(count)s answer now", "%(count)s answers now", now, count=number(now)),
        ngettext(
            "%(count)s answer before", "%(count)s answers before", before, count=number(before)
        ),
    )
    return [
        (text, url if n else None)
        for text, n, url in zip(words, (now, before), urls, strict=True)
    ]  # fmt: skip


# --- the funnel -------------------------------------------------------------------------


def stage_name(name: str) -> str:
    """A stage of the funnel, saying no more than is known."""
    return {
        "invited": _("Invited"),
        "delivered": _("Taken by the mail server, not returned"),
        "opened": _("Seen to be opened"),
        "started": _("Survey page fetched"),
        "answered": _("Answered"),
    }[name]


def stage_row(stage: Stage, answers_url: str | None = None) -> dict[str, Any]:
    """A stage as a bar: its number, and its share of those invited with the interval.

    answers_url: where the answers of those who answered are listed.
    """
    is_listed = stage.name == "answered" and stage.count and answers_url
    rate = stage.of_invited
    note = None
    if stage.name != "invited" and rate.value is not None:
        share, low, high = (
            percent((each or 0) / 100) for each in (rate.value, rate.low, rate.high)
        )
        note = _(
            "%(share)s of those invited (%(low)s to %(high)s)", share=share, low=low, high=high
        )
    return {
        "label": stage_name(stage.name), "value": stage.count, "text": number(stage.count),
        "note": note, "is_pale": stage.name in {"opened", "started"},
        "counts": [(answers_text(stage.count), answers_url)] if is_listed else None,
    }  # fmt: skip
