"""Groups of comments in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping

from vocapp.translating import gettext as _
from vocapp.translating import ngettext
from vocapp.ui.formats import number
from vocapp.understanding.discovery.queries import Candidate
from vocapp.understanding.views import text_in_language

_MOST_TIMES = 20  # from there on the exact figure says nothing


def name(labels: Mapping[str, str]) -> str:
    """A group's name in the reader's language."""
    return text_in_language(dict(labels)) or _("Without a name")


def how_often(candidate: Candidate) -> str:
    """How many comments of how many, now and before."""
    days = (candidate.until - candidate.since).days
    return ngettext(
        "%(num)d of %(all)s comments of the last %(days)s days",
        "%(num)d of %(all)s comments of the last %(days)s days",
        candidate.size, all=number(candidate.comments), days=days,
    )  # fmt: skip


def against_before(candidate: Candidate) -> str:
    """How many before, and how many times as often it is now."""
    return _("%(before)s: %(growth)s.", before=before(candidate), growth=growth(candidate))


def before(candidate: Candidate) -> str:
    days = (candidate.since - candidate.before_since).days
    if not candidate.before:
        return _(
            "none of %(all)s in the %(days)s days before", all=number(candidate.earlier), days=days
        )
    return _(
        "%(n)s of %(all)s in the %(days)s days before",
        n=number(candidate.before), all=number(candidate.earlier), days=days,
    )  # fmt: skip


def growth(candidate: Candidate) -> str:
    """How many times as often as before, with its limits; of what is all new the lower one."""
    ratio, low, high = candidate.growth
    if not candidate.before:
        return _("new; at least %(low)s times as often as before", low=_times(low))
    return _(
        "%(ratio)s times as often as before (%(low)s to %(high)s)",
        ratio=_times(ratio), low=_times(low), high=_times(high),
    )  # fmt: skip


def _times(ratio: float) -> str:
    if ratio >= _MOST_TIMES:
        return number(round(ratio))
    return number(ratio, 1)


def chance(candidate: Candidate) -> str:
    """The p-value in words."""
    nights = round(1 / max(candidate.p_value, 1e-6))
    return _(
        "Were nothing new, a group as strong as this would turn up in at most one of %(n)s looks.",
        n=number(nights),
    )
