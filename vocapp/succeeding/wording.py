"""Codes of events in words, in the reader's language."""

from __future__ import annotations

from vocapp.people.events.queries import ActiveWeek, Change
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.ui.formats import money_minor

DUTY_WORDS = {"account_manager": _l("Account manager"), "support": _l("Support")}
MILESTONES = {"setup_done": _l("Set-up done")}


def milestone_name(name: str) -> str:
    """Words for a milestone; a name of the sender's own stays what it is."""
    return str(MILESTONES.get(name, name))


def change_text(change: Change) -> str:
    """What happened to a subscription, in a sentence."""
    values = {"product": change.product}
    if change.action == "cancelled":
        return _("Subscription of %(product)s cancelled", **values)
    values["mrr"] = money_minor(change.mrr_minor, change.currency) if change.currency else "0"
    if change.action == "started":
        return _("Subscription of %(product)s started: %(mrr)s a month", **values)
    if change.action == "renewed":
        return _("Subscription of %(product)s renewed: %(mrr)s a month", **values)
    return _("Subscription of %(product)s changed: %(mrr)s a month", **values)


def activity_text(weeks: list[ActiveWeek]) -> str:
    """The last four whole weeks against the four before, in a sentence."""
    totals = [week.logins + week.uses for week in weeks if not week.is_open]
    now, before = sum(totals[-4:]), sum(totals[-8:-4])
    if now == before:
        return _("As much in the last four weeks as in the four before.")
    if now > before:
        return _("More in the last four weeks than in the four before.")
    return _("Less in the last four weeks than in the four before.")
