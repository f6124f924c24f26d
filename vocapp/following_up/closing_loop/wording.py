"""Lists, groups and findings of the closed loop in the reader's language."""

from __future__ import annotations

from surveys.closed_loop import Compared
from surveys.ratios import Figure
from surveys.survival import Median
from vocapp.following_up import wording
from vocapp.following_up.wording import ThemeLabels
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.translating import ngettext
from vocapp.ui.attribute_names import attribute_name, value_name
from vocapp.ui.formats import number, percent

LISTS = {
    "all": _l("Follow-ups opened"),
    "contacted": _l("Contacted"),
    "not_contacted": _l("Not contacted"),
    "in_time": _l("Contacted in time"),
    "late": _l("Not contacted in time"),
    "resolved": _l("Resolved"),
    "after_recovered": _l("Contacted, then recovered"),
    "after_unchanged": _l("Contacted, then unchanged"),
    "after_worse": _l("Contacted, then worse"),
    "without_recovered": _l("Not contacted yet, recovered"),
    "without_unchanged": _l("Not contacted yet, unchanged"),
    "without_worse": _l("Not contacted yet, worse"),
    "asked_recovered": _l("Asked again, then recovered"),
    "asked_unchanged": _l("Asked again, then unchanged"),
    "asked_worse": _l("Asked again, then worse"),
    "unasked_recovered": _l("Contacted, not asked again, recovered"),
    "unasked_unchanged": _l("Contacted, not asked again, unchanged"),
    "unasked_worse": _l("Contacted, not asked again, worse"),
}
OUTCOMES = {
    "recovered": _l("Recovered"),
    "unchanged": _l("Unchanged"),
    "worse": _l("Worse"),
}
_SPLITS = {"owner": _l("Owner"), "team": _l("Team"), "theme": _l("Theme")}
_ATTRIBUTES = ("plan", "region", "industry")


def split_name(by: str) -> str:
    """What the cases are split by, as a heading."""
    return str(_SPLITS[by]) if by in _SPLITS else attribute_name(by)


def split_choices(chosen: str) -> list[tuple[str, str]]:
    """What the page may be split by; an attribute of the address stays among them."""
    names = [*_SPLITS, *_ATTRIBUTES]
    names += [chosen] if chosen and chosen not in names else []
    return [("", _("Not split")), *((name, split_name(name)) for name in names)]


def group_name(by: str, value: str | None, people: dict[str, str], themes: ThemeLabels) -> str:
    """A group in words."""
    if by == "owner":
        return people.get(value, _("No member any more")) if value else _("Nobody yet")
    if by == "team":
        return str(wording.TEAMS.get(value or "", value))
    if by == "theme":
        return wording.theme_label(value, themes) if value else _("No theme")
    return value_name(by, value)


def span(hours: float) -> str:
    """A time in hours or, from two days on, in days.

    Whole hours, as times are known to the hour.
    """
    if hours < 48:
        return ngettext("%(count)s hour", "%(count)s hours", round(hours), count=number(hours))
    days = float(hours) / 24
    words = number(days, 0 if days.is_integer() else 1)
    return ngettext("%(count)s day", "%(count)s days", round(days), count=words)


def median_words(median: Median) -> str:
    """The median time, or that it is not known yet."""
    return _("not reached yet") if median.value is None else span(median.value)


def median_range(median: Median) -> str:
    """How sure the median is."""
    if median.value is None or median.low is None:
        return _("fewer than half are done so far")
    if median.high is None:
        return _("at least %(low)s", low=span(median.low))
    return _("%(low)s to %(high)s", low=span(median.low), high=span(median.high))


def compared_words(found: Compared) -> str:
    """What the comparison says, without claiming a cause."""
    difference = found.difference
    if not found.contacted.n and not found.others.n:
        return _("Nobody has answered again yet.")
    if difference.value is None or difference.low is None or difference.high is None:
        return _(
            "Too few answers to tell: at least 20 people who were contacted, and 20 like them "
            "who were not yet, have to answer again."
        )
    points = {"low": _points(difference.low), "high": _points(difference.high)}
    if difference.low > 0:
        return _(
            "Of people who were contacted, more recovered than of like people who were not yet: "
            "by %(low)s to %(high)s percentage points.", **points,
        )  # fmt: skip
    if difference.high < 0:
        return _(
            "Of people who were contacted, fewer recovered than of like people who were not yet: "
            "the difference is %(low)s to %(high)s percentage points.", **points,
        )  # fmt: skip
    return _(
        "Whether more people recovered who were contacted cannot be told: the difference may be "
        "anything from %(low)s to %(high)s percentage points.", **points,
    )  # fmt: skip


def asked_words(found: Compared) -> str:
    """How answers that were asked for after the case was resolved differ from the others."""
    difference = found.asked_difference
    if difference.value is None or difference.low is None or difference.high is None:
        return _(
            "Answers of people who were asked again are left out of the comparison above. There "
            "are too few of them, or of like people who answered without that, to tell whether "
            "they differ."
        )
    points = {"low": _points(difference.low), "high": _points(difference.high)}
    if difference.low > 0:
        return _(
            "People who were asked again recovered more often than like people who answered "
            "without that, by %(low)s to %(high)s percentage points: the mail may have reached "
            "them in a good moment, so their answers are left out of the comparison above.",
            **points,
        )  # fmt: skip
    if difference.high < 0:
        return _(
            "People who were asked again recovered less often than like people who answered "
            "without that; the difference is %(low)s to %(high)s percentage points. Their answers "
            "are left out of the comparison above.", **points,
        )  # fmt: skip
    return _(
        "Whether people who were asked again answer differently from like people who answered "
        "without that cannot be told: the difference may be anything from %(low)s to %(high)s "
        "percentage points. Their answers are left out of the comparison above.", **points,
    )  # fmt: skip


def difference_words(figure: Figure) -> str:
    """A difference with its limits, short, for a table."""
    if figure.value is None or figure.low is None or figure.high is None:
        return _("Too few answers to tell")
    return _(
        "%(value)s (%(low)s to %(high)s)",
        value=_points(figure.value), low=_points(figure.low), high=_points(figure.high),
    )  # fmt: skip


def _points(share: float) -> str:
    rounded = round(100 * share)
    return ("+" if rounded > 0 else "−" if rounded < 0 else "") + number(abs(rounded))


def between(figure: Figure) -> str:
    """The limits of a share."""
    if figure.low is None or figure.high is None:
        return ""
    return _("%(low)s to %(high)s", low=percent(figure.low), high=percent(figure.high))
