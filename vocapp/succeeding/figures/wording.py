"""Names of lists and of what figures are split by, in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence

from vocapp.following_up.wording import ThemeLabels, theme_label
from vocapp.succeeding.figures.converting import ALL
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.translating import ngettext
from vocapp.ui.attribute_names import attribute_name, value_name

LISTS = {
    "start": _l("Customers at the start"),
    "end": _l("Customers at the end"),
    "lost": _l("Customers who left"),
    "shrunk": _l("Customers who pay less"),
    "grown": _l("Customers who pay more"),
    "upsold": _l("Customers who pay more for what they had"),
    "cross_sold": _l("Customers with further products"),
    "new": _l("Customers who are new or back again"),
    "active": _l("Customers with active people"),
    "active_week": _l("Customers with active people in the last seven days"),
    "started": _l("Customers who began in this month"),
    "not_set_up": _l("Customers who began and have not completed onboarding"),
    "reached": _l("Customers who began and completed onboarding by the end"),
    "waiting": _l("Customers who began and did not complete onboarding by the end"),
    "renewed": _l("Customers who renewed"),
    "not_renewed": _l("Customers who did not renew"),
}
BUYERS = {
    "bought": _l("Customers who bought"),
    "not_again": _l("Customers who did not buy again"),
}
COHORT_MEASURES = {
    "logos": _l("Customers who stay"),
    "revenue": _l("Net revenue retention"),
    "kept": _l("Gross revenue retention"),
}
_FROM_ANSWERS = {
    "score_group": _l("Score group"),
    "theme": _l("Theme"),
    "complaint": _l("Complaint about"),
}
_NAMES = {**_FROM_ANSWERS, "cohort": _l("Month of the first payment")}
_OFFERED = (*_FROM_ANSWERS, "plan", "region", "industry")
_SCORE_GROUPS = {
    "promoter": _l("Promoters"),
    "passive": _l("Passives"),
    "detractor": _l("Detractors"),
}
_WITHOUT = {
    "score_group": _l("No answer"),
    "theme": _l("No comment with a theme"),
    "complaint": _l("No complaint"),
}


def by_name(by: str) -> str:
    """What is split by, as a heading."""
    return str(_NAMES[by]) if by in _NAMES else attribute_name(by)


def by_choices(chosen: str) -> list[tuple[str, str]]:
    """What the figures may be split by; an attribute of the address stays among them."""
    return [("", _("Not split")), *split_choices(chosen)]


def split_choices(chosen: str) -> list[tuple[str, str]]:
    """The same where there is nothing without a split."""
    names = [*_OFFERED, *([chosen] if chosen and chosen not in _OFFERED else [])]
    return [(name, by_name(name)) for name in names]


def group_name(by: str, value: str | None, themes: ThemeLabels) -> str:
    """A value that is split by, in words."""
    if by not in _FROM_ANSWERS:
        return value_name(by, value)
    if value is None:
        return str(_WITHOUT[by])
    if by == "score_group":
        return str(_SCORE_GROUPS.get(value, value))
    return theme_label(value, themes)


def last_months(count: int) -> str:
    return ngettext("The last %(num)d month", "The last %(num)d months", count)


def currency_choices(known: Sequence[str], base: str | None) -> list[tuple[str, str]]:
    """In which currency money is told; base: into which all can be converted."""
    every = [(ALL, _("All, in %(currency)s", currency=base))] if base else []
    return [*every, *((each, each) for each in known)]
