"""Planned contacts in words, in the reader's language."""

from __future__ import annotations

from datetime import date

from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.translating import ngettext
from vocapp.ui.formats import local_date

TOUCHES = {
    "setup-check": _l("Does the set-up work?"),
    "first-results": _l("First results"),
    "value-review": _l("Value and plans before the renewal"),
}
ANCHORS = {
    "setup-check": _l("Counted from the start on %(day)s"),
    "first-results": _l("Counted from the start on %(day)s"),
    "value-review": _l("Counted from the renewal on %(day)s"),
}
KINDS = {
    "call": _l("Call"), "email": _l("E-mail"), "survey": _l("Survey"), "task": _l("Task"),
}  # fmt: skip
WAYS = {"call": _l("Call"), "email": _l("E-mail"), "meeting": _l("Meeting")}
REASONS = {
    "not_needed": _l("Not needed"),
    "in_contact": _l("We are in contact anyway"),
    "unreachable": _l("Nobody could be reached"),
    "other": _l("Another reason"),
}
# What a contact of a kind usually turns out to be, offered first.
USUAL_WAY = {"call": "call", "email": "email", "survey": "email", "task": "meeting"}


def touch_name(key: str) -> str:
    """Words for a touchpoint; one of a model of one's own stays what it is."""
    return str(TOUCHES.get(key, key))


def anchor_words(plan: TouchpointPlan) -> str:
    """From which day it is counted."""
    text = ANCHORS.get(plan.touch_key, _l("Counted from %(day)s"))
    return str(text) % {"day": local_date(plan.anchor_on)}


def due_words(due_on: date, today: date) -> str:
    """Such as: due today, due in 3 days, overdue by 2 days."""
    days = (due_on - today).days
    if days == 0:
        return _("Due today")
    if days > 0:
        return ngettext("Due in %(num)d day", "Due in %(num)d days", days)
    return ngettext("Overdue by %(num)d day", "Overdue by %(num)d days", -days)


def outcome_words(plan: TouchpointPlan) -> str:
    """How it took place, or why not."""
    if plan.state == "done":
        return str(WAYS[plan.way or "call"])
    return _("Skipped: %(reason)s", reason=REASONS[plan.reason or "other"])
