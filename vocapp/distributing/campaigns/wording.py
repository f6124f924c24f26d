"""Campaigns in words."""

from __future__ import annotations

from vocapp.distributing.campaigns.models import Campaign
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.translating import ngettext
from vocapp.ui.formats import local_date

STATE_WORDS = {
    "draft": _l("Draft"),
    "active": _l("On"),
    "paused": _l("Paused"),
    "ended": _l("Ended"),
}
STATE_CHIPS = {"active": "good", "paused": "warning"}
KIND_WORDS = {
    "once": _l("Once"),
    "recurring": _l("Over and over, spread over a period"),
    "moment": _l("After a moment of each person"),
}
MOMENT_WORDS = {
    "started": _l("Start of the account (sign-up)"),
    "event": _l("Event or milestone, by name"),
    "renewal": _l("Renewal of the account"),
    "touchpoint": _l("Planned contact took place"),
}
GROUP_WORDS = {
    "asked": _l("Asked"),
    "answered": _l("Answered"),
    "waiting": _l("Planned"),
    "not_asked": _l("Not asked"),
}
GROUP_CHIPS = {"asked": "", "answered": "good", "waiting": "", "not_asked": "warning"}


def when_in_words(campaign: Campaign) -> str:
    """When a campaign asks, as one phrase."""
    match campaign.kind:
        case "recurring":
            words = ngettext(
                "Everybody once in %(num)s day, from %(day)s on",
                "Everybody once in %(num)s days, from %(day)s on",
                campaign.period_days or 0, day=local_date(campaign.starts_on),
            )  # fmt: skip
        case "moment":
            words = _moment(campaign)
        case _:
            words = _("Once, from %(day)s on", day=local_date(campaign.starts_on))
    if campaign.ends_on:
        words = _("%(when)s, until %(day)s", when=words, day=local_date(campaign.ends_on))
    return words


def _moment(campaign: Campaign) -> str:
    days = campaign.moment_days or 0
    match campaign.moment:
        case "started":
            what = _("the start of the account")
        case "renewal":
            what = _("the renewal")
        case "touchpoint":
            what = _("the contact “%(name)s”", name=campaign.moment_name)
        case _:
            what = _("“%(name)s”", name=campaign.moment_name)
    if days < 0:
        return ngettext(
            "%(num)s day before %(what)s", "%(num)s days before %(what)s", -days, what=what
        )
    return ngettext("%(num)s day after %(what)s", "%(num)s days after %(what)s", days, what=what)
