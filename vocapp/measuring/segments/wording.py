"""Filters under construction in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from surveys.attributes import MAX_VALUE_LENGTH
from surveys.filter_drafts import MAX_GROUPS, Fault
from surveys.filters import MAX_CONDITIONS, MAX_VALUES
from vocapp.measuring.segments.offers import Offer
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.ui.formats import local_date, number

OPERATORS = (
    ("in", _l("is")),
    ("not_in", _l("is not")),
    ("between", _l("is from … to …")),
    ("empty", _l("is not known")),
    ("not_empty", _l("is known")),
)
JOINS = (("all", _l("all of these hold")), ("any", _l("any of these holds")))


@dataclass(frozen=True, slots=True)
class Subject:
    """Of what a filter is, in words. kinds: of attributes, by whether they are reportable."""

    of_which: str
    kinds: Mapping[bool, str]
    unseen: str


ANSWERS = Subject(
    _l("Answers of which"),
    {True: _l("Counted at once"), False: _l("Counted answer by answer")},
    _l("No recent answer has this attribute. Type the values that you expect."),
)
ACCOUNTS = Subject(
    _l("Accounts of which"),
    {True: _l("What accounts have"), False: _l("What no account has now")},
    _l("No account has this attribute. Type the values that you expect."),
)
PEOPLE = Subject(
    _l("People of whom"),
    {True: _l("What people and their accounts have"), False: _l("What nobody has now")},
    _l("Nobody has this attribute. Type the values that you expect."),
)
_UNITS = {"mrr": _l("in the smallest unit of its currency, such as cents")}


def fault_words(fault: Fault) -> str:
    """What is wrong with a row or a group, and what would do."""
    return {
        "no_attribute": _("Choose an attribute."),
        "long_attribute": _("Choose an attribute from the list."),
        "no_values": _("Choose at least one value, or type one."),
        "many_values": _("Choose at most %(most)s values.", most=MAX_VALUES),
        "long_value": _("A value has at most %(most)s characters.", most=MAX_VALUE_LENGTH),
        "no_bound": _("Enter a lower or an upper bound."),
        "unreadable_low": _("Enter a number such as 10, or a day such as 2026-01-31."),
        "unreadable_high": _("Enter a number such as 10, or a day such as 2026-01-31."),
        "mixed_bounds": _("Enter two numbers or two days, not one of each."),
        "reversed_bounds": _("This lies below the lower bound."),
        "many_conditions": _("A filter has at most %(most)s conditions.", most=MAX_CONDITIONS),
        "too_deep": _("Groups are at most %(most)s deep.", most=MAX_GROUPS),
    }[fault]


def range_help(offer: Offer) -> str:
    """What bounds mean here: the unit, and what was seen."""
    parts = [str(_UNITS[offer.attribute])] if offer.attribute in _UNITS else []
    if offer.low is None:
        parts.append(_("no numbers or days were seen"))
    else:
        low, high = _bound_words(offer.low), _bound_words(offer.high)
        parts.append(_("seen: %(low)s to %(high)s", low=low, high=high))
    return _("Both included; %(more)s.", more=_("; ").join(parts))


def _bound_words(bound: Any) -> str:
    if isinstance(bound, date):
        return local_date(bound)
    return number(bound, 0 if float(bound).is_integer() else 2)
